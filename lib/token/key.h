/* One JWK (RFC 7517 section 4): whether it may verify, and the key that OpenSSL takes. */
#ifndef JWT_LOGIN_KEY_H
#define JWT_LOGIN_KEY_H

#include <jansson.h>
#include <openssl/evp.h>

#include "algorithms.h"

/* For CLEANUP. */
void pkey_clear(EVP_PKEY **key);

/* A string member, or NULL when it is absent or no string. */
const char *jwk_string(const json_t *jwk, const char *member);

/* Why no token can be verified with this key, as far as its JSON says; NULL when nothing speaks against it. */
const char *jwk_unusable(const json_t *jwk);

/* Why this key, which is not unusable, does not serve `algorithm`; NULL when it does. */
const char *jwk_unfit(const json_t *jwk, const struct algorithm *algorithm);

/* Make the key and check its numbers: NULL and *ret (the caller's), or why that cannot be. */
const char *jwk_build(const json_t *jwk, EVP_PKEY **ret);

#endif
