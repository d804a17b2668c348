#include "head.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void clear(json_t **json) {
  json_decref(*json);
}

bool head_renew(const char *bytes, size_t size, int64_t fetched, int64_t due, char **ret, size_t *ret_size) {
  const char *line_end = memchr(bytes, '\n', size);
  if (line_end == NULL) return false;
  size_t head_size = (size_t)(line_end - bytes), rest_size = size - head_size;
  CLEANUP(clear) json_t *head = json_loadb(bytes, head_size, 0, NULL);
  if (json_object_set_new(head, "fetched", json_integer(fetched)) != 0 ||
      json_object_set_new(head, "due", json_integer(due)) != 0) {
    return false;
  }
  char *line = json_dumps(head, JSON_COMPACT | JSON_ENSURE_ASCII);
  size_t line_size = line != NULL ? strlen(line) : 0;
  char *renewed = line != NULL ? malloc(line_size + rest_size) : NULL;
  if (renewed != NULL) {
    memcpy(renewed, line, line_size);
    memcpy(renewed + line_size, line_end, rest_size);
    *ret = renewed;
    *ret_size = line_size + rest_size;
  }
  free(line);
  return renewed != NULL;
}
