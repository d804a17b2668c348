#include "strict_json.h"

#include <stdbool.h>
#include <string.h>

void json_clear(json_t **json) {
  json_decref(*json);
  *json = NULL;
}

/* Whether the quote at `quote`, in a string that begins at `start`, is part of it: behind an odd number of backslashes.
 */
static bool is_escaped(const char *start, const char *quote) {
  const char *first = quote;
  while (first > start && first[-1] == '\\')
    first--;
  return (quote - first) % 2 == 1;
}

const char *json_string_end(const char *text, const char *end) {
  const char *quote = text;
  while ((quote = memchr(quote, '"', (size_t)(end - quote))) != NULL && is_escaped(text, quote))
    quote++;
  return quote != NULL ? quote : end;
}

/* Brackets outside strings; that they match is the parser's affair. */
static bool is_deep(const char *text, size_t size) {
  const char *end = text + size;
  unsigned depth = 0;
  for (; text < end; text++) {
    if (*text == '"') {
      text = json_string_end(text + 1, end);
    } else if (*text == '{' || *text == '[') {
      if (++depth > JSON_DEPTH_MAX) return true;
    } else if ((*text == '}' || *text == ']') && depth > 0) {
      depth--;
    }
  }
  return false;
}

enum reason strict_json_parse(const void *bytes, size_t size, enum reason malformed, json_t **ret) {
  /* jansson 2.14 swallows a NUL that follows a number, so none reaches it. */
  if (size == 0 || memchr(bytes, '\0', size) != NULL || is_deep(bytes, size)) return malformed;
  json_error_t error;
  CLEANUP(json_clear) json_t *json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
  if (json == NULL) return json_error_code(&error) == json_error_out_of_memory ? REASON_OUT_OF_MEMORY : malformed;
  if (!json_is_object(json)) return malformed;
  *ret = json;
  json = NULL;
  return REASON_OK;
}
