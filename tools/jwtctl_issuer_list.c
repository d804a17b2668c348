#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compiler.h"
#include "decision.h"
#include "jwtctl.h"
#include "output.h"
#include "paths.h"
#include "settings_choice.h"
#include "shed.h"
#include "text.h"
#include "token.h"

static const char name[] = "issuer list";

static const char usage[] =
    "Usage: jwtctl issuer list [OPTION]...\n"
    "\n"
    "Show the issuers that the settings trust: the section's title, what the issuer is called in the ledger and\n"
    "the log, where its keys come from, its algorithms, how many keys can verify tokens, when the issuer last\n"
    "confirmed them, their state (fresh, due to be fetched again, in a file, or the reason for which tokens are\n"
    "refused), and how many rules are for it.\n"
    "\n"
    "  --config FILE       the settings (default: the host's, which must belong to root)\n"
    "  --conf-dir DIR      further files *.conf (default: the host's, none with --config)\n"
    "  --json              print a JSON array\n"
    "\n"
    "Exit status: 0 done, 2 wrong use or settings.\n";

struct options {
  struct settings_choice choice;
  bool json, colour;
};

/* What is told of an issuer. */
struct row {
  const struct issuer *issuer;
  const char *state;
  size_t usable, rules;
  int64_t fetched, due; /* 0 where nothing is fetched */
};

static size_t count_rules(const struct settings *settings, const struct issuer *issuer) {
  size_t count = 0;
  for (size_t i = 0; i < settings->rule_count; i++)
    count += strcmp(settings->rules[i].issuer, issuer->title) == 0;
  return count;
}

static void look_at_keys(const struct key_files *files, int64_t now, struct row *row) {
  struct keyset *keys = NULL;
  struct key_info key;
  enum reason reason = key_files_parse(files, row->issuer, now, &keys);
  row->state = reason_code(reason);
  if (reason != REASON_OK) return;
  for (size_t i = 0; i < keyset_count(keys); i++) {
    keyset_describe(keys, i, &key);
    row->usable += key.unusable == NULL;
  }
  const struct keyset_head *head = keyset_head(keys);
  row->fetched = head != NULL ? head->fetched : 0;
  row->due = head != NULL ? head->due : 0;
  row->state = head == NULL ? "in a file" : head->due > now ? "fresh" : "due";
  keyset_free(keys);
}

static bool add_row(struct table *table, const struct row *row) {
  char algorithms[256] = "", usable[24], rules[24], fetched[TIME_TEXT_SIZE] = "";
  for (size_t i = 0, used = 0; row->issuer->algorithms[i] != NULL && used < sizeof algorithms; i++)
    used += (size_t)snprintf(algorithms + used, sizeof algorithms - used, "%s%s", i > 0 ? " " : "",
                             row->issuer->algorithms[i]);
  snprintf(usable, sizeof usable, "%zu", row->usable);
  snprintf(rules, sizeof rules, "%zu", row->rules);
  if (row->fetched != 0) time_text(row->fetched, fetched);
  const char *cells[] = {row->issuer->title,
                         issuer_identity(row->issuer),
                         issuer_key_place(row->issuer),
                         algorithms,
                         usable,
                         fetched,
                         row->state,
                         rules};
  return table_add(table, cells);
}

static json_t *row_json(const struct row *row) {
  json_t *algorithms = json_array();
  for (const char *const *algorithm = row->issuer->algorithms; *algorithm != NULL; algorithm++)
    json_array_append_new(algorithms, json_string(*algorithm));
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:s, s:I}", "title", json_text(row->issuer->title),
                   "issuer", json_text(issuer_identity(row->issuer)), "url", json_text(row->issuer->url), "keys",
                   json_text(issuer_key_place(row->issuer)), "algorithms", algorithms, "usable",
                   (json_int_t)row->usable, "fetched", json_time(row->fetched), "due", json_time(row->due), "state",
                   row->state, "rules", (json_int_t)row->rules);
}

/* Privilege is shed: keys may be parsed. */
static int tell(const struct options *options, const struct settings *settings, const struct key_files *files,
                int64_t now) {
  static const char *const heads[] = {"TITLE",   "ISSUER", "KEYS",  "ALGORITHMS", "USABLE",
                                      "FETCHED", "STATE",  "RULES", NULL};
  struct table *table = table_new(heads);
  json_t *array = json_array();
  bool whole = table != NULL && array != NULL;
  for (size_t i = 0; whole && i < settings->issuer_count; i++) {
    struct row row = {.issuer = &settings->issuers[i], .rules = count_rules(settings, &settings->issuers[i])};
    look_at_keys(files, now, &row);
    whole = options->json ? json_array_append_new(array, row_json(&row)) == 0 : add_row(table, &row);
  }
  if (whole && options->json) whole = print_json(json_incref(array));
  if (whole && !options->json) table_print(table, stdout, options->colour);
  table_free(table);
  json_decref(array);
  if (!whole) fprintf(stderr, "jwtctl %s: %s\n", name, reason_text(REASON_OUT_OF_MEMORY));
  return whole ? EXIT_YES : EXIT_WRONG_USE;
}

static int list(const struct options *options, const struct settings *settings) {
  struct key_files *files;
  int64_t now = time(NULL);
  if (key_files_read(settings, PATH_KEY_CACHE, choice_trust(&options->choice), &files) != REASON_OK)
    return wrong_use(name, "%s", reason_text(REASON_OUT_OF_MEMORY));
  int status = shed_privilege(name) == REASON_OK ? tell(options, settings, files, now) : EXIT_WRONG_USE;
  key_files_free(files);
  return status;
}

static int parse_options(int argc, char **argv, struct options *options) {
  int status = choice_options(name, argc, argv, &options->choice, &options->json);
  if (status != EXIT_YES) return status;
  return optind < argc ? wrong_use(name, "%s is too much", argv[optind]) : EXIT_YES;
}

static int run(int argc, char **argv) {
  struct options options = {.colour = wants_colour(stdout)};
  struct settings_error error;
  struct settings *settings;
  int status = parse_options(argc, argv, &options);
  if (status != EXIT_YES) return status;
  if (choice_load(&options.choice, &settings, &error) != REASON_OK) {
    fprintf(stderr, "jwtctl %s: %s\n", name, error.text);
    return EXIT_WRONG_USE;
  }
  status = list(&options, settings);
  settings_free(settings);
  return status;
}

const struct command command_issuer_list = {name, "show the issuers that are trusted, and their keys", usage, run};
