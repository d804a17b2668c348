#include "fullio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define BIG (1 << 20)

static int64_t soon(int ms) {
  return monotonic_ms() + ms;
}

static void close_both(const int fds[2]) {
  close(fds[0]);
  close(fds[1]);
}

/* A child writes BIG bytes, the parent reads them. */
static void carry(int reader, int writer) {
  static unsigned char bytes[BIG];
  for (size_t i = 0; i < BIG; i++)
    bytes[i] = (unsigned char)(i * 31);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(write_full(writer, bytes, BIG, soon(20000)) ? 0 : 1);
  memset(bytes, 0, BIG);
  CHECK(read_full(reader, bytes, BIG, soon(20000)));
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  for (size_t i = 0; i < BIG; i++) {
    if (bytes[i] == (unsigned char)(i * 31)) continue;
    CHECK(!"the bytes that were written");
    return;
  }
}

static void pipes_and_sockets_carry_all(void) {
  for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
    int fds[2];
    CHECK(pipe2(fds, flags) == 0);
    carry(fds[0], fds[1]);
    close_both(fds);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | flags, 0, fds) == 0);
    carry(fds[0], fds[1]);
    close_both(fds);
  }
}

static void an_early_end_is_epipe(void) {
  int fds[2];
  char bytes[8];
  CHECK(pipe(fds) == 0);
  CHECK(write_full(fds[1], "four", 4, soon(1000)));
  close(fds[1]);
  CHECK(!read_full(fds[0], bytes, 8, soon(1000)));
  CHECK_INT(errno, EPIPE);
  close(fds[0]);
}

static void a_gone_reader_is_an_error_and_no_signal(void) {
  int fds[2];
  CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
  close(fds[0]);
  CHECK(!write_full(fds[1], "four", 4, soon(1000)));
  CHECK_INT(errno, EPIPE);
  close(fds[1]);

  CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
  CHECK(pipe(fds) == 0);
  close(fds[0]);
  CHECK(!write_full(fds[1], "four", 4, soon(1000)));
  CHECK_INT(errno, EPIPE);
  close(fds[1]);
}

/* Nobody reads and nobody writes: both give up in time, on blocking descriptors too. */
static void times_out(const int fds[2]) {
  static char bytes[BIG];
  int64_t begin = monotonic_ms();
  CHECK(!write_full(fds[1], bytes, BIG, begin + 100));
  CHECK_INT(errno, ETIMEDOUT);
  CHECK(monotonic_ms() - begin >= 100);
  char drain[4096];
  while (read_full(fds[0], drain, 1, soon(0)))
    continue;
  CHECK_INT(errno, ETIMEDOUT);
  CHECK(!read_full(fds[0], drain, 1, INT64_MIN));
  CHECK_INT(errno, ETIMEDOUT);
}

static void the_deadline_holds(void) {
  int fds[2];
  alarm(60);
  CHECK(pipe(fds) == 0);
  times_out(fds);
  close_both(fds);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
  times_out(fds);
  close_both(fds);
  alarm(0);
}

static void ignore(int signal_number UNUSED) {}

static void a_signal_does_not_end_the_wait(void) {
  int fds[2];
  char byte;
  struct sigaction action = {.sa_handler = ignore};
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
  CHECK(pipe(fds) == 0);
  fflush(stdout);
  pid_t parent = getpid(), child = fork();
  if (child == 0) {
    for (int i = 0; i < 5; i++) {
      usleep(20000);
      kill(parent, SIGUSR1);
    }
    _exit(write_full(fds[1], "x", 1, soon(1000)) ? 0 : 1);
  }
  CHECK(read_full(fds[0], &byte, 1, INT64_MAX) && byte == 'x');
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  close_both(fds);
}

static void no_descriptor_is_an_error(void) {
  char byte = 'x';
  CHECK(!read_full(-1, &byte, 1, INT64_MAX));
  CHECK_INT(errno, EBADF);
  CHECK(!write_full(1000000, &byte, 1, soon(50)));
  CHECK_INT(errno, EBADF);
  CHECK(read_full(-1, &byte, 0, 0) && write_full(-1, &byte, 0, 0));
}

UNIT_MAIN({"pipes and sockets carry all", pipes_and_sockets_carry_all},
          {"an early end is EPIPE", an_early_end_is_epipe},
          {"a gone reader is an error and no signal", a_gone_reader_is_an_error_and_no_signal},
          {"the deadline holds", the_deadline_holds},
          {"a signal does not end the wait", a_signal_does_not_end_the_wait},
          {"no descriptor is an error", no_descriptor_is_an_error})
