/*
 * A token. What begins with { is a header and, a line further, a payload, which are signed here, so that every check of
 * the claims is in reach. Anything else is a token as it stands: none may verify but the RFCs' examples, to the byte.
 */
#include <jansson.h>

#include "fuzz.h"
#include "rfc_examples.h"
#include "token_kit.h"

#define NOW 1800000000
#define LEEWAY 30
#define LIFETIME 7200
#define TRUST_DOMAIN "td.example"

/* ---- verifying ---- */

struct steps {
  int count;
  bool all_held, last_held;
};

static void see(void *context, const struct trace_step *step) {
  struct steps *steps = context;
  MUST_HOLD(step->step != NULL && step->step[0] != '\0');
  steps->all_held = steps->all_held && step->held;
  steps->last_held = step->held;
  steps->count++;
}

/* Traced or not, it is the same; and the trace says where it ended. */
static enum reason verify(const struct token *token, const struct token_expectation *expectation,
                          struct verified_claims **ret) {
  struct steps steps = {.all_held = true};
  struct trace trace = {see, &steps};
  struct verified_claims *again = NULL;
  enum reason reason = token_verify(token, expectation, NULL, ret);
  MUST_HOLD(token_verify(token, expectation, &trace, &again) == reason);
  MUST_HOLD((again != NULL) == (*ret != NULL) && (reason == REASON_OK || *ret == NULL));
  MUST_HOLD(steps.count > 0 && steps.last_held == (reason == REASON_OK) && steps.all_held == steps.last_held);
  verified_claims_free(again);
  return reason;
}

static bool verifies(const struct token *token, const struct token_expectation *expectation) {
  struct verified_claims *claims = NULL;
  bool verified = verify(token, expectation, &claims) == REASON_OK;
  MUST_HOLD((claims != NULL) == (verified && !expectation->signature_only));
  verified_claims_free(claims);
  return verified;
}

static struct keyset *key_set(const char *json) {
  struct keyset *keys = NULL;
  MUST_HOLD(keyset_parse(json, strlen(json), &keys) == REASON_OK);
  return keys;
}

/* ---- a token as it stands ---- */

/* Some of them have a key in common. */
static bool is_example(const char *text, size_t size) {
  for (size_t i = 0; i < COUNT_OF(rfc_examples); i++) {
    const char *example = rfc_examples[i].token;
    size_t signed_size = (size_t)(strrchr(example, '.') - example) + 1;
    if (size == strlen(example) && memcmp(text, example, signed_size) == 0) return true;
  }
  return false;
}

static void check_raw(const struct token *token, const char *text, size_t size, bool with_claims) {
  static struct keyset *keys[COUNT_OF(rfc_examples)];
  for (size_t i = 0; i < COUNT_OF(rfc_examples); i++) {
    if (keys[i] == NULL) keys[i] = key_set(rfc_examples[i].jwks);
    struct token_expectation expectation = {.keys = keys[i],
                                            .algorithms = token_algorithms_all(),
                                            .any_issuer = true,
                                            .any_audience = true,
                                            .any_lifetime = true,
                                            .now = 1300819379,
                                            .signature_only = true};
    bool verified = verifies(token, &expectation);
    MUST_HOLD(!verified || is_example(text, size));
    expectation.signature_only = false;
    if (with_claims) MUST_HOLD(!verifies(token, &expectation) || verified);
  }
}

static char *encoded(const void *bytes, size_t size) {
  char *text = calloc(1, 2 * size + 4);
  MUST_HOLD(text != NULL);
  kit_append(text, bytes, size);
  return text;
}

/* Every text that decodes is the one way to write its bytes, and every bytes have one. */
static void check_encoding(const char *text, size_t size) {
  CLEANUP(bytes_clear) struct bytes bytes = {0};
  CLEANUP(bytes_clear) struct bytes again = {0};
  CLEANUP(fuzz_text_free) char *own = encoded(text, size);
  MUST_HOLD(base64url_decode(own, strlen(own), &again) == REASON_OK);
  MUST_HOLD(again.size == size && memcmp(again.data, text, size) == 0);
  if (base64url_decode(text, size, &bytes) != REASON_OK) return;
  CLEANUP(fuzz_text_free) char *same = encoded(bytes.data, bytes.size);
  MUST_HOLD(strlen(same) == size && memcmp(same, text, size) == 0);
}

/* What parses with its claims parses without them, into the same. */
static void fuzz_raw(const char *text, size_t size) {
  check_encoding(text, size);
  struct token *token = NULL, *bare = NULL;
  enum reason reason = token_parse(text, size, false, &token), bare_reason = token_parse(text, size, true, &bare);
  MUST_HOLD((reason == REASON_OK) == (token != NULL) && (bare_reason == REASON_OK) == (bare != NULL));
  MUST_HOLD(bare_reason == reason || (bare_reason == REASON_OK && reason == REASON_CLAIMS_MALFORMED));
  MUST_HOLD(bare == NULL || token_algorithm_known(token_alg(bare)));
  if (bare != NULL) check_raw(bare, text, size, false);
  if (token != NULL) {
    MUST_HOLD(strcmp(token_alg(token), token_alg(bare)) == 0);
    check_raw(token, text, size, true);
  }
  token_free(token);
  token_free(bare);
}

/* ---- a token that is signed here ---- */

static const char signing_keys[] = "{\"keys\":[{" KIT_JWK ",\"kid\":\"k\"},{" KIT_EC_JWK
                                   ",\"kid\":\"e\"},"
                                   "{" KIT_EC_JWK ",\"kid\":\"s\",\"use\":\"jwt-svid\"}]}";
static const char *const audiences[] = {"here", "ssh://here", NULL};
static const char *const access_token[] = {"at+jwt", NULL};
static const char *const required[] = {"scope", "/a/0", NULL};

#define USUAL .audiences = audiences, .max_lifetime = LIFETIME, .leeway = LEEWAY, .now = NOW
static const struct token_expectation kinds[] = {
    {.issuer = "https://id.example.org/", USUAL},
    {.issuer = "https://id.example.org/", USUAL, .issued_at_optional = true},
    {.issuer = "https://id.example.org/", USUAL, .audience_is_client_id = true},
    {.issuer = "https://id.example.org/",
     USUAL,
     .types = access_token,
     .required_claims = required,
     .authorized_party = "app"},
    {.trust_domain = TRUST_DOMAIN, USUAL},
};

static bool is_text(const json_t *object, const char *member, const char *text) {
  const char *found = json_string_value(json_object_get(object, member));
  return found != NULL && strcmp(found, text) == 0;
}

static bool names_audience(const json_t *payload, const char *claim) {
  const json_t *value = json_object_get(payload, claim);
  bool found = false;
  for (size_t i = 0; audiences[i] != NULL; i++) {
    found = found || is_text(payload, claim, audiences[i]);
    for (size_t j = 0; j < json_array_size(value); j++) {
      const char *item = json_string_value(json_array_get(value, j));
      found = found || (item != NULL && strcmp(item, audiences[i]) == 0);
    }
  }
  return found;
}

/* Within a second: how fractions are rounded is the verifier's affair. */
static void check_times(const json_t *payload, const struct token_expectation *kind) {
  const json_t *exp = json_object_get(payload, "exp"), *iat = json_object_get(payload, "iat");
  const json_t *nbf = json_object_get(payload, "nbf");
  MUST_HOLD(json_is_number(exp) && json_number_value(exp) > (double)(kind->now - LEEWAY - 1));
  MUST_HOLD(json_is_number(iat) || kind->issued_at_optional || kind->trust_domain != NULL);
  MUST_HOLD(iat == NULL || json_number_value(iat) <= (double)(kind->now + LEEWAY));
  MUST_HOLD(nbf == NULL || json_number_value(nbf) <= (double)(kind->now + LEEWAY));
  double start = iat != NULL ? json_number_value(iat) : (double)(kind->now + LEEWAY);
  MUST_HOLD(json_number_value(exp) - start <= LIFETIME + 1);
}

static void check_header(const json_t *header, const struct token_expectation *kind) {
  static const char *const refused[] = {"crit", "b64", "zip", "enc"};
  const char *typ = json_string_value(json_object_get(header, "typ"));
  for (size_t i = 0; i < COUNT_OF(refused); i++)
    MUST_HOLD(json_object_get(header, refused[i]) == NULL);
  MUST_HOLD(typ != NULL || json_object_get(header, "typ") == NULL);
  MUST_HOLD(kind->types == NULL || (typ != NULL && strcasestr(typ, "at+jwt") != NULL));
  if (kind->trust_domain == NULL) return;
  /* Without a kid it is the one key whose use is jwt-svid. */
  MUST_HOLD(is_text(header, "alg", "ES256") && (json_object_get(header, "kid") == NULL || is_text(header, "kid", "s")));
}

static void check_accepted(const json_t *header, const json_t *payload, const struct token_expectation *kind) {
  static const char spiffe[] = "spiffe://" TRUST_DOMAIN "/";
  const char *subject = json_string_value(json_object_get(payload, "sub"));
  check_header(header, kind);
  check_times(payload, kind);
  MUST_HOLD(json_object_get(payload, "cnf") == NULL);
  MUST_HOLD(kind->issuer == NULL || is_text(payload, "iss", kind->issuer));
  MUST_HOLD(kind->authorized_party == NULL || is_text(payload, "azp", kind->authorized_party));
  MUST_HOLD(kind->trust_domain == NULL || (subject != NULL && strncmp(subject, spiffe, strlen(spiffe)) == 0));
  MUST_HOLD(names_audience(payload, kind->audience_is_client_id ? "client_id" : "aud"));
  MUST_HOLD(!kind->audience_is_client_id || is_text(payload, "token_use", "access"));
}

/* One character of an accepted token made another: never accepted again. */
static void check_changed(const char *text, size_t size, const struct token_expectation *kind) {
  char *changed = strdup(text);
  struct token *token = NULL;
  char *at = &changed[(size * 2654435761u) % size];
  *at = *at == 'A' ? 'B' : 'A';
  if (token_parse(changed, size, false, &token) == REASON_OK) MUST_HOLD(!verifies(token, kind));
  token_free(token);
  free(changed);
}

static void try_kind(const struct token *token, const char *text, const json_t *header, const json_t *payload,
                     const struct token_expectation *as) {
  static struct keyset *keys;
  struct verified_claims *claims = NULL;
  struct token_expectation kind = *as;
  if (keys == NULL) keys = key_set(signing_keys);
  kind.keys = keys;
  kind.algorithms = token_algorithms_all();
  if (verify(token, &kind, &claims) != REASON_OK) return;
  check_accepted(header, payload, &kind);
  MUST_HOLD(json_equal(verified_claims_find(claims, ""), payload));
  check_changed(text, strlen(text), &kind);
  kind.now = verified_claims_expiry(claims) + LEEWAY;
  MUST_HOLD(!verifies(token, &kind));
  verified_claims_free(claims);
}

static char *sign(const char *header, size_t header_size, const char *payload, size_t payload_size) {
  CLEANUP(fuzz_text_free) char *header_text = fuzz_text((struct fuzz_input){header, header_size});
  CLEANUP(fuzz_text_free) char *payload_text = fuzz_text((struct fuzz_input){payload, payload_size});
  bool texts = strlen(header_text) == header_size && strlen(payload_text) == payload_size; /* no NUL in them */
  return texts && strstr(header_text, "\"ES256\"") != NULL
             ? kit_ec_token(header_text, payload_text)
             : kit_token_bytes(header, header_size, payload, payload_size);
}

static void fuzz_signed(struct fuzz_input input) {
  struct fuzz_input line = fuzz_line(&input);
  struct token *token = NULL;
  CLEANUP(fuzz_text_free) char *text = sign(line.at, line.left, input.at, input.left);
  if (token_parse(text, strlen(text), false, &token) != REASON_OK) return;
  json_t *header = json_loadb(line.at, line.left, JSON_REJECT_DUPLICATES, NULL);
  json_t *payload = json_loadb(input.at, input.left, JSON_REJECT_DUPLICATES, NULL);
  MUST_HOLD(json_is_object(header) && json_is_object(payload) && memchr(input.at, '\0', input.left) == NULL);
  for (size_t i = 0; i < COUNT_OF(kinds); i++)
    try_kind(token, text, header, payload, &kinds[i]);
  json_decref(header);
  json_decref(payload);
  token_free(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static bool prepared;
  if (!prepared) MUST_HOLD(token_prepare() == REASON_OK);
  prepared = true;
  if (size > 0 && data[0] == '{') {
    fuzz_signed((struct fuzz_input){(const char *)data, size});
  } else {
    fuzz_raw((const char *)data, size);
  }
  return 0;
}
