/* From the ledger into the NSS tables. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include "database.h"
#include "ledger.h"
#include "ledger_fixture.h"
#include "table_writer.h"
#include "tables.h"

static const struct id_range wide = {100000, 199999};

static const char *tables_of(const struct fixture *fixture) {
  static char path[96];
  snprintf(path, sizeof path, "%s/state/nss", fixture->folder);
  return path;
}

/* Admit, without publishing. */
static uint32_t admit(struct fixture *fixture, struct login *login, const char *name) {
  login_prepare(login, name, wide);
  CHECK_REASON(login_try(fixture, login), REASON_OK);
  return login->grant.uid;
}

static enum reason publish(struct fixture *fixture, const struct login *login, const char *name) {
  return ledger_publish(fixture->ledger, &login->settings, tables_of(fixture), name);
}

/* The uid that the tables give the name; 0 when absent, 1 when there are no tables. */
static uint32_t published(const struct fixture *fixture, const char *name) {
  struct tables *tables = tables_new(tables_of(fixture));
  struct table_account account;
  char buffer[1024], home[64];
  snprintf(home, sizeof home, "/home/%s", name);
  enum table_status status = tables_account_by_name(tables, name, &account, buffer, sizeof buffer);
  uint32_t uid = status == TABLE_FOUND ? account.uid : status == TABLE_ABSENT ? 0 : 1;
  if (status == TABLE_FOUND) {
    CHECK_STRING(account.home, home);
    CHECK_STRING(account.shell, "/bin/bash");
  }
  tables_free(tables);
  return uid;
}

static bool made_from(const struct fixture *fixture, uint64_t fingerprint) {
  struct tables *tables = tables_new(tables_of(fixture));
  bool made = tables_made_from(tables, fingerprint);
  tables_free(tables);
  return made;
}

static void all_are_published(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  uint32_t alice = admit(&fixture, &login, "alice"), bob = admit(&fixture, &login, "bob");
  CHECK_INT(published(&fixture, "alice"), 1);
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  CHECK_INT(published(&fixture, "alice"), alice);
  CHECK_INT(published(&fixture, "bob"), bob);
  CHECK_INT(published(&fixture, "carol"), 0);
  CHECK(made_from(&fixture, 1) && !made_from(&fixture, 2));
}

static void one_is_added(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  uint32_t alice = admit(&fixture, &login, "alice");
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  uint32_t bob = admit(&fixture, &login, "bob"), carol = admit(&fixture, &login, "carol");
  CHECK_REASON(publish(&fixture, &login, "bob"), REASON_OK);
  CHECK_REASON(publish(&fixture, &login, "bob"), REASON_OK);
  CHECK_INT(published(&fixture, "alice"), alice);
  CHECK_INT(published(&fixture, "bob"), bob);
  CHECK_INT(published(&fixture, "carol"), carol); /* whose login was cut off before it came to it */
  CHECK_REASON(publish(&fixture, &login, "dave"), REASON_ACCOUNT_UNKNOWN);
}

/* A crash between the admission and the publication must not leave an account that never resolves. */
static void every_login_says_so_until_it_is_published(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  admit(&fixture, &login, "alice");
  CHECK_INT(login.change, LEDGER_ACCOUNT_ADDED);
  admit(&fixture, &login, "alice");
  CHECK_INT(login.change, LEDGER_ACCOUNT_ADDED);
  CHECK_REASON(ledger_publish(fixture.ledger, &login.settings, "/dev/null/nss", "alice"), REASON_STATE_UNAVAILABLE);
  admit(&fixture, &login, "alice");
  CHECK_INT(login.change, LEDGER_ACCOUNT_ADDED);
  CHECK_REASON(publish(&fixture, &login, "alice"), REASON_OK);
  admit(&fixture, &login, "alice");
  CHECK_INT(login.change, LEDGER_UNCHANGED);
  admit(&fixture, &login, "bob");
  CHECK_INT(login.change, LEDGER_ACCOUNT_ADDED);
  admit(&fixture, &login, "alice"); /* anybody's login makes good what another's did not come to */
  CHECK_INT(login.change, LEDGER_ACCOUNT_ADDED);
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  admit(&fixture, &login, "bob");
  CHECK_INT(login.change, LEDGER_UNCHANGED);
}

/* Cut every file short. */
static void damage(const struct fixture *fixture) {
  DIR *folder = opendir(tables_of(fixture));
  CHECK(folder != NULL);
  for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
    char path[sizeof entry->d_name + 96];
    snprintf(path, sizeof path, "%s/%s", tables_of(fixture), entry->d_name);
    if (entry->d_name[0] != '.') CHECK_INT(truncate(path, 20), 0);
  }
  if (folder != NULL) closedir(folder);
}

static void unsound_tables_are_written_afresh(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  uint32_t alice = admit(&fixture, &login, "alice");
  CHECK_REASON(publish(&fixture, &login, "alice"), REASON_OK); /* there were none */
  CHECK_INT(published(&fixture, "alice"), alice);
  damage(&fixture);
  CHECK_INT(published(&fixture, "alice"), 1);
  uint32_t bob = admit(&fixture, &login, "bob");
  CHECK_REASON(publish(&fixture, &login, "bob"), REASON_OK);
  CHECK_INT(published(&fixture, "alice"), alice);
  CHECK_INT(published(&fixture, "bob"), bob);
  uint32_t carol = admit(&fixture, &login, "carol");
  login.settings.fingerprint = 2;
  CHECK_REASON(publish(&fixture, &login, "carol"), REASON_OK);
  CHECK(made_from(&fixture, 2));
  CHECK_INT(published(&fixture, "alice"), alice);
  CHECK_INT(published(&fixture, "carol"), carol);
}

static void tables_that_contradict_the_ledger_are_written_afresh(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  uint32_t alice = admit(&fixture, &login, "alice");
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  fixture_sql(&fixture, "DELETE FROM grants");
  fixture_sql(&fixture, "DELETE FROM identities"); /* as a restored backup would lack alice */
  fixture_sql(&fixture, "UPDATE used_ids SET name = 'ghost'");
  login_prepare(&login, "alice", wide);
  login.admission.host.uid = 1;
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_CHANGED_RETRY);
  CHECK_REASON(publish(&fixture, &login, "alice"), REASON_OK);
  CHECK_INT(published(&fixture, "alice"), alice + 1);
}

static void an_id_outside_the_range_is_left_out(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  uint32_t alice = admit(&fixture, &login, "alice"), bob = admit(&fixture, &login, "bob");
  login.settings.range = (struct id_range){bob, bob};
  login.settings.fingerprint = 2;
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  CHECK(alice != bob);
  CHECK_INT(published(&fixture, "alice"), 0);
  CHECK_INT(published(&fixture, "bob"), bob);
  CHECK_REASON(publish(&fixture, &login, "alice"), REASON_OK);
  CHECK_INT(published(&fixture, "alice"), 0);
}

static void many_additions_are_compacted(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "u", wide);
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  char name[ACCOUNT_NAME_MAX + 1];
  for (int i = 0; i < TABLE_RECENT_MAX + 20; i++) {
    snprintf(name, sizeof name, "u%d", i);
    login_prepare(&login, name, wide);
    enum reason reason = login_try(&fixture, &login);
    CHECK(reason == REASON_OK || reason == REASON_ACCOUNT_CHANGED_RETRY);
    CHECK_REASON(publish(&fixture, &login, name), REASON_OK);
  }
  for (int i = 0; i < TABLE_RECENT_MAX + 20; i++) {
    snprintf(name, sizeof name, "u%d", i);
    CHECK(published(&fixture, name) >= wide.min);
  }
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities WHERE published"), TABLE_RECENT_MAX + 20);
}

static void simultaneous_publications_lose_nobody(void) {
  struct fixture fixture CLEANUP(fixture_end);
  enum { PROCESSES = 8, ACCOUNTS = 5 };
  if (!fixture_begin(&fixture)) return;
  ledger_close(fixture.ledger);
  fixture.ledger = NULL;
  fflush(stdout);
  for (int i = 0; i < PROCESSES; i++) {
    if (fork() != 0) continue;
    unit_failed = false;
    CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
    for (int j = 0; fixture.ledger != NULL && j < ACCOUNTS; j++) {
      struct login login;
      const char name[] = {'p', (char)('a' + i), (char)('a' + j), '\0'};
      admit(&fixture, &login, name);
      CHECK_REASON(publish(&fixture, &login, i == 0 && j == 2 ? NULL : name), REASON_OK);
    }
    ledger_close(fixture.ledger);
    fflush(stdout);
    _exit(unit_failed ? 1 : 0);
  }
  for (int i = 0, status; i < PROCESSES; i++)
    CHECK(wait(&status) > 0 && status == 0);
  for (int i = 0; i < PROCESSES; i++)
    for (int j = 0; j < ACCOUNTS; j++) {
      const char name[] = {'p', (char)('a' + i), (char)('a' + j), '\0'};
      CHECK_INT(published(&fixture, name), account_id_probe(name, wide, NULL, 0));
    }
}

/* ---- beside others that publish ---- */

static long long base_generation(const struct fixture *fixture) {
  DIR *folder = opendir(tables_of(fixture));
  long long generation = -1;
  for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
    if (strncmp(entry->d_name, "base.", 5) == 0) generation = strtoll(entry->d_name + 5, NULL, 16);
  if (folder != NULL) closedir(folder);
  return generation;
}

static int take_turn(const struct fixture *fixture) {
  char path[128];
  snprintf(path, sizeof path, "%s-turn", fixture->path);
  int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
  return fd;
}

/* Somebody reads all rows and may have passed this one already: it stays to be published with the new tables. */
static void what_is_added_while_tables_are_built_gets_into_them(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  admit(&fixture, &login, "alice");
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  long long generation = base_generation(&fixture);
  int turn = take_turn(&fixture);
  fixture_sql(&fixture, "UPDATE tables SET building = 1");
  uint32_t bob = admit(&fixture, &login, "bob");
  CHECK_REASON(publish(&fixture, &login, "bob"), REASON_OK);
  CHECK_INT(published(&fixture, "bob"), bob);
  CHECK_INT(fixture_sql(&fixture, "SELECT published FROM identities WHERE name = 'bob'"), 0);
  CHECK_INT(fixture_sql(&fixture, "SELECT building FROM tables"), 1);
  close(turn); /* he died: nobody builds */
  CHECK_REASON(publish(&fixture, &login, "bob"), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT published FROM identities WHERE name = 'bob'"), 1);
  CHECK_INT(fixture_sql(&fixture, "SELECT building FROM tables"), 0);
  CHECK_INT(base_generation(&fixture), generation);
}

/* An import goes on: its accounts are its own to publish, a login brings its own. */
static void a_login_does_not_publish_for_who_is_at_it(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  admit(&fixture, &login, "alice");
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  long long generation = base_generation(&fixture);
  uint32_t imported = admit(&fixture, &login, "imported");
  fixture_sql(&fixture, "UPDATE identities SET published = 1");
  fixture_sql(&fixture, "UPDATE tables SET behind = 1, changes = changes + 1");
  int turn = take_turn(&fixture);
  uint32_t bob = admit(&fixture, &login, "bob");
  CHECK_REASON(publish(&fixture, &login, "bob"), REASON_OK);
  CHECK_INT(published(&fixture, "bob"), bob);
  CHECK_INT(published(&fixture, "imported"), 0);
  CHECK_INT(base_generation(&fixture), generation);
  CHECK_INT(fixture_sql(&fixture, "SELECT behind FROM tables"), 1);
  login_prepare(&login, "imported", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(publish(&fixture, &login, "imported"), REASON_OK);
  CHECK_INT(published(&fixture, "imported"), imported);
  close(turn); /* he died: the next login does it all */
  CHECK_REASON(publish(&fixture, &login, "bob"), REASON_OK);
  CHECK(base_generation(&fixture) > generation);
  CHECK_INT(fixture_sql(&fixture, "SELECT behind FROM tables"), 0);
}

/* ---- many logins beside a publication of all ---- */

static const struct id_range huge = {100000, 400000000};

static enum id_use no_name_taken(void *context UNUSED, const char *name UNUSED) {
  return ID_FREE;
}

static void provision_many(struct fixture *fixture, size_t count) {
  struct login login;
  login_prepare(&login, "u", huge);
  struct provisioning how = {
      .settings = &login.settings, .id_use = nothing_taken, .name_use = no_name_taken, .now = NOW};
  struct provision *accounts = calloc(count, sizeof *accounts);
  char(*names)[24] = calloc(count, sizeof *names);
  CHECK(accounts != NULL && names != NULL);
  for (size_t i = 0; accounts != NULL && names != NULL && i < count; i++) {
    snprintf(names[i], sizeof names[i], "n%zu", i);
    accounts[i] = (struct provision){.name = names[i], .issuer = "i", .subject = "s"};
  }
  if (accounts != NULL && names != NULL)
    CHECK_REASON(ledger_provision(fixture->ledger, &how, accounts, count), REASON_OK);
  free(accounts);
  free(names);
}

static void count_pages(void *context, size_t accounts UNUSED) {
  *(int *)context += 1;
}

/* More than can be late: they are a reason to build, and none to build in vain. */
static void many_that_were_cut_off_take_one_building(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  int pages = 0;
  if (!fixture_begin(&fixture)) return;
  provision_many(&fixture, 1500);
  uint32_t alice = admit(&fixture, &login, "alice");
  fixture_sql(&fixture, "UPDATE identities SET published = 0");
  ledger_watch(fixture.ledger, count_pages, &pages);
  login.settings.range = huge;
  CHECK_REASON(publish(&fixture, &login, "alice"), REASON_OK);
  CHECK_INT(pages, 1);
  CHECK_INT(published(&fixture, "alice"), alice);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities WHERE published = 0"), 0);
  CHECK_INT(fixture_sql(&fixture, "SELECT behind FROM tables"), 0);
}

/* In a process of its own; its status is 0 when all went well. */
static pid_t start(const struct fixture *given, void (*run)(struct fixture *fixture, int number), int number) {
  fflush(stdout);
  pid_t child = fork();
  if (child != 0) return child;
  struct fixture fixture = *given;
  unit_failed = false;
  CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
  if (fixture.ledger != NULL) run(&fixture, number);
  ledger_close(fixture.ledger);
  fflush(stdout);
  _exit(unit_failed ? 1 : 0);
}

static void wait_for(pid_t child) {
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

enum { LOGINS = 25, LOGIN_PROCESSES = 4, REMOVALS = 5 };

static void name_login(char ret[ACCOUNT_NAME_MAX + 1], int process, int number) {
  snprintf(ret, ACCOUNT_NAME_MAX + 1, "u%d-%d", process, number);
}

static void log_many_in(struct fixture *fixture, int process) {
  for (int i = 0; i < LOGINS; i++) {
    struct login login;
    char name[ACCOUNT_NAME_MAX + 1];
    name_login(name, process, i);
    login_prepare(&login, name, huge);
    enum reason reason = login_try(fixture, &login);
    if (reason != REASON_ACCOUNT_CHANGED_RETRY) CHECK_REASON(reason, REASON_OK);
    CHECK_REASON(publish(fixture, &login, name), REASON_OK);
    CHECK(published(fixture, name) >= huge.min); /* at once, whoever publishes all */
  }
}

static void publish_all(struct fixture *fixture, int number UNUSED) {
  struct login login;
  login_prepare(&login, "u", huge);
  CHECK_REASON(publish(fixture, &login, NULL), REASON_OK);
}

static void remove_some(struct fixture *fixture, int number UNUSED) {
  struct login login;
  login_prepare(&login, "u", huge);
  for (int i = 0; i < REMOVALS; i++) {
    char name[ACCOUNT_NAME_MAX + 1];
    snprintf(name, sizeof name, "n%d", i);
    CHECK_REASON(ledger_remove(fixture->ledger, &login.settings, tables_of(fixture), name), REASON_OK);
  }
}

static void check_all_agree(const struct fixture *fixture, size_t accounts) {
  for (int i = 0; i < LOGINS * LOGIN_PROCESSES; i++) {
    char name[ACCOUNT_NAME_MAX + 1], sql[128];
    name_login(name, i % LOGIN_PROCESSES, i / LOGIN_PROCESSES);
    snprintf(sql, sizeof sql, "SELECT uid FROM identities WHERE name = '%s'", name);
    CHECK_INT(published(fixture, name), fixture_sql(fixture, sql));
  }
  for (int i = 0; i < 2 * REMOVALS; i++) {
    char name[ACCOUNT_NAME_MAX + 1];
    snprintf(name, sizeof name, "n%d", i);
    CHECK((published(fixture, name) != 0) == (i >= REMOVALS));
  }
  CHECK_INT(fixture_sql(fixture, "SELECT count(*) FROM identities"),
            (long long)accounts - REMOVALS + LOGINS * LOGIN_PROCESSES);
  CHECK_INT(fixture_sql(fixture, "SELECT behind + building FROM tables"), 0);
  CHECK_INT(fixture_sql(fixture, "SELECT count(*) FROM identities WHERE published = 0"), 0);
}

/* No login fails, none waits until new tables are written, and all is in them. */
static void logins_go_on_beside_a_publication_of_all(void) {
  if (unit_on_valgrind()) SKIP("its processes wait for each other longer than the ledger does");
  struct fixture fixture CLEANUP(fixture_end);
  size_t accounts = getenv("TEST_LONG") != NULL ? 1000000 : 20000;
  if (!fixture_begin(&fixture)) return;
  provision_many(&fixture, accounts);
  struct login login;
  login_prepare(&login, "u", huge);
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  ledger_close(fixture.ledger);
  fixture.ledger = NULL;
  pid_t logins[LOGIN_PROCESSES], remover = start(&fixture, remove_some, 0);
  for (int i = 0; i < LOGIN_PROCESSES; i++)
    logins[i] = start(&fixture, log_many_in, i);
  pid_t publisher = start(&fixture, publish_all, 0);
  for (int i = 0; i < LOGIN_PROCESSES; i++)
    wait_for(logins[i]);
  wait_for(remover);
  wait_for(publisher);
  check_all_agree(&fixture, accounts);
}

/* What others do while one builds tables who has lost his turn. */
struct others {
  struct fixture fixture;    /* with a ledger of their own */
  struct ledger *builder;    /* the other's */
  int moments, moment;       /* in which the builder is between two transactions; that in which they publish all */
  struct login all, one;     /* `one` logs in when the builder has passed his place */
  bool published, logged_in; /* each once */
};

static void publish_for_others(struct others *others) {
  char turn[128];
  others->published = true;
  snprintf(turn, sizeof turn, "%s-turn", others->fixture.path);
  CHECK_INT(unlink(turn), 0);
  CHECK_REASON(publish(&others->fixture, &others->all, NULL), REASON_OK);
}

static int at_statement(unsigned event UNUSED, void *context, void *statement UNUSED, void *sql UNUSED) {
  struct others *others = context;
  if (sqlite3_get_autocommit(others->builder->db) && ++others->moments == others->moment) publish_for_others(others);
  return 0;
}

static void at_page(void *context, size_t accounts UNUSED) {
  struct others *others = context;
  if (others->logged_in) return;
  others->logged_in = true;
  CHECK_REASON(login_try(&others->fixture, &others->one), REASON_OK);
  CHECK_REASON(publish(&others->fixture, &others->one, others->one.name), REASON_OK);
}

/* Build beside others that publish all in that moment. False when there is no such moment. */
static bool build_beside(int moment) {
  struct fixture fixture CLEANUP(fixture_end);
  struct others others = {.moment = moment};
  if (!fixture_begin(&fixture)) return false;
  provision_many(&fixture, 1500);
  login_prepare(&others.all, "u", huge);
  login_prepare(&others.one, "early", huge);
  CHECK(fixture_sql(&fixture, "SELECT uid FROM identities ORDER BY uid LIMIT 1 OFFSET 999") >
        others.one.admission.host.uid);
  others.fixture = fixture;
  CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &others.fixture.ledger), REASON_OK);
  others.builder = fixture.ledger;
  ledger_watch(fixture.ledger, at_page, &others);
  CHECK_INT(sqlite3_trace_v2(fixture.ledger->db, SQLITE_TRACE_STMT, at_statement, &others), SQLITE_OK);
  CHECK_REASON(publish(&fixture, &others.all, NULL), REASON_OK);
  CHECK(others.logged_in);
  CHECK_INT(published(&fixture, "early"), others.one.grant.uid);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities WHERE published = 0"), 0);
  ledger_close(others.fixture.ledger);
  return others.published;
}

/* A login that left nothing to be done by others must not be lost by one who builds for longer than they wait. */
static void who_lost_the_turn_loses_nobody(void) {
  int moment = 1;
  while (build_beside(moment) && !unit_failed)
    moment++;
  if (unit_failed) printf("# moment %d\n", moment);
  CHECK(moment > 5);
}

/* Its bindings would be forgotten: an empty one must not take its place. */
static void a_lost_ledger_is_not_replaced(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct ledger *ledger = NULL;
  char folder[PATH_MAX];
  if (!fixture_begin(&fixture)) return;
  admit(&fixture, &login, "alice");
  CHECK_REASON(publish(&fixture, &login, NULL), REASON_OK);
  ledger_close(fixture.ledger);
  fixture.ledger = NULL;
  CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
  ledger_close(fixture.ledger);
  fixture.ledger = NULL;
  CHECK_INT(unlink(fixture.path), 0);
  for (enum ledger_mode mode = LEDGER_READ; mode <= LEDGER_WRITE; mode++) {
    errno = 0;
    CHECK_REASON(ledger_open(fixture.path, mode, &ledger), REASON_STATE_DAMAGED);
    CHECK_INT(errno, ENOENT);
    CHECK_INT(access(fixture.path, F_OK), -1);
  }
  snprintf(folder, sizeof folder, "%s/state/nss", fixture.folder);
  nftw(folder, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
  CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
}

UNIT_MAIN({"all are published", all_are_published}, {"one is added", one_is_added},
          {"every login says so until it is published", every_login_says_so_until_it_is_published},
          {"unsound tables are written afresh", unsound_tables_are_written_afresh},
          {"tables that contradict the ledger are written afresh",
           tables_that_contradict_the_ledger_are_written_afresh},
          {"an id outside the range is left out", an_id_outside_the_range_is_left_out},
          {"many additions are compacted", many_additions_are_compacted},
          {"simultaneous publications lose nobody", simultaneous_publications_lose_nobody},
          {"what is added while tables are built gets into them", what_is_added_while_tables_are_built_gets_into_them},
          {"a login does not publish for who is at it", a_login_does_not_publish_for_who_is_at_it},
          {"many that were cut off take one building", many_that_were_cut_off_take_one_building},
          {"logins go on beside a publication of all", logins_go_on_beside_a_publication_of_all},
          {"who lost the turn loses nobody", who_lost_the_turn_loses_nobody},
          {"a lost ledger is not replaced", a_lost_ledger_is_not_replaced})
