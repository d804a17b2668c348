#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fetch_keys.h"
#include "fullio.h"
#include "paths.h"

#define ISSUER_MS 30000 /* for all questions to one issuer */

static void say_done(const struct issuer *issuer, const struct refresh *refresh, int64_t now) {
  static const char *const outcomes[] = {
      [REFRESH_NOT_NEEDED] = "not due yet", [REFRESH_CONFIRMED] = "unchanged", [REFRESH_REPLACED] = "fetched"};
  int64_t minutes = refresh->due > now ? (refresh->due - now + 59) / 60 : 0;
  printf("%s: %zu %s, %s; due again in %" PRId64 " min\n", issuer->title, refresh->usable,
         refresh->usable == 1 ? "key" : "keys", outcomes[refresh->outcome], minutes);
}

static int update_one(const struct issuer *issuer, enum refresh_cause cause, bool talkative) {
  struct fetch_terms terms = {
      .now = (int64_t)time(NULL), .deadline_ms = monotonic_ms() + ISSUER_MS, .progress = terminal_progress()};
  struct refresh refresh;
  struct fetch_error error = {.text = "memory ran out"};
  enum reason reason = fetch_refresh(PATH_KEY_CACHE, issuer, cause, &terms, &refresh, &error);
  terminal_progress_end();
  if (reason != REASON_OK) {
    complain(issuer->title, error.text);
    return EXIT_FAILED;
  }
  if (talkative) say_done(issuer, &refresh, terms.now);
  return EXIT_DONE;
}

/* One issuer's trouble is not another's. */
static int update_all(const struct settings *settings) {
  int status = EXIT_DONE;
  for (size_t i = 0; i < settings->issuer_count; i++) {
    const struct issuer *issuer = &settings->issuers[i];
    if (issuer->key_source == KEYS_IN_FILE) continue;
    if (update_one(issuer, REFRESH_DUE, isatty(STDOUT_FILENO)) != EXIT_DONE) status = EXIT_FAILED;
  }
  fetch_sweep(PATH_KEY_CACHE, settings, (int64_t)time(NULL));
  return status;
}

static int update_named(const struct settings *settings, const char *title, bool force) {
  const struct issuer *issuer = settings_issuer(settings, title);
  if (issuer == NULL) {
    complain(title, "the settings have no issuer section of this title");
    return EXIT_WRONG;
  }
  if (issuer->key_source == KEYS_IN_FILE) {
    printf("%s: nothing to fetch, its keys are in the file %s\n", title, issuer->key_location);
    return EXIT_DONE;
  }
  return update_one(issuer, force ? REFRESH_FORCED : REFRESH_DUE, true);
}

int update_keys(const char *title, bool force) {
  struct settings *settings = NULL;
  struct settings_error error = {0};
  if (settings_load(PATH_CONF, PATH_CONF_D, FILE_OWNED_BY_ROOT, &settings, &error) != REASON_OK) {
    complain(NULL, error.text);
    return EXIT_WRONG;
  }
  int status = title != NULL ? update_named(settings, title, force) : update_all(settings);
  settings_free(settings);
  return status;
}
