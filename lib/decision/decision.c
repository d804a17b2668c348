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

/* The section whose url is the token's iss, byte for byte. */
static enum reason find_issuer(const struct settings *settings, const char *claimed, const struct trace *trace,
                               const struct issuer **ret) {
  for (size_t i = 0; claimed && i < settings->issuer_count; i++) {
    if (strcmp(settings->issuers[i].url, claimed) != 0) continue;
    *ret = &settings->issuers[i];
    trace_step(trace, "issuer", (*ret)->title, true, claimed, (*ret)->url);
    return REASON_OK;
  }
  trace_step(trace, "issuer", NULL, false, claimed, "the url of an issuer section");
  return REASON_ISSUER_UNKNOWN;
}

static enum reason find_keys(const struct key_files *files, const struct issuer *issuer, const struct trace *trace,
                             struct keyset **ret) {
  const struct key_file *file = key_file_of(files, issuer);
  enum reason reason = file->reason;
  if (reason == REASON_OK) reason = keyset_parse(file->bytes, file->size, ret);
  traced(trace, "keys", issuer->key_location ? issuer->key_location : "discovery", reason);
  return reason;
}

static enum reason verify(const struct issuer *issuer, const struct token *token, const struct keyset *keys,
                          int64_t now, const struct trace *trace, struct verified_claims **ret) {
  struct token_expectation expectation = {
      .keys = keys,
      .algorithms = issuer->algorithms,
      .types = issuer->types[0] ? issuer->types : NULL,
      .issuer = issuer->url,
      .audiences = issuer->audiences,
      .required_claims = issuer->required_claims,
      .authorized_party = issuer->authorized_party,
      .max_lifetime = issuer->max_lifetime,
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
  if (traced(trace, "shape", NULL, reason))
    reason = find_issuer(settings, token_claimed_issuer(token), trace, &ret->issuer);
  if (reason == REASON_OK) reason = find_keys(files, ret->issuer, trace, &keys);
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
