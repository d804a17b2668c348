/* What the administrator, and nobody else, changes of an identity. */
#include "config.h"

#include "binding.h"
#include "database.h"
#include "ledger.h"

/* Within the caller's transaction. */
static enum reason find_uid(struct ledger *ledger, const char *name, int64_t *ret) {
  int64_t uid = 0;
  enum reason reason = database_integer(ledger, "SELECT uid FROM identities WHERE name = ?", WITH(TEXT(name)), 0, &uid);
  if (reason != REASON_OK) return reason;
  *ret = uid;
  return uid != 0 ? REASON_OK : REASON_ACCOUNT_UNKNOWN;
}

enum reason ledger_set_enabled(struct ledger *ledger, const char *name, bool enabled) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  int64_t uid;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = find_uid(ledger, name, &uid);
  if (reason == REASON_OK)
    reason = database_run(ledger, "UPDATE identities SET state = ? WHERE uid = ?",
                          WITH(TEXT(enabled ? "enabled" : "disabled"), INTEGER(uid)));
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

enum reason ledger_rebind(struct ledger *ledger, const char *name, const char *issuer, const char *subject,
                          int64_t now) {
  if (!binding_is_whole(issuer, subject)) return REASON_CLAIMS_MALFORMED;
  struct transaction transaction CLEANUP(transaction_end) = {0};
  int64_t uid;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = find_uid(ledger, name, &uid);
  if (reason == REASON_OK)
    reason = database_run(ledger,
                          "UPDATE identities SET issuer = ?, subject = ? WHERE uid = ? AND (issuer, subject) <> (?, ?)",
                          WITH(TEXT(issuer), TEXT(subject), INTEGER(uid), TEXT(issuer), TEXT(subject)));
  if (reason == REASON_OK && sqlite3_changes(ledger->db) > 0)
    reason = database_run(ledger, "UPDATE grants SET expires = ? WHERE identity = ? AND expires > ?",
                          WITH(INTEGER(now), INTEGER(uid), INTEGER(now)));
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

enum reason ledger_open_sessions(struct ledger *ledger, const char *name, const char *boot_id, int64_t *ret) {
  return database_integer(ledger,
                          "SELECT count(*) FROM sessions s JOIN grants g ON g.id = s.grant_id"
                          " JOIN identities i ON i.uid = g.identity"
                          " WHERE i.name = ? AND s.boot_id = ? AND s.ended IS NULL",
                          WITH(TEXT(name), TEXT(boot_id)), 0, ret);
}
