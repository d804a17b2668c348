/* The checks of the sections accounts, account and group that go beyond the types of its options. */
#include <string.h>

#include "loader.h"

#define ACCOUNTS_FAIL(option, ...) option_fail(loader, section, option, __VA_ARGS__)

/* Ids that others give out; see systemd's page on users, groups, UIDs and GIDs. */
static const struct {
  uint32_t min, max;
  const char *what;
} taken[] = {
    {0, 65535, "the system's, local users' and systemd's dynamic ids, and nobody"},
    {524288, 1879048191, "ids of containers and of their foreign files"},
    {2147483648u, 4294967295u, "ids above 2^31-1, which some programs take for negative"},
};

static bool check_range(struct loader *loader, const struct seen_section *section, const struct accounts_draft *draft) {
  if (draft->uid_min > draft->uid_max)
    return ACCOUNTS_FAIL("uid_min", "`uid_min` %lld is above `uid_max` %lld", (long long)draft->uid_min,
                         (long long)draft->uid_max);
  for (size_t i = 0; i < COUNT_OF(taken); i++)
    if (draft->uid_min <= taken[i].max && draft->uid_max >= taken[i].min)
      return ACCOUNTS_FAIL(draft->uid_min >= taken[i].min ? "uid_min" : "uid_max",
                           "ids %lld-%lld overlap %lld-%lld: %s; expected a range within 1879048192-2147483647 or "
                           "65536-524287",
                           (long long)draft->uid_min, (long long)draft->uid_max, (long long)taken[i].min,
                           (long long)taken[i].max, taken[i].what);
  return true;
}

/* A path as /etc/passwd can hold it. */
static bool check_path(struct loader *loader, const struct seen_section *section, const char *option,
                       const char *path) {
  if (path[0] != '/' || strchr(path, ':'))
    return ACCOUNTS_FAIL(option, "`%s` has \"%.80s\"; expected an absolute path without a colon", option, path);
  if (strstr(path, "/../") || strstr(path, "/./") || strstr(path, "//"))
    return ACCOUNTS_FAIL(option, "`%s` has \"%.80s\"; expected a path without //, /./ and /../", option, path);
  if (strlen(path) > ACCOUNT_PATH_MAX)
    return ACCOUNTS_FAIL(option, "`%s` is longer than %d bytes", option, ACCOUNT_PATH_MAX);
  return true;
}

static bool check_home(struct loader *loader, const struct seen_section *section, const char *home) {
  static const char longest[] = "abcdefghijklmnopqrstuvwxyz012345";
  _Static_assert(sizeof(longest) == ACCOUNT_NAME_MAX + 1, "as long as a name can be");
  char path[ACCOUNT_PATH_MAX + 1];
  const char *name = strstr(home, "{name}");
  if (!check_path(loader, section, "home", home)) return false;
  if (!name || strcspn(home, "{}") != (size_t)(name - home) || strpbrk(name + strlen("{name}"), "{}"))
    return ACCOUNTS_FAIL("home", "`home` is \"%.80s\"; expected {name} in it, once", home);
  if (!account_home(home, longest, path, sizeof(path)))
    return ACCOUNTS_FAIL("home", "`home` is longer than %d bytes with the longest name", ACCOUNT_PATH_MAX);
  return true;
}

bool accounts_finish(struct loader *loader, const struct seen_section *section, struct accounts_draft *draft) {
  struct account_settings *accounts = &draft->accounts;
  for (const char *const *program = accounts->login_programs; *program; program++)
    if (!check_path(loader, section, "login_programs", *program)) return false;
  if (!check_range(loader, section, draft) || !check_home(loader, section, accounts->home) ||
      !check_path(loader, section, "shell", accounts->shell) ||
      (accounts->fleet_key && !check_path(loader, section, "fleet_key", accounts->fleet_key)))
    return false;
  accounts->range = (struct id_range){(uint32_t)draft->uid_min, (uint32_t)draft->uid_max};
  return true;
}

/* ---- account ---- */

static bool check_name(struct loader *loader, const struct seen_section *section) {
  if (name_is_strict(section->title) && !name_is_reserved(section->title)) return true;
  return loader_fail(loader, section->source->name, section->line, "%s \"%.80s\": %s", section->kind->name,
                     section->title,
                     name_is_strict(section->title) ? "the name is reserved: a group of this name would carry rights"
                                                    : "expected a name of [a-z_][a-z0-9_-]{0,31}");
}

/* An id, `uid` or `gid`, is in the range and no other section's. */
static bool check_id(struct loader *loader, const struct seen_section *section, const char *option,
                     const struct account_settings *accounts, int64_t id) {
  if (id < accounts->range.min || id > accounts->range.max)
    return ACCOUNTS_FAIL(option, "`%s` is %lld; expected one of the ids that are for these accounts, %u-%u", option,
                         (long long)id, accounts->range.min, accounts->range.max);
  for (size_t i = 0; i < accounts->declared_count; i++)
    if (accounts->declared[i].uid == id)
      return ACCOUNTS_FAIL(option, "`%s` is %lld, which account \"%s\" has", option, (long long)id,
                           accounts->declared[i].name);
  for (size_t i = 0; i < accounts->group_count; i++)
    if (accounts->groups[i].gid == id)
      return ACCOUNTS_FAIL(option, "`%s` is %lld, which group \"%s\" has", option, (long long)id,
                           accounts->groups[i].name);
  return true;
}

static bool check_subject(struct loader *loader, const struct seen_section *section, const char *subject) {
  for (const char *c = subject; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 0x7f)
      return ACCOUNTS_FAIL("subject", "`subject` has a control character in it");
  return true;
}

/* A section may say whose the account is; then it says both. */
static bool finish_binding(struct loader *loader, const struct seen_section *section, const struct settings *settings,
                           struct account_draft *draft) {
  struct declared_account *account = &draft->account;
  if (!draft->issuer && !account->subject) return true;
  if (!draft->issuer || !account->subject)
    return loader_fail(loader, section->source->name, section->line,
                       "account \"%s\" has no `%s`; expected it beside `%s`", section->title,
                       draft->issuer ? "subject" : "issuer", draft->issuer ? "issuer" : "subject");
  const struct issuer *issuer = settings_issuer(settings, draft->issuer);
  if (!issuer)
    return ACCOUNTS_FAIL("issuer", "`issuer` is \"%.80s\", but there is no such issuer section", draft->issuer);
  account->issuer = issuer_identity(issuer);
  return check_subject(loader, section, account->subject);
}

static bool finish_home(struct loader *loader, const struct seen_section *section, const char *template,
                        struct declared_account *account) {
  char home[ACCOUNT_PATH_MAX + 1];
  if (account->home) return check_path(loader, section, "home", account->home);
  if (!account_home(template, section->title, home, sizeof(home)))
    return ACCOUNTS_FAIL("home", "`home` is longer than %d bytes", ACCOUNT_PATH_MAX);
  account->home = arena_copy(loader->arena, home, strlen(home));
  return account->home || loader_out_of_memory(loader);
}

bool account_finish(struct loader *loader, const struct seen_section *section, const struct settings *settings,
                    struct account_draft *draft) {
  const struct account_settings *accounts = &settings->accounts;
  struct declared_account *account = &draft->account;
  if (!check_name(loader, section) || !check_id(loader, section, "uid", accounts, draft->uid) ||
      !finish_binding(loader, section, settings, draft) || !finish_home(loader, section, accounts->home, account))
    return false;
  if (!account->shell) account->shell = accounts->shell;
  account->name = section->title;
  account->uid = (uint32_t)draft->uid;
  return check_path(loader, section, "shell", account->shell);
}

/* ---- group ---- */

/* An account has a group of its own name. */
static bool is_no_account(struct loader *loader, const struct seen_section *section,
                          const struct account_settings *accounts) {
  for (size_t i = 0; i < accounts->declared_count; i++)
    if (strcmp(accounts->declared[i].name, section->title) == 0)
      return loader_fail(loader, section->source->name, section->line,
                         "group \"%s\": an account section has this name, and with it a group; expected another name",
                         section->title);
  return true;
}

bool group_finish(struct loader *loader, const struct seen_section *section, const struct account_settings *accounts,
                  const struct group_draft *draft, struct group_settings *ret) {
  if (!check_name(loader, section) || !is_no_account(loader, section, accounts) ||
      (draft->gid != 0 && !check_id(loader, section, "gid", accounts, draft->gid)))
    return false;
  *ret = (struct group_settings){.name = section->title, .gid = (uint32_t)draft->gid};
  return true;
}
