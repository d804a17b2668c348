/*
 * The audit line: `key=value` pairs in a fixed order, one event a line. Whatever a token or a client
 * put into a value, the line stays one line and the pairs stay the pairs.
 */
#ifndef JWT_LOGIN_AUDIT_H
#define JWT_LOGIN_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#define AUDIT_LINE_MAX 2048 /* bytes with the NUL; a fuller line ends in ` truncated=yes` */
#define AUDIT_VALUE_MAX 256 /* bytes of a value before escaping; a longer one ends in `...` */

struct audit_line {
  char text[AUDIT_LINE_MAX];
  size_t used;
  int truncated;
};

void audit_begin(struct audit_line *line);

/*
 * Append ` key=value` (the first pair without the space), whole or, when the line is full, not at all. A value of
 * [A-Za-z0-9._:/@+,-] stands bare; any other is put in double quotes with
 * \" \\ and \xNN for every byte outside printable ASCII. NULL or empty appends nothing.
 * `key` is the code's own text, never data.
 */
void audit_add(struct audit_line *line, const char *key, const char *value);
void audit_add_int(struct audit_line *line, const char *key, int64_t value);

/* Append ` key=` and the moment as RFC 3339 in UTC (2026-11-23T21:43:00Z); 0 appends nothing. */
void audit_add_time(struct audit_line *line, const char *key, int64_t epoch);

#endif
