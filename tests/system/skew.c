/* A clock that is wrong by as many seconds as /run/skew says, in every program that begins meanwhile. */
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "compiler.h"

static long skew;

/* Read before the judge gives up its files. */
static void __attribute__((constructor)) read_skew(void) {
  FILE *file = fopen("/run/skew", "re");
  if (file == NULL) return;
  if (fscanf(file, "%ld", &skew) != 1) skew = 0;
  fclose(file);
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *ret) {
  const int result = (int)syscall(SYS_clock_gettime, clock, ret);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) ret->tv_sec += skew;
  return result;
}

EXPORT time_t time(time_t *ret) {
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  if (ret != NULL) *ret = now.tv_sec;
  return now.tv_sec;
}

EXPORT int gettimeofday(struct timeval *restrict ret, void *restrict zone UNUSED) {
  struct timespec now;
  const int result = clock_gettime(CLOCK_REALTIME, &now);
  if (result == 0) *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return result;
}
