#include "policy.h"

#include <stdio.h>
#include <string.h>

#include "condition.h"

/* How far a rule came that did not decide. */
static int progress(enum reason reason) {
  switch (reason) {
  case REASON_NO_RULE:
    return 0;
  case REASON_ACCOUNT_NOT_PERMITTED:
    return 1;
  case REASON_NAME_INVALID:
    return 2;
  default:
    return 3;
  }
}

/* What the rule's template makes of the claim must be the account asked for, to the byte. */
static enum reason check_produced(const struct rule *rule, const json_t *claim, const char *name) {
  char produced[3 * ACCOUNT_NAME_MAX + 1]; /* the parts of the pattern are names, too */
  if (!json_is_string(claim)) return REASON_ACCOUNT_NOT_PERMITTED;
  const char *value = json_string_value(claim);
  size_t length = json_string_length(claim);
  if (length == 0 || length > ACCOUNT_NAME_MAX || strlen(value) != length) return REASON_NAME_INVALID;
  snprintf(produced, sizeof(produced), "%s%s%s", rule->account_pattern.prefix, value, rule->account_pattern.suffix);
  if (!name_is_strict(produced)) return REASON_NAME_INVALID;
  return strcmp(produced, name) == 0 ? REASON_OK : REASON_ACCOUNT_NOT_PERMITTED;
}

static enum reason check_account(const struct rule *rule, const struct issuer *issuer,
                                 const struct verified_claims *claims, const struct login_request *request,
                                 const struct trace *trace) {
  const json_t *claim = rule->account_is_template ? verified_claims_find(claims, rule->account_claim) : NULL;
  const char *name = request->account.name;
  enum reason reason = rule->account_is_template ? check_produced(rule, claim, name) : REASON_OK;
  if (reason == REASON_OK) reason = rule_permits(rule, issuer->title, request->service, &request->account);
  if (rule->account_is_template)
    trace_claim(trace, "account", rule->account, reason == REASON_OK, claim, name);
  else
    trace_step(trace, "account", rule->account, reason == REASON_OK, rule->account, name);
  return reason;
}

static bool conditions_hold(const struct rule *rule, const struct verified_claims *claims, const struct trace *trace) {
  bool held = true;
  for (size_t i = 0; i < rule->condition_count; i++)
    held = condition_holds(&rule->conditions[i], claims, trace) && held;
  return held;
}

static void trace_service(const struct trace *trace, const struct rule *rule, const char *service, bool held) {
  char wanted[128] = "any";
  for (size_t i = 0, used = 0; rule->services[i] && used < sizeof(wanted); i++)
    used += (size_t)snprintf(wanted + used, sizeof(wanted) - used, "%s%s", i ? " " : "", rule->services[i]);
  trace_step(trace, "service", NULL, held, service, wanted);
}

/* A token with a cnf was verified against it. */
static enum reason check_bound(const struct verified_claims *claims, const struct trace *trace) {
  const char *proof = verified_claims_proof(claims);
  trace_step(trace, "bound", NULL, proof != NULL, proof, "a token with a cnf");
  return proof != NULL ? REASON_OK : REASON_PROOF_MISSING;
}

static enum reason try_rule(const struct rule *rule, const struct issuer *issuer, const struct verified_claims *claims,
                            const struct login_request *request, const struct trace *trace) {
  bool served = rule_serves(rule, request->service);
  trace_service(trace, rule, request->service, served);
  bool held = conditions_hold(rule, claims, trace);
  enum reason reason = served && held ? check_account(rule, issuer, claims, request, trace) : REASON_NO_RULE;
  return reason == REASON_OK && rule->bound ? check_bound(claims, trace) : reason;
}

/* It goes into the ledger, and before the administrator's eyes. */
static enum reason check_subject(const struct issuer *issuer, const char *subject, const struct trace *trace) {
  bool missing = !subject || !*subject;
  bool held = !missing && strlen(subject) <= SUBJECT_MAX && text_is_printable(subject);
  trace_step(trace, "subject", issuer_identity(issuer), held, subject,
             missing || held ? NULL : "at most 2048 bytes, no control character among them");
  return held ? REASON_OK : missing ? REASON_SUBJECT_MISSING : REASON_CLAIMS_MALFORMED;
}

enum reason policy_decide(const struct settings *settings, const struct issuer *issuer,
                          const struct verified_claims *claims, const struct login_request *request,
                          const struct trace *trace, const struct rule **ret) {
  enum reason furthest = check_subject(issuer, verified_claims_subject(claims), trace);
  if (furthest != REASON_OK) return furthest;
  furthest = REASON_NO_RULE;
  for (size_t i = 0; i < settings->rule_count; i++) {
    const struct rule *rule = &settings->rules[i];
    if (strcmp(rule->issuer, issuer->title) != 0) continue;
    enum reason reason = try_rule(rule, issuer, claims, request, trace);
    trace_step(trace, "rule", rule->title, reason == REASON_OK, reason_code(reason), NULL);
    if (reason == REASON_OK) {
      *ret = rule;
      return REASON_OK;
    }
    if (progress(reason) > progress(furthest)) furthest = reason;
  }
  return furthest;
}
