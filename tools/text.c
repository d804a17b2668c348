#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool parse_number(const char *text, int64_t min, int64_t max, int64_t *ret) {
  if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0') return false;
  errno = 0;
  long long value = strtoll(text, NULL, 10);
  if (errno != 0 || value < min || value > max) return false;
  *ret = value;
  return true;
}

const char *printable(const char *text, char *buffer) {
  if (text == NULL) return "-";
  size_t used = 0, i = 0;
  for (; text[i] != '\0' && i < PRINTABLE_MAX; i++) {
    unsigned char c = (unsigned char)text[i];
    bool plain = c > ' ' && c < 0x7f && c != '\\';
    used += (size_t)snprintf(buffer + used, PRINTABLE_SIZE - used, plain ? "%c" : "\\x%02x", c);
  }
  snprintf(buffer + used, PRINTABLE_SIZE - used, "%s", text[i] != '\0' ? "..." : "");
  return buffer;
}

void print_escaped(const char *text) {
  for (; *text != '\0'; text++)
    printf((*text >= ' ' && *text <= '~') || *text == '\n' ? "%c" : "\\x%02x", (unsigned char)*text);
}

bool print_json(json_t *value) {
  char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
  json_decref(value);
  if (text == NULL) return false;
  puts(text);
  free(text);
  return true;
}
