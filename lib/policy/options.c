/* The options of each section: name, type, default, range. */
#include <string.h>

#include "loader.h"

#define DAY (24 * 60 * 60)

static const char *const login_programs[] = {"/usr/sbin/sshd", "/usr/lib/openssh/sshd-session",
                                             "/usr/libexec/openssh/sshd-session", NULL};
static const char *const require_token[] = {"sshd", "login", NULL};
static const char *const nothing[] = {NULL};

static const struct option top_options[] = {
    {.name = "hostname", .type = OPTION_TEXT, .offset = offsetof(struct top_draft, hostname)},
};

#define ISSUER(field) .offset = offsetof(struct issuer_draft, issuer.field)
static const struct option issuer_options[] = {
    {.name = "url", .type = OPTION_TEXT, ISSUER(url), .required = true},
    {.name = "audience", .type = OPTION_LIST, ISSUER(audiences), .required = true},
    {.name = "algorithms", .type = OPTION_LIST, ISSUER(algorithms), .required = true},
    {.name = "keys", .type = OPTION_TEXT, .offset = offsetof(struct issuer_draft, keys), .fallback = "discovery"},
    {.name = "ca_file", .type = OPTION_TEXT, ISSUER(ca_file)},
    {.name = "bearer_file", .type = OPTION_TEXT, ISSUER(bearer_file)},
    {.name = "max_stale", .type = OPTION_DURATION, ISSUER(max_stale), .fallback = "24h", .min = 60, .max = 30 * DAY},
    {.name = "max_lifetime",
     .type = OPTION_DURATION,
     ISSUER(max_lifetime),
     .fallback = "2h",
     .min = 1,
     .max = 30 * DAY},
    {.name = "leeway", .type = OPTION_DURATION, ISSUER(leeway), .fallback = "30s", .min = 0, .max = 300},
    {.name = "issued_at",
     .type = OPTION_TEXT,
     .offset = offsetof(struct issuer_draft, issued_at),
     .fallback = "required"},
    {.name = "audience_claim",
     .type = OPTION_TEXT,
     .offset = offsetof(struct issuer_draft, audience_claim),
     .fallback = "aud"},
    {.name = "type", .type = OPTION_LIST, ISSUER(types)},
    {.name = "require", .type = OPTION_LIST, ISSUER(required_claims)},
    {.name = "authorized_party", .type = OPTION_TEXT, ISSUER(authorized_party)},
    {.name = "alias", .type = OPTION_TEXT, ISSUER(alias)},
};

#define RULE(field) .offset = offsetof(struct rule_draft, rule.field)
static const struct option rule_options[] = {
    {.name = "issuer", .type = OPTION_TEXT, RULE(issuer), .required = true},
    {.name = "service", .type = OPTION_LIST, RULE(services)},
    {.name = "when", .type = OPTION_LIST, .offset = offsetof(struct rule_draft, when)},
    {.name = "any", .type = OPTION_FLAG, .offset = offsetof(struct rule_draft, any), .fallback = "false"},
    {.name = "account", .type = OPTION_TEXT, RULE(account), .required = true},
    {.name = "groups", .type = OPTION_LIST, RULE(groups)},
    {.name = "create", .type = OPTION_FLAG, RULE(create), .fallback = "false"},
    {.name = "system", .type = OPTION_FLAG, RULE(system), .fallback = "false"},
    {.name = "local", .type = OPTION_FLAG, RULE(local), .fallback = "false"},
    {.name = "single_use", .type = OPTION_FLAG, RULE(single_use), .fallback = "false"},
    {.name = "bound", .type = OPTION_FLAG, RULE(bound), .fallback = "false"},
    {.name = "session",
     .type = OPTION_TEXT,
     .offset = offsetof(struct rule_draft, session),
     .fallback = "until-expiry"},
    {.name = "membership",
     .type = OPTION_TEXT,
     .offset = offsetof(struct rule_draft, membership),
     .fallback = "session"},
};

#define ACCOUNTS(field) .offset = offsetof(struct accounts_draft, accounts.field)
static const struct option accounts_options[] = {
    {.name = "uid_min",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct accounts_draft, uid_min),
     .fallback = "1879048192",
     .min = 65536,
     .max = 4294967293},
    {.name = "uid_max",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct accounts_draft, uid_max),
     .fallback = "2147352575",
     .min = 65536,
     .max = 4294967293},
    {.name = "home", .type = OPTION_TEXT, ACCOUNTS(home), .fallback = ACCOUNT_HOME_DEFAULT},
    {.name = "shell", .type = OPTION_TEXT, ACCOUNTS(shell), .fallback = ACCOUNT_SHELL_DEFAULT},
    {.name = "require_token", .type = OPTION_LIST, ACCOUNTS(require_token), .list = require_token},
    {.name = "login_programs", .type = OPTION_LIST, ACCOUNTS(login_programs), .list = login_programs},
    {.name = "enumerate", .type = OPTION_FLAG, ACCOUNTS(enumerate), .fallback = "false"},
    {.name = "fleet_key", .type = OPTION_TEXT, ACCOUNTS(fleet_key)},
};

#define ACCOUNT(field) .offset = offsetof(struct account_draft, account.field)
static const struct option account_options[] = {
    {.name = "uid",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct account_draft, uid),
     .required = true,
     .min = 65536,
     .max = 4294967293},
    {.name = "home", .type = OPTION_TEXT, ACCOUNT(home)},
    {.name = "shell", .type = OPTION_TEXT, ACCOUNT(shell)},
    {.name = "issuer", .type = OPTION_TEXT, .offset = offsetof(struct account_draft, issuer)},
    {.name = "subject", .type = OPTION_TEXT, ACCOUNT(subject)},
};

static const struct option group_options[] = {
    {.name = "gid",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct group_draft, gid),
     .min = 65536,
     .max = 4294967293},
};

_Static_assert(ACCOUNT_UID_MIN_DEFAULT == 1879048192u && ACCOUNT_UID_MAX_DEFAULT == 2147352575u,
               "the fallbacks above are these");

const struct section_kind kind_top = {"", false, top_options, COUNT_OF(top_options)};
const struct section_kind kind_issuer = {"issuer", true, issuer_options, COUNT_OF(issuer_options)};
const struct section_kind kind_rule = {"rule", true, rule_options, COUNT_OF(rule_options)};
const struct section_kind kind_accounts = {"accounts", false, accounts_options, COUNT_OF(accounts_options)};
const struct section_kind kind_account = {"account", true, account_options, COUNT_OF(account_options)};
const struct section_kind kind_group = {"group", true, group_options, COUNT_OF(group_options)};

const struct section_kind *const section_kinds[SECTION_KINDS + 1] = {&kind_issuer,  &kind_rule,  &kind_accounts,
                                                                     &kind_account, &kind_group, NULL};

const struct option *option_find(const struct section_kind *kind, const char *name) {
  for (size_t i = 0; i < kind->option_count; i++)
    if (strcmp(kind->options[i].name, name) == 0) return &kind->options[i];
  return NULL;
}

/* ---- values ---- */

/* Decimal digits without a leading zero, from the start of `text`. */
static bool read_digits(const char *text, int64_t *ret, const char **ret_rest) {
  size_t digits = strspn(text, "0123456789");
  int64_t value = 0;
  if (digits == 0 || (digits > 1 && text[0] == '0')) return false;
  for (size_t i = 0; i < digits; i++)
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text[i] - '0', &value)) return false;
  *ret = value;
  *ret_rest = text + digits;
  return true;
}

static bool read_number(const char *text, int64_t *ret) {
  const char *rest;
  return read_digits(text, ret, &rest) && *rest == '\0';
}

static bool read_duration(const char *text, int64_t *ret) {
  static const struct {
    char letter;
    int seconds;
  } units[] = {{'s', 1}, {'m', 60}, {'h', 60 * 60}, {'d', DAY}};
  const char *rest;
  int64_t count;
  if (!read_digits(text, &count, &rest) || rest[0] == '\0' || rest[1] != '\0') return false;
  for (size_t i = 0; i < COUNT_OF(units); i++)
    if (units[i].letter == rest[0]) return !__builtin_mul_overflow(count, units[i].seconds, ret);
  return false;
}

static bool fill_number(struct loader *loader, const struct seen_section *section, const struct option *option,
                        const char *text, int64_t *ret) {
  bool duration = option->type == OPTION_DURATION;
  int64_t value;
  if (!(duration ? read_duration : read_number)(text, &value))
    return option_fail(
        loader, section, option->name, "`%s` is \"%.60s\"; expected %s", option->name, text,
        duration ? "a decimal number and its unit, such as 90s, 15m, 2h or 1d" : "a plain decimal number");
  if (value < option->min || value > option->max)
    return option_fail(loader, section, option->name, "`%s` is \"%.60s\"; expected %lld to %lld%s", option->name, text,
                       (long long)option->min, (long long)option->max, duration ? " seconds" : "");
  *ret = value;
  return true;
}

static bool fill_flag(struct loader *loader, const struct seen_section *section, const struct option *option,
                      const char *text, bool *ret) {
  *ret = strcmp(text, "true") == 0;
  if (*ret || strcmp(text, "false") == 0) return true;
  return option_fail(loader, section, option->name, "`%s` is \"%.60s\"; expected true or false", option->name, text);
}

static bool fill_text(struct loader *loader, const struct seen_section *section, const struct option *option,
                      const char *text, const char **ret) {
  if (!*text) return option_fail(loader, section, option->name, "`%s` has an empty value", option->name);
  *ret = arena_copy(loader->arena, text, strlen(text));
  return *ret || loader_out_of_memory(loader);
}

static bool fill_list(struct loader *loader, const struct seen_section *section, const struct option *option,
                      cfg_opt_t *values, const char *const **ret) {
  size_t count = cfg_opt_size(values);
  const char **list = arena_alloc(loader->arena, (count + 1) * sizeof(*list));
  if (!list) return loader_out_of_memory(loader);
  for (size_t i = 0; i < count; i++)
    if (!fill_text(loader, section, option, cfg_opt_getnstr(values, (unsigned)i), &list[i])) return false;
  *ret = list;
  return true;
}

static bool fill_one(struct loader *loader, const struct seen_section *section, const struct option *option,
                     const char *text, void *field) {
  switch (option->type) {
  case OPTION_TEXT:
    return fill_text(loader, section, option, text, field);
  case OPTION_FLAG:
    return fill_flag(loader, section, option, text, field);
  case OPTION_DURATION:
  case OPTION_NUMBER:
    return fill_number(loader, section, option, text, field);
  case OPTION_LIST:
    break;
  }
  return true;
}

static bool fill_unset(struct loader *loader, const struct seen_section *section, const struct option *option,
                       void *field) {
  if (option->required)
    return loader_fail(loader, section->source->name, section->line, "%s \"%s\" has no `%s`, which is required",
                       section->kind->name, section->title, option->name);
  if (option->type == OPTION_LIST) *(const char *const **)field = option->list ? option->list : nothing;
  return !option->fallback || fill_one(loader, section, option, option->fallback, field);
}

bool section_fill(struct loader *loader, const struct seen_section *section, void *draft) {
  for (size_t i = 0; i < section->kind->option_count; i++) {
    const struct option *option = &section->kind->options[i];
    const struct seen_option *seen = seen_option(section, option->name);
    void *field = (char *)draft + option->offset;
    cfg_opt_t *values = seen ? confuse_values(section, seen) : NULL;
    bool filled;
    if (!seen)
      filled = fill_unset(loader, section, option, field);
    else if (!values)
      filled =
          option_fail(loader, section, option->name, "`%s` is not plain enough to be sure of its value", option->name);
    else if (option->type == OPTION_LIST)
      filled = fill_list(loader, section, option, values, field);
    else
      filled = fill_one(loader, section, option, cfg_opt_getnstr(values, 0), field);
    if (!filled) return false;
  }
  return true;
}
