/* Verified claims and a request become a rule, or a reason. Takes verified claims and nothing less. */
#ifndef JWT_LOGIN_POLICY_H
#define JWT_LOGIN_POLICY_H

#include "settings.h"
#include "trace.h"
#include "verified_claims.h"

struct ssh_auth_info;

struct login_request {
  struct account_facts account;
  const char *service;
  const char *rhost;                  /* NULL when not remote */
  int64_t now;                        /* seconds since the epoch */
  bool proof_later;                   /* see token.h */
  const struct ssh_auth_info *proved; /* see token.h; NULL: nothing. What the token is verified against */
};

/*
 * Try the rules of `issuer` in order; the first that matches decides. The account that a rule's template
 * produces must equal request->account.name, else the rule does not match.
 * On REASON_OK *ret is the rule, borrowed from `settings`. Otherwise the reason of the rule that came furthest:
 * REASON_NO_RULE, or what rule_permits says of a rule whose conditions held, or REASON_PROOF_MISSING where such a rule
 * wants a bound token and this is none.
 * REASON_SUBJECT_MISSING when the claims have no sub, or an empty one; REASON_CLAIMS_MALFORMED when it is longer than
 * SUBJECT_MAX or holds a control character, as the keeper would not take it. trace: may be NULL; one step per rule and
 * condition.
 */
MUST_USE enum reason policy_decide(const struct settings *settings, const struct issuer *issuer,
                                   const struct verified_claims *claims, const struct login_request *request,
                                   const struct trace *trace, const struct rule **ret);

#endif
