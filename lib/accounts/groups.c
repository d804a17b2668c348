#include "config.h"

#include "groups.h"

#include "database.h"
#include "ids.h"

enum reason group_has_name(struct ledger *ledger, const char *name, bool *ret) {
  int64_t found = 0;
  enum reason reason = database_integer(ledger, "SELECT 1 FROM groups WHERE name = ?", WITH(TEXT(name)), 0, &found);
  if (reason == REASON_OK) *ret = found != 0;
  return reason;
}

enum reason ledger_group(struct ledger *ledger, const char *name, uint32_t *ret_gid) {
  int64_t gid = 0;
  enum reason reason =
      database_integer(ledger, "SELECT gid FROM groups WHERE name = ? AND NOT local", WITH(TEXT(name)), 0, &gid);
  if (reason != REASON_OK) return reason;
  if (gid == 0) return REASON_GROUP_UNKNOWN;
  *ret_gid = (uint32_t)gid;
  return REASON_OK;
}

/* Every account has a group of its own name and id. */
enum reason ledger_has_group(struct ledger *ledger, const char *name, uint32_t gid, bool *ret) {
  int64_t found = 0;
  enum reason reason = database_integer(ledger,
                                        "SELECT EXISTS (SELECT 1 FROM groups WHERE name = ?1 AND NOT local)"
                                        " OR EXISTS (SELECT 1 FROM identities WHERE name = ?1)"
                                        " OR EXISTS (SELECT 1 FROM used_ids WHERE id = ?2)",
                                        WITH(TEXT(name), INTEGER(gid)), 0, &found);
  if (reason == REASON_OK) *ret = found != 0;
  return reason;
}

/* ---- making one ---- */

static enum provision_result result_of(enum id_use use, enum provision_result taken) {
  if (use == ID_UNKNOWN) return PROVISION_SOURCE_UNAVAILABLE;
  return use == ID_TAKEN ? taken : PROVISION_WAITING;
}

static enum provision_result ask_sources(const struct provisioning *how, const char *name, uint32_t gid) {
  enum provision_result result = result_of(how->name_use(how->context, name), PROVISION_NAME_LOCAL);
  if (result != PROVISION_WAITING || gid == 0) return result;
  return result_of(how->id_use(how->context, gid), PROVISION_ID_LOCAL);
}

/* One that is there keeps its gid, for files may be its own. */
static enum provision_result check_present(const struct provisioning *how, const struct group_settings *section,
                                           uint32_t gid) {
  if (section->gid != 0 && section->gid != gid) return PROVISION_GID_DIFFERS;
  enum provision_result result = ask_sources(how, section->name, gid);
  return result == PROVISION_WAITING ? PROVISION_PRESENT : result;
}

/* What the ledger has under the name; PROVISION_WAITING when that is nothing. A local group is none: no other source
 * has the name any more. */
static enum reason look_up(struct ledger *ledger, const char *name, enum provision_result *ret) {
  enum { NOTHING, ACCOUNT, GROUP };
  int64_t found = NOTHING;
  enum reason reason = database_run(ledger, "DELETE FROM groups WHERE local AND name = ?", WITH(TEXT(name)));
  if (reason == REASON_OK)
    reason =
        database_integer(ledger, "SELECT 1 FROM identities WHERE name = ?1 UNION SELECT 2 FROM groups WHERE name = ?1",
                         WITH(TEXT(name)), NOTHING, &found);
  if (reason != REASON_OK) return reason;
  *ret = found == ACCOUNT ? PROVISION_NAME_ACCOUNT : found == GROUP ? PROVISION_PRESENT : PROVISION_WAITING;
  return REASON_OK;
}

/* PROVISION_WAITING: somebody took the id meanwhile. */
static enum reason insert(struct ledger *ledger, const struct provisioning *how, const char *name, uint32_t gid,
                          enum provision_result *ret) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  bool used = false;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = look_up(ledger, name, ret);
  if (reason == REASON_OK && *ret == PROVISION_WAITING) reason = id_was_used(ledger, gid, &used);
  if (reason != REASON_OK || *ret != PROVISION_WAITING || used) return reason;
  reason = id_use_up(ledger, gid, name, how->now);
  if (reason == REASON_OK)
    reason = database_run(ledger, "INSERT INTO groups (gid, name, local, since) VALUES (?, ?, 0, ?)",
                          WITH(INTEGER(gid), TEXT(name), INTEGER(how->now)));
  if (reason == REASON_OK) reason = database_note_behind(ledger);
  if (reason == REASON_OK) reason = transaction_commit(&transaction);
  if (reason == REASON_OK) *ret = PROVISION_ADDED;
  return reason;
}

static enum reason make_with_gid(struct ledger *ledger, const struct provisioning *how,
                                 const struct group_settings *section, enum provision_result *ret) {
  enum reason reason = insert(ledger, how, section->name, section->gid, ret);
  if (reason == REASON_OK && *ret == PROVISION_WAITING) *ret = PROVISION_ID_USED;
  return reason;
}

/* What kept an id from being chosen concerns this group alone. */
static enum reason refused(enum reason reason, enum provision_result *ret) {
  switch (reason) {
  case REASON_ACCOUNT_RANGE_FULL:
    *ret = PROVISION_RANGE_FULL;
    return REASON_OK;
  case REASON_SOURCE_UNAVAILABLE:
    *ret = PROVISION_SOURCE_UNAVAILABLE;
    return REASON_OK;
  case REASON_SETTINGS_INVALID:
    *ret = PROVISION_KEY_UNREADABLE;
    return REASON_OK;
  default:
    return reason;
  }
}

static enum reason make_probing(struct ledger *ledger, const struct provisioning *how, const char *name,
                                enum provision_result *ret) {
  do {
    uint32_t gid;
    enum reason reason = id_choose(ledger, name, how->settings, how->id_use, how->context, &gid);
    if (reason != REASON_OK) return refused(reason, ret);
    reason = insert(ledger, how, name, gid, ret);
    if (reason != REASON_OK) return reason;
  } while (*ret == PROVISION_WAITING);
  return REASON_OK;
}

static enum reason make(struct ledger *ledger, const struct provisioning *how, const struct group_settings *section,
                        enum provision_result *ret) {
  uint32_t gid;
  enum reason reason = ledger_group(ledger, section->name, &gid);
  if (reason == REASON_OK) *ret = check_present(how, section, gid);
  if (reason != REASON_GROUP_UNKNOWN) return reason;
  *ret = ask_sources(how, section->name, section->gid);
  if (*ret != PROVISION_WAITING) return REASON_OK;
  return section->gid != 0 ? make_with_gid(ledger, how, section, ret) : make_probing(ledger, how, section->name, ret);
}

/* ---- all of them ---- */

static enum reason declare(struct ledger *ledger, const struct provisioning *how, bool with_gid, declared_teller tell,
                           void *context) {
  enum reason reason = REASON_OK;
  for (size_t i = 0; reason == REASON_OK && i < how->settings->group_count; i++) {
    const struct group_settings *section = &how->settings->groups[i];
    enum provision_result result = PROVISION_PRESENT;
    if ((section->gid != 0) != with_gid) continue;
    reason = make(ledger, how, section, &result);
    if (reason == REASON_OK && provision_text(result) != NULL) tell(context, "group", section->name, result);
  }
  return reason;
}

/* Those that ask for an id first: the probe of another might be just that. */
enum reason groups_declare(struct ledger *ledger, const struct provisioning *how, declared_teller tell, void *context) {
  enum reason reason = declare(ledger, how, true, tell, context);
  return reason == REASON_OK ? declare(ledger, how, false, tell, context) : reason;
}
