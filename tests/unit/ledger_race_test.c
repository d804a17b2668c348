/* Many processes at one ledger, some of them killed. */
#include "config.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "ledger.h"
#include "ledger_fixture.h"

#define PROCESSES 32

/* Fork `count` children that wait for each other, run, and exit with what `run` returns; counts those of 0. */
static int run_together(int count, int (*run)(const struct fixture *fixture, int number),
                        const struct fixture *fixture) {
  int gate[2], zeros = 0;
  pid_t children[PROCESSES];
  CHECK_INT(pipe(gate), 0);
  fflush(stdout);
  for (int i = 0; i < count; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      char byte;
      close(gate[1]);
      ssize_t at_the_gate = read(gate[0], &byte, 1);
      _exit(at_the_gate == 0 ? run(fixture, i) : 99);
    }
  }
  close(gate[0]);
  close(gate[1]);
  for (int i = 0; i < count; i++) {
    int status = -1;
    waitpid(children[i], &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    zeros += status == 0;
  }
  return zeros;
}

static void check_invariants(const struct fixture *fixture) {
  CHECK_INT(fixture_sql(fixture, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
  CHECK_INT(fixture_sql(fixture, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
  CHECK_INT(fixture_sql(fixture,
                        "SELECT count(*) FROM identities i LEFT JOIN used_ids u ON u.id = i.uid"
                        " WHERE u.name IS NOT i.name"),
            0);
  CHECK_INT(fixture_sql(fixture, "SELECT count(*) - count(DISTINCT name) FROM identities"), 0);
  CHECK_INT(fixture_sql(fixture,
                        "SELECT count(*) FROM grants g LEFT JOIN identities i ON i.uid = g.identity"
                        " WHERE i.name IS NOT g.name OR i.state <> 'enabled'"),
            0);
  CHECK_INT(fixture_sql(fixture, "SELECT count(*) FROM used_ids WHERE id NOT IN (SELECT uid FROM identities)"), 0);
}

/* ---- first logins ---- */

static const struct id_range small = {3000, 3019};

/* Log in as the client would: try again with the id that is reserved meanwhile. */
static enum reason log_in(struct fixture *fixture, const char *name, uint32_t *ret_uid) {
  struct login login;
  login_prepare(&login, name, small);
  enum reason reason = login_try(fixture, &login);
  for (uint32_t id = small.min; reason == REASON_ACCOUNT_CHANGED_RETRY && id <= small.max; id++) {
    login_resolve(&login, id);
    reason = login_try(fixture, &login);
  }
  if (reason == REASON_OK) *ret_uid = login.grant.uid;
  return reason;
}

static int first_login(const struct fixture *given, int number) {
  struct fixture fixture = *given;
  const char name[] = {'u', (char)('a' + number / 2), '\0'}; /* two processes a name, 16 names */
  uint32_t uid = 0, again = 0;
  if (ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger) != REASON_OK) return 2;
  enum reason first = log_in(&fixture, name, &uid), second = log_in(&fixture, name, &again);
  ledger_close(fixture.ledger);
  if (first != REASON_OK || second != REASON_OK) printf("# %s %s\n", reason_code(first), reason_code(second));
  return first == REASON_OK && second == REASON_OK && uid == again ? 0 : 1;
}

static void simultaneous_first_logins_get_one_id_an_account(void) {
  struct fixture fixture CLEANUP(fixture_end);
  if (!fixture_folder(&fixture)) return;
  /* The ledger is not there yet: they also race to make it. */
  CHECK_INT(run_together(PROCESSES, first_login, &fixture), PROCESSES);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities"), PROCESSES / 2);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grants"), PROCESSES * 2);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities WHERE uid NOT BETWEEN 3000 AND 3019"), 0);
  check_invariants(&fixture);
}

/* ---- one grant, one token ---- */

static char grant_id[GRANT_ID_SIZE];

static int pick_up(const struct fixture *fixture, int number) {
  struct ledger *ledger;
  struct grant grant;
  struct session_facts facts = {.pid = number + 1, .audit_session = UINT32_MAX, .boot_id = "boot"};
  int64_t session;
  if (ledger_open(fixture->path, LEDGER_WRITE, &ledger) != REASON_OK) return 2;
  enum reason reason = ledger_session_open(ledger, grant_id, "ua", "sshd", &facts, NOW, &session, &grant);
  ledger_close(ledger);
  return reason == REASON_OK ? 0 : reason == REASON_GRANT_USED ? 1 : 2;
}

static void one_of_many_picks_a_grant_up(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "ua", small);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  memcpy(grant_id, login.grant.id, sizeof grant_id);
  ledger_close(fixture.ledger);
  fixture.ledger = NULL;
  CHECK_INT(run_together(8, pick_up, &fixture), 1);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM sessions"), 1);
}

static int use_token(const struct fixture *given, int number UNUSED) {
  struct fixture fixture = *given;
  struct login login;
  if (ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger) != REASON_OK) return 2;
  login_prepare(&login, "ua", small);
  login.admission.token_id = "once";
  enum reason reason = login_try(&fixture, &login);
  ledger_close(fixture.ledger);
  return reason == REASON_OK ? 0 : reason == REASON_REPLAYED ? 1 : 2;
}

static void one_of_many_uses_a_token(void) {
  struct fixture fixture CLEANUP(fixture_end);
  if (!fixture_folder(&fixture)) return;
  CHECK_INT(run_together(8, use_token, &fixture), 1);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grants"), 1);
}

/* ---- killed ---- */

/* What the child was told is done; the parent reads it after the kill. */
struct done {
  volatile long grants;
};

static void admit_for_ever(const struct fixture *given, struct done *done, int round) {
  struct fixture fixture = *given;
  if (ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger) != REASON_OK) _exit(1);
  for (int i = 0;; i++) {
    struct login login;
    char name[ACCOUNT_NAME_MAX + 1], token_id[64];
    snprintf(name, sizeof name, "r%d-%d", round, i % 500);
    snprintf(token_id, sizeof token_id, "%d %d", round, i);
    login_prepare(&login, name, (struct id_range){100000, 4000000});
    login.admission.token_id = token_id;
    enum reason reason = login_try(&fixture, &login);
    if (reason == REASON_OK) done->grants++;
    if (reason != REASON_OK && reason != REASON_ACCOUNT_CHANGED_RETRY) _exit(1);
    if (i % 7 == 0 && ledger_tidy(fixture.ledger, NOW) != REASON_OK) _exit(1);
  }
}

static void a_kill_at_any_moment_loses_nothing_that_was_done(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct done *done = mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (done == MAP_FAILED || !fixture_folder(&fixture)) return;
  for (int round = 0; round < 25; round++) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) admit_for_ever(&fixture, done, round);
    uint16_t moment = 0;
    CHECK_INT(getrandom(&moment, sizeof moment, 0), sizeof moment);
    nanosleep(&(struct timespec){.tv_nsec = 1000L * moment}, NULL);
    CHECK_INT(kill(child, SIGKILL), 0);
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status)); /* or it gave up on the ledger that the one before it left */
  }
  struct ledger *ledger = NULL;
  CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &ledger), REASON_OK);
  if (ledger != NULL) CHECK_REASON(ledger_tidy(ledger, NOW), REASON_OK); /* rolls back what is left over */
  ledger_close(ledger);
  long long grants = fixture_sql(&fixture, "SELECT count(*) FROM grants");
  CHECK(done->grants > 0 && grants >= done->grants && grants <= done->grants + 25);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM used_tokens"), grants);
  check_invariants(&fixture);
  munmap(done, sizeof *done);
}

UNIT_MAIN_WITHOUT_VALGRIND("32 processes under valgrind wait for each other longer than the ledger does",
                           {"simultaneous first logins get one id an account",
                            simultaneous_first_logins_get_one_id_an_account},
                           {"one of many picks a grant up", one_of_many_picks_a_grant_up},
                           {"one of many uses a token", one_of_many_uses_a_token},
                           {"a kill at any moment loses nothing that was done",
                            a_kill_at_any_moment_loses_nothing_that_was_done})
