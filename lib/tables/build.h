/*
 * A table file that is being built: in a temporary file of the tables' folder, mapped, so that memory does not grow
 * with the accounts. Space is allocated before it is touched: a full disk is an error and no SIGBUS. Until it is put in
 * place the file is locked, so that another writer's clean-up leaves it alone, and only its owner may open it.
 *
 * A disk that cannot read back what it was given may still be a SIGBUS. Its writer dies of it then, as of any kill, and
 * takes all its locks along: the ledger's, the turn's, the file's. So writers are processes of their own, jwt-keeper
 * and jwtctl, and never a program that loaded one of the modules.
 */
#ifndef JWT_LOGIN_TABLES_BUILD_H
#define JWT_LOGIN_TABLES_BUILD_H

#include "reason.h"
#include "table_writer.h"
#include "view.h"

#define TABLE_ROW_MAX                                                                                                  \
  (sizeof(struct table_row_head) + TABLE_GROUPS_MAX * TABLE_EXTRA_SIZE + ACCOUNT_NAME_MAX + 2 * ACCOUNT_PATH_MAX + 3 + \
   7)

/* A row that is being made, or one to be appended. */
union row_bytes {
  struct table_row_head head;
  char bytes[TABLE_ROW_MAX];
};

/* What a row's bytes depend on beside the row. */
struct build_rules {
  const uint8_t *key;
  struct id_range range;
  struct table_defaults defaults;
};

struct build_group {
  uint32_t gid, place;
  uint32_t first, count; /* of its members */
};

struct build {
  const char *directory;
  int fd;
  char path[PATH_MAX]; /* of the temporary file; "" when there is none */
  char *bytes;
  size_t used, room;
  struct table_header header;
  struct build_group *groups; /* by gid */
};

/* An index that is being filled. */
struct build_index {
  bool by_name;
  struct table_entry *entries;
  uint64_t mask;
  uint32_t reach;
};

/* Start the file `prefix`.XXXXXX with an empty header. In any case to be closed by build_close, which removes the file
 * if it was not put in place. */
MUST_USE enum reason build_open(struct build *build, const char *directory, const char *prefix, enum table_kind kind,
                                const uint8_t key[TABLE_KEY_SIZE]);
void build_close(struct build *build);

/* Append zeros, and give their offset; pointers into build->bytes are void then. */
MUST_USE enum reason build_extend(struct build *build, size_t size, size_t *ret_offset);
MUST_USE enum reason build_append(struct build *build, const void *bytes, size_t size);
/* End the part that began at `start`. */
MUST_USE enum reason build_end_part(struct build *build, size_t start, struct table_part *ret);

/* The parts of a file that is built row by row, in this order: settings (a base), groups, rows, finish. */
MUST_USE enum reason build_settings(struct build *build, const struct account_settings *settings);
MUST_USE enum reason build_copy_settings(struct build *build, const struct table_view *view);
MUST_USE enum reason build_groups(struct build *build, const struct table_group *groups, size_t count,
                                  struct id_range range);
/* Make a row's bytes. REASON_INTERNAL for one that no table may have. */
MUST_USE enum reason build_make_row(const struct build_rules *rules, const struct table_row *row, union row_bytes *ret);
/* Append an account's row, made for this key. REASON_INTERNAL for a membership of no group. */
MUST_USE enum reason build_row(struct build *build, const struct table_row_head *row);
MUST_USE enum reason build_finish(struct build *build);

/* Enter a row of the file under its name or id. False when the index has another of the same, or is too crowded. */
MUST_USE bool build_enter(struct build *build, struct build_index *index, uint32_t place);
struct table_row_head *build_row_at(const struct build *build, uint32_t place);
const char *build_row_name(const struct table_row_head *row);
/* Set what a group's row says of its members, which are already in the file's members part. */
void build_set_members(struct build *build, uint32_t group, const uint32_t *members, uint32_t first, uint32_t count);
uint64_t build_row_hash(const struct build *build, const struct table_row_head *row, bool by_name);

/* When all parts are there: their check values. build_finish does it. */
void build_check_parts(struct build *build);

/* Write all to the disk, so that putting it in place takes little. May be left out. */
MUST_USE enum reason build_sync(struct build *build, uint64_t generation);
/* The same, then rename the file to `name`, in place of any other, for all to read, and write that to the disk. */
MUST_USE enum reason build_put_in_place(struct build *build, uint64_t generation, const char *name);
/* Was it renamed? So it may be although what came after that failed. */
bool build_is_in_place(const struct build *build);

#endif
