#include "audit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "compiler.h"

#define TRUNCATED " truncated=yes"
#define CUT "..."

/* Quotes, four characters for every byte, and the sign that something was cut. */
#define ESCAPED_MAX (AUDIT_VALUE_MAX * 4 + sizeof("\"" CUT "\""))

/* From '+' to ':' stand , - . / and the digits. */
static bool stands_bare(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '+' && c <= ':') || c == '@' || c == '_';
}

static size_t escape(char *out, unsigned char c) {
  if (c < 0x20 || c > 0x7e) return (size_t)snprintf(out, sizeof "\\xNN", "\\x%02x", c);
  size_t used = 0;
  if (c == '"' || c == '\\') out[used++] = '\\';
  out[used++] = (char)c;
  return used;
}

static void escape_value(char escaped[ESCAPED_MAX], const char *value) {
  size_t length = strnlen(value, AUDIT_VALUE_MAX), used = 0;
  bool bare = true;
  for (size_t i = 0; i < length; i++)
    bare = bare && stands_bare((unsigned char)value[i]);

  if (!bare) escaped[used++] = '"';
  for (size_t i = 0; i < length; i++)
    used += escape(escaped + used, (unsigned char)value[i]);
  snprintf(escaped + used, ESCAPED_MAX - used, "%s%s", value[length] != '\0' ? CUT : "", bare ? "" : "\"");
}

/* A pair stands whole or not at all; after the first that does not fit none is added. */
static void append_pair(struct audit_line *line, const char *key, const char *escaped) {
  if (line->truncated) return;
  size_t room = sizeof line->text - line->used;
  int needed = snprintf(line->text + line->used, room, "%s%s=%s", line->used > 0 ? " " : "", key, escaped);
  line->truncated = needed < 0 || (size_t)needed >= room - strlen(TRUNCATED);
  if (line->truncated) needed = snprintf(line->text + line->used, room, "%s", TRUNCATED);
  line->used += (size_t)needed;
}

void audit_begin(struct audit_line *line) {
  *line = (struct audit_line){.used = 0};
}

void audit_add(struct audit_line *line, const char *key, const char *value) {
  if (value == NULL || *value == '\0') return;
  char escaped[ESCAPED_MAX];
  escape_value(escaped, value);
  append_pair(line, key, escaped);
}

void audit_add_int(struct audit_line *line, const char *key, int64_t value) {
  char digits[sizeof("-9223372036854775808")];
  snprintf(digits, sizeof digits, "%lld", (long long)value);
  append_pair(line, key, digits);
}

struct date {
  int64_t year;
  int month, day;
};

/* The date of a day since 1970-01-01, counted in 400-year cycles of years that begin in March. */
static struct date date_of_day(int64_t day) {
  int64_t since_cycles = day + 719468, cycle = since_cycles / 146097, in_cycle = since_cycles % 146097;
  int64_t year = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
  int in_year = (int)(in_cycle - (365 * year + year / 4 - year / 100));
  int from_march = (5 * in_year + 2) / 153;
  int month = from_march < 10 ? from_march + 3 : from_march - 9;
  return (struct date){
      .year = cycle * 400 + year + (month <= 2), .month = month, .day = in_year - (153 * from_march + 2) / 5 + 1};
}

/* Not gmtime_r, which reads TZ and /etc/localtime at its first call. */
void audit_add_time(struct audit_line *line, const char *key, int64_t epoch) {
  const int64_t day_seconds = 86400, year_10000 = 253402300800;
  if (epoch == 0) return;
  if (epoch < 0 || epoch >= year_10000) {
    audit_add_int(line, key, epoch);
    return;
  }
  struct date date = date_of_day(epoch / day_seconds);
  int second = (int)(epoch % day_seconds);
  char text[64];
  snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)date.year, date.month, date.day, second / 3600,
           second / 60 % 60, second % 60);
  append_pair(line, key, text);
}
