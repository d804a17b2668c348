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
      {"{\"keys\":[{},]}", REASON_KEYS_MALFORMED},
      {"{\"keys\":[{} {}]}", REASON_KEYS_MALFORMED},
      {"{\"keys\":[{}", REASON_KEYS_MALFORMED},
      {"{\"keys\":[{\"kid\":\"}]}", REASON_KEYS_MALFORMED},
      {"{\"keys", REASON_KEYS_MALFORMED},
      {"{\"keys\":[{}]", REASON_KEYS_MALFORMED},
      {"{\"keys\":[{}],\"keys\":[]}", REASON_KEYS_MALFORMED},
      {"{\"keys\":[],\"other\":}", REASON_KEYS_MALFORMED},
      {"{\"other\":{\"keys\":[]}}", REASON_KEYS_MALFORMED},
      {"{\"other\":\"keys\"}", REASON_KEYS_MALFORMED},
      {"{\"other\":[{\"keys\":[1]}],\"keys\":[]}", REASON_OK},
      {" {\"o\\\"keys\":1,\"keys\" : [ { } , { } ] } ", REASON_OK},
      {"{" KIT_JWK "}", REASON_KEYS_MALFORMED},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    CHECK_REASON(parse(cases[i].json, strlen(cases[i].json)), cases[i].wanted);
    if (unit_failed) printf("# %s\n", cases[i].json);
  }
}

static void a_raw_nul_spoils_a_set(void) {
  static const char in_a_key[] = "{\"keys\":[{\"kid\":\"a\0\"}]}", behind[] = "{\"keys\":[]}\0",
                    around[] = "{\"n\":1\0,\"keys\":[]}";
  CHECK_REASON(parse(in_a_key, sizeof in_a_key - 1), REASON_KEYS_MALFORMED);
  CHECK_REASON(parse(behind, sizeof behind - 1), REASON_KEYS_MALFORMED);
  CHECK_REASON(parse(around, sizeof around - 1), REASON_KEYS_MALFORMED);
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

#define P256_X KIT_EC_X
#define P256_Y KIT_EC_Y
#define EC_JWK KIT_EC_JWK

struct key_case {
  const char *jwk;
  const char *why; /* a part of the reason; NULL: usable */
};

static void check_key(const char *jwk, const char *why) {
  char json[4096];
  struct keyset *keys = NULL;
  struct key_info info;
  snprintf(json, sizeof json, "{\"keys\":[{%s}]}", jwk);
  CHECK_REASON(token_prepare(), REASON_OK);
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
      {"\"kty\":\"unknown\"", "kty is not"},
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
      /* AKP */
      {"\"kty\":\"AKP\",\"pub\":\"AAAA\"", "must have"},
      {"\"kty\":\"AKP\",\"alg\":\"ES256\",\"pub\":\"AAAA\"", "kty is not that"},
      {"\"kty\":\"AKP\",\"alg\":\"ML-DSA\",\"pub\":\"AAAA\"", "alg is not one"},
      {"\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AAAA\",\"priv\":\"AAAA\"", "private key"},
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

/* ---- the cached form ---- */

static const struct keyset_head head = {.title = "corp \xc3\xa9",
                                        .url = "https://idp.example.org",
                                        .location = "discovery",
                                        .etag = "\"abc\"",
                                        .fetched = 1000,
                                        .due = 4600};

struct cached {
  struct keyset *plain, *keys; /* keys borrows bytes */
  char *bytes;
  size_t size, usable;
};

static void cached_clear(struct cached *cached) {
  keyset_free(cached->plain);
  keyset_free(cached->keys);
  free(cached->bytes);
}

static struct cached cache(const char *json, const struct keyset_head *with) {
  struct cached cached = {0};
  CHECK_REASON(token_prepare(), REASON_OK);
  CHECK_REASON(keyset_parse(json, strlen(json), &cached.plain), REASON_OK);
  CHECK_REASON(keyset_encode_cached(cached.plain, with, &cached.bytes, &cached.size, &cached.usable), REASON_OK);
  CHECK_REASON(keyset_parse_cached(cached.bytes, cached.size, &cached.keys), REASON_OK);
  return cached;
}

static void the_cached_form_is_lines_of_ascii(void) {
  struct cached cached =
      cache("{\"keys\":[{" KIT_JWK
            ",\"x5c\":[\"junk\"],\"key_ops\":[\"verify\"],\"kid\":\"\xc3\xa9\\\"\"},"
            "{\"kid\":\"p\"," EC_JWK ",\"d\":\"SECRET\"},{\"kty\":\"oct\",\"k\":\"SECRET\"},{" EC_JWK "}]}",
            &head);
  static const char wanted[] =
      "{\"version\":1,\"issuer\":\"corp \\u00E9\",\"url\":\"https://idp.example.org\",\"location\":\"discovery\","
      "\"fetched\":1000,\"due\":4600,\"etag\":\"\\\"abc\\\"\",\"skipped\":["
      "{\"kid\":\"p\",\"why\":\"it holds the private key, so it proves nothing: replace the key\"},"
      "{\"why\":\"it is a shared secret, which is never used here\"}]}\n"
      "{\"kid\":\"\\u00E9\\\"\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" KIT_X
      "\"}\n"
      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}\n";
  CHECK_INT(cached.usable, 2);
  CHECK_INT(cached.size, strlen(wanted));
  CHECK_STRING(cached.bytes, wanted);

  const char *kid, *why;
  CHECK(keyset_skipped(cached.keys, 0, &kid, &why) && *why != '\0' && strstr(wanted, why) != NULL);
  CHECK(!keyset_skipped(cached.keys, 99, &kid, &why) && !keyset_skipped(cached.plain, 0, &kid, &why));
  cached_clear(&cached);
}

static void a_plain_set_cannot_say_what_was_left_out(void) {
  static const char json[] = "{\"keys\":[{" KIT_JWK "}],\"skipped\":[{\"kid\":\"k\",\"why\":\"w\"}]}";
  struct keyset *keys = NULL;
  const char *kid, *why;
  CHECK_REASON(keyset_parse(json, strlen(json), &keys), REASON_OK);
  CHECK(!keyset_skipped(keys, 0, &kid, &why));
  keyset_free(keys);
}

static void the_cached_form_says_the_same(void) {
  struct cached cached =
      cache("{\"keys\":[{" EC_JWK ",\"kid\":\"\xc3\xa9\\\"\",\"alg\":\"ES256\",\"use\":\"sig\"}]}", &head);
  struct key_info info;
  CHECK(keyset_head(cached.plain) == NULL && keyset_head(cached.keys) != NULL);
  if (cached.keys == NULL) return;
  CHECK_STRING(keyset_head(cached.keys)->title, head.title);
  CHECK_STRING(keyset_head(cached.keys)->url, head.url);
  CHECK_STRING(keyset_head(cached.keys)->location, head.location);
  CHECK_STRING(keyset_head(cached.keys)->etag, head.etag);
  CHECK_INT(keyset_head(cached.keys)->fetched, 1000);
  CHECK_INT(keyset_head(cached.keys)->due, 4600);
  CHECK_INT(keyset_count(cached.keys), 1);
  keyset_describe(cached.keys, 0, &info);
  CHECK_STRING(info.kid, "\xc3\xa9\"");
  CHECK_STRING(info.kty, "EC");
  CHECK_STRING(info.crv, "P-256");
  CHECK_STRING(info.alg, "ES256");
  CHECK_STRING(info.use, "sig");
  CHECK_STRING(info.unusable, NULL);
  CHECK_INT(info.bits, 256);
  cached_clear(&cached);
}

static void a_kid_is_found_in_either_form(void) {
  static const char *const kids[] = {"a", "", "a\"b", "\xc3\xa9", "\xf0\x9f\x98\x80", "back\\slash", "a\tb", "ab"};
  static const char *const others[] = {"b", "A", "a\"", "\xc3", "abc", "\xc3\xa8", " ", "slash"};
  json_t *keys = json_array();
  for (size_t i = 0; i < COUNT_OF(kids); i++)
    json_array_append_new(
        keys, json_pack("{s:s, s:s, s:s, s:s}", "kty", "OKP", "crv", "Ed25519", "x", KIT_X, "kid", kids[i]));
  json_t *set = json_pack("{s:o}", "keys", keys);
  char *json = json_dumps(set, 0);
  struct cached cached = cache(json, &head);
  for (size_t i = 0; i < COUNT_OF(kids); i++) {
    CHECK(keyset_has_kid(cached.plain, kids[i]));
    CHECK(keyset_has_kid(cached.keys, kids[i]));
  }
  for (size_t i = 0; i < COUNT_OF(others); i++) {
    CHECK(!keyset_has_kid(cached.plain, others[i]));
    CHECK(!keyset_has_kid(cached.keys, others[i]));
  }
  CHECK(!keyset_has_kid(cached.keys, NULL) && !keyset_has_kid(cached.plain, NULL));
  cached_clear(&cached);
  json_decref(set);
  free(json);
}

/* The line of the other key is never looked at: it is no JSON at all. */
static void only_the_line_of_the_kid_is_parsed(void) {
  struct cached cached = cache("{\"keys\":[{" OTHER_JWK ",\"kid\":\"o\"},{" KIT_JWK ",\"kid\":\"k\"}]}", &head);
  struct key_info info;
  char *line = strstr(cached.bytes, "{\"kid\":\"o\"");
  memset(line + 11, '{', 3);
  CHECK_REASON(kit_verify_keys(cached.keys, WITH_KID, claims), REASON_OK);
  CHECK_REASON(kit_verify_keys(cached.keys, "{\"alg\":\"EdDSA\",\"kid\":\"o\"}", claims), REASON_KEY_UNSUITABLE);
  CHECK_REASON(kit_verify_keys(cached.keys, "{\"alg\":\"EdDSA\",\"kid\":\"x\"}", claims), REASON_KEY_UNKNOWN);
  CHECK_REASON(kit_verify_keys(cached.keys, WITHOUT_KID, claims), REASON_OK);
  CHECK_REASON(kit_verify_keys(cached.keys, WITH_KID, claims), REASON_OK);
  keyset_describe(cached.keys, 0, &info);
  CHECK(info.unusable != NULL && strstr(info.unusable, "damaged") != NULL);
  cached_clear(&cached);
}

/* A key of a plain set is parsed when it is asked for, and not before: damage in others is never met. */
static void a_damaged_key_spoils_no_other(void) {
  static const char *const others[] = {"\"kid\":\"o\",\"kid\":\"o\"", "\"kid\":\"o\" 1",
                                       "\"kid\":\"o\",\"x\":\"\\u0000\"", "\"kid\":\"o\",\"x\":[1,]",
                                       "\"kid\":\"o\",\"x\":\"\xff\""};
  for (size_t i = 0; i < COUNT_OF(others); i++) {
    char json[512];
    struct keyset *keys = NULL;
    struct key_info info;
    snprintf(json, sizeof json, "{\"keys\":[{%s},{" KIT_JWK ",\"kid\":\"k\"}]}", others[i]);
    CHECK_REASON(keyset_parse(json, strlen(json), &keys), REASON_OK);
    CHECK_REASON(kit_verify_keys(keys, WITH_KID, claims), REASON_OK);
    CHECK_REASON(kit_verify_keys(keys, WITHOUT_KID, claims), REASON_OK);
    enum reason reason = kit_verify_keys(keys, "{\"alg\":\"EdDSA\",\"kid\":\"o\"}", claims);
    CHECK(reason == REASON_KEY_UNSUITABLE || reason == REASON_KEY_UNKNOWN);
    keyset_describe(keys, 0, &info);
    CHECK(info.unusable != NULL && strstr(info.unusable, "damaged") != NULL);
    if (unit_failed) printf("# %s\n", json);
    keyset_free(keys);
  }
}

/* However a key is written, its own kid is found and no other text is taken for it. */
static void a_kid_is_its_own_member(void) {
  static const char *const written[] = {
      "\"kid\":\"k\"",
      " \"kid\" :\n\"k\" ",
      "\"k\\u0069d\":\"k\"",
      "\"kid\":\"\\u006b\"",
      "\"ext\":\"kid\",\"kid\":\"k\"",
      "\"ext\":[\"kid\",\"z\"],\"kid\":\"k\"",
      "\"ext\":{\"kid\":\"z\"},\"kid\":\"k\"",
      "\"ext\":\"\\\"kid\\\":\\\"z\\\"\",\"kid\":\"k\"",
      "\"ext\":\"}]\",\"kid\":\"k\"",
      "\"ext\":\"\\\"}]\",\"kid\":\"k\"",
      "\"ext\":\"\\\\\",\"kid\":\"k\"",
      "\"KID\":\"z\",\"kid\":\"k\"",
  };
  for (size_t i = 0; i < COUNT_OF(written); i++) {
    char json[512];
    struct keyset *keys = NULL;
    snprintf(json, sizeof json, "{\"keys\":[{%s," KIT_JWK "}]}", written[i]);
    CHECK_REASON(keyset_parse(json, strlen(json), &keys), REASON_OK);
    CHECK_REASON(kit_verify_keys(keys, WITH_KID, claims), REASON_OK);
    CHECK(!keyset_has_kid(keys, "z") && !keyset_has_kid(keys, "") && !keyset_has_kid(keys, "ki"));
    if (unit_failed) printf("# %s\n", json);
    keyset_free(keys);
  }
  struct keyset *keys = NULL;
  static const char nested[] = "{\"keys\":[{\"ext\":{\"kid\":\"k\"}," KIT_JWK "}]}";
  CHECK_REASON(keyset_parse(nested, strlen(nested), &keys), REASON_OK);
  CHECK(!keyset_has_kid(keys, "k"));
  keyset_free(keys);
}

static void what_is_no_cached_set(void) {
#define HEAD "{\"version\":1,\"issuer\":\"i\",\"url\":\"u\",\"location\":\"l\",\"fetched\":1,\"due\":2"
  static const struct {
    const char *text;
    enum reason wanted;
  } cases[] = {
      {HEAD "}\n", REASON_OK},
      {HEAD ",\"later\":[]}\nanything\n\n", REASON_OK},
      {"", REASON_KEYS_MALFORMED},
      {"\n", REASON_KEYS_MALFORMED},
      {"{}\n", REASON_KEYS_MALFORMED},
      {HEAD "}", REASON_KEYS_MALFORMED},
      {HEAD "\n", REASON_KEYS_MALFORMED},
      {HEAD "}\n{\"kid\":", REASON_KEYS_MALFORMED},
      {HEAD ",\"etag\":1}\n", REASON_KEYS_MALFORMED},
      {HEAD ",\"url\":\"u\"}\n", REASON_KEYS_MALFORMED},
      {"{\"version\":2,\"issuer\":\"i\",\"url\":\"u\",\"location\":\"l\",\"fetched\":1,\"due\":2}\n",
       REASON_KEYS_MALFORMED},
      {"{\"version\":1,\"issuer\":\"i\",\"url\":\"u\",\"location\":\"l\",\"fetched\":\"1\",\"due\":2}\n",
       REASON_KEYS_MALFORMED},
      {"{\"keys\":[]}\n", REASON_KEYS_MALFORMED},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct keyset *keys = NULL;
    CHECK_REASON(keyset_parse_cached(cases[i].text, strlen(cases[i].text), &keys), cases[i].wanted);
    CHECK((keys != NULL) == (cases[i].wanted == REASON_OK));
    if (unit_failed) printf("# %s\n", cases[i].text);
    keyset_free(keys);
  }
}

/* `lines` empty lines behind a head, filled up with spaces to `size` bytes. */
static enum reason parse_lines(size_t lines, size_t size) {
  char *text = malloc(size), *out = mempcpy(text, HEAD "}", sizeof HEAD);
  memset(out, ' ', size - sizeof HEAD);
  memset(text + size - lines - 1, '\n', lines + 1);
  struct keyset *keys = NULL;
  enum reason reason = keyset_parse_cached(text, size, &keys);
  keyset_free(keys);
  free(text);
  return reason;
}

static void size_and_number_of_the_cached_form_are_bounded(void) {
  CHECK_REASON(parse_lines(1000, 8192), REASON_OK);
  CHECK_REASON(parse_lines(1001, 8192), REASON_KEYS_MALFORMED);
  CHECK_REASON(parse_lines(1, 2097152), REASON_OK);
  CHECK_REASON(parse_lines(1, 2097153), REASON_KEYS_MALFORMED);
}

static void a_set_too_large_for_its_cached_form_is_refused(void) {
  size_t size = 1048000;
  char *json = malloc(size), *out = json, *bytes = NULL;
  struct keyset *keys = NULL;
  out = stpcpy(out, "{\"keys\":[{" KIT_JWK ",\"kid\":\"");
  while (out < json + size - 16)
    out = stpcpy(out, "\xc3\xa9"); /* two bytes here, six as ASCII */
  out = stpcpy(out, "\"}]}");
  CHECK_REASON(keyset_parse(json, (size_t)(out - json), &keys), REASON_OK);
  CHECK_REASON(keyset_encode_cached(keys, &head, &bytes, &size, &size), REASON_KEYS_MALFORMED);
  CHECK(bytes == NULL);
  keyset_free(keys);
  free(json);
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

UNIT_MAIN({"what is a key set", what_is_a_key_set}, {"a raw NUL spoils a set", a_raw_nul_spoils_a_set},
          {"size and number are bounded", size_and_number_are_bounded},
          {"usable and unusable keys", usable_and_unusable_keys}, {"RSA keys are bounded", rsa_keys_are_bounded},
          {"selection", selection}, {"a key is described", a_key_is_described},
          {"the cached form is lines of ASCII", the_cached_form_is_lines_of_ascii},
          {"a plain set cannot say what was left out", a_plain_set_cannot_say_what_was_left_out},
          {"the cached form says the same", the_cached_form_says_the_same},
          {"a kid is found in either form", a_kid_is_found_in_either_form},
          {"only the line of the kid is parsed", only_the_line_of_the_kid_is_parsed},
          {"a damaged key spoils no other", a_damaged_key_spoils_no_other},
          {"a kid is its own member", a_kid_is_its_own_member}, {"what is no cached set", what_is_no_cached_set},
          {"size and number of the cached form are bounded", size_and_number_of_the_cached_form_are_bounded},
          {"a set too large for its cached form is refused", a_set_too_large_for_its_cached_form_is_refused},
          {"a signature of another size is invalid", a_signature_of_another_size_is_invalid})
