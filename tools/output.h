/* Tables for people, and what stands in them and in JSON alike. */
#ifndef JWT_LOGIN_OUTPUT_H
#define JWT_LOGIN_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "compiler.h"

/* Rows of cells under heads. What is added is copied; a NULL or empty cell shows as "-". */
struct table;

/* `heads` ends in NULL and is kept by reference. NULL when memory ran out. */
struct table *table_new(const char *const *heads);
void table_free(struct table *table);

/* As many cells as there are heads. Bytes outside printable ASCII, and backslashes, become \xNN. */
MUST_USE bool table_add(struct table *table, const char *const *cells);

/* Columns aligned, nothing behind the last; the heads are bold where `colour` is set. */
void table_print(const struct table *table, FILE *file, bool colour);

/* True for a terminal that understands colour, unless the user set NO_COLOR. */
bool wants_colour(FILE *file);

/* RFC 3339 in UTC; "never" for 0. Returns `buffer`. */
#define TIME_TEXT_SIZE 32
const char *time_text(int64_t epoch, char *buffer);

/* The string, or null for NULL and ""; bytes that are no UTF-8 are escaped as in a table. NULL when memory ran out. */
json_t *json_text(const char *text);

/* time_text as a string, null for 0. */
json_t *json_time(int64_t epoch);

#endif
