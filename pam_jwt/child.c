#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fullio.h"

#define SOCKET_IN_CHILD 10 /* clear of the descriptors 0-2 that it replaces */
#define STOP_GRACE_MS 200  /* for the last steps of a process that was told to die */

#define KERNEL_SIGNALS 64
#define KERNEL_SIGSET_SIZE (KERNEL_SIGNALS / 8)

/* By the raw calls: the C library keeps two signals to itself, and a caller may have had them ignored. */
static void default_signals(void) {
  static const char action[64], none[KERNEL_SIGSET_SIZE]; /* all zero: SIG_DFL, no flags, nothing blocked */
  for (int number = 1; number <= KERNEL_SIGNALS; number++)
    syscall(SYS_rt_sigaction, number, action, NULL, KERNEL_SIGSET_SIZE);
  if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, KERNEL_SIGSET_SIZE) != 0) _exit(127);
}

/* What a host may have set for itself must not starve the helper. A caller that may not raise a limit keeps it. */
static void ordinary_limits(void) {
  static const int unlimited[] = {RLIMIT_AS, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_NPROC};
  const struct rlimit infinity = {RLIM_INFINITY, RLIM_INFINITY}, files = {256, 256}, none = {0, 0},
                      stack = {8 << 20, 8 << 20};
  for (size_t i = 0; i < COUNT_OF(unlimited); i++)
    setrlimit(unlimited[i], &infinity);
  setrlimit(RLIMIT_NOFILE, &files);
  setrlimit(RLIMIT_STACK, &stack);
  setrlimit(RLIMIT_CORE, &none);
}

static bool arrange_descriptors(int socket) {
  int high = fcntl(socket, F_DUPFD, SOCKET_IN_CHILD);
  int null = open("/dev/null", O_RDWR);
  if (high < 0 || null < 0) return false;
  if (dup2(high, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) return false;
  return close_range(3, ~0U, 0) == 0;
}

/* Between fork and exec: system calls alone, as the host may have threads. */
static _Noreturn void become(const char *path, const char *argument, int socket) {
  static char search_path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
  static char *const environment[] = {search_path, locale, NULL};
  char *const arguments[] = {(char *)path, (char *)argument, NULL};

  if (geteuid() == 0) {
    /* The raw calls: the C library's would signal every thread it believes to be there. */
    if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, 0, 0, 0) != 0 ||
        syscall(SYS_setresuid, 0, 0, 0) != 0) {
      _exit(127);
    }
  }
  default_signals();
  ordinary_limits();
  setsid();
  umask(077);
  if (chdir("/") != 0 || !arrange_descriptors(socket)) _exit(127);
  execve(path, arguments, environment);
  _exit(127);
}

/* Clear of 0-2: a host that closed them may still have code that writes there. */
static int move_up(int fd) {
  if (fd < 0 || fd > 2) return fd;
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  close(fd);
  return moved;
}

bool child_start(const char *path, const char *argument, struct child *ret) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
  ends[0] = move_up(ends[0]);
  ends[1] = move_up(ends[1]);

  struct child child = {.pid = -1, .pidfd = -1, .socket = ends[0]};
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* the host's handlers must not run in the child */
  if (ends[0] >= 0 && ends[1] >= 0) child.pid = _Fork();
  if (child.pid == 0) become(path, argument, ends[1]);
  int saved_errno = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = saved_errno;
  if (ends[1] >= 0) close(ends[1]);
  if (child.pid > 0) child.pidfd = move_up((int)syscall(SYS_pidfd_open, child.pid, 0));
  if (child.pidfd >= 0) {
    *ret = child;
    return true;
  }
  saved_errno = errno;
  if (child.pid > 0) { /* one that could not be killed later must not live */
    kill(child.pid, SIGKILL);
    waitpid(child.pid, NULL, 0);
  }
  if (ends[0] >= 0) close(ends[0]);
  errno = saved_errno;
  return false;
}

static void describe_end(const siginfo_t *info, char *how, size_t size) {
  bool exited = info->si_code == CLD_EXITED;
  if (!exited) {
    snprintf(how, size, "killed by signal %d", info->si_status);
  } else if (info->si_status == 127) {
    snprintf(how, size, "could not be run");
  } else if (info->si_status != 0) {
    snprintf(how, size, "exit status %d", info->si_status);
  }
}

static bool has_ended(int pidfd, int64_t wait_ms) {
  struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
  int64_t deadline = monotonic_ms() + (wait_ms > 0 ? wait_ms : 0);
  int ready;
  do {
    int64_t left = deadline - monotonic_ms();
    ready = poll(&poll_fd, 1, left > 0 ? (int)left : 0);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

void child_stop(struct child *child, int64_t deadline_ms, char *how, size_t size) {
  how[0] = '\0';
  close(child->socket);
  bool ended = has_ended(child->pidfd, deadline_ms - monotonic_ms());
  if (!ended) {
    syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
    ended = has_ended(child->pidfd, STOP_GRACE_MS);
  }
  siginfo_t info = {0};
  if (ended && waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0) {
    describe_end(&info, how, size);
  }
  close(child->pidfd);
}
