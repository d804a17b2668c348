/* Small things about text that several commands need. */
#ifndef JWT_LOGIN_TEXT_H
#define JWT_LOGIN_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A decimal number in min..max, nothing before or after it. */
bool parse_number(const char *text, int64_t min, int64_t max, int64_t *ret);

#define PRINTABLE_MAX 64 /* bytes shown of a hostile value */

/* For a terminal: bytes outside printable ASCII and backslashes as \xNN, at most PRINTABLE_MAX bytes and then "...";
 * "-" for NULL. `buffer` has PRINTABLE_SIZE bytes and is returned. */
#define PRINTABLE_SIZE (4 * PRINTABLE_MAX + 4)
const char *printable(const char *text, char *buffer);

/* Print lines of text on stdout, with bytes outside printable ASCII as \xNN. */
void print_escaped(const char *text);

/* Print a value and a newline on stdout, in ASCII, and free it. False when memory ran out (`value` NULL, too). */
bool print_json(json_t *value);

#endif
