#include "table_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trusted_file.h"
#include "view.h"

/* A table file that grows: header, settings, rows, then the indexes. It starts with a header that is filled at the
 * end. */
struct build {
  char *bytes;
  size_t used, room;
  enum table_kind kind;
  uint64_t generation;
  uint8_t key[TABLE_KEY_SIZE];
  struct table_part settings, rows;
  size_t settings_used;
  uint32_t row_count;
};

static void build_clear(struct build *build) {
  free(build->bytes);
}

/* ---- bytes ---- */

/* Append zeros, and give their offset. */
static enum reason extend(struct build *build, size_t size, size_t *ret_offset) {
  if (size > SIZE_MAX / 4 - build->used) return REASON_OUT_OF_MEMORY;
  size_t needed = build->used + size;
  if (needed > build->room) {
    size_t room = needed + needed / 2 + 4096;
    char *bytes = realloc(build->bytes, room);
    if (bytes == NULL) return REASON_OUT_OF_MEMORY;
    build->bytes = bytes;
    build->room = room;
  }
  memset(build->bytes + build->used, 0, size);
  *ret_offset = build->used;
  build->used = needed;
  return REASON_OK;
}

static enum reason append(struct build *build, const void *bytes, size_t size) {
  size_t offset;
  enum reason reason = extend(build, size, &offset);
  if (reason == REASON_OK && size > 0) memcpy(build->bytes + offset, bytes, size);
  return reason;
}

static enum reason append_string(struct build *build, const char *string) {
  return append(build, string, strlen(string) + 1);
}

/* End the part that began at `start`. */
static enum reason end_part(struct build *build, size_t start, struct table_part *ret) {
  size_t offset;
  enum reason reason = extend(build, -build->used % 8, &offset);
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

static enum reason append_settings(struct build *build, const struct account_settings *settings) {
  struct table_settings head = {.fingerprint = settings->fingerprint,
                                .range = settings->range,
                                .login_program_count = count_strings(settings->login_programs),
                                .pattern_count = (uint32_t)settings->pattern_count};
  size_t start = build->used;
  if (!account_path_is_fit(settings->home) || !account_path_is_fit(settings->shell)) return REASON_INTERNAL;
  enum reason reason = append(build, &head, sizeof(head));
  if (reason == REASON_OK) reason = append_string(build, settings->home);
  if (reason == REASON_OK) reason = append_string(build, settings->shell);
  for (uint32_t i = 0; reason == REASON_OK && i < head.login_program_count; i++)
    reason = account_path_is_fit(settings->login_programs[i]) ? append_string(build, settings->login_programs[i])
                                                              : REASON_INTERNAL;
  for (uint32_t i = 0; reason == REASON_OK && i < head.pattern_count; i++) {
    reason = append_string(build, settings->patterns[i].prefix);
    if (reason == REASON_OK) reason = append_string(build, settings->patterns[i].suffix);
  }
  build->settings_used = build->used - start;
  return reason == REASON_OK ? end_part(build, start, &build->settings) : reason;
}

/* ---- rows ---- */

static enum reason append_row(struct build *build, const struct table_row *row, struct id_range range) {
  if (!name_is_strict(row->name) || !account_path_is_fit(row->home) || !account_path_is_fit(row->shell) ||
      !id_range_holds(range, row->uid))
    return REASON_INTERNAL;
  size_t name = strlen(row->name), home = strlen(row->home), shell = strlen(row->shell), offset;
  size_t size = (sizeof(struct table_row_head) + name + 1 + home + 1 + shell + 1 + 7) / 8 * 8;
  struct table_row_head head = {.uid = row->uid,
                                .size = (uint16_t)size,
                                .name_size = (uint16_t)name,
                                .home_size = (uint16_t)home,
                                .shell_size = (uint16_t)shell};
  enum reason reason = extend(build, size, &offset);
  if (reason != REASON_OK) return reason;
  char *bytes = build->bytes + offset, *text = bytes + sizeof(head);
  memcpy(text, row->name, name);
  memcpy(text + name + 1, row->home, home);
  memcpy(text + name + 1 + home + 1, row->shell, shell);
  memcpy(bytes, &head, sizeof(head));
  head.check = table_row_check(build->key, bytes, size);
  memcpy(bytes, &head, sizeof(head));
  build->row_count++;
  return REASON_OK;
}

static enum reason append_source(struct build *build, const struct account_settings *settings,
                                 const struct table_source *source) {
  struct table_row row;
  enum reason reason = REASON_OK, failure = REASON_OK;
  while (reason == REASON_OK && source->next(source->context, &row, &failure))
    reason = append_row(build, &row, settings->range);
  return reason == REASON_OK ? failure : reason;
}

/* ---- indexes ---- */

struct index_build {
  struct table_entry *entries;
  uint64_t mask;
  uint32_t reach;
};

/* Enter a row under its hash. False when the index has a row of the same name, or of the same uid. */
static bool enter(struct index_build *index, const char *rows, uint32_t place, uint64_t hash, bool by_name) {
  const struct table_row_head *row = (const void *)(rows + ((size_t)place - 1) * 8);
  struct table_entry mine = {(uint32_t)(hash >> 32), place};
  for (uint32_t i = 0;; i++) {
    struct table_entry *entry = &index->entries[(hash + i) & index->mask];
    if (entry->row == 0) {
      *entry = mine;
      if (index->reach < i + 1) index->reach = i + 1;
      return true;
    }
    if (entry->tag != mine.tag) continue;
    const struct table_row_head *other = (const void *)(rows + ((size_t)entry->row - 1) * 8);
    if (by_name ? strcmp((const char *)(other + 1), (const char *)(row + 1)) == 0 : other->uid == row->uid)
      return false;
  }
}

static enum reason append_index(struct build *build, bool by_name, struct table_part *ret_part, uint32_t *ret_reach) {
  uint64_t count = 2;
  while (count < 2 * (uint64_t)build->row_count)
    count *= 2;
  size_t offset;
  enum reason reason = extend(build, (size_t)count * sizeof(struct table_entry), &offset);
  if (reason != REASON_OK) return reason;

  const char *rows = build->bytes + build->rows.offset;
  struct index_build index = {.entries = (void *)(build->bytes + offset), .mask = count - 1};
  for (size_t at = 0; at < build->rows.size;) {
    const struct table_row_head *row = (const void *)(rows + at);
    uint64_t hash =
        by_name ? siphash24(build->key, row + 1, row->name_size) : siphash24(build->key, &row->uid, sizeof(row->uid));
    if (!enter(&index, rows, (uint32_t)(at / 8 + 1), hash, by_name)) return REASON_INTERNAL;
    at += row->size;
  }
  *ret_reach = index.reach;
  return end_part(build, offset, ret_part);
}

/* ---- the whole file ---- */

static enum reason begin_table(struct build *build) {
  size_t offset;
  return extend(build, sizeof(struct table_header), &offset);
}

/* Rows were appended from `rows_start` on: add the indexes, fill the header. */
static enum reason finish_table(struct build *build, size_t rows_start) {
  struct table_header header = {.magic = TABLE_MAGIC,
                                .version = TABLE_VERSION,
                                .byte_order = TABLE_BYTE_ORDER,
                                .kind = build->kind,
                                .generation = build->generation,
                                .row_count = build->row_count,
                                .settings_used = (uint32_t)build->settings_used};
  enum reason reason = end_part(build, rows_start, &build->rows);
  if (reason == REASON_OK && build->rows.size / 8 >= UINT32_MAX) reason = REASON_OUT_OF_MEMORY;
  if (reason == REASON_OK) reason = append_index(build, true, &header.by_name, &header.name_reach);
  if (reason == REASON_OK) reason = append_index(build, false, &header.by_uid, &header.uid_reach);
  if (reason != REASON_OK) return reason;

  if (build->settings.offset == 0) build->settings.offset = sizeof(header);
  memcpy(header.key, build->key, sizeof(header.key));
  header.size = build->used;
  header.settings = build->settings;
  header.rows = build->rows;
  header.settings_check = siphash24(build->key, build->bytes + build->settings.offset, build->settings_used);
  header.check = table_header_check(&header);
  memcpy(build->bytes, &header, sizeof(header));
  return REASON_OK;
}

static enum reason write_table(const char *directory, const char *name, const struct build *build) {
  char path[PATH_MAX];
  if (table_path(directory, name, path)) return file_replace(path, 0644, build->bytes, build->used);
  errno = ENAMETOOLONG;
  return REASON_STATE_UNAVAILABLE;
}

/* ---- the folder ---- */

static enum reason make_folder(const char *directory) {
  if (mkdir(directory, 0755) == 0) return chmod(directory, 0755) == 0 ? REASON_OK : REASON_STATE_UNAVAILABLE;
  return errno == EEXIST ? REASON_OK : REASON_STATE_UNAVAILABLE;
}

static void close_folder(DIR **folder) {
  if (*folder != NULL) closedir(*folder);
}

/* True for the name of a base; also of one that was being written when its writer died, which has a suffix. */
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
    if (left_over || half_recent) unlinkat(dirfd(folder), name, 0);
  }
}

static void close_file(const int *fd) {
  if (*fd >= 0) close(*fd);
}

/* Put the recent table in place: from here on the new tables are in use. The old one is told so; a reader that misses
 * this finds out within a second. */
static enum reason publish(const char *directory, const struct build *recent) {
  char path[PATH_MAX];
  int old CLEANUP(close_file) = -1;
  if (table_path(directory, RECENT_FILE, path))
    old = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  enum reason reason = write_table(directory, RECENT_FILE, recent);
  struct stat st;
  if (reason == REASON_OK && old >= 0 && fstat(old, &st) == 0 && S_ISREG(st.st_mode) &&
      st.st_size >= (off_t)sizeof(struct table_header)) {
    const uint32_t yes = 1;
    ssize_t written UNUSED = pwrite(old, &yes, sizeof(yes), offsetof(struct table_header, superseded));
  }
  return reason;
}

/* ---- the two calls ---- */

static enum reason write_base(const char *directory, const char *name, struct build *build,
                              const struct account_settings *settings, const struct table_source *source) {
  enum reason reason = begin_table(build);
  if (reason == REASON_OK) reason = append_settings(build, settings);
  size_t rows_start = build->used;
  if (reason == REASON_OK) reason = append_source(build, settings, source);
  if (reason == REASON_OK) reason = finish_table(build, rows_start);
  return reason == REASON_OK ? write_table(directory, name, build) : reason;
}

static enum reason write_empty_recent(const char *directory, const struct build *base) {
  struct build recent CLEANUP(build_clear) = {.kind = TABLE_RECENT, .generation = base->generation};
  memcpy(recent.key, base->key, sizeof(recent.key));
  enum reason reason = begin_table(&recent);
  if (reason == REASON_OK) reason = finish_table(&recent, recent.used);
  return reason == REASON_OK ? publish(directory, &recent) : reason;
}

enum reason tables_write_all(const char *directory, const struct account_settings *settings,
                             const struct table_source *source) {
  struct build base CLEANUP(build_clear) = {.kind = TABLE_BASE};
  enum reason reason = make_folder(directory);
  if (reason == REASON_OK) reason = next_generation(directory, &base.generation);
  if (reason != REASON_OK) return reason;
  if (getrandom(base.key, sizeof(base.key), 0) != (ssize_t)sizeof(base.key)) return REASON_STATE_UNAVAILABLE;

  char name[BASE_NAME_SIZE];
  name_base(base.generation, name);
  reason = write_base(directory, name, &base, settings, source);
  if (reason != REASON_OK) return reason;
  reason = write_empty_recent(directory, &base);
  int error = errno;
  remove_unused(directory); /* also after a failure: the new base may be what fills the disk */
  errno = error;
  return reason;
}

/* Do the tables have this row? REASON_INTERNAL when they have its name or its id in another row. */
static enum reason find_row(const struct table_view *view, const struct table_row *row, bool *ret_present) {
  struct table_wanted by_name = table_wanted_name(view, row->name), by_uid = table_wanted_uid(view, row->uid);
  struct table_row_view found;
  enum table_status named = table_view_find(view, &by_name, &found);
  bool same = named == TABLE_FOUND && found.head.uid == row->uid && strcmp(found.home, row->home) == 0 &&
              strcmp(found.shell, row->shell) == 0;
  enum table_status numbered = table_view_find(view, &by_uid, &found);
  if (named == TABLE_UNAVAILABLE || numbered == TABLE_UNAVAILABLE) return REASON_STATE_DAMAGED;
  if (!same && (named == TABLE_FOUND || numbered == TABLE_FOUND)) return REASON_INTERNAL;
  *ret_present = same;
  return REASON_OK;
}

/* All recent tables of a base share its key, so sound rows move as they are. */
static enum reason append_old_rows(struct build *build, const struct table_view *view) {
  const struct table *recent = &view->recent;
  enum reason reason = REASON_OK;
  for (size_t at = 0; reason == REASON_OK && at < recent->rows_size; build->row_count++) {
    struct table_row_view row;
    if (!table_view_row(view, recent, (uint32_t)(at / 8 + 1), &row)) return REASON_STATE_DAMAGED;
    reason = append(build, recent->rows + at, row.head.size);
    at += row.head.size;
  }
  return reason;
}

static enum reason write_grown_recent(const char *directory, const struct table_view *view,
                                      const struct table_row *row) {
  const struct table_header *old = view->recent.header;
  struct build recent CLEANUP(build_clear) = {.kind = TABLE_RECENT, .generation = old->generation};
  memcpy(recent.key, old->key, sizeof(recent.key));
  enum reason reason = begin_table(&recent);
  size_t rows_start = recent.used;
  if (reason == REASON_OK) reason = append_old_rows(&recent, view);
  if (reason == REASON_OK) reason = append_row(&recent, row, view->settings.range);
  if (reason == REASON_OK) reason = finish_table(&recent, rows_start);
  return reason == REASON_OK ? publish(directory, &recent) : reason;
}

enum reason tables_add(const char *directory, const struct table_row *row, bool *ret_compact) {
  struct table_view view CLEANUP(table_view_close) = {0};
  if (!table_view_open(directory, &view)) return REASON_STATE_DAMAGED;
  bool present;
  enum reason reason = find_row(&view, row, &present);
  if (reason == REASON_OK && !present) reason = write_grown_recent(directory, &view, row);
  if (reason == REASON_OK) *ret_compact = view.recent.header->row_count + !present >= TABLE_RECENT_MAX;
  return reason;
}
