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

/* `owner` may be root, too. */
static bool only_they_write(const struct stat *st, uid_t owner) {
  return (st->st_uid == 0 || st->st_uid == owner) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* In a sticky folder of root nobody can replace root's entries, and whatever we open in it must be root's. */
static bool folder_is_safe(const struct stat *st, uid_t owner) {
  return only_they_write(st, owner) || (st->st_uid == 0 && (st->st_mode & S_ISVTX) != 0);
}

/* Replace *folder by the folder `name` in it, and check that one. */
static enum reason enter_folder(int *folder, const char *name, uid_t owner) {
  int inner = openat(*folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (inner < 0) return open_failure();
  if (*folder >= 0) close(*folder);
  *folder = inner;

  struct stat st;
  if (fstat(inner, &st) != 0) return REASON_STATE_UNAVAILABLE;
  return folder_is_safe(&st, owner) ? REASON_OK : fail(REASON_FILE_UNSAFE, EPERM);
}

/* Open the folder of `path` component by component, so that no link and no folder of somebody else is passed: all are
 * root's, but the last may be `owner`'s. */
static enum reason open_checked_folder(const char *path, uid_t owner, int *ret_folder, const char **ret_name) {
  if (path[0] != '/') return fail(REASON_FILE_UNSAFE, EINVAL);
  int folder CLEANUP(close_quietly) = -1;
  enum reason reason = enter_folder(&folder, "/", 0);
  const char *next = path + strspn(path, "/"), *slash;
  while (reason == REASON_OK && (slash = strchr(next, '/')) != NULL) {
    char name[NAME_MAX + 1];
    size_t length = (size_t)(slash - next);
    if (length > NAME_MAX) return fail(REASON_STATE_UNAVAILABLE, ENAMETOOLONG);
    memcpy(name, next, length);
    name[length] = '\0';
    next = slash + strspn(slash, "/");
    reason = enter_folder(&folder, name, strchr(next, '/') == NULL ? owner : 0);
  }
  if (reason != REASON_OK) return reason;
  *ret_folder = folder;
  *ret_name = next;
  folder = -1;
  return REASON_OK;
}

/* What a file must be. */
struct demand {
  enum file_trust trust;
  uid_t owner;      /* may own it and its folder, as root may */
  bool single_name; /* no hard links */
  bool secret;      /* nobody else may read it */
  size_t max_size;
};

static enum reason open_file(const char *path, const struct demand *demand, int *ret_fd) {
  int folder CLEANUP(close_quietly) = AT_FDCWD;
  const char *name = path;
  if (demand->trust != FILE_OF_ANYONE) {
    enum reason reason = open_checked_folder(path, demand->owner, &folder, &name);
    if (reason != REASON_OK) return reason;
  }
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return open_failure();
  *ret_fd = fd;
  return REASON_OK;
}

static enum reason check_file(int fd, const struct demand *demand, size_t *ret_size) {
  struct stat st;
  if (fstat(fd, &st) != 0) return REASON_STATE_UNAVAILABLE;
  if (!S_ISREG(st.st_mode)) return fail(REASON_FILE_UNSAFE, EINVAL);
  bool owner_counts = demand->trust != FILE_OF_ANYONE;
  if (owner_counts && !only_they_write(&st, demand->owner)) return fail(REASON_FILE_UNSAFE, EPERM);
  if (demand->secret && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) return fail(REASON_FILE_UNSAFE, EPERM);
  if (demand->single_name && st.st_nlink != 1) return fail(REASON_FILE_UNSAFE, EMLINK);
  if ((uintmax_t)st.st_size > demand->max_size) return fail(REASON_FILE_UNSAFE, EFBIG);
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

static enum reason read_file(const char *path, const struct demand *demand, char **ret_bytes, size_t *ret_size) {
  int fd CLEANUP(close_quietly) = -1;
  size_t size = 0;
  enum reason reason = open_file(path, demand, &fd);
  if (reason == REASON_OK) reason = check_file(fd, demand, &size);
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

enum reason trusted_file_read(const char *path, enum file_trust trust, size_t max_size, char **ret_bytes,
                              size_t *ret_size) {
  const struct demand demand = {.trust = trust, .max_size = max_size};
  return read_file(path, &demand, ret_bytes, ret_size);
}

enum reason trusted_file_read_of(const char *path, uid_t owner, size_t max_size, char **ret_bytes, size_t *ret_size) {
  const struct demand demand = {.trust = FILE_OWNED_BY_ROOT, .owner = owner, .single_name = true, .max_size = max_size};
  return read_file(path, &demand, ret_bytes, ret_size);
}

enum reason trusted_secret_read(const char *path, size_t max_size, char **ret_bytes, size_t *ret_size) {
  const struct demand demand = {.trust = FILE_OWNED_BY_ROOT, .single_name = true, .secret = true, .max_size = max_size};
  return read_file(path, &demand, ret_bytes, ret_size);
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
