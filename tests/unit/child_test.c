/* Helpers are started clean and never hang their host: the test's own program is the helper. */
#include "child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fullio.h"
#include "unit.h"

extern char **environ;

#define SELF "/proc/self/exe"

struct report {
  char environment[512];
  char cwd[64];
  unsigned descriptors, ignored, blocked;
  unsigned umask;
  uid_t uids[3];
  int own_session;
  struct rlimit core;
};

/* ---- the helper's side: one byte says what to do ---- */

static unsigned count_descriptors(void) {
  unsigned count = 0;
  for (int fd = 0; fd < 256; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static void make_report(struct report *ret) {
  for (char **entry = environ; *entry != NULL; entry++) {
    strncat(ret->environment, *entry, sizeof(ret->environment) - strlen(ret->environment) - 2);
    strcat(ret->environment, "|");
  }
  if (getcwd(ret->cwd, sizeof(ret->cwd)) == NULL) ret->cwd[0] = '\0';
  ret->descriptors = count_descriptors();
  sigset_t blocked;
  sigprocmask(SIG_SETMASK, NULL, &blocked);
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) == 0) ret->ignored += action.sa_handler == SIG_IGN;
    ret->blocked += sigismember(&blocked, number) == 1;
  }
  ret->umask = umask(0);
  getresuid(&ret->uids[0], &ret->uids[1], &ret->uids[2]);
  ret->own_session = getsid(0) == getpid();
  getrlimit(RLIMIT_CORE, &ret->core);
}

static int helper(void) {
  char command = 0;
  if (read(0, &command, 1) != 1) return 3;
  static struct report report;
  switch (command) {
  case 'r':
    make_report(&report);
    return write(0, &report, sizeof(report)) == sizeof(report) ? 0 : 4;
  case 'h':
    signal(SIGTERM, SIG_IGN);
    for (;;)
      pause();
  case 'd':
    raise(SIGSEGV);
    return 5;
  default:
    return 7;
  }
}

/* ---- the host's side ---- */

static bool order(struct child *child, char command, void *ret, size_t size, int64_t ms) {
  int64_t deadline = monotonic_ms() + ms;
  return child_start(SELF, NULL, child) && write_full(child->socket, &command, 1, deadline) &&
         (size == 0 || read_full(child->socket, ret, size, deadline));
}

static void check_clean(const struct report *report) {
  CHECK_STRING(report->environment, "PATH=/usr/sbin:/usr/bin:/sbin:/bin|LC_ALL=C|");
  CHECK_STRING(report->cwd, "/");
  CHECK_INT(report->descriptors, 3);
  CHECK_INT(report->ignored, 0);
  CHECK_INT(report->blocked, 0);
  CHECK_INT(report->umask, 077);
  CHECK_INT(report->own_session, 1);
  CHECK_INT(report->core.rlim_max, 0);
  CHECK(report->uids[0] == report->uids[1] && report->uids[1] == report->uids[2]);
}

static void the_helper_is_clean(void) {
  setenv("OPENSSL_CONF", "/tmp/evil", 1);
  setenv("LD_LIBRARY_PATH", "/tmp/evil", 1);
  signal(SIGUSR1, SIG_IGN);
  sigset_t some;
  sigemptyset(&some);
  sigaddset(&some, SIGALRM);
  sigprocmask(SIG_BLOCK, &some, NULL);
  int extra = open("/dev/null", O_RDONLY);

  struct child child;
  struct report report;
  char how[64];
  CHECK(order(&child, 'r', &report, sizeof(report), 5000));
  child_stop(&child, monotonic_ms() + 2000, how, sizeof(how));
  CHECK_STRING(how, "");
  check_clean(&report);

  close(extra);
  sigprocmask(SIG_UNBLOCK, &some, NULL);
  signal(SIGUSR1, SIG_DFL);
  unsetenv("OPENSSL_CONF");
  unsetenv("LD_LIBRARY_PATH");
}

static void a_host_without_descriptors_0_to_2_is_served(void) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    close(0), close(1), close(2);
    struct child child;
    struct report report;
    char how[64];
    bool served = order(&child, 'r', &report, sizeof(report), 5000) && child.socket > 2 && child.pidfd > 2;
    child_stop(&child, monotonic_ms() + 2000, how, sizeof(how));
    _exit(served && report.descriptors == 3 ? 0 : 1);
  }
  int status;
  CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_host_that_ignores_sigchld_is_served(void) {
  struct child child;
  struct report report;
  char how[64];
  signal(SIGCHLD, SIG_IGN);
  CHECK(order(&child, 'r', &report, sizeof(report), 5000));
  child_stop(&child, monotonic_ms() + 2000, how, sizeof(how));
  signal(SIGCHLD, SIG_DFL);
  CHECK_STRING(how, "");
}

static void a_hanging_helper_is_killed_at_the_deadline(void) {
  struct child child;
  char how[64];
  CHECK(order(&child, 'h', NULL, 0, 5000));
  int64_t started = monotonic_ms();
  child_stop(&child, started + 100, how, sizeof(how));
  CHECK(monotonic_ms() - started >= 100);
  CHECK_STRING(how, "killed by signal 9");
  CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void a_crash_is_an_end_of_file_and_named(void) {
  struct child child;
  char how[64], byte;
  CHECK(!order(&child, 'd', &byte, 1, 5000));
  CHECK_INT(errno, EPIPE);
  child_stop(&child, monotonic_ms() + 2000, how, sizeof(how));
  /* A sanitizer catches the signal and exits instead. */
  CHECK(strcmp(how, "killed by signal 11") == 0 || strncmp(how, "exit status", 11) == 0);
}

static void a_missing_helper_is_named(void) {
  struct child child;
  char how[64], byte;
  CHECK(child_start("/nonexistent/helper", NULL, &child));
  CHECK(!read_full(child.socket, &byte, 1, monotonic_ms() + 5000));
  child_stop(&child, monotonic_ms() + 2000, how, sizeof(how));
  CHECK_STRING(how, "could not be run");
}

static void no_descriptor_is_left(void) {
  unsigned before = count_descriptors();
  for (int i = 0; i < 10; i++) {
    struct child child;
    char how[64];
    CHECK(child_start("/nonexistent/helper", NULL, &child));
    child_stop(&child, monotonic_ms() + 2000, how, sizeof(how));
  }
  CHECK_INT(count_descriptors(), before);
}

int main(int argc UNUSED, char **argv) {
  static const struct unit_test tests[] = {
      {"the helper is clean", the_helper_is_clean},
      {"a host without descriptors 0 to 2 is served", a_host_without_descriptors_0_to_2_is_served},
      {"a host that ignores SIGCHLD is served", a_host_that_ignores_sigchld_is_served},
      {"a hanging helper is killed at the deadline", a_hanging_helper_is_killed_at_the_deadline},
      {"a crash is an end of file and named", a_crash_is_an_end_of_file_and_named},
      {"a missing helper is named", a_missing_helper_is_named},
      {"no descriptor is left", no_descriptor_is_left},
  };
  if (strcmp(argv[0], SELF) == 0) return helper();
  if (unit_valgrind_cannot("valgrind has no pidfd")) return 0;
  return unit_run(tests, COUNT_OF(tests));
}
