#include "fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discovery.h"
#include "http.h"
#include "paths.h"
#include "secret.h"
#include "urls.h"

/* What asking one issuer needs. */
struct inquiry {
  const struct issuer *issuer;
  struct http *http;
  char *bearer;      /* NULL: none; a secret */
  struct url server; /* whom the bearer token is for: where the settings say that keys are, or the issuer itself */
  struct fetch_error *error;
};

static void inquiry_clear(struct inquiry *inquiry) {
  http_free(inquiry->http);
  secret_free(inquiry->bearer);
}

/* ---- the bearer token ---- */

/* RFC 6750 section 2.1, and nothing that could begin another field. */
static bool is_bearer(const char *text) {
  size_t size = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");
  return size > 0 && text[size] == '\0';
}

static enum reason read_bearer(struct inquiry *inquiry) {
  const char *path = inquiry->issuer->bearer_file;
  size_t size = 0;
  if (path == NULL) return REASON_OK;
  enum reason reason = trusted_file_read(path, FILE_OF_ANYONE, TOKEN_MAX_SIZE, &inquiry->bearer, &size);
  if (reason != REASON_OK)
    return fetch_fail(inquiry->error, REASON_FETCH_FAILED,
                      "the bearer token in %s cannot be read (%s); it must be a regular file that the user " FETCH_USER
                      " may read, and no one else need",
                      path, strerror(errno));
  inquiry->bearer[strcspn(inquiry->bearer, "\r\n")] = '\0';
  if (is_bearer(inquiry->bearer)) return REASON_OK;
  return fetch_fail(inquiry->error, REASON_FETCH_FAILED, "%s holds no bearer token: one word in ASCII is expected",
                    path);
}

/* ---- the authorities ---- */

/* Who may write them decides who gets in. One that is not there is libcurl's to complain of. */
static enum reason check_ca_file(const struct inquiry *inquiry) {
  const char *path = inquiry->issuer->ca_file;
  struct stat st;
  if (path == NULL || stat(path, &st) != 0) return REASON_OK;
  bool safe = (st.st_uid == 0 || st.st_uid == geteuid()) && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  if (safe) return REASON_OK;
  return fetch_fail(inquiry->error, REASON_FETCH_REFUSED,
                    "others than root may write the CA certificates in %s, and so could let anybody in; chown and "
                    "chmod the file",
                    path);
}

/* ---- where the keys are ---- */

static enum reason get(struct inquiry *inquiry, const struct url *url, const char *etag, struct http_answer *ret) {
  const char *bearer = url_same_origin(url, &inquiry->server) ? inquiry->bearer : NULL;
  return http_get(inquiry->http, url, bearer, etag, ret, inquiry->error);
}

static const char *bearer_note(const struct inquiry *inquiry, const struct url *url) {
  if (inquiry->bearer == NULL || url_same_origin(url, &inquiry->server)) return "";
  return "; the bearer token was not sent, for this is another server: name it with `keys`";
}

static enum reason refused(const struct inquiry *inquiry, const struct url *url, long status) {
  const char *advice = status == 401 || status == 403 ? "it wants a `bearer_file`, or another one" : "check the URL";
  return fetch_fail(inquiry->error, REASON_FETCH_FAILED, "%s: HTTP status %ld; %s%s", url->text, status, advice,
                    bearer_note(inquiry, url));
}

/* The first form of discovery that the issuer knows; a status of 400-499 says that it does not know one. */
static enum reason get_document(struct inquiry *inquiry, char place[URL_MAX + 1], struct http_answer *ret) {
  struct fetch_error first = {.text = ""};
  for (enum discovery_form form = DISCOVERY_OPENID; form < DISCOVERY_FORMS; form++) {
    struct url url;
    if (!url_discovery(&inquiry->server, form, place) || !url_split(place, &url)) continue;
    enum reason reason = get(inquiry, &url, NULL, ret);
    if (reason != REASON_OK || ret->status == 200) return reason;
    refused(inquiry, &url, ret->status);
    http_answer_clear(ret);
    if (first.text[0] == '\0') first = *inquiry->error;
  }
  return fetch_fail(inquiry->error, REASON_FETCH_FAILED, "%.400s; no other form of discovery is there either",
                    first.text);
}

static enum reason discover(struct inquiry *inquiry, char location[URL_MAX + 1], struct fetched *ret) {
  struct http_answer answer = {0};
  struct discovery discovery;
  char place[URL_MAX + 1];
  struct url url;
  enum reason reason = get_document(inquiry, place, &answer);
  if (reason != REASON_OK) return reason;
  struct fetch_error why = {.text = ""};
  bool sound = discovery_parse(answer.bytes, answer.size, inquiry->issuer->url, &discovery, &why);
  http_answer_clear(&answer);
  if (!sound)
    return fetch_fail(inquiry->error, REASON_FETCH_REFUSED, "%.300s is no discovery document of this issuer: %.250s",
                      place, why.text);
  if (!url_split(discovery.jwks_uri, &url) || (inquiry->server.https && !url.https))
    return fetch_fail(inquiry->error, REASON_FETCH_REFUSED,
                      "%.300s names the key set \"%.150s\", which is no https URL; tell the issuer", place,
                      discovery.jwks_uri);
  memcpy(location, discovery.jwks_uri, sizeof(discovery.jwks_uri));
  memcpy(ret->algorithms, discovery.algorithms, sizeof(ret->algorithms));
  return REASON_OK;
}

/* ---- the keys ---- */

/* A validator is an ETag and the URL that gave it, with a space between: another URL's may be equal by chance. */
static const char *etag_for(const char *validator, const char *location, char etag[ETAG_MAX + 1]) {
  const char *space = validator != NULL ? strchr(validator, ' ') : NULL;
  if (space == NULL || strcmp(space + 1, location) != 0 || space - validator > ETAG_MAX) return NULL;
  snprintf(etag, ETAG_MAX + 1, "%.*s", (int)(space - validator), validator);
  return etag;
}

static bool note_validator(struct fetched *ret, const char *etag) {
  if (etag[0] == '\0' || strchr(etag, ' ') != NULL) return true;
  if (asprintf(&ret->validator, "%s %s", etag, ret->location) < 0) ret->validator = NULL;
  return ret->validator != NULL;
}

static enum reason take_keys(const struct inquiry *inquiry, const struct http_answer *answer, int64_t now,
                             struct fetched *ret) {
  const struct issuer *issuer = inquiry->issuer;
  int64_t hint = issuer->trust_domain != NULL ? bundle_hint(answer->bytes, answer->size) : -1;
  ret->due = refresh_due(&answer->head, hint, issuer->max_stale, now);
  ret->unchanged = answer->status == 304;
  if (ret->unchanged) return REASON_OK;
  enum reason reason = keyset_parse(answer->bytes, answer->size, &ret->keys);
  if (reason == REASON_KEYS_MALFORMED)
    return fetch_fail(inquiry->error, REASON_FETCH_REFUSED,
                      "%.400s: what came is not a JWK Set; is this the right URL?", ret->location);
  if (reason != REASON_OK || !note_validator(ret, answer->head.etag))
    return fetch_fail(inquiry->error, REASON_OUT_OF_MEMORY, "memory ran out");
  return REASON_OK;
}

static enum reason get_keys(struct inquiry *inquiry, const char *validator, int64_t now, struct fetched *ret) {
  struct http_answer answer = {0};
  struct url url;
  char buffer[ETAG_MAX + 1];
  if (!url_split(ret->location, &url)) return REASON_INTERNAL;
  const char *etag = etag_for(validator, ret->location, buffer);
  enum reason reason = get(inquiry, &url, etag, &answer);
  if (reason != REASON_OK) return reason;
  ret->dated = answer.head.date != 0;
  ret->clock_ahead = answer.head.date + answer.head.age - answer.came; /* what waited in a cache has an age */
  bool expected = answer.status == 200 || (answer.status == 304 && etag != NULL);
  reason = expected ? take_keys(inquiry, &answer, now, ret) : refused(inquiry, &url, answer.status);
  http_answer_clear(&answer);
  return reason;
}

static enum reason begin(struct inquiry *inquiry, const struct fetch_terms *terms) {
  const struct issuer *issuer = inquiry->issuer;
  const char *server = issuer->key_source == KEYS_AT_URL ? issuer->key_location : issuer->url;
  if (!url_split(server, &inquiry->server))
    return fetch_fail(inquiry->error, REASON_FETCH_REFUSED, "%.300s is not %s", server, URL_FETCHABLE_TEXT);
  enum reason reason = check_ca_file(inquiry);
  if (reason == REASON_OK) reason = read_bearer(inquiry);
  if (reason != REASON_OK) return reason;
  inquiry->http = http_new(issuer->ca_file, terms);
  return inquiry->http != NULL ? REASON_OK : fetch_fail(inquiry->error, REASON_OUT_OF_MEMORY, "memory ran out");
}

enum reason fetch_keys(const struct issuer *issuer, const char *validator, const struct fetch_terms *terms,
                       struct fetched *ret, struct fetch_error *error) {
  struct inquiry inquiry CLEANUP(inquiry_clear) = {.issuer = issuer, .error = error};
  struct fetched fetched = {0};
  char location[URL_MAX + 1];
  enum reason reason = begin(&inquiry, terms);
  if (reason == REASON_OK && issuer->key_source == KEYS_DISCOVERED) {
    reason = discover(&inquiry, location, &fetched);
  } else if (reason == REASON_OK) {
    snprintf(location, sizeof(location), "%s", issuer->key_location);
  }
  if (reason == REASON_OK) {
    fetched.location = strdup(location);
    reason = fetched.location != NULL ? get_keys(&inquiry, validator, terms->now, &fetched) : REASON_OUT_OF_MEMORY;
  }
  if (reason == REASON_OK)
    *ret = fetched;
  else
    fetched_clear(&fetched);
  return reason;
}

void fetched_clear(struct fetched *fetched) {
  keyset_free(fetched->keys);
  free(fetched->location);
  free(fetched->validator);
  *fetched = (struct fetched){0};
}
