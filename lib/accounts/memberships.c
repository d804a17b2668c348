#include "config.h"

#include "memberships.h"

#include <stdlib.h>
#include <string.h>

#include "database.h"

/* ---- groups of other sources ---- */

/* One that got another gid, or another name, is another group: a gid that is free is given out again. */
static enum reason follow_local(struct ledger *ledger, uint32_t gid, const char *name, int64_t now) {
  enum reason reason = database_run(ledger, "DELETE FROM groups WHERE local AND (name = ?1 OR gid = ?2)",
                                    WITH(TEXT(name), INTEGER(gid)));
  if (reason == REASON_OK && sqlite3_changes(ledger->db) > 0) reason = database_note_behind(ledger);
  if (reason == REASON_OK)
    reason = database_run(ledger, "INSERT INTO groups (gid, name, local, since) VALUES (?, ?, 1, ?)",
                          WITH(INTEGER(gid), TEXT(name), INTEGER(now)));
  return reason;
}

/* It is there as it was, whatever ledger_compare found. */
static enum reason note_found(struct ledger *ledger, uint32_t gid) {
  enum reason reason =
      database_run(ledger, "UPDATE groups SET hidden = 0 WHERE gid = ? AND local AND hidden", WITH(INTEGER(gid)));
  return reason == REASON_OK && sqlite3_changes(ledger->db) > 0 ? database_note_behind(ledger) : reason;
}

/* The row that memberships refer to. */
static enum reason note_group(struct ledger *ledger, uint32_t gid, const char *name, struct id_range range,
                              int64_t now) {
  int64_t known = 0;
  bool ours = id_range_holds(range, gid);
  enum reason reason = database_integer(ledger, "SELECT 1 FROM groups WHERE gid = ? AND name = ?",
                                        WITH(INTEGER(gid), TEXT(name)), 0, &known);
  if (reason == REASON_OK && known != 0) return note_found(ledger, gid);
  if (reason != REASON_OK) return reason;
  if (!ours) reason = ledger_has_group(ledger, name, gid, &ours);
  if (reason != REASON_OK) return reason;
  return ours ? REASON_GROUP_AMBIGUOUS : follow_local(ledger, gid, name, now);
}

enum reason memberships_note_groups(struct ledger *ledger, const struct given_group *groups, size_t count,
                                    struct id_range range, int64_t now) {
  enum reason reason = REASON_OK;
  for (size_t i = 0; reason == REASON_OK && i < count; i++)
    reason = note_group(ledger, groups[i].gid, groups[i].name, range, now);
  return reason;
}

/* ---- those that tokens give ---- */

/* True when the identity has the group for no shorter time already. */
static enum reason is_covered(struct ledger *ledger, uint32_t uid, uint32_t gid, int64_t expires, bool *ret) {
  int64_t found = 0;
  enum reason reason = database_integer(
      ledger, "SELECT 1 FROM memberships WHERE identity = ? AND gid = ? AND (expires IS NULL OR expires >= ?)",
      WITH(INTEGER(uid), INTEGER(gid), INTEGER(expires)), 0, &found);
  if (reason == REASON_OK) *ret = found != 0;
  return reason;
}

static enum reason add_granted(struct ledger *ledger, const struct grant *grant, uint32_t gid, bool *ret_changed) {
  bool covered = false;
  enum reason reason = is_covered(ledger, grant->uid, gid, grant->expires, &covered);
  if (reason != REASON_OK) return reason;
  if (!covered) *ret_changed = true;
  return database_run(ledger,
                      "INSERT OR IGNORE INTO memberships (identity, gid, grant_id, expires) VALUES (?, ?, ?, ?)",
                      WITH(INTEGER(grant->uid), INTEGER(gid), TEXT(grant->id), INTEGER(grant->expires)));
}

enum reason memberships_note_changed(struct ledger *ledger, uint32_t uid) {
  return database_run(ledger, "UPDATE identities SET published = 0 WHERE uid = ?", WITH(INTEGER(uid)));
}

enum reason memberships_add_granted(struct ledger *ledger, const struct admission *admission, const struct grant *grant,
                                    bool *ret_changed) {
  bool changed = false;
  enum reason reason = memberships_note_groups(ledger, admission->groups, admission->group_count,
                                               admission->settings->range, admission->now);
  for (size_t i = 0; reason == REASON_OK && i < admission->group_count; i++)
    reason = add_granted(ledger, grant, admission->groups[i].gid, &changed);
  if (reason == REASON_OK && changed) reason = memberships_note_changed(ledger, grant->uid);
  if (reason == REASON_OK) *ret_changed = changed;
  return reason;
}

enum reason memberships_end_granted(struct ledger *ledger, uint32_t uid) {
  enum reason reason = memberships_note_changed(ledger, uid);
  if (reason != REASON_OK) return reason;
  return database_run(ledger, "DELETE FROM memberships WHERE identity = ? AND grant_id IS NOT NULL",
                      WITH(INTEGER(uid)));
}

/* Not at this moment but long ago: a clock that is set back must not give them back. */
enum reason grants_end(struct ledger *ledger, uint32_t uid) {
  enum reason reason = database_run(ledger, "UPDATE grants SET expires = 0 WHERE identity = ?", WITH(INTEGER(uid)));
  return reason == REASON_OK ? memberships_end_granted(ledger, uid) : reason;
}

/* ---- those that the administrator gives ---- */

enum reason memberships_add_lasting(struct ledger *ledger, uint32_t uid, const struct given_group *groups,
                                    size_t count) {
  enum reason reason = REASON_OK;
  for (size_t i = 0; reason == REASON_OK && i < count; i++)
    reason = database_run(ledger, "INSERT OR IGNORE INTO memberships (identity, gid) VALUES (?, ?)",
                          WITH(INTEGER(uid), INTEGER(groups[i].gid)));
  return reason;
}

enum reason memberships_set_lasting(struct ledger *ledger, uint32_t uid, const struct given_group *groups,
                                    size_t count) {
  enum reason reason =
      database_run(ledger, "DELETE FROM memberships WHERE identity = ? AND grant_id IS NULL", WITH(INTEGER(uid)));
  if (reason == REASON_OK) reason = memberships_add_lasting(ledger, uid, groups, count);
  return reason == REASON_OK ? memberships_note_changed(ledger, uid) : reason;
}

enum reason memberships_are_lasting(struct ledger *ledger, uint32_t uid, const struct given_group *groups, size_t count,
                                    bool *ret) {
  int64_t had = 0, found = 1;
  enum reason reason = database_integer(
      ledger, "SELECT count(*) FROM memberships WHERE identity = ? AND grant_id IS NULL", WITH(INTEGER(uid)), 0, &had);
  bool same = reason == REASON_OK && (size_t)had == count;
  for (size_t i = 0; reason == REASON_OK && same && i < count; i++) {
    reason =
        database_integer(ledger, "SELECT count(*) FROM memberships WHERE identity = ? AND gid = ? AND grant_id IS NULL",
                         WITH(INTEGER(uid), INTEGER(groups[i].gid)), 0, &found);
    same = found != 0;
  }
  if (reason == REASON_OK) *ret = same;
  return reason;
}

/* ---- told to others ---- */

/* For each gid the latest end: a grant without the group neither shortens nor lengthens what another gave. */
#define OF_IDENTITY                                                                              \
  "SELECT m.gid, g.name, max(ifnull(m.expires, 9223372036854775807)) AS over FROM memberships m" \
  " JOIN groups g ON g.gid = m.gid WHERE m.identity = ?"

enum reason ledger_each_membership(struct ledger *ledger, uint32_t uid, int64_t now,
                                   bool (*visit)(void *context, const struct membership *membership), void *context) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason = database_query(ledger, OF_IDENTITY " GROUP BY m.gid HAVING over > ? ORDER BY g.name",
                                      WITH(INTEGER(uid), INTEGER(now)), &statement);
  bool row = false;
  if (reason == REASON_OK) reason = database_step(ledger, statement, &row);
  while (reason == REASON_OK && row) {
    int64_t over = sqlite3_column_int64(statement, 2);
    struct membership membership = {.gid = (uint32_t)sqlite3_column_int64(statement, 0),
                                    .group = column_text(statement, 1),
                                    .expires = over == INT64_MAX ? 0 : over};
    if (!visit(context, &membership)) return REASON_OK;
    reason = database_step(ledger, statement, &row);
  }
  return reason;
}

/* What the tables can hold: groups of ours in the range, and those of other sources outside of it. */
#define FIT_FOR_TABLES " AND g.local <> (g.gid BETWEEN ? AND ?) AND NOT g.hidden"

static bool take_membership(sqlite3_stmt *statement, struct account_memberships *ret) {
  const char *name = column_text(statement, 1);
  size_t length = strlen(name);
  if (length > GROUP_NAME_MAX) return false;
  uint32_t gid = (uint32_t)sqlite3_column_int64(statement, 0);
  memcpy(ret->names[ret->count], name, length + 1);
  ret->groups[ret->count] = (struct table_group){.name = ret->names[ret->count], .gid = gid};
  ret->items[ret->count++] = (struct table_membership){.gid = gid, .expires = sqlite3_column_int64(statement, 2)};
  return true;
}

/* The reader looks at the clock, so those that are over do no harm; a disabled account has none. */
#define OF_ACCOUNT                                                                               \
  OF_IDENTITY FIT_FOR_TABLES                                                                     \
      " AND NOT EXISTS (SELECT 1 FROM identities WHERE uid = m.identity AND state = 'disabled')" \
      " GROUP BY m.gid ORDER BY over DESC, m.gid"

/* Prepared once, for that takes longer than all the rest; and without a LIMIT, which has SQLite sort in a B-tree
 * that it opens each time. Run to its end, it keeps no lock. */
static enum reason look_at(struct ledger *ledger, const struct value *values, size_t count, sqlite3_stmt **statement) {
  if (*statement == NULL) return database_query(ledger, OF_ACCOUNT, values, count, statement);
  return database_again(ledger, *statement, values, count);
}

enum reason memberships_of(struct ledger *ledger, uint32_t uid, struct id_range range,
                           struct account_memberships *ret) {
  _Static_assert(TABLE_FOREVER == INT64_MAX, "what OF_IDENTITY says for NULL");
  enum reason reason = look_at(ledger, WITH(INTEGER(uid), INTEGER(range.min), INTEGER(range.max)), &ret->statement);
  bool row = false;
  ret->count = 0;
  if (reason == REASON_OK) reason = database_step(ledger, ret->statement, &row);
  while (reason == REASON_OK && row) {
    if (ret->count < TABLE_GROUPS_MAX && !take_membership(ret->statement, ret)) return REASON_STATE_DAMAGED;
    reason = database_step(ledger, ret->statement, &row);
  }
  return reason;
}

void memberships_clear(struct account_memberships *memberships) {
  statement_free(&memberships->statement);
}

static bool add_group(struct group_list *list, sqlite3_stmt *statement) {
  struct table_group *items = reallocarray(list->items, list->count + 1, sizeof *items);
  if (items == NULL) return false;
  list->items = items;
  char *name = strdup(column_text(statement, 1));
  if (name == NULL) return false;
  items[list->count++] = (struct table_group){.name = name, .gid = (uint32_t)sqlite3_column_int64(statement, 0)};
  return true;
}

enum reason groups_for_tables(struct ledger *ledger, struct id_range range, struct group_list *ret) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  struct group_list list CLEANUP(group_list_clear) = {0};
  enum reason reason = database_query(ledger,
                                      "SELECT gid, name FROM groups g WHERE (NOT local OR EXISTS (SELECT 1 FROM"
                                      " memberships m WHERE m.gid = g.gid))" FIT_FOR_TABLES " ORDER BY gid",
                                      WITH(INTEGER(range.min), INTEGER(range.max)), &statement);
  bool row = false;
  if (reason == REASON_OK) reason = database_step(ledger, statement, &row);
  while (reason == REASON_OK && row)
    reason = add_group(&list, statement) ? database_step(ledger, statement, &row) : REASON_OUT_OF_MEMORY;
  if (reason != REASON_OK) return reason;
  *ret = list;
  list = (struct group_list){0};
  return REASON_OK;
}

void group_list_clear(struct group_list *list) {
  for (size_t i = 0; i < list->count; i++)
    free((char *)list->items[i].name);
  free(list->items);
}

static int compare_gids(const void *a, const void *b) {
  const struct table_group *left = a, *right = b;
  return left->gid < right->gid ? -1 : left->gid > right->gid;
}

void memberships_keep_listed(struct account_memberships *memberships, const struct group_list *list) {
  size_t kept = 0;
  for (size_t i = 0; i < memberships->count; i++) {
    const struct table_group *group = &memberships->groups[i];
    bool listed = list->count > 0 && bsearch(group, list->items, list->count, sizeof *group, compare_gids) != NULL;
    if (!listed) continue;
    memberships->items[kept] = memberships->items[i];
    memberships->groups[kept++] = *group; /* its name stays where it is */
  }
  memberships->count = kept;
}
