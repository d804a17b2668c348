/* The accounts and groups that the settings declare. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "groups.h"
#include "ledger.h"
#include "memberships.h"

/* What is there already is made to be as declared; its id is not changed, so one of another id stays as it is. */
static enum reason adopt(struct ledger *ledger, const struct declared_account *account, bool *ret_moved) {
  enum reason reason = database_run(
      ledger, "UPDATE identities SET home = ?, shell = ? WHERE name = ? AND uid = ? AND (home, shell) <> (?, ?)",
      WITH(TEXT(account->home), TEXT(account->shell), TEXT(account->name), INTEGER(account->uid), TEXT(account->home),
           TEXT(account->shell)));
  if (reason == REASON_OK && sqlite3_changes(ledger->db) > 0) *ret_moved = true;
  if (reason != REASON_OK || account->issuer == NULL) return reason;
  reason = database_run(ledger,
                        "UPDATE identities SET issuer = ?, subject = ? WHERE name = ? AND uid = ?"
                        " AND (issuer, subject) <> (?, ?)",
                        WITH(TEXT(account->issuer), TEXT(account->subject), TEXT(account->name), INTEGER(account->uid),
                             TEXT(account->issuer), TEXT(account->subject)));
  return reason == REASON_OK && sqlite3_changes(ledger->db) > 0 ? grants_end(ledger, account->uid) : reason;
}

static enum reason adopt_all(struct ledger *ledger, const struct account_settings *settings) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  bool moved = false;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  for (size_t i = 0; reason == REASON_OK && i < settings->declared_count; i++)
    reason = adopt(ledger, &settings->declared[i], &moved);
  if (reason == REASON_OK && moved) reason = database_note_behind(ledger);
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

/* ---- the mark ---- */

static enum reason mark(struct ledger *ledger, const struct provision *accounts, size_t count) {
  enum reason reason = REASON_OK;
  for (size_t i = 0; reason == REASON_OK && i < count; i++)
    if (provision_text(accounts[i].result) == NULL)
      reason = database_run(ledger, "UPDATE identities SET declared = 1 WHERE name = ? AND NOT declared",
                            WITH(TEXT(accounts[i].name)));
  return reason;
}

static bool is_declared(const struct account_settings *settings, const char *name, uint32_t uid) {
  for (size_t i = 0; i < settings->declared_count; i++)
    if (settings->declared[i].uid == uid && strcmp(settings->declared[i].name, name) == 0) return true;
  return false;
}

/* One that the settings no longer declare, if there is any. */
static enum reason find_withdrawn(struct ledger *ledger, const struct account_settings *settings,
                                  char ret[ACCOUNT_NAME_MAX + 1], uint32_t *ret_uid) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason =
      database_query(ledger, "SELECT name, uid FROM identities WHERE declared", WITH_NOTHING, &statement);
  bool row = false;
  ret[0] = '\0';
  if (reason == REASON_OK) reason = database_step(ledger, statement, &row);
  while (reason == REASON_OK && row) {
    const char *name = column_text(statement, 0);
    *ret_uid = (uint32_t)sqlite3_column_int64(statement, 1);
    if (!is_declared(settings, name, *ret_uid) && strlen(name) <= ACCOUNT_NAME_MAX) {
      memcpy(ret, name, strlen(name) + 1);
      return REASON_OK;
    }
    reason = database_step(ledger, statement, &row);
  }
  return reason;
}

static enum reason disable(struct ledger *ledger, uint32_t uid) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK)
    reason = database_run(ledger, "UPDATE identities SET declared = 0, state = 'disabled' WHERE uid = ?",
                          WITH(INTEGER(uid)));
  if (reason == REASON_OK) reason = memberships_end_granted(ledger, uid);
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

/* An account whose section is gone must not stay open to whatever rule names it. */
static enum reason withdraw(struct ledger *ledger, const struct account_settings *settings, declared_teller tell,
                            void *context) {
  for (;;) {
    char name[ACCOUNT_NAME_MAX + 1];
    uint32_t uid = 0;
    enum reason reason = find_withdrawn(ledger, settings, name, &uid);
    if (reason != REASON_OK || name[0] == '\0') return reason;
    reason = disable(ledger, uid);
    if (reason != REASON_OK) return reason;
    tell(context, "account", name, PROVISION_WITHDRAWN);
  }
}

/* ---- all of them ---- */

static enum reason declare(struct ledger *ledger, const struct provisioning *how, struct provision *accounts,
                           declared_teller tell, void *context) {
  const struct account_settings *settings = how->settings;
  for (size_t i = 0; i < settings->declared_count; i++)
    accounts[i] = (struct provision){.name = settings->declared[i].name,
                                     .issuer = settings->declared[i].issuer,
                                     .subject = settings->declared[i].subject,
                                     .home = settings->declared[i].home,
                                     .shell = settings->declared[i].shell,
                                     .uid = settings->declared[i].uid,
                                     .any_state = true};
  enum reason reason = adopt_all(ledger, settings);
  if (reason == REASON_OK) reason = ledger_provision(ledger, how, accounts, settings->declared_count);
  if (reason == REASON_OK) reason = mark(ledger, accounts, settings->declared_count);
  for (size_t i = 0; reason == REASON_OK && i < settings->declared_count; i++)
    if (provision_text(accounts[i].result) != NULL) tell(context, "account", accounts[i].name, accounts[i].result);
  if (reason == REASON_OK) reason = withdraw(ledger, settings, tell, context);
  return reason == REASON_OK ? groups_declare(ledger, how, tell, context) : reason;
}

enum reason ledger_declare(struct ledger *ledger, const struct provisioning *how, declared_teller tell, void *context) {
  struct provision *accounts = calloc(how->settings->declared_count + 1, sizeof *accounts);
  if (accounts == NULL) return REASON_OUT_OF_MEMORY;
  enum reason reason = declare(ledger, how, accounts, tell, context);
  free(accounts);
  return reason;
}
