#include "view.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account_settings.h"

/* The base that a recent table names may be gone when a writer came between: it replaces the one, then removes the
 * other. */
#define OPEN_ATTEMPTS 4

/* Without printf(3), which costs a program's first lookup more than all the rest of opening. */
bool table_path(const char *directory, const char *name, char ret[PATH_MAX]) {
  size_t length = strlen(directory), name_size = strlen(name) + 1;
  if (length + 1 + name_size > PATH_MAX) return false;
  memcpy(ret, directory, length);
  ret[length] = '/';
  memcpy(ret + length + 1, name, name_size);
  return true;
}

void table_base_name(uint64_t generation, char ret[BASE_NAME_SIZE]) {
  memcpy(ret, BASE_PREFIX, strlen(BASE_PREFIX));
  char *digits = ret + strlen(BASE_PREFIX);
  for (int i = 0; i < BASE_DIGITS; i++)
    digits[i] = "0123456789abcdef"[generation >> 4 * (BASE_DIGITS - 1 - i) & 0xf];
  digits[BASE_DIGITS] = '\0';
}

/* ---- check values: against damage, not against whoever can write the file ---- */

#define SPREAD 0x9e3779b97f4a7c15u /* odd, and its bits in no order: 2^64 / the golden ratio */

struct sum {
  uint64_t words, places;
};

static void add_word(struct sum *sum, const char *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof(word));
  sum->words = (sum->words << 29 | sum->words >> 35) + word;
  sum->places += sum->words;
}

/*
 * Two running sums (Fletcher 1982), so that also words in another order give another value, four words at a time. The
 * first is turned from word to word: what changes two words' highest bits would else leave both sums as they are.
 */
uint64_t table_sum(uint64_t seed, const void *bytes, size_t size) {
  enum { WORD = sizeof(uint64_t) };
  struct sum sum = {seed ^ size, 0};
  const char *at = bytes, *end = at + size;
  for (; end - at >= 4 * WORD; at += 4 * WORD) {
    add_word(&sum, at);
    add_word(&sum, at + WORD);
    add_word(&sum, at + 2 * WORD);
    add_word(&sum, at + 3 * WORD);
  }
  for (; end - at >= WORD; at += WORD)
    add_word(&sum, at);
  char rest[WORD] = {0};
  if (at < end) {
    memcpy(rest, at, (size_t)(end - at));
    add_word(&sum, rest);
  }
  uint64_t mixed = (sum.words ^ sum.words >> 32) * SPREAD ^ sum.places;
  mixed = (mixed ^ mixed >> 32) * SPREAD;
  return mixed ^ mixed >> 32;
}

uint64_t table_header_check(const struct table_header *header) {
  struct table_header copy;
  memcpy(&copy, header, sizeof(copy));
  atomic_store_explicit(&copy.superseded, 0, memory_order_relaxed);
  copy.check = 0;
  return table_sum(0, &copy, sizeof(copy));
}

/* The id is spread over the seed: a change of some bits of the next word cannot make up for one of it. */
uint32_t table_row_check(const uint8_t key[TABLE_KEY_SIZE], const void *row, size_t size) {
  struct {
    uint32_t check, id;
  } first;
  uint64_t seed;
  memcpy(&first, row, sizeof(first));
  memcpy(&seed, key, sizeof(seed));
  return (uint32_t)table_sum(seed ^ first.id * SPREAD, (const char *)row + sizeof(first), size - sizeof(first));
}

uint64_t table_tail_check(const struct table *table) {
  uint64_t start = table->header->rows.offset + table->header->rows.size;
  return table_sum(0, table->bytes + start, table->size - start);
}

/* ---- mapping ---- */

/*
 * Root's, or the reader's own: whoever can put a file of user X there is X or root, and X can make nothing of a lookup
 * in a process of X. So unit tests need no root, while a process of root believes root alone.
 */
static bool file_is_safe(const struct stat *st) {
  return S_ISREG(st->st_mode) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
         (st->st_uid == 0 || st->st_uid == geteuid()) && st->st_size >= (off_t)sizeof(struct table_header) &&
         (uintmax_t)st->st_size <= SIZE_MAX;
}

static bool map_file(const char *path, struct table *ret) {
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat st;
  void *bytes = MAP_FAILED;
  if (fstat(fd, &st) == 0 && file_is_safe(&st)) bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (bytes == MAP_FAILED) return false;
  *ret = (struct table){.bytes = bytes, .size = (size_t)st.st_size, .device = st.st_dev, .inode = st.st_ino};
  return true;
}

static void unmap(struct table *table) {
  if (table->bytes != NULL) munmap((void *)table->bytes, table->size);
  table->bytes = NULL;
}

static bool part_fits(const struct table *table, struct table_part part) {
  return part.offset % 8 == 0 && part.size % 8 == 0 && part.offset >= sizeof(struct table_header) &&
         part.offset <= table->size && part.size <= table->size - part.offset;
}

static bool set_index(const struct table *table, struct table_part part, uint32_t reach, struct table_index *ret) {
  uint64_t entries = part.size / sizeof(struct table_entry);
  if (!part_fits(table, part) || entries == 0 || (entries & (entries - 1)) != 0 || reach > entries ||
      reach > TABLE_REACH_MAX)
    return false;
  *ret = (struct table_index){(const struct table_entry *)(table->bytes + part.offset), entries - 1, reach};
  return true;
}

static bool header_is_sound(const struct table *table, enum table_kind kind) {
  const struct table_header *header = table->header;
  return memcmp(header->magic, TABLE_MAGIC, sizeof(header->magic)) == 0 && header->version == TABLE_VERSION &&
         header->byte_order == TABLE_BYTE_ORDER && header->kind == kind && header->zero == 0 &&
         header->size == table->size && header->check == table_header_check(header);
}

/* The parts are inside the file. A recent table's indexes and members are small enough to be checked here. */
static bool set_parts(struct table *table) {
  const struct table_header *header = table->header;
  if (!part_fits(table, header->settings) || !part_fits(table, header->rows) || !part_fits(table, header->groups) ||
      !part_fits(table, header->members) || !set_index(table, header->by_name, header->name_reach, &table->by_name) ||
      !set_index(table, header->by_id, header->id_reach, &table->by_id) ||
      header->group_count > header->groups.size / sizeof(uint32_t) ||
      (header->kind == TABLE_RECENT && header->tail_check != table_tail_check(table)))
    return false;
  table->rows = table->bytes + header->rows.offset;
  table->rows_size = header->rows.size;
  table->members = (const uint32_t *)(table->bytes + header->members.offset);
  table->member_count = header->members.size / sizeof(uint32_t);
  return true;
}

bool table_check(struct table *table, enum table_kind kind) {
  if (table->size < sizeof(*table->header)) return false;
  table->header = (const struct table_header *)table->bytes;
  return header_is_sound(table, kind) && set_parts(table);
}

static bool map_table(const char *path, enum table_kind kind, struct table *ret) {
  struct table table = {0};
  if (!map_file(path, &table)) return false;
  if (!table_check(&table, kind)) {
    unmap(&table);
    return false;
  }
  *ret = table;
  return true;
}

/* ---- the settings ---- */

const char *table_next_string(const struct table_view *view, const char **at) {
  const char *string = *at;
  size_t room = (size_t)(view->strings_end - string), length = strnlen(string, room);
  if (length == room) return NULL;
  *at = string + length + 1;
  return string;
}

struct table_defaults table_defaults_of(const char *home_template, const char *shell) {
  struct table_defaults defaults = {.shell = {shell, strlen(shell)}};
  const char *placeholder = strstr(home_template, ACCOUNT_NAME_PLACEHOLDER);
  if (placeholder == NULL) return defaults;
  const char *after = placeholder + strlen(ACCOUNT_NAME_PLACEHOLDER);
  defaults.has_home = strstr(after, ACCOUNT_NAME_PLACEHOLDER) == NULL;
  defaults.before_name = (struct table_text){home_template, (size_t)(placeholder - home_template)};
  defaults.after_name = (struct table_text){after, strlen(after)};
  return defaults;
}

static bool read_settings(struct table_view *view) {
  const struct table_header *header = view->base.header;
  const char *bytes = view->base.bytes + header->settings.offset;
  size_t used = header->settings_used;
  if (used < sizeof(view->settings) || used > header->settings.size) return false;
  if (table_sum(0, bytes, used) != header->settings_check) return false;

  memcpy(&view->settings, bytes, sizeof(view->settings));
  if (view->settings.zero != 0) return false;
  view->strings = bytes + sizeof(view->settings);
  view->strings_end = bytes + used;
  const char *at = view->strings, *home = table_next_string(view, &at), *shell = table_next_string(view, &at);
  if (home == NULL || shell == NULL) return false;
  view->defaults = table_defaults_of(home, shell);
  uint64_t count = 2;
  while (table_next_string(view, &at) != NULL)
    count++;
  return at == view->strings_end && count == TABLE_SETTINGS_STRINGS + (uint64_t)view->settings.login_program_count +
                                                 2 * (uint64_t)view->settings.pattern_count;
}

/* ---- the pair ---- */

void table_view_close(struct table_view *view) {
  unmap(&view->recent);
  unmap(&view->base);
}

/* One key for both: what is sought is hashed once. It also tells this base from any other of its number. */
bool table_view_join(struct table_view *view) {
  const struct table_header *recent = view->recent.header, *base = view->base.header;
  return base->generation == recent->generation && memcmp(base->key, recent->key, TABLE_KEY_SIZE) == 0 &&
         read_settings(view);
}

static bool open_base(const char *directory, struct table_view *view) {
  const struct table_header *recent = view->recent.header;
  char name[BASE_NAME_SIZE], path[PATH_MAX];
  table_base_name(recent->generation, name);
  return table_path(directory, name, path) && map_table(path, TABLE_BASE, &view->base) && table_view_join(view);
}

bool table_was_replaced(const char *directory, const struct table *recent) {
  char path[PATH_MAX];
  struct stat st;
  return table_path(directory, RECENT_FILE, path) && stat(path, &st) == 0 &&
         (st.st_dev != recent->device || st.st_ino != recent->inode);
}

static bool open_pair(const char *directory, struct table_view *ret) {
  char path[PATH_MAX];
  if (!table_path(directory, RECENT_FILE, path)) return false;
  for (int i = 0; i < OPEN_ATTEMPTS; i++) {
    struct table_view view = {0};
    if (!map_table(path, TABLE_RECENT, &view.recent)) return false;
    bool opened = open_base(directory, &view);
    if (opened) {
      *ret = view;
      return true;
    }
    bool replaced = table_was_replaced(directory, &view.recent);
    table_view_close(&view);
    if (!replaced) return false;
  }
  return false;
}

bool table_view_open(const char *directory, struct table_view *ret) {
  /* open and close are cancellation points: a thread that ended in one would leave a descriptor or a mapping. */
  int state;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  bool opened = open_pair(directory, ret);
  pthread_setcancelstate(state, &state);
  return opened;
}

bool table_view_open_base(const char *path, struct table_view *ret) {
  struct table_view view = {0};
  if (!map_table(path, TABLE_BASE, &view.base)) return false;
  bool sound = read_settings(&view);
  if (sound)
    *ret = view;
  else
    table_view_close(&view);
  return sound;
}

/* ---- finding ---- */

struct table_wanted table_wanted_name(const struct table_view *view, const char *name) {
  size_t size = strlen(name);
  return (struct table_wanted){.name = name, .name_size = size, .hash = siphash24(view->base.header->key, name, size)};
}

struct table_wanted table_wanted_id(const struct table_view *view, uint32_t id) {
  return (struct table_wanted){.id = id, .hash = siphash24(view->base.header->key, &id, sizeof(id))};
}

/* What its kind demands. A group may be a local one, with a gid that the range does not hold. */
static bool head_is_fit(const struct table_view *view, const struct table_row_head *head) {
  if (head->kind == TABLE_GROUP) return head->extra_count == 1;
  return head->kind == TABLE_ACCOUNT && head->extra_count <= TABLE_GROUPS_MAX &&
         (head->home_size > 0 || view->defaults.has_home) && id_range_holds(view->settings.range, head->id);
}

bool table_view_row(const struct table_view *view, const struct table *table, uint32_t place,
                    struct table_row_view *ret) {
  uint64_t offset = ((uint64_t)place - 1) * 8;
  if (offset > table->rows_size || table->rows_size - offset < sizeof(ret->head)) return false;
  ret->bytes = table->rows + offset;
  __builtin_prefetch(ret->bytes + 40); /* a row of the usual size may end in another line of the cache */
  memcpy(&ret->head, ret->bytes, sizeof(ret->head));
  const struct table_row_head *head = &ret->head;
  size_t text = sizeof(*head) + head->extra_count * (size_t)TABLE_EXTRA_SIZE;
  size_t needed = text + head->name_size + 1u + head->home_size + 1u + head->shell_size + 1u;
  if (head->zero != 0 || head->size < needed || head->size % 8 != 0 || head->size > table->rows_size - offset)
    return false;
  ret->name = ret->bytes + text;
  ret->home = ret->name + head->name_size + 1;
  ret->shell = ret->home + head->home_size + 1;
  return head->check == table_row_check(view->base.header->key, ret->bytes, head->size) &&
         ret->name[head->name_size] == '\0' && ret->home[head->home_size] == '\0' &&
         ret->shell[head->shell_size] == '\0' && head_is_fit(view, head);
}

static bool row_is(const struct table_row_view *row, const struct table_wanted *wanted) {
  if (wanted->name == NULL) return row->head.id == wanted->id;
  return row->head.name_size == wanted->name_size && memcmp(row->name, wanted->name, wanted->name_size) == 0;
}

enum table_status table_view_find_in(const struct table_view *view, const struct table *table,
                                     const struct table_wanted *wanted, struct table_row_view *ret) {
  const struct table_index *index = wanted->name != NULL ? &table->by_name : &table->by_id;
  for (uint32_t i = 0; i < index->reach; i++) {
    const struct table_entry *entry = &index->entries[(wanted->hash + i) & index->mask];
    if (entry->row == 0) return TABLE_ABSENT;
    if (entry->tag != (uint32_t)(wanted->hash >> 32)) continue;
    struct table_row_view row;
    if (!table_view_row(view, table, entry->row, &row)) return TABLE_UNAVAILABLE;
    if (!row_is(&row, wanted)) continue;
    *ret = row;
    return TABLE_FOUND;
  }
  return TABLE_ABSENT;
}

enum table_status table_view_find(const struct table_view *view, const struct table_wanted *wanted,
                                  struct table_row_view *ret) {
  const struct table_index *base = wanted->name != NULL ? &view->base.by_name : &view->base.by_id;
  __builtin_prefetch(&base->entries[wanted->hash & base->mask]); /* mostly it is there */
  enum table_status status = table_view_find_in(view, &view->recent, wanted, ret);
  return status == TABLE_ABSENT ? table_view_find_in(view, &view->base, wanted, ret) : status;
}

/* ---- memberships ---- */

const struct table_row_membership *table_row_memberships(const struct table_row_view *row) {
  return (const struct table_row_membership *)(row->bytes + sizeof(row->head));
}

bool table_view_members(const struct table *table, const struct table_row_view *group, const uint32_t **ret,
                        uint32_t *ret_count) {
  const struct table_row_members *members = (const struct table_row_members *)(group->bytes + sizeof(group->head));
  if (members->first > table->member_count || members->count > table->member_count - members->first) return false;
  const uint32_t *places = table->members + members->first;
  if (members->zero != 0 || members->check != (uint32_t)table_sum(0, places, members->count * sizeof(*places)))
    return false;
  *ret = places;
  *ret_count = members->count;
  return true;
}
