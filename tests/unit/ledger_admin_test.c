/* What the administrator changes of an identity, and what that means to the next decision. */
#include "config.h"

#include "ledger.h"
#include "ledger_fixture.h"
#include "tables.h"

static const struct id_range wide = {100000, 199999};

static const char *tables_of(const struct fixture *fixture) {
  static char path[96];
  snprintf(path, sizeof path, "%s/state/nss", fixture->folder);
  return path;
}

/* Admit and publish. */
static void log_in(struct fixture *fixture, struct login *login, const char *name) {
  login_prepare(login, name, wide);
  CHECK_REASON(login_try(fixture, login), REASON_OK);
  CHECK_REASON(ledger_publish(fixture->ledger, &login->settings, tables_of(fixture), name), REASON_OK);
}

/* The uid that the tables give the name; 0 when they do not. */
static uint32_t published(const struct fixture *fixture, const char *name) {
  struct tables *tables = tables_new(tables_of(fixture));
  struct table_account account = {.uid = 0};
  char buffer[1024];
  if (tables_account_by_name(tables, name, &account, buffer, sizeof buffer) != TABLE_FOUND) account.uid = 0;
  tables_free(tables);
  return account.uid;
}

static enum reason grant_state(struct fixture *fixture, const struct login *login) {
  struct grant grant;
  return ledger_grant(fixture->ledger, login->grant.id, login->name, "sshd", false, NOW + 1, &grant);
}

static void a_disabled_account_gets_nothing_until_it_is_enabled(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  log_in(&fixture, &login, "alice");
  uint32_t uid = login.grant.uid;
  CHECK_REASON(grant_state(&fixture, &login), REASON_OK);
  for (int i = 0; i < 2; i++) {
    CHECK_REASON(ledger_set_enabled(fixture.ledger, "/nowhere", "alice", false), REASON_OK);
    CHECK_REASON(grant_state(&fixture, &login), REASON_ACCOUNT_DISABLED);
    CHECK_REASON(ledger_account_state(fixture.ledger, "alice", uid), REASON_ACCOUNT_DISABLED);
    struct login again = login;
    CHECK_REASON(ledger_admit(fixture.ledger, &again.admission, &again.grant, &again.change), REASON_ACCOUNT_DISABLED);
  }
  CHECK_INT(published(&fixture, "alice"), uid);
  CHECK_REASON(ledger_set_enabled(fixture.ledger, "/nowhere", "alice", true), REASON_OK);
  CHECK_REASON(grant_state(&fixture, &login), REASON_OK);
  CHECK_REASON(ledger_account_state(fixture.ledger, "alice", uid), REASON_OK);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
}

static void others_are_left_alone(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login alice, bob;
  if (!fixture_begin(&fixture)) return;
  log_in(&fixture, &alice, "alice");
  log_in(&fixture, &bob, "bob");
  CHECK_REASON(ledger_set_enabled(fixture.ledger, "/nowhere", "alice", false), REASON_OK);
  CHECK_REASON(ledger_rebind(fixture.ledger, "/nowhere", "alice", "i", "s"), REASON_OK);
  CHECK_REASON(ledger_remove(fixture.ledger, &alice.settings, tables_of(&fixture), "alice"), REASON_OK);
  CHECK_REASON(grant_state(&fixture, &bob), REASON_OK);
  CHECK_INT(published(&fixture, "bob"), bob.grant.uid);
  CHECK_REASON(login_try(&fixture, &bob), REASON_OK);
}

static void a_rebound_account_is_its_new_subject_s(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login former, next;
  if (!fixture_begin(&fixture)) return;
  log_in(&fixture, &former, "alice");
  CHECK_REASON(ledger_rebind(fixture.ledger, "/nowhere", "alice", "https://issuer.example", "other"), REASON_OK);
  CHECK_REASON(grant_state(&fixture, &former), REASON_GRANT_EXPIRED);
  CHECK_REASON(login_try(&fixture, &former), REASON_ACCOUNT_BOUND);
  login_prepare(&next, "alice", wide);
  next.admission.subject = "other";
  CHECK_REASON(login_try(&fixture, &next), REASON_OK);
  CHECK_INT(next.grant.uid, former.grant.uid);

  /* To the same again: nothing changes. */
  CHECK_REASON(ledger_rebind(fixture.ledger, "/nowhere", "alice", "https://issuer.example", "other"), REASON_OK);
  CHECK_REASON(grant_state(&fixture, &next), REASON_OK);
}

static void a_binding_is_two_printable_texts(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  static char longest[16386];
  static const char *const bad[] = {"", "a\nb", "\x1b[2J", "a\x7f", longest};
  if (!fixture_begin(&fixture)) return;
  memset(longest, 'x', sizeof longest - 1);
  log_in(&fixture, &login, "alice");
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    CHECK_REASON(ledger_rebind(fixture.ledger, "/nowhere", "alice", bad[i], "s"), REASON_CLAIMS_MALFORMED);
    CHECK_REASON(ledger_rebind(fixture.ledger, "/nowhere", "alice", "i", bad[i]), REASON_CLAIMS_MALFORMED);
  }
  longest[16384] = '\0';
  CHECK_REASON(ledger_rebind(fixture.ledger, "/nowhere", "alice", longest, longest), REASON_OK);
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_BOUND);
}

static void a_removed_account_s_id_is_never_given_out_again(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  log_in(&fixture, &login, "alice");
  uint32_t first = login.grant.uid;
  CHECK_REASON(ledger_remove(fixture.ledger, &login.settings, tables_of(&fixture), "alice"), REASON_OK);
  CHECK_INT(published(&fixture, "alice"), 0);
  CHECK_REASON(grant_state(&fixture, &login), REASON_GRANT_UNKNOWN);
  CHECK_REASON(ledger_account_state(fixture.ledger, "alice", first), REASON_ACCOUNT_UNKNOWN);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grants"), 0);

  /* The same subject comes back: the host still promises the first probe, the next try has the right one. */
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_CHANGED_RETRY);
  CHECK_REASON(ledger_publish(fixture.ledger, &login.settings, tables_of(&fixture), "alice"), REASON_OK);
  CHECK_INT(published(&fixture, "alice"), first + 1);
  login_resolve(&login, first + 1);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
}

static void a_removal_that_cannot_be_published_did_not_happen(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  log_in(&fixture, &login, "alice");
  CHECK_REASON(ledger_remove(fixture.ledger, &login.settings, "/dev/null/nss", "alice"), REASON_STATE_UNAVAILABLE);
  CHECK_INT(published(&fixture, "alice"), login.grant.uid);
  CHECK_REASON(grant_state(&fixture, &login), REASON_OK);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
}

static void nobody_of_that_name_is_unknown(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  log_in(&fixture, &login, "alice");
  CHECK_REASON(ledger_set_enabled(fixture.ledger, "/nowhere", "bob", false), REASON_ACCOUNT_UNKNOWN);
  CHECK_REASON(ledger_rebind(fixture.ledger, "/nowhere", "bob", "i", "s"), REASON_ACCOUNT_UNKNOWN);
  CHECK_REASON(ledger_remove(fixture.ledger, &login.settings, tables_of(&fixture), "bob"), REASON_ACCOUNT_UNKNOWN);
  CHECK_REASON(ledger_identity(fixture.ledger, "bob", NULL, NULL), REASON_ACCOUNT_UNKNOWN);
}

static bool take_uid(void *context, const struct identity *identity) {
  *(uint32_t *)context = identity->uid;
  return true;
}

static void one_identity_and_its_open_sessions(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct grant grant;
  struct session_facts facts = {.pid = 1, .audit_session = UINT32_MAX, .boot_id = "now"};
  int64_t session = 0, open = -1;
  uint32_t uid = 0;
  if (!fixture_begin(&fixture)) return;
  log_in(&fixture, &login, "bob");
  log_in(&fixture, &login, "alice");
  CHECK_REASON(ledger_identity(fixture.ledger, "alice", take_uid, &uid), REASON_OK);
  CHECK_INT(uid, login.grant.uid);
  CHECK_REASON(ledger_session_open(fixture.ledger, login.grant.id, "alice", "sshd", &facts, NOW, &session, &grant),
               REASON_OK);
  CHECK_REASON(ledger_open_sessions(fixture.ledger, "alice", "now", &open), REASON_OK);
  CHECK_INT(open, 1);
  CHECK_REASON(ledger_open_sessions(fixture.ledger, "alice", "next boot", &open), REASON_OK);
  CHECK_INT(open, 0);
  CHECK_REASON(ledger_open_sessions(fixture.ledger, "bob", "now", &open), REASON_OK);
  CHECK_INT(open, 0);
  CHECK_REASON(ledger_session_close(fixture.ledger, session, NOW + 1), REASON_OK);
  CHECK_REASON(ledger_open_sessions(fixture.ledger, "alice", "now", &open), REASON_OK);
  CHECK_INT(open, 0);
}

UNIT_MAIN({"a disabled account gets nothing until it is enabled", a_disabled_account_gets_nothing_until_it_is_enabled},
          {"others are left alone", others_are_left_alone},
          {"a rebound account is its new subject's", a_rebound_account_is_its_new_subject_s},
          {"a binding is two printable texts", a_binding_is_two_printable_texts},
          {"a removed account's id is never given out again", a_removed_account_s_id_is_never_given_out_again},
          {"a removal that cannot be published did not happen", a_removal_that_cannot_be_published_did_not_happen},
          {"nobody of that name is unknown", nobody_of_that_name_is_unknown},
          {"one identity and its open sessions", one_identity_and_its_open_sessions})
