/* One JWK (RFC 7517 section 4): whether it may verify, and the key that OpenSSL takes. */
#ifndef JWT_LOGIN_KEY_H
#define JWT_LOGIN_KEY_H

#include <jansson.h>
#include <openssl/evp.h>

#include "algorithms.h"

/* Its members of use here, NULL when absent or no string; they belong to the JSON. */
struct jwk {
  const json_t *json;
  const char *kid, *kty, *crv, *alg, *use;
};

#define USE_JWT_SVID "jwt-svid" /* what SPIFFE says for sig */

struct jwk jwk_read(const json_t *json);

/* Why no token can be verified with this key, as far as its JSON says; NULL when nothing speaks against it. */
const char *jwk_unusable(const struct jwk *jwk);

/* Why this key, which is not unusable, does not serve `algorithm`; NULL when it does. */
const char *jwk_unfit(const struct jwk *jwk, const struct algorithm *algorithm);

/* Make a key that is not unusable and check its numbers: NULL and *ret (the caller's), or why that cannot be. */
const char *jwk_build(const struct jwk *jwk, EVP_PKEY **ret);

#endif
