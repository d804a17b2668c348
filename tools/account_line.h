/* An account as a line of JSON: what `jwtctl accounts export` writes and `import` reads. */
#ifndef JWT_LOGIN_ACCOUNT_LINE_H
#define JWT_LOGIN_ACCOUNT_LINE_H

#include <jansson.h>
#include <stddef.h>

#include "compiler.h"
#include "ledger.h"

#define ACCOUNT_LINE_MAX 65536 /* bytes, without the newline */

/*
 * Read a line. The strings of *ret are copied into `room`, of length + 1 bytes, which is enough for those of any line;
 * *ret_used bytes of it are used. NULL, or what is wrong, for the person who wrote the line; it stands in `wrong` (of
 * `size` bytes).
 */
MUST_USE const char *account_line_read(const char *line, size_t length, struct provision *ret, char *room,
                                       size_t *ret_used, char *wrong, size_t size);

/* The line of an identity; NULL when it has bytes that are not UTF-8, or memory ran out. */
json_t *account_line_json(const struct identity *identity);

#endif
