/* Running a helper: a clean process at the other end of a socket. */
#ifndef JWT_LOGIN_CHILD_H
#define JWT_LOGIN_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compiler.h"

struct child {
  pid_t pid;
  int pidfd; /* to kill it by, even where the host reaps children behind our back */
  int socket;
};

/*
 * Start the helper at absolute `path` with a constant environment and one argument, or none with NULL. It finds the
 * socket as descriptor 0, /dev/null as 1 and 2 and nothing else; default signals, nothing blocked, umask 077, cwd /, a
 * session of its own, ordinary limits, no core dumps; and, for a caller with effective uid 0, uid and gid 0 in real,
 * effective and saved, so that the user who ran a setuid host can neither signal nor stop it. Safe in threaded hosts,
 * with SIGCHLD ignored, with descriptors 0-2 closed. False with errno set on failure. A helper that cannot be exec'd
 * shows as an early end of file.
 */
MUST_USE bool child_start(const char *path, const char *argument, struct child *ret);

/*
 * Close the socket, wait for the end until `deadline_ms`, kill it past that, reap it if nobody else did.
 * Writes how it ended into `how` when that was not a plain exit 0 ("killed by signal 31"), else "".
 */
void child_stop(struct child *child, int64_t deadline_ms, char *how, size_t size);

#endif
