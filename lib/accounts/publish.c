/*
 * The NSS tables follow the ledger.
 *
 * New tables are built beside the logins: rows are read some at a time, and no lock is kept. Meanwhile
 * tables.building has whoever publishes an identity leave it unpublished, so that the new tables get it as well, and
 * whatever else the tables are to follow changes tables.changes. Under the ledger's lock they are put in use only if
 * that is as it was. So it does not matter how many build at once, or whether one of them dies.
 */
#include "config.h"

#include <string.h>

#include "database.h"
#include "ledger.h"
#include "memberships.h"
#include "table_writer.h"
#include "tables.h"
#include "turn.h"

#define PAGE 1000    /* rows read at a time: a few milliseconds in which a login's commit waits */
#define FEW 64       /* rows that are put into the tables one by one */
#define LATE_MAX 256 /* identities published while tables were built */
#define ATTEMPTS 10  /* beside the logins; the next keeps them out */

/* ---- what the ledger says of the tables ---- */

struct state {
  bool behind;
  bool building;
  int64_t changes;
  int64_t unpublished;
};

static enum reason read_state(struct ledger *ledger, struct state *ret) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  bool row = false;
  enum reason reason = database_query(ledger,
                                      "SELECT behind, building, changes,"
                                      " (SELECT count(*) FROM identities WHERE published = 0) FROM tables",
                                      WITH_NOTHING, &statement);
  if (reason == REASON_OK) reason = database_step(ledger, statement, &row);
  if (reason != REASON_OK) return reason;
  if (!row) return REASON_STATE_DAMAGED;
  *ret = (struct state){.behind = sqlite3_column_int(statement, 0) != 0,
                        .building = sqlite3_column_int(statement, 1) != 0,
                        .changes = sqlite3_column_int64(statement, 2),
                        .unpublished = sqlite3_column_int64(statement, 3)};
  return REASON_OK;
}

enum reason database_note_behind(struct ledger *ledger) {
  return database_run(ledger, "UPDATE tables SET behind = 1, changes = changes + 1", WITH_NOTHING);
}

/* In one transaction: whoever ends a building, so that others no longer leave theirs to it, changes *ret_changes. */
static enum reason begin_building(struct ledger *ledger, int64_t *ret_changes) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  struct state state;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK)
    reason = database_run(ledger, "UPDATE tables SET building = 1 WHERE NOT building", WITH_NOTHING);
  if (reason == REASON_OK) reason = read_state(ledger, &state);
  if (reason == REASON_OK) reason = transaction_commit(&transaction);
  if (reason == REASON_OK) *ret_changes = state.changes;
  return reason;
}

/* Whoever builds now begins again. */
static enum reason note_no_building(struct ledger *ledger) {
  return database_run(ledger, "UPDATE tables SET building = 0, changes = changes + 1", WITH_NOTHING);
}

static enum reason note_published(struct ledger *ledger) {
  return database_run(ledger, "UPDATE identities SET published = 1 WHERE published = 0", WITH_NOTHING);
}

/* More than may be late in one go, as a note for all of them: else no building beside the logins would ever do. */
static enum reason gather_unpublished(struct ledger *ledger) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  struct state state;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = read_state(ledger, &state);
  if (reason != REASON_OK || state.unpublished <= LATE_MAX) return reason;
  reason = database_note_behind(ledger);
  if (reason == REASON_OK) reason = note_published(ledger);
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

static bool tables_are_current(const struct account_settings *settings, const char *directory) {
  struct tables *tables = tables_new(directory);
  bool current = tables != NULL && tables_made_from(tables, settings->fingerprint);
  tables_free(tables);
  return current;
}

/* ---- rows ---- */

#define ROWS "SELECT name, uid, home, shell, EXISTS (SELECT 1 FROM memberships WHERE identity = uid) FROM identities "

struct rows {
  struct ledger *ledger;
  sqlite3_stmt *statement;
  struct id_range range;
  const char *without; /* NULL, or the name of one to leave out */
  size_t page;         /* 0: the statement yields all there are */
  size_t in_page, done;
  uint32_t last;
  const struct group_list *groups;        /* NULL, or all that the new tables have */
  struct account_memberships memberships; /* of the last */
};

static void rows_clear(struct rows *rows) {
  memberships_clear(&rows->memberships);
}

static enum reason row_at(struct rows *rows, struct table_row *ret) {
  sqlite3_stmt *statement = rows->statement;
  struct account_memberships *memberships = &rows->memberships;
  uint32_t uid = (uint32_t)sqlite3_column_int64(statement, 1);
  memberships->count = 0;
  bool any = sqlite3_column_int(statement, 4) != 0;
  enum reason reason = any ? memberships_of(rows->ledger, uid, rows->range, memberships) : REASON_OK;
  if (rows->groups != NULL) memberships_keep_listed(memberships, rows->groups);
  *ret = (struct table_row){.name = column_text(statement, 0),
                            .uid = uid,
                            .home = column_text(statement, 2),
                            .shell = column_text(statement, 3),
                            .memberships = memberships->items,
                            .membership_count = memberships->count};
  return reason;
}

/* The next of the statement or, from page to page, of all. */
static enum reason step(struct rows *rows, bool *ret_found) {
  enum reason reason = database_step(rows->ledger, rows->statement, ret_found);
  if (reason != REASON_OK || *ret_found || rows->page == 0 || rows->in_page < rows->page) return reason;
  rows->done += rows->in_page;
  rows->in_page = 0;
  ledger_tell_progress(rows->ledger, rows->done);
  reason = database_again(rows->ledger, rows->statement, WITH(INTEGER(rows->last), INTEGER(rows->page)));
  return reason == REASON_OK ? database_step(rows->ledger, rows->statement, ret_found) : reason;
}

/* An id that the range no longer holds is not published: the NSS module answers for its range alone. */
static bool next_row(void *context, struct table_row *ret, enum reason *failure) {
  struct rows *rows = context;
  bool found = false;
  do {
    *failure = step(rows, &found);
    if (*failure == REASON_OK && found) *failure = row_at(rows, ret);
    if (*failure != REASON_OK || !found) return false;
    rows->last = ret->uid;
    rows->in_page++;
  } while (!id_range_holds(rows->range, ret->uid) || (rows->without != NULL && strcmp(rows->without, ret->name) == 0));
  return true;
}

/* ---- all ---- */

static void drop_base(struct table_base **base) {
  tables_drop(*base);
}

static enum reason build(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                         const char *without, struct table_base **ret) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  struct group_list groups CLEANUP(group_list_clear) = {0};
  enum reason reason = database_query(ledger, ROWS "WHERE uid > ? AND NOT hidden ORDER BY uid LIMIT ?",
                                      WITH(INTEGER(0), INTEGER(PAGE)), &statement);
  if (reason == REASON_OK) reason = groups_for_tables(ledger, settings->range, &groups);
  if (reason != REASON_OK) return reason;
  struct rows rows CLEANUP(rows_clear) = {.ledger = ledger,
                                          .statement = statement,
                                          .range = settings->range,
                                          .without = without,
                                          .page = PAGE,
                                          .groups = &groups};
  struct table_source source = {
      .next = next_row, .context = &rows, .groups = groups.items, .group_count = groups.count};
  return tables_build(directory, settings, &source, ret);
}

/* Within the caller's transaction. */
static enum reason use_with_late_rows(struct ledger *ledger, struct id_range range, struct table_base *base) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  struct group_list groups CLEANUP(group_list_clear) = {0};
  enum reason reason = database_query(ledger, ROWS "WHERE published = 0 AND NOT hidden", WITH_NOTHING, &statement);
  if (reason == REASON_OK) reason = groups_for_tables(ledger, range, &groups);
  if (reason != REASON_OK) return reason;
  struct rows rows CLEANUP(rows_clear) = {.ledger = ledger, .statement = statement, .range = range};
  struct table_source late = {.next = next_row, .context = &rows, .groups = groups.items, .group_count = groups.count};
  return tables_use(base, &late);
}

static enum reason use(struct ledger *ledger, struct id_range range, struct table_base *base, const char *without) {
  enum reason reason = REASON_OK;
  if (without != NULL) reason = database_run(ledger, "DELETE FROM identities WHERE name = ?", WITH(TEXT(without)));
  if (reason == REASON_OK) reason = use_with_late_rows(ledger, range, base);
  if (reason == REASON_OK) reason = note_published(ledger);
  if (reason == REASON_OK)
    reason = database_run(ledger, "UPDATE tables SET behind = 0, building = 0, changes = changes + 1", WITH_NOTHING);
  return reason;
}

/* *ret_done is false when something changed meanwhile. That may show by late rows which contradict the base alone: a
 * local group without a member may get another gid unnoticed. */
static enum reason publish_beside(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                                  const char *without, bool *ret_done) {
  struct table_base *base CLEANUP(drop_base) = NULL;
  struct transaction transaction CLEANUP(transaction_end) = {0};
  struct state now;
  int64_t before;
  enum reason reason = begin_building(ledger, &before);
  if (reason == REASON_OK) reason = build(ledger, settings, directory, without, &base);
  if (reason == REASON_OK) reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = read_state(ledger, &now);
  if (reason != REASON_OK || now.changes != before || now.unpublished > LATE_MAX) return reason;
  reason = use(ledger, settings->range, base, without);
  if (reason == REASON_INTERNAL) return REASON_OK;
  if (reason == REASON_OK) reason = transaction_commit(&transaction);
  if (reason == REASON_OK) *ret_done = true;
  return reason;
}

static enum reason publish_locked(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                                  const char *without) {
  struct table_base *base CLEANUP(drop_base) = NULL;
  struct transaction transaction CLEANUP(transaction_end) = {0};
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = note_published(ledger); /* all are read, so none is late */
  if (reason == REASON_OK) reason = build(ledger, settings, directory, without, &base);
  if (reason == REASON_OK) reason = use(ledger, settings->range, base, without);
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

/* Somebody else did it. */
static enum reason is_done(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                           bool *ret) {
  struct state state;
  enum reason reason = read_state(ledger, &state);
  if (reason == REASON_OK) *ret = !state.behind && state.unpublished == 0 && tables_are_current(settings, directory);
  return reason;
}

static enum reason publish_all(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                               const char *without) {
  bool done = false, others = turn_wait_for(ledger);
  enum reason reason = gather_unpublished(ledger);
  for (int i = 0; reason == REASON_OK && !done && i < ATTEMPTS; i++) {
    if (without == NULL && (others || i > 0)) reason = is_done(ledger, settings, directory, &done);
    if (reason == REASON_OK && !done) reason = publish_beside(ledger, settings, directory, without, &done);
  }
  if (reason == REASON_OK && !done) reason = publish_locked(ledger, settings, directory, without);
  turn_give_up(ledger);
  return reason;
}

/* ---- one ---- */

/* Two queries in one, each by its index. */
#define ROWS_TO_PUT \
  ROWS "WHERE name = ?1 AND NOT hidden UNION ALL " ROWS "WHERE published = 0 AND name <> ?1 AND NOT hidden"

static enum reason put_rows(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                            const char *name) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason = database_query(ledger, ROWS_TO_PUT, WITH(TEXT(name)), &statement), failure = REASON_OK;
  if (reason != REASON_OK) return reason;
  struct rows rows CLEANUP(rows_clear) = {.ledger = ledger, .statement = statement, .range = settings->range};
  struct table_row row;
  while (reason == REASON_OK && next_row(&rows, &row, &failure))
    reason = tables_put(directory, &row, rows.memberships.groups, rows.memberships.count);
  return reason == REASON_OK ? failure : reason;
}

/*
 * Within the caller's transaction: this identity, and those whose publication was cut off. *ret_all: that is not
 * enough, or not possible. While somebody has the turn, what else the tables lack is his to bring.
 */
static enum reason put_some(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                            const char *name, bool *ret_all) {
  struct state state;
  enum reason reason = read_state(ledger, &state);
  if (reason == REASON_OK && (state.behind || state.building) && turn_take(ledger)) {
    *ret_all = state.behind;
    state.building = false;
    reason = note_no_building(ledger);
  }
  if (reason != REASON_OK) return reason;
  *ret_all = *ret_all || state.unpublished > FEW || !tables_are_current(settings, directory);
  if (*ret_all) return REASON_OK;
  reason = put_rows(ledger, settings, directory, name);
  /* No sound base, or one that contradicts the ledger. */
  *ret_all = reason == REASON_STATE_DAMAGED || reason == REASON_INTERNAL;
  if (*ret_all) return REASON_OK;
  return reason == REASON_OK && !state.building ? note_published(ledger) : reason;
}

static enum reason publish_some(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                                const char *name, bool *ret_all) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = ledger_identity(ledger, name, NULL, NULL);
  if (reason == REASON_OK) reason = put_some(ledger, settings, directory, name, ret_all);
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

enum reason ledger_publish(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                           const char *name) {
  bool all = name == NULL;
  enum reason reason = all ? REASON_OK : publish_some(ledger, settings, directory, name, &all);
  if (reason == REASON_OK && all) return publish_all(ledger, settings, directory, NULL);
  turn_give_up(ledger);
  return reason;
}

/* The note comes first and for itself: when the new tables are in use and the rest is then cut off, the next login puts
 * the identity back into them. */
enum reason ledger_remove(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                          const char *name) {
  turn_wait_for(ledger);
  enum reason reason = ledger_identity(ledger, name, NULL, NULL);
  if (reason == REASON_OK) reason = database_note_behind(ledger);
  if (reason == REASON_OK) reason = publish_all(ledger, settings, directory, name);
  turn_give_up(ledger);
  return reason;
}
