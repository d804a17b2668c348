#include "config.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "parts.h"

struct call {
  int number;
  int refusal; /* 0: allowed; else the call is not made and fails with this errno */
};

/*
 * What checking a token needs, as measured with OpenSSL 3.0 (RSA, PSS, ECDSA, EdDSA), jansson 2.14 and glibc 2.36.
 * Numbers of other architectures are negative and skipped.
 */
static const struct call calls[] = {
    /* the pipes, with a deadline (fullio.h); the kernel continues a poll with the third after a stop or a freeze */
    {SCMP_SYS(read), 0},
    {SCMP_SYS(write), 0},
    {SCMP_SYS(poll), 0},
    {SCMP_SYS(ppoll), 0},
    {SCMP_SYS(ppoll_time64), 0},
    {SCMP_SYS(restart_syscall), 0},
    /* the clock, where the machine's is not readable without a call */
    {SCMP_SYS(clock_gettime), 0},
    {SCMP_SYS(clock_gettime64), 0},
    {SCMP_SYS(gettimeofday), 0},
    {SCMP_SYS(time), 0},
    /* malloc, realloc and free; mmap has conditions, below */
    {SCMP_SYS(brk), 0},
    {SCMP_SYS(munmap), 0},
    {SCMP_SYS(mremap), 0},
    /* pthread_once, which OpenSSL uses everywhere, wakes waiters even where there are none */
    {SCMP_SYS(futex), 0},
    {SCMP_SYS(futex_time64), 0},
    /* OpenSSL's generator, which blinds the check of a public key, and looks each time whether the process forked */
    {SCMP_SYS(getrandom), 0},
    {SCMP_SYS(getpid), 0},
    /* the end */
    {SCMP_SYS(exit), 0},
    {SCMP_SYS(exit_group), 0},

    /* write_full tries a socket's call first, and goes on with write */
    {SCMP_SYS(sendto), ENOTSOCK},
    /* stdio asks how large a buffer to make and where the file stands, and has an answer of its own */
    {SCMP_SYS(fstat), EACCES},
    {SCMP_SYS(newfstatat), EACCES},
    {SCMP_SYS(fstat64), EACCES},
    {SCMP_SYS(fstatat64), EACCES},
    {SCMP_SYS(statx), EACCES},
    {SCMP_SYS(lseek), ESPIPE},
    {SCMP_SYS(_llseek), ESPIPE},
    /* malloc, out of memory, tries to make another arena; refused, it returns NULL */
    {SCMP_SYS(mprotect), ENOMEM},
#ifdef SANITIZER_BUILD
    /* the sanitizers' own allocator, its locks and its stack of signals */
    {SCMP_SYS(madvise), 0},
    {SCMP_SYS(gettid), 0},
    {SCMP_SYS(sched_yield), 0},
    {SCMP_SYS(sigaltstack), 0},
    {SCMP_SYS(rt_sigprocmask), 0},
    {SCMP_SYS(prctl), 0},
#endif
};

static void release(scmp_filter_ctx *filter) {
  if (*filter != NULL) seccomp_release(*filter);
}

static int add_calls(scmp_filter_ctx filter) {
  int result = 0;
  for (size_t i = 0; i < COUNT_OF(calls) && result == 0; i++) {
    uint32_t action = calls[i].refusal != 0 ? SCMP_ACT_ERRNO((uint32_t)calls[i].refusal) : SCMP_ACT_ALLOW;
    if (calls[i].number >= 0) result = seccomp_rule_add(filter, action, calls[i].number, 0);
  }
  return result;
}

/* Memory, but neither code nor a file. */
static int add_mmap(scmp_filter_ctx filter) {
  const int numbers[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2)};
  int result = 0;
  for (size_t i = 0; i < COUNT_OF(numbers) && result == 0; i++)
    if (numbers[i] >= 0)
      result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, numbers[i], 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
  return result;
}

static bool finish(scmp_filter_ctx filter, int result) {
  if (result == 0) result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (result == 0) result = seccomp_load(filter);
  errno = -result;
  return result == 0;
}

static bool no_filter(void) {
  errno = ENOSYS;
  return false;
}

bool filter_install(void) {
  scmp_filter_ctx filter CLEANUP(release) = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (filter == NULL) return no_filter();
  int result = add_calls(filter);
  if (result == 0) result = add_mmap(filter);
  return finish(filter, result);
}

/* Numbers of other architectures are negative and skipped here too. */
static const int barred[] = {
    /* running something, looking into others */
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    /* another view of the files */
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(open_by_handle_at),
    /* the parts of the kernel that broke most often */
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
};

#ifdef __s390__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/* The kernel looks at the lower half of these arguments. */
static const struct {
  int number;
  struct scmp_arg_cmp when;
} barred_uses[] = {
    /* typing into the terminal of who started this: root's shell would read it as root's own words */
    {SCMP_SYS(ioctl), {1, SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCSTI}},
    {SCMP_SYS(ioctl), {1, SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCLINUX}},
    /* without a capability every other namespace needs this one first */
    {SCMP_SYS(clone), {CLONE_FLAGS, SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER}},
};

static int bar_uses(scmp_filter_ctx filter) {
  /* its flags are in memory, where no filter sees them; the C library falls back to clone */
  int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  for (size_t i = 0; i < COUNT_OF(barred_uses) && result == 0; i++)
    result = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), barred_uses[i].number, 1, &barred_uses[i].when);
  return result;
}

bool filter_bar(void) {
  scmp_filter_ctx filter CLEANUP(release) = seccomp_init(SCMP_ACT_ALLOW);
  if (filter == NULL) return no_filter();
  int result = bar_uses(filter);
  for (size_t i = 0; i < COUNT_OF(barred) && result == 0; i++)
    if (barred[i] >= 0) result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), barred[i], 0);
  return finish(filter, result);
}
