#include "config.h"

#include "ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared_folder.h"

static void free_quietly(char **string) {
  int saved = errno;
  free(*string);
  errno = saved;
}

static void close_quietly(const int *fd) {
  int saved = errno;
  if (*fd >= 0) close(*fd);
  errno = saved;
}

static enum reason fail(enum reason reason, int error) {
  errno = error;
  return reason;
}

static bool owner_is_trusted(const struct stat *st) {
  return st->st_uid == 0 || st->st_uid == geteuid();
}

static enum reason check_folder(const char *folder) {
  struct stat st;
  if (lstat(folder, &st) != 0) return REASON_STATE_UNAVAILABLE;
  bool others_write = (st.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  bool sticky = st.st_uid == 0 && (st.st_mode & S_ISVTX) != 0;
  bool safe = S_ISDIR(st.st_mode) && owner_is_trusted(&st) && (!others_write || sticky);
  return safe ? REASON_OK : fail(REASON_FILE_UNSAFE, EPERM);
}

/* `folder` is resolved, so each of its prefixes is a folder and no link. */
static enum reason check_folders_above(const char *folder) {
  char prefix[PATH_MAX] = "/";
  enum reason reason = check_folder(prefix);
  for (const char *slash = strchr(folder + 1, '/'); reason == REASON_OK && slash != NULL;
       slash = strchr(slash + 1, '/')) {
    memcpy(prefix, folder, (size_t)(slash - folder));
    prefix[slash - folder] = '\0';
    reason = check_folder(prefix);
  }
  return reason;
}

/* The folder itself must let nobody else write: sticky is not enough, the journal's name could be taken. */
static enum reason check_own_folder(const char *folder) {
  struct stat st;
  if (lstat(folder, &st) != 0) return REASON_STATE_UNAVAILABLE;
  bool safe = S_ISDIR(st.st_mode) && owner_is_trusted(&st) && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  return safe ? REASON_OK : fail(REASON_FILE_UNSAFE, EPERM);
}

static enum reason check_file(const char *path, bool *ret_exists) {
  struct stat st;
  if (lstat(path, &st) != 0) {
    *ret_exists = false;
    return errno == ENOENT ? REASON_OK : REASON_STATE_UNAVAILABLE;
  }
  bool safe = S_ISREG(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0;
  *ret_exists = true;
  return safe ? REASON_OK : fail(REASON_FILE_UNSAFE, EPERM);
}

/* Whether there is a file of more than `size_min` bytes (-1: of any size). Frees `path`, NULL being out of memory. */
static enum reason find_trace(char *path, off_t size_min, bool *ret_there) {
  if (path == NULL) return REASON_OUT_OF_MEMORY;
  struct stat st;
  bool there = lstat(path, &st) == 0;
  enum reason reason = there || errno == ENOENT || errno == ENOTDIR ? REASON_OK : REASON_STATE_UNAVAILABLE;
  free_quietly(&path);
  *ret_there = there && st.st_size > size_min;
  return reason;
}

static char *formatted(const char *format, ...) PRINTF_LIKE(1, 2);
static char *formatted(const char *format, ...) {
  char *text;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  return length < 0 ? NULL : text;
}

/*
 * Whether there was a ledger here once: the tables beside it were written, or SQLite's journal is still to be rolled
 * back, which would damage a new one. `path`, as located, is the ledger's.
 */
static enum reason find_traces(const char *path, bool *ret_there) {
  int folder_length = (int)(strrchr(path, '/') - path);
  bool tables = false, journal = false;
  enum reason reason = find_trace(formatted("%.*s/nss/recent", folder_length, path), -1, &tables);
  if (reason == REASON_OK) reason = find_trace(formatted("%s-journal", path), 0, &journal);
  *ret_there = tables || journal;
  return reason;
}

enum reason ledger_file_locate(const char *path, bool make_folder, char **ret_path, enum ledger_file *ret_file) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL || slash == path || slash[1] == '\0') return fail(REASON_STATE_UNAVAILABLE, EINVAL);
  char *folder CLEANUP(free_quietly) = strndup(path, (size_t)(slash - path));
  if (folder == NULL) return REASON_OUT_OF_MEMORY;
  if (make_folder && !shared_folder_make(folder)) return REASON_STATE_UNAVAILABLE;

  enum reason reason = check_own_folder(folder);
  if (reason != REASON_OK) return reason;
  char *resolved CLEANUP(free_quietly) = realpath(folder, NULL);
  if (resolved == NULL) return REASON_STATE_UNAVAILABLE;
  reason = check_folders_above(resolved);
  if (reason != REASON_OK) return reason;

  char *located CLEANUP(free_quietly) = NULL;
  if (asprintf(&located, "%s%s", resolved, slash) < 0) {
    located = NULL;
    return REASON_OUT_OF_MEMORY;
  }
  /* In this order: somebody else may be making the ledger and the tables right now. */
  bool existed, exists;
  reason = find_traces(located, &existed);
  if (reason == REASON_OK) reason = check_file(located, &exists);
  if (reason != REASON_OK) return reason;
  *ret_file = exists ? LEDGER_FILE_THERE : existed ? LEDGER_FILE_LOST : LEDGER_FILE_NEVER_MADE;
  *ret_path = located;
  located = NULL;
  return REASON_OK;
}

static bool sync_folder_of(const char *path) {
  char *folder CLEANUP(free_quietly) = strndup(path, (size_t)(strrchr(path, '/') - path));
  if (folder == NULL) return false;
  int fd CLEANUP(close_quietly) = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd >= 0 && fsync(fd) == 0;
}

static enum reason fill_and_link(int fd, const char *temporary, const char *path, enum reason (*fill)(const char *)) {
  if (fchmod(fd, 0600) != 0) return REASON_STATE_UNAVAILABLE;
  enum reason reason = fill(temporary);
  if (reason != REASON_OK) return reason;
  if (fsync(fd) != 0 || (link(temporary, path) != 0 && errno != EEXIST)) return REASON_STATE_UNAVAILABLE;
  return sync_folder_of(path) ? REASON_OK : REASON_STATE_UNAVAILABLE;
}

enum reason ledger_file_create(const char *path, enum reason (*fill)(const char *path)) {
  char *temporary CLEANUP(free_quietly) = NULL;
  if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
    temporary = NULL;
    return REASON_OUT_OF_MEMORY;
  }
  int fd CLEANUP(close_quietly) = mkostemp(temporary, O_CLOEXEC);
  if (fd < 0) return REASON_STATE_UNAVAILABLE;
  enum reason reason = fill_and_link(fd, temporary, path, fill);
  int saved = errno;
  unlink(temporary);
  errno = saved;
  return reason;
}
