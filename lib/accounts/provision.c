/* Accounts that the administrator makes, many at a time. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "database.h"
#include "fleet_key.h"
#include "groups.h"
#include "ledger.h"
#include "memberships.h"
#include "secret.h"
#include "turn.h"

/*
 * Ids lie all over the range, but the accounts of one call are made in the order of theirs, so a transaction changes
 * neighbouring pages. The indexes have no such order: their pages stay in memory. Here each account is checked before,
 * and the schema's own checks of a row would take as long as all the rest.
 */
#define FOR_MANY "PRAGMA cache_size = -98304; PRAGMA ignore_check_constraints = ON"
#define FOR_FEW "PRAGMA ignore_check_constraints = OFF"
#define TRANSACTION_MAX 25000 /* accounts: a tenth of a second for which logins wait */

/* ---- what needs no ledger ---- */

const char *provision_text(enum provision_result result) {
  switch (result) {
  case PROVISION_WAITING:
  case PROVISION_ADDED:
  case PROVISION_PRESENT:
    break;
  case PROVISION_NAME_INVALID:
    return "the name is not [a-z_][a-z0-9_-]{0,31}";
  case PROVISION_NAME_RESERVED:
    return "the name is reserved: a group of this name would carry rights";
  case PROVISION_NAME_LOCAL:
    return "another source of this host has the name, as a user, as a group or as a member of one";
  case PROVISION_NAME_BOUND:
    return "the account is there and belongs to another issuer and subject; 'jwtctl accounts rebind' changes that";
  case PROVISION_DIFFERS:
    return "the account is there with another uid, home, shell, state or groups; 'jwtctl accounts show' tells";
  case PROVISION_BINDING:
    return "issuer and subject are both null, or both 1 to 16384 bytes without control characters";
  case PROVISION_PATH:
    return "home and shell are absolute paths of at most 255 bytes, without colons and control characters";
  case PROVISION_ID_OUTSIDE:
    return "the uid is not within uid_min and uid_max of the settings";
  case PROVISION_ID_USED:
    return "the id belongs to another account or group, or belonged to one, and ids are not given out twice";
  case PROVISION_ID_LOCAL:
    return "another source of this host has the id, as a user's or as a group's";
  case PROVISION_RANGE_FULL:
    return "no id is free within uid_min and uid_max of the settings";
  case PROVISION_SOURCE_UNAVAILABLE:
    return "a source of nsswitch.conf did not answer, so the name or the uid may be somebody's";
  case PROVISION_NAME_GROUP:
    return "a group of the settings, or one with members, has the name";
  case PROVISION_NAME_ACCOUNT:
    return "an account has the name, and with it a group";
  case PROVISION_GID_DIFFERS:
    return "it is there with another gid, and keeps it, for files may be its own; take `gid` out of its section";
  case PROVISION_GROUP_AMBIGUOUS:
    return "the name or gid of a group is that of a group or account of the ledger, and another source has it too";
  case PROVISION_KEY_UNREADABLE:
    return "an id is chosen by the fleet key, and that cannot be read; 'jwtctl check' says why";
  case PROVISION_WITHDRAWN:
    return "it is no longer declared, so it is disabled; 'jwtctl accounts enable' or 'remove' decides";
  }
  return NULL;
}

static bool binding_is_fit(const struct provision *account) {
  if (account->issuer == NULL) return true;
  bool role = account->issuer[0] == '\0' && account->subject[0] == '\0';
  return role || binding_is_whole(account->issuer, account->subject);
}

static enum provision_result check(const struct provision *account, const struct account_settings *settings) {
  if (!name_is_strict(account->name)) return PROVISION_NAME_INVALID;
  if (account->state == PROVISION_REMOVED) return account->uid != 0 ? PROVISION_WAITING : PROVISION_ID_OUTSIDE;
  if (name_is_reserved(account->name)) return PROVISION_NAME_RESERVED;
  if (!binding_is_fit(account)) return PROVISION_BINDING;
  if (account->home != NULL && !account_path_is_fit(account->home)) return PROVISION_PATH;
  if (account->shell != NULL && !account_path_is_fit(account->shell)) return PROVISION_PATH;
  if (account->uid != 0 && !id_range_holds(settings->range, account->uid)) return PROVISION_ID_OUTSIDE;
  return PROVISION_WAITING;
}

static enum provision_result result_of(enum id_use use, enum provision_result taken) {
  if (use == ID_UNKNOWN) return PROVISION_SOURCE_UNAVAILABLE;
  return use == ID_TAKEN ? taken : PROVISION_WAITING;
}

/* Go on to the first probe that no other source has. */
static enum provision_result ask_sources(const struct provisioning *how, const uint8_t *key,
                                         struct provision *account) {
  account->candidate = account->uid;
  if (account->state == PROVISION_REMOVED) return PROVISION_WAITING;
  if (account->uid != 0) return result_of(how->id_use(how->context, account->uid), PROVISION_ID_LOCAL);
  if (key == NULL) return PROVISION_KEY_UNREADABLE;
  for (;; account->probe++) {
    account->candidate = account_id_probe(account->name, how->settings->range, key, account->probe);
    if (account->candidate == 0) return PROVISION_RANGE_FULL;
    enum id_use use = how->id_use(how->context, account->candidate);
    if (use != ID_TAKEN) return result_of(use, PROVISION_ID_LOCAL);
  }
}

/* ---- the ledger ---- */

struct statements {
  sqlite3_stmt *find, *use_id, *free_id, *owner, *insert;
  bool any_group; /* the ledger has one */
};

static void statements_free(struct statements *statements) {
  statement_free(&statements->find);
  statement_free(&statements->use_id);
  statement_free(&statements->free_id);
  statement_free(&statements->owner);
  statement_free(&statements->insert);
}

static enum reason prepare(struct ledger *ledger, struct statements *ret) {
  enum reason reason =
      database_query(ledger, "SELECT uid, issuer, subject, home, shell, state FROM identities WHERE name = ?",
                     WITH_NOTHING, &ret->find);
  if (reason == REASON_OK)
    reason =
        database_query(ledger, "INSERT INTO used_ids (id, name, since) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
                       WITH_NOTHING, &ret->use_id);
  if (reason == REASON_OK)
    reason = database_query(ledger, "DELETE FROM used_ids WHERE id = ?", WITH_NOTHING, &ret->free_id);
  if (reason == REASON_OK)
    reason = database_query(ledger,
                            "SELECT name = ? AND NOT EXISTS (SELECT 1 FROM identities WHERE uid = id)"
                            " FROM used_ids WHERE id = ?",
                            WITH_NOTHING, &ret->owner);
  if (reason == REASON_OK)
    reason =
        database_query(ledger,
                       "INSERT INTO identities (uid, name, issuer, subject, home, shell, state, created, published)"
                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)" /* see database_note_behind */
                       " ON CONFLICT (name) DO NOTHING",
                       WITH_NOTHING, &ret->insert);
  int64_t any_group = 0;
  if (reason == REASON_OK)
    reason = database_integer(ledger, "SELECT 1 FROM groups LIMIT 1", WITH_NOTHING, 0, &any_group);
  ret->any_group = any_group != 0;
  return reason;
}

static enum reason run_again(struct ledger *ledger, sqlite3_stmt *statement, const struct value *values, size_t count) {
  bool row;
  enum reason reason = database_again(ledger, statement, values, count);
  return reason == REASON_OK ? database_step(ledger, statement, &row) : reason;
}

static const char *state_text(enum provision_state state) {
  static const char *const texts[] = {"enabled", "disabled", "reserved", "removed"};
  return texts[state];
}

static bool is_same(const char *wanted, sqlite3_stmt *statement, int column) {
  return wanted == NULL || strcmp(wanted, column_text(statement, column)) == 0;
}

/* What the ledger has under the name; PROVISION_WAITING when that is nothing. */
static enum reason look_up(struct ledger *ledger, const struct statements *statements, struct provision *account) {
  sqlite3_stmt *found = statements->find;
  bool row = false;
  enum reason reason = database_again(ledger, found, WITH(TEXT(account->name)));
  if (reason == REASON_OK) reason = database_step(ledger, found, &row);
  if (reason != REASON_OK || !row) return reason;
  bool same_id = account->uid == 0 || (int64_t)account->uid == sqlite3_column_int64(found, 0);
  bool same_state = account->any_state || is_same(state_text(account->state), found, 5);
  if (!is_same(account->issuer, found, 1) || !is_same(account->subject, found, 2))
    account->result = PROVISION_NAME_BOUND;
  else if (!same_id || !is_same(account->home, found, 3) || !is_same(account->shell, found, 4) || !same_state)
    account->result = PROVISION_DIFFERS;
  else
    account->result = PROVISION_PRESENT;
  if (account->result != PROVISION_PRESENT || account->groups == NULL) return REASON_OK;
  bool same_groups = false;
  uint32_t uid = (uint32_t)sqlite3_column_int64(found, 0);
  reason = memberships_are_lasting(ledger, uid, account->groups, account->group_count, &same_groups);
  if (reason == REASON_OK && !same_groups) account->result = PROVISION_DIFFERS;
  return reason;
}

/* Enter the id as used. *ret_free: nobody ever had it. */
static enum reason use_id(struct ledger *ledger, const struct statements *statements, const struct provisioning *how,
                          const struct provision *account, bool *ret_free) {
  enum reason reason =
      run_again(ledger, statements->use_id, WITH(INTEGER(account->candidate), TEXT(account->name), INTEGER(how->now)));
  if (reason == REASON_OK) *ret_free = sqlite3_changes(ledger->db) > 0;
  return reason;
}

static enum reason reserve_removed(struct ledger *ledger, const struct statements *statements,
                                   const struct provisioning *how, struct provision *account) {
  bool was_free, row = false;
  enum reason reason = use_id(ledger, statements, how, account, &was_free);
  if (reason != REASON_OK) return reason;
  account->result = PROVISION_ADDED;
  if (was_free) return REASON_OK;
  reason = database_again(ledger, statements->owner, WITH(TEXT(account->name), INTEGER(account->uid)));
  if (reason == REASON_OK) reason = database_step(ledger, statements->owner, &row);
  bool same = row && sqlite3_column_int(statements->owner, 0) != 0;
  account->result = same ? PROVISION_PRESENT : PROVISION_ID_USED;
  return reason;
}

/* *ret_made: nobody has the name. */
static enum reason insert(struct ledger *ledger, const struct statements *statements, const struct provisioning *how,
                          const struct provision *account, bool *ret_made) {
  char home[ACCOUNT_PATH_MAX + 1];
  const char *shell = account->shell != NULL ? account->shell : how->settings->shell;
  if (account->home == NULL && !account_home(how->settings->home, account->name, home, sizeof home))
    return REASON_SETTINGS_INVALID;
  enum reason reason = run_again(
      ledger, statements->insert,
      WITH(INTEGER(account->candidate), TEXT(account->name), TEXT(account->issuer != NULL ? account->issuer : ""),
           TEXT(account->subject != NULL ? account->subject : ""), TEXT(account->home != NULL ? account->home : home),
           TEXT(shell), TEXT(state_text(account->state)), INTEGER(how->now)));
  if (reason == REASON_OK) *ret_made = sqlite3_changes(ledger->db) > 0;
  return reason;
}

/* Neither the account's own name nor a name or gid of its groups may mean two things. */
static enum reason check_groups(struct ledger *ledger, const struct statements *statements,
                                const struct provisioning *how, struct provision *account) {
  bool taken = false;
  enum reason reason = statements->any_group ? group_has_name(ledger, account->name, &taken) : REASON_OK;
  if (reason == REASON_OK && taken) account->result = PROVISION_NAME_GROUP;
  if (reason != REASON_OK || taken || account->group_count == 0) return reason;
  reason = memberships_note_groups(ledger, account->groups, account->group_count, how->settings->range, how->now);
  if (reason != REASON_GROUP_AMBIGUOUS) return reason;
  account->result = PROVISION_GROUP_AMBIGUOUS;
  return REASON_OK;
}

/* Most accounts are new, so that is tried before anything is looked up. An id that the ledger has already leaves the
 * account waiting at its next probe: other sources must be asked of it. */
static enum reason make(struct ledger *ledger, const struct statements *statements, const struct provisioning *how,
                        struct provision *account) {
  if (account->state == PROVISION_REMOVED) return reserve_removed(ledger, statements, how, account);
  bool was_free, made = false;
  enum reason reason = check_groups(ledger, statements, how, account);
  if (reason != REASON_OK || account->result != PROVISION_WAITING) return reason;
  reason = use_id(ledger, statements, how, account, &was_free);
  if (reason == REASON_OK && was_free) reason = insert(ledger, statements, how, account, &made);
  if (reason == REASON_OK && made)
    reason = memberships_add_lasting(ledger, account->candidate, account->groups, account->group_count);
  if (reason == REASON_OK && made) account->result = PROVISION_ADDED;
  if (reason != REASON_OK || made) return reason;
  if (was_free) reason = run_again(ledger, statements->free_id, WITH(INTEGER(account->candidate)));
  if (reason == REASON_OK) reason = look_up(ledger, statements, account);
  if (reason != REASON_OK || account->result != PROVISION_WAITING) return reason;
  account->probe++;
  if (account->uid != 0) account->result = PROVISION_ID_USED;
  return REASON_OK;
}

/* ---- many of them ---- */

/* An account that is to be made: those of one id stay in the order they came. */
struct waiting {
  uint32_t id;
  uint32_t index;
};

static int compare_waiting(const void *a, const void *b) {
  const struct waiting *left = a, *right = b;
  if (left->id != right->id) return left->id < right->id ? -1 : 1;
  return left->index < right->index ? -1 : left->index > right->index;
}

static enum reason make_each(struct ledger *ledger, const struct provisioning *how, struct provision *accounts,
                             const struct waiting *waiting, size_t count) {
  struct statements statements CLEANUP(statements_free) = {0};
  bool any_made = false;
  enum reason reason = prepare(ledger, &statements);
  for (size_t i = 0; reason == REASON_OK && i < count; i++) {
    struct provision *account = &accounts[waiting[i].index];
    reason = make(ledger, &statements, how, account);
    any_made = any_made || (account->result == PROVISION_ADDED && account->state != PROVISION_REMOVED);
  }
  return reason == REASON_OK && any_made ? database_note_behind(ledger) : reason;
}

/* In one transaction. Its statements are freed before the commit: one that is not done would keep the lock. */
static enum reason make_some(struct ledger *ledger, const struct provisioning *how, struct provision *accounts,
                             const struct waiting *waiting, size_t count) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = make_each(ledger, how, accounts, waiting, count);
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

static enum reason make_waiting(struct ledger *ledger, const struct provisioning *how, struct provision *accounts,
                                const struct waiting *waiting, size_t count) {
  enum reason reason = REASON_OK;
  for (size_t made = 0; reason == REASON_OK && made < count; made += TRANSACTION_MAX) {
    ledger_tell_progress(ledger, made);
    reason = make_some(ledger, how, accounts, waiting + made,
                       count - made < TRANSACTION_MAX ? count - made : TRANSACTION_MAX);
  }
  return reason;
}

/* Ask the other sources of each account that is still waiting. Returns how many go on waiting. */
static size_t ask_of_waiting(const struct provisioning *how, const uint8_t *key, struct provision *accounts,
                             size_t count, struct waiting *ret_waiting) {
  size_t waiting = 0;
  for (size_t i = 0; i < count; i++) {
    if (accounts[i].result != PROVISION_WAITING) continue;
    accounts[i].result = ask_sources(how, key, &accounts[i]);
    if (accounts[i].result == PROVISION_WAITING)
      ret_waiting[waiting++] = (struct waiting){accounts[i].candidate, (uint32_t)i};
  }
  qsort(ret_waiting, waiting, sizeof *ret_waiting, compare_waiting);
  return waiting;
}

/* What is there already is so whoever else has its name or id now, or does not answer: ledger_compare tells of that. */
static enum reason look_up_refused(struct ledger *ledger, struct provision *accounts, size_t count) {
  struct statements statements CLEANUP(statements_free) = {0};
  enum reason reason = prepare(ledger, &statements);
  for (size_t i = 0; reason == REASON_OK && i < count; i++)
    if (accounts[i].result == PROVISION_NAME_LOCAL || accounts[i].result == PROVISION_ID_LOCAL ||
        accounts[i].result == PROVISION_SOURCE_UNAVAILABLE)
      reason = look_up(ledger, &statements, &accounts[i]);
  return reason;
}

/* key: NULL when it cannot be read. */
static enum reason provision(struct ledger *ledger, const struct provisioning *how, const uint8_t *key,
                             struct provision *accounts, size_t count, struct waiting *waiting) {
  for (size_t i = 0; i < count; i++) {
    accounts[i].result = check(&accounts[i], how->settings);
    accounts[i].probe = 0;
    if (accounts[i].result == PROVISION_WAITING && accounts[i].state != PROVISION_REMOVED)
      accounts[i].result = result_of(how->name_use(how->context, accounts[i].name), PROVISION_NAME_LOCAL);
  }
  for (;;) {
    size_t left = ask_of_waiting(how, key, accounts, count, waiting);
    if (left == 0) return look_up_refused(ledger, accounts, count);
    enum reason reason = make_waiting(ledger, how, accounts, waiting, left);
    if (reason != REASON_OK) return reason;
  }
}

enum reason ledger_provision(struct ledger *ledger, const struct provisioning *how, struct provision *accounts,
                             size_t count) {
  struct waiting *waiting = count < UINT32_MAX ? calloc(count + 1, sizeof *waiting) : NULL;
  if (waiting == NULL) return REASON_OUT_OF_MEMORY;
  uint8_t key[FLEET_KEY_SIZE];
  bool has_key = fleet_key_read(how->settings->fleet_key, key);
  turn_wait_for(ledger); /* and keep it until the caller publishes: logins meanwhile are not to do it for him */
  enum reason reason = database_script(ledger, FOR_MANY), reset;
  if (reason == REASON_OK) reason = provision(ledger, how, has_key ? key : NULL, accounts, count, waiting);
  ERASE_ARRAY(key);
  reset = database_script(ledger, FOR_FEW);
  free(waiting);
  return reason != REASON_OK ? reason : reset;
}
