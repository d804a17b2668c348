#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fetch_keys.h"
#include "fullio.h"

#define PROBE_MS 30000

/* A cell behind a tab: "-" for none; what could be mistaken or confuse a terminal as \xNN. */
static void print_cell(const char *text) {
  putchar('\t');
  if (text == NULL || *text == '\0') {
    putchar('-');
    return;
  }
  bool dash = strcmp(text, "-") == 0;
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    printf(c > ' ' && c <= '~' && c != '\\' && !dash ? "%c" : "\\x%02x", c);
  }
}

static void print_key(const struct key_info *key) {
  char bits[16];
  snprintf(bits, sizeof(bits), "%d", key->bits);
  const char *const cells[] = {key->kid, key->kty, key->crv, bits, key->alg, key->use};
  fputs("key", stdout);
  for (size_t i = 0; i < COUNT_OF(cells); i++)
    print_cell(cells[i]);
  printf("\t%s\n", key->unusable != NULL ? key->unusable : "usable");
}

static size_t print_keys(const struct keyset *keys) {
  size_t usable = 0;
  for (size_t i = 0; i < keyset_count(keys); i++) {
    struct key_info key;
    keyset_describe(keys, i, &key);
    usable += key.unusable == NULL;
    print_key(&key);
  }
  return usable;
}

int probe_keys(const struct issuer *asked) {
  struct fetch_terms terms = {
      .now = (int64_t)time(NULL), .deadline_ms = monotonic_ms() + PROBE_MS, .progress = terminal_progress()};
  struct fetched fetched = {0};
  struct fetch_error error = {.text = "memory ran out"};
  enum reason reason = fetch_keys(asked, NULL, &terms, &fetched, &error);
  terminal_progress_end();
  if (reason != REASON_OK) {
    complain(NULL, error.text);
    return EXIT_FAILED;
  }
  printf("issuer\t%s\nlocation\t%s\n", asked->url, fetched.location);
  for (const char *const *name = fetched.algorithms; *name != NULL; name++)
    printf("algorithm\t%s\n", *name);
  printf("refresh\t%" PRId64 "\n", fetched.due - terms.now);
  if (fetched.dated) printf("clock\t%" PRId64 "\n", fetched.clock_ahead);
  size_t usable = print_keys(fetched.keys);
  if (usable == 0) complain(NULL, "none of these keys can verify a token");
  fetched_clear(&fetched);
  return usable > 0 ? EXIT_DONE : EXIT_FAILED;
}
