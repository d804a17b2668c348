/*
 * The sources for a tool that asks of a million accounts. What `files` and `systemd` have is read once: each question
 * to the latter takes it hundreds of system calls. Others (directories, mostly) may not tell all that they have, so
 * they are asked.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

struct name_list {
  char **names; /* sorted when all are there */
  size_t count, room;
};

struct asked_sources {
  struct source_names names; /* those that were not read */
  bool silent[SOURCES_MAX];  /* did not answer once, and is not asked again */
};

struct known_sources {
  struct asked_sources users, groups;
  struct name_list owners;  /* users and groups */
  struct name_list members; /* of groups */
  uint32_t *ids;            /* sorted: uids and gids */
  size_t id_count, id_room;
};

static bool add_name(struct name_list *list, const char *name) {
  if (list->count == list->room) {
    size_t room = 2 * list->room + 64;
    char **names = reallocarray(list->names, room, sizeof *names);
    if (names == NULL) return false;
    list->names = names;
    list->room = room;
  }
  char *copy = strdup(name);
  if (copy == NULL) return false;
  list->names[list->count++] = copy;
  return true;
}

static bool add_id(struct known_sources *known, uint32_t id) {
  if (known->id_count == known->id_room) {
    size_t room = 2 * known->id_room + 64;
    uint32_t *ids = reallocarray(known->ids, room, sizeof *ids);
    if (ids == NULL) return false;
    known->ids = ids;
    known->id_room = room;
  }
  known->ids[known->id_count++] = id;
  return true;
}

static bool add_user(struct known_sources *known, const struct passwd *entry) {
  return add_name(&known->owners, entry->pw_name) && add_id(known, entry->pw_uid);
}

static bool add_group(struct known_sources *known, const struct group *entry) {
  bool whole = add_name(&known->owners, entry->gr_name) && add_id(known, entry->gr_gid);
  for (char *const *member = entry->gr_mem; whole && *member != NULL; member++)
    whole = add_name(&known->members, *member);
  return whole;
}

/* ---- files ---- */

/* errno is 0 or ENOENT at the end of the file. */
static bool read_to_the_end(FILE *file, bool whole) {
  bool read = whole && ferror(file) == 0 && (errno == 0 || errno == ENOENT);
  fclose(file);
  return read;
}

static bool read_passwd(struct known_sources *known) {
  FILE *file = fopen("/etc/passwd", "re");
  if (file == NULL) return false;
  bool whole = true;
  errno = 0;
  for (const struct passwd *entry; whole && (entry = fgetpwent(file)) != NULL; errno = 0)
    whole = add_user(known, entry);
  return read_to_the_end(file, whole);
}

static bool read_group(struct known_sources *known) {
  FILE *file = fopen("/etc/group", "re");
  if (file == NULL) return false;
  bool whole = true;
  errno = 0;
  for (const struct group *entry; whole && (entry = fgetgrent(file)) != NULL; errno = 0)
    whole = add_group(known, entry);
  return read_to_the_end(file, whole);
}

/* ---- systemd ---- */

#define ENTRY_MAX (16 * 1024 * 1024) /* bytes of an entry: a group of some hundred thousand members */

union listing {
  void *symbol;
  enum nss_status (*begin)(int);
  enum nss_status (*next_user)(struct passwd *, char *, size_t, int *);
  enum nss_status (*next_group)(struct group *, char *, size_t, int *);
  enum nss_status (*end)(void);
};

struct listing_functions {
  union listing begin, next, end;
  bool group;
};

/* Take in one entry, with as much room as it needs. */
static enum nss_status take_next(struct known_sources *known, const struct listing_functions *functions, char **buffer,
                                 size_t *size, int *error) {
  for (;;) {
    struct passwd user;
    struct group group;
    enum nss_status status = functions->group ? functions->next.next_group(&group, *buffer, *size, error)
                                              : functions->next.next_user(&user, *buffer, *size, error);
    if (status == NSS_STATUS_SUCCESS)
      return (functions->group ? add_group(known, &group) : add_user(known, &user)) ? status : NSS_STATUS_UNAVAIL;
    if (status != NSS_STATUS_TRYAGAIN || *error != ERANGE || *size >= ENTRY_MAX) return status;
    *size *= 4;
    free(*buffer);
    *buffer = malloc(*size);
    if (*buffer == NULL) return NSS_STATUS_UNAVAIL;
  }
}

static bool take_listing(struct known_sources *known, const struct listing_functions *functions) {
  size_t size = 4096;
  char *buffer = malloc(size);
  int error = ENOMEM;
  enum nss_status status = NSS_STATUS_UNAVAIL;
  functions->begin.begin(0);
  if (buffer != NULL) do {
      error = 0;
      status = take_next(known, functions, &buffer, &size, &error);
    } while (status == NSS_STATUS_SUCCESS);
  functions->end.end();
  free(buffer);
  return status == NSS_STATUS_NOTFOUND || error == EHOSTDOWN; /* which it says of a host without any of its services */
}

/* False when it has no such functions, or could not list all. */
static bool read_systemd(struct known_sources *known, bool group) {
  void *handle = dlopen("libnss_systemd.so.2", RTLD_NOW | RTLD_LOCAL); /* never closed: see source_ask_module */
  if (handle == NULL) return false;
  struct listing_functions functions = {
      .begin = {.symbol = dlsym(handle, group ? "_nss_systemd_setgrent" : "_nss_systemd_setpwent")},
      .next = {.symbol = dlsym(handle, group ? "_nss_systemd_getgrent_r" : "_nss_systemd_getpwent_r")},
      .end = {.symbol = dlsym(handle, group ? "_nss_systemd_endgrent" : "_nss_systemd_endpwent")},
      .group = group};
  bool all = functions.begin.symbol != NULL && functions.next.symbol != NULL && functions.end.symbol != NULL;
  return all && take_listing(known, &functions);
}

/* Users of running containers, which systemd knows and does not list. Their ids are of no range that we may have. */
static bool is_of_container(const char *name) {
  return strncmp(name, "vu-", 3) == 0 || strncmp(name, "vg-", 3) == 0;
}

/* ---- all of them ---- */

/* True for a source that need not be asked any more. False with *ret_failed when there is no going on. */
static bool read_source(struct known_sources *known, const char *source, bool group, bool *ret_failed) {
  if (strcmp(source, "files") == 0) {
    *ret_failed = group ? !read_group(known) : !read_passwd(known);
    return true;
  }
  return strcmp(source, "systemd") == 0 && read_systemd(known, group);
}

/* Read what can be read; *ret_rest is to be asked. */
static bool read_sources(struct known_sources *known, bool group, struct source_names *ret_rest) {
  struct source_names listed;
  bool failed = false;
  if (!sources_listed(group ? "group" : "passwd", &listed)) return false;
  for (size_t i = 0; i < listed.count && !failed; i++)
    if (!read_source(known, listed.names[i], group, &failed))
      memcpy(ret_rest->names[ret_rest->count++], listed.names[i], sizeof listed.names[i]);
  return !failed;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_ids(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return left < right ? -1 : left > right;
}

static void sort_names(struct name_list *list) {
  if (list->count > 0) qsort(list->names, list->count, sizeof *list->names, compare_names);
}

static bool learn(struct known_sources *known) {
  if (!read_sources(known, false, &known->users.names) || !read_sources(known, true, &known->groups.names))
    return false;
  sort_names(&known->owners);
  sort_names(&known->members);
  if (known->id_count > 0) qsort(known->ids, known->id_count, sizeof *known->ids, compare_ids);
  return true;
}

struct known_sources *sources_remember(void) {
  struct known_sources *known = calloc(1, sizeof *known);
  if (known == NULL || learn(known)) return known;
  int error = errno;
  sources_forget(known);
  errno = error;
  return NULL;
}

static void forget_names(struct name_list *list) {
  for (size_t i = 0; i < list->count; i++)
    free(list->names[i]);
  free(list->names);
}

void sources_forget(struct known_sources *known) {
  if (known == NULL) return;
  forget_names(&known->owners);
  forget_names(&known->members);
  free(known->ids);
  free(known);
}

/* ---- asking ---- */

/* Until one has it. */
static enum source_answer ask_each(struct asked_sources *sources, const struct question *question,
                                   enum source_answer so_far) {
  for (size_t i = 0; i < sources->names.count && so_far != SOURCE_FOUND; i++) {
    uint32_t id;
    enum source_answer answer =
        sources->silent[i] ? SOURCE_UNAVAILABLE : source_ask_module(sources->names.names[i], question, &id);
    sources->silent[i] = answer == SOURCE_UNAVAILABLE;
    if (answer != SOURCE_ABSENT) so_far = answer;
  }
  return so_far;
}

static enum source_answer ask_the_rest(struct known_sources *known, const char *name, uint32_t id) {
  struct question user = {.name = name, .id = id}, group = {.group = true, .name = name, .id = id};
  return ask_each(&known->groups, &group, ask_each(&known->users, &user, SOURCE_ABSENT));
}

static enum source_answer ask_all_of_name(const char *name) {
  enum source_answer user = sources_user_by_name(name, NULL), group = sources_group_by_name(name, NULL);
  return user == SOURCE_ABSENT ? group : user;
}

static bool has_name(const struct name_list *list, const char *name) {
  return list->count > 0 && bsearch(&name, list->names, list->count, sizeof name, compare_names) != NULL;
}

enum source_answer sources_have_owner(struct known_sources *known, const char *name) {
  if (has_name(&known->owners, name)) return SOURCE_FOUND;
  return is_of_container(name) ? ask_all_of_name(name) : ask_the_rest(known, name, 0);
}

enum source_answer sources_have_name(struct known_sources *known, const char *name) {
  if (has_name(&known->members, name)) return SOURCE_FOUND;
  enum source_answer answer = sources_have_owner(known, name);
  bool member = answer != SOURCE_FOUND && known->groups.names.count > 0 && sources_group_lists_member(name);
  return member ? SOURCE_FOUND : answer;
}

enum source_answer sources_have_id(struct known_sources *known, uint32_t id) {
  if (known->id_count > 0 && bsearch(&id, known->ids, known->id_count, sizeof id, compare_ids) != NULL)
    return SOURCE_FOUND;
  return ask_the_rest(known, NULL, id);
}
