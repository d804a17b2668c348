#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "compiler.h"
#include "jwtctl.h"
#include "shed.h"
#include "text.h"

static const char name[] = "keys list";

static const char usage[] =
    "Usage: jwtctl keys list --jwks FILE [--json]\n"
    "\n"
    "Show every key of a key set: kid, type or curve, bits, alg, use, and whether it can verify tokens.\n"
    "\n"
    "  --jwks FILE    the key set (JWK Set)\n"
    "  --json         print one JSON object\n"
    "\n"
    "Exit status: 0 at least one key can verify a token, 1 none can or the file is no key set, 2 wrong use.\n"
    "\n"
    "Example:\n"
    "  jwtctl keys list --jwks /etc/jwt-login/keys/github.json\n";

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

static json_t *key_as_json(const struct key_info *key) {
  return json_pack("{s:s?, s:s, s:s?, s:s?, s:s?, s:i, s:b, s:s?}", "kid", key->kid, "kty", key->kty, "crv", key->crv,
                   "alg", key->alg, "use", key->use, "bits", key->bits, "usable", key->unusable == NULL, "why_not",
                   key->unusable);
}

static void print_objects(const struct keyset *keys) {
  json_t *list = json_array();
  struct key_info key;
  for (size_t i = 0; i < keyset_count(keys); i++) {
    keyset_describe(keys, i, &key);
    json_array_append_new(list, key_as_json(&key));
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

static int list(const char *path, bool as_json) {
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

static int run(int argc, char **argv) {
  static const struct option known[] = {
      {"jwks", required_argument, NULL, 'k'}, {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
  const char *path = NULL;
  bool as_json = false;
  int option;
  while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
    if (option == 'k') {
      path = optarg;
    } else if (option == 'j') {
      as_json = true;
    } else {
      return wrong_use(name, "%s is not an option, or lacks its value", argv[optind - 1]);
    }
  }
  if (optind < argc) return wrong_use(name, "%s is not an option", argv[optind]);
  if (path == NULL) return wrong_use(name, "--jwks FILE is missing: the key set");
  return list(path, as_json);
}

const struct command command_keys_list = {name, "show which keys of a key set can verify tokens", usage, run};
