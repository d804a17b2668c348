/* Ledgers of every earlier schema, stored as SQL text, become one of today's and keep all that they had. */
#include "config.h"

#include "ledger.h"
#include "ledger_fixture.h"

static const struct id_range wide = {100000, 199999};

/* All statements that made the schema, in one text. */
#define SCHEMA "SELECT group_concat(coalesce(sql, name), ';') FROM (SELECT * FROM sqlite_master ORDER BY name)"

static void read_schema(const struct fixture *fixture, char *ret, size_t size) {
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  ret[0] = '\0';
  if (sqlite3_open(fixture->path, &db) == SQLITE_OK &&
      sqlite3_prepare_v2(db, SCHEMA, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    snprintf(ret, size, "%s", (const char *)sqlite3_column_text(statement, 0));
  sqlite3_finalize(statement);
  sqlite3_close(db);
}

#define EVERYTHING                                                                                            \
  "SELECT (SELECT count(*) FROM identities) * 10000 + (SELECT count(*) FROM used_ids) * 1000 +"               \
  " (SELECT count(*) FROM grants) * 100 + (SELECT count(*) FROM grant_groups) * 100 + (SELECT count(*) FROM " \
  "sessions) * 10 + (SELECT count(*) FROM used_tokens)"

/* Every earlier schema. */
static const char *const stored[] = {"ledger_v1.sql", "ledger_v2.sql"};

static void keeps_all_it_had(const char *name, enum ledger_mode mode) {
  struct fixture fixture CLEANUP(fixture_end), fresh CLEANUP(fixture_end);
  static char migrated[32768], made[32768];
  if (!fixture_restore(&fixture, name) || !fixture_begin(&fresh)) return;
  long long before = fixture_sql(&fixture, EVERYTHING);
  CHECK_INT(before, 4 * 10000 + 5 * 1000 + 200 + 100 + 10 + 1);
  CHECK_REASON(ledger_open(fixture.path, mode, &fixture.ledger), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, EVERYTHING), before);
  CHECK_INT(fixture_sql(&fixture, "PRAGMA user_version"), fixture_sql(&fresh, "PRAGMA user_version"));
  read_schema(&fixture, migrated, sizeof migrated);
  read_schema(&fresh, made, sizeof made);
  CHECK(made[0] != '\0');
  CHECK_STRING(migrated, made);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

static void every_version_keeps_all_it_had(void) {
  for (size_t i = 0; i < COUNT_OF(stored); i++)
    for (enum ledger_mode mode = LEDGER_READ; mode <= LEDGER_WRITE; mode++)
      keeps_all_it_had(stored[i], mode);
}

static void goes_on_as_before(const char *name) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct grant grant;
  if (!fixture_restore(&fixture, name)) return;
  CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
  if (fixture.ledger == NULL) return;
  CHECK_REASON(ledger_account_state(fixture.ledger, "alice", 100001), REASON_OK);
  CHECK_REASON(ledger_account_state(fixture.ledger, "carl", 100003), REASON_ACCOUNT_DISABLED);
  CHECK_REASON(ledger_account_state(fixture.ledger, "dora", 100004), REASON_ACCOUNT_UNKNOWN);
  CHECK_REASON(ledger_grant(fixture.ledger, "0123456789abcdef0123456789abcdef", "alice", "sshd", false, NOW, &grant),
               REASON_OK);
  CHECK_INT(grant.groups[0], 990);
  login_prepare(&login, "alice", wide);
  login_resolve(&login, 100001);
  login.admission.token_id = "once";
  CHECK_REASON(login_try(&fixture, &login), REASON_REPLAYED);
  login.admission.token_id = "twice";
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  login.admission.subject = "another";
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_BOUND);
}

static void every_version_goes_on_as_before(void) {
  for (size_t i = 0; i < COUNT_OF(stored); i++)
    goes_on_as_before(stored[i]);
}

static void many_migrate_at_once(void) {
  struct fixture fixture CLEANUP(fixture_end);
  enum { PROCESSES = 8 };
  if (!fixture_restore(&fixture, "ledger_v1.sql")) return;
  fflush(stdout);
  for (int i = 0; i < PROCESSES; i++) {
    if (fork() != 0) continue;
    struct ledger *ledger;
    bool good = ledger_open(fixture.path, LEDGER_WRITE, &ledger) == REASON_OK &&
                ledger_account_state(ledger, "alice", 100001) == REASON_OK;
    _exit(good ? 0 : 1);
  }
  for (int i = 0, status; i < PROCESSES; i++)
    CHECK(wait(&status) > 0 && status == 0);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM tables"), 1);
}

UNIT_MAIN({"every version keeps all it had", every_version_keeps_all_it_had},
          {"every version goes on as before", every_version_goes_on_as_before},
          {"many migrate at once", many_migrate_at_once})
