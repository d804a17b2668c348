#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compiler.h"
#include "fetcher.h"
#include "issuer_choice.h"
#include "jwtctl.h"
#include "output.h"
#include "probe.h"
#include "settings_choice.h"
#include "text.h"

static const char name[] = "issuer test";

static const char usage[] =
    "Usage: jwtctl issuer test TITLE [OPTION]...\n"
    "\n"
    "Ask the issuer of this section now, as jwt-fetch-keys would, and keep nothing: whether it can be reached\n"
    "and is who the section says, whether its keys can verify tokens, whether the section's algorithms are\n"
    "those of its keys, and how far the two clocks are apart.\n"
    "\n"
    "  --config FILE       the settings (default: the host's, which must belong to root)\n"
    "  --conf-dir DIR      further files *.conf (default: the host's, none with --config)\n"
    "  --json              print a JSON object\n"
    "\n"
    "Exit status: 0 all is well, 1 something is not, 2 wrong use or settings.\n";

struct test {
  struct settings_choice choice;
  bool json, colour;
  bool failed;
  json_t *checks; /* with --json */
};

static void PRINTF_LIKE(4, 5) note(struct test *test, const char *what, bool held, const char *format, ...) {
  char text[FETCHER_ERROR_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  test->failed = test->failed || !held;
  if (test->json)
    json_array_append_new(test->checks,
                          json_pack("{s:s, s:b, s:o}", "check", what, "held", held, "text", json_text(text)));
  else if (test->colour)
    printf("\033[%dm%s\033[0m %s: %s\n", held ? 32 : 31, held ? "✔" : "✘", what, text);
  else
    printf("%s %s: %s\n", held ? "✔" : "✘", what, text);
}

/* Names with blanks between; "none" for none. */
static void add_name(char *names, size_t size, const char *algorithm) {
  size_t used = strlen(names);
  snprintf(names + used, size - used, "%s%s", used > 0 ? " " : "", algorithm);
}

static void check_algorithms(struct test *test, const struct issuer *issuer, const struct probe *probe) {
  char serve[256] = "", idle[256] = "", offered[256] = "";
  for (const char *const *algorithm = issuer->algorithms; *algorithm != NULL; algorithm++)
    add_name(probe_offers(probe, *algorithm) ? serve : idle, sizeof serve, *algorithm);
  for (const char *const *algorithm = settings_algorithms(); *algorithm != NULL; algorithm++)
    if (probe_offers(probe, *algorithm)) add_name(offered, sizeof offered, *algorithm);
  if (serve[0] == '\0')
    note(test, "algorithms", false, "the section allows %s, the issuer signs with %s; set `algorithms` in the section",
         idle, offered[0] != '\0' ? offered : "none that is verified here");
  else
    note(test, "algorithms", true, "%s%s%s", serve, idle[0] != '\0' ? "; nothing is signed with " : "", idle);
}

/* More than the leeway, and tokens are refused that are good. */
static void check_clock(struct test *test, const struct issuer *issuer, const struct probe *probe) {
  bool behind = probe->clock_ahead < 0;
  long long apart = behind ? -probe->clock_ahead : probe->clock_ahead, leeway = issuer->leeway;
  if (!probe->dated) return;
  note(test, "clock", apart <= leeway, "the issuer's is %llds %s this host's; the section's leeway is %llds%s", apart,
       behind ? "behind" : "ahead of", leeway, apart <= leeway ? "" : ": see that this host's clock is kept right");
}

static void check_probe(struct test *test, const struct issuer *issuer, const struct probe *probe) {
  char location[PRINTABLE_SIZE];
  note(test, "reachable", true, "its keys are at %s", printable(probe->location, location));
  if (issuer->key_source == KEYS_DISCOVERED)
    note(test, "issuer", true, "its discovery document names it, %s", issuer->url);
  note(test, "keys", probe->usable > 0, "%zu of %zu can verify tokens%s", probe->usable, probe->key_count,
       probe->usable > 0 ? "" : "; the issuer has to publish others");
  check_algorithms(test, issuer, probe);
  check_clock(test, issuer, probe);
  if (probe->refresh > 0)
    note(test, "refresh", true, "the issuer wants to be asked again after %lld min", (long long)probe->refresh / 60);
}

static int tell(const struct test *test, const struct issuer *issuer) {
  if (test->json && !print_json(json_pack("{s:o, s:b, s:O}", "title", json_text(issuer->title), "passed", !test->failed,
                                          "checks", test->checks)))
    return EXIT_WRONG_USE;
  return test->failed ? EXIT_NO : EXIT_YES;
}

static int probe_and_tell(struct test *test, const struct issuer *issuer) {
  struct probe probe;
  char error[FETCHER_ERROR_SIZE];
  if (issuer->key_source == KEYS_IN_FILE)
    return wrong_use(name, "the keys of \"%s\" are in the file %s, and nothing is asked; see 'jwtctl keys list'",
                     issuer->title, issuer->key_location);
  bool done = probe_issuer(issuer, &probe, error);
  if (done || probe.key_count > 0)
    check_probe(test, issuer, &probe);
  else
    note(test, "reachable", false, "%s", error);
  probe_clear(&probe);
  return tell(test, issuer);
}

static int parse_options(int argc, char **argv, struct test *test) {
  int status = choice_options(name, argc, argv, &test->choice, &test->json);
  if (status != EXIT_YES) return status;
  if (optind + 1 < argc) return wrong_use(name, "%s is too much", argv[optind + 1]);
  return optind < argc ? EXIT_YES : wrong_use(name, "TITLE is missing: that of an issuer section");
}

static int run(int argc, char **argv) {
  struct test test = {.colour = wants_colour(stdout)};
  struct settings_error error;
  struct settings *settings;
  int status = parse_options(argc, argv, &test);
  if (status != EXIT_YES) return status;
  if (choice_load(&test.choice, &settings, &error) != REASON_OK) {
    fprintf(stderr, "jwtctl %s: %s\n", name, error.text);
    return EXIT_WRONG_USE;
  }
  test.checks = json_array();
  status = issuers_exist(name, settings, argv + optind) ? probe_and_tell(&test, settings_issuer(settings, argv[optind]))
                                                        : EXIT_WRONG_USE;
  json_decref(test.checks);
  settings_free(settings);
  return status;
}

const struct command command_issuer_test = {name, "ask an issuer now, and check its section", usage, run};
