#include "table_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "merge.h"

/* ---- the folder ---- */

static enum reason make_folder(const char *directory) {
  if (mkdir(directory, 0755) == 0) return chmod(directory, 0755) == 0 ? REASON_OK : REASON_STATE_UNAVAILABLE;
  return errno == EEXIST ? REASON_OK : REASON_STATE_UNAVAILABLE;
}

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

static void name_base(uint64_t generation, char ret[BASE_NAME_SIZE]) {
  snprintf(ret, BASE_NAME_SIZE, BASE_FORMAT, generation);
}

static void close_file(const int *fd) {
  if (*fd >= 0) close(*fd);
}

static bool is_being_built(int folder, const char *name) {
  int fd CLEANUP(close_file) = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

/* Remove every base but the one in use, and what writers that died have left. A file that stays does no harm. */
static void remove_unused(const char *directory) {
  struct table_view view CLEANUP(table_view_close) = {0};
  DIR *folder CLEANUP(close_folder) = opendir(directory);
  if (folder == NULL || !table_view_open(directory, &view)) return;
  char base[BASE_NAME_SIZE];
  name_base(view.recent.header->generation, base);
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    const char *name = entry->d_name;
    bool left_over = strncmp(name, BASE_PREFIX, strlen(BASE_PREFIX)) == 0 && strcmp(name, base) != 0;
    bool half_recent = strncmp(name, RECENT_FILE ".", strlen(RECENT_FILE ".")) == 0;
    if ((left_over || half_recent) && !is_being_built(dirfd(folder), name)) unlinkat(dirfd(folder), name, 0);
  }
}

/* ---- putting in use ---- */

static void mark_superseded(int old) {
  struct stat st;
  if (old < 0 || fstat(old, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(struct table_header))
    return;
  const uint32_t yes = 1;
  ssize_t written UNUSED = pwrite(old, &yes, sizeof(yes), offsetof(struct table_header, superseded));
}

/* Put the recent table in place: from here on the new tables are in use. The old one is told so; a reader that misses
 * this finds out within a second. */
static enum reason publish(struct build *recent, uint64_t generation) {
  char path[PATH_MAX];
  int old CLEANUP(close_file) = -1;
  if (table_path(recent->directory, RECENT_FILE, path))
    old = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  enum reason reason = build_put_in_place(recent, generation, RECENT_FILE);
  if (reason == REASON_OK) mark_superseded(old);
  return reason;
}

static enum reason write_empty_recent(const struct build *base) {
  struct build recent CLEANUP(build_close) = {0};
  enum reason reason = build_open(&recent, base->directory, RECENT_FILE, TABLE_RECENT, base->header.key);
  if (reason == REASON_OK) reason = build_groups(&recent, NULL, 0, (struct id_range){0});
  if (reason == REASON_OK) reason = build_finish(&recent);
  return reason == REASON_OK ? publish(&recent, base->header.generation) : reason;
}

/* A base that is built comes into use with an empty recent table. */
static enum reason use_base(struct build *base) {
  uint64_t generation;
  enum reason reason = next_generation(base->directory, &generation);
  if (reason != REASON_OK) return reason;
  char name[BASE_NAME_SIZE];
  name_base(generation, name);
  reason = build_put_in_place(base, generation, name);
  if (reason == REASON_OK) reason = write_empty_recent(base);
  return reason;
}

/* Also after a failure: the new base may be what fills the disk. */
static void clean_up(struct build *base) {
  const char *directory = base->directory;
  build_close(base);
  int error = errno;
  if (directory != NULL) remove_unused(directory);
  errno = error;
}

#define NEW_BASE BASE_PREFIX "new"

/* ---- all anew ---- */

static enum reason build_source(struct build *build, const struct account_settings *settings,
                                const struct table_source *source) {
  enum reason reason = build_settings(build, settings), failure = REASON_OK;
  if (reason == REASON_OK) reason = build_groups(build, source->groups, source->group_count, settings->range);
  struct table_row row;
  while (reason == REASON_OK && source->next(source->context, &row, &failure)) {
    union row_bytes bytes;
    reason = build_make_row(build->header.key, settings->range, &row, &bytes);
    if (reason == REASON_OK) reason = build_row(build, &bytes.head);
  }
  if (reason == REASON_OK) reason = failure;
  return reason == REASON_OK ? build_finish(build) : reason;
}

enum reason tables_write_all(const char *directory, const struct account_settings *settings,
                             const struct table_source *source) {
  struct build base CLEANUP(clean_up) = {0};
  uint8_t key[TABLE_KEY_SIZE];
  enum reason reason = make_folder(directory);
  if (reason == REASON_OK && getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key)) reason = REASON_STATE_UNAVAILABLE;
  if (reason == REASON_OK) reason = build_open(&base, directory, NEW_BASE, TABLE_BASE, key);
  if (reason == REASON_OK) reason = build_source(&base, settings, source);
  return reason == REASON_OK ? use_base(&base) : reason;
}

/* ---- one account ---- */

/* Do the tables have this row? REASON_INTERNAL when they have its name or its id in another one's row. */
static enum reason find_row(const struct table_view *view, const struct table_row_head *row, bool *ret_same) {
  struct table_wanted by_name = table_wanted_name(view, build_row_name(row)), by_id = table_wanted_id(view, row->id);
  struct table_row_view named, numbered;
  enum table_status name = table_view_find(view, &by_name, &named), id = table_view_find(view, &by_id, &numbered);
  if (name == TABLE_UNAVAILABLE || id == TABLE_UNAVAILABLE) return REASON_STATE_DAMAGED;
  if (name != id || (name == TABLE_FOUND && named.bytes != numbered.bytes)) return REASON_INTERNAL;
  if (name == TABLE_FOUND && named.head.kind != TABLE_ACCOUNT) return REASON_INTERNAL;
  *ret_same = name == TABLE_FOUND && named.head.size == row->size && memcmp(named.bytes, row, row->size) == 0;
  return REASON_OK;
}

struct put {
  const struct table_view *view;
  const struct table_row_head *row;
  const struct table_group *groups;
  size_t group_count;
  struct build *build;
};

/* The group's name: what the tables or the caller say; both when both know it. */
static enum reason name_group(const struct put *put, uint32_t gid, const char **ret) {
  struct table_wanted wanted = table_wanted_id(put->view, gid);
  struct table_row_view row;
  enum table_status status = table_view_find(put->view, &wanted, &row);
  if (status == TABLE_UNAVAILABLE) return REASON_STATE_DAMAGED;
  if (status == TABLE_FOUND && row.head.kind != TABLE_GROUP) return REASON_INTERNAL;
  const char *name = status == TABLE_FOUND ? row.name : NULL;
  for (size_t i = 0; i < put->group_count; i++) {
    if (put->groups[i].gid != gid) continue;
    if (name != NULL && strcmp(name, put->groups[i].name) != 0) return REASON_INTERNAL;
    name = put->groups[i].name;
  }
  if (name == NULL) return REASON_INTERNAL;
  if (status == TABLE_ABSENT) {
    wanted = table_wanted_name(put->view, name);
    if (table_view_find(put->view, &wanted, &row) != TABLE_ABSENT) return REASON_INTERNAL;
  }
  *ret = name;
  return REASON_OK;
}

static bool is_listed(const struct table_group *groups, size_t count, uint32_t gid) {
  for (size_t i = 0; i < count; i++)
    if (groups[i].gid == gid) return true;
  return false;
}

static void free_groups(struct table_group **groups) {
  free(*groups);
}

/* Those of the old recent table, and those of the row. */
static enum reason put_groups(const struct put *put) {
  const struct table *recent = &put->view->recent;
  const uint32_t *places = (const uint32_t *)(recent->bytes + recent->header->groups.offset);
  size_t count = recent->header->group_count;
  struct table_group *groups CLEANUP(free_groups) = calloc(count + put->row->extra_count + 1, sizeof(*groups));
  if (groups == NULL) return REASON_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++) {
    struct table_row_view row;
    if (!table_view_row(put->view, recent, places[i], &row) || row.head.kind != TABLE_GROUP)
      return REASON_STATE_DAMAGED;
    groups[i] = (struct table_group){row.name, row.head.id};
  }
  const struct table_row_membership *memberships = (const void *)(put->row + 1);
  for (int i = 0; i < put->row->extra_count; i++) {
    const char *name;
    enum reason reason = name_group(put, memberships[i].gid, &name);
    if (reason != REASON_OK) return reason;
    if (!is_listed(groups, count, memberships[i].gid)) groups[count++] = (struct table_group){name, memberships[i].gid};
  }
  return build_groups(put->build, groups, count, put->view->settings.range);
}

/* All recent tables of a base share its key, so sound rows move as they are. */
static enum reason put_old_accounts(const struct put *put) {
  const struct table *recent = &put->view->recent;
  enum reason reason = REASON_OK;
  for (uint64_t at = 0; reason == REASON_OK && at < recent->rows_size;) {
    struct table_row_view row;
    if (!table_view_row(put->view, recent, (uint32_t)(at / 8 + 1), &row)) return REASON_STATE_DAMAGED;
    if (row.head.kind == TABLE_ACCOUNT && strcmp(row.name, build_row_name(put->row)) != 0)
      reason = build_row(put->build, (const void *)row.bytes);
    at += row.head.size;
  }
  return reason == REASON_INTERNAL ? REASON_STATE_DAMAGED : reason;
}

static enum reason grow_recent(struct put *put, const char *directory) {
  const struct table_header *old = put->view->recent.header;
  struct build recent CLEANUP(build_close) = {0};
  put->build = &recent;
  enum reason reason = build_open(&recent, directory, RECENT_FILE, TABLE_RECENT, old->key);
  if (reason == REASON_OK) reason = put_groups(put);
  if (reason == REASON_OK) reason = put_old_accounts(put);
  if (reason == REASON_OK) reason = build_row(&recent, put->row);
  if (reason == REASON_OK) reason = build_finish(&recent);
  return reason == REASON_OK ? publish(&recent, old->generation) : reason;
}

/* ---- merging ---- */

/* Once for each TABLE_RECENT_MAX accounts: a merge that failed is not tried again at each login. */
static bool merge_is_due(const struct table_view *before, const struct table_view *now) {
  uint32_t count = now->recent.header->account_count;
  return count > before->recent.header->account_count && count % TABLE_RECENT_MAX == 0;
}

static enum reason merge(const char *directory, const struct table_view *view) {
  struct build base CLEANUP(clean_up) = {0};
  enum reason reason = build_open(&base, directory, NEW_BASE, TABLE_BASE, view->base.header->key);
  if (reason == REASON_OK) reason = merge_tables(view, &base);
  return reason == REASON_OK ? use_base(&base) : reason;
}

/* The account is in the tables already, so what hinders a merge is told only if the tables must be written anew. */
static enum reason merge_when_due(const char *directory, const struct table_view *before) {
  struct table_view view CLEANUP(table_view_close) = {0};
  if (!table_view_open(directory, &view)) return REASON_STATE_DAMAGED;
  enum reason reason = merge_is_due(before, &view) ? merge(directory, &view) : REASON_OK;
  return reason == REASON_STATE_DAMAGED || reason == REASON_INTERNAL ? reason : REASON_OK;
}

enum reason tables_put(const char *directory, const struct table_row *row, const struct table_group *groups,
                       size_t group_count) {
  struct table_view view CLEANUP(table_view_close) = {0};
  if (!table_view_open(directory, &view)) return REASON_STATE_DAMAGED;
  union row_bytes bytes;
  enum reason reason = build_make_row(view.base.header->key, view.settings.range, row, &bytes);
  bool same = false;
  if (reason == REASON_OK) reason = find_row(&view, &bytes.head, &same);
  if (reason != REASON_OK || same) return reason;
  struct put put = {.view = &view, .row = &bytes.head, .groups = groups, .group_count = group_count};
  reason = grow_recent(&put, directory);
  return reason == REASON_OK ? merge_when_due(directory, &view) : reason;
}
