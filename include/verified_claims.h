/* Claims that token_verify has vouched for. There is no other way to make one. */
#ifndef JWT_LOGIN_VERIFIED_CLAIMS_H
#define JWT_LOGIN_VERIFIED_CLAIMS_H

#include <jansson.h>
#include <stdint.h>

struct verified_claims;

void verified_claims_free(struct verified_claims *claims);

/*
 * Find a claim. `name` is a top-level name taken literally ("cognito:groups", "https://ns/roles"), or a JSON
 * Pointer (RFC 6901) when it starts with '/'; "" is the whole object. Explicit null is absent.
 * Returns a borrowed value that lives as long as `claims`, or NULL. A pointer that is not well formed finds nothing.
 */
const json_t *verified_claims_find(const struct verified_claims *claims, const char *name);

/* iss, sub, jti: NULL when absent. exp: always there. iat: 0 when absent. Strings belong to `claims`. */
const char *verified_claims_issuer(const struct verified_claims *claims);
const char *verified_claims_subject(const struct verified_claims *claims);
const char *verified_claims_token_id(const struct verified_claims *claims);

/* The RFC 7638 thumbprint of the key that the token is bound to (cnf) and that was proved; NULL for a token without
 * cnf. It belongs to `claims`. */
const char *verified_claims_proof(const struct verified_claims *claims);

#define ACTORS_SIZE 512

/*
 * Who acts for the subject (act, RFC 8693 section 4.1), the present actor first, then those it acts for: `ACTOR,ACTOR`
 * in printable ASCII, each its sub, or its iss, a blank and its sub; `?` for one that has none. In them a blank, a
 * comma and whatever is not printable stand as %XX. A longer text ends in `...`; "" when there is no actor.
 */
void verified_claims_actors(const struct verified_claims *claims, char ret[ACTORS_SIZE]);

int64_t verified_claims_expiry(const struct verified_claims *claims);
int64_t verified_claims_issued_at(const struct verified_claims *claims);

/* kid (NULL when absent) and alg of the header that was verified. They belong to `claims`. */
const char *verified_claims_kid(const struct verified_claims *claims);
const char *verified_claims_alg(const struct verified_claims *claims);

#endif
