/* Grants, the sessions that pick them up, and what is swept away afterwards. */
#include "config.h"

#include <string.h>

#include "database.h"
#include "ledger.h"

#define SESSION_KEPT_SECONDS (7 * 86400)
/* A token is taken until its exp plus the issuer's leeway, and clocks are set back: remember it for longer. */
#define USED_TOKEN_MARGIN_SECONDS 86400
/* So that tables and ledger agree when a clock that was ahead is set right: the reader counts one that is over again.
 */
#define MEMBERSHIP_MARGIN_SECONDS 86400
#define TIDY_ROWS "1000" /* at most, each time: the lock is everybody's */

static enum reason read_groups(struct ledger *ledger, struct grant *grant) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason = database_query(ledger, "SELECT gid FROM grant_groups WHERE grant_id = ? ORDER BY gid",
                                      WITH(TEXT(grant->id)), &statement);
  bool row = false;
  if (reason == REASON_OK) reason = database_step(ledger, statement, &row);
  while (reason == REASON_OK && row) {
    if (grant->group_count == GRANT_GROUPS_MAX) return REASON_STATE_DAMAGED;
    grant->groups[grant->group_count++] = (uint32_t)sqlite3_column_int64(statement, 0);
    reason = database_step(ledger, statement, &row);
  }
  return reason;
}

enum grant_column {
  GRANT_UID,
  GRANT_CREATED,
  GRANT_EXPIRES,
  GRANT_UNTIL_EXPIRY,
  GRANT_PICKED_UP,
  GRANT_DISABLED,
  GRANT_UNPROVED
};

static enum reason check_grant(sqlite3_stmt *statement, bool unused, int64_t now) {
  bool picked_up = sqlite3_column_int(statement, GRANT_PICKED_UP) != 0;
  bool over = now >= sqlite3_column_int64(statement, GRANT_EXPIRES);
  int64_t age = now - sqlite3_column_int64(statement, GRANT_CREATED);
  /* One of the future was given before the clock was set back: how long ago, nobody knows. */
  bool stale = !picked_up && (age > GRANT_PICKUP_SECONDS || age < -GRANT_PICKUP_SECONDS);
  if (sqlite3_column_int(statement, GRANT_DISABLED) != 0) return REASON_ACCOUNT_DISABLED;
  if (unused && picked_up) return REASON_GRANT_USED;
  if (over || stale) return REASON_GRANT_EXPIRED;
  return sqlite3_column_int(statement, GRANT_UNPROVED) != 0 ? REASON_PROOF_MISSING : REASON_OK;
}

/* Within the caller's transaction. */
static enum reason read_grant(struct ledger *ledger, const char *id, const char *name, const char *service, bool unused,
                              int64_t now, struct grant *ret) {
  size_t id_length = strlen(id), name_length = strlen(name);
  if (id_length >= sizeof ret->id || name_length >= sizeof ret->name) return REASON_GRANT_UNKNOWN;
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason = database_query(ledger,
                                      "SELECT g.uid, g.created, g.expires, g.until_expiry, g.picked_up IS NOT NULL,"
                                      " i.state = 'disabled', g.unproved IS NOT NULL"
                                      " FROM grants g LEFT JOIN identities i ON i.uid = g.identity"
                                      " WHERE g.id = ? AND g.name = ? AND g.service = ?",
                                      WITH(TEXT(id), TEXT(name), TEXT(service)), &statement);
  bool row = false;
  if (reason == REASON_OK) reason = database_step(ledger, statement, &row);
  if (reason == REASON_OK) reason = row ? check_grant(statement, unused, now) : REASON_GRANT_UNKNOWN;
  if (reason != REASON_OK) return reason;

  struct grant grant = {.uid = (uint32_t)sqlite3_column_int64(statement, GRANT_UID),
                        .expires = sqlite3_column_int64(statement, GRANT_EXPIRES)};
  if (sqlite3_column_int(statement, GRANT_UNTIL_EXPIRY) != 0) grant.session_end = grant.expires;
  memcpy(grant.id, id, id_length + 1);
  memcpy(grant.name, name, name_length + 1);
  reason = read_groups(ledger, &grant);
  if (reason == REASON_OK) *ret = grant;
  return reason;
}

enum reason ledger_grant(struct ledger *ledger, const char *id, const char *name, const char *service, bool unused,
                         int64_t now, struct grant *ret) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  enum reason reason = transaction_begin(ledger, TRANSACTION_READS, &transaction);
  return reason == REASON_OK ? read_grant(ledger, id, name, service, unused, now, ret) : reason;
}

static enum reason read_unproved(struct ledger *ledger, const char *id, char ret[GRANT_KEY_SIZE]) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason = database_query(ledger, "SELECT unproved FROM grants WHERE id = ?", WITH(TEXT(id)), &statement);
  bool row = false;
  if (reason == REASON_OK) reason = database_step(ledger, statement, &row);
  if (reason != REASON_OK) return reason;
  const char *thumbprint = row ? column_text(statement, 0) : "";
  if (strlen(thumbprint) != GRANT_KEY_SIZE - 1) return REASON_STATE_DAMAGED;
  memcpy(ret, thumbprint, GRANT_KEY_SIZE);
  return REASON_OK;
}

enum reason ledger_grant_unproved(struct ledger *ledger, const char *id, const char *name, const char *service,
                                  int64_t now, char ret[GRANT_KEY_SIZE]) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  struct grant grant;
  enum reason reason = transaction_begin(ledger, TRANSACTION_READS, &transaction);
  if (reason == REASON_OK) reason = read_grant(ledger, id, name, service, true, now, &grant);
  if (reason == REASON_PROOF_MISSING) return read_unproved(ledger, id, ret);
  return reason == REASON_OK ? REASON_GRANT_USED : reason;
}

/* Now it is a login. One that was disabled meanwhile stays so. */
static enum reason note_login(struct ledger *ledger, const char *id, int64_t now) {
  return database_run(ledger,
                      "UPDATE identities SET state = 'enabled', last_login = ?"
                      " WHERE uid = (SELECT identity FROM grants WHERE id = ?) AND state <> 'disabled'",
                      WITH(INTEGER(now), TEXT(id)));
}

static enum reason anything_unpublished(struct ledger *ledger, bool *ret) {
  int64_t found = 0;
  enum reason reason = database_integer(
      ledger, "SELECT EXISTS (SELECT 1 FROM identities WHERE published = 0) OR (SELECT behind FROM tables)",
      WITH_NOTHING, 0, &found);
  if (reason == REASON_OK) *ret = found != 0;
  return reason;
}

enum reason ledger_grant_proved(struct ledger *ledger, const char *id, const char *thumbprint, int64_t now,
                                enum ledger_change *ret_change) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  bool unpublished = false;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK)
    reason = database_run(ledger, "UPDATE grants SET unproved = NULL WHERE id = ? AND unproved = ?",
                          WITH(TEXT(id), TEXT(thumbprint)));
  if (reason == REASON_OK && sqlite3_changes(ledger->db) == 0) return REASON_GRANT_UNKNOWN;
  if (reason == REASON_OK) reason = note_login(ledger, id, now);
  if (reason == REASON_OK) reason = anything_unpublished(ledger, &unpublished);
  if (reason == REASON_OK) reason = transaction_commit(&transaction);
  if (reason == REASON_OK) *ret_change = unpublished ? LEDGER_ACCOUNT_ADDED : LEDGER_UNCHANGED;
  return reason;
}

/* Nothing of a former boot lives on. */
static enum reason end_sessions_of_former_boots(struct ledger *ledger, const char *boot_id, int64_t now) {
  return database_run(ledger, "UPDATE sessions SET ended = ? WHERE ended IS NULL AND boot_id <> ?",
                      WITH(INTEGER(now), TEXT(boot_id)));
}

static enum reason register_session(struct ledger *ledger, const char *grant_id, const struct session_facts *facts,
                                    int64_t now) {
  enum reason reason = database_run(ledger, "UPDATE grants SET picked_up = ? WHERE id = ? AND picked_up IS NULL",
                                    WITH(INTEGER(now), TEXT(grant_id)));
  if (reason == REASON_OK) reason = end_sessions_of_former_boots(ledger, facts->boot_id, now);
  if (reason != REASON_OK) return reason;
  return database_run(ledger,
                      "INSERT INTO sessions (grant_id, pid, pid_start, audit_session, boot_id, tty, opened)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?)",
                      WITH(TEXT(grant_id), INTEGER(facts->pid), INTEGER(facts->pid_start),
                           INTEGER(facts->audit_session), TEXT(facts->boot_id), TEXT(facts->tty), INTEGER(now)));
}

enum reason ledger_session_open(struct ledger *ledger, const char *grant_id, const char *name, const char *service,
                                const struct session_facts *facts, int64_t now, int64_t *ret_session,
                                struct grant *ret) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  struct grant grant;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = read_grant(ledger, grant_id, name, service, true, now, &grant);
  if (reason == REASON_OK) reason = register_session(ledger, grant_id, facts, now);
  int64_t session = sqlite3_last_insert_rowid(ledger->db);
  if (reason == REASON_OK) reason = transaction_commit(&transaction);
  if (reason != REASON_OK) return reason;
  *ret_session = session;
  *ret = grant;
  return REASON_OK;
}

enum reason ledger_session_close(struct ledger *ledger, int64_t session, int64_t now) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK)
    reason = database_run(ledger, "UPDATE sessions SET ended = ? WHERE id = ? AND ended IS NULL",
                          WITH(INTEGER(now), INTEGER(session)));
  if (reason == REASON_OK && sqlite3_changes(ledger->db) == 0) return REASON_SESSION_UNKNOWN;
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

#define FORGETTABLE                                                                                        \
  "(SELECT issuer, token_id, expires FROM used_tokens WHERE expires < ? AND token_id <> " FORGOTTEN_TOKENS \
  " ORDER BY expires LIMIT " TIDY_ROWS ")"

/* Forget what was used, and note until when: a clock that was ahead and is set right must not make tokens new again. */
static enum reason forget_tokens(struct ledger *ledger, int64_t before) {
  enum reason reason = database_run(ledger,
                                    "INSERT INTO used_tokens (issuer, token_id, expires)"
                                    " SELECT issuer, " FORGOTTEN_TOKENS ", max(expires) FROM " FORGETTABLE
                                    " WHERE true GROUP BY issuer"
                                    " ON CONFLICT DO UPDATE SET expires = max(expires, excluded.expires)",
                                    WITH(INTEGER(before)));
  if (reason != REASON_OK) return reason;
  return database_run(
      ledger, "DELETE FROM used_tokens WHERE (issuer, token_id) IN (SELECT issuer, token_id FROM " FORGETTABLE ")",
      WITH(INTEGER(before)));
}

/* What was over then, and the local groups that have no member of ours now. */
static enum reason tidy_memberships(struct ledger *ledger, int64_t then) {
  enum reason reason = database_run(ledger,
                                    "DELETE FROM memberships WHERE rowid IN (SELECT rowid FROM memberships"
                                    " WHERE expires <= ? ORDER BY expires LIMIT " TIDY_ROWS ")",
                                    WITH(INTEGER(then)));
  if (reason != REASON_OK) return reason;
  return database_run(
      ledger, "DELETE FROM groups WHERE local AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.gid = groups.gid)",
      WITH_NOTHING);
}

/* Of a grant, which stays while a membership that it gave goes on. */
#define GIVES_NO_MEMBERSHIP(id) " NOT EXISTS (SELECT 1 FROM memberships WHERE memberships.grant_id = " id ")"

/* Groups, sessions and memberships go with their grants. */
enum reason ledger_tidy(struct ledger *ledger, int64_t now) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = tidy_memberships(ledger, now - MEMBERSHIP_MARGIN_SECONDS);
  if (reason == REASON_OK)
    reason = database_run(ledger,
                          "DELETE FROM grants WHERE id IN (SELECT id FROM grants"
                          " WHERE picked_up IS NULL AND created < ? AND" GIVES_NO_MEMBERSHIP(
                              "grants.id") " ORDER BY created LIMIT " TIDY_ROWS ")",
                          WITH(INTEGER(now - GRANT_PICKUP_SECONDS)));
  if (reason == REASON_OK)
    reason = database_run(
        ledger,
        "DELETE FROM grants WHERE id IN (SELECT grant_id FROM sessions"
        " WHERE ended < ? AND" GIVES_NO_MEMBERSHIP("sessions.grant_id") " ORDER BY ended LIMIT " TIDY_ROWS ")",
        WITH(INTEGER(now - SESSION_KEPT_SECONDS)));
  if (reason == REASON_OK) reason = forget_tokens(ledger, now - USED_TOKEN_MARGIN_SECONDS);
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}
