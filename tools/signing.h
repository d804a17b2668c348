/* Signing for the local issuer of `jwtctl dev`. Nothing that decides about a login signs, so none of this is in a
 * library. */
#ifndef JWT_LOGIN_SIGNING_H
#define JWT_LOGIN_SIGNING_H

#include <jansson.h>
#include <stdbool.h>

/* Every algorithm that can sign, in one text for messages. */
const char *signing_algorithms(void);

bool signing_algorithm_known(const char *alg);

/*
 * A new key for `alg` as a private JWK with kid (NULL: its RFC 7638 thumbprint), alg and use. NULL when OpenSSL does
 * not make one on this host.
 */
json_t *signing_key_new(const char *alg, const char *kid);

/* A copy without the private members. */
json_t *signing_key_public(const json_t *jwk);

/* Why this is not a private JWK that can sign, NULL when it is one as far as its JSON says. */
const char *signing_key_wrong(const json_t *jwk);

/* The compact JWS over these claims with the key's alg and kid, and this typ; malloc'd, to be erased. NULL when OpenSSL
 * refuses the key. */
char *sign_token(const json_t *jwk, const char *type, const json_t *claims);

#endif
