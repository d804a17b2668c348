/*
 * Each source is asked by its own function, not by getpwnam: that would ask a running nscd first and says neither which
 * source answered nor whether an empty answer came from one that is down.
 */
#include "config.h"

#include "sources.h"

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "source.h"

#define NSSWITCH_MAX (64 * 1024)
#define BUFFER_FIRST 4096
#define BUFFER_MAX (16 * 1024 * 1024) /* a group of some hundred thousand members */

/* One try with one buffer. NSS_STATUS_TRYAGAIN with *error ERANGE asks for a larger one. */
typedef enum nss_status (*try_function)(void *context, const struct question *question, char *buffer, size_t size,
                                        uint32_t *ret_id, int *error);

static enum source_answer ask(try_function try, void *context, const struct question *question, uint32_t *ret_id) {
  for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX; size *= 4) {
    char *buffer = malloc(size);
    if (buffer == NULL) return SOURCE_UNAVAILABLE;
    int error = 0;
    enum nss_status status = try(context, question, buffer, size, ret_id, &error);
    free(buffer);
    if (status == NSS_STATUS_SUCCESS) return SOURCE_FOUND;
    if (status == NSS_STATUS_NOTFOUND) return SOURCE_ABSENT;
    if (status != NSS_STATUS_TRYAGAIN || error != ERANGE) return SOURCE_UNAVAILABLE;
  }
  return SOURCE_UNAVAILABLE;
}

/* ---- files: inside libc since glibc 2.34, so it is read directly ---- */

static enum nss_status file_status(int error, int *ret_error) {
  *ret_error = error;
  if (error == ENOENT) return NSS_STATUS_NOTFOUND; /* what fgetpwent_r says at the end */
  return error == ERANGE ? NSS_STATUS_TRYAGAIN : NSS_STATUS_UNAVAIL;
}

static enum nss_status find_in_passwd(FILE *file, const struct question *question, char *buffer, size_t size,
                                      uint32_t *ret_id, int *error) {
  struct passwd entry, *found;
  int result;
  while ((result = fgetpwent_r(file, &entry, buffer, size, &found)) == 0)
    if (question->name != NULL ? strcmp(entry.pw_name, question->name) == 0 : entry.pw_uid == question->id) {
      *ret_id = entry.pw_uid;
      return NSS_STATUS_SUCCESS;
    }
  return file_status(result, error);
}

static enum nss_status find_in_group(FILE *file, const struct question *question, char *buffer, size_t size,
                                     uint32_t *ret_id, int *error) {
  struct group entry, *found;
  int result;
  while ((result = fgetgrent_r(file, &entry, buffer, size, &found)) == 0)
    if (question->name != NULL ? strcmp(entry.gr_name, question->name) == 0 : entry.gr_gid == question->id) {
      *ret_id = entry.gr_gid;
      return NSS_STATUS_SUCCESS;
    }
  return file_status(result, error);
}

static enum nss_status try_files(void *context UNUSED, const struct question *question, char *buffer, size_t size,
                                 uint32_t *ret_id, int *error) {
  FILE *file = fopen(question->group ? "/etc/group" : "/etc/passwd", "re");
  if (file == NULL) return NSS_STATUS_UNAVAIL;
  enum nss_status status = question->group ? find_in_group(file, question, buffer, size, ret_id, error)
                                           : find_in_passwd(file, question, buffer, size, ret_id, error);
  fclose(file);
  return status;
}

/* ---- every other source: a module ---- */

union lookup {
  void *symbol;
  enum nss_status (*user_by_name)(const char *, struct passwd *, char *, size_t, int *);
  enum nss_status (*user_by_uid)(uid_t, struct passwd *, char *, size_t, int *);
  enum nss_status (*group_by_name)(const char *, struct group *, char *, size_t, int *);
  enum nss_status (*group_by_gid)(gid_t, struct group *, char *, size_t, int *);
};

static enum nss_status try_module(void *context, const struct question *question, char *buffer, size_t size,
                                  uint32_t *ret_id, int *error) {
  const union lookup *lookup = context;
  enum nss_status status;
  if (question->group) {
    struct group entry = {.gr_gid = 0};
    status = question->name != NULL ? lookup->group_by_name(question->name, &entry, buffer, size, error)
                                    : lookup->group_by_gid(question->id, &entry, buffer, size, error);
    if (status == NSS_STATUS_SUCCESS) *ret_id = entry.gr_gid;
  } else {
    struct passwd entry = {.pw_uid = 0};
    status = question->name != NULL ? lookup->user_by_name(question->name, &entry, buffer, size, error)
                                    : lookup->user_by_uid(question->id, &entry, buffer, size, error);
    if (status == NSS_STATUS_SUCCESS) *ret_id = entry.pw_uid;
  }
  return status;
}

/* dlerror(3) is all there is to tell a module that is not installed from one that is broken. */
static bool not_installed(const char *library, const char *message) {
  static const char missing[] = ": cannot open shared object file: No such file or directory";
  size_t length = strlen(library);
  return message != NULL && strncmp(message, library, length) == 0 && strcmp(message + length, missing) == 0;
}

/* glibc passes over a source whose module is not installed or does not know the question; so do we. */
enum source_answer source_ask_module(const char *source, const struct question *question, uint32_t *ret_id) {
  static const char *const functions[2][2] = {{"getpwuid_r", "getpwnam_r"}, {"getgrgid_r", "getgrnam_r"}};
  char library[sizeof "libnss_.so.2" + SOURCE_NAME_MAX], symbol[sizeof "_nss__getpwnam_r" + SOURCE_NAME_MAX];
  snprintf(library, sizeof library, "libnss_%s.so.2", source);
  snprintf(symbol, sizeof symbol, "_nss_%s_%s", source, functions[question->group][question->name != NULL]);

  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL); /* never closed: modules keep threads' state and connections */
  if (handle == NULL) return not_installed(library, dlerror()) ? SOURCE_ABSENT : SOURCE_UNAVAILABLE;
  union lookup lookup = {.symbol = dlsym(handle, symbol)};
  return lookup.symbol == NULL ? SOURCE_ABSENT : ask(try_module, &lookup, question, ret_id);
}

/* ---- all of them ---- */

/* A missing file reads as an empty one, as in glibc. */
static bool read_nsswitch(char **ret) {
  FILE *file = fopen("/etc/nsswitch.conf", "re");
  if (file == NULL && errno != ENOENT) return false;
  char *text = malloc(NSSWITCH_MAX + 1);
  size_t size = text != NULL && file != NULL ? fread(text, 1, NSSWITCH_MAX + 1, file) : 0;
  bool whole = text != NULL && (file == NULL || ferror(file) == 0) && size <= NSSWITCH_MAX;
  if (file != NULL) fclose(file);
  if (!whole || memchr(text, '\0', size) != NULL) {
    free(text);
    return false;
  }
  text[size] = '\0';
  *ret = text;
  return true;
}

bool sources_listed(const char *database, struct source_names *ret) {
  char *text;
  if (!read_nsswitch(&text)) return false;
  bool good = nsswitch_sources(text, database, ret);
  free(text);
  return good;
}

bool sources_our_place(const char *database, enum our_place *ret) {
  struct source_names sources;
  if (!sources_listed(database, &sources)) return false;
  if (!sources.ours)
    *ret = OURS_NOWHERE;
  else
    *ret = sources.before_ours == sources.count ? OURS_LAST : OURS_BEFORE_OTHERS;
  return true;
}

static enum source_answer ask_all(const struct question *question, uint32_t *ret_id) {
  struct source_names sources;
  if (!sources_listed(question->group ? "group" : "passwd", &sources)) return SOURCE_UNAVAILABLE;
  enum source_answer all = SOURCE_ABSENT;
  for (size_t i = 0; i < sources.count; i++) {
    const char *source = sources.names[i];
    uint32_t id = 0;
    enum source_answer answer =
        strcmp(source, "files") == 0 ? ask(try_files, NULL, question, &id) : source_ask_module(source, question, &id);
    if (answer == SOURCE_FOUND) {
      if (ret_id != NULL) *ret_id = id;
      return SOURCE_FOUND;
    }
    if (answer == SOURCE_UNAVAILABLE) all = SOURCE_UNAVAILABLE;
  }
  return all;
}

enum source_answer sources_user_by_name(const char *name, uint32_t *ret_uid) {
  return ask_all(&(struct question){.group = false, .name = name}, ret_uid);
}

enum source_answer sources_user_by_uid(uint32_t uid) {
  return ask_all(&(struct question){.group = false, .id = uid}, NULL);
}

enum source_answer sources_group_by_name(const char *name, uint32_t *ret_gid) {
  return ask_all(&(struct question){.group = true, .name = name}, ret_gid);
}

enum source_answer sources_group_by_gid(uint32_t gid) {
  return ask_all(&(struct question){.group = true, .id = gid}, NULL);
}

/* Our own module gives no group beside a primary one that is not the account's, which 0 never is. */
bool sources_group_lists_member(const char *name) {
  gid_t groups[2]; /* the first is the one that is passed */
  int count = COUNT_OF(groups);
  return getgrouplist(name, 0, groups, &count) < 0 || count > 1;
}
