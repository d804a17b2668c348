/* A judge taken over by a token can lie about claims; what it may get is re-derived here from the settings. */
#include <string.h>

#include "keeper.h"

bool verdict_strings_end(const struct judge_answer *verdict) {
  return IS_STRING(verdict->issuer_title) && IS_STRING(verdict->rule) && IS_STRING(verdict->issuer) &&
         IS_STRING(verdict->subject) && IS_STRING(verdict->token_id) && IS_STRING(verdict->kid) &&
         IS_STRING(verdict->algorithm) && IS_STRING(verdict->proof) && IS_STRING(verdict->actors);
}

/* Without iat, which is 0 then, the lifetime counts from now. */
static bool lifetime_is_possible(const struct judge_answer *verdict, const struct issuer *issuer, int64_t now) {
  if (verdict->issued_at == 0 && issuer->issued_at_optional)
    return verdict->expires - now <= issuer->max_lifetime + issuer->leeway;
  return verdict->issued_at > 0 && verdict->issued_at <= now + issuer->leeway &&
         verdict->expires - verdict->issued_at <= issuer->max_lifetime;
}

static bool times_are_possible(const struct judge_answer *verdict, const struct issuer *issuer, int64_t now) {
  return verdict->expires > now - issuer->leeway &&
         verdict->expires <= now + issuer->max_lifetime + 2 * issuer->leeway &&
         lifetime_is_possible(verdict, issuer, now);
}

/* A JWT-SVID names a workload of the trust domain that its issuer's section is for. */
static bool subject_is_possible(const char *subject, const struct issuer *issuer) {
  size_t size = strlen(issuer->url);
  if (subject[0] == '\0' || !text_is_printable(subject)) return false;
  return issuer->trust_domain == NULL ||
         (strncmp(subject, issuer->url, size) == 0 && subject[size] == '/' && subject[size + 1] != '\0');
}

static bool issuer_is_possible(const struct judge_answer *verdict, const struct issuer *issuer) {
  return issuer != NULL && strcmp(verdict->issuer, issuer_identity(issuer)) == 0 &&
         subject_is_possible(verdict->subject, issuer) && text_is_printable(verdict->token_id) &&
         name_is_listed(issuer->algorithms, verdict->algorithm);
}

static bool proof_is_possible(const struct judge_answer *verdict, const struct rule *rule) {
  bool bound = verdict->proof[0] != '\0';
  return bound ? strlen(verdict->proof) == THUMBPRINT_SIZE - 1 && text_is_printable(verdict->proof) : !rule->bound;
}

enum reason verdict_check(const struct settings *settings, const struct account_facts *account, const char *service,
                          int64_t now, const struct judge_answer *verdict, const struct rule **ret) {
  const struct issuer *issuer = settings_issuer(settings, verdict->issuer_title);
  const struct rule *rule = settings_rule(settings, verdict->rule);
  if (!issuer_is_possible(verdict, issuer) || rule == NULL || !times_are_possible(verdict, issuer, now) ||
      !proof_is_possible(verdict, rule) || !text_is_printable(verdict->actors) ||
      rule_permits(rule, issuer->title, service, account) != REASON_OK) {
    return REASON_JUDGE_REFUSED;
  }
  *ret = rule;
  return REASON_OK;
}
