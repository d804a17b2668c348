/* The ledger's contract, one process. */
#include "config.h"

#include "database.h"
#include "ledger.h"
#include "ledger_fixture.h"

static const struct id_range wide = {100000, 199999};
static const struct id_range tiny = {2000, 2003};

/* Names whose first probe in `tiny` is the same id. */
static void colliding_names(char ret[][16], size_t count) {
  uint32_t id = account_id_probe("u0", tiny, NULL, 0);
  size_t found = 0;
  for (int i = 0; found < count; i++) {
    snprintf(ret[found], sizeof ret[found], "u%d", i);
    if (account_id_probe(ret[found], tiny, NULL, 0) == id) found++;
  }
}

/* ---- admission ---- */

static void a_first_login_makes_a_bound_identity(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_INT(login.change, LEDGER_ACCOUNT_ADDED);
  CHECK_INT(login.grant.uid, account_id_probe("alice", wide, NULL, 0));
  CHECK_STRING(login.grant.name, "alice");
  CHECK_INT(strlen(login.grant.id), GRANT_ID_SIZE - 1);
  CHECK_INT(strspn(login.grant.id, "0123456789abcdef"), GRANT_ID_SIZE - 1);
  CHECK_INT(login.grant.expires, EXPIRES);
  CHECK_INT(login.grant.session_end, EXPIRES);

  struct login again;
  login_prepare(&again, "alice", wide);
  again.admission.create = false;
  again.admission.session_until_expiry = false;
  CHECK_REASON(login_try(&fixture, &again), REASON_OK);
  CHECK_INT(again.grant.session_end, 0);
  CHECK_INT(again.grant.uid, login.grant.uid);
  CHECK(strcmp(again.grant.id, login.grant.id) != 0);
}

static void another_subject_or_issuer_does_not_get_the_name(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  login.admission.subject = "mallory";
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_BOUND);
  CHECK_INT(login.change, LEDGER_UNCHANGED);
  login.admission.subject = login.subject;
  login.admission.issuer = "https://issuer.example/";
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_BOUND);
  login.admission.subject = "";
  login.admission.issuer = "";
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_BOUND);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grants"), 1);
}

static void one_subject_may_have_two_names(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login first, second;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&first, "alice", wide);
  login_prepare(&second, "alice-adm", wide);
  second.admission.subject = first.subject;
  CHECK_REASON(login_try(&fixture, &first), REASON_OK);
  CHECK_REASON(login_try(&fixture, &second), REASON_OK);
  CHECK(first.grant.uid != second.grant.uid);
}

static void a_role_admits_every_subject_and_is_no_identity(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "deploy", wide);
  login.admission.role = true;
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  login.admission.subject = "another";
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT issuer = '' AND subject = '' FROM identities"), 1);
  login.admission.role = false;
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_BOUND);
  login.admission.issuer = login.admission.subject = "";
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_BOUND);
}

static void a_literal_rule_leaves_the_binding_as_it_is(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  login.admission.role = true;
  login.admission.subject = "operator";
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  login.admission.role = false;
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_BOUND);
  login.admission.subject = login.subject;
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
}

static void an_unknown_account_is_not_made_unasked(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  login.admission.create = false;
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_UNKNOWN);
  CHECK_INT(login.change, LEDGER_UNCHANGED);
  CHECK_INT(fixture_sql(&fixture, "SELECT (SELECT count(*) FROM identities) + (SELECT count(*) FROM used_ids)"), 0);
}

static void a_local_account_gets_a_grant_and_no_identity(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct grant grant;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "deploy", wide);
  login.admission.local = true;
  login.admission.create = false;
  login_resolve(&login, 1001);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_INT(login.grant.uid, 1001);
  CHECK_INT(login.change, LEDGER_UNCHANGED);
  CHECK_INT(fixture_sql(&fixture, "SELECT (SELECT count(*) FROM identities) + (SELECT count(*) FROM used_ids)"), 0);
  CHECK_REASON(ledger_grant(fixture.ledger, login.grant.id, "deploy", "sshd", true, NOW, &grant), REASON_OK);
  CHECK_INT(grant.uid, 1001);
}

static void a_disabled_account_stays_out(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct grant grant;
  struct session_facts facts = {.pid = 1, .audit_session = UINT32_MAX, .boot_id = "boot"};
  int64_t session;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(ledger_account_state(fixture.ledger, "alice", login.grant.uid), REASON_OK);
  fixture_sql(&fixture, "UPDATE identities SET state = 'disabled'");
  CHECK_REASON(ledger_grant(fixture.ledger, login.grant.id, "alice", "sshd", true, NOW, &grant),
               REASON_ACCOUNT_DISABLED);
  CHECK_REASON(ledger_session_open(fixture.ledger, login.grant.id, "alice", "sshd", &facts, NOW, &session, &grant),
               REASON_ACCOUNT_DISABLED);
  CHECK_REASON(ledger_account_state(fixture.ledger, "alice", login.grant.uid), REASON_ACCOUNT_DISABLED);
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_DISABLED);
  login.admission.role = true;
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_DISABLED);
}

static void the_state_of_an_account_needs_name_and_id(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(ledger_account_state(fixture.ledger, "alice", login.grant.uid), REASON_OK);
  CHECK_REASON(ledger_account_state(fixture.ledger, "alice", login.grant.uid + 1), REASON_ACCOUNT_UNKNOWN);
  CHECK_REASON(ledger_account_state(fixture.ledger, "bob", login.grant.uid), REASON_ACCOUNT_UNKNOWN);
}

/* ---- ids ---- */

static void a_changed_record_reserves_and_the_next_try_succeeds(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  char names[2][16];
  if (!fixture_begin(&fixture)) return;
  colliding_names(names, 2);
  login_prepare(&login, names[0], tiny);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);

  uint32_t right = account_id_probe(names[1], tiny, NULL, 1);
  login_prepare(&login, names[1], tiny);
  login.admission.token_id = "once";
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_CHANGED_RETRY);
  CHECK_INT(login.change, LEDGER_ACCOUNT_ADDED);
  CHECK_REASON(ledger_account_state(fixture.ledger, names[1], right), REASON_ACCOUNT_UNKNOWN);
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_CHANGED_RETRY);
  CHECK_INT(login.change, LEDGER_ACCOUNT_ADDED);
  login_resolve(&login, right);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_INT(login.grant.uid, right);
  CHECK_REASON(ledger_account_state(fixture.ledger, names[1], right), REASON_OK);
  CHECK_REASON(login_try(&fixture, &login), REASON_REPLAYED);
}

static void every_field_of_the_record_counts(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  const struct host_record right = login.admission.host;
  struct host_record wrong[] = {right, right, right, right, right, right};
  wrong[0].uid++;
  wrong[1].gid++;
  wrong[2].home = "/home/alice/";
  wrong[3].shell = "/bin/sh";
  wrong[4].home = NULL;
  wrong[5].shell = NULL;
  for (size_t i = 0; i < COUNT_OF(wrong); i++) {
    login.admission.host = wrong[i];
    CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_CHANGED_RETRY);
  }
  login.admission.host = right;
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grants"), 2);
}

static void an_identity_keeps_home_and_shell(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  login.settings.home = "/srv/{name}";
  login.settings.shell = "/bin/zsh";
  login.settings.range = tiny;
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
}

struct taken {
  uint32_t id;
  enum id_use use;
  int asked;
};

static enum id_use one_taken(void *context, uint32_t id) {
  struct taken *taken = context;
  taken->asked++;
  return id == taken->id ? taken->use : ID_FREE;
}

static void an_id_of_another_source_is_passed_over(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  struct taken taken = {.id = account_id_probe("alice", wide, NULL, 0), .use = ID_TAKEN};
  login.admission.id_use = one_taken;
  login.admission.id_use_context = &taken;
  login_resolve(&login, taken.id + 1);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_INT(login.grant.uid, taken.id + 1);
  CHECK_INT(taken.asked, 2);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_INT(taken.asked, 2);
}

static void an_unknown_answer_refuses_creation(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  struct taken taken = {.id = account_id_probe("alice", wide, NULL, 0), .use = ID_UNKNOWN};
  login.admission.id_use = one_taken;
  login.admission.id_use_context = &taken;
  CHECK_REASON(login_try(&fixture, &login), REASON_SOURCE_UNAVAILABLE);
  CHECK_INT(login.change, LEDGER_UNCHANGED);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM used_ids"), 0);
}

/* A source that takes its time, and in it another login is made: the lock is free, and the id is chosen again. */
struct slow_source {
  struct fixture *fixture;
  struct login *other;
  enum reason reason;
};

static enum id_use login_meanwhile(void *context, uint32_t id UNUSED) {
  struct slow_source *slow = context;
  if (slow->other != NULL) {
    struct login *other = slow->other;
    slow->other = NULL;
    slow->reason = login_try(slow->fixture, other);
  }
  return ID_FREE;
}

static void a_slow_source_holds_no_lock_and_a_lost_race_chooses_again(void) {
  struct fixture fixture CLEANUP(fixture_end), second;
  struct login login, other;
  char names[2][16];
  if (!fixture_begin(&fixture)) return;
  second = fixture;
  CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &second.ledger), REASON_OK);
  colliding_names(names, 2);
  login_prepare(&login, names[0], tiny);
  login_prepare(&other, names[1], tiny);
  struct slow_source slow = {.fixture = &second, .other = &other, .reason = REASON_INTERNAL};
  login.admission.id_use = login_meanwhile;
  login.admission.id_use_context = &slow;
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_CHANGED_RETRY);
  CHECK_REASON(slow.reason, REASON_OK);
  login_resolve(&login, account_id_probe(names[0], tiny, NULL, 1));
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_INT(other.grant.uid, account_id_probe(names[1], tiny, NULL, 0));
  ledger_close(second.ledger);
}

static void a_range_fills_up_and_says_so(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  for (int i = 0; i < 4; i++) {
    const char name[] = {'u', (char)('0' + i), '\0'};
    login_prepare(&login, name, tiny);
    enum reason reason = login_try(&fixture, &login);
    CHECK(reason == REASON_OK || reason == REASON_ACCOUNT_CHANGED_RETRY);
  }
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities WHERE uid BETWEEN 2000 AND 2003"), 4);
  login_prepare(&login, "late", tiny);
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_RANGE_FULL);
  login_prepare(&login, "none", (struct id_range){0, 0});
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_RANGE_FULL);
}

static void an_id_is_never_given_out_again(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  char names[2][16];
  if (!fixture_begin(&fixture)) return;
  colliding_names(names, 2);
  uint32_t first = account_id_probe(names[0], tiny, NULL, 0);
  login_prepare(&login, names[0], tiny);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  fixture_sql(&fixture, "DELETE FROM identities");
  for (int i = 0; i < 2; i++) {
    login_prepare(&login, names[i], tiny);
    CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_CHANGED_RETRY);
  }
  char sql[64];
  snprintf(sql, sizeof sql, "SELECT count(*) FROM identities WHERE uid = %u", first);
  CHECK_INT(fixture_sql(&fixture, sql), 0);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities"), 2);
}

static void a_name_that_is_not_strict_never_becomes_an_identity(void) {
  static const char *const names[] = {"Alice", "0day", "a b", "a.b", "", "-a", "a\xc3\xa9", "a\n"};
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    login_prepare(&login, names[i], wide);
    login.admission.subject = "s";
    CHECK_REASON(login_try(&fixture, &login), REASON_INTERNAL);
  }
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM used_ids"), 0);
}

static void control_characters_in_issuer_or_subject_are_refused(void) {
  static const char *const hostile[] = {"a\nb", "\x1b[2J", "\x01", "tab\t", "a\x7f"};
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  for (size_t i = 0; i < 2 * COUNT_OF(hostile); i++) {
    login_prepare(&login, "alice", wide);
    login.admission.role = i % 4 == 0;
    *(i < COUNT_OF(hostile) ? &login.admission.issuer : &login.admission.subject) = hostile[i % COUNT_OF(hostile)];
    CHECK_REASON(login_try(&fixture, &login), REASON_CLAIMS_MALFORMED);
    CHECK_INT(login.change, LEDGER_UNCHANGED);
  }
  CHECK_INT(fixture_sql(&fixture, "SELECT (SELECT count(*) FROM used_ids) + (SELECT count(*) FROM grants)"), 0);
  login_prepare(&login, "alice", wide);
  login.admission.subject = "Zo\xc3\xab \"~\\"; /* whatever else there is */
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
}

/* ---- replay ---- */

static void a_token_id_is_good_for_one_login_per_issuer(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login, other;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  login.admission.token_id = "jti-1";
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(login_try(&fixture, &login), REASON_REPLAYED);

  login_prepare(&other, "bob", wide);
  other.admission.token_id = "jti-1";
  CHECK_REASON(login_try(&fixture, &other), REASON_REPLAYED);
  CHECK_INT(other.change, LEDGER_UNCHANGED);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities"), 1);
  other.admission.issuer = "https://other.example";
  CHECK_REASON(login_try(&fixture, &other), REASON_OK);
  login.admission.token_id = NULL;
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
}

static void a_used_token_is_remembered_past_its_leeway(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  login.admission.token_id = "jti-1";
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(ledger_tidy(fixture.ledger, EXPIRES + 3600), REASON_OK); /* 300 is the largest leeway */
  CHECK_REASON(login_try(&fixture, &login), REASON_REPLAYED);
  CHECK_REASON(ledger_tidy(fixture.ledger, EXPIRES + 90000), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM used_tokens WHERE token_id = 'jti-1'"), 0);
}

static enum reason use(struct fixture *fixture, const char *token_id, int64_t expires) {
  struct login login;
  login_prepare(&login, "alice", wide);
  login.admission.token_id = token_id;
  login.admission.token_expires = login.admission.expires = expires;
  return login_try(fixture, &login);
}

/* The clock was ahead when the ledger was tidied, and is set right again. */
static void a_used_token_stays_used_whatever_the_clock_says(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login other;
  if (!fixture_begin(&fixture)) return;
  CHECK_REASON(use(&fixture, "jti-1", EXPIRES), REASON_OK);
  CHECK_REASON(use(&fixture, "jti-2", EXPIRES - 60), REASON_OK);
  CHECK_REASON(ledger_tidy(fixture.ledger, NOW + 10 * 86400), REASON_OK);
  CHECK_REASON(ledger_tidy(fixture.ledger, NOW + 10 * 86400), REASON_OK);
  CHECK_REASON(use(&fixture, "jti-1", EXPIRES), REASON_REPLAYED);
  CHECK_REASON(use(&fixture, "jti-2", EXPIRES - 60), REASON_REPLAYED);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM used_tokens"), 1);

  /* Within the leeway after its exp the rights end later than the token. */
  login_prepare(&other, "alice", wide);
  other.admission.token_id = "jti-1";
  other.admission.expires = EXPIRES + 30;
  CHECK_REASON(login_try(&fixture, &other), REASON_REPLAYED);

  /* A token that ends later is new, and one of another issuer. */
  CHECK_REASON(use(&fixture, "jti-3", EXPIRES + 1), REASON_OK);
  CHECK_REASON(use(&fixture, "jti-3", EXPIRES + 1), REASON_REPLAYED);
  login_prepare(&other, "bob", wide);
  other.admission.token_id = "jti-1";
  other.admission.issuer = "https://other.example";
  CHECK_REASON(login_try(&fixture, &other), REASON_OK);

  /* What is forgotten goes on from there, and never back. */
  CHECK_REASON(ledger_tidy(fixture.ledger, NOW + 20 * 86400), REASON_OK);
  CHECK_REASON(use(&fixture, "jti-3", EXPIRES + 1), REASON_REPLAYED);
  CHECK_REASON(use(&fixture, "jti-4", EXPIRES + 2), REASON_OK);
}

/* ---- grants and sessions ---- */

static void a_grant_is_for_one_account_and_service_until_it_is_over(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct grant grant;
  if (!fixture_begin(&fixture)) return;
  struct ledger *ledger = fixture.ledger;
  login_prepare(&login, "alice", wide);
  login.admission.groups = (const struct given_group[]){{"two", 2000}, {"one", 999}};
  login.admission.group_count = 2;
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  const char *id = login.grant.id;
  CHECK_REASON(ledger_grant(ledger, id, "alice", "sshd", true, NOW, &grant), REASON_OK);
  CHECK_STRING(grant.id, id);
  CHECK_STRING(grant.name, "alice");
  CHECK_INT(grant.uid, login.grant.uid);
  CHECK_INT(grant.expires, EXPIRES);
  CHECK_INT(grant.session_end, EXPIRES);
  CHECK_INT(grant.group_count, 2);
  CHECK(grant.groups[0] == 999 && grant.groups[1] == 2000);

  CHECK_REASON(ledger_grant(ledger, id, "bob", "sshd", true, NOW, &grant), REASON_GRANT_UNKNOWN);
  CHECK_REASON(ledger_grant(ledger, id, "alice", "sudo", true, NOW, &grant), REASON_GRANT_UNKNOWN);
  CHECK_REASON(ledger_grant(ledger, "", "alice", "sshd", true, NOW, &grant), REASON_GRANT_UNKNOWN);
  CHECK_REASON(ledger_grant(ledger, "0123456789abcdef0123456789abcdef0", "alice", "sshd", true, NOW, &grant),
               REASON_GRANT_UNKNOWN);
  CHECK_REASON(ledger_grant(ledger, "' OR 1 --", "alice", "sshd", true, NOW, &grant), REASON_GRANT_UNKNOWN);

  int64_t last = NOW + GRANT_PICKUP_SECONDS;
  CHECK_REASON(ledger_grant(ledger, id, "alice", "sshd", true, last, &grant), REASON_OK);
  CHECK_REASON(ledger_grant(ledger, id, "alice", "sshd", true, last + 1, &grant), REASON_GRANT_EXPIRED);
  CHECK_REASON(ledger_grant(ledger, id, "alice", "sshd", false, last + 1, &grant), REASON_GRANT_EXPIRED);
  /* Nor is it good for longer when the clock is set back. */
  CHECK_REASON(ledger_grant(ledger, id, "alice", "sshd", true, NOW - GRANT_PICKUP_SECONDS, &grant), REASON_OK);
  CHECK_REASON(ledger_grant(ledger, id, "alice", "sshd", true, NOW - GRANT_PICKUP_SECONDS - 1, &grant),
               REASON_GRANT_EXPIRED);
}

static void a_grant_is_picked_up_once_and_lasts_until_the_token_ends(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct grant grant;
  struct session_facts facts = {
      .pid = 42, .pid_start = UINT64_MAX, .audit_session = 7, .boot_id = "boot", .tty = "pts/0"};
  int64_t session = 0, second = 0;
  if (!fixture_begin(&fixture)) return;
  struct ledger *ledger = fixture.ledger;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  const char *id = login.grant.id;
  CHECK_REASON(ledger_session_open(ledger, id, "bob", "sshd", &facts, NOW, &session, &grant), REASON_GRANT_UNKNOWN);
  CHECK_REASON(ledger_session_open(ledger, id, "alice", "sshd", &facts, EXPIRES, &session, &grant),
               REASON_GRANT_EXPIRED);
  CHECK_INT(session, 0);
  CHECK_REASON(ledger_session_open(ledger, id, "alice", "sshd", &facts, NOW + 1, &session, &grant), REASON_OK);
  CHECK(session > 0);
  CHECK_STRING(grant.id, id);
  CHECK_REASON(ledger_session_open(ledger, id, "alice", "sshd", &facts, NOW + 2, &second, &grant), REASON_GRANT_USED);
  CHECK_REASON(ledger_grant(ledger, id, "alice", "sshd", true, NOW + 2, &grant), REASON_GRANT_USED);
  CHECK_REASON(ledger_grant(ledger, id, "alice", "sshd", false, EXPIRES - 1, &grant), REASON_OK);
  CHECK_REASON(ledger_grant(ledger, id, "alice", "sshd", false, EXPIRES, &grant), REASON_GRANT_EXPIRED);

  CHECK_REASON(ledger_session_close(ledger, session, NOW + 3), REASON_OK);
  CHECK_REASON(ledger_session_close(ledger, session, NOW + 4), REASON_SESSION_UNKNOWN);
  CHECK_REASON(ledger_session_close(ledger, session + 1, NOW + 4), REASON_SESSION_UNKNOWN);
}

static void a_grant_whose_key_is_not_proved_counts_for_nothing(void) {
  static const char wanted[] = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
  static const char other[] = "rdAnS9t4eewyMXvvpr6NXhoFu4NjHK3za4PgW_3mYWo";
  static const struct session_facts facts = {.pid = 1, .boot_id = "boot"};
  struct fixture fixture CLEANUP(fixture_end);
  struct login login, free_one;
  struct grant grant;
  enum ledger_change change = LEDGER_UNCHANGED;
  char key[GRANT_KEY_SIZE] = "";
  int64_t session;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "ana", wide);
  login_prepare(&free_one, "ben", wide);
  login.admission.unproved = wanted;
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(login_try(&fixture, &free_one), REASON_OK);
  const char *id = login.grant.id;
  CHECK_REASON(ledger_grant(fixture.ledger, id, "ana", "sshd", false, NOW, &grant), REASON_PROOF_MISSING);
  CHECK_REASON(ledger_session_open(fixture.ledger, id, "ana", "sshd", &facts, NOW, &session, &grant),
               REASON_PROOF_MISSING);
  CHECK_REASON(ledger_grant_unproved(fixture.ledger, id, "ana", "sshd", NOW, key), REASON_OK);
  CHECK_STRING(key, wanted);
  CHECK_REASON(ledger_grant_unproved(fixture.ledger, id, "ben", "sshd", NOW, key), REASON_GRANT_UNKNOWN);
  CHECK_REASON(ledger_grant_unproved(fixture.ledger, id, "ana", "sudo", NOW, key), REASON_GRANT_UNKNOWN);
  CHECK_REASON(ledger_grant_unproved(fixture.ledger, id, "ana", "sshd", EXPIRES, key), REASON_GRANT_EXPIRED);
  CHECK_REASON(ledger_grant_unproved(fixture.ledger, free_one.grant.id, "ben", "sshd", NOW, key), REASON_GRANT_USED);
  CHECK_REASON(ledger_grant_proved(fixture.ledger, id, other, NOW + 1, &change), REASON_GRANT_UNKNOWN);
  CHECK_REASON(ledger_grant_proved(fixture.ledger, free_one.grant.id, wanted, NOW + 1, &change), REASON_GRANT_UNKNOWN);
  CHECK_REASON(ledger_grant(fixture.ledger, id, "ana", "sshd", false, NOW, &grant), REASON_PROOF_MISSING);
  CHECK_INT(login.change, LEDGER_UNCHANGED);
  CHECK_REASON(ledger_account_state(fixture.ledger, "ana", login.grant.uid), REASON_ACCOUNT_UNKNOWN);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities WHERE name = 'ana' AND last_login IS NULL"), 1);
  CHECK_REASON(ledger_grant_proved(fixture.ledger, id, wanted, NOW + 1, &change), REASON_OK);
  CHECK_INT(change, LEDGER_ACCOUNT_ADDED);
  CHECK_REASON(ledger_account_state(fixture.ledger, "ana", login.grant.uid), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT last_login FROM identities WHERE name = 'ana'"), NOW + 1);
  CHECK_REASON(ledger_grant(fixture.ledger, id, "ana", "sshd", false, NOW, &grant), REASON_OK);
  CHECK_REASON(ledger_session_open(fixture.ledger, id, "ana", "sshd", &facts, NOW, &session, &grant), REASON_OK);
}

static void a_session_of_a_former_boot_is_over(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct grant grant;
  struct session_facts before = {.pid = 42, .audit_session = UINT32_MAX, .boot_id = "before"};
  struct session_facts after = {.pid = 42, .audit_session = UINT32_MAX, .boot_id = "after"};
  int64_t first = 0, second = 0, third = 0;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(ledger_session_open(fixture.ledger, login.grant.id, "alice", "sshd", &before, NOW, &first, &grant),
               REASON_OK);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(ledger_session_open(fixture.ledger, login.grant.id, "alice", "sshd", &after, NOW, &second, &grant),
               REASON_OK);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(ledger_session_open(fixture.ledger, login.grant.id, "alice", "sshd", &after, NOW, &third, &grant),
               REASON_OK);
  CHECK(first < second && second < third);
  CHECK_REASON(ledger_session_close(fixture.ledger, first, NOW), REASON_SESSION_UNKNOWN);
  CHECK_REASON(ledger_session_close(fixture.ledger, second, NOW), REASON_OK);
}

static void tidying_removes_what_is_over_and_nothing_else(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  struct grant grant;
  struct session_facts facts = {.pid = 42, .audit_session = UINT32_MAX, .boot_id = "boot"};
  int64_t open = 0, ended = 0;
  if (!fixture_begin(&fixture)) return;
  struct ledger *ledger = fixture.ledger;
  login_prepare(&login, "alice", wide);
  login.admission.groups = (const struct given_group[]){{"two", 2000}};
  login.admission.group_count = 1;
  CHECK_REASON(login_try(&fixture, &login), REASON_OK); /* never picked up */
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(ledger_session_open(ledger, login.grant.id, "alice", "sshd", &facts, NOW, &open, &grant), REASON_OK);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  CHECK_REASON(ledger_session_open(ledger, login.grant.id, "alice", "sshd", &facts, NOW, &ended, &grant), REASON_OK);
  CHECK_REASON(ledger_session_close(ledger, ended, NOW), REASON_OK);

  CHECK_REASON(ledger_tidy(ledger, NOW + GRANT_PICKUP_SECONDS), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grants"), 3);
  CHECK_REASON(ledger_tidy(ledger, NOW + GRANT_PICKUP_SECONDS + 1), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grants"), 2);
  CHECK_REASON(ledger_tidy(ledger, NOW + 7 * 86400), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM sessions"), 2);
  CHECK_REASON(ledger_tidy(ledger, NOW + 7 * 86400 + 1), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM sessions"), 1);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grant_groups"), 1);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities"), 1);
  CHECK_REASON(ledger_session_close(ledger, open, NOW), REASON_OK);
}

static int count_step(void *context) {
  ++*(int *)context;
  return 0;
}

/* Hundreds of SQLite's steps that tidying takes. */
static int tidy_counted(struct ledger *ledger, int64_t now) {
  int hundreds = 0;
  sqlite3_progress_handler(ledger->db, 100, count_step, &hundreds);
  CHECK_REASON(ledger_tidy(ledger, now), REASON_OK);
  sqlite3_progress_handler(ledger->db, 0, NULL, NULL);
  return hundreds;
}

#define HUNDRED_THOUSAND "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
#define LEFT                                                               \
  "SELECT (SELECT count(*) FROM grants) + (SELECT count(*) FROM sessions)" \
  " + (SELECT count(*) FROM used_tokens WHERE token_id LIKE 'jti %')"

/* Every login may have to wait for it: what it costs depends on what it removes, and that is bounded. */
static void tidying_is_cheap_among_many(void) {
  struct fixture fixture CLEANUP(fixture_end);
  if (!fixture_begin(&fixture)) return;
  fixture_sql(
      &fixture, HUNDRED_THOUSAND
      "INSERT INTO grants SELECT printf('%032x', i), NULL, 'alice', 1, 'sshd', 'i', 's', 'r', NULL, 1000000, 2000000,"
      " 0, 1000000, NULL FROM n");
  fixture_sql(&fixture,
              "INSERT INTO sessions (grant_id, pid, pid_start, audit_session, boot_id, opened)"
              " SELECT id, 1, 1, 1, 'boot', 1000000 FROM grants");
  fixture_sql(&fixture, HUNDRED_THOUSAND "INSERT INTO used_tokens SELECT 'i', 'jti ' || i, 2000000 FROM n");
  CHECK_INT(fixture_sql(&fixture, LEFT), 300000);

  CHECK(tidy_counted(fixture.ledger, 1000000) < 10); /* nothing to do */
  CHECK_INT(fixture_sql(&fixture, LEFT), 300000);
  fixture_sql(&fixture, "UPDATE sessions SET ended = 1000000 WHERE id % 2 = 0");
  CHECK(tidy_counted(fixture.ledger, 3000000) < 3000); /* a thousand each of tokens, sessions and their grants */
  CHECK_INT(fixture_sql(&fixture, LEFT), 297000);
  for (int i = 1; i < 100; i++)
    CHECK_REASON(ledger_tidy(fixture.ledger, 3000000), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, LEFT), 100000); /* those of open sessions */
  CHECK_INT(
      fixture_sql(&fixture, "SELECT count(*) FROM grants g JOIN sessions s ON s.grant_id = g.id WHERE ended IS NULL"),
      50000);
}

/* ---- listing ---- */

struct listing {
  char text[512];
  size_t left;
};

static bool list_one(void *context, const struct identity *identity) {
  struct listing *listing = context;
  size_t used = strlen(listing->text);
  snprintf(listing->text + used, sizeof listing->text - used, "%s %s %s %s %s %s %lld %lld\n", identity->name,
           identity->issuer, identity->subject, identity->home, identity->shell, identity->state,
           (long long)identity->created, (long long)identity->last_login);
  return --listing->left > 0;
}

static void identities_are_listed_in_the_order_of_names(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "bob", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  login_prepare(&login, "alice", wide);
  login_resolve(&login, 1);
  CHECK_REASON(login_try(&fixture, &login), REASON_ACCOUNT_CHANGED_RETRY);
  struct listing all = {.left = 10}, one = {.left = 1};
  CHECK_REASON(ledger_each_identity(fixture.ledger, list_one, &all), REASON_OK);
  CHECK_STRING(all.text,
               "alice https://issuer.example subject of alice /home/alice /bin/bash reserved 1800000000 0\n"
               "bob https://issuer.example subject of bob /home/bob /bin/bash enabled 1800000000 1800000000\n");
  CHECK_REASON(ledger_each_identity(fixture.ledger, list_one, &one), REASON_OK);
  CHECK_INT(one.text[0], 'a');
  CHECK(strchr(one.text, '\n')[1] == '\0');
}

UNIT_MAIN({"a first login makes a bound identity", a_first_login_makes_a_bound_identity},
          {"another subject or issuer does not get the name", another_subject_or_issuer_does_not_get_the_name},
          {"one subject may have two names", one_subject_may_have_two_names},
          {"a role admits every subject and is no identity", a_role_admits_every_subject_and_is_no_identity},
          {"a literal rule leaves the binding as it is", a_literal_rule_leaves_the_binding_as_it_is},
          {"an unknown account is not made unasked", an_unknown_account_is_not_made_unasked},
          {"a local account gets a grant and no identity", a_local_account_gets_a_grant_and_no_identity},
          {"a disabled account stays out", a_disabled_account_stays_out},
          {"the state of an account needs name and id", the_state_of_an_account_needs_name_and_id},
          {"a changed record reserves, and the next try succeeds", a_changed_record_reserves_and_the_next_try_succeeds},
          {"every field of the record counts", every_field_of_the_record_counts},
          {"an identity keeps home and shell", an_identity_keeps_home_and_shell},
          {"an id of another source is passed over", an_id_of_another_source_is_passed_over},
          {"an unknown answer refuses creation", an_unknown_answer_refuses_creation},
          {"a slow source holds no lock, and a lost race chooses again",
           a_slow_source_holds_no_lock_and_a_lost_race_chooses_again},
          {"a range fills up and says so", a_range_fills_up_and_says_so},
          {"an id is never given out again", an_id_is_never_given_out_again},
          {"a name that is not strict never becomes an identity", a_name_that_is_not_strict_never_becomes_an_identity},
          {"control characters in issuer or subject are refused", control_characters_in_issuer_or_subject_are_refused},
          {"a token id is good for one login per issuer", a_token_id_is_good_for_one_login_per_issuer},
          {"a used token is remembered past its leeway", a_used_token_is_remembered_past_its_leeway},
          {"a used token stays used whatever the clock says", a_used_token_stays_used_whatever_the_clock_says},
          {"a grant is for one account and service until it is over",
           a_grant_is_for_one_account_and_service_until_it_is_over},
          {"a grant is picked up once and lasts until the token ends",
           a_grant_is_picked_up_once_and_lasts_until_the_token_ends},
          {"a grant whose key is not proved counts for nothing", a_grant_whose_key_is_not_proved_counts_for_nothing},
          {"a session of a former boot is over", a_session_of_a_former_boot_is_over},
          {"tidying removes what is over and nothing else", tidying_removes_what_is_over_and_nothing_else},
          {"tidying is cheap among many", tidying_is_cheap_among_many},
          {"identities are listed in the order of names", identities_are_listed_in_the_order_of_names})
