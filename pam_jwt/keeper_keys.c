#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "fetch_protocol.h"
#include "fullio.h"
#include "keeper.h"
#include "key_cache.h"
#include "paths.h"

#define SECTIONS_MAX 16 /* that share a url, and are asked at the same time */
#define YOUNG_SECONDS 5 /* a fetch that began so lately may go on: worth waiting for */

/* What the judge found missing may be there by now. */
static bool may_be_cured(enum reason refusal) {
  return refusal == REASON_KEY_UNKNOWN || refusal == REASON_KEYS_UNAVAILABLE || refusal == REASON_KEYS_STALE;
}

/* ---- one section: a process, a question, an answer ---- */

struct fetch {
  const struct issuer *issuer;
  struct child child;
};

static void note(struct event *event, const struct issuer *issuer, const char *text) {
  event_detail(event, "keys of %s: %s", issuer->title, text);
}

/* True when `ret` is to be awaited. */
static bool begin(struct event *event, const struct issuer *issuer, int64_t deadline_ms, struct fetch *ret) {
  struct fetch_request request = {.magic = FETCH_MAGIC};
  char stamp[KEY_CACHE_PATH_SIZE], how[64];
  if (!key_cache_path(PATH_KEY_CACHE, issuer->title, KEY_CACHE_STAMP, stamp)) return false;
  if (key_cache_stamp_age(stamp, event->now) >= YOUNG_SECONDS) {
    note(event, issuer, "another login had them asked for a moment ago");
    return false;
  }
  *ret = (struct fetch){.issuer = issuer};
  snprintf(request.title, sizeof(request.title), "%s", issuer->title);
  if (!child_start(PATH_FETCH_KEYS, FETCH_FOR_LOGIN, &ret->child)) {
    note(event, issuer, strerror(errno));
    return false;
  }
  if (write_full(ret->child.socket, &request, sizeof(request), deadline_ms)) return true;
  child_stop(&ret->child, deadline_ms, how, sizeof(how));
  event_detail(event, "%s %s", PATH_FETCH_KEYS, how[0] != '\0' ? how : "broke off");
  return false;
}

static void finish(struct event *event, struct fetch *fetch, int64_t deadline_ms) {
  struct fetch_answer answer;
  char how[64];
  bool answered = read_full(fetch->child.socket, &answer, sizeof(answer), deadline_ms);
  bool late = !answered && errno == ETIMEDOUT;
  child_stop(&fetch->child, deadline_ms, how, sizeof(how));
  if (!answered) {
    event_detail(event, "%s %s", PATH_FETCH_KEYS, late ? "did not answer in time" : how[0] != '\0' ? how : "broke off");
  } else if (answer.magic != FETCH_MAGIC || answer.reason >= REASON_COUNT || !IS_STRING(answer.text)) {
    event_detail(event, "%s gave no sound answer", PATH_FETCH_KEYS);
  } else if (answer.reason == REASON_OK || answer.text[0] != '\0') {
    note(event, fetch->issuer, answer.text);
  } else {
    note(event, fetch->issuer, reason_text((enum reason)answer.reason));
  }
}

/* ---- all sections that the token may belong to ---- */

static bool has_changed(const struct issuer *issuer, const struct timespec *since) {
  char path[KEY_CACHE_PATH_SIZE];
  return key_cache_path(PATH_KEY_CACHE, issuer->title, KEY_CACHE_KEYS, path) && key_cache_changed_since(path, since);
}

/* True for a section that the judge's answer may be about, whose keys come from the network. */
static bool is_concerned(const struct issuer *issuer, const struct issuer *named) {
  return issuer->key_source != KEYS_IN_FILE && strcmp(issuer->url, named->url) == 0;
}

bool keeper_renew_keys(struct event *event, enum reason refusal, const struct timespec *since) {
  const struct settings *settings = event->settings;
  const struct issuer *named = may_be_cured(refusal) ? settings_issuer(settings, event->verdict.issuer_title) : NULL;
  struct fetch fetches[SECTIONS_MAX];
  size_t count = 0;
  bool changed = false;
  int64_t deadline_ms = monotonic_ms() + FETCH_WAIT_SECONDS * 1000;
  if (named == NULL) return false;
  for (size_t i = 0; i < settings->issuer_count && count < SECTIONS_MAX; i++)
    if (is_concerned(&settings->issuers[i], named))
      count += begin(event, &settings->issuers[i], deadline_ms, &fetches[count]);
  for (size_t i = 0; i < count; i++)
    finish(event, &fetches[i], deadline_ms);
  for (size_t i = 0; i < settings->issuer_count && !changed; i++)
    changed = is_concerned(&settings->issuers[i], named) && has_changed(&settings->issuers[i], since);
  return changed;
}
