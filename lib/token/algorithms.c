#include "algorithms.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <strings.h>

#include "token.h"

/* clang-format off */
#define ALGORITHMS(X) \
  X("RS256",   "RSA", NULL,      "SHA256", SIGNATURE_PKCS1) \
  X("RS384",   "RSA", NULL,      "SHA384", SIGNATURE_PKCS1) \
  X("RS512",   "RSA", NULL,      "SHA512", SIGNATURE_PKCS1) \
  X("PS256",   "RSA", NULL,      "SHA256", SIGNATURE_PSS) \
  X("PS384",   "RSA", NULL,      "SHA384", SIGNATURE_PSS) \
  X("PS512",   "RSA", NULL,      "SHA512", SIGNATURE_PSS) \
  X("ES256",   "EC",  "P-256",   "SHA256", SIGNATURE_ECDSA) \
  X("ES384",   "EC",  "P-384",   "SHA384", SIGNATURE_ECDSA) \
  X("ES512",   "EC",  "P-521",   "SHA512", SIGNATURE_ECDSA) \
  X("EdDSA",   "OKP", NULL,      NULL,     SIGNATURE_EDDSA) \
  X("Ed25519", "OKP", "Ed25519", NULL,     SIGNATURE_EDDSA) \
  X("Ed448",   "OKP", "Ed448",   NULL,     SIGNATURE_EDDSA) \
  X("ML-DSA-44", "AKP", NULL,    NULL,     SIGNATURE_ML_DSA) \
  X("ML-DSA-65", "AKP", NULL,    NULL,     SIGNATURE_ML_DSA) \
  X("ML-DSA-87", "AKP", NULL,    NULL,     SIGNATURE_ML_DSA)
/* RFC 9864 gives JOSE Ed25519 and Ed448 alone: ESP256 and its kin are names of COSE, for JOSE's ES256 has its curve in
 * its name already. */

static const struct curve curves[] = {
  {"P-256",     "EC",  "P-256",     32},
  {"P-384",     "EC",  "P-384",     48},
  {"P-521",     "EC",  "P-521",     66},
  {"Ed25519",   "OKP", "ED25519",   32},
  {"Ed448",     "OKP", "ED448",     57},
  {"ML-DSA-44", "AKP", "ML-DSA-44", 1312}, /* FIPS 204 section 4, table 2 */
  {"ML-DSA-65", "AKP", "ML-DSA-65", 1952},
  {"ML-DSA-87", "AKP", "ML-DSA-87", 2592},
};
/* clang-format on */

#define ALGORITHM_ROW(name, kty, crv, digest, kind) {name, kty, crv, digest, kind},
static const struct algorithm algorithms[] = {ALGORITHMS(ALGORITHM_ROW)};

#define ALGORITHM_NAME(name, kty, crv, digest, kind) name,
static const char *const algorithm_names[] = {ALGORITHMS(ALGORITHM_NAME) NULL};

const char *const *token_algorithms_all(void) {
  return algorithm_names;
}

const struct curve *curve_find(const char *kty, const char *crv) {
  for (size_t i = 0; i < COUNT_OF(curves); i++) {
    if (strcmp(curves[i].kty, kty) == 0 && strcmp(curves[i].crv, crv) == 0) return &curves[i];
  }
  return NULL;
}

bool key_type_known(const char *kty) {
  for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
    if (strcmp(algorithms[i].kty, kty) == 0) return true;
  }
  return false;
}

/* ---- what OpenSSL offers, fetched once and held for good ---- */

static const char *const digest_names[] = {"SHA256", "SHA384", "SHA512"};
static const char *const key_type_names[] = {"RSA", "EC", "ED25519", "ED448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"};
static const char *const signature_names[] = {"RSA",       "ECDSA",     "ED25519",  "ED448",
                                              "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"};

static EVP_MD *digests[COUNT_OF(digest_names)];
static EVP_KEYMGMT *key_types[COUNT_OF(key_type_names)];
static EVP_SIGNATURE *signatures[COUNT_OF(signature_names)];
static bool offered[COUNT_OF(algorithms)];

static bool has_digest(const char *name) {
  for (size_t i = 0; i < COUNT_OF(digests); i++) {
    if (strcmp(digest_names[i], name) == 0) return digests[i] != NULL;
  }
  return false;
}

static bool has_signature(const char *name) {
  for (size_t i = 0; i < COUNT_OF(signatures); i++) {
    if (strcasecmp(signature_names[i], name) == 0) return key_types[i] != NULL && signatures[i] != NULL;
  }
  return false;
}

/* By which name OpenSSL knows the scheme; an algorithm of two curves is there where one of them is. */
static bool is_offered(const struct algorithm *algorithm) {
  switch (algorithm->kind) {
  case SIGNATURE_PKCS1:
  case SIGNATURE_PSS:
    return has_signature("RSA") && has_digest(algorithm->digest);
  case SIGNATURE_ECDSA:
    return has_signature("ECDSA") && has_digest(algorithm->digest);
  case SIGNATURE_EDDSA:
    return algorithm->crv != NULL ? has_signature(algorithm->crv) : has_signature("ED25519") || has_signature("ED448");
  case SIGNATURE_ML_DSA:
    return has_signature(algorithm->name);
  }
  return false;
}

/*
 * The host's configuration is all that is wanted of OpenSSL's start. Its error texts, the lists of names for callers
 * that do not fetch, and seeding a generator that no verification asks for (it could still seed itself in the sandbox)
 * would be two thirds of what the judge does. Nor is there anything to tidy up at exit.
 */
static bool start_openssl(void) {
  const uint64_t options = OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
                           OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS | OPENSSL_INIT_NO_ATEXIT;
  return OPENSSL_init_crypto(options, NULL) == 1;
}

enum reason token_prepare(void) {
  json_object_seed(0); /* else jansson opens /dev/urandom at the first object */
  if (!start_openssl()) return REASON_INTERNAL;

  for (size_t i = 0; i < COUNT_OF(digests); i++) {
    if (digests[i] == NULL) digests[i] = EVP_MD_fetch(NULL, digest_names[i], NULL);
  }
  for (size_t i = 0; i < COUNT_OF(signatures); i++) {
    if (key_types[i] == NULL) key_types[i] = EVP_KEYMGMT_fetch(NULL, key_type_names[i], NULL);
    if (signatures[i] == NULL) signatures[i] = EVP_SIGNATURE_fetch(NULL, signature_names[i], NULL);
  }
  ERR_clear_error();
  bool any = false;
  for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
    offered[i] = is_offered(&algorithms[i]);
    any = any || offered[i];
  }
  return any ? REASON_OK : REASON_INTERNAL;
}

const struct algorithm *algorithm_find(const char *name) {
  for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
    if (strcmp(algorithms[i].name, name) == 0) return offered[i] ? &algorithms[i] : NULL;
  }
  return NULL;
}

bool token_algorithm_known(const char *name) {
  return name != NULL && algorithm_find(name) != NULL;
}
