/* The pipeline: which step refuses what, how far the decision is filled, and what is traced. */
#include "decision.h"

#include "key_cache.h"

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

/* What the keeper would not let pass is refused with its reason. */
static void a_subject_is_one_that_the_ledger_can_hold(void) {
  static const char *const characters[] = {"\\n", "\\u001b", "\\t", "\177"};
  struct fixture fixture;
  char claims[3000], subject[SUBJECT_MAX + 2];
  if (fixture_begin(&fixture, SETTINGS)) {
    for (size_t i = 0; i < COUNT_OF(characters); i++) {
      snprintf(claims, sizeof(claims),
               "{\"iss\":\"https://id.example.org/\",\"sub\":\"s%s\",\"aud\":\"here\"," FIXTURE_TIMES
               ",\"ref\":\"main\"}",
               characters[i]);
      CHECK_REASON(fixture_decide(&fixture, claims, "sshd", DEPLOY), REASON_CLAIMS_MALFORMED);
    }
    for (size_t size = SUBJECT_MAX; size <= SUBJECT_MAX + 1; size++) {
      memset(subject, 's', size);
      subject[size] = '\0';
      snprintf(claims, sizeof(claims),
               "{\"iss\":\"https://id.example.org/\",\"sub\":\"%s\",\"aud\":\"here\"," FIXTURE_TIMES
               ",\"ref\":\"main\"}",
               subject);
      CHECK_REASON(fixture_decide(&fixture, claims, "sshd", DEPLOY),
                   size == SUBJECT_MAX ? REASON_OK : REASON_CLAIMS_MALFORMED);
    }
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
    CHECK_REASON(key_files_read(fixture.settings, fixture.folder, FILE_OF_ANYONE, &fixture.files), REASON_OK);
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
    CHECK_REASON(key_files_read(fixture.settings, fixture.folder, FILE_OWNED_BY_ROOT, &fixture.files), REASON_OK);
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
                                        "subject:https://id.example.org/+ ",
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

/* ---- keys from the cache ---- */

#define FETCHED_ISSUER                                                                                        \
  "issuer corp { url = \"https://id.example.org/\" audience = here algorithms = EdDSA max_stale = \"1h\" }\n" \
  "rule r { issuer = corp any = true account = deploy }\n"

/* What the settings say, and one second after they were fetched. */
static const struct keyset_head sound_head = {.title = "corp",
                                              .url = "https://id.example.org/",
                                              .location = "discovery",
                                              .fetched = FIXTURE_NOW - 1,
                                              .due = FIXTURE_NOW + 60};

static enum reason reread(struct fixture *fixture) {
  key_files_free(fixture->files);
  fixture->files = NULL;
  CHECK_REASON(key_files_read(fixture->settings, fixture->folder, FILE_OF_ANYONE, &fixture->files), REASON_OK);
  return fixture_decide(fixture, FIXTURE_CLAIMS(""), "sshd", DEPLOY);
}

static enum reason decide_with_head(struct fixture *fixture, struct keyset_head head) {
  struct keyset *plain = NULL;
  char *cached = NULL, path[KEY_CACHE_PATH_SIZE];
  size_t size, usable;
  CHECK_REASON(keyset_parse(KIT_SET, strlen(KIT_SET), &plain), REASON_OK);
  CHECK_REASON(keyset_encode_cached(plain, &head, &cached, &size, &usable), REASON_OK);
  CHECK(key_cache_path(fixture->folder, "corp", KEY_CACHE_KEYS, path));
  fixture_write(path, cached);
  enum reason reason = reread(fixture);
  free(cached);
  keyset_free(plain);
  return reason;
}

static void fetched_keys_are_those_of_their_section(void) {
  struct fixture fixture;
  struct keyset_head head = sound_head;
  char path[KEY_CACHE_PATH_SIZE];
  if (fixture_begin(&fixture, FETCHED_ISSUER)) {
    CHECK_REASON(reread(&fixture), REASON_KEYS_UNAVAILABLE); /* nothing there */
    CHECK_REASON(decide_with_head(&fixture, head), REASON_OK);
    head.title = "other";
    CHECK_REASON(decide_with_head(&fixture, head), REASON_KEYS_UNAVAILABLE);
    head = sound_head;
    head.url = "https://id.example.org";
    CHECK_REASON(decide_with_head(&fixture, head), REASON_KEYS_UNAVAILABLE);
    head = sound_head;
    head.location = "https://id.example.org/keys";
    CHECK_REASON(decide_with_head(&fixture, head), REASON_KEYS_UNAVAILABLE);
    CHECK(key_cache_path(fixture.folder, "corp", KEY_CACHE_KEYS, path));
    fixture_write(path, "damaged");
    CHECK_REASON(reread(&fixture), REASON_KEYS_UNAVAILABLE);
    fixture_write(path, KIT_SET); /* no head */
    CHECK_REASON(reread(&fixture), REASON_KEYS_UNAVAILABLE);
    unlink(path);
  }
  fixture_end(&fixture);
}

static void fetched_keys_are_used_until_they_are_stale(void) {
  static const struct {
    int64_t fetched;
    enum reason reason;
  } cases[] = {
      {FIXTURE_NOW - 3600, REASON_OK},
      {FIXTURE_NOW - 3601, REASON_KEYS_STALE},
      {FIXTURE_NOW + 300, REASON_OK},
      {FIXTURE_NOW + 301, REASON_KEYS_STALE}, /* the clock was set back: how old they are is not known */
      {0, REASON_KEYS_STALE},
  };
  struct fixture fixture;
  char path[KEY_CACHE_PATH_SIZE];
  if (fixture_begin(&fixture, FETCHED_ISSUER)) {
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
      struct keyset_head head = sound_head;
      head.fetched = cases[i].fetched;
      CHECK_REASON(decide_with_head(&fixture, head), cases[i].reason);
    }
    CHECK(key_cache_path(fixture.folder, "corp", KEY_CACHE_KEYS, path) && unlink(path) == 0);
  }
  fixture_end(&fixture);
}

/* ---- which section a token belongs to ---- */

/* The kit signs with one key: its kid is what tells the sets apart. */
#define KID_SET(kid) "{\"keys\":[{" KIT_JWK ",\"kid\":\"" kid "\"}]}"
#define KID_HEADER(kid) "{\"alg\":\"EdDSA\",\"kid\":\"" kid "\"}"
#define CLUSTER(name, file)                                                                                       \
  "issuer " name " { url = \"https://kubernetes.default.svc\" audience = here algorithms = EdDSA alias = \"" name \
  ".example\" keys = \"file:@/" file                                                                              \
  "\" }\n"                                                                                                        \
  "rule \"pods of " name "\" { issuer = " name " when = '/kubernetes.io/namespace == ci' account = deploy }\n"
#define CLUSTERS FIXTURE_ISSUER CLUSTER("one", "one.json") CLUSTER("two", "two.json")
#define POD_CLAIMS                                                                                                    \
  "{\"iss\":\"https://kubernetes.default.svc\",\"sub\":\"system:serviceaccount:ci:runner\",\"aud\":[\"x\",\"here\"]," \
  "\"kubernetes.io\":{\"namespace\":\"ci\",\"serviceaccount\":{\"name\":\"runner\",\"uid\":\"1\"}}," FIXTURE_TIMES "}"

/* A key set beside the fixture's own, and its files read again; NULL removes it. */
static void put_keys(struct fixture *fixture, const char *name, const char *set) {
  char path[64];
  snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
  if (set)
    fixture_write(path, set);
  else
    unlink(path);
  key_files_free(fixture->files);
  fixture->files = NULL;
  CHECK_REASON(key_files_read(fixture->settings, fixture->folder, FILE_OF_ANYONE, &fixture->files), REASON_OK);
}

static bool begin_clusters(struct fixture *fixture) {
  if (!fixture_begin(fixture, CLUSTERS)) return false;
  put_keys(fixture, "one.json", KID_SET("of-one"));
  put_keys(fixture, "two.json", KID_SET("of-two"));
  return true;
}

static void end_clusters(struct fixture *fixture) {
  put_keys(fixture, "one.json", NULL);
  put_keys(fixture, "two.json", NULL);
  fixture_end(fixture);
}

static enum reason decide_pod(struct fixture *fixture, const char *header) {
  return fixture_decide_token(fixture, header, POD_CLAIMS, "sshd", DEPLOY);
}

static void the_kid_tells_issuers_of_one_url_apart(void) {
  struct fixture fixture;
  if (begin_clusters(&fixture)) {
    CHECK_REASON(decide_pod(&fixture, KID_HEADER("of-one")), REASON_OK);
    CHECK_STRING(issuer_identity(fixture.decision.issuer), "one.example");
    CHECK_STRING(fixture.decision.rule->title, "pods of one");
    CHECK_REASON(decide_pod(&fixture, KID_HEADER("of-two")), REASON_OK);
    CHECK_STRING(issuer_identity(fixture.decision.issuer), "two.example");
    CHECK_STRING(fixture.decision.rule->title, "pods of two");
    CHECK(strstr(fixture.seen, "kid:one- keys") && strstr(fixture.seen, "kid:two+ "));

    CHECK_REASON(decide_pod(&fixture, KID_HEADER("of-three")), REASON_KEY_UNKNOWN);
    CHECK(fixture.decision.issuer && strcmp(fixture.decision.issuer->url, "https://kubernetes.default.svc") == 0);
    CHECK_REASON(decide_pod(&fixture, "{\"alg\":\"EdDSA\"}"), REASON_KEY_AMBIGUOUS);
    /* of another issuer's set */
    CHECK_REASON(decide_pod(&fixture, KID_HEADER("k")), REASON_KEY_UNKNOWN);
  }
  end_clusters(&fixture);
}

static void a_kid_in_two_sets_is_ambiguous(void) {
  struct fixture fixture;
  if (begin_clusters(&fixture)) {
    put_keys(&fixture, "two.json", KID_SET("of-one"));
    CHECK_REASON(decide_pod(&fixture, KID_HEADER("of-one")), REASON_KEY_AMBIGUOUS);
    CHECK(fixture.decision.claims == NULL);
  }
  end_clusters(&fixture);
}

/* The set that is not there might have the kid, so "unknown" would say too much; one that has it is enough. */
static void a_lost_set_leaves_the_others_alone(void) {
  struct fixture fixture;
  if (begin_clusters(&fixture)) {
    put_keys(&fixture, "one.json", NULL);
    CHECK_REASON(decide_pod(&fixture, KID_HEADER("of-two")), REASON_OK);
    CHECK_REASON(decide_pod(&fixture, KID_HEADER("of-one")), REASON_KEYS_UNAVAILABLE);
    put_keys(&fixture, "one.json", KID_SET("of-one"));
    put_keys(&fixture, "two.json", "no key set");
    CHECK_REASON(decide_pod(&fixture, KID_HEADER("of-one")), REASON_OK);
    CHECK_REASON(decide_pod(&fixture, KID_HEADER("of-two")), REASON_KEYS_MALFORMED);
  }
  end_clusters(&fixture);
}

#define SPIFFE                                                                               \
  FIXTURE_ISSUER                                                                             \
  "issuer td { url = 'spiffe://td' audience = here algorithms = ES256 keys = 'file:@/k' }\n" \
  "issuer td2 { url = 'spiffe://td2' audience = here algorithms = ES256 keys = 'file:@/k' }\n"

/* How a JWT-SVID verifies is shown with a real key in tests/unit/issuers_test.sh; here, that its section is found. */
static void a_trust_domain_finds_its_section(void) {
  static const struct {
    const char *claims, *title; /* NULL: no section */
  } cases[] = {
      {"{\"sub\":\"spiffe://td/a\"}", "td"},
      {"{\"sub\":\"spiffe://td2/a\"}", "td2"},
      {"{\"sub\":\"spiffe://td2/spiffe://td/a\"}", "td2"},
      {"{\"iss\":\"https://spire.example\",\"sub\":\"spiffe://td/a\"}", "td"},
      {"{\"iss\":\"https://id.example.org/\",\"sub\":\"spiffe://td/a\"}", "corp"}, /* a url goes first */
      {"{\"iss\":\"spiffe://td\",\"sub\":\"spiffe://td2/a\"}", "td"},
      {"{\"sub\":\"spiffe://td\"}", NULL},
      {"{\"sub\":\"spiffe://t/a\"}", NULL},
      {"{\"sub\":\"spiffe://td3/a\"}", NULL},
      {"{\"sub\":\"spiffe://td.example/a\"}", NULL},
      {"{\"sub\":\"spiffe://TD/a\"}", NULL},
      {"{\"sub\":\"SPIFFE://td/a\"}", NULL},
      {"{\"sub\":\"https://id.example.org//a\"}", NULL}, /* not the url of an ordinary section */
      {"{\"sub\":\"\"}", NULL},
      {"{\"iss\":\"spiffe://td/a\"}", NULL},
  };
  struct fixture fixture;
  if (fixture_begin(&fixture, SPIFFE))
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
      enum reason reason = fixture_decide(&fixture, cases[i].claims, "sshd", DEPLOY);
      CHECK((reason == REASON_ISSUER_UNKNOWN) == (cases[i].title == NULL));
      CHECK_STRING(fixture.decision.issuer ? fixture.decision.issuer->title : NULL, cases[i].title);
    }
  fixture_end(&fixture);
}

/* ---- what the settings say of a section's tokens reaches the verifier ---- */

#define COGNITO                                                                                \
  "issuer cognito { url = cognito audience = app algorithms = EdDSA keys = 'file:@/keys.json'" \
  " audience_claim = client_id }\n"                                                            \
  "rule c { issuer = cognito any = true account = deploy }\n"
#define COGNITO_CLAIMS(more) "{\"iss\":\"cognito\",\"sub\":\"s\"," FIXTURE_TIMES more "}"
#define LEGACY(more)                                                                             \
  "issuer legacy { url = 'kubernetes/serviceaccount' audience = here algorithms = EdDSA keys = " \
  "'file:@/keys.json' " more "}\nrule l { issuer = legacy any = true account = deploy }\n"
#define LEGACY_CLAIMS(more) \
  "{\"iss\":\"kubernetes/serviceaccount\",\"sub\":\"system:serviceaccount:ci:runner\",\"aud\":\"here\"" more "}"

static void check_decisions(const char *settings, const char *header, const char *const *claims,
                            const enum reason *wanted, size_t count) {
  struct fixture fixture;
  if (fixture_begin(&fixture, settings))
    for (size_t i = 0; i < count; i++) {
      CHECK_REASON(fixture_decide_token(&fixture, header, claims[i], "sshd", DEPLOY), wanted[i]);
      if (fixture.decision.rule == NULL && wanted[i] == REASON_OK) printf("# %s\n", claims[i]);
    }
  fixture_end(&fixture);
}

static void an_access_token_of_cognito_has_client_id(void) {
  static const char *const claims[] = {
      COGNITO_CLAIMS(",\"client_id\":\"app\",\"token_use\":\"access\""),
      COGNITO_CLAIMS(",\"client_id\":\"app2\",\"token_use\":\"access\""),
      COGNITO_CLAIMS(",\"client_id\":\"app\",\"token_use\":\"id\""),
      COGNITO_CLAIMS(",\"client_id\":\"app\""),
      COGNITO_CLAIMS(",\"aud\":\"app\",\"token_use\":\"access\""),
      COGNITO_CLAIMS(",\"client_id\":\"app\",\"token_use\":\"access\",\"aud\":\"elsewhere\""),
      COGNITO_CLAIMS(",\"client_id\":\"app\",\"token_use\":\"access\",\"aud\":[\"app\"]"),
  };
  static const enum reason wanted[] = {REASON_OK,
                                       REASON_AUDIENCE_MISMATCH,
                                       REASON_AUDIENCE_MISMATCH,
                                       REASON_AUDIENCE_MISMATCH,
                                       REASON_AUDIENCE_MISMATCH,
                                       REASON_AUDIENCE_MISMATCH,
                                       REASON_OK};
  check_decisions(COGNITO, KIT_HEADER, claims, wanted, COUNT_OF(claims));
}

static void a_token_without_iat_needs_the_settings_leave(void) {
  static const char *const claims[] = {
      LEGACY_CLAIMS(",\"exp\":1800000060"), /* no iat */
      LEGACY_CLAIMS(",\"exp\":1800000931"), /* max_lifetime is 900, leeway 30 */
      LEGACY_CLAIMS(",\"exp\":1800000930"),
      LEGACY_CLAIMS(",\"iat\":1799999100,\"exp\":1800000060"), /* exp - iat still counts where there is one */
      LEGACY_CLAIMS(""),                                       /* a secret's token: no exp either */
  };
  static const enum reason by_default[] = {REASON_ISSUED_AT_MISSING, REASON_ISSUED_AT_MISSING, REASON_ISSUED_AT_MISSING,
                                           REASON_LIFETIME_TOO_LONG, REASON_EXPIRY_MISSING};
  static const enum reason optional[] = {REASON_OK, REASON_LIFETIME_TOO_LONG, REASON_OK, REASON_LIFETIME_TOO_LONG,
                                         REASON_EXPIRY_MISSING};
  check_decisions(LEGACY("max_lifetime = 900s"), KIT_HEADER, claims, by_default, COUNT_OF(claims));
  check_decisions(LEGACY("max_lifetime = 900s issued_at = optional"), KIT_HEADER, claims, optional, COUNT_OF(claims));
}

static void an_access_token_has_its_profile(void) {
  static const char header[] = "{\"alg\":\"EdDSA\",\"kid\":\"k\",\"typ\":\"application/at+jwt\"}";
  static const char settings[] = LEGACY("type = 'at+jwt'");
  static const char *const claims[] = {LEGACY_CLAIMS("," FIXTURE_TIMES ",\"client_id\":\"c\",\"jti\":\"1\""),
                                       LEGACY_CLAIMS("," FIXTURE_TIMES ",\"client_id\":\"c\""),
                                       LEGACY_CLAIMS("," FIXTURE_TIMES ",\"jti\":\"1\"")};
  static const enum reason wanted[] = {REASON_OK, REASON_CLAIM_MISSING, REASON_CLAIM_MISSING};
  static const enum reason as_jwt[] = {REASON_TYPE_NOT_ALLOWED};
  check_decisions(settings, header, claims, wanted, COUNT_OF(claims));
  check_decisions(settings, KIT_HEADER, claims, as_jwt, 1);
  check_decisions(LEGACY(""), header, claims, as_jwt, 1);
}

/* libsettings links no libcrypto, so it keeps the names itself. */
static void settings_know_the_algorithms_of_the_verifier(void) {
  for (const char *const *name = token_algorithms_all(); *name; name++) {
    CHECK(name_is_listed(settings_algorithms(), *name));
    if (!name_is_listed(settings_algorithms(), *name)) printf("# %s\n", *name);
  }
  for (const char *const *name = settings_algorithms(); *name; name++)
    CHECK(name_is_listed(token_algorithms_all(), *name));
}

UNIT_MAIN({"each step refuses its own", each_step_refuses_its_own},
          {"a subject is one that the ledger can hold", a_subject_is_one_that_the_ledger_can_hold},
          {"a damaged token is refused", a_damaged_token_is_refused},
          {"keys that are no key set refuse", keys_that_are_no_key_set_refuse},
          {"keys that others may write to refuse", keys_that_others_may_write_to_refuse},
          {"fetched keys are those of their section", fetched_keys_are_those_of_their_section},
          {"fetched keys are used until they are stale", fetched_keys_are_used_until_they_are_stale},
          {"every step is traced", every_step_is_traced},
          {"the kid tells issuers of one url apart", the_kid_tells_issuers_of_one_url_apart},
          {"a kid in two sets is ambiguous", a_kid_in_two_sets_is_ambiguous},
          {"a lost set leaves the others alone", a_lost_set_leaves_the_others_alone},
          {"a trust domain finds its section", a_trust_domain_finds_its_section},
          {"an access token of Cognito has client_id", an_access_token_of_cognito_has_client_id},
          {"a token without iat needs the settings' leave", a_token_without_iat_needs_the_settings_leave},
          {"an access token has its profile", an_access_token_has_its_profile},
          {"settings know the algorithms of the verifier", settings_know_the_algorithms_of_the_verifier})
