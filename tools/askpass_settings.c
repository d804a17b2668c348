#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "askpass.h"

struct option {
  const char *name;     /* in askpass.conf */
  const char *variable; /* in the environment, which goes first */
  size_t offset;
  bool is_source;
};

#define FIELD(field) offsetof(struct askpass_settings, field)

static const struct option options[] = {
    {"file", "JWT_TOKEN_FILE", FIELD(file), true},
    {"command", "JWT_TOKEN_COMMAND", FIELD(command), true},
    {"variable", "JWT_TOKEN_VARIABLE", FIELD(variable), true},
    {"service", "JWT_TOKEN_SERVICE", FIELD(service), true},
    {"timeout", "JWT_TOKEN_TIMEOUT", FIELD(timeout), false},
    {"audience", "JWT_ASKPASS_AUDIENCE", FIELD(audience), false},
};

static const char **field_of(struct askpass_settings *settings, const struct option *option) {
  return (const char **)(void *)((char *)settings + option->offset);
}

/* True when the environment names a source: those of the file do not count then. */
static bool take_environment(struct askpass_settings *settings) {
  bool has_source = false;
  for (size_t i = 0; i < COUNT_OF(options); i++) {
    const char *value = getenv(options[i].variable);
    if (value == NULL || *value == '\0') continue;
    *field_of(settings, &options[i]) = value;
    has_source = has_source || options[i].is_source;
  }
  return has_source;
}

/* ---- askpass.conf ---- */

static bool find_path(char *ret, size_t size) {
  const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
  int length = -1;
  if (folder != NULL && *folder == '/') {
    length = snprintf(ret, size, "%s/jwt-login/askpass.conf", folder);
  } else if (home != NULL && *home == '/') {
    length = snprintf(ret, size, "%s/.config/jwt-login/askpass.conf", home);
  }
  return length > 0 && (size_t)length < size;
}

/* It may hold a command, so nobody else may write it. */
static bool is_safe(const char *path, const struct stat *status) {
  if (!S_ISREG(status->st_mode)) return complain("%s is not a regular file", path);
  if (status->st_uid != getuid() && status->st_uid != 0)
    return complain("%s belongs to somebody else: remove it", path);
  if (status->st_mode & (S_IWGRP | S_IWOTH))
    return complain("%s can be written by others: chmod go-w makes it safe", path);
  return true;
}

/* Read it into settings->text, which stays empty when there is none. */
static bool read_file(const char *path, struct askpass_settings *settings) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return errno == ENOENT || errno == ENOTDIR || complain("%s: %s", path, strerror(errno));
  bool sound = fstat(fd, &status) == 0 && is_safe(path, &status);
  ssize_t size = sound ? read(fd, settings->text, sizeof settings->text) : 0;
  close(fd);
  if (!sound) return false;
  if (size < 0) return complain("%s: %s", path, strerror(errno));
  if ((size_t)size == sizeof settings->text)
    return complain("%s is larger than %zu bytes", path, sizeof settings->text - 1);
  settings->text[size] = '\0';
  return strlen(settings->text) == (size_t)size || complain("%s has a NUL in it", path);
}

static char *trim(char *text) {
  text += strspn(text, " \t");
  size_t length = strlen(text);
  while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL)
    text[--length] = '\0';
  return text;
}

static const struct option *find_option(const char *name) {
  for (size_t i = 0; i < COUNT_OF(options); i++)
    if (strcmp(options[i].name, name) == 0) return &options[i];
  return NULL;
}

/* One line, NAME = VALUE, in place. */
static bool take_line(const char *where, char *line, struct askpass_settings *from_file) {
  char *name = trim(line), *equals = strchr(name, '=');
  if (*name == '\0' || *name == '#') return true;
  if (equals == NULL) return complain("%s: expected NAME = VALUE", where);
  *equals = '\0';
  name = trim(name);
  char *value = trim(equals + 1);
  const struct option *option = find_option(name);
  if (option == NULL)
    return complain("%s: unknown name '%s'; there are file, command, variable, service, timeout and audience", where,
                    name);
  if (*value == '\0') return complain("%s: %s has no value", where, name);
  const char **field = field_of(from_file, option);
  if (*field != NULL) return complain("%s: %s stands here a second time", where, name);
  *field = value;
  return true;
}

static bool take_lines(const char *path, struct askpass_settings *from_file) {
  char where[PATH_MAX + 16];
  char *next = from_file->text;
  for (unsigned number = 1; next != NULL; number++) {
    char *line = strsep(&next, "\n");
    snprintf(where, sizeof where, "%s:%u", path, number);
    if (!take_line(where, line, from_file)) return false;
  }
  return true;
}

/* The file's values where the environment has none. */
static void merge(struct askpass_settings *settings, const struct askpass_settings *environment, bool sources_too) {
  for (size_t i = 0; i < COUNT_OF(options); i++) {
    const char **field = field_of(settings, &options[i]);
    const char *said = *(const char *const *)(const void *)((const char *)environment + options[i].offset);
    if (said != NULL || (options[i].is_source && !sources_too)) *field = said;
  }
}

bool askpass_settings_load(struct askpass_settings *ret) {
  char path[PATH_MAX];
  struct askpass_settings environment = {0};
  memset(ret, 0, sizeof *ret);
  bool has_source = take_environment(&environment);
  if (find_path(path, sizeof path) && !(read_file(path, ret) && take_lines(path, ret))) return false;
  merge(ret, &environment, !has_source);
  return true;
}
