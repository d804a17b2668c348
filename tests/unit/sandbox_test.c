#include "config.h"

#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fullio.h"
#include "unit.h"

#define MEMORY_MAX ((size_t)256 << 20)
#define PATIENCE_MS 20000
#define NOT_ENTERED 99

/* ---- a child that enters, says so, and does one thing ---- */

struct child {
  pid_t pid;
  int to, from; /* the parent's ends */
  int in, out;  /* the child's */
  int other;    /* open in the child and not kept: /dev/null, writable */
  struct sandbox sandbox;
};

static const char *user = "nobody";

static struct child child_make(void) {
  struct child child = {.sandbox = {.user = user, .memory_max = MEMORY_MAX, .cpu_seconds = 1}};
  int to[2], from[2];
  CHECK(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
  child.in = to[0];
  child.to = to[1];
  child.from = from[0];
  child.out = from[1];
  child.other = open("/dev/null", O_WRONLY | O_CLOEXEC);
  return child;
}

static void child_start(struct child *child, void (*act)(const struct child *)) {
  fflush(stdout);
  child->pid = fork();
  if (child->pid == 0) {
    int keep[] = {child->out, -1, child->in};
    child->sandbox.keep_fds = keep;
    child->sandbox.keep_fd_count = COUNT_OF(keep);
    if (sandbox_enter(&child->sandbox) != REASON_OK) _exit(NOT_ENTERED);
    if (write(child->out, "e", 1) != 1) _exit(1);
    act(child);
    _exit(0);
  }
  close(child->in);
  close(child->out);
  char entered = '\0';
  CHECK(read_full(child->from, &entered, 1, monotonic_ms() + PATIENCE_MS) && entered == 'e');
}

/* The wait status. */
static int child_end(struct child *child) {
  int status = -1;
  CHECK(waitpid(child->pid, &status, 0) == child->pid);
  close(child->to);
  close(child->from);
  close(child->other);
  return status;
}

static int status_of(void (*act)(const struct child *)) {
  struct child child = child_make();
  child_start(&child, act);
  return child_end(&child);
}

static void check_killed_by(int status, int wanted_signal) {
  CHECK_INT(WIFSIGNALED(status) ? WTERMSIG(status) : -1, wanted_signal);
}

/* ---- what works ---- */

static void echo(const struct child *child) {
  char text[5] = "";
  if (!read_full(child->in, text, 4, monotonic_ms() + PATIENCE_MS)) _exit(1);
  if (!write_full(child->out, text, 4, monotonic_ms() + PATIENCE_MS)) _exit(2);
}

static void kept_pipes_carry(void) {
  struct child child = child_make();
  char text[5] = "";
  child_start(&child, echo);
  CHECK(write_full(child.to, "ping", 4, monotonic_ms() + PATIENCE_MS));
  CHECK(read_full(child.from, text, 4, monotonic_ms() + PATIENCE_MS));
  CHECK_STRING(text, "ping");
  CHECK_INT(child_end(&child), 0);
}

/* A suspended machine and a frozen control group do this to every process. */
static void a_wait_goes_on_after_a_stop(void) {
  struct child child = child_make();
  char text[5] = "";
  child_start(&child, echo);
  usleep(100000);
  CHECK(kill(child.pid, SIGSTOP) == 0);
  CHECK(waitpid(child.pid, NULL, WUNTRACED) == child.pid);
  CHECK(kill(child.pid, SIGCONT) == 0);
  usleep(100000);
  CHECK(write_full(child.to, "ping", 4, monotonic_ms() + PATIENCE_MS));
  CHECK(read_full(child.from, text, 4, monotonic_ms() + PATIENCE_MS));
  CHECK_INT(child_end(&child), 0);
}

static FILE *in_stream, *out_stream;

static void copy_by_stdio(const struct child *child UNUSED) {
  char line[16];
  while (fgets(line, sizeof line, in_stream) != NULL)
    fprintf(out_stream, "<%s>", line);
  exit(0);
}

/* Streams that were never used before, and exit(3) with all its handlers. */
static void stdio_works(void) {
  struct child child = child_make();
  char text[9] = "";
  in_stream = fdopen(child.in, "r");
  out_stream = fdopen(child.out, "w");
  child_start(&child, copy_by_stdio);
  CHECK(write_full(child.to, "a\nb\n", 4, monotonic_ms() + PATIENCE_MS));
  close(child.to);
  CHECK(read_full(child.from, text, 8, monotonic_ms() + PATIENCE_MS));
  CHECK_STRING(text, "<a\n><b\n>");
  child.to = -1;
  CHECK_INT(child_end(&child), 0);
}

static void use_memory(const struct child *child UNUSED) {
  for (size_t size = 1; size <= 32u << 20; size *= 2) {
    char *bytes = malloc(size), *moved;
    if (bytes == NULL) _exit(1);
    memset(bytes, 'x', size);
    moved = realloc(bytes, size * 2);
    if (moved == NULL || moved[size - 1] != 'x') _exit(2);
    free(moved);
  }
}

static void memory_below_the_limit_works(void) {
  CHECK_INT(status_of(use_memory), 0);
}

/* ---- what the kernel says of it ---- */

static void wait_for_the_end(const struct child *child) {
  char byte;
  _exit(read(child->in, &byte, 1) == 0 ? 0 : 1);
}

/* The rest of the line `name:` of /proc/PID/status, its white space as single spaces. */
static const char *status_line(pid_t pid, const char *name) {
  static char value[256];
  char path[64], line[256];
  size_t used = 0;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE *file = fopen(path, "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    size_t length = strlen(name);
    if (strncmp(line, name, length) != 0 || line[length] != ':') continue;
    for (char *word = strtok(line + length + 1, " \t\n"); word != NULL; word = strtok(NULL, " \t\n"))
      used += (size_t)snprintf(value + used, sizeof value - used, "%s%s", used > 0 ? " " : "", word);
  }
  if (file != NULL) fclose(file);
  value[used] = '\0';
  return value;
}

static void check_ids(pid_t pid, unsigned uid, unsigned gid) {
  char wanted[64];
  snprintf(wanted, sizeof wanted, "%u %u %u %u", uid, uid, uid, uid);
  CHECK_STRING(status_line(pid, "Uid"), wanted);
  snprintf(wanted, sizeof wanted, "%u %u %u %u", gid, gid, gid, gid);
  CHECK_STRING(status_line(pid, "Gid"), wanted);
}

/* From /proc/PID/limits, which everybody may read: "Max core file size   0   0   bytes". */
static void check_limit(pid_t pid, const char *name, unsigned long long wanted) {
  char path[64], line[256];
  unsigned long long soft = 4711, hard = 4711;
  snprintf(path, sizeof path, "/proc/%d/limits", (int)pid);
  FILE *file = fopen(path, "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, name, strlen(name)) == 0) sscanf(line + strlen(name), "%llu %llu", &soft, &hard);
  if (file != NULL) fclose(file);
  CHECK_INT(soft, wanted);
  CHECK_INT(hard, wanted);
}

static size_t count_fds(pid_t pid) {
  char path[64];
  size_t count = 0;
  snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
  DIR *dir = opendir(path);
  while (dir != NULL && readdir(dir) != NULL)
    count++;
  if (dir != NULL) closedir(dir);
  return count - 2;
}

static void check_shed(pid_t pid) {
  static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd"};
  for (size_t i = 0; i < COUNT_OF(sets) - (geteuid() != 0); i++)
    CHECK_STRING(status_line(pid, sets[i]), "0000000000000000");
  CHECK_STRING(status_line(pid, "NoNewPrivs"), "1");
  CHECK_STRING(status_line(pid, "Seccomp"), "2");
  check_limit(pid, "Max core file size", 0);
  check_limit(pid, "Max processes", 0);
  check_limit(pid, "Max open files", 1);
  check_limit(pid, "Max file size", 0);
  check_limit(pid, "Max cpu time", 1);
#ifndef SANITIZER_BUILD
  check_limit(pid, "Max address space", MEMORY_MAX);
#endif
}

static void every_privilege_is_gone(void) {
  struct child child = child_make();
  struct stat st;
  char path[64];
  const struct passwd *entry = getpwnam(user);
  const gid_t groups[] = {4, 24};
  CHECK(geteuid() != 0 || setgroups(COUNT_OF(groups), groups) == 0);
  child_start(&child, wait_for_the_end);
  check_shed(child.pid);
  snprintf(path, sizeof path, "/proc/%d/status", (int)child.pid);
  CHECK(stat(path, &st) == 0 && st.st_uid == 0); /* not dumpable */
  if (geteuid() == 0) {
    CHECK(entry != NULL);
    if (entry != NULL) check_ids(child.pid, entry->pw_uid, entry->pw_gid);
    CHECK_STRING(status_line(child.pid, "Groups"), "");
    CHECK_INT(count_fds(child.pid), 2);
  } else {
    check_ids(child.pid, geteuid(), getegid());
  }
  close(child.to);
  child.to = -1;
  CHECK_INT(child_end(&child), 0);
}

static void without_the_user_it_is_nobody_only_if_allowed(void) {
  if (geteuid() != 0) SKIP("needs root");
  struct child child = child_make();
  child.sandbox.user = "no-such-user";
  child.sandbox.user_optional = true;
  child_start(&child, wait_for_the_end);
  check_ids(child.pid, 65534, 65534);
  check_shed(child.pid);
  close(child.to);
  child.to = -1;
  CHECK_INT(child_end(&child), 0);
}

/* The errno of a sandbox_enter that must fail, 0 when it did not; `before` runs first. */
static int failure_of(struct sandbox sandbox, bool (*before)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    if (before != NULL && !before()) _exit(NOT_ENTERED);
    errno = 0;
    _exit(sandbox_enter(&sandbox) == REASON_SANDBOX_FAILED ? errno : 0);
  }
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
  return WEXITSTATUS(status);
}

static const struct sandbox plain = {.user = "nobody", .memory_max = MEMORY_MAX, .cpu_seconds = 1};

static void a_wrong_user_is_a_failure(void) {
  if (geteuid() != 0) SKIP("needs root");
  struct sandbox sandbox = plain;
  sandbox.user = "no-such-user";
  CHECK_INT(failure_of(sandbox, NULL), ENOENT);
  sandbox.user = "root";
  CHECK_INT(failure_of(sandbox, NULL), EPERM);
  sandbox.user_optional = true;
  CHECK_INT(failure_of(sandbox, NULL), EPERM);
}

/* A root that may not change its groups (an unprivileged user namespace) would keep them. */
static bool lose_setgid(void) {
  struct {
    unsigned version;
    int pid;
  } header = {0x20080522, 0};
  struct {
    unsigned effective, permitted, inheritable;
  } sets[2] = {{0}};
  if (syscall(SYS_capget, &header, sets) != 0) return false;
  sets[0].effective &= ~(1u << 6);
  sets[0].permitted &= ~(1u << 6);
  return syscall(SYS_capset, &header, sets) == 0;
}

static void a_root_that_cannot_shed_is_a_failure(void) {
  if (geteuid() != 0) SKIP("needs root");
  CHECK_INT(failure_of(plain, lose_setgid), EPERM);
}

static bool become_half_root(void) {
  return setresuid(65534, 65534, 0) == 0;
}

/* Saved root behind a normal effective user is given up too. */
static void a_hidden_root_is_given_up(void) {
#ifdef SANITIZER_BUILD
  SKIP("the leak check may not trace such a process");
#endif
  if (geteuid() != 0) SKIP("needs root");
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    int fds[2];
    if (pipe(fds) != 0 || !become_half_root()) _exit(NOT_ENTERED);
    struct sandbox sandbox = plain;
    sandbox.keep_fds = fds;
    sandbox.keep_fd_count = 2;
    _exit(sandbox_enter(&sandbox) == REASON_OK ? 0 : 1);
  }
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid);
  CHECK_INT(status, 0);
}

/* ---- what does not work ---- */

struct attempt {
  const char *name;
  long number;
  long arguments[6];
};

#define POINTER(pointer) ((long)(pointer))

static const struct attempt *attempt;

static void make_attempt(const struct child *child UNUSED) {
  const long *a = attempt->arguments;
  syscall(attempt->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void every_other_call_kills(void) {
  static const char path[] = "/etc/passwd";
  static const struct attempt attempts[] = {
      {"open", SYS_openat, {AT_FDCWD, POINTER(path), O_RDONLY}},
      {"socket", SYS_socket, {AF_INET, SOCK_STREAM, 0}},
      {"unix socket", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, 0}},
      {"clone", SYS_clone, {SIGCHLD}},
      {"clone3", SYS_clone3, {0, 0}},
      {"execve", SYS_execve, {POINTER("/bin/true"), 0, 0}},
      {"execveat", SYS_execveat, {AT_FDCWD, POINTER("/bin/true"), 0, 0, 0}},
      {"setuid", SYS_setuid, {0}},
      {"setresuid", SYS_setresuid, {0, 0, 0}},
      {"setgid", SYS_setgid, {0}},
      {"setgroups", SYS_setgroups, {0, 0}},
      {"capset", SYS_capset, {0, 0}},
      {"mmap of code", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
      {"mmap of a file", SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE, 0, 0}},
      {"ptrace", SYS_ptrace, {PTRACE_TRACEME, 0, 0, 0}},
      {"process_vm_readv", SYS_process_vm_readv, {1, 0, 0, 0, 0, 0}},
      {"kill", SYS_kill, {1, 0}},
      {"tgkill", SYS_tgkill, {1, 1, 0}},
      {"dup", SYS_dup, {0}},
      {"fcntl", SYS_fcntl, {0, F_GETFD}},
      {"ioctl", SYS_ioctl, {0, 0, 0}},
      {"recvmsg", SYS_recvmsg, {0, 0, 0}},
      {"sendmsg", SYS_sendmsg, {0, 0, 0}},
      {"prlimit", SYS_prlimit64, {0, RLIMIT_NOFILE, 0, 0}},
      {"unshare", SYS_unshare, {0}},
      {"mount", SYS_mount, {0, 0, 0, 0, 0}},
      {"unlink", SYS_unlinkat, {AT_FDCWD, POINTER(path), 0}},
      {"bpf", SYS_bpf, {0, 0, 0}},
      {"userfaultfd", SYS_userfaultfd, {0}},
      {"io_uring_setup", 425, {1, 0}},
      {"memfd_create", SYS_memfd_create, {POINTER(path), 0}},
      {"seccomp", SYS_seccomp, {0, 0, 0}},
#ifdef __x86_64__
      {"an x32 call", 0x40000000 | SYS_read, {0, 0, 0}},
#endif
  };
  for (attempt = attempts; attempt < attempts + COUNT_OF(attempts); attempt++) {
    bool failed_before = unit_failed;
    check_killed_by(status_of(make_attempt), SIGSYS);
    if (unit_failed && !failed_before) printf("# %s\n", attempt->name);
  }
}

static void be_refused(const struct child *child) {
  struct stat st;
  if (send(child->out, "x", 1, 0) != -1 || errno != ENOTSOCK) _exit(1);
  if (fstat(child->in, &st) != -1 || errno != EACCES) _exit(2);
  if (stat("/etc/passwd", &st) != -1 || errno != EACCES) _exit(3);
  if (lseek(child->in, 0, SEEK_SET) != -1 || errno != ESPIPE) _exit(4);
  if (mprotect((void *)((long)be_refused & -4096), 4096, PROT_READ | PROT_WRITE | PROT_EXEC) != -1) _exit(5);
  if (write(child->other, "x", 1) != -1 || errno != EBADF) _exit(6);
  if (write(STDERR_FILENO, "x", 1) != -1 || errno != EBADF) _exit(7);
}

static void a_few_calls_are_refused(void) {
  CHECK_INT(status_of(be_refused), 0);
}

static void exhaust_memory(const struct child *child UNUSED) {
  size_t total = 0, size = 16 << 20;
  for (; size >= 16; size /= 2) {
    void *volatile bytes;
    while (total <= MEMORY_MAX && (bytes = malloc(size)) != NULL)
      total += size;
  }
  _exit(total > MEMORY_MAX / 2 && total <= MEMORY_MAX ? 0 : 1);
}

static void memory_ends_at_the_limit(void) {
#ifdef SANITIZER_BUILD
  SKIP("a sanitizer build has no memory limit");
#endif
  CHECK_INT(status_of(exhaust_memory), 0);
}

static void spin(const struct child *child UNUSED) {
  for (volatile unsigned long i = 0;; i++)
    continue;
}

static void processor_time_ends_at_the_limit(void) {
  int64_t begin = monotonic_ms();
  alarm(60);
  check_killed_by(status_of(spin), SIGKILL);
  alarm(0);
  CHECK(monotonic_ms() - begin >= 500);
}

static void say_hello(const struct child *child) {
  _exit(write(child->out, "hello", 5) == 5 ? 0 : 1);
}

static int status_of_writer(size_t output_max) {
  char path[] = "/tmp/jwt-login-test.XXXXXX", bytes[4096];
  struct child child = child_make();
  close(child.out);
  child.out = mkstemp(path);
  child.sandbox.output_max = output_max;
  fflush(stdout);
  child.pid = fork();
  if (child.pid == 0) {
    child.sandbox.keep_fds = &child.out;
    child.sandbox.keep_fd_count = 1;
    if (sandbox_enter(&child.sandbox) != REASON_OK) _exit(NOT_ENTERED);
    say_hello(&child);
  }
  int status = child_end(&child);
  CHECK_INT(pread(child.out, bytes, sizeof bytes, 0), output_max == 0 ? 0 : 5);
  close(child.out);
  close(child.in);
  unlink(path);
  return status;
}

static void a_file_grows_only_as_far_as_allowed(void) {
  check_killed_by(status_of_writer(0), SIGXFSZ);
  CHECK_INT(status_of_writer(4096), 0);
}

/* ---- shed, but not shut in ---- */

/* 0 when files and sockets still work, and what a network client has no business with does not. */
static int what_is_barred(void) {
  static char path[] = "/bin/false"; /* its own exit status would be a failure, too */
  static char *const arguments[] = {path, NULL};
  int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC), socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (file < 0 || socket_fd < 0) return 1;
  if (geteuid() == 0 || setuid(0) == 0) return 2;
  if (execve(path, arguments, arguments + 1) != -1 || errno != EPERM) return 3;
  if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != -1 || errno != EPERM) return 4;
  if (syscall(SYS_unshare, 0) != -1 || errno != EPERM) return 5;
  if (syscall(SYS_bpf, 0, NULL, 0) != -1 || errno != EPERM) return 6;
  if (ioctl(file, TIOCSTI, "x") != -1 || errno != EPERM) return 9;
  if (syscall(SYS_ioctl, file, 0x100000000 | TIOCSTI, "x") != -1 || errno != EPERM) return 10;
  if (syscall(SYS_fsopen, "tmpfs", 0) != -1 || errno != EPERM) return 11;
  if (syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0) != -1 || errno != EPERM) return 12;
  if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS) return 13;
  if (prctl(PR_GET_DUMPABLE) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 7;
  struct rlimit core;
  return getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0 ? 0 : 8;
}

static void a_network_client_is_shed_and_goes_on(void) {
  struct sandbox sandbox = plain;
  sandbox.output_max = 4096;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) _exit(sandbox_shed(&sandbox) == REASON_OK ? what_is_barred() : NOT_ENTERED);
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
  CHECK_INT(WEXITSTATUS(status), 0);
}

/* What a service manager's filter may bar: the calls of a root that sheds. */
static bool bar_privileged_calls(void) {
  static const int numbers[] = {SCMP_SYS(setresuid), SCMP_SYS(setuid), SCMP_SYS(setgroups), SCMP_SYS(capset)};
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  bool barred = filter != NULL && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  for (size_t i = 0; i < COUNT_OF(numbers); i++)
    barred = barred && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), numbers[i], 0) == 0;
  barred = barred && seccomp_load(filter) == 0;
  seccomp_release(filter);
  return barred;
}

/* As a service with a user of its own: nothing to shed, and no leave to try. */
static bool become_a_service(void) {
  static const struct {
    unsigned version;
    int pid;
  } header = {0x20080522, 0};
  static const unsigned none[6];
  if (geteuid() != 0) return bar_privileged_calls();
  return setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0 &&
         syscall(SYS_capset, &header, none) == 0 && bar_privileged_calls();
}

static void a_service_manager_may_have_shed_before(void) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    struct sandbox sandbox = plain;
    if (!become_a_service()) _exit(NOT_ENTERED);
    _exit(sandbox_shed(&sandbox) == REASON_OK ? 0 : 1);
  }
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
  CHECK_INT(WEXITSTATUS(status), 0);
}

int main(void) {
  static const struct unit_test tests[] = {
      {"kept pipes carry", kept_pipes_carry},
      {"a wait goes on after a stop", a_wait_goes_on_after_a_stop},
      {"stdio works", stdio_works},
      {"memory below the limit works", memory_below_the_limit_works},
      {"every privilege is gone", every_privilege_is_gone},
      {"without the user it is nobody, only if allowed", without_the_user_it_is_nobody_only_if_allowed},
      {"a wrong user is a failure", a_wrong_user_is_a_failure},
      {"a root that cannot shed is a failure", a_root_that_cannot_shed_is_a_failure},
      {"a hidden root is given up", a_hidden_root_is_given_up},
      {"every other call kills", every_other_call_kills},
      {"a few calls are refused", a_few_calls_are_refused},
      {"memory ends at the limit", memory_ends_at_the_limit},
      {"processor time ends at the limit", processor_time_ends_at_the_limit},
      {"a file grows only as far as allowed", a_file_grows_only_as_far_as_allowed},
      {"a network client is shed and goes on", a_network_client_is_shed_and_goes_on},
      {"a service manager may have shed before", a_service_manager_may_have_shed_before},
  };
  if (unit_valgrind_cannot("valgrind's own calls are not in the filter")) return 0;
  return unit_run(tests, COUNT_OF(tests));
}
