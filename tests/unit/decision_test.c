/* The pipeline: which step refuses what, how far the decision is filled, and what is traced. */
#include "decision.h"

#include "login_fixture.h"

#define SETTINGS                                                                                \
  FIXTURE_ISSUER                                                                                \
  "issuer \"lost\" { url = lost audience = here algorithms = EdDSA keys = 'file:@/missing' }\n" \
  "rule \"r\" { issuer = corp when = 'ref == main' account = deploy }\n"                        \
  "rule \"once\" { issuer = corp when = 'ref == once' account = deploy single_use = true }\n"

#define DEPLOY ((struct account_facts){.name = "deploy", .kind = ACCOUNT_LOCAL, .uid = 1001})

static void each_step_refuses_its_own(void) {
  static const struct {
    const char *claims;
    enum reason reason;
    bool issuer, claims_there; /* how far the decision came */
  } cases[] = {
      {FIXTURE_CLAIMS(",\"ref\":\"main\""), REASON_OK, true, true},
      {FIXTURE_CLAIMS(",\"ref\":\"dev\""), REASON_NO_RULE, true, true},
      {FIXTURE_CLAIMS(",\"ref\":\"once\""), REASON_TOKEN_ID_MISSING, true, true},
      {FIXTURE_CLAIMS(",\"ref\":\"once\",\"jti\":\"\""), REASON_TOKEN_ID_MISSING, true, true},
      {FIXTURE_CLAIMS(",\"ref\":\"once\",\"jti\":\"1\""), REASON_OK, true, true},
      {"[]", REASON_CLAIMS_MALFORMED, false, false},
      {"{}", REASON_ISSUER_UNKNOWN, false, false},
      {"{\"iss\":\"https://id.example.org\"}", REASON_ISSUER_UNKNOWN, false, false},
      {"{\"iss\":\"HTTPS://id.example.org/\"}", REASON_ISSUER_UNKNOWN, false, false},
      {"{\"iss\":\"lost\"}", REASON_KEYS_UNAVAILABLE, true, false},
      {"{\"iss\":\"https://id.example.org/\",\"sub\":\"s\"," FIXTURE_TIMES "}", REASON_AUDIENCE_MISMATCH, true, false},
      {"{\"iss\":\"https://id.example.org/\",\"sub\":\"s\",\"aud\":\"here\"}", REASON_EXPIRY_MISSING, true, false},
      {"{\"iss\":\"https://id.example.org/\",\"aud\":\"here\"," FIXTURE_TIMES "}", REASON_SUBJECT_MISSING, true, true},
      {"{\"iss\":\"https://id.example.org/\",\"sub\":\"\",\"aud\":\"here\"," FIXTURE_TIMES "}", REASON_SUBJECT_MISSING,
       true, true},
  };
  struct fixture fixture;
  if (fixture_begin(&fixture, SETTINGS))
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
      CHECK_REASON(fixture_decide(&fixture, cases[i].claims, "sshd", DEPLOY), cases[i].reason);
      CHECK((fixture.decision.issuer != NULL) == cases[i].issuer);
      CHECK((fixture.decision.claims != NULL) == cases[i].claims_there);
      CHECK((fixture.decision.rule != NULL) == (cases[i].reason == REASON_OK));
    }
  fixture_end(&fixture);
}

static void a_damaged_token_is_refused(void) {
  struct fixture fixture;
  struct login_request request = {.account = DEPLOY, .service = "sshd", .now = FIXTURE_NOW};
  if (fixture_begin(&fixture, SETTINGS)) {
    char *token = kit_token(KIT_HEADER, FIXTURE_CLAIMS(",\"ref\":\"main\""));
    size_t size = strlen(token);
    CHECK_REASON(decide(fixture.settings, fixture.files, &request, token, size, NULL, &fixture.decision), REASON_OK);
    decision_clear(&fixture.decision);
    for (size_t i = 0; i < size; i++) {
      char before = token[i];
      token[i] = before == 'A' ? 'B' : 'A';
      CHECK(decide(fixture.settings, fixture.files, &request, token, size, NULL, &fixture.decision) != REASON_OK);
      CHECK(fixture.decision.claims == NULL && fixture.decision.rule == NULL);
      decision_clear(&fixture.decision);
      token[i] = before;
    }
    CHECK_REASON(decide(fixture.settings, fixture.files, &request, "", 0, NULL, &fixture.decision),
                 REASON_TOKEN_MISSING);
    free(token);
  }
  fixture_end(&fixture);
}

static void keys_that_are_no_key_set_refuse(void) {
  struct fixture fixture;
  if (fixture_begin(&fixture, SETTINGS)) {
    fixture_write(fixture.keys, "{\"keys\":1}");
    key_files_free(fixture.files);
    fixture.files = NULL;
    CHECK_REASON(key_files_read(fixture.settings, FILE_OF_ANYONE, &fixture.files), REASON_OK);
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(""), "sshd", DEPLOY), REASON_KEYS_MALFORMED);
  }
  fixture_end(&fixture);
}

static void keys_that_others_may_write_to_refuse(void) {
  struct fixture fixture;
  if (fixture_begin(&fixture, SETTINGS)) {
    key_files_free(fixture.files);
    fixture.files = NULL;
    if (geteuid() == 0) CHECK(chown(fixture.keys, 65534, 65534) == 0);
    CHECK_REASON(key_files_read(fixture.settings, FILE_OWNED_BY_ROOT, &fixture.files), REASON_OK);
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(""), "sshd", DEPLOY), REASON_FILE_UNSAFE);
  }
  fixture_end(&fixture);
}

static void every_step_is_traced(void) {
  struct fixture fixture;
  if (fixture_begin(&fixture, SETTINGS)) {
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(",\"ref\":\"once\",\"jti\":\"1\""), "sshd", DEPLOY),
                 REASON_OK);
    static const char *const steps[] = {"shape+ ",
                                        "issuer:corp+ ",
                                        "keys:",
                                        "signature+ ",
                                        "subject+ ",
                                        "service+ ",
                                        "condition:ref == main- ",
                                        "rule:r- ",
                                        "condition:ref == once+ ",
                                        "account:deploy+ ",
                                        "rule:once+ ",
                                        "token-id:once+ "};
    const char *at = fixture.seen;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
      const char *found = strstr(at, steps[i]);
      CHECK(found != NULL);
      if (!found) printf("# %s not in %s\n", steps[i], at);
      if (found) at = found;
    }
  }
  fixture_end(&fixture);
}

/* libsettings links no libcrypto, so it keeps the names itself. */
static void settings_know_the_algorithms_of_the_verifier(void) {
  for (const char *const *name = token_algorithms_all(); *name; name++) {
    CHECK(name_is_listed(settings_algorithms(), *name));
    if (!name_is_listed(settings_algorithms(), *name)) printf("# %s\n", *name);
  }
}

UNIT_MAIN({"each step refuses its own", each_step_refuses_its_own},
          {"a damaged token is refused", a_damaged_token_is_refused},
          {"keys that are no key set refuse", keys_that_are_no_key_set_refuse},
          {"keys that others may write to refuse", keys_that_others_may_write_to_refuse},
          {"every step is traced", every_step_is_traced},
          {"settings know the algorithms of the verifier", settings_know_the_algorithms_of_the_verifier})
