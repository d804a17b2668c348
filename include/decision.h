/*
 * Token to decision: the one pipeline that jwt-judge runs at a login and `jwtctl explain` replays.
 * Read the key files first (that needs files), enter the sandbox, then decide (that needs nothing).
 */
#ifndef JWT_LOGIN_DECISION_H
#define JWT_LOGIN_DECISION_H

#include "policy.h"
#include "settings.h"
#include "token.h"
#include "trace.h"
#include "verified_claims.h"

/* The bytes of every issuer's key file, unparsed. */
struct key_files;

/*
 * Read each issuer's key file, or what jwt-fetch-keys left of it below `cache` (PATH_KEY_CACHE). One that cannot be
 * read is remembered with its reason and refuses only that issuer's tokens. With FILE_OWNED_BY_ROOT what is in the
 * cache may belong to FETCH_USER, too. REASON_OUT_OF_MEMORY is the one failure.
 */
MUST_USE enum reason key_files_read(const struct settings *settings, const char *cache, enum file_trust trust,
                                    struct key_files **ret);
void key_files_free(struct key_files *files);

/*
 * Parse the keys of one of the settings' issuers. On REASON_OK *ret is the caller's, to be freed with keyset_free; the
 * files must outlive it. REASON_KEYS_UNAVAILABLE, also where a cached set is that of other settings; REASON_KEYS_STALE
 * where the issuer has not confirmed it for max_stale, or is said to have done so in the future; REASON_FILE_UNSAFE;
 * and those of keyset_parse.
 */
MUST_USE enum reason key_files_parse(const struct key_files *files, const struct issuer *issuer, int64_t now,
                                     struct keyset **ret);

struct decision {
  const struct issuer *issuer; /* borrowed from the settings; NULL when none was found. Until the token verified it is
                                  what the token asserts, and one of several where they share a url */
  const struct rule *rule;     /* borrowed from the settings; set on REASON_OK alone */
  struct verified_claims *claims; /* the caller's, through decision_clear; NULL unless the token verified */
};

/*
 * Decide on `size` bytes of token. Touches no file, no clock, no state. *ret is filled as far as the decision came,
 * also on a refusal (so that the audit can name the issuer and subject of a verified token), and is to be cleared.
 */
MUST_USE enum reason decide(const struct settings *settings, const struct key_files *files,
                            const struct login_request *request, const char *token, size_t size,
                            const struct trace *trace, struct decision *ret);
void decision_clear(struct decision *decision);

#endif
