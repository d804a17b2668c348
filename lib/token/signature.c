#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "algorithms.h"
#include "compiler.h"

static void context_free(EVP_MD_CTX **context) {
  EVP_MD_CTX_free(*context);
}

void verifier_clear(struct verifier *verifier) {
  EVP_MD_CTX_free(verifier->ready);
  EVP_PKEY_free(verifier->key);
  *verifier = (struct verifier){0};
}

/* ---- ECDSA's two forms ---- */

#define NUMBER_MAX 66                          /* bytes of r or s: P-521 */
#define DER_MAX (3 + 2 * (2 + 1 + NUMBER_MAX)) /* two INTEGERs in a SEQUENCE */

/* An unsigned number as an INTEGER (X.690 section 8.3): as short as can be, with a zero in front of a top bit. */
static unsigned char *put_integer(unsigned char *out, const unsigned char *number, size_t size) {
  for (; size > 1 && number[0] == 0; size--)
    number++;
  size_t zero = number[0] >> 7;
  *out++ = 0x02;
  *out++ = (unsigned char)(zero + size);
  if (zero > 0) *out++ = 0;
  return mempcpy(out, number, size);
}

/* RFC 7518 section 3.4: r and s side by side, each of the curve's size; OpenSSL wants them in DER. Returns its size.
 * That r and s are in 1..n-1 is what OpenSSL checks first. */
static size_t ecdsa_to_der(const unsigned char *signature, size_t size, unsigned char *ret) {
  unsigned char numbers[DER_MAX];
  unsigned char *end = put_integer(numbers, signature, size / 2);
  end = put_integer(end, signature + size / 2, size / 2);
  size_t numbers_size = (size_t)(end - numbers);
  unsigned char *out = ret;
  *out++ = 0x30;
  if (numbers_size > 127) *out++ = 0x81; /* X.690 section 8.1.3.5 */
  *out++ = (unsigned char)numbers_size;
  out = mempcpy(out, numbers, numbers_size);
  return (size_t)(out - ret);
}

/* ---- verifying ---- */

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

static bool make_ready(struct verifier *verifier, const struct algorithm *algorithm) {
  if (verifier->algorithm == algorithm) return true;
  CLEANUP(context_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_PKEY_CTX *key_context; /* belongs to context */
  if (context == NULL ||
      EVP_DigestVerifyInit_ex(context, &key_context, algorithm->digest, NULL, NULL, verifier->key, NULL) != 1 ||
      !set_padding(algorithm, key_context))
    return false;
  EVP_MD_CTX_free(verifier->ready);
  verifier->ready = context;
  verifier->algorithm = algorithm;
  context = NULL;
  return true;
}

static bool openssl_verifies(struct verifier *verifier, const struct algorithm *algorithm, const char *signed_text,
                             size_t signed_size, const unsigned char *signature, size_t signature_size) {
  CLEANUP(context_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (context == NULL || !make_ready(verifier, algorithm) || EVP_MD_CTX_copy_ex(context, verifier->ready) != 1)
    return false;
  EVP_MD_CTX_set_flags(context, EVP_MD_CTX_FLAG_FINALISE); /* nothing more will be hashed: no second copy for that */
  return EVP_DigestVerify(context, signature, signature_size, (const unsigned char *)signed_text, signed_size) == 1;
}

bool signature_is_valid(struct verifier *verifier, const struct algorithm *algorithm, const char *signed_text,
                        size_t signed_size, const unsigned char *signature, size_t signature_size) {
  unsigned char der[DER_MAX];
  if (signature_size == 0 || signature_size != signature_size_of(algorithm, verifier->key)) return false;
  if (algorithm->kind == SIGNATURE_ECDSA) {
    signature_size = ecdsa_to_der(signature, signature_size, der);
    signature = der;
  }
  bool valid = openssl_verifies(verifier, algorithm, signed_text, signed_size, signature, signature_size);
  if (!valid) ERR_clear_error();
  return valid;
}
