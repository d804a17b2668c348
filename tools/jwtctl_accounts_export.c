#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "account_line.h"
#include "jwtctl.h"
#include "names.h"
#include "paths.h"
#include "progress.h"
#include "state.h"
#include "text.h"

static const char name[] = "accounts export";

static const char usage[] =
    "Usage: jwtctl accounts export [--json]\n"
    "\n"
    "Print every account as a line of JSON, and then the ids of removed ones, as 'jwtctl accounts import' reads them.\n"
    "Logins go on meanwhile. Needs root.\n"
    "\n"
    "  --json         is what it does anyhow\n"
    "\n"
    "Exit status: 0 done, 1 the ledger could not be read, or not all of it has a form in JSON, 2 wrong use.\n";

#define PAGE 1000 /* accounts read at a time; logins wait for one page, and never for who reads the output */

struct page {
  struct ledger *ledger;
  json_t *lines[PAGE];
  size_t count, printed;
  char last_name[ACCOUNT_NAME_MAX + 1];
  uint32_t last_id;
  bool whole; /* everything had a form in JSON */
};

/* What tokens gave ends by itself, and is not exported. */
static bool add_group(void *context, const struct membership *membership) {
  if (membership->expires == 0) json_array_append_new(context, json_string(membership->group));
  return true;
}

static json_t *groups_of(struct ledger *ledger, const struct identity *identity) {
  json_t *groups = json_array();
  if (identity->is_member && ledger_each_membership(ledger, identity->uid, 0, add_group, groups) != REASON_OK)
    fprintf(stderr, "jwtctl %s: %s: its groups could not be read\n", name, identity->name);
  return groups;
}

static bool take_in(void *context, const struct identity *identity) {
  struct page *page = context;
  json_t *line = account_line_json(identity, groups_of(page->ledger, identity));
  if (line == NULL)
    fprintf(stderr, "jwtctl %s: %s: its issuer, subject, home or shell is not UTF-8: it is left out\n", name,
            identity->name);
  page->whole = page->whole && line != NULL;
  page->lines[page->count++] = line;
  snprintf(page->last_name, sizeof page->last_name, "%s", identity->name);
  page->last_id = identity->uid;
  return page->count < PAGE;
}

/* True when there may be more. Nothing is shown where the lines themselves are. */
static bool print_page(struct page *page, struct progress *progress) {
  bool full = page->count == PAGE;
  for (size_t i = 0; i < page->count; i++)
    if (page->lines[i] != NULL && !print_json(page->lines[i])) page->whole = false;
  page->printed += page->count;
  page->count = 0;
  if (progress != NULL) progress_show(progress, page->printed);
  return full && ferror(stdout) == 0;
}

static enum reason export_accounts(struct ledger *ledger, struct page *page, struct progress *progress) {
  enum reason reason;
  do {
    reason = ledger_identities_after(ledger, page->last_name, PAGE, take_in, page);
  } while (print_page(page, progress) && reason == REASON_OK);
  return reason;
}

static enum reason export_removed(struct ledger *ledger, struct page *page, struct progress *progress) {
  enum reason reason;
  page->last_id = 0;
  do {
    reason = ledger_removed_after(ledger, page->last_id, PAGE, take_in, page);
  } while (print_page(page, progress) && reason == REASON_OK);
  return reason;
}

static int run(int argc, char **argv) {
  static const struct option known[] = {{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
  for (int option; (option = getopt_long(argc, argv, ":", known, NULL)) != -1;)
    if (option != 'j') return wrong_use(name, "%s is not an option, or not a clear one", argv[optind - 1]);
  if (optind < argc) return wrong_use(name, "%s is too much", argv[optind]);
  if (geteuid() != 0) return wrong_use(name, "only root may read the ledger");
  struct ledger *ledger;
  if (!state_open(name, LEDGER_READ, &ledger)) return EXIT_NO;
  static struct page page;
  page = (struct page){.ledger = ledger, .whole = true};
  struct progress progress;
  progress_begin(&progress, "accounts");
  struct progress *shown = isatty(STDOUT_FILENO) ? NULL : &progress;
  enum reason reason = export_accounts(ledger, &page, shown);
  if (reason == REASON_OK) reason = export_removed(ledger, &page, shown);
  progress_hide(&progress);
  int status = page.whole ? EXIT_YES : EXIT_NO;
  if (reason != REASON_OK) status = state_fail(name, PATH_LEDGER, reason, ledger_detail(ledger));
  ledger_close(ledger);
  return status;
}

const struct command command_accounts_export = {name, "print every account as a line of JSON", usage, run};
