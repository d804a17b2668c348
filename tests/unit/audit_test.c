#include "audit.h"

#include <time.h>

#include "unit.h"

static const char *line_of(const char *value) {
  static struct audit_line line;
  audit_begin(&line);
  audit_add(&line, "a", value);
  audit_add(&line, "end", "1");
  return line.text;
}

static void plain_values_stand_bare(void) {
  CHECK_STRING(line_of("acme/shop:refs/heads/main@1.2_3+4,-"), "a=acme/shop:refs/heads/main@1.2_3+4,- end=1");
  CHECK_STRING(line_of(""), "end=1");
  CHECK_STRING(line_of(NULL), "end=1");
}

static void hostile_values_stay_one_value(void) {
  CHECK_STRING(line_of("x end=2"), "a=\"x end=2\" end=1");
  CHECK_STRING(line_of("x\" b=\"y"), "a=\"x\\\" b=\\\"y\" end=1");
  CHECK_STRING(line_of("x\\"), "a=\"x\\\\\" end=1");
  CHECK_STRING(line_of("x\ny\r\t"), "a=\"x\\x0ay\\x0d\\x09\" end=1");
  CHECK_STRING(line_of("\x1b[2J\x7f"), "a=\"\\x1b[2J\\x7f\" end=1");
  CHECK_STRING(line_of("\xc3\xa4\x80\xff"), "a=\"\\xc3\\xa4\\x80\\xff\" end=1");
  CHECK_STRING(line_of("truncated=yes"), "a=\"truncated=yes\" end=1");
}

static void long_values_are_cut(void) {
  char value[AUDIT_VALUE_MAX + 2], wanted[AUDIT_LINE_MAX];
  memset(value, 'x', sizeof value);
  value[AUDIT_VALUE_MAX] = '\0';
  snprintf(wanted, sizeof wanted, "a=%s end=1", value);
  CHECK_STRING(line_of(value), wanted);
  value[AUDIT_VALUE_MAX] = 'x';
  value[AUDIT_VALUE_MAX + 1] = '\0';
  snprintf(wanted, sizeof wanted, "a=%.*s... end=1", AUDIT_VALUE_MAX, value);
  CHECK_STRING(line_of(value), wanted);
}

static void a_full_line_says_so_and_takes_no_more(void) {
  struct audit_line line;
  char hostile[AUDIT_VALUE_MAX * 2];
  memset(hostile, '\n', sizeof hostile);
  hostile[sizeof hostile - 1] = '\0';
  audit_begin(&line);
  audit_add(&line, "first", "1");
  audit_add(&line, "a", hostile);
  audit_add(&line, "b", hostile);
  audit_add(&line, "c", "small");
  audit_add_int(&line, "d", 1);
  static const char first[] = "first=1 a=\"\\x0a", last[] = "...\" truncated=yes";
  CHECK(strncmp(line.text, first, strlen(first)) == 0);
  CHECK_STRING(line.text + strlen(line.text) - strlen(last), last);
  CHECK(strstr(line.text, " b=") == NULL && strstr(line.text, " c=") == NULL && strstr(line.text, " d=") == NULL);
  CHECK_INT(line.used, strlen(line.text));
}

static void numbers_and_times(void) {
  struct audit_line line;
  audit_begin(&line);
  audit_add_int(&line, "least", INT64_MIN);
  audit_add_time(&line, "unset", 0);
  audit_add_time(&line, "first", 1);
  audit_add_time(&line, "leap", 951827696);
  audit_add_time(&line, "after", 951868800);
  audit_add_time(&line, "now", 1795470180);
  audit_add_time(&line, "last", 253402300799);
  audit_add_time(&line, "beyond", 253402300800);
  audit_add_time(&line, "before", -1);
  CHECK_STRING(line.text,
               "least=-9223372036854775808 first=1970-01-01T00:00:01Z leap=2000-02-29T12:34:56Z "
               "after=2000-03-01T00:00:00Z now=2026-11-23T21:43:00Z last=9999-12-31T23:59:59Z beyond=253402300800 "
               "before=-1");
}

static void every_day_is_that_of_the_library(void) {
  struct audit_line line;
  for (int64_t epoch = 1; epoch < 253402300800; epoch += 5 * 86400 + 12347) {
    char wanted[64];
    time_t moment = epoch;
    struct tm tm;
    strftime(wanted, sizeof wanted, "t=%Y-%m-%dT%H:%M:%SZ", gmtime_r(&moment, &tm));
    audit_begin(&line);
    audit_add_time(&line, "t", epoch);
    if (strcmp(line.text, wanted) != 0) {
      CHECK_STRING(line.text, wanted);
      return;
    }
  }
}

/* ---- what a log reader makes of a line ---- */

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static uint64_t random_below(uint64_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % limit;
}

/* Read one value at *text into `value` and go behind it; false when it is not well formed. */
static bool read_value(const char **text, char *value) {
  const char *c = *text;
  bool quoted = *c == '"';
  if (quoted) c++;
  for (; *c != '\0' && *c != (quoted ? '"' : ' '); c++) {
    unsigned byte = (unsigned char)*c;
    if (byte < 0x20 || byte > 0x7e) return false;
    if (!quoted && (byte == '"' || byte == '=' || byte == '\\')) return false;
    if (byte == '\\' && c[1] == 'x') {
      if (sscanf(c + 2, "%2x", &byte) != 1) return false;
      c += 3;
    } else if (byte == '\\') {
      byte = (unsigned char)*++c;
    }
    *value++ = (char)byte;
  }
  *value = '\0';
  if (quoted && *c++ != '"') return false;
  *text = c;
  return true;
}

/* A few bytes that matter, and all the others. */
static void make_value(char *value, size_t length) {
  static const char favourites[] = "\"\\ =\n\r\x1bx0a";
  for (size_t i = 0; i < length; i++)
    value[i] = random_below(2) ? favourites[random_below(sizeof favourites - 1)] : (char)(1 + random_below(255));
  value[length] = '\0';
}

static void whatever_is_put_in_is_read_back(void) {
  static const char *const keys[] = {"user", "issuer", "subject", "rule", "reason"};
  for (int round = 0; round < 5000; round++) {
    struct audit_line line;
    char made[COUNT_OF(keys)][AUDIT_VALUE_MAX + 100], read[AUDIT_LINE_MAX];
    audit_begin(&line);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
      make_value(made[i], 1 + random_below(round % 10 == 0 ? AUDIT_VALUE_MAX + 50 : 60));
      audit_add(&line, keys[i], made[i]);
    }
    const char *text = line.text;
    for (size_t i = 0; i < COUNT_OF(keys) && strcmp(text, " truncated=yes") != 0; i++) {
      char lead[32];
      snprintf(lead, sizeof lead, "%s%s=", i > 0 ? " " : "", keys[i]);
      CHECK(strncmp(text, lead, strlen(lead)) == 0);
      text += strlen(lead);
      CHECK(read_value(&text, read));
      if (strlen(made[i]) > AUDIT_VALUE_MAX) strcpy(made[i] + AUDIT_VALUE_MAX, "...");
      CHECK_STRING(read, made[i]);
      if (unit_failed) return;
    }
    CHECK(strcmp(text, line.truncated ? " truncated=yes" : "") == 0);
    if (unit_failed) return;
  }
}

UNIT_MAIN({"plain values stand bare", plain_values_stand_bare},
          {"hostile values stay one value", hostile_values_stay_one_value},
          {"long values are cut", long_values_are_cut},
          {"a full line says so and takes no more", a_full_line_says_so_and_takes_no_more},
          {"numbers and times", numbers_and_times},
          {"every day is that of the C library", every_day_is_that_of_the_library},
          {"whatever is put in is read back", whatever_is_put_in_is_read_back})
