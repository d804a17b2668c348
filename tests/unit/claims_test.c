/* The claims checks, at the edges of each, and what verified claims tell. The clock stands at 1000. */
#include "claims.h"
#include "token_kit.h"

struct claims_case {
  const char *claims;
  enum reason wanted;
  struct token_expectation asked; /* on top of: now 1000, and nothing that is not set here */
};

static void run_cases(const struct claims_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct token_expectation asked = cases[i].asked;
    asked.now = 1000;
    asked.any_issuer = asked.issuer == NULL && asked.trust_domain == NULL;
    asked.any_audience = asked.audiences == NULL;
    asked.any_lifetime = asked.max_lifetime == 0;
    CHECK_REASON(kit_verify(KIT_HEADER, cases[i].claims, asked), cases[i].wanted);
    if (unit_failed) printf("# %s\n", cases[i].claims);
  }
}

static void types(void) {
  static const struct claims_case cases[] = {
      {"{\"exp\":2000,\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"a\"],\"nbf\":1,\"iat\":1,\"jti\":\"j\",\"azp\":\"p\"}",
       REASON_OK,
       {0}},
      {"{\"exp\":2000,\"aud\":[]}", REASON_OK, {0}},
      {"", REASON_CLAIMS_MALFORMED, {0}},
      {"[]", REASON_CLAIMS_MALFORMED, {0}},
      {"\"x\"", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"exp\":2000}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"a\":{\"x\":1,\"x\":2}}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"a\":\"\\u0000\"}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"a\":\"\xc0\xaf\"}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":\"2000\"}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":null}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":true}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":[2000]}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"nbf\":\"1\"}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"iat\":\"1\"}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"iss\":1}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"iss\":[\"i\"]}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"sub\":null}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"jti\":1}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"azp\":[]}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"aud\":1}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"aud\":null}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"aud\":{\"a\":\"a\"}}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"aud\":[\"a\",1]}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":2000,\"aud\":[[\"a\"]]}", REASON_CLAIMS_MALFORMED, {0}},
  };
  run_cases(cases, COUNT_OF(cases));
}

static void expiry(void) {
  static const struct claims_case cases[] = {
      {"{}", REASON_EXPIRY_MISSING, {0}},
      {"{\"exp\":999}", REASON_TOKEN_EXPIRED, {0}},
      {"{\"exp\":1000}", REASON_TOKEN_EXPIRED, {0}},
      {"{\"exp\":1001}", REASON_OK, {0}},
      {"{\"exp\":1000}", REASON_OK, {.leeway = 1}},
      {"{\"exp\":970}", REASON_TOKEN_EXPIRED, {.leeway = 30}},
      {"{\"exp\":971}", REASON_OK, {.leeway = 30}},
      {"{\"exp\":1001.0}", REASON_OK, {0}},
      {"{\"exp\":1000.5}", REASON_OK, {0}},
      {"{\"exp\":999.5}", REASON_TOKEN_EXPIRED, {0}},
      {"{\"exp\":1.001e3}", REASON_OK, {0}},
      {"{\"exp\":0}", REASON_TOKEN_EXPIRED, {0}},
      {"{\"exp\":-1}", REASON_TOKEN_EXPIRED, {0}},
      {"{\"exp\":-9223372036854775808}", REASON_TOKEN_EXPIRED, {.leeway = 300}},
      {"{\"exp\":9223372036854775807}", REASON_OK, {.leeway = 300}},
      {"{\"exp\":9223372036854775808}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":9223372036854775808.0}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":1e300}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":1e999}", REASON_CLAIMS_MALFORMED, {0}},
      {"{\"exp\":-1e300}", REASON_CLAIMS_MALFORMED, {0}},
  };
  run_cases(cases, COUNT_OF(cases));
}

static void not_before_and_issued_at(void) {
  static const struct claims_case cases[] = {
      {"{\"exp\":2000,\"nbf\":1000}", REASON_OK, {0}},
      {"{\"exp\":2000,\"nbf\":1001}", REASON_TOKEN_NOT_YET_VALID, {0}},
      {"{\"exp\":2000,\"nbf\":1000.5}", REASON_TOKEN_NOT_YET_VALID, {0}},
      {"{\"exp\":2000,\"nbf\":1030}", REASON_OK, {.leeway = 30}},
      {"{\"exp\":2000,\"nbf\":1031}", REASON_TOKEN_NOT_YET_VALID, {.leeway = 30}},
      {"{\"exp\":2000,\"nbf\":9223372036854775807}", REASON_TOKEN_NOT_YET_VALID, {.leeway = 300}},
      {"{\"exp\":2000,\"iat\":1000}", REASON_OK, {0}},
      {"{\"exp\":2000,\"iat\":1001}", REASON_ISSUED_IN_FUTURE, {0}},
      {"{\"exp\":2000,\"iat\":1030}", REASON_OK, {.leeway = 30}},
      {"{\"exp\":2000,\"iat\":1031}", REASON_ISSUED_IN_FUTURE, {.leeway = 30}},
      {"{\"exp\":999,\"nbf\":1001}", REASON_TOKEN_EXPIRED, {0}},
  };
  run_cases(cases, COUNT_OF(cases));
}

static void lifetime(void) {
  static const struct claims_case cases[] = {
      {"{\"exp\":1500,\"iat\":900}", REASON_OK, {.max_lifetime = 600}},
      {"{\"exp\":1501,\"iat\":900}", REASON_LIFETIME_TOO_LONG, {.max_lifetime = 600}},
      {"{\"exp\":1501,\"iat\":900}", REASON_LIFETIME_TOO_LONG, {.max_lifetime = 600, .leeway = 300}},
      {"{\"exp\":1500}", REASON_ISSUED_AT_MISSING, {.max_lifetime = 600}},
      {"{\"exp\":1500,\"iat\":\"900\"}", REASON_CLAIMS_MALFORMED, {.max_lifetime = 600}},
      {"{\"exp\":9223372036854775807,\"iat\":-9223372036854775808}",
       REASON_LIFETIME_TOO_LONG,
       {.max_lifetime = INT64_MAX}},
      {"{\"exp\":9223372036854775807,\"iat\":900}", REASON_OK, {0}},
  };
  run_cases(cases, COUNT_OF(cases));
}

static void issuer_and_audience(void) {
  static const char *const one[] = {"ssh://build", NULL}, *const two[] = {"x", "ssh://build", NULL};
  static const struct claims_case cases[] = {
      {"{\"exp\":2000,\"iss\":\"https://i\"}", REASON_OK, {.issuer = "https://i"}},
      {"{\"exp\":2000,\"iss\":\"https://i/\"}", REASON_ISSUER_UNKNOWN, {.issuer = "https://i"}},
      {"{\"exp\":2000,\"iss\":\"https://I\"}", REASON_ISSUER_UNKNOWN, {.issuer = "https://i"}},
      {"{\"exp\":2000,\"iss\":\"\"}", REASON_ISSUER_UNKNOWN, {.issuer = "https://i"}},
      {"{\"exp\":2000}", REASON_ISSUER_UNKNOWN, {.issuer = "https://i"}},
      {"{\"exp\":2000}", REASON_ISSUER_UNKNOWN, {.issuer = ""}},
      {"{\"exp\":2000,\"aud\":\"ssh://build\"}", REASON_OK, {.audiences = one}},
      {"{\"exp\":2000,\"aud\":\"ssh://build\"}", REASON_OK, {.audiences = two}},
      {"{\"exp\":2000,\"aud\":[\"y\",\"ssh://build\"]}", REASON_OK, {.audiences = one}},
      {"{\"exp\":2000,\"aud\":\"ssh://build/\"}", REASON_AUDIENCE_MISMATCH, {.audiences = two}},
      {"{\"exp\":2000,\"aud\":\"ssh://build ssh://other\"}", REASON_AUDIENCE_MISMATCH, {.audiences = one}},
      {"{\"exp\":2000,\"aud\":[]}", REASON_AUDIENCE_MISMATCH, {.audiences = one}},
      {"{\"exp\":2000,\"aud\":[\"y\",\"z\"]}", REASON_AUDIENCE_MISMATCH, {.audiences = one}},
      {"{\"exp\":2000}", REASON_AUDIENCE_MISMATCH, {.audiences = one}},
      /* the order of the decision */
      {"{\"exp\":1,\"aud\":\"z\"}", REASON_AUDIENCE_MISMATCH, {.audiences = one}},
      {"{\"exp\":1,\"aud\":\"z\",\"iss\":\"j\"}", REASON_ISSUER_UNKNOWN, {.audiences = one, .issuer = "i"}},
  };
  run_cases(cases, COUNT_OF(cases));
}

static void issued_at_may_be_optional(void) {
  static const struct claims_case cases[] = {
      {"{\"exp\":1600}", REASON_OK, {.max_lifetime = 600, .issued_at_optional = true}},
      {"{\"exp\":1601}", REASON_LIFETIME_TOO_LONG, {.max_lifetime = 600, .issued_at_optional = true}},
      {"{\"exp\":1630}", REASON_OK, {.max_lifetime = 600, .issued_at_optional = true, .leeway = 30}},
      {"{\"exp\":1631}", REASON_LIFETIME_TOO_LONG, {.max_lifetime = 600, .issued_at_optional = true, .leeway = 30}},
      {"{\"exp\":9223372036854775807}", REASON_LIFETIME_TOO_LONG, {.max_lifetime = 600, .issued_at_optional = true}},
      {"{\"exp\":1600}", REASON_OK, {.max_lifetime = INT64_MAX, .issued_at_optional = true, .leeway = 30}},
      {"{\"exp\":1000}", REASON_TOKEN_EXPIRED, {.max_lifetime = 600, .issued_at_optional = true}},
      /* an iat that is there counts as ever */
      {"{\"exp\":1600,\"iat\":1000}", REASON_OK, {.max_lifetime = 600, .issued_at_optional = true, .leeway = 30}},
      {"{\"exp\":1600,\"iat\":999}", REASON_LIFETIME_TOO_LONG, {.max_lifetime = 600, .issued_at_optional = true}},
      {"{\"exp\":1600,\"iat\":1001}", REASON_ISSUED_IN_FUTURE, {.max_lifetime = 600, .issued_at_optional = true}},
      {"{\"exp\":1600,\"iat\":null}", REASON_CLAIMS_MALFORMED, {.max_lifetime = 600, .issued_at_optional = true}},
  };
  run_cases(cases, COUNT_OF(cases));
}

static void client_id_may_stand_in_for_the_audience(void) {
  static const char *const one[] = {"ssh-client", NULL};
  static const struct claims_case cases[] = {
      {"{\"exp\":2000,\"client_id\":\"ssh-client\",\"token_use\":\"access\"}",
       REASON_OK,
       {.audiences = one, .audience_is_client_id = true}},
      {"{\"exp\":2000,\"client_id\":\"other\",\"token_use\":\"access\"}",
       REASON_AUDIENCE_MISMATCH,
       {.audiences = one, .audience_is_client_id = true}},
      {"{\"exp\":2000,\"client_id\":[\"other\",\"ssh-client\"],\"token_use\":\"access\"}",
       REASON_AUDIENCE_MISMATCH,
       {.audiences = one, .audience_is_client_id = true}},
      {"{\"exp\":2000,\"token_use\":\"access\"}",
       REASON_AUDIENCE_MISMATCH,
       {.audiences = one, .audience_is_client_id = true}},
      /* an ID token of the same pool has aud in place of client_id */
      {"{\"exp\":2000,\"aud\":\"ssh-client\",\"token_use\":\"id\"}",
       REASON_AUDIENCE_MISMATCH,
       {.audiences = one, .audience_is_client_id = true}},
      {"{\"exp\":2000,\"client_id\":\"ssh-client\",\"token_use\":\"id\"}",
       REASON_AUDIENCE_MISMATCH,
       {.audiences = one, .audience_is_client_id = true}},
      {"{\"exp\":2000,\"client_id\":\"ssh-client\",\"token_use\":[\"access\"]}",
       REASON_AUDIENCE_MISMATCH,
       {.audiences = one, .audience_is_client_id = true}},
      {"{\"exp\":2000,\"client_id\":\"ssh-client\"}",
       REASON_AUDIENCE_MISMATCH,
       {.audiences = one, .audience_is_client_id = true}},
      /* an aud that is there must match too */
      {"{\"exp\":2000,\"client_id\":\"ssh-client\",\"token_use\":\"access\",\"aud\":[\"x\",\"ssh-client\"]}",
       REASON_OK,
       {.audiences = one, .audience_is_client_id = true}},
      {"{\"exp\":2000,\"client_id\":\"ssh-client\",\"token_use\":\"access\",\"aud\":\"other\"}",
       REASON_AUDIENCE_MISMATCH,
       {.audiences = one, .audience_is_client_id = true}},
      {"{\"exp\":2000,\"client_id\":\"ssh-client\",\"token_use\":\"access\",\"aud\":[]}",
       REASON_AUDIENCE_MISMATCH,
       {.audiences = one, .audience_is_client_id = true}},
      /* and without the setting client_id is no audience */
      {"{\"exp\":2000,\"client_id\":\"ssh-client\",\"token_use\":\"access\"}",
       REASON_AUDIENCE_MISMATCH,
       {.audiences = one}},
  };
  run_cases(cases, COUNT_OF(cases));
}

/* ---- kinds of token ---- */

/* Shortened, but with the names and types that these issuers use. */
static void tokens_as_issuers_make_them(void) {
  static const char *const host[] = {"ssh://build", NULL}, *const client[] = {"7lq0example", NULL};
  static const char kubernetes[] = "https://kubernetes.default.svc", cognito[] = "https://cognito-idp.example/pool";
  static const struct claims_case cases[] = {
      /* a service account's bound token */
      {"{\"aud\":[\"ssh://build\"],\"exp\":2000,\"iat\":1000,\"nbf\":1000,\"iss\":\"https://kubernetes.default.svc\","
       "\"jti\":\"b0a2\",\"kubernetes.io\":{\"namespace\":\"ci\",\"pod\":{\"name\":\"p\",\"uid\":\"u\"},"
       "\"serviceaccount\":{\"name\":\"deploy\",\"uid\":\"u\"},\"warnafter\":1607},"
       "\"sub\":\"system:serviceaccount:ci:deploy\"}",
       REASON_OK,
       {.issuer = kubernetes, .audiences = host, .max_lifetime = 7200}},
      /* the flat token of a Secret, which never ends and is for nobody */
      {"{\"iss\":\"kubernetes/serviceaccount\",\"kubernetes.io/serviceaccount/namespace\":\"ci\","
       "\"sub\":\"system:serviceaccount:ci:deploy\"}",
       REASON_AUDIENCE_MISMATCH,
       {.issuer = "kubernetes/serviceaccount", .audiences = host, .max_lifetime = 7200, .issued_at_optional = true}},
      {"{\"iss\":\"kubernetes/serviceaccount\",\"kubernetes.io/serviceaccount/namespace\":\"ci\","
       "\"sub\":\"system:serviceaccount:ci:deploy\"}",
       REASON_EXPIRY_MISSING,
       {.issuer = "kubernetes/serviceaccount", .max_lifetime = 7200, .issued_at_optional = true}},
      /* Cognito: access and ID token of one sign-in */
      {"{\"sub\":\"aaaa\",\"cognito:groups\":[\"ssh\"],\"iss\":\"https://cognito-idp.example/pool\",\"version\":2,"
       "\"client_id\":\"7lq0example\",\"token_use\":\"access\",\"scope\":\"openid\",\"exp\":2000,\"iat\":1000,"
       "\"jti\":\"j\",\"username\":\"alice\"}",
       REASON_OK,
       {.issuer = cognito, .audiences = client, .audience_is_client_id = true, .max_lifetime = 7200}},
      {"{\"sub\":\"aaaa\",\"cognito:username\":\"alice\",\"iss\":\"https://cognito-idp.example/pool\","
       "\"aud\":\"7lq0example\",\"token_use\":\"id\",\"exp\":2000,\"iat\":1000,\"jti\":\"j\"}",
       REASON_AUDIENCE_MISMATCH,
       {.issuer = cognito, .audiences = client, .audience_is_client_id = true, .max_lifetime = 7200}},
      /* an in-house issuer that leaves iat out */
      {"{\"iss\":\"https://old.example\",\"aud\":\"ssh://build\",\"sub\":\"alice\",\"exp\":2000}",
       REASON_ISSUED_AT_MISSING,
       {.issuer = "https://old.example", .audiences = host, .max_lifetime = 7200}},
      {"{\"iss\":\"https://old.example\",\"aud\":\"ssh://build\",\"sub\":\"alice\",\"exp\":2000}",
       REASON_OK,
       {.issuer = "https://old.example", .audiences = host, .max_lifetime = 7200, .issued_at_optional = true}},
  };
  run_cases(cases, COUNT_OF(cases));
}

/* What RFC 9068 section 2.2 wants, but for one claim. */
static const char *access_token_without(const char *left_out) {
  static const char *const claims[][2] = {{"iss", "\"iss\":\"i\""}, {"exp", "\"exp\":2000"},
                                          {"aud", "\"aud\":\"a\""}, {"sub", "\"sub\":\"s\""},
                                          {"iat", "\"iat\":900"},   {"client_id", "\"client_id\":\"c\""},
                                          {"jti", "\"jti\":\"j\""}};
  static char text[256];
  strcpy(text, "{\"more\":1");
  for (size_t i = 0; i < COUNT_OF(claims); i++) {
    if (strcmp(claims[i][0], left_out) != 0) strcat(strcat(text, ","), claims[i][1]);
  }
  return strcat(text, "}");
}

static void an_access_token_has_all_that_its_profile_requires(void) {
  static const char *const names[] = {"iss", "aud", "sub", "client_id", "iat", "jti"};
  static const char *const types[] = {"at+jwt", NULL}, *const headers[] = {
                                                           "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}",
                                                           "{\"alg\":\"EdDSA\",\"typ\":\"Application/AT+JWT\"}"};
  struct token_expectation asked = {
      .types = types, .any_issuer = true, .any_audience = true, .any_lifetime = true, .now = 1000};
  for (size_t i = 0; i < COUNT_OF(headers); i++) {
    CHECK_REASON(kit_verify(headers[i], access_token_without("none"), asked), REASON_OK);
    CHECK_REASON(kit_verify(headers[i], access_token_without("exp"), asked), REASON_EXPIRY_MISSING);
    for (size_t j = 0; j < COUNT_OF(names); j++) {
      CHECK_REASON(kit_verify(headers[i], access_token_without(names[j]), asked), REASON_CLAIM_MISSING);
      if (unit_failed) printf("# without %s\n", names[j]);
    }
  }
  /* a token that does not say it is one need not */
  asked.types = NULL;
  CHECK_REASON(kit_verify(KIT_HEADER, access_token_without("jti"), asked), REASON_OK);
}

#define SVID_SET "{\"keys\":[{" KIT_EC_JWK ",\"kid\":\"k\",\"use\":\"jwt-svid\"}]}"
#define SVID_HEADER "{\"alg\":\"ES256\",\"kid\":\"k\"}"

static enum reason verify_svid(const char *jwks, const char *header, const char *payload) {
  static const char *const audiences[] = {"a", NULL};
  struct token_expectation asked = {.trust_domain = "example.org",
                                    .audiences = audiences,
                                    .max_lifetime = 2000,
                                    .issued_at_optional = true,
                                    .now = 1000};
  char *text = kit_ec_token(header, payload);
  enum reason reason = kit_verify_text(jwks, text, strlen(text), asked, NULL);
  free(text);
  return reason;
}

static void a_jwt_svid_is_known_by_its_subject(void) {
  static const struct {
    const char *subject;
    enum reason wanted;
  } cases[] = {
      {"spiffe://example.org/a", REASON_OK},
      {"spiffe://example.org/ns/Prod/sa/x_y-z.1", REASON_OK},
      {"spiffe://example.org/...", REASON_OK},
      {"spiffe://example.org", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org/", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org/a/", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org//a", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org/.", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org/a/../b", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org/a b", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org/a%2fb", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org/a?b", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org/a#b", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org/\xc3\xa9", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org:443/a", REASON_ISSUER_UNKNOWN},
      {"spiffe://user@example.org/a", REASON_ISSUER_UNKNOWN},
      {"spiffe://example.org.evil/a", REASON_ISSUER_UNKNOWN},
      {"spiffe://evil.example.org/a", REASON_ISSUER_UNKNOWN},
      {"spiffe://Example.org/a", REASON_ISSUER_UNKNOWN},
      {"SPIFFE://example.org/a", REASON_ISSUER_UNKNOWN},
      {"https://example.org/a", REASON_ISSUER_UNKNOWN},
      {"spiffe://", REASON_ISSUER_UNKNOWN},
      {"", REASON_ISSUER_UNKNOWN},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char payload[256];
    snprintf(payload, sizeof payload, "{\"exp\":2000,\"aud\":[\"a\"],\"sub\":\"%s\"}", cases[i].subject);
    CHECK_REASON(verify_svid(SVID_SET, SVID_HEADER, payload), cases[i].wanted);
    if (unit_failed) printf("# %s\n", cases[i].subject);
  }
}

static void a_spiffe_id_has_at_most_2048_bytes(void) {
  char id[2050] = "spiffe://example.org/";
  memset(id + strlen(id), 'a', 2048 - strlen(id));
  CHECK(is_spiffe_id(id, "example.org"));
  id[2048] = 'a';
  CHECK(!is_spiffe_id(id, "example.org"));
}

#define SVID_CLAIMS "{\"exp\":2000,\"aud\":\"a\",\"sub\":\"spiffe://example.org/a\"}"

static void a_jwt_svid_keeps_to_its_standard(void) {
  static const struct {
    const char *header, *payload;
    enum reason wanted;
  } cases[] = {
      {"{\"alg\":\"ES256\"}", SVID_CLAIMS, REASON_OK},
      {"{\"alg\":\"ES256\",\"kid\":\"k\",\"typ\":\"JWT\"}", SVID_CLAIMS, REASON_OK},
      {"{\"alg\":\"ES256\",\"typ\":\"JOSE\"}", SVID_CLAIMS, REASON_OK},
      {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", SVID_CLAIMS, REASON_TYPE_NOT_ALLOWED},
      {"{\"alg\":\"ES256\",\"x5c\":[]}", SVID_CLAIMS, REASON_HEADER_MALFORMED},
      {"{\"alg\":\"ES256\",\"private\":1}", SVID_CLAIMS, REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\"}", SVID_CLAIMS, REASON_ALGORITHM_NOT_ALLOWED},
      {"{\"alg\":\"Ed25519\"}", SVID_CLAIMS, REASON_ALGORITHM_NOT_ALLOWED},
      /* iss is not looked at; sub, aud and exp must be there */
      {SVID_HEADER, "{\"exp\":2000,\"aud\":\"a\",\"sub\":\"spiffe://example.org/a\",\"iss\":\"x\"}", REASON_OK},
      {SVID_HEADER, "{\"exp\":2000,\"aud\":\"a\"}", REASON_SUBJECT_MISSING},
      {SVID_HEADER, "{\"exp\":2000,\"sub\":\"spiffe://example.org/a\"}", REASON_AUDIENCE_MISMATCH},
      {SVID_HEADER, "{\"exp\":2000,\"aud\":\"b\",\"sub\":\"spiffe://example.org/a\"}", REASON_AUDIENCE_MISMATCH},
      {SVID_HEADER, "{\"aud\":\"a\",\"sub\":\"spiffe://example.org/a\"}", REASON_EXPIRY_MISSING},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    CHECK_REASON(verify_svid(SVID_SET, cases[i].header, cases[i].payload), cases[i].wanted);
    if (unit_failed) printf("# %s %s\n", cases[i].header, cases[i].payload);
  }
}

static void a_jwt_svid_has_aud_whatever_the_audiences(void) {
  struct token_expectation asked = {
      .trust_domain = "example.org", .any_audience = true, .any_lifetime = true, .now = 1000};
  char *text = kit_ec_token(SVID_HEADER, "{\"exp\":2000,\"sub\":\"spiffe://example.org/a\"}");
  CHECK_REASON(kit_verify_text(SVID_SET, text, strlen(text), asked, NULL), REASON_CLAIM_MISSING);
  free(text);
}

static void a_jwt_svid_takes_keys_of_its_own_use(void) {
  static const char *const other_uses[] = {"{\"keys\":[{" KIT_EC_JWK ",\"kid\":\"k\"}]}",
                                           "{\"keys\":[{" KIT_EC_JWK ",\"kid\":\"k\",\"use\":\"sig\"}]}",
                                           "{\"keys\":[{" KIT_EC_JWK ",\"kid\":\"k\",\"use\":\"x509-svid\"}]}"};
  for (size_t i = 0; i < COUNT_OF(other_uses); i++)
    CHECK_REASON(verify_svid(other_uses[i], SVID_HEADER, SVID_CLAIMS), REASON_KEY_UNSUITABLE);
  /* beside the entries of X.509 SVIDs, as bundles have them */
  static const char bundle[] = "{\"spiffe_refresh_hint\":300,\"keys\":[{" KIT_EC_JWK
                               ",\"use\":\"x509-svid\"},{" KIT_EC_JWK ",\"kid\":\"k\",\"use\":\"jwt-svid\"}]}";
  CHECK_REASON(verify_svid(bundle, SVID_HEADER, SVID_CLAIMS), REASON_OK);
  CHECK_REASON(verify_svid(bundle, "{\"alg\":\"ES256\"}", SVID_CLAIMS), REASON_OK);
}

static void required_party_and_proof(void) {
  static const char *const names[] = {"sub", "/a/b", NULL};
  static const struct claims_case cases[] = {
      {"{\"exp\":2000,\"sub\":\"s\",\"a\":{\"b\":false}}", REASON_OK, {.required_claims = names}},
      {"{\"exp\":2000,\"sub\":\"s\",\"a\":{\"b\":null}}", REASON_CLAIM_MISSING, {.required_claims = names}},
      {"{\"exp\":2000,\"a\":{\"b\":1}}", REASON_CLAIM_MISSING, {.required_claims = names}},
      {"{\"exp\":2000,\"azp\":\"p\"}", REASON_OK, {.authorized_party = "p"}},
      {"{\"exp\":2000,\"azp\":\"q\"}", REASON_AUTHORIZED_PARTY_MISMATCH, {.authorized_party = "p"}},
      {"{\"exp\":2000}", REASON_AUTHORIZED_PARTY_MISMATCH, {.authorized_party = "p"}},
      {"{\"exp\":2000,\"cnf\":{\"jkt\":\"x\"}}", REASON_PROOF_MISSING, {0}},
      {"{\"exp\":2000,\"cnf\":{}}", REASON_PROOF_MISSING, {0}},
      {"{\"exp\":2000,\"cnf\":null}", REASON_PROOF_MISSING, {0}},
  };
  run_cases(cases, COUNT_OF(cases));
}

/* ---- what was verified ---- */

static struct verified_claims *verified(const char *payload) {
  struct verified_claims *claims = NULL;
  struct token_expectation anything = {.any_issuer = true, .any_audience = true, .any_lifetime = true, .now = 1000};
  char *text = kit_token(KIT_HEADER, payload);
  CHECK_REASON(kit_verify_text(KIT_SET, text, strlen(text), anything, &claims), REASON_OK);
  free(text);
  return claims;
}

static void verified_claims_outlive_their_token(void) {
  struct verified_claims *full = verified("{\"exp\":1999.5,\"iat\":900,\"iss\":\"i\",\"sub\":\"s\",\"jti\":\"j\"}");
  struct verified_claims *bare = verified("{\"exp\":2000}");
  if (full == NULL || bare == NULL) return;
  CHECK_STRING(verified_claims_issuer(full), "i");
  CHECK_STRING(verified_claims_subject(full), "s");
  CHECK_STRING(verified_claims_token_id(full), "j");
  CHECK_STRING(verified_claims_kid(full), "k");
  CHECK_STRING(verified_claims_alg(full), "EdDSA");
  CHECK_INT(verified_claims_expiry(full), 2000);
  CHECK_INT(verified_claims_issued_at(full), 900);
  CHECK_STRING(verified_claims_issuer(bare), NULL);
  CHECK_STRING(verified_claims_subject(bare), NULL);
  CHECK_STRING(verified_claims_token_id(bare), NULL);
  CHECK_INT(verified_claims_issued_at(bare), 0);
  verified_claims_free(full);
  verified_claims_free(bare);
  verified_claims_free(NULL);
}

static void claims_are_found_by_name_and_by_pointer(void) {
  static const struct {
    const char *name, *wanted; /* NULL: not found */
  } cases[] = {
      {"cognito:groups", "colon"},
      {"https://ns/roles", "url"},
      {"kubernetes.io", NULL}, /* an object, no string: see below */
      {"/kubernetes.io/serviceaccount/name", "nested"},
      {"/https:~1~1ns~1roles", "url"},
      {"/a~0b", "tilde"},
      {"/", "empty"},
      {"/list/0", "zero"},
      {"/list/1", "one"},
      {"/list/2", NULL},
      {"/list/01", NULL},
      {"/list/-", NULL},
      {"/list/+1", NULL},
      {"/list/99999999999999999999", NULL},
      {"/list/0/x", NULL},
      {"/a~b", NULL},
      {"/a~", NULL},
      {"/a~2b", NULL},
      {"missing", NULL},
      {"nothing", NULL},
      {"/nothing", NULL},
      {"kubernetes.io/serviceaccount", NULL},
  };
  struct verified_claims *claims = verified(
      "{\"exp\":2000,\"cognito:groups\":\"colon\",\"https://ns/roles\":\"url\",\"a~b\":\"tilde\",\"\":\"empty\","
      "\"kubernetes.io\":{\"serviceaccount\":{\"name\":\"nested\"}},\"list\":[\"zero\",\"one\"],\"nothing\":null}");
  if (claims == NULL) return;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    CHECK_STRING(json_string_value(verified_claims_find(claims, cases[i].name)), cases[i].wanted);
    if (unit_failed) printf("# %s\n", cases[i].name);
  }
  CHECK(json_is_object(verified_claims_find(claims, "kubernetes.io")));
  CHECK(json_is_object(verified_claims_find(claims, "")));
  CHECK(verified_claims_find(claims, "nothing") == NULL);
  verified_claims_free(claims);
}

/* ---- the trace ---- */

struct seen {
  char steps[256];
  char last[256];
};

static void see(void *context, const struct trace_step *step) {
  struct seen *seen = context;
  strcat(strcat(seen->steps, step->step), step->held ? " " : "! ");
  snprintf(seen->last, sizeof seen->last, "%s / %s", step->found != NULL ? step->found : "-",
           step->wanted != NULL ? step->wanted : "-");
}

static void check_trace(const char *payload, const char *steps, const char *last) {
  static const char *const audiences[] = {"a", "b", NULL}, *const required[] = {"sub", NULL};
  struct seen seen = {0};
  struct trace trace = {see, &seen};
  struct verified_claims *claims = NULL;
  struct keyset *keys = NULL;
  struct token *token = NULL;
  char *text = kit_token(KIT_HEADER, payload);
  CHECK_REASON(keyset_parse(KIT_SET, strlen(KIT_SET), &keys), REASON_OK);
  CHECK_REASON(token_parse(text, strlen(text), false, &token), REASON_OK);
  struct token_expectation asked = {.keys = keys,
                                    .algorithms = token_algorithms_all(),
                                    .issuer = "i",
                                    .audiences = audiences,
                                    .required_claims = required,
                                    .max_lifetime = 1000,
                                    .now = 1000};
  enum reason reason = token_verify(token, &asked, &trace, &claims);
  CHECK((reason == REASON_OK) == (strchr(steps, '!') == NULL));
  CHECK_STRING(seen.steps, steps);
  CHECK_STRING(seen.last, last);
  verified_claims_free(claims);
  token_free(token);
  keyset_free(keys);
  free(text);
}

static void each_check_tells_the_trace(void) {
  check_trace("{\"exp\":1500,\"iat\":900,\"nbf\":900,\"iss\":\"i\",\"aud\":\"b\",\"sub\":\"s\"}",
              "header type issuer key signature audience expiry not-before issued-at lifetime required-claims ",
              "- / -");
  check_trace("{\"exp\":1500,\"iss\":\"j\"}", "header type issuer! ", "j / i");
  check_trace("{\"exp\":1500,\"iss\":\"i\",\"aud\":[\"x\",\"y\"]}", "header type issuer key signature audience! ",
              "[\"x\",\"y\"] / a, b");
  check_trace("{\"exp\":900,\"iss\":\"i\",\"aud\":\"a\"}", "header type issuer key signature audience expiry! ",
              "900 / after 1000");
  check_trace("{\"exp\":1500,\"iat\":100,\"iss\":\"i\",\"aud\":\"a\"}",
              "header type issuer key signature audience expiry issued-at lifetime! ", "1400 / at most 1000");
}

UNIT_MAIN({"types", types}, {"expiry", expiry}, {"not before and issued at", not_before_and_issued_at},
          {"lifetime", lifetime}, {"issuer and audience", issuer_and_audience},
          {"issued at may be optional", issued_at_may_be_optional},
          {"client_id may stand in for the audience", client_id_may_stand_in_for_the_audience},
          {"tokens as issuers make them", tokens_as_issuers_make_them},
          {"an access token has all that its profile requires", an_access_token_has_all_that_its_profile_requires},
          {"a JWT-SVID is known by its subject", a_jwt_svid_is_known_by_its_subject},
          {"a SPIFFE ID has at most 2048 bytes", a_spiffe_id_has_at_most_2048_bytes},
          {"a JWT-SVID keeps to its standard", a_jwt_svid_keeps_to_its_standard},
          {"a JWT-SVID has aud whatever the audiences", a_jwt_svid_has_aud_whatever_the_audiences},
          {"a JWT-SVID takes keys of its own use", a_jwt_svid_takes_keys_of_its_own_use},
          {"required claims, authorized party and proof", required_party_and_proof},
          {"verified claims outlive their token", verified_claims_outlive_their_token},
          {"claims are found by name and by pointer", claims_are_found_by_name_and_by_pointer},
          {"each check tells the trace", each_check_tells_the_trace})
