/* A judge taken over by a token can lie about claims; what it may get is re-derived here from the settings. */
#include <string.h>

#include "keeper.h"

bool verdict_strings_end(const struct judge_answer *verdict) {
  return IS_STRING(verdict->issuer_title) && IS_STRING(verdict->rule) && IS_STRING(verdict->issuer) &&
         IS_STRING(verdict->subject) && IS_STRING(verdict->token_id) && IS_STRING(verdict->kid) &&
         IS_STRING(verdict->algorithm);
}

static bool times_are_possible(const struct judge_answer *verdict, const struct issuer *issuer, int64_t now) {
  return verdict->expires > now - issuer->leeway &&
         verdict->expires <= now + issuer->max_lifetime + 2 * issuer->leeway && verdict->issued_at > 0 &&
         verdict->issued_at <= now + issuer->leeway && verdict->expires - verdict->issued_at <= issuer->max_lifetime;
}

/* What goes into the ledger and before the administrator's eyes. */
static bool is_printable(const char *text) {
  while ((unsigned char)*text >= 0x20 && *text != 0x7f)
    text++;
  return *text == '\0';
}

static bool issuer_is_possible(const struct judge_answer *verdict, const struct issuer *issuer) {
  return issuer != NULL && strcmp(verdict->issuer, issuer->url) == 0 && verdict->subject[0] != '\0' &&
         is_printable(verdict->subject) && is_printable(verdict->token_id) &&
         name_is_listed(issuer->algorithms, verdict->algorithm);
}

enum reason verdict_check(const struct settings *settings, const struct account_facts *account, const char *service,
                          int64_t now, const struct judge_answer *verdict, const struct rule **ret) {
  const struct issuer *issuer = settings_issuer(settings, verdict->issuer_title);
  const struct rule *rule = settings_rule(settings, verdict->rule);
  if (!issuer_is_possible(verdict, issuer) || rule == NULL || !times_are_possible(verdict, issuer, now) ||
      rule_permits(rule, issuer->title, service, account) != REASON_OK) {
    return REASON_JUDGE_REFUSED;
  }
  *ret = rule;
  return REASON_OK;
}
