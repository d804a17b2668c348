/* The administrator's commands, killed before each of their system calls in turn: done wholly or not at all, and the
 * next login works. */
#include "config.h"

#include <signal.h>
#include <sys/ptrace.h>

#define FIXTURE_ROOT "/dev/shm" /* a kill, not a power cut: what was written is there without a disk */

#include "ledger.h"
#include "ledger_fixture.h"
#include "tables.h"

static const struct id_range wide = {100000, 199999};

static const char *tables_of(const struct fixture *fixture) {
  static char path[96];
  snprintf(path, sizeof path, "%s/state/nss", fixture->folder);
  return path;
}

/* Let the stopped child make `calls` system calls more, then kill it. True when it was over before. */
static bool run_for(pid_t child, int calls) {
  int status;
  if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return true;
  for (int stops = 0; stops < 2 * calls; stops++) {
    if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) != 0 || waitpid(child, &status, 0) != child) return true;
    if (!WIFSTOPPED(status)) {
      CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
      return true;
    }
  }
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return false;
}

static enum reason disable(struct ledger *ledger, const struct login *login UNUSED, const char *tables UNUSED) {
  return ledger_set_enabled(ledger, "/nowhere", "alice", false);
}

static enum reason rebind(struct ledger *ledger, const struct login *login UNUSED, const char *tables UNUSED) {
  return ledger_rebind(ledger, "/nowhere", "alice", "https://issuer.example", "other");
}

static enum reason take_away(struct ledger *ledger, const struct login *login, const char *tables) {
  return ledger_remove(ledger, &login->settings, tables, "alice");
}

static enum id_use no_name_taken(void *context UNUSED, const char *name UNUSED) {
  return ID_FREE;
}

static enum reason provision(struct ledger *ledger, const struct login *login, const char *tables) {
  struct provisioning how = {
      .settings = &login->settings, .id_use = nothing_taken, .name_use = no_name_taken, .now = NOW};
  struct provision accounts[] = {{.name = "carl", .issuer = "https://issuer.example", .subject = "subject of carl"},
                                 {.name = "dave", .issuer = "i", .subject = "s"},
                                 {.name = "gone", .issuer = "", .subject = "", .uid = 5, .state = PROVISION_REMOVED}};
  enum reason reason = ledger_provision(ledger, &how, accounts, COUNT_OF(accounts));
  return reason == REASON_OK ? ledger_publish(ledger, &login->settings, tables, NULL) : reason;
}

typedef enum reason (*command_function)(struct ledger *ledger, const struct login *login, const char *tables);

static bool killed_after(const struct fixture *fixture, const struct login *login, command_function command,
                         int calls) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    struct ledger *ledger;
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0) _exit(2);
    if (ledger_open(fixture->path, LEDGER_WRITE, &ledger) != REASON_OK) _exit(3);
    enum reason reason = command(ledger, login, tables_of(fixture));
    ledger_close(ledger);
    _exit(reason == REASON_OK ? 0 : 4);
  }
  return run_for(child, calls);
}

/* As the host would: what the tables have, else the first probe; and once more after a retry. */
static enum reason log_in(struct fixture *fixture, const char *name, const char *subject, struct login *login) {
  enum reason reason = REASON_ACCOUNT_CHANGED_RETRY;
  for (int i = 0; i < 2 && reason == REASON_ACCOUNT_CHANGED_RETRY; i++) {
    struct tables *tables = tables_new(tables_of(fixture));
    struct table_account account;
    char buffer[1024];
    login_prepare(login, name, wide);
    login->admission.subject = subject;
    if (tables_account_by_name(tables, name, &account, buffer, sizeof buffer) == TABLE_FOUND)
      login_resolve(login, account.uid);
    tables_free(tables);
    reason = login_try(fixture, login);
    if (login->change == LEDGER_ACCOUNT_ADDED)
      CHECK_REASON(ledger_publish(fixture->ledger, &login->settings, tables_of(fixture), name), REASON_OK);
  }
  return reason;
}

static void check_published(const struct fixture *fixture, const char *name) {
  struct tables *tables = tables_new(tables_of(fixture));
  struct table_account account;
  char buffer[1024], sql[128];
  CHECK_INT(tables_account_by_name(tables, name, &account, buffer, sizeof buffer), TABLE_FOUND);
  snprintf(sql, sizeof sql, "SELECT uid FROM identities WHERE name = '%s'", name);
  CHECK_INT(account.uid, fixture_sql(fixture, sql));
  tables_free(tables);
}

static void check_agreement(const struct fixture *fixture, const struct login *login) {
  check_published(fixture, login->name);
  CHECK_INT(fixture_sql(fixture, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
  CHECK_INT(fixture_sql(fixture, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

/* What the ledger has of alice: 0 nobody, 1 as before, 2 disabled, 3 of another subject. */
#define STATE_OF_ALICE                                                                                        \
  "SELECT coalesce((SELECT CASE WHEN state = 'disabled' THEN 2 WHEN subject = 'other' THEN 3 ELSE 1 END FROM" \
  " identities WHERE name = 'alice'), 0)"

/* A child of a sanitized program takes ten times as long to start: there every seventh place is tried. */
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 7
#else
#define STRIDE 1
#endif

/* Kill `command` later and later, until it is over before. `state_after` is what it is to do. */
static void kill_everywhere(command_function command, int state_after) {
  bool over = false;
  for (int calls = 0; !over; calls += STRIDE) {
    struct fixture fixture CLEANUP(fixture_end);
    struct login login, bob;
    if (!fixture_begin(&fixture)) return;
    CHECK_REASON(log_in(&fixture, "alice", "subject of alice", &login), REASON_OK);
    CHECK_REASON(log_in(&fixture, "bob", "subject of bob", &bob), REASON_OK);
    uint32_t uid = login.grant.uid;
    ledger_close(fixture.ledger);
    fixture.ledger = NULL;

    over = killed_after(&fixture, &login, command, calls);
    CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
    if (fixture.ledger == NULL) return;
    CHECK_REASON(log_in(&fixture, "bob", "subject of bob", &bob), REASON_OK);
    long long state = fixture_sql(&fixture, STATE_OF_ALICE);
    CHECK(state == state_after || (state == 1 && !over));
    enum reason wanted = state == 2 ? REASON_ACCOUNT_DISABLED : REASON_OK;
    CHECK_REASON(log_in(&fixture, "alice", state == 3 ? "other" : "subject of alice", &login), wanted);
    check_agreement(&fixture, &login);
    check_agreement(&fixture, &bob);
    if (wanted == REASON_OK) CHECK((login.grant.uid == uid) == (state != 0));
    if (unit_failed) printf("# after %d system calls, state %lld\n", calls, state);
    if (unit_failed) return;
    if (over) CHECK(calls > 10);
  }
}

static void a_disable_is_done_or_not(void) {
  kill_everywhere(disable, 2);
}

static void a_rebind_is_done_or_not(void) {
  kill_everywhere(rebind, 3);
}

static void a_removal_is_done_or_not(void) {
  kill_everywhere(take_away, 0);
}

/* ---- memberships ---- */

#define BUILDERS 2000

static void give_group(struct login *login) {
  static const struct given_group builders[] = {{"builders", BUILDERS}};
  login->admission.groups = builders;
  login->admission.group_count = 1;
  login->admission.host_membership = true;
}

static bool is_builder(const struct fixture *fixture, const char *name) {
  struct tables *tables = tables_new(tables_of(fixture));
  uint32_t uid, gid = 0;
  size_t count = 0;
  enum table_status status = tables_groups_of(tables, name, NOW, &uid, &gid, 1, &count);
  CHECK_INT(status, TABLE_FOUND);
  tables_free(tables);
  return count == 1 && gid == BUILDERS;
}

static enum reason become_builder(struct ledger *ledger, const struct login *login, const char *tables) {
  struct login again = *login;
  enum ledger_change change;
  struct grant grant;
  give_group(&again);
  enum reason reason = ledger_admit(ledger, &again.admission, &grant, &change);
  return reason == REASON_OK ? ledger_publish(ledger, &login->settings, tables, "alice") : reason;
}

static enum reason stop_builder(struct ledger *ledger, const struct login *login UNUSED, const char *tables) {
  return ledger_set_enabled(ledger, tables, "alice", false);
}

/* Kill `command` everywhere: at anybody's next login the tables say of alice's group what the ledger does. */
static void memberships_agree_after(command_function command, bool member_before) {
  bool over = false;
  for (int calls = 0; !over && !unit_failed; calls += STRIDE) {
    struct fixture fixture CLEANUP(fixture_end);
    struct login alice, bob;
    if (!fixture_begin(&fixture)) return;
    CHECK_REASON(log_in(&fixture, "alice", "subject of alice", &alice), REASON_OK);
    login_resolve(&alice, alice.grant.uid);
    if (member_before) CHECK_REASON(become_builder(fixture.ledger, &alice, tables_of(&fixture)), REASON_OK);
    CHECK_INT(is_builder(&fixture, "alice"), member_before);
    ledger_close(fixture.ledger);
    fixture.ledger = NULL;

    over = killed_after(&fixture, &alice, command, calls);
    CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
    if (fixture.ledger == NULL) return;
    CHECK_REASON(log_in(&fixture, "bob", "subject of bob", &bob), REASON_OK);
    bool member = fixture_sql(&fixture, "SELECT count(*) FROM memberships") > 0;
    if (over) CHECK_INT(member, !member_before);
    CHECK_INT(is_builder(&fixture, "alice"), member);
    check_agreement(&fixture, &bob);
    if (unit_failed) printf("# after %d system calls\n", calls);
    if (over) CHECK(calls > 10);
  }
}

static void a_membership_is_given_or_not(void) {
  memberships_agree_after(become_builder, false);
}

static void a_membership_is_ended_or_not(void) {
  memberships_agree_after(stop_builder, true);
}

/* All three or none; run again it is done, and carl logs in. */
static void a_provisioning_is_done_or_not(void) {
  bool over = false;
  for (int calls = 0; !over && !unit_failed; calls += STRIDE) {
    struct fixture fixture CLEANUP(fixture_end);
    struct login alice, carl;
    if (!fixture_begin(&fixture)) return;
    CHECK_REASON(log_in(&fixture, "alice", "subject of alice", &alice), REASON_OK);
    ledger_close(fixture.ledger);
    fixture.ledger = NULL;

    over = killed_after(&fixture, &alice, provision, calls);
    CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
    if (fixture.ledger == NULL) return;
    CHECK_REASON(log_in(&fixture, "alice", "subject of alice", &alice), REASON_OK);
    long long made = fixture_sql(&fixture, "SELECT count(*) FROM used_ids WHERE name IN ('carl', 'dave', 'gone')");
    CHECK(made == 3 || (made == 0 && !over));
    if (made == 3) check_published(&fixture, "dave");
    CHECK_REASON(provision(fixture.ledger, &alice, tables_of(&fixture)), REASON_OK);
    CHECK_REASON(log_in(&fixture, "carl", "subject of carl", &carl), REASON_OK);
    CHECK_INT(carl.grant.uid, account_id_probe("carl", wide, NULL, 0));
    check_agreement(&fixture, &alice);
    check_agreement(&fixture, &carl);
    if (unit_failed) printf("# after %d system calls\n", calls);
  }
}

/* ---- apply ---- */

static enum id_use zoe_is_taken(void *context UNUSED, const char *name) {
  return strcmp(name, "zoe") == 0 ? ID_TAKEN : ID_FREE;
}

static void tell_nobody(void *context UNUSED, const char *kind UNUSED, const char *title UNUSED,
                        enum provision_result result UNUSED) {
  CHECK(false);
}

static void expect_zoe(void *context UNUSED, const struct compared *compared) {
  CHECK_STRING(compared->name, "zoe");
}

static const struct declared_account declared = {
    .name = "decl", .uid = 150001, .home = "/srv/decl", .shell = "/bin/sh"};
static const struct group_settings team = {.name = "team"};

static enum id_use no_group_lost(void *context UNUSED, const char *name UNUSED, uint32_t gid UNUSED) {
  return ID_TAKEN;
}

/* All that jwtctl apply does with other settings than before, and another source that has gained zoe. */
static enum reason apply(struct ledger *ledger, const struct login *login, const char *tables) {
  struct account_settings settings = login->settings;
  settings.declared = &declared;
  settings.declared_count = 1;
  settings.groups = &team;
  settings.group_count = 1;
  settings.fingerprint = 2;
  struct provisioning how = {.settings = &settings,
                             .id_use = nothing_taken,
                             .name_use = zoe_is_taken,
                             .group_use = no_group_lost,
                             .now = NOW + 1000};
  struct comparison_count count;
  enum reason reason = ledger_declare(ledger, &how, tell_nobody, NULL);
  if (reason == REASON_OK) reason = ledger_compare(ledger, &how, expect_zoe, NULL, &count);
  if (reason == REASON_OK) reason = ledger_publish(ledger, &settings, tables, NULL);
  return reason == REASON_OK ? ledger_tidy(ledger, NOW + 1000) : reason;
}

static bool is_in_tables(const struct fixture *fixture, const char *name) {
  struct tables *tables = tables_new(tables_of(fixture));
  struct table_account account;
  char buffer[1024];
  bool found = tables_account_by_name(tables, name, &account, buffer, sizeof buffer) == TABLE_FOUND;
  tables_free(tables);
  return found;
}

/* Cut off anywhere, logins go on; run again it is done. */
static void an_apply_is_done_or_done_again(void) {
  bool over = false;
  for (int calls = 0; !over && !unit_failed; calls += STRIDE) {
    struct fixture fixture CLEANUP(fixture_end);
    struct login alice, bob, zoe;
    if (!fixture_begin(&fixture)) return;
    CHECK_REASON(log_in(&fixture, "alice", "subject of alice", &alice), REASON_OK);
    CHECK_REASON(log_in(&fixture, "zoe", "subject of zoe", &zoe), REASON_OK);
    ledger_close(fixture.ledger);
    fixture.ledger = NULL;

    over = killed_after(&fixture, &alice, apply, calls);
    CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
    if (fixture.ledger == NULL) return;
    CHECK_REASON(log_in(&fixture, "bob", "subject of bob", &bob), REASON_OK);
    CHECK_REASON(log_in(&fixture, "alice", "subject of alice", &alice), REASON_OK);
    check_agreement(&fixture, &alice);
    check_agreement(&fixture, &bob);
    CHECK_REASON(apply(fixture.ledger, &alice, tables_of(&fixture)), REASON_OK);
    CHECK(is_in_tables(&fixture, "decl") && !is_in_tables(&fixture, "zoe"));
    check_agreement(&fixture, &alice);
    check_agreement(&fixture, &bob);
    CHECK_INT(fixture_sql(&fixture, "SELECT behind + building FROM tables"), 0);
    CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM groups WHERE name = 'team'"), 1);
    if (unit_failed) printf("# after %d system calls\n", calls);
    if (over) CHECK(calls > 100);
  }
}

/* ---- migration ---- */

static enum reason nothing_more(struct ledger *ledger UNUSED, const struct login *login UNUSED,
                                const char *tables UNUSED) {
  return REASON_OK;
}

static void migrate_killed(const char *stored) {
  bool over = false;
  for (int calls = 0; !over && !unit_failed; calls += STRIDE) {
    struct fixture fixture CLEANUP(fixture_end);
    struct login alice, bob;
    if (!fixture_restore(&fixture, stored)) return;
    login_prepare(&alice, "alice", wide);
    over = killed_after(&fixture, &alice, nothing_more, calls);
    CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
    if (fixture.ledger == NULL) return;
    CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities"), 4);
    CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM used_ids"), 5);
    CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grants"), 2);
    login_prepare(&alice, "alice", wide);
    login_resolve(&alice, 100001);
    CHECK_REASON(login_try(&fixture, &alice), REASON_OK);
    CHECK_REASON(ledger_publish(fixture.ledger, &alice.settings, tables_of(&fixture), "alice"), REASON_OK);
    CHECK_REASON(log_in(&fixture, "bob", "subject of bob", &bob), REASON_OK);
    check_agreement(&fixture, &alice);
    check_agreement(&fixture, &bob);
    if (unit_failed) printf("# %s, after %d system calls\n", stored, calls);
    if (over) CHECK(calls > 50);
  }
}

static void a_migration_is_done_or_done_again(void) {
  migrate_killed("ledger_v1.sql");
  migrate_killed("ledger_v2.sql");
}

UNIT_MAIN_WITHOUT_VALGRIND("its system calls would be counted and killed with those of the program",
                           {"a disable is done or not", a_disable_is_done_or_not},
                           {"a rebind is done or not", a_rebind_is_done_or_not},
                           {"a removal is done or not", a_removal_is_done_or_not},
                           {"a membership is given or not", a_membership_is_given_or_not},
                           {"a membership is ended or not", a_membership_is_ended_or_not},
                           {"a provisioning is done or not", a_provisioning_is_done_or_not},
                           {"an apply is done or done again", an_apply_is_done_or_done_again},
                           {"a migration is done or done again", a_migration_is_done_or_done_again})
