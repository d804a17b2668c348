/* Accounts whose name or id another source has gained. */
#include "config.h"

#include "ledger.h"
#include "ledger_fixture.h"
#include "tables.h"

#define LOCAL 2000

static const struct id_range wide = {100000, 199999};

static const char *tables_of(const struct fixture *fixture) {
  static char path[96];
  snprintf(path, sizeof path, "%s/state/nss", fixture->folder);
  return path;
}

static enum reason publish(struct fixture *fixture, const struct login *login, const char *name) {
  return ledger_publish(fixture->ledger, &login->settings, tables_of(fixture), name);
}

static uint32_t admit(struct fixture *fixture, struct login *login, const char *name) {
  login_prepare(login, name, wide);
  CHECK_REASON(login_try(fixture, login), REASON_OK);
  return login->grant.uid;
}

static bool is_published(const struct fixture *fixture, const char *name) {
  struct tables *tables = tables_new(tables_of(fixture));
  struct table_account account;
  char buffer[1024];
  bool found = tables_account_by_name(tables, name, &account, buffer, sizeof buffer) == TABLE_FOUND;
  tables_free(tables);
  return found;
}

/* The other sources. */
static const char *taken_name;
static uint32_t taken_id;
static bool silent;

static enum id_use name_use(void *context UNUSED, const char *name) {
  if (taken_name != NULL && strcmp(name, taken_name) == 0) return ID_TAKEN;
  return silent ? ID_UNKNOWN : ID_FREE;
}

static enum id_use id_use(void *context UNUSED, uint32_t id) {
  if (id == taken_id) return ID_TAKEN;
  return silent ? ID_UNKNOWN : ID_FREE;
}

static bool locals_are_lost;

static enum id_use group_use(void *context UNUSED, const char *name, uint32_t gid) {
  CHECK_STRING(name, "locals");
  CHECK_INT(gid, LOCAL);
  if (silent) return ID_UNKNOWN;
  return locals_are_lost ? ID_FREE : ID_TAKEN;
}

/* "NAME:RESULT" of each that is told, '+' before news. */
static void note(void *context, const struct compared *compared) {
  char *told = context;
  size_t used = strlen(told);
  snprintf(told + used, 256 - used, "%s%s:%d ", compared->news ? "+" : "", compared->name, (int)compared->result);
}

static const char *compare(struct fixture *fixture, const struct login *login, struct comparison_count *ret) {
  static char told[256];
  struct provisioning how = {
      .settings = &login->settings, .id_use = id_use, .name_use = name_use, .group_use = group_use, .now = NOW};
  told[0] = '\0';
  CHECK_REASON(ledger_compare(fixture->ledger, &how, note, told, ret), REASON_OK);
  return told;
}

static void begin(const char *name, uint32_t id, bool is_silent) {
  taken_name = name;
  taken_id = id;
  silent = is_silent;
}

static void what_another_source_gains_is_left_out(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct comparison_count count;
  if (!fixture_begin(&fixture)) return;
  admit(&fixture, &login, "alice");
  uint32_t bob = admit(&fixture, &login, "bob");
  admit(&fixture, &login, "carol");
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  begin(NULL, 0, false);
  CHECK_STRING(compare(&fixture, &login, &count), "");
  CHECK_INT(fixture_sql(&fixture, "SELECT behind FROM tables"), 0);
  begin("alice", bob, false);
  const char *told = compare(&fixture, &login, &count);
  CHECK(strstr(told, "+alice:0 ") != NULL && strstr(told, "+bob:1 ") != NULL && strstr(told, "carol") == NULL);
  CHECK(count.hidden == 2 && count.inside == 1 && count.outside == 0 && count.unknown == 0);
  CHECK_REASON(publish(&fixture, &login, "carol"), REASON_OK); /* the next login sees to it, if nobody else does */
  CHECK(!is_published(&fixture, "alice") && !is_published(&fixture, "bob") && is_published(&fixture, "carol"));
  told = compare(&fixture, &login, &count);
  CHECK(strstr(told, "alice:0 ") != NULL && strstr(told, "+") == NULL);
  begin(NULL, bob, false);
  told = compare(&fixture, &login, &count);
  CHECK(strstr(told, "+alice:2 ") != NULL && strstr(told, "+bob") == NULL);
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  CHECK(is_published(&fixture, "alice") && !is_published(&fixture, "bob"));
}

static void no_publication_puts_it_back(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct comparison_count count;
  if (!fixture_begin(&fixture)) return;
  admit(&fixture, &login, "alice");
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  begin("alice", 0, false);
  compare(&fixture, &login, &count);
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_SOURCE_UNAVAILABLE);
  CHECK_REASON(publish(&fixture, &login, "alice"), REASON_OK);
  fixture_sql(&fixture, "UPDATE identities SET published = 0");
  admit(&fixture, &login, "bob");
  CHECK_REASON(publish(&fixture, &login, "bob"), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities WHERE published = 0"), 0);
  login.settings.fingerprint = 2;
  CHECK_REASON(publish(&fixture, &login, "bob"), REASON_OK); /* all anew */
  CHECK(!is_published(&fixture, "alice") && is_published(&fixture, "bob"));
}

static void a_login_for_which_all_is_free_brings_it_back(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct comparison_count count;
  if (!fixture_begin(&fixture)) return;
  uint32_t hidden = 0, alice = admit(&fixture, &login, "alice");
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  CHECK_REASON(ledger_hidden_id(fixture.ledger, "alice", &hidden), REASON_OK);
  CHECK_INT(hidden, 0);
  begin("alice", 0, false);
  compare(&fixture, &login, &count);
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  CHECK_REASON(ledger_hidden_id(fixture.ledger, "alice", &hidden), REASON_OK);
  CHECK_INT(hidden, alice);
  CHECK_REASON(login_try(&fixture, &login), REASON_SOURCE_UNAVAILABLE);
  login.admission.free_again = true;
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_INT(login.change, LEDGER_ACCOUNT_ADDED);
  CHECK_REASON(publish(&fixture, &login, "alice"), REASON_OK);
  CHECK(is_published(&fixture, "alice"));
}

/* What is not known changes nothing: neither does an account vanish, nor does one come back. */
static void a_source_that_does_not_answer_changes_nothing(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct comparison_count count;
  if (!fixture_begin(&fixture)) return;
  admit(&fixture, &login, "alice");
  admit(&fixture, &login, "bob");
  uint32_t carol = admit(&fixture, &login, "carol");
  begin("alice", 0, false);
  compare(&fixture, &login, &count);
  begin(NULL, carol, true);
  CHECK_STRING(compare(&fixture, &login, &count), "+carol:1 ");
  CHECK(count.hidden == 2 && count.inside == 1 && count.unknown == 2);
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  CHECK(!is_published(&fixture, "alice") && is_published(&fixture, "bob") && !is_published(&fixture, "carol"));
}

static void tell_nobody(void *context UNUSED, const char *kind UNUSED, const char *title UNUSED,
                        enum provision_result result UNUSED) {
  CHECK(false);
}

static bool group_is_published(const struct fixture *fixture, const char *name) {
  struct tables *tables = tables_new(tables_of(fixture));
  struct table_group_view group;
  char buffer[1024];
  bool found = tables_group_by_name(tables, name, NOW, &group, buffer, sizeof buffer) == TABLE_FOUND;
  tables_free(tables);
  return found;
}

static void a_group_that_another_source_gains_is_left_out(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct comparison_count count;
  const struct group_settings group = {.name = "team"};
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "u", wide);
  login.settings.groups = &group;
  login.settings.group_count = 1;
  begin(NULL, 0, false);
  struct provisioning how = {.settings = &login.settings, .id_use = id_use, .name_use = name_use, .now = NOW};
  CHECK_REASON(ledger_declare(fixture.ledger, &how, tell_nobody, NULL), REASON_OK);
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  CHECK(group_is_published(&fixture, "team"));
  begin("team", 0, false);
  CHECK_STRING(compare(&fixture, &login, &count), "+team:0 ");
  CHECK(count.hidden == 1 && count.inside == 0);
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  CHECK(!group_is_published(&fixture, "team"));
  begin(NULL, 0, false);
  CHECK_STRING(compare(&fixture, &login, &count), "+team:2 ");
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  CHECK(group_is_published(&fixture, "team"));
}

static bool alice_is_in(const struct fixture *fixture, uint32_t gid) {
  struct tables *tables = tables_new(tables_of(fixture));
  uint32_t uid, gids[TABLE_GROUPS_MAX];
  size_t count = 0;
  CHECK(tables_groups_of(tables, "alice", NOW, &uid, gids, TABLE_GROUPS_MAX, &count) == TABLE_FOUND && count <= 1);
  tables_free(tables);
  return count == 1 && gids[0] == gid;
}

/* Its gid may be another group's by now. */
static void a_local_group_that_is_lost_has_no_members_of_ours(void) {
  static const struct given_group locals = {"locals", LOCAL};
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct comparison_count count;
  if (!fixture_begin(&fixture)) return;
  admit(&fixture, &login, "alice");
  CHECK_REASON(ledger_set_groups(fixture.ledger, &login.settings, tables_of(&fixture), "alice", &locals, 1, NOW),
               REASON_OK);
  begin(NULL, 0, false);
  CHECK_STRING(compare(&fixture, &login, &count), "");
  CHECK(alice_is_in(&fixture, LOCAL) && group_is_published(&fixture, "locals"));

  locals_are_lost = true;
  CHECK_STRING(compare(&fixture, &login, &count), "+locals:3 ");
  CHECK(count.hidden == 1 && count.inside == 1);
  CHECK_REASON(publish(&fixture, &login, "alice"), REASON_OK);
  CHECK(!alice_is_in(&fixture, LOCAL) && !group_is_published(&fixture, "locals"));
  begin(NULL, 0, true);
  CHECK_STRING(compare(&fixture, &login, &count), "");
  begin(NULL, 0, false);
  CHECK_STRING(compare(&fixture, &login, &count), "locals:3 ");
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  CHECK(!alice_is_in(&fixture, LOCAL));

  locals_are_lost = false;
  CHECK_STRING(compare(&fixture, &login, &count), "+locals:4 ");
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  CHECK(alice_is_in(&fixture, LOCAL) && group_is_published(&fixture, "locals"));

  /* Whoever is given it proves that it is there. */
  locals_are_lost = true;
  CHECK_STRING(compare(&fixture, &login, &count), "+locals:3 ");
  CHECK_REASON(ledger_set_groups(fixture.ledger, &login.settings, tables_of(&fixture), "alice", &locals, 1, NOW),
               REASON_OK);
  CHECK(alice_is_in(&fixture, LOCAL));
  /* One without members is nobody's concern. */
  CHECK_REASON(ledger_set_groups(fixture.ledger, &login.settings, tables_of(&fixture), "alice", NULL, 0, NOW),
               REASON_OK);
  CHECK_STRING(compare(&fixture, &login, &count), "");
  locals_are_lost = false;
}

static void every_account_is_asked_of(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct comparison_count count;
  enum { ACCOUNTS = 2500 };
  static struct provision accounts[ACCOUNTS];
  static char names[ACCOUNTS][16];
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "u", wide);
  begin(NULL, 0, false);
  struct provisioning how = {.settings = &login.settings, .id_use = id_use, .name_use = name_use, .now = NOW};
  for (int i = 0; i < ACCOUNTS; i++) {
    snprintf(names[i], sizeof names[i], "n%d", i);
    accounts[i] = (struct provision){.name = names[i], .issuer = "i", .subject = "s", .uid = wide.min + (uint32_t)i};
  }
  CHECK_REASON(ledger_provision(fixture.ledger, &how, accounts, ACCOUNTS), REASON_OK);
  begin("n2499", wide.min + 1000, false);
  CHECK_STRING(compare(&fixture, &login, &count), "+n1000:1 +n2499:0 ");
  CHECK_INT(count.inside, ACCOUNTS - 2);
  login.settings.range.max = wide.min + 99;
  compare(&fixture, &login, &count);
  CHECK_INT(count.inside, 100);
  CHECK_INT(count.outside, ACCOUNTS - 100 - 2);
}

UNIT_MAIN({"what another source gains is left out", what_another_source_gains_is_left_out},
          {"no publication puts it back", no_publication_puts_it_back},
          {"a login for which all is free brings it back", a_login_for_which_all_is_free_brings_it_back},
          {"a source that does not answer changes nothing", a_source_that_does_not_answer_changes_nothing},
          {"a group that another source gains is left out", a_group_that_another_source_gains_is_left_out},
          {"a local group that is lost has no members of ours", a_local_group_that_is_lost_has_no_members_of_ours},
          {"every account is asked of", every_account_is_asked_of})
