/* An account as a line of JSON: what `jwtctl accounts export` writes and `import` reads. */
#ifndef JWT_LOGIN_ACCOUNT_LINE_H
#define JWT_LOGIN_ACCOUNT_LINE_H

#include <jansson.h>
#include <stddef.h>

#include "compiler.h"
#include "group_book.h"
#include "ledger.h"

#define ACCOUNT_LINE_MAX 65536 /* bytes, without the newline */

#define ACCOUNT_LINE_ROOM (ACCOUNT_LINE_MAX + 1 + (GRANT_GROUPS_MAX + 1) * sizeof(struct given_group))

/*
 * Read a line. What *ret points to is copied into `room`, of ACCOUNT_LINE_ROOM bytes and of any alignment, *ret_used of
 * which are used; the names of its groups are the book's. NULL, or what is wrong, for the person who wrote the line; it
 * stands in `wrong` (of `size` bytes).
 */
MUST_USE const char *account_line_read(const char *line, size_t length, struct group_book *book, struct provision *ret,
                                       char *room, size_t *ret_used, char *wrong, size_t size);

/* The line of an identity, with an array of the names of `groups` if it has any; NULL when it has bytes that are not
 * UTF-8, or memory ran out. Takes `groups`. */
json_t *account_line_json(const struct identity *identity, json_t *groups);

#endif
