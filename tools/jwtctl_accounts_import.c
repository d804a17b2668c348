#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "account_line.h"
#include "jwtctl.h"
#include "paths.h"
#include "progress.h"
#include "state.h"
#include "text.h"

static const char name[] = "accounts import";

static const char usage[] =
    "Usage: jwtctl accounts import [OPTION]... [FILE]\n"
    "\n"
    "Make the accounts that FILE, or standard input, lists: a JSON object a line, with \"name\", \"issuer\" and\n"
    "\"subject\" (both null for a role), and, where wanted, \"uid\", \"home\", \"shell\", \"state\" (enabled, "
    "disabled,\n"
    "reserved, or removed, which reserves an id and makes no account) and \"groups\" (an array of names: the host "
    "sees\n"
    "the account in them for good). What is not given is what a first login would give. A line that cannot be is told "
    "with its number, and the others are done. One that is there already, just "
    "so,\n"
    "is passed over: after an interruption run the same import again. Needs root.\n"
    "\n"
    "  --config FILE      the settings (default: the host's); they must belong to root\n"
    "  --conf-dir DIR     further files *.conf (default: the host's, none with --config)\n"
    "  --json             print the counts as a JSON object\n"
    "\n"
    "Exit status: 0 every line is done, 1 some are not, 2 the settings are not valid, or wrong use.\n";

/* What is read before it is made, in the order of ids: the more, the fewer times a page of the ledger is written. */
#define BATCH 250000                    /* accounts, or */
#define BATCH_TEXT ((size_t)(32 << 20)) /* bytes of what they have */
#define SHOWN_EVERY 1000                /* lines */

struct import {
  FILE *file;
  const char *path; /* NULL: standard input */
  struct ledger *ledger;
  struct provisioning how;
  struct group_book *groups;
  bool json;
  char *line; /* of ACCOUNT_LINE_MAX + 2 bytes */
  struct provision *accounts;
  int64_t *numbers;
  size_t count; /* in the batch */
  char *text;   /* of BATCH_TEXT bytes: what the accounts borrow */
  size_t text_used;
  int64_t line_number;
  int64_t added, present, refused;
  struct progress progress;
};

/* ---- messages ---- */

static void refuse(struct import *import, int64_t number, const char *account, const char *wrong) {
  char shown[PRINTABLE_SIZE];
  progress_hide(&import->progress);
  fprintf(stderr, "jwtctl %s: %s:%" PRId64 ": %s%s%s\n", name, import->path != NULL ? import->path : "standard input",
          number, account != NULL ? printable(account, shown) : "", account != NULL ? ": " : "", wrong);
  import->refused++;
}

/* ---- lines ---- */

/* Throw away what is left of a line. */
static void skip_line(FILE *file) {
  int c;
  while ((c = getc_unlocked(file)) != EOF && c != '\n') {
  }
}

/* The next line without its newline; false at the end. One that is too long comes cut, but longer than
 * ACCOUNT_LINE_MAX.
 */
static bool next_line(struct import *import, size_t *ret_length) {
  size_t length = 0;
  int c = EOF;
  while (length <= ACCOUNT_LINE_MAX && (c = getc_unlocked(import->file)) != EOF && c != '\n')
    import->line[length++] = (char)c;
  if (length > ACCOUNT_LINE_MAX) skip_line(import->file);
  if (length == 0 && c == EOF) return false;
  import->line_number++;
  *ret_length = length;
  return true;
}

static void take_line(struct import *import, size_t length) {
  char wrong[256];
  const char *refused = "the line is longer than 65536 bytes";
  size_t used = 0;
  if (length <= ACCOUNT_LINE_MAX)
    refused = account_line_read(import->line, length, import->groups, &import->accounts[import->count],
                                import->text + import->text_used, &used, wrong, sizeof wrong);
  if (refused != NULL)
    refuse(import, import->line_number, NULL, refused);
  else
    import->numbers[import->count++] = import->line_number;
  import->text_used += used;
}

/* Fill the batch. False at the end of the file. */
static bool read_batch(struct import *import) {
  size_t length;
  import->progress.what = "lines are read";
  while (import->count < BATCH && BATCH_TEXT - import->text_used >= ACCOUNT_LINE_ROOM) {
    if (!next_line(import, &length)) return false;
    if (length > 0) take_line(import, length);
    if (import->line_number % SHOWN_EVERY == 0) progress_show(&import->progress, (size_t)import->line_number);
  }
  return true;
}

static void count_result(struct import *import, const struct provision *account, int64_t number) {
  const char *why = provision_text(account->result);
  if (why != NULL)
    refuse(import, number, account->name, why);
  else
    *(account->result == PROVISION_ADDED ? &import->added : &import->present) += 1;
}

static void show_made(void *context, size_t accounts) {
  struct import *import = context;
  progress_show(&import->progress, (size_t)import->line_number - import->count + accounts);
}

static enum reason make_batch(struct import *import) {
  import->progress.what = "lines are done";
  ledger_watch(import->ledger, show_made, import);
  enum reason reason = ledger_provision(import->ledger, &import->how, import->accounts, import->count);
  for (size_t i = 0; reason == REASON_OK && i < import->count; i++)
    count_result(import, &import->accounts[i], import->numbers[i]);
  import->count = import->text_used = 0;
  return reason;
}

static enum reason make_all(struct import *import) {
  bool more;
  do {
    more = read_batch(import);
    enum reason reason = make_batch(import);
    if (reason != REASON_OK) return reason;
  } while (more);
  return REASON_OK;
}

/* ---- the command ---- */

static int tell(const struct import *import) {
  int status = import->refused == 0 ? EXIT_YES : EXIT_NO;
  if (import->json)
    return print_json(json_pack("{s:I, s:I, s:I}", "added", (json_int_t)import->added, "present",
                                (json_int_t)import->present, "refused", (json_int_t)import->refused))
               ? status
               : EXIT_NO;
  printf("%" PRId64 " added, %" PRId64 " there already, %" PRId64 " refused\n", import->added, import->present,
         import->refused);
  return status;
}

static enum reason publish(struct import *import) {
  struct progress progress;
  progress_begin(&progress, "accounts are written to the tables");
  ledger_watch(import->ledger, progress_show, &progress);
  enum reason reason = ledger_publish(import->ledger, import->how.settings, PATH_TABLES, NULL);
  progress_hide(&progress);
  if (reason != REASON_OK) state_fail(name, PATH_TABLES, reason, ledger_detail(import->ledger));
  return reason;
}

/* What was made is published also when the rest could not be. */
static int import_into(struct import *import) {
  enum reason reason = make_all(import);
  progress_hide(&import->progress);
  if (reason != REASON_OK) state_fail(name, PATH_LEDGER, reason, ledger_detail(import->ledger));
  bool read = ferror(import->file) == 0;
  if (!read) fprintf(stderr, "jwtctl %s: the list could not be read to its end: %s\n", name, strerror(errno));
  bool published = (reason != REASON_OK && import->added == 0) || publish(import) == REASON_OK;
  int status = tell(import);
  if (reason == REASON_OK && read && published) return status;
  fprintf(stderr, "jwtctl %s: this is not all; run the same import again to go on\n", name);
  return EXIT_NO;
}

static int with_memory(struct import *import) {
  import->line = malloc(ACCOUNT_LINE_MAX + 2);
  import->accounts = calloc(BATCH, sizeof *import->accounts);
  import->numbers = calloc(BATCH, sizeof *import->numbers);
  import->text = malloc(BATCH_TEXT);
  import->groups = group_book_new(import->ledger, import->how.settings);
  import->how.context = sources_remember();
  int status = EXIT_NO;
  if (import->line == NULL || import->accounts == NULL || import->numbers == NULL || import->text == NULL ||
      import->groups == NULL)
    status = state_fail(name, PATH_LEDGER, REASON_OUT_OF_MEMORY, "");
  else if (import->how.context == NULL)
    status = state_fail(name, "/etc/nsswitch.conf", REASON_SOURCE_UNAVAILABLE, "");
  else
    status = import_into(import);
  sources_forget(import->how.context);
  group_book_free(import->groups);
  free(import->line);
  free(import->accounts);
  free(import->numbers);
  free(import->text);
  return status;
}

static int with_settings(struct import *import, const struct settings *settings) {
  import->how = (struct provisioning){
      .settings = &settings->accounts, .id_use = known_id_use, .name_use = known_name_use, .now = time(NULL)};
  progress_begin(&import->progress, "lines are read");
  if (!state_open(name, LEDGER_WRITE, &import->ledger)) return EXIT_NO;
  int status = with_memory(import);
  ledger_close(import->ledger);
  return status;
}

static int parse(int argc, char **argv, struct settings_choice *choice, struct import *import) {
  int status = choice_options(name, argc, argv, choice, &import->json);
  if (status != EXIT_YES) return status;
  if (optind < argc) import->path = argv[optind++];
  if (optind < argc) return wrong_use(name, "%s is too much", argv[optind]);
  return geteuid() != 0 ? wrong_use(name, "only root may make accounts") : EXIT_YES;
}

static int run(int argc, char **argv) {
  struct settings_choice choice = {0};
  struct import import = {.file = stdin};
  struct settings *settings;
  int status = parse(argc, argv, &choice, &import);
  if (status != EXIT_YES) return status;
  if (!state_settings(name, &choice, &settings)) return EXIT_WRONG_USE;
  if (import.path != NULL) import.file = fopen(import.path, "re");
  if (import.file == NULL) {
    status = wrong_use(name, "%s: %s", import.path, strerror(errno));
  } else {
    status = with_settings(&import, settings);
    fclose(import.file);
  }
  settings_free(settings);
  return status;
}

const struct command command_accounts_import = {name, "make accounts from lines of JSON", usage, run};
