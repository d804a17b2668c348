/* The claims set (RFC 7519 section 4): the types its registered claims must have, and what an issuer's section asks. */
#ifndef JWT_LOGIN_CLAIMS_H
#define JWT_LOGIN_CLAIMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "token.h"

/* REASON_CLAIMS_MALFORMED when a registered claim is there with another type than RFC 7519 section 4.1 gives it. */
MUST_USE enum reason claims_check_types(const json_t *claims);

/*
 * A NumericDate (RFC 7519 section 2) in whole seconds, rounded up: with a clock of whole seconds every comparison
 * comes out as with the fraction. False unless it is a number that fits.
 */
bool numeric_date(const json_t *value, int64_t *ret);

/* Whether a NULL-terminated list has `text`. */
bool list_holds(const char *const *list, const char *text);

/* See verified_claims_find. */
const json_t *claims_find(const json_t *claims, const char *name);

/* iss (RFC 7519 section 4.1.1), or for a JWT-SVID sub, before the key is chosen. */
MUST_USE enum reason claims_check_issuer(const json_t *claims, const struct token_expectation *expectation,
                                         const struct trace *trace);

/* Everything else, after the signature held. `profile` names what a token of this type must have besides, or is NULL.
 */
MUST_USE enum reason claims_check(const json_t *claims, const struct token_expectation *expectation,
                                  const char *const *profile, const struct trace *trace);

/* Whether `text` is the SPIFFE ID of a workload of this trust domain (SPIFFE-ID sections 2.1 to 2.3). */
bool is_spiffe_id(const char *text, const char *trust_domain);

#endif
