/* A key set in either form, and choosing keys of it for a token. */
#ifndef JWT_LOGIN_KEYSET_H
#define JWT_LOGIN_KEYSET_H

#include "key.h"
#include "token.h"

#define KEYSET_MAX_KEYS 1000
#define KEY_CHOICE_MAX 4 /* keys of one kid that are tried */

/* One key of a set: no more is found out about it than was asked, and that once. */
struct keyset_entry {
  const char *text; /* its JSON */
  size_t text_size;
  const char *kid; /* of a plain set: as its text has it, without a NUL; NULL: it has none */
  size_t kid_size;
  json_t *json;             /* NULL: its text was not parsed yet, or is damaged */
  struct jwk jwk;           /* once there is json */
  const char *unusable;     /* once looked at: why it never serves */
  struct verifier verifier; /* its key is NULL: not built yet, or unusable */
  bool looked_at;
};

struct keyset {
  char *bytes;  /* of a plain set: its own copy */
  json_t *json; /* of the cached form: the head */
  bool cached;
  struct keyset_head head;
  struct keyset_entry *entries;
  size_t count;
};

/* Parse the entry's text where that is still to be done, and see whether anything speaks against the key. */
void keyset_look_at(struct keyset_entry *entry);

/* Why this key cannot serve any token, or NULL: then its verifier has the key. */
const char *keyset_build(struct keyset_entry *entry);

/* The beginning of a line of the cached form whose key has this kid: free() it. NULL: out of memory. */
char *keyset_line_start(const char *kid);

struct key_choice {
  struct verifier *keys[KEY_CHOICE_MAX]; /* they belong to the set */
  size_t count;
};

/*
 * The keys with this kid (NULL: the token has none) that serve `algorithm`, built; with `use` not NULL only those whose
 * use it is. Without a kid exactly one key of the set must serve. Errors: REASON_KEY_UNKNOWN, REASON_KEY_UNSUITABLE,
 * REASON_KEY_AMBIGUOUS, REASON_OUT_OF_MEMORY; *ret_why then says why, for the trace.
 */
MUST_USE enum reason keyset_choose(const struct keyset *keyset, const char *kid, const char *use,
                                   const struct algorithm *algorithm, struct key_choice *ret, const char **ret_why);

#endif
