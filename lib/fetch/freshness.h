/* What an answer's head says of it, and when to ask again. */
#ifndef JWT_LOGIN_FETCH_FRESHNESS_H
#define JWT_LOGIN_FETCH_FRESHNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

#define ETAG_MAX 256 /* bytes of an ETag that is kept; a longer one is as none */
#define REFRESH_DEFAULT 3600
#define REFRESH_MIN 300
#define REFRESH_MAX 86400

struct answer_head {
  int64_t max_age;         /* seconds, Cache-Control's (RFC 9111 section 5.2.2); -1 when it says nothing */
  int64_t age;             /* seconds, RFC 9111 section 5.1 */
  int64_t date;            /* seconds since the epoch, RFC 9110 section 6.6.1; 0 when it says none */
  char etag[ETAG_MAX + 1]; /* as received, quotes and all, in printable ASCII; "" for none */
  bool html;
  bool packed;        /* coded by more than chunks (RFC 9112 section 6.1) */
  char location[128]; /* of a redirection, the beginning, in printable ASCII */
};

/* Take in one line of an answer's head, `size` bytes with or without line end. A status line begins anew. */
void answer_head_take(struct answer_head *head, const char *line, size_t size);

/*
 * When keys that were confirmed at `now` are due: after what the answer's head says or, where it is not -1, the
 * bundle's own `hint`; at least 5 minutes, at most a day; and early enough that `max_stale` is not reached by waiting.
 */
int64_t refresh_due(const struct answer_head *head, int64_t hint, int64_t max_stale, int64_t now);

/*
 * True when keys confirmed at `fetched` and due at `due` are to be fetched. Whatever the clock did meanwhile, they are
 * fetched within a day of real time: a moment that could not have been noted by this clock counts as reached.
 */
bool refresh_is_due(int64_t fetched, int64_t due, int64_t now);

#endif
