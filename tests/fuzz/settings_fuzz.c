/*
 * The main file of the settings and, behind a NUL, one of conf.d. They are loaded from a folder, as at a login. What is
 * accepted is sound, and a file cut short never says anything that the whole does not say.
 */
#include "settings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "urls.h"

#define MAIN_FILE "main.conf"
#define FOLDER "conf.d"
#define FURTHER_FILE FOLDER "/50.conf"

static char folder[64] = "/dev/shm/settings_fuzz.XXXXXX", main_path[96], conf_d[96], further_path[128];

static void remove_folder(void) {
  unlink(main_path);
  unlink(further_path);
  rmdir(conf_d);
  rmdir(folder);
}

static void make_folder(void) {
  if (main_path[0] != '\0') return;
  MUST_HOLD(mkdtemp(folder) != NULL);
  snprintf(main_path, sizeof main_path, "%s/" MAIN_FILE, folder);
  snprintf(conf_d, sizeof conf_d, "%s/" FOLDER, folder);
  snprintf(further_path, sizeof further_path, "%s/" FURTHER_FILE, folder);
  MUST_HOLD(mkdir(conf_d, 0755) == 0 && atexit(remove_folder) == 0);
}

static void write_file(const char *path, const void *bytes, size_t size) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  MUST_HOLD(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
}

static bool starts(const char *text, const char *with) {
  return strncmp(text, with, strlen(with)) == 0;
}

/* A refusal is one clear line, and never for a surprise of libConfuse's. */
static void check_refusal(enum reason reason, const char *text) {
  MUST_HOLD(reason == REASON_SETTINGS_INVALID && starts(text, folder));
  for (const char *c = text; *c != '\0'; c++)
    MUST_HOLD(*c >= ' ' && *c <= '~');
  const char *what = strstr(text, ": ") + 2, *option_end = *what == '`' ? strchr(what + 1, '`') : NULL;
  MUST_HOLD(!starts(what, "libConfuse: "));
  MUST_HOLD(option_end == NULL || !starts(option_end, "` is not plain enough"));
}

/* NULL when refused. */
static struct settings *load(void) {
  struct settings *settings = NULL;
  struct settings_error error = {.text = ""};
  enum reason reason = settings_load(main_path, conf_d, FILE_OF_ANYONE, &settings, &error);
  MUST_HOLD((reason == REASON_OK) == (settings != NULL));
  if (settings == NULL) check_refusal(reason, error.text);
  return settings;
}

/* ---- what is accepted ---- */

static bool all_known(const char *const *names, const char *const *known) {
  while (*names != NULL && name_is_listed(known, *names))
    names++;
  return *names == NULL;
}

static void check_keys(const struct issuer *issuer) {
  bool fetched = issuer->key_source != KEYS_IN_FILE;
  MUST_HOLD(fetched || (issuer->key_location[0] == '/' && issuer->ca_file == NULL && issuer->bearer_file == NULL));
  MUST_HOLD(issuer->key_source != KEYS_AT_URL || url_is_fetchable(issuer->key_location));
  MUST_HOLD(issuer->key_source != KEYS_DISCOVERED || url_is_fetchable(issuer->url));
  MUST_HOLD(issuer->max_stale >= 60 && issuer->max_stale <= 30 * 24 * 60 * 60);
}

/* What the JWT-SVID specification settles is not set. */
static void check_spiffe(const struct issuer *issuer) {
  MUST_HOLD((issuer->trust_domain != NULL) == starts(issuer->url, "spiffe://"));
  if (issuer->trust_domain == NULL) return;
  MUST_HOLD(issuer->trust_domain[0] != '\0' && issuer->key_source != KEYS_DISCOVERED);
  MUST_HOLD(issuer->types[0] == NULL && issuer->authorized_party == NULL && !issuer->audience_is_client_id);
  for (size_t i = 0; issuer->algorithms[i] != NULL; i++)
    MUST_HOLD(strchr("RPE", issuer->algorithms[i][0]) != NULL && issuer->algorithms[i][1] == 'S');
}

/* Nobody else is known by its name. */
static void check_identity(const struct settings *settings, const struct issuer *issuer) {
  for (size_t i = 0; i < settings->issuer_count; i++) {
    const struct issuer *other = &settings->issuers[i];
    MUST_HOLD(other == issuer || strcmp(issuer_identity(other), issuer_identity(issuer)) != 0);
  }
}

static void check_issuer(const struct settings *settings, const struct issuer *issuer) {
  MUST_HOLD(issuer->title[0] != '\0' && strlen(issuer->title) <= SETTINGS_TITLE_MAX);
  MUST_HOLD(settings_issuer(settings, issuer->title) == issuer); /* the only one of its title */
  MUST_HOLD(issuer->url[0] != '\0' && issuer->audiences[0] != NULL && issuer->algorithms[0] != NULL);
  MUST_HOLD(all_known(issuer->algorithms, settings_algorithms()));
  MUST_HOLD(issuer->max_lifetime > 0 && issuer->leeway >= 0 && issuer->leeway <= 300 && issuer->line > 0);
  check_identity(settings, issuer);
  check_keys(issuer);
  check_spiffe(issuer);
  for (size_t i = 0; issuer->audiences[i] != NULL; i++)
    MUST_HOLD(settings->hostname == NULL ? strchr(issuer->audiences[i], '{') == NULL : issuer->audiences[i][0] != '\0');
}

static void check_account(const struct rule *rule) {
  char longest[3 * ACCOUNT_NAME_MAX];
  snprintf(longest, sizeof longest, "%sx%s", rule->account_pattern.prefix, rule->account_pattern.suffix);
  MUST_HOLD(name_is_strict(rule->account_is_template ? longest : rule->account));
  MUST_HOLD(!rule->account_is_template || rule->account_claim[0] != '\0');
  MUST_HOLD(!(rule->create && rule->local) && (rule->account_is_template || !rule->local));
  MUST_HOLD(strcmp(rule->account, "root") != 0 || (rule->system && !rule->create));
}

static void check_rule(const struct settings *settings, const struct rule *rule) {
  size_t groups = 0;
  MUST_HOLD(rule->title[0] != '\0' && strlen(rule->title) <= SETTINGS_TITLE_MAX && rule->line > 0);
  MUST_HOLD(settings_rule(settings, rule->title) == rule && settings_issuer(settings, rule->issuer) != NULL);
  for (size_t i = 0; i < rule->condition_count; i++)
    MUST_HOLD(rule->conditions[i].claim[0] != '\0');
  while (rule->groups[groups] != NULL)
    groups++;
  MUST_HOLD(groups <= RULE_GROUPS_MAX);
  check_account(rule);
}

static void check_accounts(const struct settings *settings) {
  const struct account_settings *accounts = &settings->accounts;
  size_t creating = 0;
  for (size_t i = 0; i < settings->rule_count; i++)
    creating += settings->rules[i].create;
  MUST_HOLD(accounts->pattern_count == creating && accounts->fingerprint == settings->fingerprint);
  MUST_HOLD(accounts->range.min >= 65536 && accounts->range.min <= accounts->range.max);
  MUST_HOLD(accounts->home[0] == '/' && strstr(accounts->home, "{name}") != NULL && accounts->shell[0] == '/');
}

/* Its id is one of these accounts', and nobody else's. */
static void check_declared(const struct account_settings *accounts, const struct declared_account *account) {
  MUST_HOLD(name_is_strict(account->name) && !name_is_reserved(account->name));
  MUST_HOLD(id_range_holds(accounts->range, account->uid));
  MUST_HOLD(account->home[0] == '/' && account->shell[0] == '/');
  MUST_HOLD(strlen(account->home) <= ACCOUNT_PATH_MAX && strlen(account->shell) <= ACCOUNT_PATH_MAX);
  MUST_HOLD((account->issuer == NULL) == (account->subject == NULL));
  MUST_HOLD(account->subject == NULL || text_is_printable(account->subject));
  for (const struct declared_account *other = accounts->declared; other < account; other++)
    MUST_HOLD(strcmp(other->name, account->name) != 0 && other->uid != account->uid);
}

static void check(const struct settings *settings) {
  for (size_t i = 0; i < settings->issuer_count; i++)
    check_issuer(settings, &settings->issuers[i]);
  for (size_t i = 0; i < settings->rule_count; i++)
    check_rule(settings, &settings->rules[i]);
  check_accounts(settings);
  for (size_t i = 0; i < settings->accounts.declared_count; i++)
    check_declared(&settings->accounts, &settings->accounts.declared[i]);
}

/* ---- one against another ---- */

static bool same_list(const char *const *a, const char *const *b) {
  while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0)
    a++, b++;
  return *a == NULL && *b == NULL;
}

static bool same_text(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_issuer(const struct issuer *a, const struct issuer *b) {
  return strcmp(a->title, b->title) == 0 && strcmp(a->url, b->url) == 0 && same_list(a->algorithms, b->algorithms) &&
         same_list(a->required_claims, b->required_claims) && same_list(a->types, b->types) &&
         strcmp(issuer_identity(a), issuer_identity(b)) == 0 && a->key_source == b->key_source &&
         same_text(a->key_location, b->key_location) && same_text(a->ca_file, b->ca_file) &&
         same_text(a->bearer_file, b->bearer_file) && same_text(a->authorized_party, b->authorized_party) &&
         a->max_stale == b->max_stale && a->issued_at_optional == b->issued_at_optional &&
         a->audience_is_client_id == b->audience_is_client_id && a->max_lifetime == b->max_lifetime &&
         a->leeway == b->leeway;
}

static bool same_rule(const struct rule *a, const struct rule *b) {
  return strcmp(a->title, b->title) == 0 && strcmp(a->issuer, b->issuer) == 0 && strcmp(a->account, b->account) == 0 &&
         a->condition_count == b->condition_count && same_list(a->services, b->services) &&
         same_list(a->groups, b->groups) && a->create == b->create && a->system == b->system && a->local == b->local &&
         a->single_use == b->single_use && a->session_until_expiry == b->session_until_expiry;
}

/* The sections of `a` are the first of `b`'s. */
static bool begins(const struct settings *a, const struct settings *b) {
  if (a->issuer_count > b->issuer_count || a->rule_count > b->rule_count) return false;
  for (size_t i = 0; i < a->issuer_count; i++)
    if (!same_issuer(&a->issuers[i], &b->issuers[i])) return false;
  for (size_t i = 0; i < a->rule_count; i++)
    if (!same_rule(&a->rules[i], &b->rules[i])) return false;
  return true;
}

static void check_again(const struct settings *settings) {
  struct settings *again = load();
  MUST_HOLD(again != NULL && again->fingerprint == settings->fingerprint);
  MUST_HOLD(begins(settings, again) && begins(again, settings));
  settings_free(again);
}

/* The last file, cut at a place that depends on its bytes. */
static void check_cut(const struct settings *settings, const char *path, const char *bytes, size_t size) {
  if (size == 0) return;
  write_file(path, bytes, settings->fingerprint % size);
  struct settings *cut = load();
  if (cut != NULL) MUST_HOLD(begins(cut, settings) && cut->fingerprint != settings->fingerprint);
  settings_free(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *bytes = (const char *)data, *nul = size > 0 ? memchr(data, '\0', size) : NULL;
  size_t first = nul != NULL ? (size_t)(nul - bytes) : size;
  size_t rest = nul != NULL ? size - first - 1 : 0;
  make_folder();
  write_file(main_path, bytes, first);
  write_file(further_path, nul != NULL ? nul + 1 : "", rest);
  struct settings *settings = load();
  if (settings == NULL) return 0;
  check(settings);
  check_again(settings);
  if (rest > 0) {
    check_cut(settings, further_path, nul + 1, rest);
  } else {
    check_cut(settings, main_path, bytes, first);
  }
  settings_free(settings);
  return 0;
}
