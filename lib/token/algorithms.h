/* Signature algorithms and curves: two tables, from which everything else follows. Only asymmetric ones exist. */
#ifndef JWT_LOGIN_ALGORITHMS_H
#define JWT_LOGIN_ALGORITHMS_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

enum signature_kind { SIGNATURE_PKCS1, SIGNATURE_PSS, SIGNATURE_ECDSA, SIGNATURE_EDDSA, SIGNATURE_ML_DSA };

struct algorithm {
  const char *name; /* alg (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2, RFC 9964) */
  const char *kty;
  const char *crv;    /* NULL: any of the key type's */
  const char *digest; /* NULL: part of the signature scheme */
  enum signature_kind kind;
};

struct curve {
  const char *crv; /* RFC 7518 section 6.2.1.1, RFC 8037 section 2; for AKP keys their alg, RFC 9964 */
  const char *kty;
  const char *openssl_name;
  size_t size; /* bytes of a coordinate or public key */
};

/* NULL for a name that is not in the table, or that OpenSSL does not offer on this host. */
const struct algorithm *algorithm_find(const char *name);

/* NULL for a name that is not in the table. */
const struct curve *curve_find(const char *kty, const char *crv);

/* Whether some algorithm takes keys of this kind. */
bool key_type_known(const char *kty);

/* A key, and a context that is ready to verify with it, of which each verification takes a copy. */
struct verifier {
  EVP_PKEY *key;
  EVP_MD_CTX *ready;                 /* NULL: not made yet */
  const struct algorithm *algorithm; /* that it is ready for */
};

void verifier_clear(struct verifier *verifier);

/* Whether the verifier's key made this signature over these bytes. It suits `algorithm`: see jwk_unfit. */
bool signature_is_valid(struct verifier *verifier, const struct algorithm *algorithm, const char *signed_text,
                        size_t signed_size, const unsigned char *signature, size_t signature_size);

#endif
