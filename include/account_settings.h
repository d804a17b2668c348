/* What the settings say of accounts, in the form that the ledger and the NSS tables use. */
#ifndef JWT_LOGIN_ACCOUNT_SETTINGS_H
#define JWT_LOGIN_ACCOUNT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names.h"

#define ACCOUNT_UID_MIN_DEFAULT 1879048192u /* systemd's unused range, clear of its foreign ids */
#define ACCOUNT_UID_MAX_DEFAULT 2147352575u
#define ACCOUNT_HOME_DEFAULT "/home/{name}"
#define ACCOUNT_SHELL_DEFAULT "/bin/bash"

#define ACCOUNT_NAME_PLACEHOLDER "{name}" /* in a home template */

#define ACCOUNT_PATH_MAX 255 /* bytes of a home or shell, without the NUL */

/* An account section: an account with a fixed id. */
struct declared_account {
  const char *name;
  uint32_t uid;
  const char *home;
  const char *shell;
  const char
      *issuer; /* its identity, as tokens and the ledger have it; NULL with subject: the ledger's binding, or none */
  const char *subject;
};

/* A group section: a group that exists because of us. */
struct group_settings {
  const char *name;
  uint32_t gid; /* 0: the first probe of its name that nobody has */
};

struct account_settings {
  struct id_range range;
  const char *home; /* template: {name} is replaced, nothing else */
  const char *shell;
  const char *const *require_token;    /* services whose sessions need a token; NULL-terminated */
  const char *const *login_programs;   /* executables that may see an account before its first login; NULL-terminated */
  const struct name_pattern *patterns; /* the names that `create` rules could produce */
  size_t pattern_count;
  const struct declared_account *declared;
  size_t declared_count;
  const struct group_settings *groups;
  size_t group_count;
  bool enumerate;        /* getpwent(3) and getgrent(3) list the accounts and the groups */
  const char *fleet_key; /* a file, see fleet_key.h; NULL: the built-in key */
  uint64_t fingerprint;  /* of the settings text; tables made from other settings are outdated */
};

/* True when a group section has this name. */
bool group_is_declared(const struct account_settings *settings, const char *name);

/* True for a home or a shell as a passwd line can hold it: absolute, at most ACCOUNT_PATH_MAX bytes, without a colon or
 * a control character. */
bool account_path_is_fit(const char *path);

/* Write the home folder of `name` into `ret` (ACCOUNT_PATH_MAX + 1 bytes). False when it would not fit. */
bool account_home(const char *home_template, const char *name, char *ret, size_t size);

#endif
