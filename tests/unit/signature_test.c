/* The schemes themselves, under keys made here: what a signature may be besides right. */
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "algorithms.h"
#include "token.h"
#include "unit.h"

static const char text[] = "header.payload";

/* `salt` -2: PKCS #1 v1.5. Returns the size. */
static size_t sign(EVP_PKEY *key, const char *digest, int salt, unsigned char *signature, size_t size) {
  EVP_PKEY_CTX *key_context;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  CHECK(EVP_DigestSignInit_ex(context, &key_context, digest, NULL, NULL, key, NULL) == 1);
  if (salt != -2) {
    CHECK(EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, salt) == 1);
  }
  CHECK(EVP_DigestSign(context, signature, &size, (const unsigned char *)text, strlen(text)) == 1);
  EVP_MD_CTX_free(context);
  return size;
}

static bool verifies(const char *alg, EVP_PKEY *key, const unsigned char *signature, size_t size) {
  CHECK_REASON(token_prepare(), REASON_OK);
  struct verifier verifier = {.key = key};
  EVP_PKEY_up_ref(key);
  bool valid = signature_is_valid(&verifier, algorithm_find(alg), text, strlen(text), signature, size);
  verifier_clear(&verifier);
  return valid;
}

static void rsa(void) {
  unsigned char signature[257] = {0};
  EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
  static const struct {
    const char *digest;
    int salt;
    const char *valid_for; /* NULL: none */
  } cases[] = {
      {"SHA256", -2, "RS256"}, {"SHA384", -2, "RS384"}, {"SHA512", -2, "RS512"}, {"SHA256", 32, "PS256"},
      {"SHA384", 48, "PS384"}, {"SHA512", 64, "PS512"}, {"SHA256", 0, NULL},     {"SHA256", 31, NULL},
      {"SHA256", 33, NULL},    {"SHA256", 222, NULL},   {"SHA384", 32, NULL},    {"SHA512", 0, NULL},
  };
  static const char *const algorithms[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    CHECK_INT(sign(key, cases[i].digest, cases[i].salt, signature, 256), 256);
    for (size_t j = 0; j < COUNT_OF(algorithms); j++) {
      bool wanted = cases[i].valid_for != NULL && strcmp(cases[i].valid_for, algorithms[j]) == 0;
      CHECK(verifies(algorithms[j], key, signature, 256) == wanted);
      CHECK(!verifies(algorithms[j], key, signature, 255));
      CHECK(!verifies(algorithms[j], key, signature, 257));
      CHECK(!verifies(algorithms[j], key, signature, 0));
    }
  }
  EVP_PKEY_free(key);
}

/* r and s side by side, each with `size` bytes. */
static void flatten(const unsigned char *der, size_t der_size, int size, unsigned char *flat) {
  ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)der_size);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(pair), flat, size) == size);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(pair), flat + size, size) == size);
  ECDSA_SIG_free(pair);
}

static void check_ecdsa(const char *alg, const char *curve, const char *digest, int size) {
  unsigned char der[256], flat[2 * 67], zeros[2 * 67] = {0};
  EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
  size_t der_size = sign(key, digest, -2, der, sizeof der);
  flatten(der, der_size, size, flat);
  CHECK(verifies(alg, key, flat, 2 * (size_t)size));
  CHECK(!verifies(alg, key, der, der_size));
  CHECK(!verifies(alg, key, flat, 2 * (size_t)size - 1));
  CHECK(!verifies(alg, key, flat, 0));
  CHECK(!verifies(alg, key, zeros, 2 * (size_t)size));

  /* s = 0, and r or s not below the order */
  memcpy(zeros, flat, (size_t)size);
  CHECK(!verifies(alg, key, zeros, 2 * (size_t)size));
  memset(zeros, 0xff, sizeof zeros);
  CHECK(!verifies(alg, key, zeros, 2 * (size_t)size));

  /* the same numbers, each with a zero byte more */
  flatten(der, der_size, size + 1, flat);
  CHECK(!verifies(alg, key, flat, 2 * (size_t)(size + 1)));
  EVP_PKEY_free(key);
}

static void ecdsa(void) {
  check_ecdsa("ES256", "P-256", "SHA256", 32);
  check_ecdsa("ES384", "P-384", "SHA384", 48);
  check_ecdsa("ES512", "P-521", "SHA512", 66);
}

static void check_eddsa(const char *alg, const char *kind, size_t size) {
  unsigned char signature[116] = {0};
  EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
  CHECK_INT(sign(key, NULL, -2, signature, sizeof signature), size);
  CHECK(verifies("EdDSA", key, signature, size));
  CHECK(verifies(alg, key, signature, size));
  CHECK(!verifies(alg, key, signature, size - 1));
  CHECK(!verifies(alg, key, signature, size + 1));
  signature[size - 1] ^= 0x80; /* s beyond the order */
  CHECK(!verifies(alg, key, signature, size));
  EVP_PKEY_free(key);
}

static void eddsa(void) {
  check_eddsa("Ed25519", "ED25519", 64);
  check_eddsa("Ed448", "ED448", 114);
}

UNIT_MAIN({"RSA", rsa}, {"ECDSA", ecdsa}, {"EdDSA", eddsa})
