#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fetch_keys.h"
#include "fetch_protocol.h"
#include "fullio.h"
#include "paths.h"

_Static_assert(sizeof(((struct fetch_request *)0)->title) > SETTINGS_TITLE_MAX, "no room for a title");

static bool request_is_sound(const struct fetch_request *request) {
  return request->magic == FETCH_MAGIC && memchr(request->title, '\0', sizeof(request->title)) != NULL;
}

static enum reason fetch_for_login(const char *title, int64_t deadline_ms, struct fetch_error *text) {
  static const char *const outcomes[] = {[REFRESH_NOT_NEEDED] = "another login had them fetched a moment ago",
                                         [REFRESH_CONFIRMED] = "the issuer says that they are unchanged",
                                         [REFRESH_REPLACED] = "they were fetched for this login"};
  const struct fetch_terms terms = {.now = (int64_t)time(NULL), .deadline_ms = deadline_ms};
  struct settings *settings = NULL;
  struct settings_error why = {0};
  struct refresh refresh;
  enum reason reason = fetch_prepare();
  if (reason != REASON_OK) return reason;
  reason = settings_load(PATH_CONF, PATH_CONF_D, FILE_OWNED_BY_ROOT, &settings, &why);
  if (reason != REASON_OK) {
    snprintf(text->text, sizeof(text->text), "%s", why.text);
    return reason;
  }
  const struct issuer *issuer = settings_issuer(settings, title);
  bool fetchable = issuer != NULL && issuer->key_source != KEYS_IN_FILE;
  reason = fetchable ? fetch_refresh(PATH_KEY_CACHE, issuer, REFRESH_FOR_LOGIN, &terms, &refresh, text)
                     : REASON_SETTINGS_CHANGED_RETRY;
  if (reason == REASON_OK) snprintf(text->text, sizeof(text->text), "%s", outcomes[refresh.outcome]);
  settings_free(settings);
  return reason;
}

int serve_login(const char *unshed) {
  int64_t deadline_ms = monotonic_ms() + FETCH_SECONDS * 1000;
  struct fetch_request request;
  struct fetch_error text = {.text = ""};
  struct fetch_answer answer = {.magic = FETCH_MAGIC, .reason = REASON_PROTOCOL};
  if (!read_full(0, &request, sizeof(request), deadline_ms)) return EXIT_WRONG;
  if (unshed != NULL) {
    answer.reason = REASON_SANDBOX_FAILED;
    snprintf(text.text, sizeof(text.text), "%s", unshed);
  } else if (request_is_sound(&request)) {
    answer.reason = fetch_for_login(request.title, deadline_ms, &text);
  }
  snprintf(answer.text, sizeof(answer.text), "%.500s", text.text);
  /* The asker waits a second longer. */
  return write_full(0, &answer, sizeof(answer), deadline_ms + 1000) ? EXIT_DONE : EXIT_FAILED;
}
