#include "output.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct table {
  const char *const *heads;
  size_t columns;
  size_t *widths;
  char **cells; /* row by row */
  size_t used, room;
};

/* ---- text ---- */

static bool shows_as_it_is(unsigned char c) {
  return c >= ' ' && c < 0x7f && c != '\\';
}

/* NULL when memory ran out. */
static char *escape(const char *text) {
  size_t size = 4 * strlen(text) + 1, used = 0;
  char *escaped = malloc(size);
  if (escaped == NULL) return NULL;
  escaped[0] = '\0';
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
    used += (size_t)snprintf(escaped + used, size - used, shows_as_it_is(*c) ? "%c" : "\\x%02x", *c);
  return escaped;
}

const char *time_text(int64_t epoch, char *buffer) {
  time_t moment = (time_t)epoch;
  struct tm utc;
  if (epoch == 0)
    snprintf(buffer, TIME_TEXT_SIZE, "never");
  else if (gmtime_r(&moment, &utc) == NULL || strftime(buffer, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
    snprintf(buffer, TIME_TEXT_SIZE, "@%lld", (long long)epoch);
  return buffer;
}

json_t *json_text(const char *text) {
  if (text == NULL || *text == '\0') return json_null();
  json_t *string = json_string(text);
  if (string != NULL) return string;
  char *escaped = escape(text);
  if (escaped == NULL) return NULL;
  string = json_string(escaped);
  free(escaped);
  return string;
}

json_t *json_time(int64_t epoch) {
  char buffer[TIME_TEXT_SIZE];
  return epoch == 0 ? json_null() : json_string(time_text(epoch, buffer));
}

bool wants_colour(FILE *file) {
  const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
  bool wanted = no_colour == NULL || *no_colour == '\0';
  return wanted && terminal != NULL && strcmp(terminal, "dumb") != 0 && isatty(fileno(file));
}

/* ---- tables ---- */

struct table *table_new(const char *const *heads) {
  struct table *table = calloc(1, sizeof *table);
  if (table == NULL) return NULL;
  table->heads = heads;
  while (heads[table->columns] != NULL)
    table->columns++;
  table->widths = calloc(table->columns, sizeof *table->widths);
  if (table->widths == NULL) {
    free(table);
    return NULL;
  }
  for (size_t i = 0; i < table->columns; i++)
    table->widths[i] = strlen(heads[i]);
  return table;
}

void table_free(struct table *table) {
  if (table == NULL) return;
  for (size_t i = 0; i < table->used; i++)
    free(table->cells[i]);
  free(table->cells);
  free(table->widths);
  free(table);
}

static bool make_room(struct table *table) {
  if (table->used + table->columns <= table->room) return true;
  size_t room = 2 * table->room + 16 * table->columns;
  char **cells = reallocarray(table->cells, room, sizeof *cells);
  if (cells == NULL) return false;
  table->cells = cells;
  table->room = room;
  return true;
}

bool table_add(struct table *table, const char *const *cells) {
  if (!make_room(table)) return false;
  size_t row = table->used;
  for (size_t i = 0; i < table->columns; i++) {
    const char *text = cells[i] != NULL && *cells[i] != '\0' ? cells[i] : "-";
    char *cell = escape(text);
    if (cell == NULL) {
      while (table->used > row)
        free(table->cells[--table->used]);
      return false;
    }
    size_t length = strlen(cell);
    if (length > table->widths[i]) table->widths[i] = length;
    table->cells[table->used++] = cell;
  }
  return true;
}

/* Padding stands outside the bold, so that an underlined head is no longer than its word. */
static void print_row(const struct table *table, const char *const *cells, const char *before, const char *after,
                      FILE *file) {
  for (size_t i = 0; i < table->columns; i++) {
    bool last = i + 1 == table->columns;
    int padding = last ? 0 : (int)(table->widths[i] - strlen(cells[i]) + 2);
    fprintf(file, "%s%s%s%*s", before, cells[i], after, padding, "");
  }
  fputc('\n', file);
}

void table_print(const struct table *table, FILE *file, bool colour) {
  print_row(table, table->heads, colour ? "\033[1m" : "", colour ? "\033[0m" : "", file);
  for (size_t i = 0; i < table->used; i += table->columns)
    print_row(table, (const char *const *)table->cells + i, "", "", file);
}
