#include <getopt.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "compiler.h"
#include "jwtctl.h"
#include "ledger.h"
#include "nscd.h"
#include "paths.h"
#include "settings.h"
#include "sources.h"
#include "state.h"

static const char name[] = "apply";

static const char usage[] =
    "Usage: jwtctl apply [OPTION]...\n"
    "\n"
    "Check the settings, make the accounts and groups that they declare, and renew what NSS knows of them: the range\n"
    "of ids, homes and shells, the names that rules could create, the login programs, and every account. Needs root.\n"
    "\n"
    "  --config FILE       the settings (default: the host's); they must belong to root\n"
    "  --conf-dir DIR      further files *.conf (default: the host's, none with --config)\n"
    "\n"
    "Exit status: 0 done, 1 the accounts, or one that is declared, could not be made, 2 the settings are not valid, or "
    "wrong use.\n";

struct counting {
  struct id_range range;
  struct apply_count *count;
};

static bool count_one(void *context, const struct identity *identity) {
  struct counting *counting = context;
  *(id_range_holds(counting->range, identity->uid) ? &counting->count->inside : &counting->count->outside) += 1;
  return true;
}

/* One that was withdrawn is told of, and is no failure. */
struct declaring {
  const char *command;
  size_t refused;
};

static void tell_declared(void *context, const char *kind, const char *title, enum provision_result result) {
  struct declaring *declaring = context;
  fprintf(stderr, "jwtctl %s: %s \"%s\": %s\n", declaring->command, kind, title, provision_text(result));
  if (result != PROVISION_WITHDRAWN) declaring->refused++;
}

static enum reason declare(struct ledger *ledger, const struct account_settings *settings,
                           struct declaring *declaring) {
  struct known_sources *known = sources_remember();
  if (known == NULL) return REASON_SOURCE_UNAVAILABLE;
  struct provisioning how = {
      .settings = settings, .id_use = known_id_use, .name_use = known_name_use, .context = known, .now = time(NULL)};
  enum reason reason = ledger_declare(ledger, &how, tell_declared, declaring);
  sources_forget(known);
  return reason;
}

bool apply_settings(const char *command, const struct settings *settings, struct apply_count *ret) {
  struct counting counting = {settings->accounts.range, ret};
  struct declaring declaring = {.command = command};
  const char *path = PATH_LEDGER;
  struct ledger *ledger;
  *ret = (struct apply_count){0};
  if (!state_open(command, LEDGER_WRITE, &ledger)) return false;
  enum reason reason = declare(ledger, &settings->accounts, &declaring);
  if (reason == REASON_OK) {
    path = PATH_TABLES;
    reason = ledger_publish(ledger, &settings->accounts, PATH_TABLES, NULL);
  }
  if (reason == REASON_OK) {
    path = PATH_LEDGER;
    reason = ledger_tidy(ledger, time(NULL));
    if (reason == REASON_OK) reason = ledger_each_identity(ledger, count_one, &counting);
  }
  if (reason != REASON_OK) state_fail(command, path, reason, ledger_detail(ledger));
  ledger_close(ledger);
  ret->refused = declaring.refused;
  return reason == REASON_OK;
}

static int apply(const struct settings *settings) {
  struct apply_count count;
  unsigned min = settings->accounts.range.min, max = settings->accounts.range.max;
  if (!apply_settings(name, settings, &count)) return EXIT_NO;
  const char *nscd = nscd_warning();
  if (nscd != NULL) fprintf(stderr, "warning: %s\n", nscd);
  if (count.outside > 0)
    fprintf(stderr, "warning: %zu account%s with an id outside %u-%u can no longer be looked up or logged in to\n",
            count.outside, count.outside == 1 ? "" : "s", min, max);
  printf("%s: %zu account%s, ids %u-%u\n", PATH_TABLES, count.inside, count.inside == 1 ? "" : "s", min, max);
  return count.refused == 0 ? EXIT_YES : EXIT_NO;
}

static int run(int argc, char **argv) {
  static const struct option known[] = {
      {"config", required_argument, NULL, 'c'}, {"conf-dir", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
  struct settings_choice choice = {0};
  int option;
  while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
    if (option == 'c')
      choice.config = optarg;
    else if (option == 'd')
      choice.conf_dir = optarg;
    else
      return wrong_use(name, option == ':' ? "%s needs a value" : "%s is not an option, or not a clear one",
                       argv[optind - 1]);
  }
  if (optind < argc) return wrong_use(name, "%s is too much", argv[optind]);
  if (geteuid() != 0) return wrong_use(name, "only root may change what the host knows of accounts");

  struct settings *settings;
  if (!state_settings(name, &choice, &settings)) return EXIT_WRONG_USE;
  int status = apply(settings);
  settings_free(settings);
  return status;
}

const struct command command_apply = {name, "check the settings, then renew what NSS knows", usage, run};
