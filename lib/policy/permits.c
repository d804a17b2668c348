/* What a rule allows, as far as no claim is needed. */
#include <string.h>

#include "settings.h"

bool rule_serves(const struct rule *rule, const char *service) {
  return rule->services[0] == NULL || name_is_listed(rule->services, service);
}

static bool fits_pattern(const struct name_pattern *pattern, const char *name) {
  size_t prefix = strlen(pattern->prefix), suffix = strlen(pattern->suffix), length = strlen(name);
  return length > prefix + suffix && strncmp(name, pattern->prefix, prefix) == 0 &&
         strcmp(name + length - suffix, pattern->suffix) == 0;
}

static bool fits_account(const struct rule *rule, const char *name) {
  return rule->account_is_template ? fits_pattern(&rule->account_pattern, name) : strcmp(rule->account, name) == 0;
}

/* An account of another source: a template opens it only when told to, a system account never. */
static enum reason permits_local(const struct rule *rule, const struct account_facts *account) {
  if (rule->account_is_template && !rule->local) return REASON_ACCOUNT_LOCAL;
  bool named = !rule->account_is_template && rule->system;
  if (account->uid < SYSTEM_ID_END && !named) return REASON_SYSTEM_ACCOUNT;
  return REASON_OK;
}

/* An account that exists, or would exist, only because of tokens. */
static enum reason permits_created(const struct rule *rule, const struct account_facts *account) {
  if (account->kind == ACCOUNT_ABSENT && !rule->create) return REASON_ACCOUNT_UNKNOWN;
  if (name_is_reserved(account->name) || account->group_of_same_name) return REASON_NAME_RESERVED;
  return REASON_OK;
}

enum reason rule_permits(const struct rule *rule, const char *issuer, const char *service,
                         const struct account_facts *account) {
  if (strcmp(rule->issuer, issuer) != 0 || !rule_serves(rule, service)) return REASON_NO_RULE;
  if (!name_is_strict(account->name)) return REASON_NAME_INVALID;
  if (!fits_account(rule, account->name)) return REASON_ACCOUNT_NOT_PERMITTED;
  return account->kind == ACCOUNT_LOCAL ? permits_local(rule, account) : permits_created(rule, account);
}
