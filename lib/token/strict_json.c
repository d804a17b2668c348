#include "strict_json.h"

#include <stdbool.h>
#include <string.h>

void json_clear(json_t **json) {
  json_decref(*json);
  *json = NULL;
}

/* Brackets outside strings; that they match is the parser's affair. */
static bool is_deep(const char *text, size_t size) {
  bool in_string = false;
  unsigned depth = 0;
  for (size_t i = 0; i < size; i++) {
    char c = text[i];
    if (in_string && c == '\\') {
      i++;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (in_string) {
      continue;
    } else if (c == '{' || c == '[') {
      if (++depth > JSON_DEPTH_MAX) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
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
