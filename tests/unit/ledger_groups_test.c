/* Groups of the settings, and who is in them for the whole host, from the ledger into the NSS tables. */
#include "config.h"

#include "ledger.h"
#include "ledger_fixture.h"
#include "tables.h"

static const struct id_range wide = {100000, 199999};
static const struct id_range tiny = {100000, 100003};

/* ---- a host with groups ---- */

/* What other sources have: a name, an id; and the last that was told of a section. */
struct host {
  const char *name;
  uint32_t id;
  bool unavailable;
  struct provisioning how;
  struct account_settings settings;
  struct group_settings groups[3];
  char told_kind[16], told_name[64];
  enum provision_result told;
  int told_count;
};

static enum id_use name_of_host(void *context, const char *name) {
  const struct host *host = context;
  if (host->unavailable) return ID_UNKNOWN;
  return host->name != NULL && strcmp(name, host->name) == 0 ? ID_TAKEN : ID_FREE;
}

static enum id_use id_of_host(void *context, uint32_t id) {
  const struct host *host = context;
  if (host->unavailable) return ID_UNKNOWN;
  return id == host->id ? ID_TAKEN : ID_FREE;
}

static void hear(void *context, const char *kind, const char *name, enum provision_result result) {
  struct host *host = context;
  snprintf(host->told_kind, sizeof host->told_kind, "%s", kind);
  snprintf(host->told_name, sizeof host->told_name, "%s", name);
  host->told = result;
  host->told_count++;
}

static void host_begin(struct host *host, struct id_range range) {
  *host = (struct host){.settings = {.range = range,
                                     .home = "/home/{name}",
                                     .shell = "/bin/bash",
                                     .require_token = no_strings,
                                     .login_programs = no_strings,
                                     .fingerprint = 1}};
  host->settings.groups = host->groups;
  host->how = (struct provisioning){
      .settings = &host->settings, .id_use = id_of_host, .name_use = name_of_host, .context = host, .now = NOW};
}

static void host_add(struct host *host, const char *name, uint32_t gid) {
  host->groups[host->settings.group_count++] = (struct group_settings){name, gid};
}

static void declare(struct fixture *fixture, struct host *host) {
  host->told_count = 0;
  host->told = PROVISION_WAITING;
  CHECK_REASON(ledger_declare(fixture->ledger, &host->how, hear, host), REASON_OK);
}

/* 0: there is none. */
static uint32_t gid_of(struct fixture *fixture, const char *name) {
  uint32_t gid = 0;
  enum reason reason = ledger_group(fixture->ledger, name, &gid);
  CHECK(reason == REASON_OK || reason == REASON_GROUP_UNKNOWN);
  return reason == REASON_OK ? gid : 0;
}

/* ---- the sections ---- */

static void sections_become_groups(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  if (!fixture_begin(&fixture)) return;
  host_begin(&host, wide);
  host_add(&host, "builders", 0);
  host_add(&host, "testers", 100007);
  declare(&fixture, &host);
  CHECK_INT(host.told_count, 0);
  uint32_t builders = account_id_probe("builders", wide, NULL, 0);
  CHECK_INT(gid_of(&fixture, "builders"), builders);
  CHECK_INT(gid_of(&fixture, "testers"), 100007);
  CHECK_INT(gid_of(&fixture, "others"), 0);
  declare(&fixture, &host);
  CHECK_INT(host.told_count, 0);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM used_ids"), 2);
  CHECK_INT(fixture_sql(&fixture, "SELECT behind FROM tables"), 1);

  host.settings.group_count = 0; /* the sections are gone: the groups stay */
  declare(&fixture, &host);
  CHECK_INT(host.told_count, 0);
  CHECK_INT(gid_of(&fixture, "builders"), builders);
}

static void fixed_ids_come_before_probes(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  if (!fixture_begin(&fixture)) return;
  uint32_t first = account_id_probe("builders", tiny, NULL, 0), second = account_id_probe("builders", tiny, NULL, 1);
  host_begin(&host, tiny);
  host_add(&host, "builders", 0);
  host_add(&host, "testers", first);
  declare(&fixture, &host);
  CHECK_INT(host.told_count, 0);
  CHECK_INT(gid_of(&fixture, "testers"), first);
  CHECK_INT(gid_of(&fixture, "builders"), second);
}

static void check_told(struct fixture *fixture, struct host *host, const char *name, enum provision_result result) {
  declare(fixture, host);
  CHECK_INT(host->told_count, 1);
  CHECK_STRING(host->told_kind, "group");
  CHECK_STRING(host->told_name, name);
  CHECK_INT(host->told, result);
}

static void what_cannot_be_is_told(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);

  host_begin(&host, wide);
  host_add(&host, "alice", 0);
  check_told(&fixture, &host, "alice", PROVISION_NAME_ACCOUNT);
  host.groups[0] = (struct group_settings){"builders", login.grant.uid};
  check_told(&fixture, &host, "builders", PROVISION_ID_USED);
  host.groups[0].gid = 100007;
  host.id = 100007;
  check_told(&fixture, &host, "builders", PROVISION_ID_LOCAL);
  host.id = 0;
  host.name = "builders";
  check_told(&fixture, &host, "builders", PROVISION_NAME_LOCAL);
  host.name = NULL;
  host.unavailable = true;
  check_told(&fixture, &host, "builders", PROVISION_SOURCE_UNAVAILABLE);
  host.groups[0].gid = 0;
  check_told(&fixture, &host, "builders", PROVISION_SOURCE_UNAVAILABLE);
  host.unavailable = false;
  host.settings.fleet_key = "/nowhere/key";
  check_told(&fixture, &host, "builders", PROVISION_KEY_UNREADABLE);
  CHECK_INT(gid_of(&fixture, "builders"), 0);

  host.settings.fleet_key = NULL;
  declare(&fixture, &host);
  CHECK_INT(host.told_count, 0);
  host.groups[0].gid = 100007; /* one that is there keeps its gid */
  check_told(&fixture, &host, "builders", PROVISION_GID_DIFFERS);
  CHECK_INT(gid_of(&fixture, "builders"), account_id_probe("builders", wide, NULL, 0));
  host.groups[0].gid = 0;
  host.name = "builders"; /* and another source that gains its name, or its id, is told of */
  check_told(&fixture, &host, "builders", PROVISION_NAME_LOCAL);
  host.name = NULL;
  host.id = gid_of(&fixture, "builders");
  check_told(&fixture, &host, "builders", PROVISION_ID_LOCAL);
}

static void a_full_range_is_told(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  if (!fixture_begin(&fixture)) return;
  host_begin(&host, (struct id_range){100000, 100000});
  host_add(&host, "builders", 0);
  declare(&fixture, &host);
  CHECK_INT(host.told_count, 0);
  host.groups[0].name = "testers";
  check_told(&fixture, &host, "testers", PROVISION_RANGE_FULL);
}

static void no_account_gets_a_group_s_name_or_id(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  if (!fixture_begin(&fixture)) return;
  uint32_t first = account_id_probe("alice", wide, NULL, 0), second = account_id_probe("alice", wide, NULL, 1);
  host_begin(&host, wide);
  host_add(&host, "builders", 0);
  host_add(&host, "testers", first);
  declare(&fixture, &host);

  login_prepare(&login, "builders", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_NAME_RESERVED);
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_CHANGED_RETRY);
  login_resolve(&login, second);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);

  struct provision accounts[] = {{.name = "testers", .issuer = "", .subject = ""},
                                 {.name = "bob", .issuer = "", .subject = "", .uid = first}};
  CHECK_REASON(ledger_provision(fixture.ledger, &host.how, accounts, 2), REASON_OK);
  CHECK_INT(accounts[0].result, PROVISION_NAME_GROUP);
  CHECK_INT(accounts[1].result, PROVISION_ID_USED);
}

static bool count_removed(void *context, const struct identity *identity) {
  CHECK_STRING(identity->state, "removed");
  *(int *)context += 1;
  return true;
}

static void a_group_s_id_is_no_removed_account_s(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  int removed = 0;
  if (!fixture_begin(&fixture)) return;
  host_begin(&host, wide);
  host_add(&host, "builders", 0);
  declare(&fixture, &host);
  CHECK_REASON(ledger_removed_after(fixture.ledger, 0, 10, count_removed, &removed), REASON_OK);
  CHECK_INT(removed, 0);
}

/* ---- the fleet key ---- */

static void ids_follow_the_fleet_key(void) {
  static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  char path[96];
  if (geteuid() != 0) SKIP("needs root");
  if (!fixture_begin(&fixture)) return;
  snprintf(path, sizeof path, "%s/key", fixture.folder);
  FILE *file = fopen(path, "we");
  CHECK(file != NULL && fputs("000102030405060708090a0b0c0d0e0f\n", file) > 0 && fclose(file) == 0);
  CHECK(chmod(path, 0600) == 0);

  host_begin(&host, wide);
  host.settings.fleet_key = path;
  host_add(&host, "builders", 0);
  declare(&fixture, &host);
  CHECK_INT(gid_of(&fixture, "builders"), account_id_probe("builders", wide, key, 0));
  CHECK(gid_of(&fixture, "builders") != account_id_probe("builders", wide, NULL, 0));
  login_prepare(&login, "alice", wide);
  login.settings.fleet_key = path;
  login_resolve(&login, account_id_probe("alice", wide, key, 0));
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  struct provision bob = {.name = "bob", .issuer = "", .subject = ""};
  CHECK_REASON(ledger_provision(fixture.ledger, &host.how, &bob, 1), REASON_OK);
  CHECK_INT(bob.result, PROVISION_ADDED);
  CHECK_INT(bob.candidate, account_id_probe("bob", wide, key, 0));

  CHECK(chmod(path, 0644) == 0); /* no account is made; those that are there go on */
  login_prepare(&login, "carl", wide);
  login.settings.fleet_key = path;
  CHECK_REASON(login_try(&fixture, &login), REASON_SETTINGS_INVALID);
  CHECK(strstr(ledger_detail(fixture.ledger), path) != NULL);
  CHECK_REASON(ledger_identity(fixture.ledger, "carl", NULL, NULL), REASON_ACCOUNT_UNKNOWN);
  login_prepare(&login, "alice", wide);
  login.settings.fleet_key = path;
  login_resolve(&login, account_id_probe("alice", wide, key, 0));
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  struct provision more[] = {{.name = "carl", .issuer = "", .subject = ""},
                             {.name = "dora", .issuer = "", .subject = "", .uid = 100009}};
  CHECK_REASON(ledger_provision(fixture.ledger, &host.how, more, 2), REASON_OK);
  CHECK_INT(more[0].result, PROVISION_KEY_UNREADABLE);
  CHECK_INT(more[1].result, PROVISION_ADDED);
}

/* ---- memberships ---- */

#define BUILDERS 100007
#define LOCAL 2000

static const char *tables_of(const struct fixture *fixture) {
  static char path[96];
  snprintf(path, sizeof path, "%s/state/nss", fixture->folder);
  return path;
}

/* A ledger and tables with the group builders. */
static bool begin_with_group(struct fixture *fixture, struct host *host) {
  if (!fixture_begin(fixture)) return false;
  host_begin(host, wide);
  host_add(host, "builders", BUILDERS);
  declare(fixture, host);
  CHECK_INT(gid_of(fixture, "builders"), BUILDERS);
  CHECK_REASON(ledger_publish(fixture->ledger, &host->settings, tables_of(fixture), NULL), REASON_OK);
  return true;
}

static const struct given_group both[] = {{"builders", BUILDERS}, {"locals", LOCAL}};

/* Log in with `count` of both groups; host: for the whole host. Published as the keeper does. */
static enum reason log_in(struct fixture *fixture, struct login *login, const char *name, size_t count, bool host,
                          int64_t expires) {
  login_prepare(login, name, wide);
  login->admission.groups = both;
  login->admission.group_count = count;
  login->admission.host_membership = host;
  login->admission.expires = expires;
  enum reason reason = login_try(fixture, login);
  if (login->change == LEDGER_UNCHANGED) return reason;
  CHECK_REASON(ledger_publish(fixture->ledger, &login->settings, tables_of(fixture), name), REASON_OK);
  return reason;
}

/* What the tables say at a moment: bit 0 for builders, bit 1 for locals, 4 for any other; -1: nobody of that name. */
static int groups_at(const struct fixture *fixture, const char *name, int64_t now) {
  struct tables *tables = tables_new(tables_of(fixture));
  uint32_t gids[TABLE_GROUPS_MAX], uid;
  size_t count = 0;
  int found = 0;
  enum table_status status = tables_groups_of(tables, name, now, &uid, gids, TABLE_GROUPS_MAX, &count);
  for (size_t i = 0; i < count; i++)
    found |= gids[i] == BUILDERS ? 1 : gids[i] == LOCAL ? 2 : 4;
  tables_free(tables);
  return status == TABLE_FOUND ? found : -1;
}

/* The members that the tables list for a group, between blanks. */
static const char *members_at(const struct fixture *fixture, const char *group, int64_t now) {
  static char text[256];
  char buffer[1024];
  struct table_group_view view;
  struct tables *tables = tables_new(tables_of(fixture));
  enum table_status status = tables_group_by_name(tables, group, now, &view, buffer, sizeof buffer);
  snprintf(text, sizeof text, "%s", status == TABLE_FOUND ? "" : "none");
  for (char **member = view.members; status == TABLE_FOUND && *member != NULL; member++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", *member);
  tables_free(tables);
  return text;
}

static bool list_membership(void *context, const struct membership *membership) {
  char *text = context;
  snprintf(text + strlen(text), 128 - strlen(text), "%s=%u,%d ", membership->group, membership->gid,
           membership->expires == 0 ? 0 : (int)(membership->expires - NOW));
  return true;
}

/* What the ledger lists: name=gid,seconds after NOW. */
static const char *listed_at(const struct fixture *fixture, uint32_t uid, int64_t now) {
  static char text[128];
  text[0] = '\0';
  CHECK_REASON(ledger_each_membership(fixture->ledger, uid, now, list_membership, text), REASON_OK);
  return text;
}

static void a_membership_ends_with_the_token(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login alice, bob;
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_REASON(log_in(&fixture, &alice, "alice", 2, true, EXPIRES), REASON_OK);
  CHECK_REASON(log_in(&fixture, &bob, "bob", 2, false, EXPIRES), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 3);
  CHECK_INT(groups_at(&fixture, "alice", EXPIRES - 1), 3);
  CHECK_INT(groups_at(&fixture, "alice", EXPIRES), 0);
  CHECK_INT(groups_at(&fixture, "bob", NOW), 0); /* his session's alone */
  CHECK_STRING(members_at(&fixture, "builders", NOW), "alice ");
  CHECK_STRING(members_at(&fixture, "locals", NOW), "alice ");
  CHECK_STRING(members_at(&fixture, "builders", EXPIRES), "");
  CHECK_STRING(listed_at(&fixture, alice.grant.uid, NOW), "builders=100007,600 locals=2000,600 ");
  CHECK_STRING(listed_at(&fixture, alice.grant.uid, EXPIRES), "");
  CHECK_STRING(listed_at(&fixture, bob.grant.uid, NOW), "");
  CHECK_INT(bob.grant.group_count, 2);
}

static void each_login_has_its_own_end(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_REASON(log_in(&fixture, &login, "alice", 2, true, NOW + 100), REASON_OK);
  CHECK_REASON(log_in(&fixture, &login, "alice", 1, true, NOW + 200), REASON_OK); /* builders alone */
  CHECK_INT(groups_at(&fixture, "alice", NOW + 99), 3);
  CHECK_INT(groups_at(&fixture, "alice", NOW + 100), 1);
  CHECK_INT(groups_at(&fixture, "alice", NOW + 199), 1);
  CHECK_INT(groups_at(&fixture, "alice", NOW + 200), 0);
  CHECK_REASON(log_in(&fixture, &login, "alice", 2, true, NOW + 50), REASON_OK); /* shorter: nothing changes */
  CHECK_INT(login.change, LEDGER_UNCHANGED);
  CHECK_REASON(log_in(&fixture, &login, "alice", 0, false, NOW + 900), REASON_OK);
  CHECK_INT(login.change, LEDGER_UNCHANGED);
  CHECK_REASON(log_in(&fixture, &login, "alice", 2, false, NOW + 900), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW + 99), 3);
  CHECK_INT(groups_at(&fixture, "alice", NOW + 100), 1);
  CHECK_INT(groups_at(&fixture, "alice", NOW + 200), 0);
  CHECK_STRING(listed_at(&fixture, login.grant.uid, NOW), "builders=100007,200 locals=2000,100 ");
}

/* What the administrator gave is there for as long as it lasts; what tokens gave does not come back. */
static void disabling_ends_what_tokens_gave(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  struct provision alice = {.name = "alice",
                            .issuer = "https://issuer.example",
                            .subject = "subject of alice",
                            .groups = both + 1,
                            .group_count = 1};
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_REASON(ledger_provision(fixture.ledger, &host.how, &alice, 1), REASON_OK);
  CHECK_REASON(log_in(&fixture, &login, "alice", 1, true, EXPIRES), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 3);
  CHECK_INT(groups_at(&fixture, "alice", EXPIRES), 2);

  CHECK_REASON(ledger_set_enabled(fixture.ledger, tables_of(&fixture), "alice", false), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 0);
  CHECK_REASON(ledger_publish(fixture.ledger, &host.settings, tables_of(&fixture), "alice"), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 0);
  CHECK_REASON(ledger_set_enabled(fixture.ledger, tables_of(&fixture), "alice", true), REASON_OK);
  CHECK_REASON(log_in(&fixture, &login, "bob", 0, false, EXPIRES), REASON_OK); /* anybody's login */
  CHECK_INT(groups_at(&fixture, "alice", NOW), 2);
  CHECK_STRING(listed_at(&fixture, alice.candidate, NOW), "locals=2000,0 ");
}

static void another_subject_has_nothing_of_it(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  struct grant grant;
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_REASON(log_in(&fixture, &login, "alice", 2, true, EXPIRES), REASON_OK);
  CHECK_REASON(
      ledger_rebind(fixture.ledger, tables_of(&fixture), "alice", "https://issuer.example", "subject of alice"),
      REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 3); /* nothing changed */
  CHECK_REASON(ledger_rebind(fixture.ledger, tables_of(&fixture), "alice", "https://issuer.example", "other"),
               REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 0);
  CHECK_STRING(listed_at(&fixture, login.grant.uid, NOW), "");
  /* Not even by a clock that is set back. */
  CHECK_REASON(ledger_grant(fixture.ledger, login.grant.id, "alice", "sshd", false, NOW - 100, &grant),
               REASON_GRANT_EXPIRED);
  CHECK_REASON(ledger_publish(fixture.ledger, &host.settings, tables_of(&fixture), NULL), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 0);
}

/* Under a clock that is ahead of the token's end and of what is left to clocks. */
static void sweep(const struct fixture *fixture) {
  CHECK_REASON(ledger_tidy(fixture->ledger, EXPIRES + 2 * 86400), REASON_OK);
  CHECK_INT(fixture_sql(fixture, "SELECT count(*) FROM memberships"), 0);
}

/* The tables have it still, and count it when the clock is set right. */
static void what_was_swept_away_too_soon_ends_all_the_same(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_REASON(log_in(&fixture, &login, "alice", 2, true, EXPIRES), REASON_OK);
  CHECK_REASON(log_in(&fixture, &login, "bob", 2, true, EXPIRES), REASON_OK);
  sweep(&fixture);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 3);
  CHECK_REASON(ledger_set_enabled(fixture.ledger, tables_of(&fixture), "alice", false), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 0);
  CHECK_REASON(ledger_set_enabled(fixture.ledger, tables_of(&fixture), "alice", true), REASON_OK);
  CHECK_INT(groups_at(&fixture, "bob", NOW), 3);
  CHECK_REASON(ledger_rebind(fixture.ledger, tables_of(&fixture), "bob", "https://issuer.example", "other"), REASON_OK);
  CHECK_INT(groups_at(&fixture, "bob", NOW), 0);
  CHECK_REASON(log_in(&fixture, &login, "carl", 0, false, EXPIRES), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 0);
  CHECK_INT(groups_at(&fixture, "bob", NOW), 0);
}

static void a_removed_account_is_in_no_group(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_REASON(log_in(&fixture, &login, "alice", 2, true, EXPIRES), REASON_OK);
  CHECK_REASON(ledger_remove(fixture.ledger, &host.settings, tables_of(&fixture), "alice"), REASON_OK);
  CHECK_STRING(members_at(&fixture, "builders", NOW), "");
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM memberships"), 0);
}

static void a_declared_account_that_is_rebound_or_withdrawn_loses_them(void) {
  struct declared_account alice = {.name = "alice",
                                   .uid = 100050,
                                   .home = "/home/alice",
                                   .shell = "/bin/bash",
                                   .issuer = "https://issuer.example",
                                   .subject = "subject of alice"};
  for (int i = 0; i < 4; i++) {
    bool withdrawn = i % 2 == 1, swept = i / 2 == 1;
    struct fixture fixture CLEANUP(fixture_end);
    struct host host;
    struct login login;
    if (!begin_with_group(&fixture, &host)) return;
    alice.subject = "subject of alice";
    host.settings.declared = &alice;
    host.settings.declared_count = 1;
    declare(&fixture, &host);
    login_prepare(&login, "alice", wide);
    login_resolve(&login, 100050);
    login.admission.groups = both;
    login.admission.group_count = 1;
    login.admission.host_membership = true;
    CHECK_REASON(login_try(&fixture, &login), REASON_OK);
    CHECK_REASON(ledger_publish(fixture.ledger, &host.settings, tables_of(&fixture), NULL), REASON_OK);
    if (swept) sweep(&fixture);
    CHECK_INT(groups_at(&fixture, "alice", NOW), 1);

    alice.subject = "other";
    host.settings.declared_count = withdrawn ? 0 : 1;
    declare(&fixture, &host);
    CHECK_REASON(log_in(&fixture, &login, "bob", 0, false, EXPIRES), REASON_OK); /* anybody's login */
    CHECK_INT(groups_at(&fixture, "alice", NOW), 0);
  }
}

/* ---- what is swept away ---- */

static void tidying_waits_for_the_end(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_REASON(log_in(&fixture, &login, "alice", 2, true, EXPIRES), REASON_OK);
  CHECK_REASON(log_in(&fixture, &login, "bob", 0, false, EXPIRES), REASON_OK);
  CHECK_REASON(ledger_tidy(fixture.ledger, NOW + GRANT_PICKUP_SECONDS + 1), REASON_OK); /* nobody picked them up */
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grants"), 1);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM memberships"), 2);
  CHECK_REASON(ledger_tidy(fixture.ledger, EXPIRES + 86399), REASON_OK); /* a clock may be ahead */
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM memberships"), 2);
  CHECK_REASON(ledger_tidy(fixture.ledger, EXPIRES + 86400), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grants"), 0);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM memberships"), 0);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM groups WHERE local"), 0);
  CHECK_INT(gid_of(&fixture, "builders"), BUILDERS);
}

/* ---- groups of other sources ---- */

static enum reason admit_local(struct fixture *fixture, struct login *login, const char *account,
                               const struct given_group *group) {
  login_prepare(login, account, wide);
  login->admission.groups = group;
  login->admission.group_count = 1;
  login->admission.host_membership = true;
  return login_try(fixture, login);
}

static enum reason give_local(struct fixture *fixture, const char *account, const char *group, uint32_t gid) {
  struct login login;
  enum reason reason = admit_local(fixture, &login, account, &(struct given_group){group, gid});
  if (reason == REASON_OK)
    CHECK_REASON(ledger_publish(fixture->ledger, &login.settings, tables_of(fixture), account), REASON_OK);
  return reason;
}

static void a_local_group_follows_its_name_and_gid(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_REASON(give_local(&fixture, "alice", "locals", LOCAL), REASON_OK);
  CHECK_REASON(give_local(&fixture, "bob", "renamed", LOCAL), REASON_OK);
  CHECK_STRING(members_at(&fixture, "locals", NOW), "none");
  /* The gid, and then the name, may be another group's by now: only who got it has it. */
  CHECK_STRING(members_at(&fixture, "renamed", NOW), "bob ");
  CHECK_INT(groups_at(&fixture, "alice", NOW), 0);
  CHECK_REASON(give_local(&fixture, "carl", "renamed", 2001), REASON_OK);
  CHECK_STRING(members_at(&fixture, "renamed", NOW), "carl ");
  CHECK_INT(groups_at(&fixture, "bob", NOW), 0);
}

/* More than are read at a time while tables are built. */
static void provision_many(struct fixture *fixture, const struct host *host) {
  enum { MANY = 1100 };
  static struct provision accounts[MANY];
  static char names[MANY][8];
  for (size_t i = 0; i < MANY; i++) {
    snprintf(names[i], sizeof names[i], "n%zu", i);
    accounts[i] = (struct provision){.name = names[i], .issuer = "i", .subject = "s"};
  }
  CHECK_REASON(ledger_provision(fixture->ledger, &host->how, accounts, MANY), REASON_OK);
}

/* The group is known no more when somebody who has it under another gid logs in, and waits for the tables. */
static void renumber(void *context, size_t accounts UNUSED) {
  struct fixture other = *(struct fixture *)context;
  struct login login;
  if (fixture_sql(&other, "SELECT count(*) FROM memberships WHERE gid = 2001") != 0) return;
  CHECK_REASON(ledger_open(other.path, LEDGER_WRITE, &other.ledger), REASON_OK);
  sweep(&other);
  CHECK_REASON(admit_local(&other, &login, "carl", &(struct given_group){"locals", 2001}), REASON_OK);
  ledger_close(other.ledger);
}

static void a_local_group_may_get_another_gid_while_tables_are_built(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  if (!begin_with_group(&fixture, &host)) return;
  provision_many(&fixture, &host);
  CHECK_REASON(give_local(&fixture, "alice", "locals", LOCAL), REASON_OK);
  ledger_watch(fixture.ledger, renumber, &fixture);
  CHECK_REASON(ledger_publish(fixture.ledger, &host.settings, tables_of(&fixture), NULL), REASON_OK);
  CHECK_STRING(members_at(&fixture, "locals", NOW), "carl ");
  CHECK_INT(groups_at(&fixture, "alice", NOW), 0);
}

static void what_means_two_things_is_refused(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  bool ours = false;
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_REASON(log_in(&fixture, &login, "bob", 0, false, EXPIRES), REASON_OK);
  CHECK_REASON(give_local(&fixture, "alice", "builders", LOCAL), REASON_GROUP_AMBIGUOUS);
  CHECK_REASON(give_local(&fixture, "alice", "locals", BUILDERS), REASON_GROUP_AMBIGUOUS);
  CHECK_REASON(give_local(&fixture, "alice", "bob", LOCAL), REASON_GROUP_AMBIGUOUS);
  CHECK_REASON(give_local(&fixture, "alice", "locals", 150000), REASON_GROUP_AMBIGUOUS); /* within the range */
  CHECK_REASON(ledger_identity(fixture.ledger, "alice", NULL, NULL), REASON_ACCOUNT_UNKNOWN);
  CHECK_REASON(ledger_has_group(fixture.ledger, "locals", LOCAL, &ours), REASON_OK);
  CHECK(!ours);
  CHECK_REASON(ledger_has_group(fixture.ledger, "locals", login.grant.uid, &ours), REASON_OK);
  CHECK(ours);
  CHECK_REASON(ledger_has_group(fixture.ledger, "bob", LOCAL, &ours), REASON_OK);
  CHECK(ours);
}

/* The administrator changed the range: what lies on the wrong side of it is not published, and harms nobody else. */
static void the_range_decides_what_is_published(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_REASON(log_in(&fixture, &login, "alice", 2, true, EXPIRES), REASON_OK);
  host.settings.range.min = login.grant.uid < BUILDERS ? login.grant.uid : BUILDERS + 1;
  if (login.grant.uid > BUILDERS) {
    CHECK_REASON(ledger_publish(fixture.ledger, &host.settings, tables_of(&fixture), NULL), REASON_OK);
    CHECK_INT(groups_at(&fixture, "alice", NOW), 2);
    CHECK_STRING(members_at(&fixture, "builders", NOW), "none");
  }
  host.settings.range = (struct id_range){1500, 199999};
  CHECK_REASON(ledger_publish(fixture.ledger, &host.settings, tables_of(&fixture), NULL), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 1);
}

/* More than the tables hold: those that last longest. */
static void the_longest_of_many_are_published(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  struct given_group groups[GRANT_GROUPS_MAX];
  char names[GRANT_GROUPS_MAX][8];
  if (!begin_with_group(&fixture, &host)) return;
  for (size_t i = 0; i < GRANT_GROUPS_MAX; i++) {
    snprintf(names[i], sizeof names[i], "g%zu", i);
    groups[i] = (struct given_group){names[i], (uint32_t)(3000 + i)};
  }
  login_prepare(&login, "alice", wide);
  login.admission.groups = groups;
  login.admission.group_count = GRANT_GROUPS_MAX;
  login.admission.host_membership = true;
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(log_in(&fixture, &login, "alice", 2, true, EXPIRES + 1), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 7);
  CHECK_INT(groups_at(&fixture, "alice", EXPIRES), 3);
  CHECK_STRING(members_at(&fixture, "g61", NOW), "alice ");
  CHECK_STRING(members_at(&fixture, "g62", NOW), "none");
}

/* ---- those that the administrator gives ---- */

static enum provision_result import(struct fixture *fixture, struct host *host, const char *name,
                                    const struct given_group *groups, size_t count) {
  struct provision account = {
      .name = name, .issuer = "", .subject = "", .any_state = true, .groups = groups, .group_count = count};
  CHECK_REASON(ledger_provision(fixture->ledger, &host->how, &account, 1), REASON_OK);
  return account.result;
}

static void lasting_memberships_have_no_end(void) {
  static const struct given_group turned[] = {{"locals", LOCAL}, {"builders", BUILDERS}};
  static const struct given_group wrong[] = {{"builders", LOCAL}};
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_INT(import(&fixture, &host, "alice", both, 2), PROVISION_ADDED);
  CHECK_INT(import(&fixture, &host, "alice", both, 2), PROVISION_PRESENT);
  CHECK_INT(import(&fixture, &host, "alice", turned, 2), PROVISION_PRESENT);
  CHECK_INT(import(&fixture, &host, "alice", NULL, 0), PROVISION_PRESENT); /* not asked for */
  CHECK_INT(import(&fixture, &host, "alice", both, 0), PROVISION_DIFFERS);
  CHECK_INT(import(&fixture, &host, "alice", both, 1), PROVISION_DIFFERS);
  CHECK_INT(import(&fixture, &host, "bob", both, 0), PROVISION_ADDED);
  CHECK_INT(import(&fixture, &host, "bob", both, 1), PROVISION_DIFFERS);
  CHECK_INT(import(&fixture, &host, "carl", wrong, 1), PROVISION_GROUP_AMBIGUOUS);
  CHECK_REASON(ledger_identity(fixture.ledger, "carl", NULL, NULL), REASON_ACCOUNT_UNKNOWN);
  CHECK_REASON(ledger_publish(fixture.ledger, &host.settings, tables_of(&fixture), NULL), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", INT64_MAX - 1), 3);
  CHECK_INT(groups_at(&fixture, "bob", NOW), 0);
  CHECK_REASON(ledger_tidy(fixture.ledger, INT64_MAX), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM memberships"), 2);
}

static enum reason set(struct fixture *fixture, struct host *host, const char *name, const struct given_group *groups,
                       size_t count) {
  return ledger_set_groups(fixture->ledger, &host->settings, tables_of(fixture), name, groups, count, NOW);
}

static void the_administrator_changes_what_is_for_good(void) {
  static const struct given_group wrong[] = {{"locals", LOCAL}, {"builders", LOCAL}};
  struct fixture fixture CLEANUP(fixture_end);
  struct host host;
  struct login login;
  if (!begin_with_group(&fixture, &host)) return;
  CHECK_REASON(log_in(&fixture, &login, "alice", 1, true, EXPIRES), REASON_OK);
  CHECK_REASON(set(&fixture, &host, "alice", both, 2), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", EXPIRES), 3);
  CHECK_STRING(members_at(&fixture, "locals", EXPIRES), "alice ");
  CHECK_REASON(set(&fixture, &host, "alice", both + 1, 1), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 3); /* the token's goes on */
  CHECK_INT(groups_at(&fixture, "alice", EXPIRES), 2);
  CHECK_REASON(set(&fixture, &host, "alice", wrong, 2), REASON_GROUP_AMBIGUOUS);
  CHECK_REASON(set(&fixture, &host, "bob", both, 2), REASON_ACCOUNT_UNKNOWN);
  CHECK_INT(groups_at(&fixture, "alice", EXPIRES), 2);
  CHECK_REASON(set(&fixture, &host, "alice", NULL, 0), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", EXPIRES), 0);
  CHECK_STRING(listed_at(&fixture, login.grant.uid, NOW), "builders=100007,600 ");

  /* Cut off before the tables were told: anybody's login does it. */
  CHECK(ledger_set_groups(fixture.ledger, &host.settings, fixture.path, "alice", both + 1, 1, NOW) != REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", EXPIRES), 0);
  CHECK_REASON(log_in(&fixture, &login, "alice", 0, false, EXPIRES), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", EXPIRES), 2);

  CHECK_REASON(ledger_set_enabled(fixture.ledger, tables_of(&fixture), "alice", false), REASON_OK);
  CHECK_REASON(set(&fixture, &host, "alice", both, 2), REASON_OK);
  CHECK_INT(groups_at(&fixture, "alice", NOW), 0);
}

UNIT_MAIN({"sections become groups", sections_become_groups},
          {"fixed ids come before probes", fixed_ids_come_before_probes},
          {"what cannot be is told", what_cannot_be_is_told}, {"a full range is told", a_full_range_is_told},
          {"no account gets a group's name or id", no_account_gets_a_group_s_name_or_id},
          {"a group's id is no removed account's", a_group_s_id_is_no_removed_account_s},
          {"ids follow the fleet key", ids_follow_the_fleet_key},
          {"a membership ends with the token", a_membership_ends_with_the_token},
          {"each login has its own end", each_login_has_its_own_end},
          {"disabling ends what tokens gave", disabling_ends_what_tokens_gave},
          {"another subject has nothing of it", another_subject_has_nothing_of_it},
          {"what was swept away too soon ends all the same", what_was_swept_away_too_soon_ends_all_the_same},
          {"a removed account is in no group", a_removed_account_is_in_no_group},
          {"a declared account that is rebound or withdrawn loses them",
           a_declared_account_that_is_rebound_or_withdrawn_loses_them},
          {"tidying waits for the end", tidying_waits_for_the_end},
          {"a local group follows its name and gid", a_local_group_follows_its_name_and_gid},
          {"a local group may get another gid while tables are built",
           a_local_group_may_get_another_gid_while_tables_are_built},
          {"what means two things is refused", what_means_two_things_is_refused},
          {"the range decides what is published", the_range_decides_what_is_published},
          {"the longest of many are published", the_longest_of_many_are_published},
          {"lasting memberships have no end", lasting_memberships_have_no_end},
          {"the administrator changes what is for good", the_administrator_changes_what_is_for_good})
