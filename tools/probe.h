/* What an issuer offers, as jwt-fetch-keys --probe tells it: lines of a name and values, with tabs between. */
#ifndef JWT_LOGIN_PROBE_H
#define JWT_LOGIN_PROBE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output.h"
#include "settings.h"
#include "token.h"

#define PROBE_KEYS_MAX 1000
#define PROBE_ALGORITHMS_MAX 32

struct probe {
  const char *location;                             /* where the key set is: "" when it was not said */
  const char *algorithms[PROBE_ALGORITHMS_MAX + 1]; /* those that discovery names; none where nothing names any */
  int64_t refresh;                                  /* seconds until the keys are due again; 0 when it was not said */
  bool dated;                                       /* the issuer said what time it is there */
  int64_t clock_ahead;                              /* seconds that its clock is ahead of ours; with `dated` */
  struct key_info *keys;                            /* their strings belong to `text` */
  size_t key_count, usable;
  char *text;
};

/* Ask an issuer as its section says: url, key_location, ca_file and bearer_file count. False with `error`, of
 * FETCHER_ERROR_SIZE bytes, in one printable line. *ret is to be cleared either way. */
MUST_USE bool probe_issuer(const struct issuer *issuer, struct probe *ret, char *error);

/* Take apart what it said, which is consumed; the text is the probe's then. False when it is not of that form. */
MUST_USE bool probe_parse(char *text, struct probe *ret);
void probe_clear(struct probe *probe);

/*
 * Whether tokens of this algorithm can come from the issuer and be verified here: it is among `algorithms`, where there
 * are any, and a key that is usable serves it. A key without alg serves all its type may, but where no discovery names
 * algorithms only what is usual of it: RS256 of an RSA key, EdDSA of Ed25519 and Ed448.
 */
bool probe_offers(const struct probe *probe, const char *algorithm);

/* The keys as rows of a table with key_heads, and as JSON. */
extern const char *const key_heads[];
MUST_USE bool key_add_row(struct table *table, const struct key_info *key);
json_t *key_json(const struct key_info *key);

#endif
