/* Who is in the ledger. */
#include "config.h"

#include "database.h"
#include "ledger.h"

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

enum reason ledger_hidden_id(struct ledger *ledger, const char *name, uint32_t *ret) {
  int64_t id = 0;
  enum reason reason =
      database_integer(ledger, "SELECT uid FROM identities WHERE name = ? AND hidden", WITH(TEXT(name)), 0, &id);
  if (reason == REASON_OK) *ret = (uint32_t)id;
  return reason;
}

#define IDENTITIES                                                                        \
  "SELECT name, uid, home, shell, issuer, subject, state, created, last_login, declared," \
  " EXISTS (SELECT 1 FROM memberships WHERE identity = uid) FROM identities "

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
      .is_member = sqlite3_column_int(statement, 10) != 0,
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
                          "SELECT name, id, '', '', '', '', 'removed', since, NULL, 0, 0 FROM used_ids WHERE id > ?"
                          " AND NOT EXISTS (SELECT 1 FROM identities WHERE uid = id)"
                          " AND NOT EXISTS (SELECT 1 FROM groups WHERE gid = id AND NOT local) ORDER BY id LIMIT ?",
                          WITH(INTEGER(after), INTEGER(limit)), visit, context, &any);
}

enum reason ledger_identity(struct ledger *ledger, const char *name,
                            bool (*visit)(void *context, const struct identity *identity), void *context) {
  bool found;
  enum reason reason = visit_identities(ledger, IDENTITIES "WHERE name = ?", WITH(TEXT(name)), visit, context, &found);
  return reason == REASON_OK && !found ? REASON_ACCOUNT_UNKNOWN : reason;
}
