#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compiler.h"
#include "fetcher.h"
#include "issuer_choice.h"
#include "jwtctl.h"
#include "state.h"
#include "text.h"

static const char name[] = "keys refresh";

static const char usage[] =
    "Usage: jwtctl keys refresh [ISSUER]...\n"
    "\n"
    "Fetch the keys of these issuers, by their sections' titles, whether they are due or not; without one, of\n"
    "all whose keys are not in a file. jwt-fetch-keys does so without privilege. Needs root.\n"
    "\n"
    "Exit status: 0 done, 1 the keys of an issuer could not be fetched, 2 wrong use or settings.\n";

static bool refresh(const struct issuer *issuer) {
  const char *const arguments[] = {"--issuer", issuer->title, "--force", NULL};
  struct fetcher_answer answer;
  bool done = fetcher_run(arguments, &answer);
  if (answer.output != NULL) print_escaped(answer.output);
  fflush(stdout);
  if (!done) fprintf(stderr, "jwtctl %s: %s\n", name, answer.error);
  fetcher_clear(&answer);
  return done;
}

static int refresh_chosen(const struct settings *settings, char *const *titles) {
  int status = EXIT_YES;
  for (size_t i = 0; i < settings->issuer_count; i++) {
    const struct issuer *issuer = &settings->issuers[i];
    if (!issuer_is_chosen(issuer, titles) || (titles[0] == NULL && issuer->key_source == KEYS_IN_FILE)) continue;
    if (!refresh(issuer)) status = EXIT_NO;
  }
  return status;
}

static int run(int argc, char **argv) {
  static const struct option known[] = {{NULL, 0, NULL, 0}};
  const struct settings_choice choice = {0};
  struct settings *settings;
  if (getopt_long(argc, argv, ":", known, NULL) != -1) return wrong_use(name, "%s is not an option", argv[optind - 1]);
  if (geteuid() != 0) return wrong_use(name, "only root may have keys fetched: jwt-fetch-keys becomes another user");
  if (!state_settings(name, &choice, &settings)) return EXIT_WRONG_USE;
  int status = issuers_exist(name, settings, argv + optind) ? refresh_chosen(settings, argv + optind) : EXIT_WRONG_USE;
  settings_free(settings);
  return status;
}

const struct command command_keys_refresh = {name, "fetch the keys of issuers now", usage, run};
