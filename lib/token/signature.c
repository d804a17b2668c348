#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "algorithms.h"
#include "compiler.h"

static void context_free(EVP_MD_CTX **context) {
  EVP_MD_CTX_free(*context);
}

static void der_free(unsigned char **der) {
  OPENSSL_free(*der);
}

static void ecdsa_free(ECDSA_SIG **signature) {
  ECDSA_SIG_free(*signature);
}

/* RFC 7518 section 3.4: r and s side by side, each of the curve's size; OpenSSL wants them in DER. Returns its size, or
 * -1. That r and s are in 1..n-1 is what OpenSSL checks first. */
static int ecdsa_to_der(const unsigned char *signature, size_t size, unsigned char **ret) {
  CLEANUP(ecdsa_free) ECDSA_SIG *pair = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(signature, (int)(size / 2), NULL);
  BIGNUM *s = BN_bin2bn(signature + size / 2, (int)(size / 2), NULL);
  if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return -1;
  }
  return i2d_ECDSA_SIG(pair, ret);
}

/* The one size a signature by this key may have. */
static size_t signature_size_of(const struct algorithm *algorithm, const EVP_PKEY *key) {
  if (algorithm->kind == SIGNATURE_ECDSA) return 2 * (((size_t)EVP_PKEY_get_bits(key) + 7) / 8);
  return (size_t)EVP_PKEY_get_size(key);
}

static bool set_padding(const struct algorithm *algorithm, EVP_PKEY_CTX *context) {
  switch (algorithm->kind) {
  case SIGNATURE_PKCS1: /* RFC 7518 section 3.3 */
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  case SIGNATURE_PSS: /* RFC 7518 section 3.5: the salt has exactly the digest's size, MGF1 uses the same digest */
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
  case SIGNATURE_ECDSA:
  case SIGNATURE_EDDSA:
  case SIGNATURE_ML_DSA: /* RFC 9964: ML-DSA as such, with an empty context, which is what OpenSSL does unless told */
    return true;
  }
  return false;
}

static bool openssl_verifies(const struct algorithm *algorithm, EVP_PKEY *key, const char *signed_text,
                             size_t signed_size, const unsigned char *signature, size_t signature_size) {
  CLEANUP(context_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_PKEY_CTX *key_context; /* belongs to context */
  return context != NULL &&
         EVP_DigestVerifyInit_ex(context, &key_context, algorithm->digest, NULL, NULL, key, NULL) == 1 &&
         set_padding(algorithm, key_context) &&
         EVP_DigestVerify(context, signature, signature_size, (const unsigned char *)signed_text, signed_size) == 1;
}

bool signature_is_valid(const struct algorithm *algorithm, EVP_PKEY *key, const char *signed_text, size_t signed_size,
                        const unsigned char *signature, size_t signature_size) {
  if (signature_size == 0 || signature_size != signature_size_of(algorithm, key)) return false;
  bool valid;
  if (algorithm->kind == SIGNATURE_ECDSA) {
    CLEANUP(der_free) unsigned char *der = NULL;
    int der_size = ecdsa_to_der(signature, signature_size, &der);
    valid = der_size > 0 && openssl_verifies(algorithm, key, signed_text, signed_size, der, (size_t)der_size);
  } else {
    valid = openssl_verifies(algorithm, key, signed_text, signed_size, signature, signature_size);
  }
  ERR_clear_error();
  return valid;
}
