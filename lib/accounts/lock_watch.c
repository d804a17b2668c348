/*
 * A helper works in the cgroup of whoever called it, who may freeze it there or give it no processor time, and it would
 * keep its lock. The locks are POSIX locks on bytes that SQLite's file format lays down, so the kernel can name it.
 */
#include "config.h"

#include "lock_watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compiler.h"

#define FIRST_BYTE 0x40000000 /* pending, then reserved, then the shared ones */
#define FIRST_SHARED_BYTE (FIRST_BYTE + 2)
#define END_OF_BYTES (FIRST_BYTE + 512)

/* A writer may be waiting for a reader, which it kills first: it gets longer. */
#define READER_MILLISECONDS 2000
#define WRITER_MILLISECONDS 3000
#define NEXT_READER_MILLISECONDS 100 /* it was there all along: a waiting writer lets no new one in */

static void close_folder(DIR **folder) {
  if (*folder != NULL) closedir(*folder);
}

static void close_fd(const int *fd) {
  if (*fd >= 0) close(*fd);
}

static bool is_same_file(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The descriptor that this process has of the file. */
static int find_fd(const char *path) {
  struct stat wanted, st;
  DIR *folder CLEANUP(close_folder) = opendir("/proc/self/fd");
  if (folder == NULL || stat(path, &wanted) != 0) return -1;
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    int fd = (int)strtol(entry->d_name, NULL, 10); /* 0 for . and .. is no harm: it is compared, too */
    if (fstat(fd, &st) == 0 && is_same_file(&st, &wanted)) return fd;
  }
  return -1;
}

/* Who holds a lock against which one of `type` would not be granted. */
static pid_t holder_against(int fd, short type, off_t start) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = END_OF_BYTES - start};
  bool held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  return held && lock.l_pid > 0 ? lock.l_pid : 0;
}

static struct lock_holder find_holder(int fd) {
  struct lock_holder writer = {.pid = holder_against(fd, F_RDLCK, FIRST_BYTE), .writes = true};
  if (writer.pid != 0) return writer;
  return (struct lock_holder){.pid = holder_against(fd, F_WRLCK, FIRST_SHARED_BYTE)};
}

static bool is_same_holder(struct lock_holder a, struct lock_holder b) {
  return a.pid == b.pid && a.writes == b.writes;
}

bool process_runs(pid_t pid, const char *path) {
  static const char replaced[] = " (deleted)";
  char link[64], target[PATH_MAX], real[PATH_MAX];
  struct stat running, wanted;
  snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
  if (stat(link, &running) == 0 && stat(path, &wanted) == 0 && is_same_file(&running, &wanted)) return true;
  ssize_t size = readlink(link, target, sizeof target - 1);
  if (size < 0 || realpath(path, real) == NULL) return false;
  target[size] = '\0';
  size_t length = strlen(real);
  return strncmp(target, real, length) == 0 && strcmp(target + length, replaced) == 0;
}

/* The descriptor first, then a second look: so the signal reaches whom we looked at, and nobody that has its number. */
static bool kill_holder(int fd, struct lock_holder holder, const char *program) {
  if (holder.pid <= 1 || holder.pid == getpid()) return false;
  int process CLEANUP(close_fd) = (int)syscall(SYS_pidfd_open, holder.pid, 0);
  if (process < 0 || !is_same_holder(find_holder(fd), holder) || !process_runs(holder.pid, program)) return false;
  return syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0) == 0;
}

void lock_watch_begin(struct lock_watch *ret, const char *path, int64_t now) {
  *ret = (struct lock_watch){.fd = find_fd(path), .since = now, .readers_have = READER_MILLISECONDS};
}

void lock_watch_look(struct lock_watch *watch, const char *program, int64_t now) {
  if (watch->fd < 0) return;
  struct lock_holder holder = find_holder(watch->fd);
  if (!is_same_holder(holder, watch->holder)) {
    watch->holder = holder;
    watch->since = now;
  }
  int64_t limit = holder.writes ? WRITER_MILLISECONDS : watch->readers_have;
  if (now - watch->since < limit || !kill_holder(watch->fd, holder, program)) return;
  if (!holder.writes) watch->readers_have = NEXT_READER_MILLISECONDS;
}
