#include "account_settings.h"

#include <string.h>

/* Copy `length` bytes behind what stands in `path`. */
static bool append(char *path, size_t *used, const char *bytes, size_t length) {
  if (length > ACCOUNT_PATH_MAX - *used) return false;
  memcpy(path + *used, bytes, length);
  *used += length;
  return true;
}

bool account_home(const char *home_template, const char *name, char *ret, size_t size) {
  char path[ACCOUNT_PATH_MAX + 1];
  size_t used = 0;
  const char *rest = home_template, *found;
  while ((found = strstr(rest, ACCOUNT_NAME_PLACEHOLDER)) != NULL) {
    if (!append(path, &used, rest, (size_t)(found - rest)) || !append(path, &used, name, strlen(name))) return false;
    rest = found + strlen(ACCOUNT_NAME_PLACEHOLDER);
  }
  if (!append(path, &used, rest, strlen(rest)) || used >= size) return false;
  memcpy(ret, path, used);
  ret[used] = '\0';
  return true;
}

/* What stands in a passwd line must not end its field or its line. */
bool account_path_is_fit(const char *path) {
  if (path[0] != '/' || strlen(path) > ACCOUNT_PATH_MAX) return false;
  for (const char *c = path; *c != '\0'; c++)
    if (*c == ':' || (unsigned char)*c < ' ' || *c == '\x7f') return false;
  return true;
}

bool group_is_declared(const struct account_settings *settings, const char *name) {
  for (size_t i = 0; i < settings->group_count; i++)
    if (strcmp(settings->groups[i].name, name) == 0) return true;
  return false;
}
