#include "fullio.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int poll_timeout(int64_t deadline_ms) {
  int64_t now = monotonic_ms();
  if (deadline_ms <= now) return 0;
  return deadline_ms - now < INT_MAX ? (int)(deadline_ms - now) : INT_MAX;
}

/* Wait until `fd` is ready or in error; the read or write that follows says which. */
static bool wait_ready(int fd, short events, int64_t deadline_ms) {
  struct pollfd polled = {.fd = fd, .events = events};
  if (fd < 0) { /* poll would sleep on it */
    errno = EBADF;
    return false;
  }
  for (;;) {
    int timeout = poll_timeout(deadline_ms);
    int ready = poll(&polled, 1, timeout);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (ready == 0 && timeout < INT_MAX) {
      errno = ETIMEDOUT;
      return false;
    }
  }
}

/* Another process may have emptied or filled the pipe between poll and the call. */
static bool is_transient(void) {
  return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

bool read_full(int fd, void *buffer, size_t size, int64_t deadline_ms) {
  char *next = buffer;
  while (size > 0) {
    if (!wait_ready(fd, POLLIN, deadline_ms)) return false;
    ssize_t got = read(fd, next, size);
    if (got == 0) errno = EPIPE;
    if (got == 0 || (got < 0 && !is_transient())) return false;
    if (got < 0) continue;
    next += got;
    size -= (size_t)got;
  }
  return true;
}

/* A pipe that is ready takes PIPE_BUF bytes without blocking; more could block past the deadline. */
static ssize_t write_some(int fd, const void *bytes, size_t size) {
  ssize_t put = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (put >= 0 || errno != ENOTSOCK) return put;
  return write(fd, bytes, size < PIPE_BUF ? size : PIPE_BUF);
}

bool write_full(int fd, const void *buffer, size_t size, int64_t deadline_ms) {
  const char *next = buffer;
  while (size > 0) {
    if (!wait_ready(fd, POLLOUT, deadline_ms)) return false;
    ssize_t put = write_some(fd, next, size);
    if (put < 0 && !is_transient()) return false;
    if (put < 0) continue;
    next += put;
    size -= (size_t)put;
  }
  return true;
}
