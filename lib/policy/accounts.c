/* The checks of the accounts section that go beyond the types of its options. */
#include <stdio.h>
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
      !check_path(loader, section, "shell", accounts->shell))
    return false;
  accounts->range = (struct id_range){(uint32_t)draft->uid_min, (uint32_t)draft->uid_max};
  return true;
}
