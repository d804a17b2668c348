/* Who is in the ledger, and what the NSS tables are told of it. */
#include "config.h"

#include "database.h"
#include "ledger.h"
#include "table_writer.h"
#include "tables.h"

enum reason ledger_account_state(struct ledger *ledger, const char *name, uint32_t uid) {
  enum { ABSENT, ENABLED, DISABLED };
  int64_t state = ABSENT;
  enum reason reason = database_integer(ledger,
                                        "SELECT CASE state WHEN 'enabled' THEN 1 WHEN 'disabled' THEN 2 ELSE 0 END"
                                        " FROM identities WHERE name = ? AND uid = ?",
                                        WITH(TEXT(name), INTEGER(uid)), ABSENT, &state);
  if (reason != REASON_OK) return reason;
  if (state == ENABLED) return REASON_OK;
  return state == DISABLED ? REASON_ACCOUNT_DISABLED : REASON_ACCOUNT_UNKNOWN;
}

#define IDENTITIES \
  "SELECT name, uid, home, shell, issuer, subject, state, created, last_login, declared FROM identities "

static struct identity identity_at(sqlite3_stmt *statement) {
  return (struct identity){
      .name = column_text(statement, 0),
      .uid = (uint32_t)sqlite3_column_int64(statement, 1),
      .home = column_text(statement, 2),
      .shell = column_text(statement, 3),
      .issuer = column_text(statement, 4),
      .subject = column_text(statement, 5),
      .state = column_text(statement, 6),
      .created = sqlite3_column_int64(statement, 7),
      .last_login = sqlite3_column_int64(statement, 8),
      .declared = sqlite3_column_int(statement, 9) != 0,
  };
}

static enum reason visit_identities(struct ledger *ledger, const char *sql, const struct value *values, size_t count,
                                    bool (*visit)(void *context, const struct identity *identity), void *context,
                                    bool *ret_any) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason = database_query(ledger, sql, values, count, &statement);
  bool row = false;
  if (reason == REASON_OK) reason = database_step(ledger, statement, &row);
  *ret_any = row;
  while (reason == REASON_OK && row) {
    struct identity identity = identity_at(statement);
    if (visit == NULL || !visit(context, &identity)) return REASON_OK;
    reason = database_step(ledger, statement, &row);
  }
  return reason;
}

enum reason ledger_each_identity(struct ledger *ledger, bool (*visit)(void *context, const struct identity *identity),
                                 void *context) {
  bool any;
  return visit_identities(ledger, IDENTITIES "ORDER BY name", WITH_NOTHING, visit, context, &any);
}

enum reason ledger_identities_after(struct ledger *ledger, const char *after, size_t limit,
                                    bool (*visit)(void *context, const struct identity *identity), void *context) {
  bool any;
  return visit_identities(ledger, IDENTITIES "WHERE name > ? ORDER BY name LIMIT ?", WITH(TEXT(after), INTEGER(limit)),
                          visit, context, &any);
}

enum reason ledger_removed_after(struct ledger *ledger, uint32_t after, size_t limit,
                                 bool (*visit)(void *context, const struct identity *identity), void *context) {
  bool any;
  return visit_identities(ledger,
                          "SELECT name, id, '', '', '', '', 'removed', since, NULL, 0 FROM used_ids WHERE id > ?"
                          " AND NOT EXISTS (SELECT 1 FROM identities WHERE uid = id) ORDER BY id LIMIT ?",
                          WITH(INTEGER(after), INTEGER(limit)), visit, context, &any);
}

enum reason ledger_identity(struct ledger *ledger, const char *name,
                            bool (*visit)(void *context, const struct identity *identity), void *context) {
  bool found;
  enum reason reason = visit_identities(ledger, IDENTITIES "WHERE name = ?", WITH(TEXT(name)), visit, context, &found);
  return reason == REASON_OK && !found ? REASON_ACCOUNT_UNKNOWN : reason;
}

/* ---- publishing ---- */

struct rows {
  struct ledger *ledger;
  sqlite3_stmt *statement;
  struct id_range range;
};

static struct table_row row_at(sqlite3_stmt *statement) {
  struct identity identity = identity_at(statement);
  return (struct table_row){.name = identity.name, .home = identity.home, .shell = identity.shell, .uid = identity.uid};
}

/* An id that the range no longer holds is not published: the NSS module answers for its range alone. */
static bool next_row(void *context, struct table_row *ret, enum reason *failure) {
  struct rows *rows = context;
  bool found = false;
  do {
    *failure = database_step(rows->ledger, rows->statement, &found);
    if (*failure != REASON_OK || !found) return false;
    *ret = row_at(rows->statement);
  } while (!id_range_holds(rows->range, ret->uid));
  return true;
}

static enum reason write_all(struct ledger *ledger, const struct account_settings *settings, const char *directory) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason = database_query(ledger, IDENTITIES "ORDER BY name", WITH_NOTHING, &statement);
  if (reason != REASON_OK) return reason;
  struct rows rows = {.ledger = ledger, .statement = statement, .range = settings->range};
  struct table_source source = {.next = next_row, .context = &rows};
  return tables_write_all(directory, settings, &source);
}

static bool tables_are_current(const struct account_settings *settings, const char *directory) {
  struct tables *tables = tables_new(directory);
  bool current = tables != NULL && tables_made_from(tables, settings->fingerprint);
  tables_free(tables);
  return current;
}

/* *ret_all: that is not enough, or not possible. */
static enum reason add_one(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                           const char *name, bool *ret_all) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason = database_query(ledger, IDENTITIES "WHERE name = ?", WITH(TEXT(name)), &statement);
  bool found = false;
  if (reason == REASON_OK) reason = database_step(ledger, statement, &found);
  if (reason != REASON_OK) return reason;
  if (!found) return REASON_ACCOUNT_UNKNOWN;

  struct table_row row = row_at(statement);
  *ret_all = !tables_are_current(settings, directory);
  if (*ret_all || !id_range_holds(settings->range, row.uid)) return REASON_OK;
  reason = tables_put(directory, &row, NULL, 0);
  /* No sound base, or one that contradicts the ledger. */
  *ret_all = reason == REASON_STATE_DAMAGED || reason == REASON_INTERNAL;
  return *ret_all ? REASON_OK : reason;
}

/* The flags outlive a crash between the ledger's commit and the tables' change: the next login publishes. */
static enum reason note_published(struct ledger *ledger, const char *name) {
  if (name != NULL)
    return database_run(ledger, "UPDATE identities SET published = 1 WHERE published = 0 AND name = ?",
                        WITH(TEXT(name)));
  enum reason reason = database_run(ledger, "UPDATE identities SET published = 1 WHERE published = 0", WITH_NOTHING);
  if (reason == REASON_OK) reason = database_run(ledger, "UPDATE tables SET behind = 0 WHERE behind", WITH_NOTHING);
  return reason;
}

static enum reason are_behind(struct ledger *ledger, bool *ret) {
  int64_t behind = 0;
  enum reason reason = database_integer(ledger, "SELECT behind FROM tables", WITH_NOTHING, 1, &behind);
  if (reason == REASON_OK) *ret = behind != 0;
  return reason;
}

enum reason ledger_publish(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                           const char *name) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  bool all = name == NULL;
  if (reason == REASON_OK && !all) reason = are_behind(ledger, &all);
  if (reason == REASON_OK && !all) reason = add_one(ledger, settings, directory, name, &all);
  if (reason == REASON_OK && all) reason = write_all(ledger, settings, directory);
  if (reason == REASON_OK) reason = note_published(ledger, all ? NULL : name);
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

enum reason database_note_behind(struct ledger *ledger) {
  return database_run(ledger, "UPDATE tables SET behind = 1 WHERE NOT behind", WITH_NOTHING);
}

/* The note comes first and for itself: when the tables are written without the identity and the rest is then cut off,
 * the next login puts it back into them. */
enum reason ledger_remove(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                          const char *name) {
  enum reason reason = ledger_identity(ledger, name, NULL, NULL);
  if (reason == REASON_OK) reason = database_note_behind(ledger);
  if (reason != REASON_OK) return reason;
  struct transaction transaction CLEANUP(transaction_end) = {0};
  reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = database_run(ledger, "DELETE FROM identities WHERE name = ?", WITH(TEXT(name)));
  if (reason == REASON_OK) reason = write_all(ledger, settings, directory);
  if (reason == REASON_OK) reason = note_published(ledger, NULL);
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}
