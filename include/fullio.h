/* Whole reads and writes on pipes and sockets, with a deadline. */
#ifndef JWT_LOGIN_FULLIO_H
#define JWT_LOGIN_FULLIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

/* Milliseconds of CLOCK_MONOTONIC: a deadline is such a moment. */
int64_t monotonic_ms(void);

/*
 * Read or write exactly `size` bytes, waiting with poll(2) until `deadline_ms`; EINTR is retried.
 * Writing to a pipe or socket whose other end is gone is an error, never a SIGPIPE that kills (the caller is a
 * PAM host: MSG_NOSIGNAL on sockets; on pipes the helper itself ignores SIGPIPE).
 * False on end of file, error or deadline; errno is ETIMEDOUT for the deadline, EPIPE for an early end.
 */
MUST_USE bool read_full(int fd, void *buffer, size_t size, int64_t deadline_ms);
MUST_USE bool write_full(int fd, const void *buffer, size_t size, int64_t deadline_ms);

#endif
