/* Every algorithm with a key made here: its JWK, a token of the largest size, and what must not verify beside it. */
#include "algorithms.h"

#include "token_kit.h"

struct scheme {
  const char *alg, *kty, *crv; /* crv: NULL where there is none */
  const char *kind, *group;    /* as OpenSSL calls them; group of EC keys alone */
  const char *digest;
  int salt; /* of PSS; 0: none */
};

static const struct scheme schemes[] = {
    {"RS256", "RSA", NULL, "RSA", NULL, "SHA256", 0},     {"RS384", "RSA", NULL, "RSA", NULL, "SHA384", 0},
    {"RS512", "RSA", NULL, "RSA", NULL, "SHA512", 0},     {"PS256", "RSA", NULL, "RSA", NULL, "SHA256", 32},
    {"PS384", "RSA", NULL, "RSA", NULL, "SHA384", 48},    {"PS512", "RSA", NULL, "RSA", NULL, "SHA512", 64},
    {"ES256", "EC", "P-256", "EC", "P-256", "SHA256", 0}, {"ES384", "EC", "P-384", "EC", "P-384", "SHA384", 0},
    {"ES512", "EC", "P-521", "EC", "P-521", "SHA512", 0}, {"EdDSA", "OKP", "Ed25519", "ED25519", NULL, NULL, 0},
    {"EdDSA", "OKP", "Ed448", "ED448", NULL, NULL, 0},    {"Ed25519", "OKP", "Ed25519", "ED25519", NULL, NULL, 0},
    {"Ed448", "OKP", "Ed448", "ED448", NULL, NULL, 0},
};
static const struct scheme ml_dsa[] = {
    {"ML-DSA-44", "AKP", NULL, "ML-DSA-44", NULL, NULL, 0},
    {"ML-DSA-65", "AKP", NULL, "ML-DSA-65", NULL, NULL, 0},
    {"ML-DSA-87", "AKP", NULL, "ML-DSA-87", NULL, NULL, 0},
};

#define PUBLIC_MAX 2592
#define SIGNATURE_MAX 4627

static void member(char *jwk, const char *name, const void *bytes, size_t size) {
  sprintf(jwk + strlen(jwk), ",\"%s\":\"", name);
  kit_append(jwk, bytes, size);
  strcat(jwk, "\"");
}

static void number_member(char *jwk, const char *name, const EVP_PKEY *key) {
  unsigned char bytes[512];
  BIGNUM *number = NULL;
  CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  member(jwk, name, bytes, (size_t)BN_bn2bin(number, bytes));
  BN_free(number);
}

static void describe(const struct scheme *scheme, EVP_PKEY *key, char *jwk) {
  unsigned char bytes[PUBLIC_MAX];
  size_t size = sizeof bytes;
  sprintf(jwk, "\"kty\":\"%s\",\"alg\":\"%s\"", scheme->kty, scheme->alg);
  if (scheme->crv != NULL) sprintf(jwk + strlen(jwk), ",\"crv\":\"%s\"", scheme->crv);
  if (strcmp(scheme->kty, "RSA") == 0) {
    number_member(jwk, "n", key);
    number_member(jwk, "e", key);
  } else if (strcmp(scheme->kty, "EC") == 0) {
    CHECK(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof bytes, &size) == 1);
    member(jwk, "x", bytes + 1, size / 2);
    member(jwk, "y", bytes + 1 + size / 2, size / 2);
  } else {
    CHECK(EVP_PKEY_get_raw_public_key(key, bytes, &size) == 1);
    member(jwk, strcmp(scheme->kty, "AKP") == 0 ? "pub" : "x", bytes, size);
  }
}

/* Append the signature, r and s side by side for ECDSA. `context_string`: of ML-DSA, NULL for none. */
static void sign(const struct scheme *scheme, EVP_PKEY *key, const char *context_string, char *text) {
  unsigned char signature[SIGNATURE_MAX];
  size_t size = sizeof signature;
  EVP_PKEY_CTX *key_context;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  OSSL_PARAM params[] = {OSSL_PARAM_END, OSSL_PARAM_END};
  if (context_string != NULL)
    params[0] =
        OSSL_PARAM_construct_octet_string("context-string", (void *)(uintptr_t)context_string, strlen(context_string));
  CHECK(EVP_DigestSignInit_ex(context, &key_context, scheme->digest, NULL, NULL, key, params) == 1);
  if (scheme->salt > 0) {
    CHECK(EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, scheme->salt) == 1);
  }
  CHECK(EVP_DigestSign(context, signature, &size, (const unsigned char *)text, strlen(text)) == 1);
  EVP_MD_CTX_free(context);
  if (strcmp(scheme->kty, "EC") == 0) {
    const unsigned char *in = signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &in, (long)size);
    int half = (EVP_PKEY_get_bits(key) + 7) / 8;
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, half) == half);
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + half, half) == half);
    ECDSA_SIG_free(pair);
    size = 2 * (size_t)half;
  }
  strcat(text, ".");
  kit_append(text, signature, size);
}

/* A token of `size` bytes or up to two less, which is what base64url comes in. malloc'd. */
static char *token_of(const struct scheme *scheme, EVP_PKEY *key, const char *context_string, size_t size) {
  char header[64], *payload = calloc(1, size), *text = calloc(1, size + 16);
  size_t signature_size =
      strcmp(scheme->kty, "EC") == 0 ? 2 * (((size_t)EVP_PKEY_get_bits(key) + 7) / 8) : (size_t)EVP_PKEY_get_size(key);
  sprintf(header, "{\"alg\":\"%s\"}", scheme->alg);
  kit_append(text, header, strlen(header));
  strcat(text, ".");
  size_t room = size - strlen(text) - 1 - (4 * signature_size + 2) / 3, filled = room / 4 * 3;
  sprintf(payload, "{\"exp\":2000,\"a\":\"");
  memset(payload + strlen(payload), 'a', filled - strlen(payload) - 2);
  strcat(payload, "\"}");
  kit_append(text, payload, filled);
  sign(scheme, key, context_string, text);
  free(payload);
  return text;
}

static const struct token_expectation anything = {
    .any_issuer = true, .any_audience = true, .any_lifetime = true, .now = 1000};

/* The caller's. There is but one RSA key: they take long to make. */
static EVP_PKEY *make_key(const struct scheme *scheme) {
  static EVP_PKEY *rsa;
  if (strcmp(scheme->kind, "RSA") != 0) return EVP_PKEY_Q_keygen(NULL, NULL, scheme->kind, scheme->group);
  if (rsa == NULL) rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
  EVP_PKEY_up_ref(rsa);
  return rsa;
}

static void check_scheme(const struct scheme *scheme) {
  static char set[16384];
  char jwk[8192];
  EVP_PKEY *key = make_key(scheme);
  describe(scheme, key, jwk);
  snprintf(set, sizeof set, "{\"keys\":[{%s}]}", jwk);
  char *text = token_of(scheme, key, NULL, 16384);
  size_t size = strlen(text);
  CHECK(size <= 16384 && size > 16380);
  CHECK_REASON(kit_verify_text(set, text, size, anything, NULL), REASON_OK);

  char *in_payload = strchr(text, '.') + 100, *in_signature = strrchr(text, '.') + 20;
  *in_payload ^= 1;
  CHECK_REASON(kit_verify_text(set, text, size, anything, NULL), REASON_SIGNATURE_INVALID);
  *in_payload ^= 1;
  *in_signature = *in_signature == 'A' ? 'B' : 'A';
  CHECK_REASON(kit_verify_text(set, text, size, anything, NULL), REASON_SIGNATURE_INVALID);
  strcpy(strrchr(text, '.') + 1, "AAAA");
  CHECK_REASON(kit_verify_text(set, text, strlen(text), anything, NULL), REASON_SIGNATURE_INVALID);
  if (unit_failed) printf("# %s %s\n", scheme->alg, scheme->kind);
  free(text);
  EVP_PKEY_free(key);
}

static void sixteen_kibibytes_verify_by_every_algorithm(void) {
  CHECK_REASON(token_prepare(), REASON_OK);
  for (size_t i = 0; i < COUNT_OF(schemes); i++)
    check_scheme(&schemes[i]);
}

static void ml_dsa_verifies(void) {
  CHECK_REASON(token_prepare(), REASON_OK);
  if (!token_algorithm_known("ML-DSA-44")) SKIP("OpenSSL older than 3.5");
  for (size_t i = 0; i < COUNT_OF(ml_dsa); i++)
    check_scheme(&ml_dsa[i]);
}

static void ml_dsa_has_an_empty_context(void) {
  static char set[16384];
  char jwk[8192];
  CHECK_REASON(token_prepare(), REASON_OK);
  if (!token_algorithm_known("ML-DSA-44")) SKIP("OpenSSL older than 3.5");
  EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ML-DSA-44");
  describe(&ml_dsa[0], key, jwk);
  snprintf(set, sizeof set, "{\"keys\":[{%s}]}", jwk);
  char *empty = token_of(&ml_dsa[0], key, "", 8000), *other = token_of(&ml_dsa[0], key, "JOSE", 8000);
  CHECK_REASON(kit_verify_text(set, empty, strlen(empty), anything, NULL), REASON_OK);
  CHECK_REASON(kit_verify_text(set, other, strlen(other), anything, NULL), REASON_SIGNATURE_INVALID);
  free(empty);
  free(other);
  EVP_PKEY_free(key);
}

static void ml_dsa_is_refused_where_openssl_lacks_it(void) {
  CHECK_REASON(token_prepare(), REASON_OK);
  if (token_algorithm_known("ML-DSA-44")) SKIP("OpenSSL offers it");
  CHECK_REASON(kit_verify("{\"alg\":\"ML-DSA-44\"}", "{\"exp\":2000}", anything), REASON_ALGORITHM_NOT_ALLOWED);
}

/* One key without alg serves both schemes of its kind, in any order: the one never lets the other's signatures through.
 */
static void a_key_may_serve_two_algorithms_in_turn(void) {
  const struct scheme *turns[] = {&schemes[0], &schemes[3], &schemes[0], &schemes[5], &schemes[3]};
  static char set[16384];
  char jwk[8192];
  struct keyset *keys = NULL;
  CHECK_REASON(token_prepare(), REASON_OK);
  EVP_PKEY *key = make_key(&schemes[0]);
  describe(&schemes[0], key, jwk);
  char *alg = strstr(jwk, ",\"alg\":\"RS256\"");
  memmove(alg, alg + 14, strlen(alg + 14) + 1);
  snprintf(set, sizeof set, "{\"keys\":[{%s}]}", jwk);
  CHECK_REASON(keyset_parse(set, strlen(set), &keys), REASON_OK);
  for (size_t i = 0; i < COUNT_OF(turns); i++) {
    struct scheme swapped = *turns[i]; /* says one algorithm and is signed by the other */
    swapped.salt = turns[i]->salt > 0 ? 0 : 32;
    char *good = token_of(turns[i], key, NULL, 1000), *bad = token_of(&swapped, key, NULL, 1000);
    CHECK_REASON(kit_verify_under(keys, good), REASON_OK);
    CHECK_REASON(kit_verify_under(keys, bad), REASON_SIGNATURE_INVALID);
    CHECK_REASON(kit_verify_under(keys, good), REASON_OK);
    free(good);
    free(bad);
  }
  keyset_free(keys);
  EVP_PKEY_free(key);
}

UNIT_MAIN({"16 KiB verify by every algorithm", sixteen_kibibytes_verify_by_every_algorithm},
          {"ML-DSA verifies", ml_dsa_verifies}, {"ML-DSA has an empty context", ml_dsa_has_an_empty_context},
          {"ML-DSA is refused where OpenSSL lacks it", ml_dsa_is_refused_where_openssl_lacks_it},
          {"a key may serve two algorithms in turn", a_key_may_serve_two_algorithms_in_turn})
