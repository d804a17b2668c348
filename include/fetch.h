/*
 * Fetching the keys of an issuer over the network, and keeping them in the cache. What is done here talks to strangers:
 * shed every privilege first.
 */
#ifndef JWT_LOGIN_FETCH_H
#define JWT_LOGIN_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"
#include "settings.h"
#include "token.h"

#define FETCH_TEXT_SIZE 640
#define FETCH_ALGORITHMS_MAX 32

/*
 * Start libcurl and the verifier; call once, before anything else of this header or of token.h. In this order:
 * token_prepare alone starts OpenSSL with less than TLS needs, for good. REASON_INTERNAL when there is no TLS or no
 * algorithm.
 */
MUST_USE enum reason fetch_prepare(void);

/* What went wrong and what helps, in a line of printable ASCII. */
struct fetch_error {
  char text[FETCH_TEXT_SIZE];
};

/* Called about once a second while an answer is awaited. `waited_ms` is since the question. */
struct fetch_progress {
  void (*tell)(void *context, const char *url, int64_t waited_ms, size_t received);
  void *context;
};

struct fetch_terms {
  int64_t now;                           /* seconds since the epoch */
  int64_t deadline_ms;                   /* a moment of monotonic_ms, for all questions together */
  const struct fetch_progress *progress; /* NULL: tells nobody */
};

/* ---- asking ---- */

struct fetched {
  char *location;                                   /* the URL that the keys came from */
  const char *algorithms[FETCH_ALGORITHMS_MAX + 1]; /* NULL-terminated: what discovery says and the verifier knows */
  struct keyset *keys;                              /* NULL with `unchanged` */
  bool unchanged;                                   /* they are those of the given validator */
  char *validator;                                  /* an ETag and the URL that gave it; NULL: the issuer gives none */
  int64_t due;                                      /* when to ask again, seconds since the epoch */
  bool dated;                                       /* the server said what time it is there */
  int64_t clock_ahead;                              /* seconds that its clock is ahead of this host's; with `dated` */
};

/*
 * Ask the issuer of a section for its keys: by discovery (OpenID Connect Discovery 1.0, RFC 8414), or at the URL that
 * the section names. Of the section these count: url, trust_domain, key_source (not KEYS_IN_FILE), key_location,
 * ca_file, bearer_file, max_stale. validator: of the keys that are there already, or NULL (RFC 9110 section 13.1.2).
 * HTTPS alone, but to loopback; nothing is followed, and no proxy asked. On REASON_OK *ret is to be cleared.
 * Errors: REASON_FETCH_FAILED (nothing came), REASON_FETCH_REFUSED (what came is not acceptable), REASON_OUT_OF_MEMORY.
 */
MUST_USE enum reason fetch_keys(const struct issuer *issuer, const char *validator, const struct fetch_terms *terms,
                                struct fetched *ret, struct fetch_error *error);
void fetched_clear(struct fetched *fetched);

/* ---- keeping ---- */

enum refresh_cause {
  REFRESH_DUE,       /* when they are due by the issuer's word */
  REFRESH_FORCED,    /* now */
  REFRESH_FOR_LOGIN, /* a token asks for what the cache has not: at most once in KEY_CACHE_PAUSE_SECONDS */
};

enum refresh_outcome {
  REFRESH_NOT_NEEDED, /* not due, or done a moment ago for another login */
  REFRESH_CONFIRMED,  /* the keys are those that were there */
  REFRESH_REPLACED,
};

struct refresh {
  enum refresh_outcome outcome;
  size_t usable; /* keys in the cache that can verify a token */
  int64_t due;   /* when they are due again */
};

/*
 * Bring the keys of a section below `folder` up to date. One process at a time does so for a section: another waits
 * until the deadline, and then finds it done. What cannot serve never replaces what can. Errors: as fetch_keys, and
 * REASON_STATE_UNAVAILABLE where the folder cannot be written.
 */
MUST_USE enum reason fetch_refresh(const char *folder, const struct issuer *issuer, enum refresh_cause cause,
                                   const struct fetch_terms *terms, struct refresh *ret, struct fetch_error *error);

/* Remove from `folder` what belongs to none of the settings' sections and has not been touched for an hour. */
void fetch_sweep(const char *folder, const struct settings *settings, int64_t now);

#endif
