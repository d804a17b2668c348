/*
 * Loaded in front of libc where keeper, judge and jwtctl are counted by valgrind (3.19). What valgrind does not know or
 * would not survive is left out, and that alone: seccomp's filter, for one, is computed as ever, only the kernel does
 * not get it.
 *   seccomp     answers as the kernel would, but loads no filter: it would kill for valgrind's own calls
 *   setrlimit   sets no limit: valgrind needs memory and files for itself
 *   pidfd_open  gives a copy of the socket to the child, which becomes readable when the child ends, too
 *   setresuid   lets the new user write the profile, which valgrind makes at the start and fills at the end
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler.h"

/* With the C library's own declarations a parameter would have to be non-null or an enum of its own. */
EXPORT long syscall(long number, ...);
EXPORT int socketpair(int domain, int type, int protocol, int ends[2]);
EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options);
EXPORT int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);
EXPORT int setresuid(uid_t uid, uid_t effective, uid_t saved);

static int child_socket = -1;
static id_t child;

static long kernel(long number, const long a[6]) {
  static union {
    void *symbol;
    long (*call)(long, ...);
  } real;
  if (real.symbol == NULL) real.symbol = dlsym(RTLD_NEXT, "syscall");
  return real.call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* libseccomp tries the call without arguments, to see whether and how it fails. */
static long seccomp(long operation, long arguments) {
  if (operation != SECCOMP_SET_MODE_STRICT && arguments != 0) return 0;
  errno = operation == SECCOMP_SET_MODE_STRICT ? EINVAL : EFAULT;
  return -1;
}

long syscall(long number, ...) {
  long a[6];
  va_list arguments;
  va_start(arguments, number);
  for (int i = 0; i < 6; i++)
    a[i] = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_seccomp) return seccomp(a[0], a[2]);
  if (number != SYS_pidfd_open) return kernel(number, a);
  child = (id_t)a[0];
  return fcntl(child_socket, F_DUPFD_CLOEXEC, 3);
}

int socketpair(int domain, int type, int protocol, int ends[2]) {
  if (kernel(SYS_socketpair, (const long[6]){domain, type, protocol, (long)ends}) != 0) return -1;
  child_socket = ends[0];
  return 0;
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
  bool by_copy = type == P_PIDFD;
  return (int)kernel(SYS_waitid, (const long[6]){by_copy ? P_PID : type, by_copy ? child : id, (long)info, options});
}

int setrlimit(__rlimit_resource_t resource UNUSED, const struct rlimit *limit UNUSED) {
  return 0;
}

int setresuid(uid_t uid, uid_t effective, uid_t saved) {
  char profile[64];
  snprintf(profile, sizeof profile, BENCH_PROFILES "/%d", getpid());
  chmod(profile, 0666);
  return (int)kernel(SYS_setresuid, (const long[6]){uid, effective, saved});
}
