#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_folder(DIR **folder) {
  if (*folder != NULL) closedir(*folder);
}

/* True for the name of a base that was put in place. */
static bool is_base(const char *name, uint64_t *ret_generation) {
  return strncmp(name, BASE_PREFIX, strlen(BASE_PREFIX)) == 0 &&
         sscanf(name + strlen(BASE_PREFIX), "%16" SCNx64, ret_generation) == 1;
}

/* A number that no base in the folder has, used or left over. */
static enum reason next_generation(const char *directory, uint64_t *ret) {
  DIR *folder CLEANUP(close_folder) = opendir(directory);
  if (folder == NULL) return REASON_STATE_UNAVAILABLE;
  uint64_t latest = 0, generation;
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
    if (is_base(entry->d_name, &generation) && generation > latest) latest = generation;
  *ret = latest + 1;
  return REASON_OK;
}

static void close_file(const int *fd) {
  if (*fd >= 0) close(*fd);
}

/* Its builder has it locked until it is in place or gone, so only one that died leaves it unlocked. Builders make no
 * links. One that cannot be opened, as when descriptors have run out, may be in use. */
static void remove_unless_built(int folder, const char *name) {
  int fd CLEANUP(close_file) = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  bool abandoned = fd < 0 ? errno == ELOOP : flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (abandoned) unlinkat(folder, name, 0);
}

static bool begins_with(const char *name, const char *prefix) {
  return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* `base`: the one in use, all others go too; NULL: they stay. A file that stays does no harm. */
static void remove_files(const char *directory, const char *base) {
  DIR *folder CLEANUP(close_folder) = opendir(directory);
  if (folder == NULL) return;
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    const char *name = entry->d_name;
    if (begins_with(name, NEW_BASE ".") || begins_with(name, RECENT_FILE "."))
      remove_unless_built(dirfd(folder), name);
    else if (base != NULL && begins_with(name, BASE_PREFIX) && strcmp(name, base) != 0)
      unlinkat(dirfd(folder), name, 0);
  }
}

void folder_clean(const char *directory) {
  int error = errno;
  remove_files(directory, NULL);
  errno = error;
}

static void remove_unused(const char *directory) {
  struct table_view view CLEANUP(table_view_close) = {0};
  if (!table_view_open(directory, &view)) return;
  char base[BASE_NAME_SIZE];
  table_base_name(view.recent.header->generation, base);
  remove_files(directory, base);
}

/* ---- putting in use ---- */

static void mark_superseded(int old) {
  struct stat st;
  if (old < 0 || fstat(old, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(struct table_header))
    return;
  const uint32_t yes = 1;
  ssize_t written UNUSED = pwrite(old, &yes, sizeof(yes), offsetof(struct table_header, superseded));
}

enum reason folder_publish(struct build *recent, uint64_t generation) {
  char path[PATH_MAX];
  int old CLEANUP(close_file) = -1;
  if (table_path(recent->directory, RECENT_FILE, path))
    old = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  enum reason reason = build_put_in_place(recent, generation, RECENT_FILE);
  if (build_is_in_place(recent)) mark_superseded(old); /* also when the disk failed after that */
  return reason;
}

/* Of no use without the recent table, and there may be no tables that tell what is not. */
static void remove_base(const char *directory, const char *name) {
  char path[PATH_MAX];
  if (table_path(directory, name, path)) unlink(path);
}

enum reason folder_use_pair(struct build *base, struct build *recent) {
  uint64_t generation;
  enum reason reason = next_generation(base->directory, &generation);
  if (reason != REASON_OK) return reason;
  char name[BASE_NAME_SIZE];
  table_base_name(generation, name);
  reason = build_put_in_place(base, generation, name);
  if (reason == REASON_OK) reason = folder_publish(recent, generation);
  int error = errno;
  if (build_is_in_place(base) && !build_is_in_place(recent)) remove_base(base->directory, name);
  remove_unused(base->directory); /* also after a failure: what is left half built may be what fills the disk */
  errno = error;
  return reason;
}
