#include "decision.h"

#include <string.h>

#include "key_files.h"
#include "token.h"

static void clear_token(struct token **token) {
  token_free(*token);
}

static void clear_keyset(struct keyset **keyset) {
  keyset_free(*keyset);
}

static bool traced(const struct trace *trace, const char *step, const char *detail, enum reason reason) {
  bool held = reason == REASON_OK;
  trace_step(trace, step, detail, held, held ? NULL : reason_text(reason), NULL);
  return held;
}

/* ---- which sections a token may belong to: by what it asserts, which is not verified yet ---- */

typedef bool issuer_test(const struct issuer *issuer, const struct token *token);

/* The section's url is the token's iss, byte for byte. */
static bool by_url(const struct issuer *issuer, const struct token *token) {
  const char *claimed = token_claimed_issuer(token);
  return claimed && strcmp(issuer->url, claimed) == 0;
}

/* The token's sub is in the section's trust domain, whose authority is the issuer of a JWT-SVID (section 3.1). */
static bool by_trust_domain(const struct issuer *issuer, const struct token *token) {
  const char *claimed = token_claimed_subject(token);
  size_t size = strlen(issuer->url);
  return issuer->trust_domain && claimed && strncmp(claimed, issuer->url, size) == 0 && claimed[size] == '/';
}

/* The first such section from `at` on; NULL when there is none. */
static const struct issuer *next_issuer(const struct settings *settings, const struct issuer *at,
                                        const struct token *token, issuer_test *belongs) {
  const struct issuer *end = settings->issuers + settings->issuer_count;
  while (at < end && !belongs(at, token))
    at++;
  return at < end ? at : NULL;
}

static void trace_issuer(const struct trace *trace, const struct token *token, const struct issuer *issuer,
                         issuer_test *belongs) {
  const char *found = belongs == by_trust_domain ? token_claimed_subject(token) : token_claimed_issuer(token);
  if (issuer)
    trace_step(trace, "issuer", issuer->title, true, found, issuer->url);
  else
    trace_step(trace, "issuer", NULL, false, token_claimed_issuer(token),
               "the url of an issuer section, or one with the trust domain of sub");
}

/* ---- its keys ---- */

static enum reason find_keys(const struct key_files *files, const struct issuer *issuer, const struct trace *trace,
                             struct keyset **ret) {
  const struct key_file *file = key_file_of(files, issuer);
  enum reason reason = file->reason;
  if (reason == REASON_OK) reason = keyset_parse(file->bytes, file->size, ret);
  traced(trace, "keys", issuer->key_location ? issuer->key_location : "discovery", reason);
  return reason;
}

/* Sections that share a url are told apart by the kid. A set that is not there might have it: then that is the reason.
 */
static enum reason find_kid(const struct settings *settings, const struct key_files *files, const struct token *token,
                            issuer_test *belongs, const struct trace *trace, struct decision *decision,
                            struct keyset **ret) {
  enum reason otherwise = REASON_KEY_UNKNOWN;
  const char *kid = token_kid(token);
  const struct issuer *at = decision->issuer;
  for (; at; at = next_issuer(settings, at + 1, token, belongs)) {
    CLEANUP(clear_keyset) struct keyset *keys = NULL;
    enum reason reason = find_keys(files, at, trace, &keys);
    bool has = reason == REASON_OK && kid && keyset_has_kid(keys, kid);
    trace_step(trace, "kid", at->title, has, kid, "a kid of this issuer's keys");
    if (reason != REASON_OK) otherwise = reason;
    if (!has) continue;
    if (*ret) return REASON_KEY_AMBIGUOUS;
    decision->issuer = at;
    *ret = keys;
    keys = NULL;
  }
  if (!kid) return REASON_KEY_AMBIGUOUS;
  return *ret ? REASON_OK : otherwise;
}

/* The section that the token belongs to, and its keys. */
static enum reason find_issuer(const struct settings *settings, const struct key_files *files,
                               const struct token *token, const struct trace *trace, struct decision *decision,
                               struct keyset **ret) {
  issuer_test *belongs = next_issuer(settings, settings->issuers, token, by_url) ? by_url : by_trust_domain;
  decision->issuer = next_issuer(settings, settings->issuers, token, belongs);
  trace_issuer(trace, token, decision->issuer, belongs);
  if (!decision->issuer) return REASON_ISSUER_UNKNOWN;
  if (next_issuer(settings, decision->issuer + 1, token, belongs))
    return find_kid(settings, files, token, belongs, trace, decision, ret);
  return find_keys(files, decision->issuer, trace, ret);
}

static enum reason verify(const struct issuer *issuer, const struct token *token, const struct keyset *keys,
                          int64_t now, const struct trace *trace, struct verified_claims **ret) {
  struct token_expectation expectation = {
      .keys = keys,
      .algorithms = issuer->algorithms,
      .types = issuer->types[0] ? issuer->types : NULL,
      .issuer = issuer->trust_domain ? NULL : issuer->url,
      .trust_domain = issuer->trust_domain,
      .audiences = issuer->audiences,
      .audience_is_client_id = issuer->audience_is_client_id,
      .required_claims = issuer->required_claims,
      .authorized_party = issuer->authorized_party,
      .max_lifetime = issuer->max_lifetime,
      .issued_at_optional = issuer->issued_at_optional,
      .leeway = issuer->leeway,
      .now = now,
  };
  return token_verify(token, &expectation, trace, ret);
}

/* A token that may be used once must be told from others. */
static enum reason check_token_id(const struct rule *rule, const struct verified_claims *claims,
                                  const struct trace *trace) {
  const char *id = verified_claims_token_id(claims);
  if (!rule->single_use) return REASON_OK;
  trace_step(trace, "token-id", rule->title, id && *id, id, "a jti, for the rule allows one use");
  return id && *id ? REASON_OK : REASON_TOKEN_ID_MISSING;
}

enum reason decide(const struct settings *settings, const struct key_files *files, const struct login_request *request,
                   const char *text, size_t size, const struct trace *trace, struct decision *ret) {
  CLEANUP(clear_token) struct token *token = NULL;
  CLEANUP(clear_keyset) struct keyset *keys = NULL;
  const struct rule *rule = NULL;
  *ret = (struct decision){0};

  enum reason reason = token_parse(text, size, false, &token);
  if (traced(trace, "shape", NULL, reason)) reason = find_issuer(settings, files, token, trace, ret, &keys);
  if (reason == REASON_OK) reason = verify(ret->issuer, token, keys, request->now, trace, &ret->claims);
  if (reason == REASON_OK) reason = policy_decide(settings, ret->issuer, ret->claims, request, trace, &rule);
  if (reason == REASON_OK) reason = check_token_id(rule, ret->claims, trace);
  if (reason == REASON_OK) ret->rule = rule;
  return reason;
}

void decision_clear(struct decision *decision) {
  verified_claims_free(decision->claims);
  *decision = (struct decision){0};
}
