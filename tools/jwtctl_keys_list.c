#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "compiler.h"
#include "decision.h"
#include "issuer_choice.h"
#include "jwtctl.h"
#include "output.h"
#include "paths.h"
#include "probe.h"
#include "settings_choice.h"
#include "shed.h"
#include "text.h"

static const char name[] = "keys list";

static const char usage[] =
    "Usage: jwtctl keys list [OPTION]... [ISSUER]...\n"
    "       jwtctl keys list --jwks FILE [--json]\n"
    "\n"
    "Show the keys of these issuers, by their sections' titles, or of all: kid, type or curve, bits, alg, use,\n"
    "and whether they can verify tokens; and when the issuer last confirmed them. Or show those of a key set in\n"
    "a file.\n"
    "\n"
    "  --jwks FILE         the key set (JWK Set)\n"
    "  --config FILE       the settings (default: the host's, which must belong to root)\n"
    "  --conf-dir DIR      further files *.conf (default: the host's, none with --config)\n"
    "  --json              print JSON\n"
    "\n"
    "Exit status: 0 each set has a key that can verify a token, 1 one has none or is no key set, 2 wrong use or\n"
    "settings.\n"
    "\n"
    "Example:\n"
    "  jwtctl keys list --jwks /etc/jwt-login/keys/github.json\n";

struct options {
  const char *jwks;
  struct settings_choice choice;
  char *const *titles;
  bool json, colour;
};

/* ---- a file ---- */

enum { KID, TYPE, BITS, ALG, USE, COLUMNS };

/* The cells of a row but the last one, as text for a terminal. */
struct row {
  char space[COLUMNS][PRINTABLE_SIZE];
  const char *cells[COLUMNS];
};

static void fill_row(struct row *row, const struct key_info *key) {
  row->cells[KID] = printable(key->kid, row->space[KID]);
  row->cells[TYPE] = printable(key->crv != NULL ? key->crv : key->kty, row->space[TYPE]);
  row->cells[BITS] = row->space[BITS];
  snprintf(row->space[BITS], sizeof row->space[BITS], key->bits > 0 ? "%d" : "-", key->bits);
  row->cells[ALG] = printable(key->alg, row->space[ALG]);
  row->cells[USE] = printable(key->use, row->space[USE]);
}

static void print_table(const struct keyset *keys) {
  int widths[COLUMNS] = {0};
  struct key_info key;
  struct row row;
  for (size_t i = 0; i < keyset_count(keys); i++) {
    keyset_describe(keys, i, &key);
    fill_row(&row, &key);
    for (int column = 0; column < COLUMNS; column++) {
      int width = (int)strlen(row.cells[column]);
      if (width > widths[column]) widths[column] = width;
    }
  }
  for (size_t i = 0; i < keyset_count(keys); i++) {
    keyset_describe(keys, i, &key);
    fill_row(&row, &key);
    for (int column = 0; column < COLUMNS; column++)
      printf("%-*s  ", widths[column], row.cells[column]);
    printf(key.unusable == NULL ? "usable\n" : "unusable: %s\n", key.unusable);
  }
}

static void print_objects(const struct keyset *keys) {
  json_t *list = json_array();
  struct key_info key;
  for (size_t i = 0; i < keyset_count(keys); i++) {
    keyset_describe(keys, i, &key);
    json_array_append_new(list, key_json(&key));
  }
  if (!print_json(json_pack("{s:o}", "keys", list))) fputs("jwtctl keys list: memory ran out\n", stderr);
}

static bool any_usable(const struct keyset *keys) {
  struct key_info key;
  for (size_t i = 0; i < keyset_count(keys); i++) {
    keyset_describe(keys, i, &key);
    if (key.unusable == NULL) return true;
  }
  return false;
}

static int list_file(const char *path, bool as_json) {
  struct keyset *keys = NULL;
  enum reason unusable;
  int status = load_key_set(name, path, &keys, &unusable);
  if (status != EXIT_YES) return status;
  if (unusable != REASON_OK) {
    fprintf(stderr, "jwtctl %s: %s: an object with an array \"keys\" of at most 1000 objects is wanted\n", name,
            reason_code(unusable));
    return EXIT_NO;
  }
  if (as_json) {
    print_objects(keys);
  } else {
    print_table(keys);
  }
  bool usable = any_usable(keys);
  if (!usable) fprintf(stderr, "jwtctl %s: no key of this set could verify a token\n", name);
  keyset_free(keys);
  return usable ? EXIT_YES : EXIT_NO;
}

/* ---- issuers ---- */

static bool print_keys(const struct keyset *keys, bool colour) {
  struct table *table = table_new(key_heads);
  struct key_info key;
  const char *kid, *why;
  bool whole = table != NULL;
  for (size_t i = 0; whole && i < keyset_count(keys); i++) {
    keyset_describe(keys, i, &key);
    whole = key_add_row(table, &key);
  }
  for (size_t i = 0; whole && keyset_skipped(keys, i, &kid, &why); i++)
    whole = key_add_row(table, &(struct key_info){.kid = kid, .kty = "", .unusable = why});
  if (whole) table_print(table, stdout, colour);
  table_free(table);
  return whole;
}

static bool print_issuer(const struct issuer *issuer, enum reason reason, const struct keyset *keys, int64_t now,
                         bool colour) {
  char fetched[TIME_TEXT_SIZE], due[TIME_TEXT_SIZE];
  const struct keyset_head *head = reason == REASON_OK ? keyset_head(keys) : NULL;
  print_escaped(issuer->title);
  printf(": %s", issuer_key_place(issuer));
  if (head != NULL)
    printf(", confirmed %s (%lld min ago), due %s", time_text(head->fetched, fetched),
           (long long)(now - head->fetched) / 60, time_text(head->due, due));
  if (reason == REASON_OK) {
    putchar('\n');
    return print_keys(keys, colour);
  }
  printf(": %s: %s; %s\n", reason_code(reason), reason_text(reason), reason_advice(reason));
  return true;
}

static json_t *issuer_json(const struct issuer *issuer, enum reason reason, const struct keyset *keys) {
  json_t *list = json_array();
  const struct keyset_head *head = reason == REASON_OK ? keyset_head(keys) : NULL;
  struct key_info key;
  const char *kid, *why;
  for (size_t i = 0; reason == REASON_OK && i < keyset_count(keys); i++) {
    keyset_describe(keys, i, &key);
    json_array_append_new(list, key_json(&key));
  }
  for (size_t i = 0; reason == REASON_OK && keyset_skipped(keys, i, &kid, &why); i++)
    json_array_append_new(list, key_json(&(struct key_info){.kid = kid, .kty = "", .unusable = why}));
  return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "title", json_text(issuer->title), "location",
                   json_text(issuer_key_place(issuer)), "reason", reason_code(reason), "fetched",
                   json_time(head != NULL ? head->fetched : 0), "due", json_time(head != NULL ? head->due : 0), "keys",
                   list);
}

/* Privilege is shed: keys may be parsed. */
static int tell(const struct options *options, const struct settings *settings, const struct key_files *files,
                int64_t now) {
  int status = EXIT_YES;
  bool whole = true;
  json_t *array = json_array();
  for (size_t i = 0; whole && i < settings->issuer_count; i++) {
    const struct issuer *issuer = &settings->issuers[i];
    struct keyset *keys = NULL;
    if (!issuer_is_chosen(issuer, options->titles)) continue;
    enum reason reason = key_files_parse(files, issuer, now, &keys);
    if (reason != REASON_OK || !any_usable(keys)) status = EXIT_NO;
    whole = options->json ? json_array_append_new(array, issuer_json(issuer, reason, keys)) == 0
                          : print_issuer(issuer, reason, keys, now, options->colour);
    keyset_free(keys);
  }
  if (whole && options->json) whole = print_json(json_incref(array));
  json_decref(array);
  if (whole) return status;
  fprintf(stderr, "jwtctl %s: %s\n", name, reason_text(REASON_OUT_OF_MEMORY));
  return EXIT_WRONG_USE;
}

static int list_chosen(const struct options *options, const struct settings *settings) {
  struct key_files *files;
  int64_t now = time(NULL);
  if (!issuers_exist(name, settings, options->titles)) return EXIT_WRONG_USE;
  if (key_files_read(settings, PATH_KEY_CACHE, choice_trust(&options->choice), &files) != REASON_OK)
    return wrong_use(name, "%s", reason_text(REASON_OUT_OF_MEMORY));
  int status = shed_privilege(name) == REASON_OK ? tell(options, settings, files, now) : EXIT_WRONG_USE;
  key_files_free(files);
  return status;
}

static int list_issuers(const struct options *options) {
  struct settings_error error;
  struct settings *settings;
  if (choice_load(&options->choice, &settings, &error) != REASON_OK) {
    fprintf(stderr, "jwtctl %s: %s\n", name, error.text);
    return EXIT_WRONG_USE;
  }
  int status = list_chosen(options, settings);
  settings_free(settings);
  return status;
}

static int parse_options(int argc, char **argv, struct options *options) {
  static const struct option known[] = {{"jwks", required_argument, NULL, 'k'},
                                        {"config", required_argument, NULL, 'c'},
                                        {"conf-dir", required_argument, NULL, 'd'},
                                        {"json", no_argument, NULL, 'j'},
                                        {NULL, 0, NULL, 0}};
  int option;
  while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
    if (option == 'k')
      options->jwks = optarg;
    else if (option == 'c')
      options->choice.config = optarg;
    else if (option == 'd')
      options->choice.conf_dir = optarg;
    else if (option == 'j')
      options->json = true;
    else
      return wrong_use(name, "%s is not an option, or lacks its value", argv[optind - 1]);
  }
  options->titles = argv + optind;
  bool settings = options->choice.config != NULL || options->choice.conf_dir != NULL || optind < argc;
  if (options->jwks != NULL && settings) return wrong_use(name, "--jwks FILE stands alone: it needs no settings");
  return EXIT_YES;
}

static int run(int argc, char **argv) {
  struct options options = {.colour = wants_colour(stdout)};
  int status = parse_options(argc, argv, &options);
  if (status != EXIT_YES) return status;
  return options.jwks != NULL ? list_file(options.jwks, options.json) : list_issuers(&options);
}

const struct command command_keys_list = {name, "show which keys can verify tokens", usage, run};
