#include "decision.h"

#include <string.h>

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

/* ---- which section a token may belong to: by what it asserts, which is not verified yet ---- */

/* What is to be decided on, and with what. */
struct matter {
  const struct settings *settings;
  const struct key_files *files;
  const struct token *token;
  int64_t now;
  const struct trace *trace;
};

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
static const struct issuer *next_issuer(const struct matter *matter, const struct issuer *at, issuer_test *belongs) {
  const struct issuer *end = matter->settings->issuers + matter->settings->issuer_count;
  while (at < end && !belongs(at, matter->token))
    at++;
  return at < end ? at : NULL;
}

static void trace_issuer(const struct matter *matter, const struct issuer *issuer, issuer_test *belongs) {
  const char *iss = token_claimed_issuer(matter->token), *sub = token_claimed_subject(matter->token);
  if (issuer)
    trace_step(matter->trace, "issuer", issuer->title, true, belongs == by_url ? iss : sub, issuer->url);
  else
    trace_step(matter->trace, "issuer", NULL, false, iss,
               "the url of an issuer section, or one with the trust domain of sub");
}

/* ---- its keys ---- */

static enum reason find_keys(const struct matter *matter, const struct issuer *issuer, struct keyset **ret) {
  enum reason reason = key_files_parse(matter->files, issuer, matter->now, ret);
  traced(matter->trace, "keys", issuer_key_place(issuer), reason);
  return reason;
}

/* Sections that share a url are told apart by the kid. A set that is not there might have it: then that is the reason.
 */
static enum reason find_kid(const struct matter *matter, issuer_test *belongs, struct decision *decision,
                            struct keyset **ret) {
  enum reason otherwise = REASON_KEY_UNKNOWN;
  const char *kid = token_kid(matter->token);
  const struct issuer *at = decision->issuer;
  for (; at; at = next_issuer(matter, at + 1, belongs)) {
    CLEANUP(clear_keyset) struct keyset *keys = NULL;
    enum reason reason = find_keys(matter, at, &keys);
    bool has = reason == REASON_OK && kid && keyset_has_kid(keys, kid);
    trace_step(matter->trace, "kid", at->title, has, kid, "a kid of this issuer's keys");
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
static enum reason find_issuer(const struct matter *matter, struct decision *decision, struct keyset **ret) {
  const struct issuer *first = matter->settings->issuers;
  issuer_test *belongs = next_issuer(matter, first, by_url) ? by_url : by_trust_domain;
  decision->issuer = next_issuer(matter, first, belongs);
  trace_issuer(matter, decision->issuer, belongs);
  if (!decision->issuer) return REASON_ISSUER_UNKNOWN;
  bool shared = next_issuer(matter, decision->issuer + 1, belongs) != NULL;
  return shared ? find_kid(matter, belongs, decision, ret) : find_keys(matter, decision->issuer, ret);
}

static enum reason verify(const struct issuer *issuer, const struct token *token, const struct keyset *keys,
                          const struct login_request *request, const struct trace *trace,
                          struct verified_claims **ret) {
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
      .now = request->now,
      .proved = request->proved,
      .proof_later = request->proof_later,
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

static void trace_actors(const struct verified_claims *claims, const struct trace *trace) {
  char actors[ACTORS_SIZE];
  verified_claims_actors(claims, actors);
  if (*actors) trace_step(trace, "actor", NULL, true, actors, NULL);
}

enum reason decide(const struct settings *settings, const struct key_files *files, const struct login_request *request,
                   const char *text, size_t size, const struct trace *trace, struct decision *ret) {
  CLEANUP(clear_token) struct token *token = NULL;
  CLEANUP(clear_keyset) struct keyset *keys = NULL;
  const struct rule *rule = NULL;
  *ret = (struct decision){0};

  enum reason reason = token_parse(text, size, false, &token);
  if (traced(trace, "shape", NULL, reason)) {
    const struct matter matter = {settings, files, token, request->now, trace};
    reason = find_issuer(&matter, ret, &keys);
  }
  if (reason == REASON_OK) reason = verify(ret->issuer, token, keys, request, trace, &ret->claims);
  if (reason == REASON_OK) trace_actors(ret->claims, trace);
  if (reason == REASON_OK) reason = policy_decide(settings, ret->issuer, ret->claims, request, trace, &rule);
  if (reason == REASON_OK) reason = check_token_id(rule, ret->claims, trace);
  if (reason == REASON_OK) ret->rule = rule;
  return reason;
}

void decision_clear(struct decision *decision) {
  verified_claims_free(decision->claims);
  *decision = (struct decision){0};
}
