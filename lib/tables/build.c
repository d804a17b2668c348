#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROWTH_STEP ((size_t)4 << 10)
#define GROWTH_MAX ((size_t)4 << 20)

/* ---- the file ---- */

static enum reason fail(enum reason reason, int error) {
  errno = error;
  return reason;
}

/* A clean-up may come between making the file and locking it, and takes it away. */
static enum reason open_temporary(struct build *build, const char *pattern) {
  struct stat st = {0};
  do {
    if (build->fd >= 0) close(build->fd);
    memcpy(build->path, pattern, strlen(pattern) + 1);
    build->fd = mkostemp(build->path, O_CLOEXEC);
    if (build->fd < 0) build->path[0] = '\0';
    if (build->fd < 0 || flock(build->fd, LOCK_EX) != 0 || fstat(build->fd, &st) != 0) return REASON_STATE_UNAVAILABLE;
  } while (st.st_nlink == 0);
  return REASON_OK;
}

enum reason build_open(struct build *build, const char *directory, const char *prefix, enum table_kind kind,
                       const uint8_t key[TABLE_KEY_SIZE]) {
  *build = (struct build){.directory = directory,
                          .fd = -1,
                          .header = {.magic = TABLE_MAGIC,
                                     .version = TABLE_VERSION,
                                     .byte_order = TABLE_BYTE_ORDER,
                                     .kind = kind,
                                     .settings = {.offset = sizeof(struct table_header)}}};
  memcpy(build->header.key, key, TABLE_KEY_SIZE);
  char path[PATH_MAX];
  int length = snprintf(path, sizeof(path), "%s/%s.XXXXXX", directory, prefix);
  if (length < 0 || length >= PATH_MAX) return fail(REASON_STATE_UNAVAILABLE, ENAMETOOLONG);
  enum reason reason = open_temporary(build, path);
  if (reason != REASON_OK) return reason;
  size_t offset;
  return build_extend(build, sizeof(struct table_header), &offset);
}

static void unmap(struct build *build) {
  if (build->bytes != NULL) munmap(build->bytes, build->room);
  build->bytes = NULL;
}

void build_close(struct build *build) {
  int error = errno;
  unmap(build);
  if (build->path[0] != '\0') unlink(build->path);
  if (build->directory != NULL && build->fd >= 0) close(build->fd);
  free(build->groups);
  *build = (struct build){.fd = -1};
  errno = error;
}

static int allocate(int fd, size_t from, size_t size) {
  int error;
  do
    error = posix_fallocate(fd, (off_t)from, (off_t)size);
  while (error == EINTR);
  return error;
}

static enum reason grow(struct build *build, size_t needed) {
  size_t more = needed / 4 < GROWTH_MAX ? needed / 4 : GROWTH_MAX;
  size_t room = (needed + more + GROWTH_STEP - 1) / GROWTH_STEP * GROWTH_STEP;
  int error = allocate(build->fd, build->room, room - build->room);
  if (error != 0) return fail(REASON_STATE_UNAVAILABLE, error);
  void *bytes = build->bytes == NULL ? mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, build->fd, 0)
                                     : mremap(build->bytes, build->room, room, MREMAP_MAYMOVE);
  if (bytes == MAP_FAILED) return REASON_OUT_OF_MEMORY;
  build->bytes = bytes;
  build->room = room;
  return REASON_OK;
}

enum reason build_extend(struct build *build, size_t size, size_t *ret_offset) {
  if (size > SIZE_MAX / 4 - build->used) return fail(REASON_OUT_OF_MEMORY, ENOMEM);
  if (build->used + size > build->room) {
    enum reason reason = grow(build, build->used + size);
    if (reason != REASON_OK) return reason;
  }
  *ret_offset = build->used;
  build->used += size;
  return REASON_OK;
}

enum reason build_append(struct build *build, const void *bytes, size_t size) {
  size_t offset;
  enum reason reason = build_extend(build, size, &offset);
  if (reason == REASON_OK && size > 0) memcpy(build->bytes + offset, bytes, size);
  return reason;
}

enum reason build_end_part(struct build *build, size_t start, struct table_part *ret) {
  size_t offset;
  enum reason reason = build_extend(build, -build->used % 8, &offset);
  if (reason == REASON_OK) *ret = (struct table_part){start, build->used - start};
  return reason;
}

/* ---- settings ---- */

static uint32_t count_strings(const char *const *strings) {
  uint32_t count = 0;
  while (strings != NULL && strings[count] != NULL)
    count++;
  return count;
}

static enum reason append_string(struct build *build, const char *string) {
  return build_append(build, string, strlen(string) + 1);
}

static enum reason append_path(struct build *build, const char *path) {
  return account_path_is_fit(path) ? append_string(build, path) : REASON_INTERNAL;
}

static enum reason append_settings(struct build *build, const struct account_settings *settings) {
  struct table_settings head = {.fingerprint = settings->fingerprint,
                                .range = settings->range,
                                .login_program_count = count_strings(settings->login_programs),
                                .pattern_count = (uint32_t)settings->pattern_count,
                                .enumerate = settings->enumerate};
  enum reason reason = build_append(build, &head, sizeof(head));
  if (reason == REASON_OK) reason = append_path(build, settings->home);
  if (reason == REASON_OK) reason = append_path(build, settings->shell);
  if (reason == REASON_OK)
    reason = settings->fleet_key != NULL ? append_path(build, settings->fleet_key) : append_string(build, "");
  for (uint32_t i = 0; reason == REASON_OK && i < head.login_program_count; i++)
    reason = append_path(build, settings->login_programs[i]);
  for (uint32_t i = 0; reason == REASON_OK && i < head.pattern_count; i++) {
    reason = append_string(build, settings->patterns[i].prefix);
    if (reason == REASON_OK) reason = append_string(build, settings->patterns[i].suffix);
  }
  return reason;
}

static enum reason end_settings(struct build *build, size_t start) {
  struct table_header *header = &build->header;
  header->settings_used = (uint32_t)(build->used - start);
  header->settings_check = table_sum(0, build->bytes + start, header->settings_used);
  return build_end_part(build, start, &header->settings);
}

enum reason build_settings(struct build *build, const struct account_settings *settings) {
  size_t start = build->used;
  enum reason reason = append_settings(build, settings);
  return reason == REASON_OK ? end_settings(build, start) : reason;
}

enum reason build_copy_settings(struct build *build, const struct table_view *view) {
  const struct table_header *base = view->base.header;
  size_t start = build->used;
  enum reason reason = build_append(build, view->base.bytes + base->settings.offset, base->settings_used);
  return reason == REASON_OK ? end_settings(build, start) : reason;
}

/* ---- rows ---- */

const char *build_row_name(const struct table_row_head *row) {
  return (const char *)(row + 1) + row->extra_count * (size_t)TABLE_EXTRA_SIZE;
}

struct table_row_head *build_row_at(const struct build *build, uint32_t place) {
  return (void *)(build->bytes + build->header.rows.offset + ((size_t)place - 1) * 8);
}

/* Zeros are behind the head. The head's kind, id and extra_count are set already. */
static void finish_row(const uint8_t key[TABLE_KEY_SIZE], struct table_row_head *row, const char *const strings[3]) {
  size_t sizes[3];
  char *at = (char *)(row + 1) + row->extra_count * (size_t)TABLE_EXTRA_SIZE;
  for (int i = 0; i < 3; i++) {
    sizes[i] = strlen(strings[i]);
    at = (char *)memcpy(at, strings[i], sizes[i]) + sizes[i] + 1;
  }
  row->name_size = (uint8_t)sizes[0];
  row->home_size = (uint8_t)sizes[1];
  row->shell_size = (uint8_t)sizes[2];
  row->size = (uint16_t)((size_t)(at - (char *)row + 7) / 8 * 8);
  row->check = table_row_check(key, row, row->size);
}

static bool memberships_are_fit(const struct table_row *row) {
  for (size_t i = 0; i < row->membership_count; i++)
    for (size_t j = 0; j < i; j++)
      if (row->memberships[i].gid == row->memberships[j].gid) return false;
  return row->membership_count <= TABLE_GROUPS_MAX;
}

_Static_assert(ACCOUNT_PATH_MAX <= UINT8_MAX, "a row's head holds the size");

static bool skip(const char **at, struct table_text text) {
  if (strncmp(*at, text.bytes, text.size) != 0) return false;
  *at += text.size;
  return true;
}

static bool is_default_home(const struct table_defaults *defaults, const struct table_row *row) {
  const char *at = row->home;
  return defaults->has_home && skip(&at, defaults->before_name) &&
         skip(&at, (struct table_text){row->name, strlen(row->name)}) && skip(&at, defaults->after_name) && *at == '\0';
}

static bool is_default_shell(const struct table_defaults *defaults, const struct table_row *row) {
  const char *at = row->shell;
  return skip(&at, defaults->shell) && *at == '\0';
}

enum reason build_make_row(const struct build_rules *rules, const struct table_row *row, union row_bytes *ret) {
  if (!name_is_strict(row->name) || !account_path_is_fit(row->home) || !account_path_is_fit(row->shell) ||
      !id_range_holds(rules->range, row->uid) || !memberships_are_fit(row))
    return REASON_INTERNAL;
  memset(ret, 0, sizeof(*ret));
  ret->head =
      (struct table_row_head){.id = row->uid, .kind = TABLE_ACCOUNT, .extra_count = (uint8_t)row->membership_count};
  struct table_row_membership *memberships = (void *)(&ret->head + 1);
  for (size_t i = 0; i < row->membership_count; i++)
    memberships[i] =
        (struct table_row_membership){.expires = row->memberships[i].expires, .gid = row->memberships[i].gid};
  const struct table_defaults *defaults = &rules->defaults;
  const char *home = is_default_home(defaults, row) ? "" : row->home,
             *shell = is_default_shell(defaults, row) ? "" : row->shell;
  finish_row(rules->key, &ret->head, (const char *const[]){row->name, home, shell});
  return REASON_OK;
}

static struct build_group *find_group(const struct build *build, uint32_t gid) {
  for (size_t low = 0, high = build->header.group_count; low < high;) {
    size_t middle = low + (high - low) / 2;
    if (build->groups[middle].gid == gid) return &build->groups[middle];
    if (build->groups[middle].gid < gid)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

enum reason build_row(struct build *build, const struct table_row_head *row) {
  const struct table_row_membership *memberships = (const void *)(row + 1);
  for (int i = 0; i < row->extra_count; i++) {
    struct build_group *group = find_group(build, memberships[i].gid);
    if (group == NULL) return REASON_INTERNAL;
    group->count++;
  }
  build->header.account_count++;
  return build_append(build, row, row->size);
}

/* ---- groups ---- */

/* A local group's name is what groupadd(8) or a directory service made of it. */
static bool group_is_fit(const struct table_group *group, struct id_range range) {
  size_t length = strlen(group->name);
  if (id_range_holds(range, group->gid)) return name_is_strict(group->name);
  return length > 0 && length <= UINT8_MAX && group->gid != UINT32_MAX && text_is_printable(group->name) &&
         strpbrk(group->name, ":,") == NULL;
}

static int by_gid(const void *left, const void *right) {
  const struct table_group *const *a = left, *const *b = right;
  return (*a)->gid < (*b)->gid ? -1 : (*a)->gid > (*b)->gid;
}

static enum reason append_group(struct build *build, const struct table_group *group) {
  union row_bytes row = {.head = {.id = group->gid, .kind = TABLE_GROUP, .extra_count = 1}};
  finish_row(build->header.key, &row.head, (const char *const[]){group->name, "", ""});
  uint32_t place = (uint32_t)((build->used - build->header.rows.offset) / 8 + 1);
  build->groups[build->header.group_count++] = (struct build_group){.gid = group->gid, .place = place};
  return build_append(build, &row, row.head.size);
}

static void free_list(const struct table_group ***list) {
  free(*list);
}

enum reason build_groups(struct build *build, const struct table_group *groups, size_t count, struct id_range range) {
  const struct table_group **list CLEANUP(free_list) = calloc(count + 1, sizeof(const struct table_group *));
  build->groups = calloc(count + 1, sizeof(*build->groups));
  if (list == NULL || build->groups == NULL) return REASON_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++)
    list[i] = &groups[i];
  qsort(list, count, sizeof(const struct table_group *), by_gid);

  build->header.rows.offset = build->used;
  enum reason reason = REASON_OK;
  for (size_t i = 0; reason == REASON_OK && i < count; i++)
    reason = group_is_fit(list[i], range) && (i == 0 || list[i]->gid != list[i - 1]->gid) ? append_group(build, list[i])
                                                                                          : REASON_INTERNAL;
  return reason;
}

void build_set_members(struct build *build, uint32_t group, const uint32_t *members, uint32_t first, uint32_t count) {
  struct table_row_head *row = build_row_at(build, group);
  *(struct table_row_members *)(row + 1) = (struct table_row_members){
      .first = first, .count = count, .check = (uint32_t)table_sum(0, members, count * sizeof(*members))};
  row->check = table_row_check(build->header.key, row, row->size);
}

/* The rows know their groups: turn it round. */
static void fill_members(struct build *build, uint32_t *members) {
  for (size_t at = 0; at < build->header.rows.size;) {
    uint32_t place = (uint32_t)(at / 8 + 1);
    const struct table_row_head *row = build_row_at(build, place);
    const struct table_row_membership *memberships = (const void *)(row + 1);
    for (int i = 0; row->kind == TABLE_ACCOUNT && i < row->extra_count; i++) {
      struct build_group *group = find_group(build, memberships[i].gid);
      members[group->first + group->count++] = place;
    }
    at += row->size;
  }
}

static enum reason append_members(struct build *build) {
  struct table_header *header = &build->header;
  uint64_t total = 0;
  for (uint32_t i = 0; i < header->group_count; i++) {
    build->groups[i].first = (uint32_t)total;
    total += build->groups[i].count;
    build->groups[i].count = 0;
  }
  size_t offset;
  enum reason reason =
      total < UINT32_MAX ? build_extend(build, total * sizeof(uint32_t), &offset) : REASON_OUT_OF_MEMORY;
  if (reason != REASON_OK) return reason;
  uint32_t *members = (void *)(build->bytes + offset);
  fill_members(build, members);
  for (uint32_t i = 0; i < header->group_count; i++) {
    const struct build_group *group = &build->groups[i];
    build_set_members(build, group->place, members + group->first, group->first, group->count);
  }
  return build_end_part(build, offset, &header->members);
}

static enum reason append_group_places(struct build *build) {
  struct table_header *header = &build->header;
  size_t offset;
  enum reason reason = build_extend(build, header->group_count * sizeof(uint32_t), &offset);
  if (reason != REASON_OK) return reason;
  for (uint32_t i = 0; i < header->group_count; i++)
    memcpy(build->bytes + offset + i * sizeof(uint32_t), &build->groups[i].place, sizeof(uint32_t));
  return build_end_part(build, offset, &header->groups);
}

/* ---- indexes ---- */

uint64_t build_row_hash(const struct build *build, const struct table_row_head *row, bool by_name) {
  const uint8_t *key = build->header.key;
  return by_name ? siphash24(key, build_row_name(row), row->name_size) : siphash24(key, &row->id, sizeof(row->id));
}

bool build_enter(struct build *build, struct build_index *index, uint32_t place) {
  const struct table_row_head *row = build_row_at(build, place);
  uint64_t hash = build_row_hash(build, row, index->by_name);
  struct table_entry mine = {(uint32_t)(hash >> 32), place};
  for (uint32_t i = 0; i < TABLE_REACH_MAX; i++) {
    struct table_entry *entry = &index->entries[(hash + i) & index->mask];
    if (entry->row == 0) {
      *entry = mine;
      if (index->reach < i + 1) index->reach = i + 1;
      return true;
    }
    if (entry->tag != mine.tag) continue;
    const struct table_row_head *other = build_row_at(build, entry->row);
    if (index->by_name ? strcmp(build_row_name(other), build_row_name(row)) == 0 : other->id == row->id) return false;
  }
  return false;
}

static enum reason append_index(struct build *build, bool by_name, struct table_part *ret_part, uint32_t *ret_reach) {
  uint64_t rows = (uint64_t)build->header.account_count + build->header.group_count, count = 2;
  while (count < 2 * rows)
    count *= 2;
  size_t offset;
  enum reason reason = build_extend(build, (size_t)count * sizeof(struct table_entry), &offset);
  if (reason != REASON_OK) return reason;

  struct build_index index = {.by_name = by_name, .entries = (void *)(build->bytes + offset), .mask = count - 1};
  for (size_t at = 0; at < build->header.rows.size;) {
    uint32_t place = (uint32_t)(at / 8 + 1);
    if (!build_enter(build, &index, place)) return REASON_INTERNAL;
    at += build_row_at(build, place)->size;
  }
  *ret_reach = index.reach;
  return build_end_part(build, offset, ret_part);
}

enum reason build_finish(struct build *build) {
  struct table_header *header = &build->header;
  enum reason reason = build_end_part(build, header->rows.offset, &header->rows);
  if (reason == REASON_OK && header->rows.size / 8 >= UINT32_MAX) reason = REASON_OUT_OF_MEMORY;
  if (reason == REASON_OK) reason = append_index(build, true, &header->by_name, &header->name_reach);
  if (reason == REASON_OK) reason = append_index(build, false, &header->by_id, &header->id_reach);
  if (reason == REASON_OK) reason = append_group_places(build);
  if (reason == REASON_OK) reason = append_members(build);
  if (reason == REASON_OK) build_check_parts(build);
  return reason;
}

void build_check_parts(struct build *build) {
  struct table_header *header = &build->header;
  header->size = build->used;
  header->groups_check = table_sum(0, build->bytes + header->groups.offset, header->groups.size);
  size_t tail = header->rows.offset + header->rows.size;
  if (header->kind == TABLE_RECENT) header->tail_check = table_sum(0, build->bytes + tail, build->used - tail);
}

/* ---- in place ---- */

static bool write_header(struct build *build, uint64_t generation) {
  struct table_header *header = &build->header;
  header->generation = generation;
  header->check = table_header_check(header);
  return pwrite(build->fd, header, sizeof(*header), 0) == (ssize_t)sizeof(*header);
}

enum reason build_sync(struct build *build, uint64_t generation) {
  unmap(build);
  return write_header(build, generation) && ftruncate(build->fd, (off_t)build->used) == 0 && fsync(build->fd) == 0
             ? REASON_OK
             : REASON_STATE_UNAVAILABLE;
}

static void close_file(const int *fd) {
  if (*fd >= 0) close(*fd);
}

/* Others may open and lock a file that they may read, and so keep it from a clean-up: that comes last. */
enum reason build_put_in_place(struct build *build, uint64_t generation, const char *name) {
  int folder CLEANUP(close_file) = open(build->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return REASON_STATE_UNAVAILABLE;
  enum reason reason = build_sync(build, generation);
  if (reason != REASON_OK) return reason;
  if (fchmod(build->fd, 0644) != 0 || renameat(AT_FDCWD, build->path, folder, name) != 0)
    return REASON_STATE_UNAVAILABLE;
  build->path[0] = '\0';
  return fsync(build->fd) == 0 && fsync(folder) == 0 ? REASON_OK : REASON_STATE_UNAVAILABLE;
}

bool build_is_in_place(const struct build *build) {
  return build->path[0] == '\0';
}
