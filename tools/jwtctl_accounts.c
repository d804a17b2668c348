#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compiler.h"
#include "jwtctl.h"
#include "jwtctl_accounts.h"
#include "ledger.h"
#include "output.h"
#include "paths.h"
#include "state.h"
#include "text.h"

static const char name[] = "accounts list";

static const char usage[] =
    "Usage: jwtctl accounts list [--json]\n"
    "\n"
    "Show the accounts that logins made: name, uid, state, issuer and subject, when they were made and last used.\n"
    "An account without issuer and subject is a role: whoever its rule admits may use it. The state is enabled,\n"
    "disabled, or reserved (it has its uid, and nobody has logged in yet). Needs root.\n"
    "\n"
    "  --json         print a JSON array\n"
    "\n"
    "Exit status: 0 done, 1 the ledger could not be read, 2 wrong use.\n";

/* Logins wait while the ledger is read, so everything is taken in before anything is printed. */
struct listing {
  struct table *table; /* or */
  json_t *array;
  bool out_of_memory;
};

static bool add_to_table(struct table *table, const struct identity *identity) {
  char uid[16], created[TIME_TEXT_SIZE], last_login[TIME_TEXT_SIZE];
  snprintf(uid, sizeof uid, "%u", (unsigned)identity->uid);
  const char *cells[] = {identity->name,
                         uid,
                         identity->state,
                         identity->issuer,
                         identity->subject,
                         time_text(identity->created, created),
                         time_text(identity->last_login, last_login)};
  return table_add(table, cells);
}

json_t *identity_json(const struct identity *identity) {
  return json_pack(
      "{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "name", json_text(identity->name), "uid",
      (json_int_t)identity->uid, "state", json_text(identity->state), "issuer", json_text(identity->issuer), "subject",
      json_text(identity->subject), "home", json_text(identity->home), "shell", json_text(identity->shell), "created",
      json_time(identity->created), "last_login", json_time(identity->last_login), "declared", (int)identity->declared);
}

static bool add_to_array(json_t *array, const struct identity *identity) {
  json_t *object = identity_json(identity);
  return object != NULL && json_array_append_new(array, object) == 0;
}

static bool take_in(void *context, const struct identity *identity) {
  struct listing *listing = context;
  bool added = listing->table != NULL ? add_to_table(listing->table, identity) : add_to_array(listing->array, identity);
  listing->out_of_memory = !added;
  return added;
}

/* A host where nobody has logged in yet has no ledger, and no accounts. */
static enum reason read_ledger(struct listing *listing) {
  struct ledger *ledger;
  enum reason reason = ledger_open(PATH_LEDGER, LEDGER_READ, &ledger);
  if (reason == REASON_STATE_UNAVAILABLE && errno == ENOENT) return REASON_OK;
  if (reason != REASON_OK) return reason;
  reason = ledger_each_identity(ledger, take_in, listing);
  ledger_close(ledger);
  return reason == REASON_OK && listing->out_of_memory ? REASON_OUT_OF_MEMORY : reason;
}

static int fail(enum reason reason) {
  return state_fail(name, PATH_LEDGER, reason, "");
}

static int list_table(void) {
  static const char *const heads[] = {"NAME", "UID", "STATE", "ISSUER", "SUBJECT", "CREATED", "LAST LOGIN", NULL};
  struct listing listing = {.table = table_new(heads)};
  enum reason reason = listing.table != NULL ? read_ledger(&listing) : REASON_OUT_OF_MEMORY;
  if (reason == REASON_OK) table_print(listing.table, stdout, wants_colour(stdout));
  table_free(listing.table);
  return reason == REASON_OK ? EXIT_YES : fail(reason);
}

static int list_json(void) {
  struct listing listing = {.array = json_array()};
  enum reason reason = listing.array != NULL ? read_ledger(&listing) : REASON_OUT_OF_MEMORY;
  if (reason != REASON_OK) {
    json_decref(listing.array);
    return fail(reason);
  }
  return print_json(listing.array) ? EXIT_YES : fail(REASON_OUT_OF_MEMORY);
}

static int run(int argc, char **argv) {
  static const struct option known[] = {{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
  bool json = false;
  int option;
  while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
    if (option != 'j') return wrong_use(name, "%s is not an option, or not a clear one", argv[optind - 1]);
    json = true;
  }
  if (optind < argc) return wrong_use(name, "%s is too much", argv[optind]);
  if (geteuid() != 0) return wrong_use(name, "only root may read the ledger");
  return json ? list_json() : list_table();
}

const struct command command_accounts_list = {name, "show the accounts that logins made", usage, run};
