#include "config.h"

#include "nsswitch.h"

#include <stdio.h>
#include <string.h>

#define BLANK " \t\r\f\v"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

static bool holds(const struct source_names *names, const char *name) {
  for (size_t i = 0; i < names->count; i++)
    if (strcmp(names->names[i], name) == 0) return true;
  return false;
}

static bool add_name(struct source_names *names, const char *name, size_t length) {
  if (length > SOURCE_NAME_MAX || strspn(name, NAME_CHARACTERS) < length) return false;
  char copy[SOURCE_NAME_MAX + 1];
  memcpy(copy, name, length);
  copy[length] = '\0';
  if (strcmp(copy, "jwt") == 0) {
    if (!names->ours) names->before_ours = names->count;
    names->ours = true;
    return true;
  }
  if (holds(names, copy)) return true;
  if (names->count == SOURCES_MAX) return false;
  memcpy(names->names[names->count++], copy, length + 1);
  return true;
}

/* Where the list of `database` begins, or NULL when the line is of another one. */
static const char *list_of(const char *line, const char *database) {
  line += strspn(line, BLANK);
  size_t length = strlen(database);
  if (strncmp(line, database, length) != 0) return NULL;
  line += length;
  line += strspn(line, BLANK);
  return *line == ':' ? line + 1 : NULL;
}

static bool add_list(struct source_names *names, const char *list) {
  for (;;) {
    list += strspn(list, BLANK);
    if (*list == '\0' || *list == '\n' || *list == '#') return true;
    if (*list == '[') {
      list += strcspn(list, "]\n#");
      if (*list != ']') return false;
      list++;
      continue;
    }
    size_t length = strcspn(list, BLANK "[#\n");
    if (!add_name(names, list, length)) return false;
    list += length;
  }
}

bool nsswitch_sources(const char *text, const char *database, struct source_names *ret) {
  struct source_names names = {.count = 0};
  bool listed = false;
  for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    const char *list = list_of(line, database);
    if (list == NULL) continue;
    if (!add_list(&names, list)) return false;
    listed = true;
  }
  if (!listed && !add_name(&names, "files", strlen("files"))) return false;
  *ret = names;
  return true;
}
