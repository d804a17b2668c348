#include "key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

#include "base64url.h"

static const char not_built[] = "OpenSSL does not take it, or does not offer its kind on this host";

void pkey_clear(EVP_PKEY **key) {
  EVP_PKEY_free(*key);
  *key = NULL;
}

const char *jwk_string(const json_t *jwk, const char *member) {
  return json_string_value(json_object_get(jwk, member));
}

static bool is_absent_or_string(const json_t *jwk, const char *member) {
  const json_t *value = json_object_get(jwk, member);
  return value == NULL || json_is_string(value);
}

/* RFC 7517 section 4.2; SPIFFE says jwt-svid for what others call sig. */
static bool use_allows(const char *use) {
  return use == NULL || strcmp(use, "sig") == 0 || strcmp(use, "jwt-svid") == 0;
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

const char *jwk_unusable(const json_t *jwk) {
  static const char *const strings[] = {"kid", "kty", "crv", "alg", "use"};
  for (size_t i = 0; i < COUNT_OF(strings); i++) {
    if (!is_absent_or_string(jwk, strings[i])) return "kid, kty, crv, alg or use is not a string";
  }
  const char *kty = jwk_string(jwk, "kty"), *crv = jwk_string(jwk, "crv"), *alg = jwk_string(jwk, "alg");
  if (kty == NULL) return "it has no kty";
  if (strcmp(kty, "oct") == 0) return "it is a shared secret, which is never used here";
  if (!key_type_known(kty)) return "its kty is not RSA, EC or OKP";
  if (json_object_get(jwk, "d") != NULL) return "it holds the private key, so it proves nothing: replace the key";
  if (strcmp(kty, "RSA") != 0 && (crv == NULL || curve_find(kty, crv) == NULL))
    return "its crv is not one of P-256, P-384, P-521, Ed25519, Ed448 for its kty";
  if (!use_allows(jwk_string(jwk, "use"))) return "its use is not sig";
  if (!key_ops_allow(json_object_get(jwk, "key_ops"))) return "its key_ops do not hold verify";
  if (alg == NULL) return NULL;
  const struct algorithm *algorithm = algorithm_find(alg);
  return algorithm == NULL ? "its alg is not one that is verified here" : jwk_unfit(jwk, algorithm);
}

const char *jwk_unfit(const json_t *jwk, const struct algorithm *algorithm) {
  const char *crv = jwk_string(jwk, "crv"), *alg = jwk_string(jwk, "alg");
  if (strcmp(jwk_string(jwk, "kty"), algorithm->kty) != 0) return "its kty is not that of the algorithm";
  if (algorithm->crv != NULL && strcmp(crv, algorithm->crv) != 0) return "its crv is not that of the algorithm";
  if (alg != NULL && strcmp(alg, algorithm->name) != 0) return "its alg is another one";
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

static bool jwk_bytes(const json_t *jwk, const char *member, struct bytes *ret) {
  const char *text = jwk_string(jwk, member);
  return text != NULL && base64url_decode(text, strlen(text), ret) == REASON_OK;
}

/* RFC 7518 section 2, Base64urlUInt; a zero byte in front is harmless and seen in the wild. */
static BIGNUM *jwk_number(const json_t *jwk, const char *member) {
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
static const char *rsa_build(const json_t *jwk, EVP_PKEY **ret) {
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
static const char *ec_build(const json_t *jwk, const struct curve *curve, EVP_PKEY **ret) {
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

/* RFC 8037 section 2. */
static const char *okp_build(const json_t *jwk, const struct curve *curve, EVP_PKEY **ret) {
  CLEANUP(bytes_clear) struct bytes x = {0};
  if (!jwk_bytes(jwk, "x", &x)) return "its x is missing or not base64url";
  if (x.size != curve->size) return "its x has not the size of its curve";
  *ret = EVP_PKEY_new_raw_public_key_ex(NULL, curve->openssl_name, NULL, x.data, x.size);
  return *ret != NULL ? NULL : not_built;
}

const char *jwk_build(const json_t *jwk, EVP_PKEY **ret) {
  const char *why = jwk_unusable(jwk);
  if (why != NULL) return why;
  const char *kty = jwk_string(jwk, "kty");
  if (strcmp(kty, "RSA") == 0) {
    why = rsa_build(jwk, ret);
  } else {
    const struct curve *curve = curve_find(kty, jwk_string(jwk, "crv"));
    why = strcmp(kty, "EC") == 0 ? ec_build(jwk, curve, ret) : okp_build(jwk, curve, ret);
  }
  ERR_clear_error();
  return why;
}
