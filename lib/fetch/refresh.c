#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch.h"
#include "freshness.h"
#include "fullio.h"
#include "head.h"
#include "http.h"
#include "key_cache.h"
#include "paths.h"

#define LOCK_PATIENCE_MS 20 /* between two tries */

/* A section's place in the cache, and what is there. */
struct place {
  const struct issuer *issuer;
  struct fetch_error *error;
  char keys_path[KEY_CACHE_PATH_SIZE], lock_path[KEY_CACHE_PATH_SIZE], stamp_path[KEY_CACHE_PATH_SIZE];
  int lock;            /* -1: not open */
  struct keyset *keys; /* NULL: none of this section; borrows `bytes` */
  char *bytes;
  size_t size;
};

static void place_clear(struct place *place) {
  keyset_free(place->keys);
  free(place->bytes);
  if (place->lock >= 0) close(place->lock);
}

static enum reason cannot_write(const struct place *place, const char *path) {
  bool full = errno == ENOSPC || errno == EDQUOT, denied = errno == EACCES || errno == EPERM;
  return fetch_fail(place->error, REASON_STATE_UNAVAILABLE, "%s cannot be written (%s); %s", path, strerror(errno),
                    full     ? "make room there: until then the keys from before stay in use"
                    : denied ? "run this as root or as " FETCH_USER ", to whom that folder belongs"
                             : "check that folder: it belongs to " FETCH_USER);
}

static int open_mark(const char *path) {
  return open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

/* flock(2) knows no deadline. */
static bool lock_until(int fd, int64_t deadline_ms) {
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || monotonic_ms() >= deadline_ms) return false;
    poll(NULL, 0, LOCK_PATIENCE_MS);
  }
  return true;
}

static enum reason enter(struct place *place, const char *folder, int64_t deadline_ms) {
  const char *title = place->issuer->title;
  if (!key_cache_path(folder, title, KEY_CACHE_KEYS, place->keys_path) ||
      !key_cache_path(folder, title, KEY_CACHE_LOCK, place->lock_path) ||
      !key_cache_path(folder, title, KEY_CACHE_STAMP, place->stamp_path)) {
    return REASON_INTERNAL;
  }
  place->lock = open_mark(place->lock_path);
  if (place->lock < 0) return cannot_write(place, place->lock_path);
  if (lock_until(place->lock, deadline_ms)) return REASON_OK;
  return fetch_fail(place->error, REASON_FETCH_FAILED, "another process has been fetching these keys for too long");
}

/* ---- what is there ---- */

static bool is_of(const struct keyset_head *head, const struct issuer *issuer) {
  return head != NULL && issuer_keys_are(issuer, head->title, head->url, head->location);
}

/* What is damaged or unsafe counts for nothing, and is replaced. */
static void look(struct place *place) {
  enum reason reason =
      trusted_file_read_of(place->keys_path, geteuid(), KEYSET_CACHED_MAX_SIZE, &place->bytes, &place->size);
  if (reason != REASON_OK || keyset_parse_cached(place->bytes, place->size, &place->keys) != REASON_OK) return;
  if (is_of(keyset_head(place->keys), place->issuer)) return;
  keyset_free(place->keys);
  place->keys = NULL;
}

static bool is_needed(const struct place *place, enum refresh_cause cause, int64_t now) {
  const struct keyset_head *head = place->keys != NULL ? keyset_head(place->keys) : NULL;
  switch (cause) {
  case REFRESH_DUE:
    return head == NULL || refresh_is_due(head->fetched, head->due, now);
  case REFRESH_FORCED:
    return true;
  case REFRESH_FOR_LOGIN:
    return key_cache_stamp_age(place->stamp_path, now) < 0;
  }
  return false;
}

/* Before anything is asked: a fetch that hangs or dies counts too. */
static enum reason stamp(const struct place *place, int64_t now) {
  const struct timespec times[2] = {{.tv_sec = now}, {.tv_sec = now}};
  int fd = open_mark(place->stamp_path);
  bool stamped = fd >= 0 && futimens(fd, times) == 0;
  enum reason reason = stamped ? REASON_OK : cannot_write(place, place->stamp_path);
  if (fd >= 0) close(fd);
  return reason;
}

/* ---- what comes ---- */

static enum reason store(const struct place *place, const char *bytes, size_t size) {
  enum reason reason = file_replace(place->keys_path, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, bytes, size);
  return reason == REASON_OK ? REASON_OK : cannot_write(place, place->keys_path);
}

static enum reason confirm(const struct place *place, const struct fetched *fetched, int64_t now) {
  char *bytes = NULL;
  size_t size = 0;
  if (!head_renew(place->bytes, place->size, now, fetched->due, &bytes, &size))
    return fetch_fail(place->error, REASON_OUT_OF_MEMORY, "memory ran out");
  enum reason reason = store(place, bytes, size);
  free(bytes);
  return reason;
}

static enum reason replace(const struct place *place, const struct fetched *fetched, int64_t now, size_t *ret_usable) {
  const struct issuer *issuer = place->issuer;
  const struct keyset_head head = {.title = issuer->title,
                                   .url = issuer->url,
                                   .location = issuer_key_place(issuer),
                                   .etag = fetched->validator,
                                   .fetched = now,
                                   .due = fetched->due};
  char *bytes = NULL;
  size_t size = 0;
  enum reason reason = keyset_encode_cached(fetched->keys, &head, &bytes, &size, ret_usable);
  if (reason == REASON_KEYS_MALFORMED)
    return fetch_fail(place->error, REASON_FETCH_REFUSED, "%s: the key set is too large", fetched->location);
  if (reason != REASON_OK) return fetch_fail(place->error, reason, "memory ran out");
  if (*ret_usable > 0)
    reason = store(place, bytes, size);
  else
    reason = fetch_fail(place->error, REASON_FETCH_REFUSED,
                        "%s: none of its %zu keys can verify a token; jwtctl issuer test says why", fetched->location,
                        keyset_count(fetched->keys));
  free(bytes);
  return reason;
}

static enum reason fetch(const struct place *place, enum refresh_cause cause, const struct fetch_terms *terms,
                         struct refresh *ret) {
  struct fetched fetched = {0};
  bool anew = cause == REFRESH_FORCED || place->keys == NULL;
  const char *validator = anew ? NULL : keyset_head(place->keys)->etag;
  enum reason reason = fetch_keys(place->issuer, validator, terms, &fetched, place->error);
  if (reason != REASON_OK) return reason;
  size_t usable = place->keys != NULL ? keyset_count(place->keys) : 0;
  reason = fetched.unchanged ? confirm(place, &fetched, terms->now) : replace(place, &fetched, terms->now, &usable);
  if (reason == REASON_OK)
    *ret = (struct refresh){
        .outcome = fetched.unchanged ? REFRESH_CONFIRMED : REFRESH_REPLACED, .usable = usable, .due = fetched.due};
  fetched_clear(&fetched);
  return reason;
}

enum reason fetch_refresh(const char *folder, const struct issuer *issuer, enum refresh_cause cause,
                          const struct fetch_terms *terms, struct refresh *ret, struct fetch_error *error) {
  struct place place CLEANUP(place_clear) = {.issuer = issuer, .error = error, .lock = -1};
  enum reason reason = enter(&place, folder, terms->deadline_ms);
  if (reason != REASON_OK) return reason;
  look(&place);
  if (!is_needed(&place, cause, terms->now)) {
    const struct keyset_head *head = place.keys != NULL ? keyset_head(place.keys) : NULL;
    *ret = (struct refresh){.outcome = REFRESH_NOT_NEEDED,
                            .usable = head != NULL ? keyset_count(place.keys) : 0,
                            .due = head != NULL ? head->due : 0};
    return REASON_OK;
  }
  if (cause == REFRESH_FOR_LOGIN) reason = stamp(&place, terms->now);
  return reason == REASON_OK ? fetch(&place, cause, terms, ret) : reason;
}
