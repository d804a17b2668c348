#include "issuer_section.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trusted_file.h"

bool section_can_hold(const char *text) {
  for (; *text != '\0'; text++)
    if (*text < ' ' || *text > '~' || strchr("\"\\$", *text) != NULL) return false;
  return true;
}

static void put_list(FILE *file, const char *option, const char *const *values) {
  fprintf(file, "    %-11s = { ", option);
  for (size_t i = 0; values[i] != NULL; i++)
    fprintf(file, "%s\"%s\"", i > 0 ? ", " : "", values[i]);
  fputs(" }\n", file);
}

static void put(FILE *file, const char *option, const char *value) {
  if (value != NULL) fprintf(file, "    %-11s = \"%s\"\n", option, value);
}

char *section_text(const struct issuer *issuer) {
  char *text = NULL;
  size_t size;
  FILE *file = open_memstream(&text, &size);
  if (file == NULL) return NULL;
  fprintf(file, "issuer \"%s\" {\n", issuer->title);
  put(file, "url", issuer->url);
  put(file, "alias", issuer->alias);
  put_list(file, "audience", issuer->audiences);
  put_list(file, "algorithms", issuer->algorithms);
  put(file, "keys", issuer->key_location);
  put(file, "ca_file", issuer->ca_file);
  put(file, "bearer_file", issuer->bearer_file);
  fputs("}\n", file);
  if (fclose(file) == 0) return text;
  free(text);
  return NULL;
}

static bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._-", c) != NULL;
}

char *section_path(const char *folder, const char *title) {
  char *path;
  if (asprintf(&path, "%s/issuer-%s.conf", folder, title) < 0) return NULL;
  for (char *c = path + strlen(folder) + 1; *c != '\0'; c++)
    if (!is_plain(*c)) *c = '_';
  return path;
}

void section_free(char **text) {
  free(*text);
}

/* The reader of conf.d passes by what begins with a dot, so a draft counts for nothing if we die here. */
static char *draft_path(const char *path) {
  char *draft;
  const char *file = strrchr(path, '/') + 1;
  return asprintf(&draft, "%.*s.%s.new", (int)(file - path), path, file) >= 0 ? draft : NULL;
}

static void sync_folder(const char *folder) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

/* For jwt-fetch-keys to read, too, whatever the umask. A chmod afterwards could meet another's link. */
static bool make_folder(const char *folder) {
  mode_t before = umask(022);
  bool there = mkdir(folder, 0755) == 0 || errno == EEXIST;
  umask(before);
  return there;
}

bool section_write(const char *path, const char *text) {
  CLEANUP(section_free) char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
  CLEANUP(section_free) char *draft = draft_path(path);
  if (folder == NULL || draft == NULL) return false;
  if (!make_folder(folder)) return false;
  if (file_replace(draft, 0644, text, strlen(text)) != REASON_OK) return false;
  if (renameat2(AT_FDCWD, draft, AT_FDCWD, path, RENAME_NOREPLACE) != 0) {
    int failure = errno;
    unlink(draft);
    errno = failure;
    return false;
  }
  sync_folder(folder);
  return true;
}
