#include <getopt.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "compiler.h"
#include "jwtctl.h"
#include "ledger.h"
#include "nscd.h"
#include "paths.h"
#include "progress.h"
#include "settings.h"
#include "sources.h"
#include "state.h"
#include "text.h"

static const char name[] = "apply";

static const char usage[] =
    "Usage: jwtctl apply [OPTION]...\n"
    "\n"
    "Check the settings, make the accounts and groups that they declare, and renew what NSS knows of them: the range\n"
    "of ids, homes and shells, the names that rules could create, the login programs, and every account. One whose\n"
    "name or id another source of nsswitch.conf has gained is left out and told. Needs root.\n"
    "\n"
    "  --config FILE       the settings (default: the host's); they must belong to root\n"
    "  --conf-dir DIR      further files *.conf (default: the host's, none with --config)\n"
    "  --json              print the counts as a JSON object\n"
    "\n"
    "Exit status: 0 done, 1 the accounts, or one that is declared, could not be made, 2 the settings are not valid, or "
    "wrong use.\n";

#define TOLD_MAX 20 /* accounts that are told one by one */

struct applying {
  const char *command;
  struct progress progress;
  size_t told;
  size_t refused;
};

/* ---- what the settings declare ---- */

/* One that was withdrawn is told of, and is no failure. */
static void tell_declared(void *context, const char *kind, const char *title, enum provision_result result) {
  struct applying *applying = context;
  fprintf(stderr, "jwtctl %s: %s \"%s\": %s\n", applying->command, kind, title, provision_text(result));
  if (result != PROVISION_WITHDRAWN) applying->refused++;
}

/* ---- what other sources have gained ---- */

static const char *compared_text(enum comparison result) {
  switch (result) {
  case COMPARISON_NAME_TAKEN:
    return "another source has gained the name, as a user's or a group's: it is left out of the tables until the next "
           "'jwtctl apply' after that is over";
  case COMPARISON_ID_TAKEN:
    return "another source has gained the id, as a user's or a group's: it is left out of the tables until the next "
           "'jwtctl apply' after that is over";
  case COMPARISON_GROUP_LOST:
    return "no other source has it with this gid any more, so nobody is a member by jwt-login: 'jwtctl accounts "
           "groups' "
           "sets the groups of an account, and 'jwtctl accounts export' shows which have this one";
  case COMPARISON_GROUP_BACK:
    return "another source has it as it was: its members are in the tables again";
  case COMPARISON_FREE_AGAIN:
    break;
  }
  return "no other source has its name or its id any more: it is in the tables again";
}

static void tell_compared(void *context, const struct compared *compared) {
  struct applying *applying = context;
  if (applying->told++ >= TOLD_MAX) return;
  progress_hide(&applying->progress);
  const char *text = compared_text(compared->result);
  char line[512];
  snprintf(line, sizeof line, "%s \"%s\" (%s %u): %s", compared->group ? "group" : "account", compared->name,
           compared->group ? "gid" : "uid", (unsigned)compared->id, text);
  fprintf(stderr, "jwtctl %s: %s\n", applying->command, line);
  if (compared->news) syslog(LOG_WARNING, "%s", line);
}

static void tell_rest(const struct applying *applying, const struct comparison_count *count) {
  if (applying->told > TOLD_MAX) {
    fprintf(stderr, "jwtctl %s: and %zu more; %zu are left out in all\n", applying->command, applying->told - TOLD_MAX,
            count->hidden);
    syslog(LOG_WARNING, "and %zu more; %zu are left out of the tables in all", applying->told - TOLD_MAX,
           count->hidden);
  }
  if (count->unknown > 0)
    fprintf(stderr, "jwtctl %s: a source of nsswitch.conf did not answer, so %zu account%s as before\n",
            applying->command, count->unknown, count->unknown == 1 ? " stays" : "s stay");
}

static enum reason compare(struct applying *applying, struct ledger *ledger, struct provisioning how,
                           struct comparison_count *ret) {
  how.name_use = known_owner_use;
  how.group_use = known_group_use;
  openlog("jwtctl", LOG_PID, LOG_AUTHPRIV);
  progress_begin(&applying->progress, "accounts are compared with other sources");
  ledger_watch(ledger, progress_show, &applying->progress);
  enum reason reason = ledger_compare(ledger, &how, tell_compared, applying, ret);
  progress_hide(&applying->progress);
  if (reason == REASON_OK) tell_rest(applying, ret);
  return reason;
}

/* ---- all of it ---- */

static enum reason follow_sources(struct applying *applying, struct ledger *ledger,
                                  const struct account_settings *settings, struct comparison_count *ret) {
  struct known_sources *known = sources_remember();
  if (known == NULL) return REASON_SOURCE_UNAVAILABLE;
  struct provisioning how = {
      .settings = settings, .id_use = known_id_use, .name_use = known_name_use, .context = known, .now = time(NULL)};
  enum reason reason = ledger_declare(ledger, &how, tell_declared, applying);
  if (reason == REASON_OK) reason = compare(applying, ledger, how, ret);
  sources_forget(known);
  return reason;
}

static enum reason publish(struct applying *applying, struct ledger *ledger, const struct account_settings *settings) {
  progress_begin(&applying->progress, "accounts are written to the tables");
  enum reason reason = ledger_publish(ledger, settings, PATH_TABLES, NULL);
  progress_hide(&applying->progress);
  return reason;
}

bool apply_settings(const char *command, const struct settings *settings, struct apply_count *ret) {
  struct applying applying = {.command = command};
  struct apply_count count = {0};
  const char *path = PATH_LEDGER;
  struct ledger *ledger;
  if (!state_open(command, LEDGER_WRITE, &ledger)) return false;
  enum reason reason = follow_sources(&applying, ledger, &settings->accounts, &count.accounts);
  if (reason == REASON_OK) {
    path = PATH_TABLES;
    reason = publish(&applying, ledger, &settings->accounts);
  }
  if (reason == REASON_OK) {
    path = PATH_LEDGER;
    reason = ledger_tidy(ledger, time(NULL));
  }
  if (reason != REASON_OK) state_fail(command, path, reason, ledger_detail(ledger));
  ledger_close(ledger);
  count.refused = applying.refused;
  *ret = count;
  return reason == REASON_OK;
}

/* ---- the command ---- */

static void warn_of_host(void) {
  static const char *const databases[] = {"passwd", "group"};
  for (size_t i = 0; i < COUNT_OF(databases); i++) {
    const char *wrong = nsswitch_wrong(databases[i]);
    if (wrong != NULL) fprintf(stderr, "warning: /etc/nsswitch.conf: the line of %s %s\n", databases[i], wrong);
  }
  const char *nscd = nscd_warning();
  if (nscd != NULL) fprintf(stderr, "warning: %s\n", nscd);
}

static int tell(const struct apply_count *count, struct id_range range) {
  size_t inside = count->accounts.inside, outside = count->accounts.outside;
  if (outside > 0)
    fprintf(stderr, "warning: %zu account%s with an id outside %u-%u can no longer be looked up or logged in to\n",
            outside, outside == 1 ? "" : "s", (unsigned)range.min, (unsigned)range.max);
  printf("%s: %zu account%s, ids %u-%u\n", PATH_TABLES, inside, inside == 1 ? "" : "s", (unsigned)range.min,
         (unsigned)range.max);
  return EXIT_YES;
}

static int tell_json(const struct apply_count *count, struct id_range range) {
  json_t *object =
      json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "accounts", (json_int_t)count->accounts.inside, "outside",
                (json_int_t)count->accounts.outside, "left_out", (json_int_t)count->accounts.hidden, "unknown",
                (json_int_t)count->accounts.unknown, "refused", (json_int_t)count->refused, "uid_min",
                (json_int_t)range.min, "uid_max", (json_int_t)range.max);
  return print_json(object) ? EXIT_YES : EXIT_NO;
}

static int apply(const struct settings *settings, bool json) {
  struct apply_count count;
  if (!apply_settings(name, settings, &count)) return EXIT_NO;
  warn_of_host();
  int status = (json ? tell_json : tell)(&count, settings->accounts.range);
  return count.refused == 0 ? status : EXIT_NO;
}

static int run(int argc, char **argv) {
  struct settings_choice choice = {0};
  bool json = false;
  int status = choice_options(name, argc, argv, &choice, &json);
  if (status != EXIT_YES) return status;
  if (optind < argc) return wrong_use(name, "%s is too much", argv[optind]);
  if (geteuid() != 0) return wrong_use(name, "only root may change what the host knows of accounts");

  struct settings *settings;
  if (!state_settings(name, &choice, &settings)) return EXIT_WRONG_USE;
  status = apply(settings, json);
  settings_free(settings);
  return status;
}

const struct command command_apply = {name, "check the settings, then renew what NSS knows", usage, run};
