#include <getopt.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "compiler.h"
#include "jwtctl.h"
#include "ledger.h"
#include "paths.h"
#include "settings.h"
#include "state.h"

static const char name[] = "apply";

static const char usage[] =
    "Usage: jwtctl apply [OPTION]...\n"
    "\n"
    "Check the settings and renew what the NSS module knows of them: the range of ids, homes and shells, the names "
    "that\n"
    "rules could create, the login programs, and every account. Needs root.\n"
    "\n"
    "  --config FILE       the settings (default: the host's); they must belong to root\n"
    "  --conf-dir DIR      further files *.conf (default: the host's, none with --config)\n"
    "\n"
    "Exit status: 0 done, 1 the accounts could not be written, 2 the settings are not valid, or wrong use.\n";

struct count {
  struct id_range range;
  size_t inside, outside;
};

static bool count_one(void *context, const struct identity *identity) {
  struct count *count = context;
  *(id_range_holds(count->range, identity->uid) ? &count->inside : &count->outside) += 1;
  return true;
}

static int tell(const struct count *count) {
  if (count->outside > 0)
    fprintf(stderr, "warning: %zu account%s with an id outside %u-%u can no longer be looked up or logged in to\n",
            count->outside, count->outside == 1 ? "" : "s", (unsigned)count->range.min, (unsigned)count->range.max);
  printf("%s: %zu account%s, ids %u-%u\n", PATH_TABLES, count->inside, count->inside == 1 ? "" : "s",
         (unsigned)count->range.min, (unsigned)count->range.max);
  return EXIT_YES;
}

static int publish(const struct account_settings *settings) {
  struct count count = {.range = settings->range};
  struct ledger *ledger;
  if (!state_open(name, LEDGER_WRITE, &ledger)) return EXIT_NO;
  enum reason reason = ledger_publish(ledger, settings, PATH_TABLES, NULL);
  int status = reason == REASON_OK ? EXIT_YES : state_fail(name, PATH_TABLES, reason, ledger_detail(ledger));
  if (status == EXIT_YES) {
    reason = ledger_tidy(ledger, time(NULL));
    if (reason == REASON_OK) reason = ledger_each_identity(ledger, count_one, &count);
    status = reason == REASON_OK ? tell(&count) : state_fail(name, PATH_LEDGER, reason, ledger_detail(ledger));
  }
  ledger_close(ledger);
  return status;
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
  int status = publish(&settings->accounts);
  settings_free(settings);
  return status;
}

const struct command command_apply = {name, "check the settings, then renew what NSS knows", usage, run};
