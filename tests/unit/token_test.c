/* Size, shape, header and resource bounds. Claims and keys have tests of their own. */
#include "rfc_examples.h"
#include "token_kit.h"

static const struct token_expectation anything = {
    .any_issuer = true, .any_audience = true, .any_lifetime = true, .now = 1000};
static const char claims[] = "{\"exp\":2000}";

static enum reason verify_text(const char *text, size_t size) {
  return kit_verify_text(KIT_SET, text, size, anything, NULL);
}

static void the_examples_of_the_rfcs_verify(void) {
  struct token_expectation signature_only = {.signature_only = true};
  for (size_t i = 0; i < COUNT_OF(rfc_examples); i++) {
    char *text = strdup(rfc_examples[i].token);
    CHECK_REASON(kit_verify_text(rfc_examples[i].jwks, text, strlen(text), signature_only, NULL), REASON_OK);
    if (unit_failed) printf("# %s\n", rfc_examples[i].name);
    char *in_payload = strchr(text, '.') + 3, *in_signature = strrchr(text, '.') + 7;
    char *const changed[] = {in_payload, in_signature};
    for (size_t j = 0; j < COUNT_OF(changed); j++) {
      char kept = *changed[j];
      *changed[j] = kept == 'A' ? 'B' : 'A';
      CHECK_REASON(kit_verify_text(rfc_examples[i].jwks, text, strlen(text), signature_only, NULL),
                   REASON_SIGNATURE_INVALID);
      *changed[j] = kept;
    }
    free(text);
  }
}

static void the_rest_of_their_examples_does_not(void) {
  struct token_expectation signature_only = {.signature_only = true};
  for (size_t i = 0; i < COUNT_OF(rfc_examples_refused); i++) {
    const struct rfc_example *example = &rfc_examples_refused[i];
    enum reason reason = kit_verify_text(example->jwks, example->token, strlen(example->token), signature_only, NULL);
    CHECK(reason == REASON_TOKEN_MALFORMED || reason == REASON_ALGORITHM_NOT_ALLOWED ||
          reason == REASON_CRITICAL_HEADER);
    if (unit_failed) printf("# %s: %s\n", example->name, reason_code(reason));
  }
}

static void every_byte_of_a_token_counts(void) {
  char *text = kit_token(KIT_HEADER, claims);
  CHECK_REASON(verify_text(text, strlen(text)), REASON_OK);
  for (char *c = text; *c != '\0'; c++) {
    char kept = *c;
    *c = kept == 'A' ? 'B' : 'A';
    CHECK(verify_text(text, strlen(text)) != REASON_OK);
    *c = '\0';
    CHECK(verify_text(text, strlen(text) + 1) != REASON_OK);
    *c = kept;
  }
  free(text);
}

static void shape(void) {
  static const struct {
    const char *text;
    enum reason wanted;
  } cases[] = {
      {"", REASON_TOKEN_MISSING},
      {".", REASON_TOKEN_MALFORMED},
      {"a", REASON_TOKEN_MALFORMED},
      {"e30.e30", REASON_TOKEN_MALFORMED},
      {"e30.e30.e30.e30", REASON_TOKEN_MALFORMED},
      {"e30.e30.e30.e30.e30", REASON_TOKEN_MALFORMED},
      {"..", REASON_HEADER_MALFORMED},
      {".e30.e30", REASON_HEADER_MALFORMED},
      {" e30.e30.e30", REASON_TOKEN_MALFORMED},
      {"e30.e30.e30\n", REASON_TOKEN_MALFORMED},
      {"e30=.e30.e30", REASON_TOKEN_MALFORMED},
      {"{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"\"}", REASON_TOKEN_MALFORMED},
      /* the shape of the last part is looked at before the header */
      {"x.e30.=", REASON_TOKEN_MALFORMED},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    CHECK_REASON(verify_text(cases[i].text, strlen(cases[i].text)), cases[i].wanted);
    if (unit_failed) printf("# %s\n", cases[i].text);
  }
}

struct header_case {
  const char *header;
  enum reason wanted;
};

static void run_headers(const struct header_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    CHECK_REASON(kit_verify(cases[i].header, claims, anything), cases[i].wanted);
    if (unit_failed) printf("# %s\n", cases[i].header);
  }
}

static void headers_that_are_accepted(void) {
  static const struct header_case cases[] = {
      {KIT_HEADER, REASON_OK},
      {"{\"alg\":\"EdDSA\"}", REASON_OK},
      {" {\"alg\" :\r\n\t\"EdDSA\"} ", REASON_OK},
      {"{\"alg\":\"Ed25519\"}", REASON_OK},
      {"{\"alg\":\"EdDSA\",\"unknown\":{\"a\":[1]}}", REASON_OK},
  };
  run_headers(cases, COUNT_OF(cases));
}

static void a_header_is_one_strict_json_object(void) {
  static const struct header_case cases[] = {
      {"", REASON_HEADER_MALFORMED},
      {"[]", REASON_HEADER_MALFORMED},
      {"\"EdDSA\"", REASON_HEADER_MALFORMED},
      {"null", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\"", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\"}x", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\"}{}", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\",}", REASON_HEADER_MALFORMED},
      {"{'alg':'EdDSA'}", REASON_HEADER_MALFORMED},
      {"\xef\xbb\xbf{\"alg\":\"EdDSA\"}", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\",\"a\":\"\xff\"}", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\",\"a\":\"\\ud800\"}", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\",\"kid\":\"k\\u0000\"}", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\"}", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\",\"\\u0061lg\":\"none\"}", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\",\"a\":{\"b\":1,\"b\":1}}", REASON_HEADER_MALFORMED},
  };
  run_headers(cases, COUNT_OF(cases));
}

static void alg_is_one_that_is_verified_here(void) {
  static const struct header_case cases[] = {
      {"{}", REASON_HEADER_MALFORMED},
      {"{\"alg\":null}", REASON_HEADER_MALFORMED},
      {"{\"alg\":[\"EdDSA\"]}", REASON_HEADER_MALFORMED},
      {"{\"alg\":1}", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"\"}", REASON_ALGORITHM_NOT_ALLOWED},
      {"{\"alg\":\"none\"}", REASON_ALGORITHM_NOT_ALLOWED},
      {"{\"alg\":\"None\"}", REASON_ALGORITHM_NOT_ALLOWED},
      {"{\"alg\":\"HS256\"}", REASON_ALGORITHM_NOT_ALLOWED},
      {"{\"alg\":\"ES256K\"}", REASON_ALGORITHM_NOT_ALLOWED},
      {"{\"alg\":\"eddsa\"}", REASON_ALGORITHM_NOT_ALLOWED},
      {"{\"alg\":\"EdDSA \"}", REASON_ALGORITHM_NOT_ALLOWED},
  };
  run_headers(cases, COUNT_OF(cases));
}

static void crit_b64_zip_and_enc_are_refused(void) {
  static const struct header_case cases[] = {
      {"{\"alg\":\"EdDSA\",\"crit\":[\"exp\"]}", REASON_CRITICAL_HEADER},
      {"{\"alg\":\"EdDSA\",\"crit\":[]}", REASON_CRITICAL_HEADER},
      {"{\"alg\":\"EdDSA\",\"crit\":null}", REASON_CRITICAL_HEADER},
      {"{\"alg\":\"EdDSA\",\"crit\":\"exp\"}", REASON_CRITICAL_HEADER},
      {"{\"alg\":\"EdDSA\",\"b64\":true}", REASON_CRITICAL_HEADER},
      {"{\"alg\":\"EdDSA\",\"b64\":false,\"crit\":[\"b64\"]}", REASON_CRITICAL_HEADER},
      {"{\"alg\":\"EdDSA\",\"zip\":\"DEF\"}", REASON_CRITICAL_HEADER},
      {"{\"alg\":\"EdDSA\",\"enc\":\"A128GCM\"}", REASON_CRITICAL_HEADER},
  };
  run_headers(cases, COUNT_OF(cases));
}

static void kid_is_a_string(void) {
  static const struct header_case cases[] = {
      {"{\"alg\":\"EdDSA\",\"kid\":null}", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\",\"kid\":1}", REASON_HEADER_MALFORMED},
  };
  run_headers(cases, COUNT_OF(cases));
}

static void typ_says_jwt_or_nothing(void) {
  static const struct header_case cases[] = {
      {"{\"alg\":\"EdDSA\",\"typ\":null}", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\",\"typ\":[\"JWT\"]}", REASON_HEADER_MALFORMED},
      {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", REASON_OK},
      {"{\"alg\":\"EdDSA\",\"typ\":\"jwt\"}", REASON_OK},
      {"{\"alg\":\"EdDSA\",\"typ\":\"application/JWT\"}", REASON_OK},
      {"{\"alg\":\"EdDSA\",\"typ\":\"Application/jwt\"}", REASON_OK},
      {"{\"alg\":\"EdDSA\",\"typ\":\"application/JWT/x\"}", REASON_TYPE_NOT_ALLOWED},
      {"{\"alg\":\"EdDSA\",\"typ\":\"text/JWT\"}", REASON_TYPE_NOT_ALLOWED},
      {"{\"alg\":\"EdDSA\",\"typ\":\"JOSE\"}", REASON_TYPE_NOT_ALLOWED},
      {"{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}", REASON_TYPE_NOT_ALLOWED},
      {"{\"alg\":\"EdDSA\",\"typ\":\"\"}", REASON_TYPE_NOT_ALLOWED},
  };
  run_headers(cases, COUNT_OF(cases));
}

/* jwk, jku, x5u and x5c in a header change nothing: the key is the set's, or there is none. */
static void keys_in_the_header_are_not_looked_at(void) {
  static const char header[] =
      "{\"alg\":\"EdDSA\",\"jwk\":{" KIT_JWK "},\"jku\":\"https://x\",\"x5u\":\"y\",\"x5c\":[]}";
  char *text = kit_token(header, claims);
  CHECK_REASON(verify_text(text, strlen(text)), REASON_OK);
  CHECK_REASON(kit_verify_text("{\"keys\":[]}", text, strlen(text), anything, NULL), REASON_KEY_UNSUITABLE);
  CHECK_REASON(kit_verify_text("{\"keys\":[{" KIT_EC_JWK "}]}", text, strlen(text), anything, NULL),
               REASON_KEY_UNSUITABLE);
  free(text);
}

static void a_raw_nul_is_refused_also_where_the_parser_swallows_it(void) {
  static const char header[] = "{\"alg\":\"EdDSA\",\"n\":1\0}", payload[] = "{\"exp\":2000\0}";
  char *text = kit_token_bytes(header, sizeof header - 1, claims, strlen(claims));
  CHECK_REASON(verify_text(text, strlen(text)), REASON_HEADER_MALFORMED);
  free(text);
  text = kit_token_bytes(KIT_HEADER, strlen(KIT_HEADER), payload, sizeof payload - 1);
  CHECK_REASON(verify_text(text, strlen(text)), REASON_CLAIMS_MALFORMED);
  free(text);
}

#define ACCESS_TOKEN(sub) \
  "{\"exp\":2000,\"iat\":1,\"iss\":\"i\",\"aud\":\"a\",\"client_id\":\"c\",\"jti\":\"j\"," sub "}"

static void types_may_be_set(void) {
  static const char *const types[] = {"application/at+jwt", "secevent+jwt", "x/y", NULL};
  struct token_expectation expectation = anything;
  expectation.types = types;
  CHECK_REASON(kit_verify("{\"alg\":\"EdDSA\",\"typ\":\"AT+JWT\"}", ACCESS_TOKEN("\"sub\":\"s\""), expectation),
               REASON_OK);
  CHECK_REASON(kit_verify("{\"alg\":\"EdDSA\",\"typ\":\"application/secevent+jwt\"}", claims, expectation), REASON_OK);
  CHECK_REASON(kit_verify("{\"alg\":\"EdDSA\",\"typ\":\"x/y\"}", claims, expectation), REASON_OK);
  CHECK_REASON(kit_verify("{\"alg\":\"EdDSA\",\"typ\":\"application/x/y\"}", claims, expectation),
               REASON_TYPE_NOT_ALLOWED);
  CHECK_REASON(kit_verify("{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", claims, expectation), REASON_TYPE_NOT_ALLOWED);
  CHECK_REASON(kit_verify("{\"alg\":\"EdDSA\"}", claims, expectation), REASON_TYPE_NOT_ALLOWED);
}

static void only_listed_algorithms_are_allowed(void) {
  static const char *const algorithms[] = {"RS256", "Ed25519", NULL};
  struct token_expectation expectation = anything;
  expectation.algorithms = algorithms;
  CHECK_REASON(kit_verify("{\"alg\":\"Ed25519\"}", claims, expectation), REASON_OK);
  CHECK_REASON(kit_verify("{\"alg\":\"EdDSA\"}", claims, expectation), REASON_ALGORITHM_NOT_ALLOWED);
}

/* A token of exactly `size` bytes: the signature is not asked for. */
static enum reason parse_token_of(size_t size) {
  char *text = malloc(size);
  struct token *token = NULL;
  static const char head[] = "eyJhbGciOiJFZERTQSJ9.";
  memset(text, 'A', size);
  memcpy(text, head, sizeof head - 1);
  text[size - 1] = '.';
  enum reason reason = token_parse(text, size, true, &token);
  token_free(token);
  free(text);
  return reason;
}

static void sixteen_kibibytes_are_accepted_and_no_more(void) {
  CHECK_REASON(parse_token_of(16384), REASON_OK);
  CHECK_REASON(parse_token_of(16385), REASON_TOKEN_TOO_LARGE);
  CHECK_REASON(parse_token_of(1000000), REASON_TOKEN_TOO_LARGE);
}

static enum reason verify_nested(int levels) {
  char payload[256] = "{\"exp\":2000,\"a\":";
  for (int i = 1; i < levels; i++)
    strcat(payload, "[");
  strcat(payload, "\"\\\"[[[[[\"");
  for (int i = 1; i < levels; i++)
    strcat(payload, "]");
  strcat(payload, "}");
  return kit_verify(KIT_HEADER, payload, anything);
}

static void depth_is_bounded(void) {
  CHECK_REASON(verify_nested(32), REASON_OK);
  CHECK_REASON(verify_nested(33), REASON_CLAIMS_MALFORMED);
  /* forty lists side by side are not deep */
  char payload[256] = "{\"exp\":2000,\"a\":[[]";
  for (int i = 1; i < 40; i++)
    strcat(payload, ",[]");
  CHECK_REASON(kit_verify(KIT_HEADER, strcat(payload, "]}"), anything), REASON_OK);
}

static void any_payload_will_do_for_the_signature_alone(void) {
  struct token_expectation signature_only = {.signature_only = true};
  CHECK_REASON(kit_verify(KIT_HEADER, "not JSON", signature_only), REASON_OK);
  CHECK_REASON(kit_verify(KIT_HEADER, "", signature_only), REASON_OK);
  CHECK_REASON(kit_verify("{\"alg\":\"EdDSA\",\"typ\":\"JOSE\"}", "", signature_only), REASON_OK);
  CHECK_REASON(kit_verify("{\"alg\":\"EdDSA\",\"typ\":1}", "", signature_only), REASON_HEADER_MALFORMED);
}

static void what_was_forgotten_is_never_a_pass(void) {
  struct token_expectation cases[14];
  static const char *const none[] = {NULL}, *const some[] = {"x", NULL};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    cases[i] = anything;
  cases[0].any_issuer = false;
  cases[1].any_audience = false;
  cases[2].any_lifetime = false;
  cases[3].audiences = none;
  cases[4].algorithms = none;
  cases[5].types = none;
  cases[6].leeway = 301;
  cases[7].leeway = -1;
  cases[8].audience_is_client_id = true;
  cases[9].trust_domain = "";
  cases[10].trust_domain = "t";
  cases[10].issuer = "i";
  cases[11].trust_domain = "t";
  cases[11].types = some;
  cases[12].any_lifetime = false;
  cases[12].issued_at_optional = true;
  cases[13].trust_domain = "t";
  cases[13].any_audience = false;
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    CHECK_REASON(kit_verify(KIT_HEADER, claims, cases[i]), REASON_INTERNAL);
}

static void a_token_parsed_for_its_signature_yields_no_claims(void) {
  char *text = kit_token(KIT_HEADER, claims);
  struct token *token = NULL;
  struct keyset *keys = NULL;
  struct verified_claims *verified = NULL;
  struct token_expectation expectation = anything;
  CHECK_REASON(token_parse(text, strlen(text), true, &token), REASON_OK);
  CHECK_REASON(keyset_parse(KIT_SET, strlen(KIT_SET), &keys), REASON_OK);
  expectation.keys = keys;
  expectation.algorithms = token_algorithms_all();
  CHECK_REASON(token_verify(token, &expectation, NULL, &verified), REASON_INTERNAL);
  CHECK(verified == NULL && token_claimed_issuer(token) == NULL && token_claimed_subject(token) == NULL);
  token_free(token);
  keyset_free(keys);
  free(text);
}

static void only_asymmetric_algorithms_exist(void) {
  static const char *const never[] = {"none", "HS256", "HS384",  "HS512",  "ES256K", "RSA-OAEP",
                                      "",     "rs256", "ML-DSA", "ESP256", "ESP384", "ESP512"};
  for (size_t i = 0; i < COUNT_OF(never); i++)
    CHECK(!token_algorithm_known(never[i]));
  CHECK(!token_algorithm_known(NULL));
  size_t count = 0;
  CHECK_REASON(token_prepare(), REASON_OK);
  CHECK_REASON(token_prepare(), REASON_OK);
  for (; token_algorithms_all()[count] != NULL; count++) {
    bool needs_openssl_3_5 = strncmp(token_algorithms_all()[count], "ML-DSA-", 7) == 0;
    CHECK(token_algorithm_known(token_algorithms_all()[count]) || needs_openssl_3_5);
  }
  CHECK_INT(count, 15);
}

UNIT_MAIN({"the examples of the RFCs verify", the_examples_of_the_rfcs_verify},
          {"the rest of their examples does not", the_rest_of_their_examples_does_not},
          {"every byte of a token counts", every_byte_of_a_token_counts}, {"shape", shape},
          {"headers that are accepted", headers_that_are_accepted},
          {"a header is one strict JSON object", a_header_is_one_strict_json_object},
          {"alg is one that is verified here", alg_is_one_that_is_verified_here},
          {"crit, b64, zip and enc are refused", crit_b64_zip_and_enc_are_refused},
          {"kid is a string", kid_is_a_string}, {"typ says JWT or nothing", typ_says_jwt_or_nothing},
          {"keys in the header are not looked at", keys_in_the_header_are_not_looked_at},

          {"a raw NUL is refused also where the parser swallows it",
           a_raw_nul_is_refused_also_where_the_parser_swallows_it},
          {"types may be set", types_may_be_set},
          {"only listed algorithms are allowed", only_listed_algorithms_are_allowed},
          {"16 KiB are accepted and no more", sixteen_kibibytes_are_accepted_and_no_more},
          {"depth is bounded", depth_is_bounded},
          {"any payload will do for the signature alone", any_payload_will_do_for_the_signature_alone},
          {"what was forgotten is never a pass", what_was_forgotten_is_never_a_pass},
          {"a token parsed for its signature yields no claims", a_token_parsed_for_its_signature_yields_no_claims},
          {"only asymmetric algorithms exist", only_asymmetric_algorithms_exist})
