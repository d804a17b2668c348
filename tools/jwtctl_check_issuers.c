#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jwtctl_check.h"
#include "key_cache.h"
#include "paths.h"
#include "system_user.h"
#include "token.h"

/* As that user, in a process of its own: root itself reads everything. */
static bool may_read(const char *path, uid_t uid, gid_t gid) {
  if (geteuid() != 0) return access(path, R_OK) == 0;
  pid_t child = fork();
  if (child == 0) {
    bool shed = setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
    _exit(shed && access(path, R_OK) == 0 ? 0 : 1);
  }
  int status = 1;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  return child > 0 && status == 0;
}

static void look_at_file(const struct issuer *issuer, const char *option, const char *path, json_t *warnings) {
  uid_t uid;
  gid_t gid;
  if (path == NULL || !system_user_find(FETCH_USER, &uid, &gid) || may_read(path, uid, gid)) return;
  check_warn(warnings, issuer->file, issuer->line, "issuer \"%s\": the user %s cannot read its %s %s", issuer->title,
             FETCH_USER, option, path);
}

static void look_at_cache(const struct issuer *issuer, json_t *warnings) {
  char path[KEY_CACHE_PATH_SIZE];
  if (key_cache_path(PATH_KEY_CACHE, issuer->title, KEY_CACHE_KEYS, path) && access(path, F_OK) == 0) return;
  check_warn(
      warnings, issuer->file, issuer->line,
      "issuer \"%s\": its keys were not fetched yet; 'jwtctl keys refresh' does, or the first login with its tokens",
      issuer->title);
}

static void look_at_algorithms(const struct issuer *issuer, json_t *warnings) {
  for (const char *const *algorithm = issuer->algorithms; *algorithm != NULL; algorithm++)
    if (!token_algorithm_known(*algorithm))
      check_warn(warnings, issuer->file, issuer->line,
                 "issuer \"%s\": the OpenSSL of this host does not verify %s; such tokens are refused", issuer->title,
                 *algorithm);
}

static void look_at_user(const struct settings *settings, json_t *warnings) {
  uid_t uid;
  gid_t gid;
  bool fetched = false;
  for (size_t i = 0; i < settings->issuer_count; i++)
    fetched = fetched || settings->issuers[i].key_source != KEYS_IN_FILE;
  if (fetched && !system_user_find(FETCH_USER, &uid, &gid))
    check_warn(warnings, "", 0,
               "there is no user %s, so no keys are fetched; make it with systemd-sysusers, or "
               "useradd --system --shell /usr/sbin/nologin %s",
               FETCH_USER, FETCH_USER);
}

void check_issuers(const struct settings *settings, bool host, json_t *warnings) {
  bool prepared = token_prepare() == REASON_OK;
  if (!prepared) check_warn(warnings, "", 0, "OpenSSL offers no algorithm that verifies signatures; check openssl.cnf");
  look_at_user(settings, warnings);
  for (size_t i = 0; i < settings->issuer_count; i++) {
    const struct issuer *issuer = &settings->issuers[i];
    if (prepared) look_at_algorithms(issuer, warnings);
    look_at_file(issuer, "ca_file", issuer->ca_file, warnings);
    look_at_file(issuer, "bearer_file", issuer->bearer_file, warnings);
    if (host && issuer->key_source != KEYS_IN_FILE) look_at_cache(issuer, warnings);
  }
}
