/* One question by HTTP, asked warily. */
#ifndef JWT_LOGIN_FETCH_HTTP_H
#define JWT_LOGIN_FETCH_HTTP_H

#include "fetch.h"
#include "freshness.h"
#include "url.h"

/* Questions to one issuer share a connection where they can. */
struct http;

/* ca_file: trust these CAs alone, NULL: the system's. `terms` stays the caller's. NULL when memory ran out. */
struct http *http_new(const char *ca_file, const struct fetch_terms *terms);
void http_free(struct http *http);

struct http_answer {
  long status; /* 200, 304 or a refusal of 400-499 */
  struct answer_head head;
  int64_t came; /* seconds since the epoch: when the head did */
  char *bytes;  /* has a NUL behind it */
  size_t size;
};

/*
 * GET `url`. bearer: a token for the Authorization field, or NULL; it is copied into what libcurl keeps, and nowhere
 * else. etag: for If-None-Match, or NULL. Answers but those of `status` are errors, and so is one that is HTML,
 * larger than KEYSET_MAX_SIZE, or late. On REASON_OK *ret is to be cleared.
 */
MUST_USE enum reason http_get(struct http *http, const struct url *url, const char *bearer, const char *etag,
                              struct http_answer *ret, struct fetch_error *error);
void http_answer_clear(struct http_answer *answer);

/* Say what went wrong, with what a stranger wrote made printable. The first returns false, the other `reason`. */
bool fetch_say(struct fetch_error *error, const char *format, ...) PRINTF_LIKE(2, 3);
enum reason fetch_fail(struct fetch_error *error, enum reason reason, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
