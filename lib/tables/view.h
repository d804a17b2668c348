/* A consistent pair of mapped tables, and finding rows in it. No state beside the view; tables.c keeps and shares them.
 */
#ifndef JWT_LOGIN_TABLES_VIEW_H
#define JWT_LOGIN_TABLES_VIEW_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "format.h"
#include "tables.h"

struct table_index {
  const struct table_entry *entries;
  uint64_t mask;
  uint32_t reach;
};

/* A mapped file. What bounds depend on is copied out of the header once it is checked. */
struct table {
  const char *bytes; /* NULL: none */
  size_t size;
  const struct table_header *header;
  const char *rows;
  uint64_t rows_size;
  struct table_index by_name, by_id;
  const uint32_t *members; /* rows' places */
  uint64_t member_count;
  dev_t device;
  ino_t inode;
};

/* A string that need not end with a NUL. */
struct table_text {
  const char *bytes;
  size_t size;
};

/* What an empty home or shell of a row stands for. */
struct table_defaults {
  struct table_text shell;
  bool has_home; /* the template has one placeholder: */
  struct table_text before_name, after_name;
};

struct table_view {
  struct table recent, base;
  struct table_settings settings;
  const char *strings, *strings_end; /* of the settings */
  struct table_defaults defaults;
};

/* Whom or what group a lookup is for; made by one of the two functions. */
struct table_wanted {
  const char *name; /* NULL: the id is wanted */
  size_t name_size;
  uint32_t id;
  uint64_t hash;
};

/* A row that is in bounds and whose check value holds. The strings have NULs and stand in the mapping. */
struct table_row_view {
  struct table_row_head head;
  const char *bytes; /* from the head on */
  const char *name, *home, *shell;
};

/* The steps of opening, once the bytes are there: a file for itself, from `bytes` and `size`; the pair. */
MUST_USE bool table_check(struct table *table, enum table_kind kind);
MUST_USE bool table_view_join(struct table_view *view);

/* Map the tables of `directory`. False (errno says little) when they are missing, unsafe, damaged or do not belong
 * together; nothing stays mapped then, and no descriptor stays open ever. */
MUST_USE bool table_view_open(const char *directory, struct table_view *ret);
/* A base alone, as if with an empty recent table, `recent` being zero. */
MUST_USE bool table_view_open_base(const char *path, struct table_view *ret);
void table_view_close(struct table_view *view);
/* Whether another file stands where this recent table was. It need not be marked: its writer may have died. */
bool table_was_replaced(const char *directory, const struct table *recent);

struct table_wanted table_wanted_name(const struct table_view *view, const char *name);
struct table_wanted table_wanted_id(const struct table_view *view, uint32_t id);

/* Find the row in the recent table, else in the base; or in one of them alone. */
MUST_USE enum table_status table_view_find(const struct table_view *view, const struct table_wanted *wanted,
                                           struct table_row_view *ret);
MUST_USE enum table_status table_view_find_in(const struct table_view *view, const struct table *table,
                                              const struct table_wanted *wanted, struct table_row_view *ret);

/* The row at an index entry's place. False unless it is in bounds, whole, and of an id that may be answered. */
MUST_USE bool table_view_row(const struct table_view *view, const struct table *table, uint32_t place,
                             struct table_row_view *ret);

struct table_defaults table_defaults_of(const char *home_template, const char *shell);

/* An account's memberships, head.extra_count of them. */
const struct table_row_membership *table_row_memberships(const struct table_row_view *row);

/* A group's members in its row's own table: rows' places, *ret_count of them. False when they are damaged. */
MUST_USE bool table_view_members(const struct table *table, const struct table_row_view *group, const uint32_t **ret,
                                 uint32_t *ret_count);

/* The next of the settings' strings, *at being the place in them; NULL at the end. */
const char *table_next_string(const struct table_view *view, const char **at);

uint64_t table_header_check(const struct table_header *header);
uint64_t table_tail_check(const struct table *table);
uint32_t table_row_check(const uint8_t key[TABLE_KEY_SIZE], const void *row, size_t size);

/* A check value against damage, not against malice: cheaper than a hash. */
uint64_t table_sum(uint64_t seed, const void *bytes, size_t size);

/* The name of a base's file. */
void table_base_name(uint64_t generation, char ret[BASE_NAME_SIZE]);

/* The path of the file `name` in `directory`; false when it is too long. */
MUST_USE bool table_path(const char *directory, const char *name, char ret[PATH_MAX]);

#endif
