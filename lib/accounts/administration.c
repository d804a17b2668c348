/* What the administrator, and nobody else, changes of an identity. */
#include "config.h"

#include "binding.h"
#include "database.h"
#include "ledger.h"
#include "memberships.h"
#include "table_writer.h"
#include "tables.h"

/* Within the caller's transaction. */
static enum reason find_uid(struct ledger *ledger, const char *name, int64_t *ret) {
  int64_t uid = 0;
  enum reason reason = database_integer(ledger, "SELECT uid FROM identities WHERE name = ?", WITH(TEXT(name)), 0, &uid);
  if (reason != REASON_OK) return reason;
  *ret = uid;
  return uid != 0 ? REASON_OK : REASON_ACCOUNT_UNKNOWN;
}

/* ---- rights that end ---- */

/* At whatever moment: the clock may be wrong. */
static bool tables_have_member(const char *directory, const struct table_row *row) {
  uint32_t uid = 0, gids[TABLE_GROUPS_MAX];
  size_t count = 0;
  struct tables *tables = tables_new(directory);
  bool found = tables != NULL &&
               tables_groups_of(tables, row->name, INT64_MIN, &uid, gids, COUNT_OF(gids), &count) == TABLE_FOUND;
  tables_free(tables);
  return found && uid == row->uid && count > 0;
}

/*
 * Take the account's memberships out of the tables that there are, now and without the settings, unless somebody has
 * just published it; whoever publishes next puts back what is left of them. The ledger may have none any more that the
 * tables have: swept away while the clock was ahead. Tables that are damaged tell nobody of a membership.
 */
static enum reason strip(struct ledger *ledger, const char *directory, uint32_t uid) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  bool found = false;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction); /* one writer of tables at a time */
  if (reason == REASON_OK)
    reason = database_query(ledger,
                            "SELECT name, home, shell FROM identities"
                            " WHERE uid = ? AND (NOT published OR (SELECT behind FROM tables))",
                            WITH(INTEGER(uid)), &statement);
  if (reason == REASON_OK) reason = database_step(ledger, statement, &found);
  if (reason != REASON_OK || !found) return reason;
  struct table_row row = {.name = column_text(statement, 0),
                          .uid = uid,
                          .home = column_text(statement, 1),
                          .shell = column_text(statement, 2)};
  reason = tables_have_member(directory, &row) ? tables_put(directory, &row, NULL, 0) : REASON_OK;
  return reason == REASON_STATE_DAMAGED || reason == REASON_INTERNAL ? REASON_OK : reason;
}

/* *ret_ends: the account's memberships, or some of them. */
typedef enum reason (*change_function)(struct ledger *ledger, uint32_t uid, const void *how, bool *ret_ends);

/* What `change` does with the identity in a transaction, and then with the tables. */
static enum reason change_identity(struct ledger *ledger, const char *directory, const char *name,
                                   change_function change, const void *how) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  int64_t uid;
  bool ends = false;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = find_uid(ledger, name, &uid);
  if (reason == REASON_OK) reason = change(ledger, (uint32_t)uid, how, &ends);
  if (reason == REASON_OK) reason = transaction_commit(&transaction);
  return reason == REASON_OK && ends ? strip(ledger, directory, (uint32_t)uid) : reason;
}

static enum reason set_state(struct ledger *ledger, uint32_t uid, const char *state) {
  return database_run(ledger, "UPDATE identities SET state = ? WHERE uid = ?", WITH(TEXT(state), INTEGER(uid)));
}

static enum reason enable(struct ledger *ledger, uint32_t uid, const void *how UNUSED, bool *ret_ends UNUSED) {
  enum reason reason = set_state(ledger, uid, "enabled");
  return reason == REASON_OK ? memberships_note_changed(ledger, uid) : reason;
}

static enum reason disable(struct ledger *ledger, uint32_t uid, const void *how UNUSED, bool *ret_ends) {
  *ret_ends = true;
  enum reason reason = set_state(ledger, uid, "disabled");
  return reason == REASON_OK ? memberships_end_granted(ledger, uid) : reason;
}

enum reason ledger_set_enabled(struct ledger *ledger, const char *directory, const char *name, bool enabled) {
  return change_identity(ledger, directory, name, enabled ? enable : disable, NULL);
}

struct binding {
  const char *issuer, *subject;
};

static enum reason bind(struct ledger *ledger, uint32_t uid, const void *how, bool *ret_ends) {
  const struct binding *binding = how;
  enum reason reason = database_run(
      ledger, "UPDATE identities SET issuer = ?, subject = ? WHERE uid = ? AND (issuer, subject) <> (?, ?)",
      WITH(TEXT(binding->issuer), TEXT(binding->subject), INTEGER(uid), TEXT(binding->issuer), TEXT(binding->subject)));
  *ret_ends = reason == REASON_OK && sqlite3_changes(ledger->db) > 0;
  return *ret_ends ? grants_end(ledger, uid) : reason;
}

enum reason ledger_rebind(struct ledger *ledger, const char *directory, const char *name, const char *issuer,
                          const char *subject) {
  struct binding binding = {issuer, subject};
  if (!binding_is_whole(issuer, subject)) return REASON_CLAIMS_MALFORMED;
  return change_identity(ledger, directory, name, bind, &binding);
}

/* ---- groups for good ---- */

enum reason ledger_set_groups(struct ledger *ledger, const struct account_settings *settings, const char *directory,
                              const char *name, const struct given_group *groups, size_t count, int64_t now) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  int64_t uid;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = find_uid(ledger, name, &uid);
  if (reason == REASON_OK) reason = memberships_note_groups(ledger, groups, count, settings->range, now);
  if (reason == REASON_OK) reason = memberships_set_lasting(ledger, (uint32_t)uid, groups, count);
  if (reason == REASON_OK) reason = transaction_commit(&transaction);
  return reason == REASON_OK ? ledger_publish(ledger, settings, directory, name) : reason;
}

/* ---- sessions ---- */

enum reason ledger_open_sessions(struct ledger *ledger, const char *name, const char *boot_id, int64_t *ret) {
  return database_integer(ledger,
                          "SELECT count(*) FROM sessions s JOIN grants g ON g.id = s.grant_id"
                          " JOIN identities i ON i.uid = g.identity"
                          " WHERE i.name = ? AND s.boot_id = ? AND s.ended IS NULL",
                          WITH(TEXT(name), TEXT(boot_id)), 0, ret);
}
