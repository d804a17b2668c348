#include "key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

#include "base64url.h"

static const char not_built[] = "OpenSSL does not take it, or does not offer its kind on this host";

static const char *string_of(const json_t *json, const char *member) {
  return json_string_value(json_object_get(json, member));
}

struct jwk jwk_read(const json_t *json) {
  return (struct jwk){.json = json,
                      .kid = string_of(json, "kid"),
                      .kty = string_of(json, "kty"),
                      .crv = string_of(json, "crv"),
                      .alg = string_of(json, "alg"),
                      .use = string_of(json, "use")};
}

/* Whether a member that was read as no string is there all the same. */
static bool is_other(const struct jwk *jwk, const char *member, const char *read) {
  return read == NULL && json_object_get(jwk->json, member) != NULL;
}

/* RFC 7517 section 4.2. */
static bool use_allows(const char *use) {
  return use == NULL || strcmp(use, "sig") == 0 || strcmp(use, USE_JWT_SVID) == 0;
}

/* RFC 7517 section 4.3. */
static bool key_ops_allow(const json_t *operations) {
  if (operations == NULL) return true;
  bool found = false;
  size_t i;
  const json_t *operation;
  if (!json_is_array(operations)) return false;
  json_array_foreach(operations, i, operation) {
    if (!json_is_string(operation)) return false;
    found = found || strcmp(json_string_value(operation), "verify") == 0;
  }
  return found;
}

/* RFC 7518 section 6.2.1.1, RFC 8037 section 2. */
static const char *curve_unusable(const struct jwk *jwk) {
  bool needs_none = strcmp(jwk->kty, "RSA") == 0 || strcmp(jwk->kty, "AKP") == 0;
  if (needs_none || (jwk->crv != NULL && curve_find(jwk->kty, jwk->crv) != NULL)) return NULL;
  return "its crv is not one of P-256, P-384, P-521, Ed25519, Ed448 for its kty";
}

/* RFC 7517 section 4.4; RFC 9964: an AKP key must say it. */
static const char *alg_unusable(const struct jwk *jwk) {
  if (jwk->alg == NULL) return strcmp(jwk->kty, "AKP") == 0 ? "it has no alg, which a key of kty AKP must have" : NULL;
  const struct algorithm *algorithm = algorithm_find(jwk->alg);
  return algorithm == NULL ? "its alg is not one that is verified here" : jwk_unfit(jwk, algorithm);
}

const char *jwk_unusable(const struct jwk *jwk) {
  if (is_other(jwk, "kid", jwk->kid) || is_other(jwk, "kty", jwk->kty) || is_other(jwk, "crv", jwk->crv) ||
      is_other(jwk, "alg", jwk->alg) || is_other(jwk, "use", jwk->use))
    return "kid, kty, crv, alg or use is not a string";
  if (jwk->kty == NULL) return "it has no kty";
  if (strcmp(jwk->kty, "oct") == 0) return "it is a shared secret, which is never used here";
  if (!key_type_known(jwk->kty)) return "its kty is not RSA, EC, OKP or AKP";
  if (json_object_get(jwk->json, "d") != NULL || json_object_get(jwk->json, "priv") != NULL)
    return "it holds the private key, so it proves nothing: replace the key";
  const char *why = curve_unusable(jwk);
  if (why != NULL) return why;
  if (!use_allows(jwk->use)) return "its use is not sig";
  if (!key_ops_allow(json_object_get(jwk->json, "key_ops"))) return "its key_ops do not hold verify";
  return alg_unusable(jwk);
}

const char *jwk_unfit(const struct jwk *jwk, const struct algorithm *algorithm) {
  if (strcmp(jwk->kty, algorithm->kty) != 0) return "its kty is not that of the algorithm";
  if (algorithm->crv != NULL && strcmp(jwk->crv, algorithm->crv) != 0) return "its crv is not that of the algorithm";
  if (jwk->alg != NULL && strcmp(jwk->alg, algorithm->name) != 0) return "its alg is another one";
  return NULL;
}

/* ---- building ---- */

static void params_free(OSSL_PARAM **params) {
  OSSL_PARAM_free(*params);
}

static void builder_free(OSSL_PARAM_BLD **builder) {
  OSSL_PARAM_BLD_free(*builder);
}

static void number_free(BIGNUM **number) {
  BN_free(*number);
}

static void pkey_context_free(EVP_PKEY_CTX **context) {
  EVP_PKEY_CTX_free(*context);
}

static bool jwk_bytes(const struct jwk *jwk, const char *member, struct bytes *ret) {
  const char *text = string_of(jwk->json, member);
  return text != NULL && base64url_decode(text, strlen(text), ret) == REASON_OK;
}

/* RFC 7518 section 2, Base64urlUInt; a zero byte in front is harmless and seen in the wild. */
static BIGNUM *jwk_number(const struct jwk *jwk, const char *member) {
  CLEANUP(bytes_clear) struct bytes bytes = {0};
  if (!jwk_bytes(jwk, member, &bytes) || bytes.size == 0 || bytes.size > RSA_BITS_MAX / 8 + 1) return NULL;
  return BN_bin2bn(bytes.data, (int)bytes.size, NULL);
}

static EVP_PKEY *key_from(const char *kind, OSSL_PARAM_BLD *builder) {
  EVP_PKEY *key = NULL;
  CLEANUP(params_free) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
  CLEANUP(pkey_context_free) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
  if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
      EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
    return NULL;
  return key;
}

/* RFC 7518 section 6.3.1 and 3.3 (at least 2048 bits); e as FIPS 186-5 section 5.1 has it, and small enough to be
 * quick. */
static const char *rsa_build(const struct jwk *jwk, EVP_PKEY **ret) {
  CLEANUP(number_free) BIGNUM *n = jwk_number(jwk, "n");
  CLEANUP(number_free) BIGNUM *e = jwk_number(jwk, "e");
  if (n == NULL || e == NULL) return "its n or e is missing or not base64url";
  if (BN_num_bits(n) < RSA_BITS_MIN) return "its modulus has fewer than 2048 bits";
  if (BN_num_bits(n) > RSA_BITS_MAX) return "its modulus has more than 8192 bits";
  if (!BN_is_odd(n)) return "its modulus is even";
  if (!BN_is_odd(e) || BN_num_bits(e) < 17 || BN_num_bits(e) > 64)
    return "its exponent is even, below 65537 or longer than 64 bits";
  CLEANUP(builder_free) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  if (builder == NULL || !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) ||
      !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
    return not_built;
  *ret = key_from("RSA", builder);
  return *ret != NULL ? NULL : not_built;
}

/* RFC 7518 section 6.2.1: both coordinates in full length. OpenSSL refuses a point that is not on the curve. */
static const char *ec_build(const struct jwk *jwk, const struct curve *curve, EVP_PKEY **ret) {
  CLEANUP(bytes_clear) struct bytes x = {0};
  CLEANUP(bytes_clear) struct bytes y = {0};
  if (!jwk_bytes(jwk, "x", &x) || !jwk_bytes(jwk, "y", &y)) return "its x or y is missing or not base64url";
  if (x.size != curve->size || y.size != curve->size) return "its x or y has not the size of its curve";
  unsigned char point[1 + 2 * 66] = {4}; /* SEC 1 section 2.3.3, uncompressed */
  memcpy(point + 1, x.data, x.size);
  memcpy(point + 1 + x.size, y.data, y.size);
  CLEANUP(builder_free) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  if (builder == NULL ||
      !OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve->openssl_name, 0) ||
      !OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * curve->size))
    return not_built;
  *ret = key_from("EC", builder);
  return *ret != NULL ? NULL : "its point is not on its curve";
}

/* RFC 8037 section 2, RFC 9964: a public key as its own specification writes it. */
static const char *raw_build(const struct jwk *jwk, const char *member, const struct curve *curve, EVP_PKEY **ret) {
  CLEANUP(bytes_clear) struct bytes bytes = {0};
  if (!jwk_bytes(jwk, member, &bytes)) return "its x or pub is missing or not base64url";
  if (bytes.size != curve->size) return "its x or pub has not the size of its curve or alg";
  *ret = EVP_PKEY_new_raw_public_key_ex(NULL, curve->openssl_name, NULL, bytes.data, bytes.size);
  return *ret != NULL ? NULL : not_built;
}

static const char *build(const struct jwk *jwk, EVP_PKEY **ret) {
  if (strcmp(jwk->kty, "RSA") == 0) return rsa_build(jwk, ret);
  if (strcmp(jwk->kty, "AKP") == 0) return raw_build(jwk, "pub", curve_find(jwk->kty, jwk->alg), ret);
  const struct curve *curve = curve_find(jwk->kty, jwk->crv);
  return strcmp(jwk->kty, "EC") == 0 ? ec_build(jwk, curve, ret) : raw_build(jwk, "x", curve, ret);
}

const char *jwk_build(const struct jwk *jwk, EVP_PKEY **ret) {
  const char *why = build(jwk, ret);
  ERR_clear_error();
  return why;
}
