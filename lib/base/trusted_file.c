#include "trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_quietly(const int *fd) {
  int saved = errno;
  if (*fd >= 0) close(*fd);
  errno = saved;
}

static void free_quietly(char **string) {
  int saved = errno;
  free(*string);
  errno = saved;
}

static enum reason fail(enum reason reason, int error) {
  errno = error;
  return reason;
}

/* ---- reading ---- */

static enum reason open_failure(void) {
  switch (errno) {
  case ENOENT:
    return REASON_SETTINGS_MISSING;
  case ELOOP:   /* a symbolic link */
  case ENOTDIR: /* one among the folders */
  case ENXIO:   /* a socket */
    return REASON_FILE_UNSAFE;
  default:
    return REASON_STATE_UNAVAILABLE;
  }
}

static bool only_root_writes(const struct stat *st) {
  return st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* In a sticky folder of root nobody can replace root's entries, and whatever we open in it must be root's. */
static bool folder_is_safe(const struct stat *st) {
  return only_root_writes(st) || (st->st_uid == 0 && (st->st_mode & S_ISVTX) != 0);
}

/* Replace *folder by the folder `name` in it, and check that one. */
static enum reason enter_folder(int *folder, const char *name) {
  int inner = openat(*folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (inner < 0) return open_failure();
  if (*folder >= 0) close(*folder);
  *folder = inner;

  struct stat st;
  if (fstat(inner, &st) != 0) return REASON_STATE_UNAVAILABLE;
  return folder_is_safe(&st) ? REASON_OK : fail(REASON_FILE_UNSAFE, EPERM);
}

/* Open the folder of `path` component by component, so that no link and no folder of somebody else is passed. */
static enum reason open_checked_folder(const char *path, int *ret_folder, const char **ret_name) {
  if (path[0] != '/') return fail(REASON_FILE_UNSAFE, EINVAL);
  int folder CLEANUP(close_quietly) = -1;
  enum reason reason = enter_folder(&folder, "/");
  const char *next = path + strspn(path, "/"), *slash;
  while (reason == REASON_OK && (slash = strchr(next, '/')) != NULL) {
    char name[NAME_MAX + 1];
    size_t length = (size_t)(slash - next);
    if (length > NAME_MAX) return fail(REASON_STATE_UNAVAILABLE, ENAMETOOLONG);
    memcpy(name, next, length);
    name[length] = '\0';
    reason = enter_folder(&folder, name);
    next = slash + strspn(slash, "/");
  }
  if (reason != REASON_OK) return reason;
  *ret_folder = folder;
  *ret_name = next;
  folder = -1;
  return REASON_OK;
}

static enum reason open_file(const char *path, enum file_trust trust, int *ret_fd) {
  int folder CLEANUP(close_quietly) = AT_FDCWD;
  const char *name = path;
  if (trust != FILE_OF_ANYONE) {
    enum reason reason = open_checked_folder(path, &folder, &name);
    if (reason != REASON_OK) return reason;
  }
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return open_failure();
  *ret_fd = fd;
  return REASON_OK;
}

static enum reason check_file(int fd, enum file_trust trust, size_t max_size, size_t *ret_size) {
  struct stat st;
  if (fstat(fd, &st) != 0) return REASON_STATE_UNAVAILABLE;
  if (!S_ISREG(st.st_mode)) return fail(REASON_FILE_UNSAFE, EINVAL);
  if (trust != FILE_OF_ANYONE && !only_root_writes(&st)) return fail(REASON_FILE_UNSAFE, EPERM);
  if ((uintmax_t)st.st_size > max_size) return fail(REASON_FILE_UNSAFE, EFBIG);
  *ret_size = (size_t)st.st_size;
  return REASON_OK;
}

/* Read to the end of file, at most `size` bytes; -1 on error. */
static ssize_t read_to_end(int fd, char *bytes, size_t size) {
  size_t used = 0;
  while (used < size) {
    ssize_t got = read(fd, bytes + used, size - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    used += (size_t)got;
  }
  return (ssize_t)used;
}

enum reason trusted_file_read(const char *path, enum file_trust trust, size_t max_size, char **ret_bytes,
                              size_t *ret_size) {
  int fd CLEANUP(close_quietly) = -1;
  size_t size = 0;
  enum reason reason = open_file(path, trust, &fd);
  if (reason == REASON_OK) reason = check_file(fd, trust, max_size, &size);
  if (reason != REASON_OK) return reason;

  char *bytes CLEANUP(free_quietly) = malloc(size + 1);
  if (bytes == NULL) return REASON_OUT_OF_MEMORY;
  ssize_t got = read_to_end(fd, bytes, size + 1);
  if (got < 0) return REASON_STATE_UNAVAILABLE;
  /* Half of a file that is being written may mean the opposite of the whole. */
  if ((size_t)got != size) return fail(REASON_STATE_UNAVAILABLE, EAGAIN);
  bytes[size] = '\0';
  *ret_bytes = bytes;
  *ret_size = size;
  bytes = NULL;
  return REASON_OK;
}

/* ---- replacing ---- */

static int open_folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  char *folder CLEANUP(free_quietly) = strndup(path, (size_t)(slash - path) + 1);
  return folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool write_to_end(int fd, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t put = write(fd, bytes, size);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes += put;
    size -= (size_t)put;
  }
  return true;
}

enum reason file_replace(const char *path, mode_t mode, const void *bytes, size_t size) {
  int folder CLEANUP(close_quietly) = open_folder_of(path);
  if (folder < 0) return REASON_STATE_UNAVAILABLE;
  char *temporary CLEANUP(free_quietly) = NULL;
  if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
    temporary = NULL;
    return fail(REASON_OUT_OF_MEMORY, ENOMEM);
  }
  int fd CLEANUP(close_quietly) = mkostemp(temporary, O_CLOEXEC);
  if (fd < 0) return REASON_STATE_UNAVAILABLE;

  if (!write_to_end(fd, bytes, size) || fchmod(fd, mode) != 0 || fsync(fd) != 0 || rename(temporary, path) != 0) {
    int error = errno;
    unlink(temporary);
    return fail(REASON_STATE_UNAVAILABLE, error);
  }
  return fsync(folder) == 0 ? REASON_OK : REASON_STATE_UNAVAILABLE;
}
