/* Proof of possession (RFC 7800): the key that a token is bound to. */
#ifndef JWT_LOGIN_PROOF_H
#define JWT_LOGIN_PROOF_H

#include <jansson.h>
#include <stddef.h>

#include "token.h"

/*
 * The thumbprint of the key that a cnf claim names: jkt (RFC 9449 section 6.1), jwk (RFC 7800 section 3.2), or both
 * when they agree. NULL, or why it names none that could be proved here: another member is another way of binding,
 * which nothing here checks.
 */
MUST_USE const char *cnf_thumbprint(const json_t *cnf, char ret[THUMBPRINT_SIZE]);

#endif
