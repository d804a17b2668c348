/* Choosing keys of a set for a token. */
#ifndef JWT_LOGIN_KEYSET_H
#define JWT_LOGIN_KEYSET_H

#include <openssl/evp.h>

#include "algorithms.h"
#include "token.h"

#define KEYSET_MAX_KEYS 1000
#define KEY_CHOICE_MAX 4 /* keys of one kid that are tried */

struct key_choice {
  EVP_PKEY *keys[KEY_CHOICE_MAX];
  size_t count;
};

void key_choice_clear(struct key_choice *choice);

/*
 * The keys with this kid (NULL: the token has none) that serve `algorithm`, built. Without a kid exactly one key of the
 * set must serve. Errors: REASON_KEY_UNKNOWN, REASON_KEY_UNSUITABLE, REASON_KEY_AMBIGUOUS; *ret_why then says why, for
 * the trace.
 */
MUST_USE enum reason keyset_choose(const struct keyset *keyset, const char *kid, const struct algorithm *algorithm,
                                   struct key_choice *ret, const char **ret_why);

#endif
