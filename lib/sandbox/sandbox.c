#include "config.h"

#include "sandbox.h"

#include <limits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef SANITIZER_BUILD
#include <sanitizer/lsan_interface.h>
#endif

#include "parts.h"

#define STACK_MAX (8 << 20)

/* The smallest kept descriptor from `first` on; UINT_MAX when there is none. */
static unsigned next_kept(const struct sandbox *sandbox, unsigned first) {
  unsigned next = UINT_MAX;
  for (size_t i = 0; i < sandbox->keep_fd_count; i++) {
    unsigned fd = (unsigned)sandbox->keep_fds[i];
    if (fd >= first && fd < next) next = fd;
  }
  return next;
}

/* By system call, since older C libraries have no name for it; needs no /proc. Linux before 5.9 is refused. */
static bool close_others(const struct sandbox *sandbox) {
  unsigned first = 0, kept;
  do {
    kept = next_kept(sandbox, first);
    if (kept > first && syscall(SYS_close_range, first, kept - 1, 0) != 0) return false;
    first = kept + 1;
  } while (kept != UINT_MAX);
  return true;
}

/* Soft and hard; never more than the caller has. */
static bool limit(int resource, rlim_t value) {
  struct rlimit now;
  if (getrlimit(resource, &now) != 0) return false;
  if (value > now.rlim_max) value = now.rlim_max;
  return setrlimit(resource, &(struct rlimit){value, value}) == 0;
}

static bool set_limits(const struct sandbox *sandbox) {
#ifndef SANITIZER_BUILD /* ASan reserves terabytes of address space */
  if (!limit(RLIMIT_AS, sandbox->memory_max)) return false;
#endif
  return limit(RLIMIT_CORE, 0) && limit(RLIMIT_STACK, STACK_MAX) && limit(RLIMIT_FSIZE, sandbox->output_max) &&
         limit(RLIMIT_CPU, sandbox->cpu_seconds);
}

/* One descriptor, not none: poll(2) refuses to wait for more than this limit. */
static bool close_the_world(const struct sandbox *sandbox) {
  return close_others(sandbox) && limit(RLIMIT_NPROC, 0) && limit(RLIMIT_NOFILE, 1);
}

enum reason sandbox_enter(const struct sandbox *sandbox) {
#ifdef SANITIZER_BUILD /* at exit, where it looks otherwise, the filter would kill it */
  __lsan_do_leak_check();
#endif
  bool entered = privileges_shed(sandbox->user, sandbox->user_optional) && close_the_world(sandbox) &&
                 prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && set_limits(sandbox) && filter_install();
  return entered ? REASON_OK : REASON_SANDBOX_FAILED;
}

enum reason sandbox_shed(const struct sandbox *sandbox) {
  bool shed = privileges_shed(sandbox->user, sandbox->user_optional) && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
              set_limits(sandbox) && filter_bar();
  return shed ? REASON_OK : REASON_SANDBOX_FAILED;
}
