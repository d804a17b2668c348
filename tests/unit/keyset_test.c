/* Key sets: what is one, which keys are usable, and which key a token gets. */
#include "keyset.h"

#include "rfc_examples.h"
#include "token_kit.h"

static const char claims[] = "{\"exp\":2000}";

static enum reason parse(const char *json, size_t size) {
  struct keyset *keys = NULL;
  enum reason reason = keyset_parse(json, size, &keys);
  CHECK((keys != NULL) == (reason == REASON_OK));
  keyset_free(keys);
  return reason;
}

static void what_is_a_key_set(void) {
  static const struct {
    const char *json;
    enum reason wanted;
  } cases[] = {
      {"{\"keys\":[]}", REASON_OK},
      {"{\"keys\":[{}],\"other\":1}", REASON_OK},
      {"{\"keys\":[{\"kty\":\"unknown\"},{\"kid\":1}]}", REASON_OK},
      {"", REASON_KEYS_MALFORMED},
      {"{}", REASON_KEYS_MALFORMED},
      {"[]", REASON_KEYS_MALFORMED},
      {"{\"keys\":{}}", REASON_KEYS_MALFORMED},
      {"{\"keys\":null}", REASON_KEYS_MALFORMED},
      {"{\"keys\":[1]}", REASON_KEYS_MALFORMED},
      {"{\"keys\":[null]}", REASON_KEYS_MALFORMED},
      {"{\"keys\":[]}x", REASON_KEYS_MALFORMED},
      {"{\"keys\":[],\"keys\":[]}", REASON_KEYS_MALFORMED},
      {"{\"keys\":[{\"kid\":\"a\",\"kid\":\"b\"}]}", REASON_KEYS_MALFORMED},
      {"{" KIT_JWK "}", REASON_KEYS_MALFORMED},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    CHECK_REASON(parse(cases[i].json, strlen(cases[i].json)), cases[i].wanted);
    if (unit_failed) printf("# %s\n", cases[i].json);
  }
}

/* A set of `count` empty keys, padded with spaces to `size` bytes. */
static enum reason parse_set_of(size_t count, size_t size) {
  char *json = malloc(size), *out = json;
  memset(json, ' ', size);
  out = mempcpy(out, "{\"keys\":[", 9);
  for (size_t i = 0; i < count; i++)
    out = mempcpy(out, i > 0 ? ",{}" : "{}", i > 0 ? 3 : 2);
  mempcpy(out, "]}", 2);
  enum reason reason = parse(json, size);
  free(json);
  return reason;
}

static void size_and_number_are_bounded(void) {
  CHECK_REASON(parse_set_of(1000, 8192), REASON_OK);
  CHECK_REASON(parse_set_of(1001, 8192), REASON_KEYS_MALFORMED);
  CHECK_REASON(parse_set_of(1, 1048576), REASON_OK);
  CHECK_REASON(parse_set_of(1, 1048577), REASON_KEYS_MALFORMED);
}

/* ---- single keys ---- */

#define P256_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define P256_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC_JWK "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\""

struct key_case {
  const char *jwk;
  const char *why; /* a part of the reason; NULL: usable */
};

static void check_key(const char *jwk, const char *why) {
  char json[4096];
  struct keyset *keys = NULL;
  struct key_info info;
  snprintf(json, sizeof json, "{\"keys\":[{%s}]}", jwk);
  CHECK_REASON(keyset_parse(json, strlen(json), &keys), REASON_OK);
  if (keys == NULL) return;
  keyset_describe(keys, 0, &info);
  if (why == NULL) {
    CHECK_STRING(info.unusable, NULL);
  } else {
    CHECK(info.unusable != NULL && strstr(info.unusable, why) != NULL);
  }
  if (unit_failed) printf("# %s\n# %s\n", jwk, info.unusable != NULL ? info.unusable : "usable");
  keyset_free(keys);
}

static void usable_and_unusable_keys(void) {
  static const struct key_case cases[] = {
      {KIT_JWK, NULL},
      {EC_JWK, NULL},
      {EC_JWK ",\"alg\":\"ES256\",\"use\":\"sig\",\"key_ops\":[\"sign\",\"verify\"],\"x5c\":[\"junk\"]", NULL},
      {KIT_JWK ",\"use\":\"jwt-svid\"", NULL},
      {KIT_JWK ",\"alg\":\"Ed25519\"", NULL},
      /* members */
      {"", "no kty"},
      {"\"kty\":1", "not a string"},
      {EC_JWK ",\"kid\":1", "not a string"},
      {EC_JWK ",\"alg\":null", "not a string"},
      {EC_JWK ",\"use\":[\"sig\"]", "not a string"},
      {"\"kty\":\"oct\",\"k\":\"AAAA\"", "shared secret"},
      {"\"kty\":\"AKP\"", "kty is not"},
      {"\"kty\":\"rsa\"", "kty is not"},
      {EC_JWK ",\"d\":\"AAAA\"", "private key"},
      {EC_JWK ",\"use\":\"enc\"", "use is not"},
      {EC_JWK ",\"use\":\"x509-svid\"", "use is not"},
      {EC_JWK ",\"key_ops\":[\"sign\"]", "key_ops"},
      {EC_JWK ",\"key_ops\":[]", "key_ops"},
      {EC_JWK ",\"key_ops\":\"verify\"", "key_ops"},
      {EC_JWK ",\"key_ops\":[\"verify\",1]", "key_ops"},
      {EC_JWK ",\"alg\":\"HS256\"", "alg is not one"},
      {EC_JWK ",\"alg\":\"ES384\"", "crv is not that"},
      {EC_JWK ",\"alg\":\"RS256\"", "kty is not that"},
      {KIT_JWK ",\"alg\":\"Ed448\"", "crv is not that"},
      /* EC */
      {"\"kty\":\"EC\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"", "crv is not one"},
      {"\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"", "crv is not one"},
      {"\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" KIT_X "\"", "crv is not one"},
      {"\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"", "size of its curve"},
      {"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\"", "missing"},
      {"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_X "\"", "not on its curve"},
      {"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "=\",\"y\":\"" P256_Y "\"", "not base64url"},
      {"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA" P256_X "\",\"y\":\"" P256_Y "\"", "not base64url"},
      {"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"_____________________________________________________w\",\"y\":"
       "\"" P256_Y "\"",
       "size of its curve"},
      {"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"__________________________________________8\",\"y\":\"" P256_Y "\"",
       "not on its curve"},
      /* OKP */
      {"\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" KIT_X "\"", "crv is not one"},
      {"\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"" KIT_X "\"", "crv is not one"},
      {"\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" KIT_X "\"", "size of its curve"},
      {"\"kty\":\"OKP\",\"crv\":\"Ed25519\"", "missing"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    check_key(cases[i].jwk, cases[i].why);
}

/* An RSA key whose modulus has `bits` bits: the top byte, ones, and the last byte. */
static void check_rsa(int bits, unsigned char last, const char *e, const char *why) {
  unsigned char n[1100];
  char jwk[3000] = "\"kty\":\"RSA\",\"n\":\"";
  size_t size = (size_t)(bits + 7) / 8;
  memset(n, 0xff, sizeof n);
  n[0] = (unsigned char)(0xff >> (8 * size - (size_t)bits));
  n[size - 1] = last;
  kit_append(jwk, n, size);
  sprintf(jwk + strlen(jwk), "\",\"e\":\"%s\"", e);
  check_key(jwk, why);
}

static void rsa_keys_are_bounded(void) {
  check_rsa(2048, 0xff, "AQAB", NULL);
  check_rsa(2047, 0xff, "AQAB", "fewer than 2048");
  check_rsa(1024, 0xff, "AQAB", "fewer than 2048");
  check_rsa(8192, 0xff, "AQAB", NULL);
  check_rsa(8193, 0xff, "AQAB", "more than 8192");
  check_rsa(8704, 0xff, "AQAB", "n or e");
  check_rsa(2048, 0xfe, "AQAB", "even");
  check_rsa(2048, 0xff, "AQ", "exponent");
  check_rsa(2048, 0xff, "Aw", "exponent");
  check_rsa(2048, 0xff, "AQAA", "exponent");
  check_rsa(2048, 0xff, "__8", "exponent");
  check_rsa(2048, 0xff, "AAEAAQ", NULL);
  check_rsa(2048, 0xff, "__________8", NULL);
  check_rsa(2048, 0xff, "Af__________", "exponent");
  check_rsa(2048, 0xff, "", "n or e");
  check_rsa(2048, 0xff, "AQAB=", "n or e");
}

/* ---- which key a token gets ---- */

#define OTHER_JWK "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"Y-0ITELjb9GlJxd7BwyUp4gQpJvYpAfK-8LbG6NCCg8\""
#define WITH_KID "{\"alg\":\"EdDSA\",\"kid\":\"k\"}"
#define WITHOUT_KID "{\"alg\":\"EdDSA\"}"

static void selection(void) {
  static const struct {
    const char *keys, *header;
    enum reason wanted;
  } cases[] = {
      {"", WITH_KID, REASON_KEY_UNKNOWN},
      {"", WITHOUT_KID, REASON_KEY_UNSUITABLE},
      /* kid */
      {"{" KIT_JWK ",\"kid\":\"k\"}", WITH_KID, REASON_OK},
      {"{" KIT_JWK ",\"kid\":\"K\"}", WITH_KID, REASON_KEY_UNKNOWN},
      {"{" KIT_JWK ",\"kid\":\"k \"}", WITH_KID, REASON_KEY_UNKNOWN},
      {"{" KIT_JWK "}", WITH_KID, REASON_KEY_UNKNOWN},
      {"{" KIT_JWK ",\"kid\":\"\"}", WITHOUT_KID, REASON_OK},
      {"{" KIT_JWK ",\"kid\":\"\"}", "{\"alg\":\"EdDSA\",\"kid\":\"\"}", REASON_OK},
      {"{" KIT_JWK ",\"kid\":\"k\"},{" OTHER_JWK ",\"kid\":\"o\"}", WITH_KID, REASON_OK},
      {"{" OTHER_JWK ",\"kid\":\"k\"},{" KIT_JWK ",\"kid\":\"o\"}", WITH_KID, REASON_SIGNATURE_INVALID},
      /* the rest must agree */
      {"{" EC_JWK ",\"kid\":\"k\"}", WITH_KID, REASON_KEY_UNSUITABLE},
      {"{" KIT_JWK ",\"kid\":\"k\",\"alg\":\"Ed25519\"}", WITH_KID, REASON_KEY_UNSUITABLE},
      {"{" KIT_JWK ",\"kid\":\"k\",\"alg\":\"EdDSA\"}", WITH_KID, REASON_OK},
      {"{" KIT_JWK ",\"kid\":\"k\",\"use\":\"enc\"}", WITH_KID, REASON_KEY_UNSUITABLE},
      {"{" KIT_JWK ",\"kid\":\"k\",\"key_ops\":[\"sign\"]}", WITH_KID, REASON_KEY_UNSUITABLE},
      {"{" KIT_JWK ",\"kid\":\"k\",\"d\":\"" KIT_D "\"}", WITH_KID, REASON_KEY_UNSUITABLE},
      {"{" KIT_JWK ",\"kid\":\"k\"}", "{\"alg\":\"Ed448\",\"kid\":\"k\"}", REASON_KEY_UNSUITABLE},
      {"{" KIT_JWK ",\"kid\":\"k\"}", "{\"alg\":\"ES256\",\"kid\":\"k\"}", REASON_KEY_UNSUITABLE},
      /* one kid, several keys: those that agree are tried */
      {"{" EC_JWK ",\"kid\":\"k\"},{" KIT_JWK ",\"kid\":\"k\"}", WITH_KID, REASON_OK},
      {"{" OTHER_JWK ",\"kid\":\"k\"},{" KIT_JWK ",\"kid\":\"k\"}", WITH_KID, REASON_OK},
      {"{" OTHER_JWK ",\"kid\":\"k\"},{" OTHER_JWK ",\"kid\":\"k\"},{" OTHER_JWK ",\"kid\":\"k\"},{" OTHER_JWK
       ",\"kid\":\"k\"},{" KIT_JWK ",\"kid\":\"k\"}",
       WITH_KID, REASON_KEY_AMBIGUOUS},
      /* no kid: exactly one must fit */
      {"{" KIT_JWK ",\"kid\":\"any\"}", WITHOUT_KID, REASON_OK},
      {"{" KIT_JWK "},{" EC_JWK "},{" OTHER_JWK ",\"use\":\"enc\"},{" OTHER_JWK ",\"alg\":\"Ed25519\"}", WITHOUT_KID,
       REASON_OK},
      {"{" KIT_JWK "},{" OTHER_JWK "}", WITHOUT_KID, REASON_KEY_AMBIGUOUS},
      {"{" KIT_JWK "},{" KIT_JWK "}", WITHOUT_KID, REASON_KEY_AMBIGUOUS},
      {"{" EC_JWK "}", WITHOUT_KID, REASON_KEY_UNSUITABLE},
  };
  struct token_expectation anything = {.any_issuer = true, .any_audience = true, .any_lifetime = true, .now = 1000};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char jwks[2048];
    snprintf(jwks, sizeof jwks, "{\"keys\":[%s]}", cases[i].keys);
    char *text = kit_token(cases[i].header, claims);
    CHECK_REASON(kit_verify_text(jwks, text, strlen(text), anything, NULL), cases[i].wanted);
    if (unit_failed) printf("# %s under %s\n", cases[i].header, jwks);
    free(text);
  }
}

static void a_key_is_described(void) {
  static const char json[] = "{\"keys\":[{" EC_JWK ",\"kid\":\"a\",\"alg\":\"ES256\",\"use\":\"sig\"},{}]}";
  struct keyset *keys = NULL;
  struct key_info info;
  CHECK_REASON(keyset_parse(json, strlen(json), &keys), REASON_OK);
  CHECK_INT(keyset_count(keys), 2);
  keyset_describe(keys, 0, &info);
  CHECK_STRING(info.kid, "a");
  CHECK_STRING(info.kty, "EC");
  CHECK_STRING(info.crv, "P-256");
  CHECK_STRING(info.alg, "ES256");
  CHECK_STRING(info.use, "sig");
  CHECK_INT(info.bits, 256);
  keyset_describe(keys, 1, &info);
  CHECK_STRING(info.kid, NULL);
  CHECK_STRING(info.kty, "");
  CHECK_INT(info.bits, 0);
  keyset_free(keys);
  keyset_free(NULL);
}

/* Whether the whole signature is what is checked, for the scheme of an RFC's example. */
static void a_signature_of_another_size_is_invalid(void) {
  for (size_t i = 0; i < COUNT_OF(rfc_examples); i++) {
    char *text = malloc(strlen(rfc_examples[i].token) + 8);
    strcpy(text, rfc_examples[i].token);
    struct token_expectation signature_only = {.signature_only = true};
    static const char *const tails[] = {"", "AAAA"};
    char *signature = strrchr(text, '.') + 1;
    strcat(text, "AAAA"); /* whichever the length, three bytes more or text that does not decode */
    CHECK(kit_verify_text(rfc_examples[i].jwks, text, strlen(text), signature_only, NULL) != REASON_OK);
    for (size_t j = 0; j < COUNT_OF(tails); j++) {
      strcpy(signature, tails[j]);
      CHECK_REASON(kit_verify_text(rfc_examples[i].jwks, text, strlen(text), signature_only, NULL),
                   REASON_SIGNATURE_INVALID);
    }
    free(text);
  }
}

UNIT_MAIN({"what is a key set", what_is_a_key_set}, {"size and number are bounded", size_and_number_are_bounded},
          {"usable and unusable keys", usable_and_unusable_keys}, {"RSA keys are bounded", rsa_keys_are_bounded},
          {"selection", selection}, {"a key is described", a_key_is_described},
          {"a signature of another size is invalid", a_signature_of_another_size_is_invalid})
