/* Shedding every privilege before hostile bytes are parsed. */
#ifndef JWT_LOGIN_SANDBOX_H
#define JWT_LOGIN_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "reason.h"

struct sandbox {
  const char *user;     /* whom a root caller becomes */
  bool user_optional;   /* a root caller without that user becomes nobody (65534); else that is a failure */
  size_t memory_max;    /* bytes of address space (RLIMIT_AS) */
  unsigned cpu_seconds; /* RLIMIT_CPU: of the whole process, what it used before included; 0 counts as 1 */
  size_t output_max;    /* RLIMIT_FSIZE: how far a kept regular file may grow; 0 for a caller that has pipes only */
  const int *keep_fds;  /* these stay open, all others are closed */
  size_t keep_fd_count;
};

/*
 * Enter, for good: no core dumps and PR_SET_DUMPABLE 0; own uid and gid (when root), no supplementary groups, no
 * capabilities in any set, securebits locked, no_new_privs; limits; every descriptor closed but `keep_fds`; then a
 * seccomp allow-list of read, write, memory without PROT_EXEC, exit and the few calls that measured need. Any other
 * call kills. Verifies that root cannot be regained before it returns. The limits and filter are wider in a sanitizer
 * build, only. On failure (REASON_SANDBOX_FAILED, errno set) the process may be half shed: exit, do not go on.
 */
MUST_USE enum reason sandbox_enter(const struct sandbox *sandbox);

/*
 * Give up every privilege in the same way, but go on with descriptors, files and the network: for a process that talks
 * to strangers. What it does not need is barred for good: to run a program, to look into other processes, to type into
 * a terminal, to mount, to change namespaces, to load code into the kernel; such a call fails with EPERM. `keep_fds` is
 * not looked at, and `output_max` holds for any file. Errors as above.
 */
MUST_USE enum reason sandbox_shed(const struct sandbox *sandbox);

#endif
