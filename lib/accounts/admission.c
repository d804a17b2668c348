/* A decision becomes a grant: find, bind or make the identity, and note what the session may be. */
#include "config.h"

#include <string.h>
#include <sys/random.h>

#include "binding.h"
#include "database.h"
#include "groups.h"
#include "ids.h"
#include "ledger.h"
#include "memberships.h"

/* What the ledger has under the name, seen by this admission. */
struct found {
  bool exists;
  bool bound_elsewhere;
  bool disabled;
  bool hidden;      /* another source had gained its name or id */
  bool published;   /* the tables are told of everything */
  bool as_resolved; /* the record is the one that the host resolved */
  uint32_t uid;
};

/* A role, on either side, is an account and nobody's identity. A literal rule opens a bound account too. */
static bool may_use(const struct admission *admission, const char *issuer, const char *subject) {
  if (admission->role) return true;
  return issuer[0] != '\0' && strcmp(issuer, admission->issuer) == 0 && strcmp(subject, admission->subject) == 0;
}

static bool is_as_resolved(const struct host_record *host, uint32_t uid, const char *home, const char *shell) {
  return host->uid == uid && host->gid == uid && host->home != NULL && strcmp(host->home, home) == 0 &&
         host->shell != NULL && strcmp(host->shell, shell) == 0;
}

static enum reason find_identity(struct ledger *ledger, const struct admission *admission, struct found *ret) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason =
      database_query(ledger,
                     "SELECT uid, issuer, subject, home, shell, state = 'disabled',"
                     " NOT EXISTS (SELECT 1 FROM identities WHERE published = 0) AND NOT (SELECT behind FROM tables),"
                     " hidden"
                     " FROM identities WHERE name = ?",
                     WITH(TEXT(admission->name)), &statement);
  bool row = false;
  if (reason == REASON_OK) reason = database_step(ledger, statement, &row);
  if (reason != REASON_OK) return reason;
  *ret = (struct found){.exists = row};
  if (!row) return REASON_OK;
  ret->uid = (uint32_t)sqlite3_column_int64(statement, 0);
  ret->bound_elsewhere = !may_use(admission, column_text(statement, 1), column_text(statement, 2));
  ret->as_resolved = is_as_resolved(&admission->host, ret->uid, column_text(statement, 3), column_text(statement, 4));
  ret->disabled = sqlite3_column_int(statement, 5) != 0;
  ret->published = sqlite3_column_int(statement, 6) != 0;
  ret->hidden = sqlite3_column_int(statement, 7) != 0;
  return REASON_OK;
}

/* Reserved until the login goes through. */
static enum reason make_identity(struct ledger *ledger, const struct admission *admission, uint32_t uid,
                                 struct found *ret) {
  char home[ACCOUNT_PATH_MAX + 1];
  const char *shell = admission->settings->shell;
  if (!account_home(admission->settings->home, admission->name, home, sizeof home)) return REASON_SETTINGS_INVALID;
  enum reason reason = id_use_up(ledger, uid, admission->name, admission->now);
  if (reason != REASON_OK) return reason;
  reason = database_run(
      ledger,
      "INSERT INTO identities (uid, name, issuer, subject, home, shell, state, created)"
      " VALUES (?, ?, ?, ?, ?, ?, 'reserved', ?)",
      WITH(INTEGER(uid), TEXT(admission->name), TEXT(admission->role ? "" : admission->issuer),
           TEXT(admission->role ? "" : admission->subject), TEXT(home), TEXT(shell), INTEGER(admission->now)));
  if (reason != REASON_OK) return reason;
  *ret = (struct found){.exists = true, .uid = uid, .as_resolved = is_as_resolved(&admission->host, uid, home, shell)};
  return REASON_OK;
}

static enum reason check_replay(struct ledger *ledger, const struct admission *admission) {
  if (admission->token_id == NULL) return REASON_OK;
  int64_t used = 0;
  enum reason reason = database_integer(
      ledger,
      "SELECT 1 FROM used_tokens WHERE issuer = ?1 AND token_id = ?2 UNION ALL"
      " SELECT 1 FROM used_tokens WHERE issuer = ?1 AND token_id = " FORGOTTEN_TOKENS " AND expires >= ?3",
      WITH(TEXT(admission->issuer), TEXT(admission->token_id), INTEGER(admission->token_expires)), 0, &used);
  if (reason != REASON_OK) return reason;
  return used != 0 ? REASON_REPLAYED : REASON_OK;
}

static enum reason use_token_up(struct ledger *ledger, const struct admission *admission) {
  if (admission->token_id == NULL) return REASON_OK;
  return database_run(ledger, "INSERT INTO used_tokens (issuer, token_id, expires) VALUES (?, ?, ?)",
                      WITH(TEXT(admission->issuer), TEXT(admission->token_id), INTEGER(admission->token_expires)));
}

static enum reason note_login(struct ledger *ledger, const struct admission *admission, uint32_t uid) {
  return database_run(ledger, "UPDATE identities SET state = 'enabled', last_login = ? WHERE uid = ?",
                      WITH(INTEGER(admission->now), INTEGER(uid)));
}

/* Its session is to resolve. */
static enum reason come_back(struct ledger *ledger, struct found *found) {
  found->published = false;
  return database_run(ledger, "UPDATE identities SET hidden = 0, published = 0 WHERE uid = ?",
                      WITH(INTEGER(found->uid)));
}

static enum reason draw_grant_id(char ret[GRANT_ID_SIZE]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char bytes[(GRANT_ID_SIZE - 1) / 2];
  if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) return REASON_INTERNAL;
  for (size_t i = 0; i < sizeof bytes; i++) {
    ret[2 * i] = digits[bytes[i] >> 4];
    ret[2 * i + 1] = digits[bytes[i] & 15];
  }
  ret[GRANT_ID_SIZE - 1] = '\0';
  return REASON_OK;
}

static enum reason insert_grant(struct ledger *ledger, const struct admission *admission, const struct grant *grant) {
  enum reason reason = database_run(
      ledger,
      "INSERT INTO grants (identity, id, name, uid, service, issuer, subject, rule, rhost, created, expires,"
      " until_expiry, unproved) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      WITH(admission->local ? TEXT(NULL) : INTEGER(grant->uid), TEXT(grant->id), TEXT(grant->name), INTEGER(grant->uid),
           TEXT(admission->service), TEXT(admission->issuer), TEXT(admission->subject), TEXT(admission->rule),
           TEXT(admission->rhost), INTEGER(admission->now), INTEGER(grant->expires), INTEGER(grant->session_end != 0),
           TEXT(admission->unproved)));
  for (size_t i = 0; reason == REASON_OK && i < grant->group_count; i++)
    reason = database_run(ledger, "INSERT OR IGNORE INTO grant_groups (grant_id, gid) VALUES (?, ?)",
                          WITH(TEXT(grant->id), INTEGER(grant->groups[i])));
  return reason;
}

/* A grant of this uid, with an id of its own. */
static enum reason make_grant(struct ledger *ledger, const struct admission *admission, uint32_t uid,
                              struct grant *ret) {
  size_t length = strlen(admission->name);
  if (admission->group_count > GRANT_GROUPS_MAX || length > ACCOUNT_NAME_MAX) return REASON_INTERNAL;
  *ret = (struct grant){.uid = uid,
                        .expires = admission->expires,
                        .session_end = admission->session_until_expiry ? admission->expires : 0,
                        .group_count = admission->group_count};
  memcpy(ret->name, admission->name, length + 1);
  for (size_t i = 0; i < admission->group_count; i++)
    ret->groups[i] = admission->groups[i].gid;
  enum reason reason = draw_grant_id(ret->id);
  return reason == REASON_OK ? insert_grant(ledger, admission, ret) : reason;
}

/* An account has a group of its own name. */
static enum reason check_new_name(struct ledger *ledger, const struct admission *admission) {
  bool taken = false;
  if (!admission->create) return REASON_ACCOUNT_UNKNOWN;
  enum reason reason = group_has_name(ledger, admission->name, &taken);
  return reason == REASON_OK && taken ? REASON_NAME_RESERVED : reason;
}

/* What stands against the admission, the record that the host resolved apart. */
static enum reason check_admission(struct ledger *ledger, const struct admission *admission,
                                   const struct found *found) {
  if (found->exists && found->bound_elsewhere) return REASON_ACCOUNT_BOUND;
  if (found->exists && found->disabled) return REASON_ACCOUNT_DISABLED;
  if (found->hidden && !admission->free_again) return REASON_SOURCE_UNAVAILABLE;
  enum reason reason = found->exists || admission->local ? REASON_OK : check_new_name(ledger, admission);
  return reason == REASON_OK ? check_replay(ledger, admission) : reason;
}

/* Nothing stands against it. `found` does not exist for an account of another source. */
static enum reason give(struct ledger *ledger, const struct admission *admission, struct found *found,
                        struct grant *ret) {
  bool changed = false;
  bool waits = admission->unproved != NULL; /* for ledger_grant_proved */
  enum reason reason = found->exists && !waits ? note_login(ledger, admission, found->uid) : REASON_OK;
  if (reason == REASON_OK) reason = use_token_up(ledger, admission);
  if (reason == REASON_OK)
    reason = make_grant(ledger, admission, found->exists ? found->uid : admission->host.uid, ret);
  if (reason == REASON_OK && found->exists && admission->host_membership)
    reason = memberships_add_granted(ledger, admission, ret, &changed);
  if (changed) found->published = false;
  return reason;
}

/*
 * The whole admission in one transaction. `id` is the one chosen for a new identity, 0 for none yet; when one is needed
 * and there is none, or another process took it, *ret_needs_id is set and nothing has happened.
 */
static enum reason admit(struct ledger *ledger, const struct admission *admission, uint32_t id, struct grant *ret,
                         enum ledger_change *ret_change, bool *ret_needs_id) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  struct found found = {0};
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK && !admission->local) reason = find_identity(ledger, admission, &found);
  if (reason == REASON_OK) reason = check_admission(ledger, admission, &found);
  if (reason != REASON_OK) return reason;

  if (found.hidden) reason = come_back(ledger, &found);
  if (!found.exists && !admission->local) {
    bool used = true;
    if (id != 0) reason = id_was_used(ledger, id, &used);
    *ret_needs_id = reason == REASON_OK && used;
    if (reason != REASON_OK || used) return reason;
    reason = make_identity(ledger, admission, id, &found);
  }
  bool retry = found.exists && !found.as_resolved;
  struct grant grant;
  if (reason == REASON_OK && !retry) reason = give(ledger, admission, &found, &grant);
  if (reason == REASON_OK) reason = transaction_commit(&transaction);
  if (reason != REASON_OK) return reason;
  if (found.exists && (retry || (!found.published && admission->unproved == NULL))) *ret_change = LEDGER_ACCOUNT_ADDED;
  if (retry) return REASON_ACCOUNT_CHANGED_RETRY;
  *ret = grant;
  return REASON_OK;
}

enum reason ledger_admit(struct ledger *ledger, const struct admission *admission, struct grant *ret,
                         enum ledger_change *ret_change) {
  *ret_change = LEDGER_UNCHANGED;
  if (!binding_is_printable(admission->issuer, admission->subject)) return REASON_CLAIMS_MALFORMED;
  for (uint32_t id = 0;;) {
    bool needs_id = false;
    enum reason reason = admit(ledger, admission, id, ret, ret_change, &needs_id);
    if (reason != REASON_OK || !needs_id) return reason;
    reason = id_choose(ledger, admission->name, admission->settings, admission->id_use, admission->id_use_context, &id);
    if (reason != REASON_OK) return reason;
  }
}
