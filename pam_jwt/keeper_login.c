#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "fleet_key.h"
#include "keeper.h"
#include "paths.h"
#include "secret.h"
#include "sources.h"
#include "tables.h"

/* ---- what the host knows of the account ---- */

enum id_use keeper_id_use(void *context UNUSED, uint32_t id) {
  enum source_answer user = sources_user_by_uid(id), group = sources_group_by_gid(id);
  if (user == SOURCE_FOUND || group == SOURCE_FOUND) return ID_TAKEN;
  return user == SOURCE_UNAVAILABLE || group == SOURCE_UNAVAILABLE ? ID_UNKNOWN : ID_FREE;
}

enum reason keeper_known_account(const char *name, uint32_t id) {
  if (keeper_id_use(NULL, id) == ID_TAKEN) return REASON_ACCOUNT_ID_TAKEN;
  return sources_group_by_name(name, NULL) == SOURCE_FOUND ? REASON_NAME_RESERVED : REASON_OK;
}

/* One that does not answer may be the one for which the account was hidden. */
enum reason keeper_hidden_account(struct event *event) {
  const char *name = event->request->user;
  uint32_t id = 0;
  enum reason reason = ledger_hidden_id(event->ledger, name, &id);
  if (reason != REASON_OK || id == 0) return reason;
  event->free_again = sources_user_by_name(name, NULL) == SOURCE_ABSENT &&
                      sources_group_by_name(name, NULL) == SOURCE_ABSENT && keeper_id_use(NULL, id) == ID_FREE;
  return event->free_again ? REASON_OK : REASON_SOURCE_UNAVAILABLE;
}

static enum reason find_in_ledger(struct event *event, enum account_kind *ret) {
  enum reason reason = event_ledger(event);
  if (reason != REASON_OK) return reason;
  reason = ledger_account_state(event->ledger, event->request->user, event->request->uid);
  if (reason != REASON_OK && reason != REASON_ACCOUNT_DISABLED && reason != REASON_ACCOUNT_UNKNOWN) return reason;
  /* A disabled one is refused after the judge. */
  *ret = reason == REASON_ACCOUNT_UNKNOWN ? ACCOUNT_ABSENT : ACCOUNT_OURS;
  return REASON_OK;
}

/*
 * A source that does not answer might have the name. Known accounts of ours go on unless they are hidden; for any other
 * name that is not known to be absent the answer is no.
 */
static enum reason find_account(struct event *event, struct account_facts *ret) {
  const struct keeper_request *request = event->request;
  *ret = (struct account_facts){.name = request->user, .uid = request->uid};
  uint32_t uid = 0;
  enum source_answer user = sources_user_by_name(request->user, &uid);
  if (user == SOURCE_FOUND) {
    ret->kind = ACCOUNT_LOCAL;
    return uid == request->uid ? REASON_OK : REASON_ACCOUNT_CHANGED_RETRY;
  }
  enum reason reason = find_in_ledger(event, &ret->kind);
  if (reason == REASON_OK && ret->kind == ACCOUNT_OURS) return keeper_known_account(request->user, request->uid);
  if (reason != REASON_OK) return reason;

  enum source_answer group = sources_group_by_name(request->user, NULL);
  ret->group_of_same_name = group == SOURCE_FOUND || sources_group_lists_member(request->user) ||
                            group_is_declared(&event->settings->accounts, request->user);
  return user == SOURCE_UNAVAILABLE || group == SOURCE_UNAVAILABLE ? REASON_SOURCE_UNAVAILABLE : REASON_OK;
}

/* ---- what the rule gives ---- */

static enum reason refuse_ambiguous(struct event *event, const char *name, uint32_t gid) {
  event_detail(event, "group %s with gid %u", name, gid);
  return REASON_GROUP_AMBIGUOUS;
}

/* A group of another source. A name or an id that is ours as well may mean either, whichever came first. */
static enum reason check_local_group(struct event *event, const char *name, uint32_t gid) {
  bool ours = group_is_declared(&event->settings->accounts, name);
  enum reason reason = ours ? REASON_OK : ledger_has_group(event->ledger, name, gid, &ours);
  if (reason != REASON_OK) return reason;
  if (ours) return refuse_ambiguous(event, name, gid);
  if (gid >= SYSTEM_ID_END || event->rule->system) return REASON_OK;
  event_detail(event, "group %s has gid %u", name, gid);
  return REASON_SYSTEM_GROUP;
}

/* A group of ours: as long as its section stands, and nobody else has gained its id. */
static enum reason find_own_group(struct event *event, const char *name, uint32_t *ret_gid) {
  bool declared = group_is_declared(&event->settings->accounts, name);
  enum reason reason = declared ? ledger_group(event->ledger, name, ret_gid) : REASON_GROUP_UNKNOWN;
  if (reason == REASON_GROUP_UNKNOWN)
    event_detail(event, "group %s%s", name, declared ? ": see what jwtctl apply says of its section" : "");
  if (reason != REASON_OK) return reason;
  return keeper_id_use(NULL, *ret_gid) == ID_TAKEN ? refuse_ambiguous(event, name, *ret_gid) : REASON_OK;
}

static enum reason resolve_group(struct event *event, const char *name) {
  uint32_t gid = 0;
  enum reason reason = REASON_SOURCE_UNAVAILABLE;
  switch (sources_group_by_name(name, &gid)) {
  case SOURCE_UNAVAILABLE:
    break;
  case SOURCE_ABSENT:
    reason = find_own_group(event, name, &gid);
    break;
  case SOURCE_FOUND:
    reason = check_local_group(event, name, gid);
    break;
  }
  if (reason != REASON_OK) return reason;
  if (event->group_count == GRANT_GROUPS_MAX) return REASON_INTERNAL;
  event->groups[event->group_count++] = (struct given_group){.name = name, .gid = gid};
  return REASON_OK;
}

static enum reason resolve_groups(struct event *event) {
  enum reason reason = REASON_OK;
  for (const char *const *name = event->rule->groups; *name != NULL && reason == REASON_OK; name++) {
    reason = resolve_group(event, *name);
  }
  return reason;
}

/* ---- from verdict to grant ---- */

enum reason keeper_publish(struct event *event, const char *name) {
  enum reason reason = ledger_publish(event->ledger, &event->settings->accounts, PATH_TABLES, name);
  if (reason != REASON_OK) event_detail(event, "publishing to %s: %s", PATH_TABLES, ledger_detail(event->ledger));
  return reason;
}

static bool take_identity(void *context, const struct identity *identity) {
  struct identity *copy = context;
  copy->uid = identity->uid;
  copy->created = identity->created;
  return true;
}

/* A name whose first id somebody has, or had, is worth a word: on other hosts it will have another. */
static void note_collision(struct event *event) {
  const char *name = event->request->user;
  struct identity identity = {.name = name};
  bool made_now =
      ledger_identity(event->ledger, name, take_identity, &identity) == REASON_OK && identity.created == event->now;
  uint8_t key[FLEET_KEY_SIZE];
  if (!made_now || !fleet_key_read(event->settings->accounts.fleet_key, key)) return;
  uint32_t first = account_id_probe(name, event->settings->accounts.range, key, 0);
  ERASE_ARRAY(key);
  if (identity.uid != first) event_detail(event, "id %u, because %u is taken", identity.uid, first);
}

/* A token accepted within the leeway after its exp gives rights for as long as the clocks may differ. */
static int64_t rights_end(const struct event *event) {
  const struct issuer *issuer = settings_issuer(event->settings, event->rule->issuer);
  return event->verdict.expires > event->now ? event->verdict.expires : event->verdict.expires + issuer->leeway;
}

static enum reason admit(struct event *event, const struct account_facts *account, struct keeper_answer *ret) {
  const struct keeper_request *request = event->request;
  const struct rule *rule = event->rule;
  const struct judge_answer *verdict = &event->verdict;
  const struct admission admission = {
      .name = request->user,
      .service = request->service,
      .issuer = verdict->issuer,
      .subject = verdict->subject,
      .rule = rule->title,
      .rhost = request->rhost[0] != '\0' ? request->rhost : NULL,
      .local = account->kind == ACCOUNT_LOCAL,
      .role = !rule->account_is_template,
      .create = rule->create,
      .free_again = event->free_again,
      .settings = &event->settings->accounts,
      .host = {.uid = request->uid, .gid = request->gid, .home = request->home, .shell = request->shell},
      .id_use = keeper_id_use,
      .groups = event->groups,
      .group_count = event->group_count,
      .host_membership = event->rule->host_membership,
      .token_id = rule->single_use ? verdict->token_id : NULL,
      .token_expires = verdict->expires,
      .expires = rights_end(event),
      .session_until_expiry = rule->session_until_expiry,
      .unproved = event->proof_later && verdict->proof[0] != '\0' ? verdict->proof : NULL,
      .now = event->now,
  };
  struct grant grant;
  enum ledger_change change = LEDGER_UNCHANGED;
  enum reason reason = ledger_admit(event->ledger, &admission, &grant, &change);
  if (reason == REASON_STATE_UNAVAILABLE || reason == REASON_STATE_DAMAGED || reason == REASON_STATE_BUSY) {
    event_detail(event, "%s: %s", PATH_LEDGER, ledger_detail(event->ledger));
  } else if (reason == REASON_SETTINGS_INVALID) {
    event_detail(event, "%s", ledger_detail(event->ledger));
  }
  if (change == LEDGER_ACCOUNT_ADDED) {
    note_collision(event);
    enum reason published = keeper_publish(event, request->user);
    if (reason == REASON_OK) reason = published;
  }
  if (reason == REASON_OK) {
    memcpy(ret->grant, grant.id, sizeof(ret->grant));
    ret->unproved = event->deferred = admission.unproved != NULL;
    if (ret->unproved) event_detail(event, "the key is to be proved in the account phase");
    answer_with_grant(&grant, ret);
  }
  return reason;
}

static enum id_use name_use(void *context UNUSED, const char *name) {
  enum source_answer user = sources_user_by_name(name, NULL), group = sources_group_by_name(name, NULL);
  if (user == SOURCE_FOUND || group == SOURCE_FOUND || sources_group_lists_member(name)) return ID_TAKEN;
  return user == SOURCE_UNAVAILABLE || group == SOURCE_UNAVAILABLE ? ID_UNKNOWN : ID_FREE;
}

/* One that cannot be stands in nobody's way but its own. */
static void log_declared(void *context UNUSED, const char *kind, const char *name, enum provision_result result) {
  syslog(LOG_WARNING, "%s \"%s\": %s", kind, name, provision_text(result));
}

static enum reason declare(struct event *event) {
  struct provisioning how = {
      .settings = &event->settings->accounts, .id_use = keeper_id_use, .name_use = name_use, .now = event->now};
  enum reason reason = ledger_declare(event->ledger, &how, log_declared, NULL);
  if (reason != REASON_OK) event_detail(event, "%s: %s", PATH_LEDGER, ledger_detail(event->ledger));
  return reason;
}

/* The tables follow the settings by themselves, whoever edited them. */
static enum reason refresh_tables(struct event *event) {
  struct tables *tables = tables_new(PATH_TABLES);
  if (tables == NULL) return REASON_OUT_OF_MEMORY;
  bool current = tables_made_from(tables, event->settings->accounts.fingerprint);
  tables_free(tables);
  if (current) return REASON_OK;
  enum reason reason = declare(event);
  return reason == REASON_OK ? keeper_publish(event, NULL) : reason;
}

/* A token cut off looks like many things; the length of the last answer tells. */
static enum reason name_the_cut(const struct event *event, enum reason reason) {
  bool broken = reason == REASON_TOKEN_MALFORMED || reason == REASON_HEADER_MALFORMED ||
                reason == REASON_CLAIMS_MALFORMED || reason == REASON_SIGNATURE_INVALID;
  return broken && event->request->cut_suspected ? REASON_TOKEN_TRUNCATED : reason;
}

/* A key that the cache does not have yet is fetched once, and this login has it. */
static enum reason judge(struct event *event, const struct account_facts *account, const char *token) {
  struct timespec since;
  clock_gettime(CLOCK_REALTIME_COARSE, &since);
  enum reason reason = keeper_judge(event, account, token);
  return keeper_renew_keys(event, reason, &since) ? keeper_judge(event, account, token) : reason;
}

enum reason keeper_authenticate(struct event *event, const char *token, struct keeper_answer *ret) {
  struct account_facts account;
  enum reason reason = event_settings(event);
  if (reason == REASON_OK) keeper_weigh_auth_info(event);
  if (reason == REASON_OK) reason = find_account(event, &account);
  if (reason == REASON_OK) reason = name_the_cut(event, judge(event, &account, token));
  if (reason == REASON_OK) reason = keeper_may_prove_later(event);
  if (reason == REASON_PROOF_MISSING && event->why_unproved != NULL) event_detail(event, "%s", event->why_unproved);
  if (reason == REASON_OK && event->rule->single_use && event->verdict.token_id[0] == '\0') {
    reason = REASON_TOKEN_ID_MISSING;
  }
  if (reason == REASON_OK) reason = event_ledger(event);
  if (reason == REASON_OK) reason = refresh_tables(event);
  if (reason == REASON_OK) reason = resolve_groups(event);
  if (reason == REASON_OK && account.kind != ACCOUNT_LOCAL) reason = keeper_hidden_account(event);
  if (reason == REASON_OK) reason = admit(event, &account, ret);
  return reason;
}
