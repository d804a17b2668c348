#include "freshness.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define SECONDS_MAX (INT64_C(1) << 31) /* RFC 9111 section 1.2.2: more is as much */
#define CLOCK_TOLERANCE 300

struct text {
  const char *bytes;
  size_t size;
};

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct text trim(struct text text) {
  for (; text.size > 0 && is_blank(text.bytes[0]); text.bytes++)
    text.size--;
  while (text.size > 0 && is_blank(text.bytes[text.size - 1]))
    text.size--;
  return text;
}

/* Cut *rest at the first `separator`: what stands before it, trimmed. */
static struct text next_part(struct text *rest, char separator) {
  const char *found = memchr(rest->bytes, separator, rest->size);
  struct text part = {rest->bytes, found != NULL ? (size_t)(found - rest->bytes) : rest->size};
  size_t taken = part.size + (found != NULL);
  *rest = (struct text){rest->bytes + taken, rest->size - taken};
  return trim(part);
}

static bool text_is(struct text text, const char *word) {
  return text.size == strlen(word) && strncasecmp(text.bytes, word, text.size) == 0;
}

/* -1 for what is no number. A few servers put it in quotes. */
static int64_t seconds_of(struct text text) {
  if (text.size >= 2 && text.bytes[0] == '"' && text.bytes[text.size - 1] == '"')
    text = (struct text){text.bytes + 1, text.size - 2};
  int64_t seconds = text.size > 0 ? 0 : -1;
  for (size_t i = 0; i < text.size && seconds >= 0; i++) {
    bool digit = text.bytes[i] >= '0' && text.bytes[i] <= '9';
    seconds = digit ? seconds * 10 + (text.bytes[i] - '0') : -1;
    if (seconds > SECONDS_MAX) seconds = SECONDS_MAX;
  }
  return seconds;
}

static void take_cache_control(struct answer_head *head, struct text value) {
  while (value.size > 0) {
    struct text argument = next_part(&value, ','), name = next_part(&argument, '=');
    if (text_is(name, "no-store") || text_is(name, "no-cache")) head->max_age = 0;
    if (text_is(name, "max-age") && head->max_age != 0) head->max_age = seconds_of(trim(argument));
  }
}

static bool is_printable(struct text text) {
  for (size_t i = 0; i < text.size; i++)
    if (text.bytes[i] < ' ' || text.bytes[i] > '~') return false;
  return true;
}

/* Up to `size` - 1 bytes. */
static void keep(char *ret, size_t size, struct text text) {
  snprintf(ret, size, "%.*s", is_printable(text) ? (int)text.size : 0, text.bytes);
}

/* The one form that is sent (RFC 9110 section 5.6.7); 0 for another. This program keeps to the C locale. */
static int64_t date_of(struct text value) {
  char buffer[40];
  struct tm date = {0};
  keep(buffer, sizeof(buffer), value);
  const char *rest = strptime(buffer, "%a, %d %b %Y %H:%M:%S GMT", &date);
  return rest != NULL && *rest == '\0' ? (int64_t)timegm(&date) : 0;
}

void answer_head_take(struct answer_head *head, const char *line, size_t size) {
  if (size >= 5 && strncasecmp(line, "HTTP/", 5) == 0) {
    *head = (struct answer_head){.max_age = -1};
    return;
  }
  struct text value = {line, size}, name = next_part(&value, ':');
  value = trim(value);
  if (text_is(name, "cache-control")) {
    take_cache_control(head, value);
  } else if (text_is(name, "age")) {
    int64_t age = seconds_of(value);
    head->age = age > 0 ? age : 0;
  } else if (text_is(name, "date")) {
    head->date = date_of(value);
  } else if (text_is(name, "etag") && value.size <= ETAG_MAX) {
    keep(head->etag, sizeof(head->etag), value);
  } else if (text_is(name, "content-type")) {
    struct text type = next_part(&value, ';');
    head->html = text_is(type, "text/html") || text_is(type, "application/xhtml+xml");
  } else if (text_is(name, "transfer-encoding")) {
    head->packed = head->packed || !text_is(value, "chunked");
  } else if (text_is(name, "location")) {
    keep(head->location, sizeof(head->location), value);
  }
}

int64_t refresh_due(const struct answer_head *head, int64_t hint, int64_t max_stale, int64_t now) {
  int64_t wait = hint >= 0 ? hint : head->max_age >= 0 ? head->max_age - head->age : REFRESH_DEFAULT;
  if (wait < REFRESH_MIN) wait = REFRESH_MIN;
  if (wait > REFRESH_MAX) wait = REFRESH_MAX;
  if (wait > max_stale / 2) wait = max_stale / 2;
  return now + wait;
}

bool refresh_is_due(int64_t fetched, int64_t due, int64_t now) {
  bool clock_went_back = fetched > now + CLOCK_TOLERANCE || due > now + REFRESH_MAX + CLOCK_TOLERANCE;
  return now >= due || clock_went_back;
}
