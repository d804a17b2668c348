#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fleet_key.h"
#include "jwtctl.h"
#include "jwtctl_check.h"
#include "nscd.h"
#include "secret.h"
#include "state.h"
#include "text.h"
#include "token.h"

static const char name[] = "check";

static const char usage[] =
    "Usage: jwtctl check [OPTION]...\n"
    "\n"
    "Check the settings. The first error is told with its file and line; what is valid but looks wrong on this\n"
    "host is told as a warning.\n"
    "\n"
    "  --config FILE       the settings (default: the host's, which must belong to root)\n"
    "  --conf-dir DIR      further files *.conf (default: the host's, none with --config)\n"
    "  --json              print a JSON object\n"
    "\n"
    "Exit status: 0 the settings are valid, 2 they are not, or wrong use.\n"
    "Key files are not parsed: 'jwtctl keys list' looks into them.\n";

struct options {
  struct settings_choice choice;
  bool json;
};

static int parse_options(int argc, char **argv, struct options *options) {
  int status = choice_options(name, argc, argv, &options->choice, &options->json);
  if (status != EXIT_YES) return status;
  return optind < argc ? wrong_use(name, "%s is too much", argv[optind]) : EXIT_YES;
}

/* ---- what is valid and looks wrong ---- */

void check_warn(json_t *warnings, const char *file, int line, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  json_array_append_new(warnings, line ? json_sprintf("%s:%d: %s", file, line, text) : json_string(text));
}

static void look_at_key_file(const struct issuer *issuer, enum file_trust trust, json_t *warnings) {
  char *bytes;
  size_t size;
  if (issuer->key_source != KEYS_IN_FILE) return;
  enum reason reason = trusted_file_read(issuer->key_location, trust, KEYSET_MAX_SIZE, &bytes, &size);
  if (reason == REASON_OK)
    free(bytes);
  else
    check_warn(warnings, issuer->file, issuer->line, "issuer \"%s\": its tokens are refused, for its key file %s is %s",
               issuer->title, issuer->key_location,
               reason == REASON_SETTINGS_MISSING ? "missing"
               : reason == REASON_FILE_UNSAFE
                   ? "unsafe (expected a regular file of root, written by no other, at most 1 MiB)"
                   : "unreadable");
}

static void look_at_issuer(const struct settings *settings, const struct issuer *issuer, json_t *warnings) {
  size_t rules = 0;
  for (size_t i = 0; i < settings->rule_count; i++)
    rules += strcmp(settings->rules[i].issuer, issuer->title) == 0;
  if (rules == 0)
    check_warn(warnings, issuer->file, issuer->line, "issuer \"%s\": no rule is for it; its tokens open nothing",
               issuer->title);
}

static void look_at_account(const struct rule *rule, json_t *warnings) {
  if (rule->account_is_template) return;
  const struct passwd *account = getpwnam(rule->account);
  if (!account && !rule->create)
    check_warn(warnings, rule->file, rule->line, "rule \"%s\": the account %s does not exist", rule->title,
               rule->account);
  if (account && account->pw_uid < SYSTEM_ID_END && !rule->system)
    check_warn(warnings, rule->file, rule->line, "rule \"%s\": the account %s has uid %u, which needs `system = true`",
               rule->title, rule->account, (unsigned)account->pw_uid);
}

static void look_at_services(const struct rule *rule, json_t *warnings) {
  if (rule->services[0] == NULL) {
    check_warn(warnings, rule->file, rule->line,
               "rule \"%s\": without `service` it serves every program, sudo and su included", rule->title);
  }
}

static void look_at_groups(const struct rule *rule, const struct account_settings *accounts, json_t *warnings) {
  for (const char *const *title = rule->groups; *title; title++) {
    const struct group *group = getgrnam(*title);
    if (!group && !group_is_declared(accounts, *title))
      check_warn(warnings, rule->file, rule->line,
                 "rule \"%s\": the group %s does not exist; the rule's logins are refused", rule->title, *title);
    else if (group && group->gr_gid < SYSTEM_ID_END && !rule->system)
      check_warn(warnings, rule->file, rule->line,
                 "rule \"%s\": the group %s has gid %u, which needs `system = true`; the rule's logins are refused",
                 rule->title, *title, (unsigned)group->gr_gid);
  }
}

/* It says nothing of settings, but without it they serve nobody. */
static void look_at_host(json_t *warnings) {
  static const char *const databases[] = {"passwd", "group"};
  for (size_t i = 0; i < COUNT_OF(databases); i++) {
    const char *wrong = nsswitch_wrong(databases[i]);
    if (wrong != NULL) check_warn(warnings, "", 0, "/etc/nsswitch.conf: the line of %s %s", databases[i], wrong);
  }
  const char *nscd = nscd_warning();
  if (nscd != NULL) check_warn(warnings, "", 0, "%s", nscd);
}

static json_t *look(const struct settings *settings, const struct settings_choice *choice) {
  enum file_trust trust = choice_trust(choice);
  bool host = choice->config == NULL && choice->conf_dir == NULL;
  json_t *warnings = json_array();
  if (settings->issuer_count == 0)
    check_warn(warnings, "", 0, "there is no issuer section: nobody can log in with a token");
  else if (settings->rule_count == 0)
    check_warn(warnings, "", 0, "there is no rule: nobody can log in with a token");
  for (size_t i = 0; i < settings->issuer_count; i++) {
    look_at_key_file(&settings->issuers[i], trust, warnings);
    look_at_issuer(settings, &settings->issuers[i], warnings);
  }
  check_issuers(settings, host, warnings);
  if (host) look_at_host(warnings);
  for (size_t i = 0; i < settings->rule_count; i++) {
    look_at_account(&settings->rules[i], warnings);
    look_at_services(&settings->rules[i], warnings);
    look_at_groups(&settings->rules[i], &settings->accounts, warnings);
  }
  return warnings;
}

/* ---- what no account can be made without ---- */

/* False when it cannot be used. Who is not root cannot see that, and need not. */
static bool fleet_key_is_fit(const struct account_settings *accounts, json_t *warnings, struct settings_error *error) {
  uint8_t key[FLEET_KEY_SIZE];
  if (fleet_key_read(accounts->fleet_key, key)) {
    ERASE_ARRAY(key);
    return true;
  }
  bool hidden = errno == EACCES && geteuid() != 0;
  if (hidden)
    check_warn(warnings, accounts->fleet_key, 0, "only root can check this `fleet_key`");
  else
    snprintf(
        error->text, sizeof(error->text),
        "accounts: the `fleet_key` %s cannot be used (%s); expected a file of root, mode 0600 and no link, of 32 hex "
        "digits and a newline: make it with 'openssl rand -hex 16'",
        accounts->fleet_key, strerror(errno));
  return hidden;
}

/* ---- answers ---- */

static const char *plural(size_t count) {
  return count == 1 ? "" : "s";
}

static int tell(const struct settings *settings, json_t *warnings) {
  size_t index;
  json_t *warning;
  json_array_foreach(warnings, index, warning) fprintf(stderr, "warning: %s\n", json_string_value(warning));
  printf("%zu issuer%s, %zu rule%s, ids %u-%u\n", settings->issuer_count, plural(settings->issuer_count),
         settings->rule_count, plural(settings->rule_count), (unsigned)settings->accounts.range.min,
         (unsigned)settings->accounts.range.max);
  json_decref(warnings);
  return EXIT_YES;
}

static int tell_json(const struct settings *settings, json_t *warnings) {
  bool printed = print_json(json_pack("{s:b, s:I, s:I, s:I, s:I, s:o}", "valid", 1, "issuers",
                                      (json_int_t)settings->issuer_count, "rules", (json_int_t)settings->rule_count,
                                      "uid_min", (json_int_t)settings->accounts.range.min, "uid_max",
                                      (json_int_t)settings->accounts.range.max, "warnings", warnings));
  return printed ? EXIT_YES : EXIT_WRONG_USE;
}

static int tell_error(const struct options *options, enum reason reason, const struct settings_error *error) {
  if (options->json)
    print_json(json_pack("{s:b, s:s, s:s}", "valid", 0, "reason", reason_code(reason), "error", error->text));
  else
    fprintf(stderr, "%s\n", error->text);
  return EXIT_WRONG_USE;
}

static int run(int argc, char **argv) {
  struct options options = {0};
  struct settings_error error;
  struct settings *settings;
  int status = parse_options(argc, argv, &options);
  if (status != EXIT_YES) return status;
  enum reason reason = choice_load(&options.choice, &settings, &error);
  if (reason != REASON_OK) return tell_error(&options, reason, &error);
  json_t *warnings = look(settings, &options.choice);
  if (fleet_key_is_fit(&settings->accounts, warnings, &error)) {
    status = (options.json ? tell_json : tell)(settings, warnings);
  } else {
    status = tell_error(&options, REASON_SETTINGS_INVALID, &error);
    json_decref(warnings);
  }
  settings_free(settings);
  return status;
}

const struct command command_check = {name, "check the settings", usage, run};
