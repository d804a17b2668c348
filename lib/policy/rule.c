/* The checks of a rule section that go beyond the types of its options: above all, that it can match at all. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "loader.h"

#define RULE_FAIL(option, ...) option_fail(loader, section, option, __VA_ARGS__)

static bool finish_conditions(struct loader *loader, const struct seen_section *section, struct rule_draft *draft) {
  size_t count = 0;
  while (draft->when[count])
    count++;
  struct condition *conditions = arena_alloc(loader->arena, (count + 1) * sizeof(*conditions));
  if (!conditions) return loader_out_of_memory(loader);
  for (size_t i = 0; i < count; i++) {
    const char *wrong;
    if (!condition_parse(loader->arena, draft->when[i], &conditions[i], &wrong))
      return wrong ? RULE_FAIL("when", "the condition \"%.120s\": %s", draft->when[i], wrong)
                   : loader_out_of_memory(loader);
    for (size_t j = 0; j < i; j++)
      if (conditions_contradict(&conditions[j], &conditions[i]))
        return RULE_FAIL("when", "no token can fulfil both \"%.120s\" and \"%.120s\"", draft->when[j], draft->when[i]);
  }
  draft->rule.conditions = conditions;
  draft->rule.condition_count = count;
  return true;
}

static bool check_any(struct loader *loader, const struct seen_section *section, const struct rule_draft *draft) {
  bool conditions = draft->when[0] != NULL;
  if (conditions && draft->any)
    return RULE_FAIL("any", "`any = true` beside `when`; a rule has conditions, or it takes any token of its issuer");
  if (!conditions && !draft->any)
    return RULE_FAIL("any", "rule \"%s\" has no `when`; to take any token of its issuer, say `any = true`",
                     section->title);
  return true;
}

/* PAM folds a service's name to lower case before anybody sees it. */
static bool check_services(struct loader *loader, const struct seen_section *section, const struct rule_draft *draft) {
  for (const char *const *service = draft->rule.services; *service; service++)
    for (const char *c = *service; *c; c++)
      if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && !strchr("-_.+@", *c))
        return RULE_FAIL("service", "`service` names \"%.60s\"; expected a PAM service as in /etc/pam.d, in lower case",
                         *service);
  return true;
}

static bool check_groups(struct loader *loader, const struct seen_section *section, const struct rule_draft *draft) {
  size_t count = 0;
  for (const char *const *group = draft->rule.groups; *group; group++) {
    if (strpbrk(*group, ":,"))
      return RULE_FAIL("groups", "`groups` names \"%.60s\", which no group can be called", *group);
    if (++count > RULE_GROUPS_MAX) return RULE_FAIL("groups", "`groups` names more than %d", RULE_GROUPS_MAX);
  }
  return true;
}

/* True when each name that the pattern could produce is reserved: names with such a beginning are. */
static bool always_reserved(const struct name_pattern *pattern) {
  char name[3 * ACCOUNT_NAME_MAX];
  snprintf(name, sizeof(name), "%sqz%s", pattern->prefix, pattern->suffix);
  return name_is_reserved(name);
}

/* `prefix{claim}suffix` */
static bool finish_template(struct loader *loader, const struct seen_section *section, struct rule_draft *draft) {
  const char *account = draft->rule.account;
  const char *open = strchr(account, '{'), *close = strrchr(account, '}');
  if (!open || !close || close < open || memchr(open + 1, '{', (size_t)(close - open - 1)) ||
      memchr(open + 1, '}', (size_t)(close - open - 1)))
    return RULE_FAIL("account", "`account` is \"%.80s\"; a template has one {claim} or {/json/pointer}", account);
  char *claim = arena_copy(loader->arena, open + 1, (size_t)(close - open - 1));
  if (!claim) return loader_out_of_memory(loader);
  if (!claim_name_valid(claim))
    return RULE_FAIL("account", "`account` is \"%.80s\"; its placeholder is no claim and no JSON Pointer", account);

  char sample[3 * ACCOUNT_NAME_MAX];
  size_t prefix = (size_t)(open - account), suffix = strlen(close + 1);
  int length = snprintf(sample, sizeof(sample), "%.*sx%s", (int)prefix, account, close + 1);
  if (length < 0 || (size_t)length >= sizeof(sample) || !name_is_strict(sample))
    return RULE_FAIL("account",
                     "`account` is \"%.80s\", which can never produce a name of the form [a-z_][a-z0-9_-]{0,31}",
                     account);
  memcpy(draft->rule.account_pattern.prefix, account, prefix);
  memcpy(draft->rule.account_pattern.suffix, close + 1, suffix);
  draft->rule.account_is_template = true;
  draft->rule.account_claim = claim;
  if (draft->rule.create && always_reserved(&draft->rule.account_pattern))
    return RULE_FAIL("account", "`account` is \"%.80s\": each name so made is reserved and can never be created",
                     account);
  return true;
}

static bool check_literal(struct loader *loader, const struct seen_section *section, const struct rule *rule) {
  if (!name_is_strict(rule->account))
    return RULE_FAIL("account",
                     "`account` is \"%.80s\"; expected [a-z_][a-z0-9_-]{0,31}, or a template with one {claim}",
                     rule->account);
  if (rule->create && name_is_reserved(rule->account))
    return RULE_FAIL("account", "`account` is \"%s\", which is reserved and can never be created", rule->account);
  if (strcmp(rule->account, "root") == 0 && !rule->system)
    return RULE_FAIL("account", "`account` is \"root\"; that needs `system = true`");
  if (rule->local)
    return RULE_FAIL("local", "`local = true` is for templates; a literal account is opened by naming it");
  return true;
}

static bool finish_account(struct loader *loader, const struct seen_section *section, struct rule_draft *draft) {
  if (draft->rule.create && draft->rule.local)
    return RULE_FAIL("local", "`create` and `local` are both true; write one rule for each");
  if (!strpbrk(draft->rule.account, "{}")) return check_literal(loader, section, &draft->rule);
  return finish_template(loader, section, draft);
}

static bool finish_session(struct loader *loader, const struct seen_section *section, struct rule_draft *draft) {
  draft->rule.session_until_expiry = strcmp(draft->session, "until-expiry") == 0;
  if (draft->rule.session_until_expiry || strcmp(draft->session, "unlimited") == 0) return true;
  return RULE_FAIL("session", "`session` is \"%.60s\"; expected \"until-expiry\" or \"unlimited\"", draft->session);
}

static bool finish_membership(struct loader *loader, const struct seen_section *section, struct rule_draft *draft) {
  draft->rule.host_membership = strcmp(draft->membership, "host") == 0;
  if (!draft->rule.host_membership && strcmp(draft->membership, "session") != 0)
    return RULE_FAIL("membership", "`membership` is \"%.60s\"; expected \"session\" or \"host\"", draft->membership);
  if (draft->rule.host_membership && !draft->rule.groups[0])
    return RULE_FAIL("membership", "`membership` is \"host\", but the rule has no `groups`");
  return true;
}

bool rule_finish(struct loader *loader, const struct seen_section *section, struct rule_draft *draft) {
  draft->rule.title = section->title;
  draft->rule.file = section->source->name;
  draft->rule.line = section->line;
  return check_any(loader, section, draft) && finish_conditions(loader, section, draft) &&
         check_services(loader, section, draft) && finish_account(loader, section, draft) &&
         check_groups(loader, section, draft) && finish_session(loader, section, draft) &&
         finish_membership(loader, section, draft);
}

/* ---- beside the other sections ---- */

static bool is_declared(const struct account_settings *accounts, const char *name) {
  for (size_t i = 0; i < accounts->declared_count; i++)
    if (strcmp(accounts->declared[i].name, name) == 0) return true;
  return false;
}

/* The tables tell of accounts that exist because of us; whose groups /etc/group tells must not seem to be others'. */
static bool may_have_host_membership(const struct rule *rule, const struct account_settings *accounts) {
  return rule->account_is_template ? !rule->local : rule->create || is_declared(accounts, rule->account);
}

bool rule_fits_sections(struct loader *loader, const struct seen_section *section, const struct rule *rule,
                        const struct account_settings *accounts) {
  if (rule->host_membership && !may_have_host_membership(rule, accounts))
    return RULE_FAIL("membership",
                     "`membership = \"host\"` is for accounts that the rule creates or an account section declares; "
                     "expected `create = true`, a section account \"%s\", or membership = \"session\"",
                     rule->account_is_template ? "name" : rule->account);
  if (!rule->account_is_template && rule->create && group_is_declared(accounts, rule->account))
    return RULE_FAIL("account",
                     "`account` is \"%s\", which a group section has, so it can never be created; "
                     "expected another name",
                     rule->account);
  return true;
}
