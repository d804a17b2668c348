/* One account: to look at, and to change as only the administrator may. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compiler.h"
#include "group_book.h"
#include "jwtctl.h"
#include "jwtctl_accounts.h"
#include "output.h"
#include "paths.h"
#include "state.h"
#include "text.h"

#define EXIT_STATUS "Exit status: 0 done, 1 there is no such account, or it could not be done, 2 wrong use.\n"

static const char show_usage[] =
    "Usage: jwtctl accounts show NAME [--json]\n"
    "\n"
    "Show all that the ledger has of one account, how many of its sessions are open, and the groups that it is in for\n"
    "the whole host, with the time at which that ends where it does. Needs root.\n"
    "\n"
    "  --json         print a JSON object\n"
    "\n" EXIT_STATUS;

static const char disable_usage[] =
    "Usage: jwtctl accounts disable NAME [--json]\n"
    "\n"
    "Shut an account off: from now on it gets no login, no session and no right, by token or otherwise, in any\n"
    "service that asks PAM for its account, and is in no group for the host. It keeps its name and id, for its files "
    "are still its own. Sessions that\n"
    "are open go on until they end. Needs root.\n"
    "\n"
    "  --json         print a JSON object\n"
    "\n" EXIT_STATUS;

static const char enable_usage[] =
    "Usage: jwtctl accounts enable NAME [--json]\n"
    "\n"
    "Open an account that was disabled, or one that is only reserved. Groups that it is in for good are its own\n"
    "again at the next login of anybody; those that tokens gave do not come back. Needs root.\n"
    "\n"
    "  --json         print a JSON object\n"
    "\n" EXIT_STATUS;

static const char rebind_usage[] =
    "Usage: jwtctl accounts rebind NAME --issuer ISSUER --subject SUBJECT [--json]\n"
    "\n"
    "Give an account to another issuer and subject, with its name, its id and its files. What logins under the former\n"
    "binding were granted is over; sessions that are open go on until they end. Needs root.\n"
    "\n"
    "  --issuer ISSUER    the issuer, byte for byte as its tokens have it\n"
    "  --subject SUBJECT  the sub of its tokens, byte for byte\n"
    "  --json             print a JSON object\n"
    "\n" EXIT_STATUS;

static const char groups_usage[] =
    "Usage: jwtctl accounts groups NAME [OPTION]... [GROUP]...\n"
    "\n"
    "Have an account be in these groups for good, and in no others: the whole host sees it in them as long as it is\n"
    "enabled. Without a GROUP it is in none. A group is of another source, with a gid from 1000 on, or of a section\n"
    "group of the settings that 'jwtctl apply' has made. What tokens give goes on until they expire; sessions that "
    "are\n"
    "open keep the groups they have until they end. Needs root.\n"
    "\n"
    "  --config FILE      the settings (default: the host's); they must belong to root\n"
    "  --conf-dir DIR     further files *.conf (default: the host's, none with --config)\n"
    "  --json             print a JSON object\n"
    "\n" EXIT_STATUS;

static const char remove_usage[] =
    "Usage: jwtctl accounts remove NAME [OPTION]...\n"
    "\n"
    "Forget an account: its binding, its grants and its sessions; nobody resolves it any more. Its id stays reserved\n"
    "for good: who logs in under the name next, the same subject too, gets another. Its home and its other files are\n"
    "left alone. An account with open sessions stays, unless forced. Needs root.\n"
    "\n"
    "  --config FILE      the settings (default: the host's); they must belong to root\n"
    "  --conf-dir DIR     further files *.conf (default: the host's, none with --config)\n"
    "  --force            remove it even though sessions are open; they go on\n"
    "  --json             print a JSON object\n"
    "\n" EXIT_STATUS;

/* ---- the command line ---- */

struct options {
  const char *command;
  const char *account;
  bool takes_groups;
  char **groups;
  size_t group_count;
  const char *issuer;
  const char *subject;
  struct settings_choice choice;
  bool force;
  bool json;
};

#define JSON_OPTION \
  { "json", no_argument, NULL, 'j' }
#define END_OF_OPTIONS \
  { NULL, 0, NULL, 0 }

static void take_option(int option, struct options *options) {
  switch (option) {
  case 'i':
    options->issuer = optarg;
    break;
  case 's':
    options->subject = optarg;
    break;
  case 'c':
    options->choice.config = optarg;
    break;
  case 'd':
    options->choice.conf_dir = optarg;
    break;
  case 'f':
    options->force = true;
    break;
  case 'j':
    options->json = true;
    break;
  }
}

/* EXIT_YES, or what wrong_use returned. */
static int parse(const struct option *known, int argc, char **argv, struct options *options) {
  int option;
  while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
    if (option == ':' || option == '?')
      return wrong_use(options->command, option == ':' ? "%s needs a value" : "%s is not an option, or not a clear one",
                       argv[optind - 1]);
    take_option(option, options);
  }
  if (optind == argc) return wrong_use(options->command, "the account's name is missing");
  options->account = argv[optind++];
  options->groups = argv + optind;
  options->group_count = (size_t)(argc - optind);
  if (optind < argc && !options->takes_groups) return wrong_use(options->command, "%s is too much", argv[optind]);
  if (geteuid() != 0) return wrong_use(options->command, "only root may use the ledger");
  return EXIT_YES;
}

/* ---- what the ledger has ---- */

#define GROUP_TEXT_SIZE (4 * 255 + 64) /* a group's name, escaped, and a time */

/* A copy: an identity's strings live for the visit alone. */
struct account {
  char *name, *issuer, *subject, *home, *shell, *state;
  uint32_t uid;
  int64_t created, last_login;
  int64_t open_sessions;
  json_t *memberships; /* an array, in the order of names */
  bool declared;
};

static void account_clear(struct account *account) {
  char *strings[] = {account->name, account->issuer, account->subject, account->home, account->shell, account->state};
  for (size_t i = 0; i < COUNT_OF(strings); i++)
    free(strings[i]);
  json_decref(account->memberships);
}

static bool copy_account(void *context, const struct identity *identity) {
  *(struct account *)context = (struct account){.name = strdup(identity->name),
                                                .issuer = strdup(identity->issuer),
                                                .subject = strdup(identity->subject),
                                                .home = strdup(identity->home),
                                                .shell = strdup(identity->shell),
                                                .state = strdup(identity->state),
                                                .uid = identity->uid,
                                                .created = identity->created,
                                                .last_login = identity->last_login,
                                                .declared = identity->declared};
  return true;
}

static bool is_whole(const struct account *account) {
  return account->name != NULL && account->issuer != NULL && account->subject != NULL && account->home != NULL &&
         account->shell != NULL && account->state != NULL;
}

/* "" when it cannot be read: then no session is of this boot. */
static void read_boot_id(char *ret, size_t size) {
  FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
  if (file == NULL || fgets(ret, (int)size, file) == NULL) ret[0] = '\0';
  ret[strcspn(ret, "\n")] = '\0';
  if (file != NULL) fclose(file);
}

static bool copy_membership(void *context, const struct membership *membership) {
  json_t *object = json_pack("{s:o, s:I, s:o}", "group", json_text(membership->group), "gid",
                             (json_int_t)membership->gid, "expires", json_time(membership->expires));
  return object != NULL && json_array_append_new(context, object) == 0;
}

static enum reason read_account(struct ledger *ledger, const char *name, struct account *ret) {
  char boot_id[64];
  read_boot_id(boot_id, sizeof boot_id);
  enum reason reason = ledger_identity(ledger, name, copy_account, ret);
  if (reason == REASON_OK && !is_whole(ret)) reason = REASON_OUT_OF_MEMORY;
  if (reason == REASON_OK) reason = ledger_open_sessions(ledger, name, boot_id, &ret->open_sessions);
  if (reason != REASON_OK) return reason;
  ret->memberships = json_array();
  return ledger_each_membership(ledger, ret->uid, time(NULL), copy_membership, ret->memberships);
}

static int fail(const struct options *options, struct ledger *ledger, enum reason reason) {
  char shown[PRINTABLE_SIZE];
  if (reason == REASON_CLAIMS_MALFORMED)
    return wrong_use(options->command, "issuer and subject are 1 to 16384 bytes each, without control characters");
  if (reason == REASON_GROUP_AMBIGUOUS) {
    fprintf(stderr, "jwtctl %s: %s\n", options->command, provision_text(PROVISION_GROUP_AMBIGUOUS));
    return EXIT_NO;
  }
  if (reason != REASON_ACCOUNT_UNKNOWN) return state_fail(options->command, PATH_LEDGER, reason, ledger_detail(ledger));
  fprintf(stderr, "jwtctl %s: %s: the ledger has no account of this name; 'jwtctl accounts list' shows those it has\n",
          options->command, printable(options->account, shown));
  return EXIT_NO;
}

/* ---- what is told ---- */

static json_t *account_json(const struct account *account) {
  struct identity identity = {.name = account->name,
                              .issuer = account->issuer,
                              .subject = account->subject,
                              .home = account->home,
                              .shell = account->shell,
                              .state = account->state,
                              .uid = account->uid,
                              .created = account->created,
                              .last_login = account->last_login,
                              .declared = account->declared};
  json_t *object = identity_json(&identity);
  if (object != NULL && json_object_set_new(object, "open_sessions", json_integer(account->open_sessions)) == 0 &&
      json_object_set(object, "memberships", account->memberships) == 0)
    return object;
  json_decref(object);
  return NULL;
}

static int tell_json(const struct options *options, json_t *object) {
  return print_json(object) ? EXIT_YES : state_fail(options->command, PATH_LEDGER, REASON_OUT_OF_MEMORY, "");
}

static bool add_fact(struct table *table, const char *what, const char *value) {
  return table_add(table, (const char *const[]){what, value});
}

/* A line for each group. */
static bool add_memberships(struct table *table, const json_t *memberships) {
  size_t index;
  const json_t *membership;
  json_array_foreach(memberships, index, membership) {
    char text[GROUP_TEXT_SIZE];
    const char *expires = json_string_value(json_object_get(membership, "expires"));
    snprintf(text, sizeof text, "%s%s%s", json_string_value(json_object_get(membership, "group")),
             expires != NULL ? " until " : "", expires != NULL ? expires : "");
    if (!add_fact(table, "member of", text)) return false;
  }
  return true;
}

static bool add_facts(struct table *table, const struct account *account) {
  char uid[16], sessions[24], created[TIME_TEXT_SIZE], last_login[TIME_TEXT_SIZE];
  snprintf(uid, sizeof uid, "%u", (unsigned)account->uid);
  snprintf(sessions, sizeof sessions, "%" PRId64, account->open_sessions);
  return add_fact(table, "uid", uid) && add_fact(table, "state", account->state) &&
         add_fact(table, "issuer", account->issuer) && add_fact(table, "subject", account->subject) &&
         add_fact(table, "home", account->home) && add_fact(table, "shell", account->shell) &&
         add_fact(table, "created", time_text(account->created, created)) &&
         add_fact(table, "last login", time_text(account->last_login, last_login)) &&
         add_fact(table, "declared", account->declared ? "yes" : "no") && add_fact(table, "open sessions", sessions) &&
         add_memberships(table, account->memberships);
}

static int tell_table(const struct options *options, const struct account *account) {
  const char *heads[] = {"ACCOUNT", account->name, NULL};
  struct table *table = table_new(heads);
  bool whole = table != NULL && add_facts(table, account);
  if (whole) table_print(table, stdout, wants_colour(stdout));
  table_free(table);
  return whole ? EXIT_YES : state_fail(options->command, PATH_LEDGER, REASON_OUT_OF_MEMORY, "");
}

static void tell_sessions(const struct account *account) {
  if (account->open_sessions == 1)
    puts("1 session is open and is not ended by this.");
  else if (account->open_sessions > 1)
    printf("%" PRId64 " sessions are open and are not ended by this.\n", account->open_sessions);
}

/* ---- show ---- */

static int show(int argc, char **argv) {
  static const struct option known[] = {JSON_OPTION, END_OF_OPTIONS};
  struct options options = {.command = "accounts show"};
  int status = parse(known, argc, argv, &options);
  struct ledger *ledger;
  if (status != EXIT_YES) return status;
  if (!state_open(options.command, LEDGER_READ, &ledger)) return EXIT_NO;
  struct account account CLEANUP(account_clear) = {0};
  enum reason reason = read_account(ledger, options.account, &account);
  if (reason != REASON_OK)
    status = fail(&options, ledger, reason);
  else
    status = options.json ? tell_json(&options, account_json(&account)) : tell_table(&options, &account);
  ledger_close(ledger);
  return status;
}

/* ---- disable, enable, rebind ---- */

static enum reason set_disabled(struct ledger *ledger, const struct options *options) {
  return ledger_set_enabled(ledger, PATH_TABLES, options->account, false);
}

static void tell_disabled(const struct account *account) {
  printf("%s (uid %u) is disabled: every login, and every right of a grant, is refused from now on.\n", account->name,
         (unsigned)account->uid);
  tell_sessions(account);
  printf("'jwtctl accounts enable %s' opens it again.\n", account->name);
}

static enum reason set_enabled(struct ledger *ledger, const struct options *options) {
  return ledger_set_enabled(ledger, PATH_TABLES, options->account, true);
}

static void tell_enabled(const struct account *account) {
  printf("%s (uid %u) is enabled: the next login that a rule admits succeeds.\n", account->name,
         (unsigned)account->uid);
}

static enum reason rebind(struct ledger *ledger, const struct options *options) {
  return ledger_rebind(ledger, PATH_TABLES, options->account, options->issuer, options->subject);
}

static void tell_rebound(const struct account *account) {
  char issuer[PRINTABLE_SIZE], subject[PRINTABLE_SIZE];
  printf("%s (uid %u) belongs to the subject %s of %s now, with its home and its files.\n", account->name,
         (unsigned)account->uid, printable(account->subject, subject), printable(account->issuer, issuer));
  tell_sessions(account);
}

/* Change the account, then tell what the ledger has of it now. */
static int change(const struct options *options, enum reason (*act)(struct ledger *, const struct options *),
                  void (*tell)(const struct account *)) {
  struct ledger *ledger;
  if (!state_open(options->command, LEDGER_WRITE, &ledger)) return EXIT_NO;
  struct account account CLEANUP(account_clear) = {0};
  enum reason reason = act(ledger, options);
  if (reason == REASON_OK) reason = read_account(ledger, options->account, &account);
  int status = EXIT_YES;
  if (reason != REASON_OK)
    status = fail(options, ledger, reason);
  else if (options->json)
    status = tell_json(options, account_json(&account));
  else
    tell(&account);
  ledger_close(ledger);
  return status;
}

static int disable(int argc, char **argv) {
  static const struct option known[] = {JSON_OPTION, END_OF_OPTIONS};
  struct options options = {.command = "accounts disable"};
  int status = parse(known, argc, argv, &options);
  return status == EXIT_YES ? change(&options, set_disabled, tell_disabled) : status;
}

static int enable(int argc, char **argv) {
  static const struct option known[] = {JSON_OPTION, END_OF_OPTIONS};
  struct options options = {.command = "accounts enable"};
  int status = parse(known, argc, argv, &options);
  return status == EXIT_YES ? change(&options, set_enabled, tell_enabled) : status;
}

static int run_rebind(int argc, char **argv) {
  static const struct option known[] = {
      {"issuer", required_argument, NULL, 'i'}, {"subject", required_argument, NULL, 's'}, JSON_OPTION, END_OF_OPTIONS};
  struct options options = {.command = "accounts rebind"};
  int status = parse(known, argc, argv, &options);
  if (status != EXIT_YES) return status;
  if (options.issuer == NULL || options.subject == NULL)
    return wrong_use(options.command, "--%s is missing", options.issuer == NULL ? "issuer" : "subject");
  return change(&options, rebind, tell_rebound);
}

/* ---- groups ---- */

static bool find_groups(struct group_book *book, const struct options *options, struct given_group *ret) {
  for (size_t i = 0; i < options->group_count; i++) {
    const char *why;
    char shown[PRINTABLE_SIZE];
    if (group_book_add(book, options->groups[i], ret, i, &why)) continue;
    fprintf(stderr, "jwtctl %s: group %s: %s\n", options->command, printable(options->groups[i], shown), why);
    return false;
  }
  return true;
}

static int tell_groups(const struct options *options, const struct account *account) {
  if (options->json) return tell_json(options, account_json(account));
  printf("%s (uid %u) is in ", account->name, (unsigned)account->uid);
  for (size_t i = 0; i < options->group_count; i++) {
    char shown[PRINTABLE_SIZE];
    printf("%s%s", i > 0 ? ", " : "", printable(options->groups[i], shown));
  }
  puts(options->group_count > 0 ? " for good, as long as it is enabled." : "no group for good.");
  tell_sessions(account);
  return EXIT_YES;
}

static int set_groups(struct ledger *ledger, const struct options *options, const struct account_settings *settings,
                      const struct given_group *groups) {
  struct account account CLEANUP(account_clear) = {0};
  enum reason reason = ledger_set_groups(ledger, settings, PATH_TABLES, options->account, groups, options->group_count,
                                         (int64_t)time(NULL));
  if (reason == REASON_OK) reason = read_account(ledger, options->account, &account);
  return reason == REASON_OK ? tell_groups(options, &account) : fail(options, ledger, reason);
}

static int find_and_set_groups(struct ledger *ledger, const struct options *options,
                               const struct account_settings *settings) {
  struct given_group groups[GRANT_GROUPS_MAX];
  struct group_book *book = group_book_new(ledger, settings);
  if (book == NULL) return fail(options, ledger, REASON_OUT_OF_MEMORY);
  int status = find_groups(book, options, groups) ? set_groups(ledger, options, settings, groups) : EXIT_NO;
  group_book_free(book);
  return status;
}

/* With the settings and the ledger open. */
static int act_by_settings(const struct options *options,
                           int (*act)(struct ledger *, const struct options *, const struct account_settings *)) {
  struct settings *settings;
  struct ledger *ledger;
  if (!state_settings(options->command, &options->choice, &settings)) return EXIT_WRONG_USE;
  int status = EXIT_NO;
  if (state_open(options->command, LEDGER_WRITE, &ledger)) {
    status = act(ledger, options, &settings->accounts);
    ledger_close(ledger);
  }
  settings_free(settings);
  return status;
}

static int run_groups(int argc, char **argv) {
  static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                        {"conf-dir", required_argument, NULL, 'd'},
                                        JSON_OPTION,
                                        END_OF_OPTIONS};
  struct options options = {.command = "accounts groups", .takes_groups = true};
  int status = parse(known, argc, argv, &options);
  if (status != EXIT_YES) return status;
  if (options.group_count > GRANT_GROUPS_MAX)
    return wrong_use(options.command, "an account is in at most %d groups", GRANT_GROUPS_MAX);
  return act_by_settings(&options, find_and_set_groups);
}

/* ---- remove ---- */

static int tell_removed(const struct options *options, const struct account *account) {
  if (options->json)
    return tell_json(options, json_pack("{s:s, s:I, s:s, s:I}", "name", account->name, "uid", (json_int_t)account->uid,
                                        "state", "removed", "open_sessions", (json_int_t)account->open_sessions));
  printf("%s is removed. Its id, %u, is not given out again: the next login as %s gets another.\n", account->name,
         (unsigned)account->uid, account->name);
  tell_sessions(account);
  printf("Its files are left: %s, and what 'find / -xdev -uid %u' shows.\n", account->home, (unsigned)account->uid);
  return EXIT_YES;
}

static int refuse_open_sessions(const struct options *options, const struct account *account) {
  fprintf(stderr, "jwtctl %s: %s has open sessions (%" PRId64 "); disable it, end them and try again, or use --force\n",
          options->command, account->name, account->open_sessions);
  return EXIT_NO;
}

static int refuse_declared(const struct options *options) {
  fprintf(stderr, "jwtctl %s: %s is declared; take its section out of the settings and run 'jwtctl apply' first\n",
          options->command, options->account);
  return EXIT_NO;
}

static int remove_from(struct ledger *ledger, const struct options *options, const struct account_settings *settings) {
  struct account account CLEANUP(account_clear) = {0};
  enum reason reason = read_account(ledger, options->account, &account);
  if (reason == REASON_OK && account.open_sessions > 0 && !options->force)
    return refuse_open_sessions(options, &account);
  if (reason == REASON_OK && account.declared) return refuse_declared(options);
  if (reason == REASON_OK) reason = ledger_remove(ledger, settings, PATH_TABLES, options->account);
  return reason == REASON_OK ? tell_removed(options, &account) : fail(options, ledger, reason);
}

static int run_remove(int argc, char **argv) {
  static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                        {"conf-dir", required_argument, NULL, 'd'},
                                        {"force", no_argument, NULL, 'f'},
                                        JSON_OPTION,
                                        END_OF_OPTIONS};
  struct options options = {.command = "accounts remove"};
  int status = parse(known, argc, argv, &options);
  return status == EXIT_YES ? act_by_settings(&options, remove_from) : status;
}

const struct command command_accounts_show = {"accounts show", "show one account", show_usage, show};
const struct command command_accounts_disable = {"accounts disable", "shut an account off", disable_usage, disable};
const struct command command_accounts_enable = {"accounts enable", "open an account again", enable_usage, enable};
const struct command command_accounts_rebind = {"accounts rebind", "give an account to another subject", rebind_usage,
                                                run_rebind};
const struct command command_accounts_groups = {"accounts groups", "set the groups that an account is in for good",
                                                groups_usage, run_groups};
const struct command command_accounts_remove = {"accounts remove", "forget an account, its id excepted", remove_usage,
                                                run_remove};
