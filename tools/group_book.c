#include "group_book.h"

#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "sources.h"

struct entry {
  struct given_group group; /* owns its name */
  const char *wrong;        /* NULL: it may be given */
  struct entry *next;
};

struct group_book {
  struct ledger *ledger;
  const struct account_settings *settings;
  struct entry *entries;
};

struct group_book *group_book_new(struct ledger *ledger, const struct account_settings *settings) {
  struct group_book *book = calloc(1, sizeof *book);
  if (book != NULL) *book = (struct group_book){.ledger = ledger, .settings = settings};
  return book;
}

void group_book_free(struct group_book *book) {
  if (book == NULL) return;
  for (struct entry *entry = book->entries, *next; entry != NULL; entry = next) {
    next = entry->next;
    free((char *)entry->group.name);
    free(entry);
  }
  free(book);
}

/* ---- looking up: NULL, or what is wrong ---- */

static const char *ledger_wrong(enum reason reason) {
  return reason == REASON_OK ? NULL : reason_text(reason);
}

static const char *check_local(const struct group_book *book, const char *name, uint32_t gid) {
  bool ours = group_is_declared(book->settings, name);
  const char *wrong = ours ? NULL : ledger_wrong(ledger_has_group(book->ledger, name, gid, &ours));
  if (wrong != NULL) return wrong;
  if (ours) return "its name or gid is ours and another source's: rename or renumber that source's";
  return gid < SYSTEM_ID_END ? "it has a gid below 1000, and such groups are not given for good" : NULL;
}

static const char *find_own(const struct group_book *book, const char *name, uint32_t *ret_gid) {
  enum reason reason = REASON_GROUP_UNKNOWN;
  if (group_is_declared(book->settings, name)) reason = ledger_group(book->ledger, name, ret_gid);
  return reason == REASON_GROUP_UNKNOWN
             ? "there is no such group: create it, or write a section group and run 'jwtctl apply'"
             : ledger_wrong(reason);
}

static const char *look_up(const struct group_book *book, const char *name, uint32_t *ret_gid) {
  switch (sources_group_by_name(name, ret_gid)) {
  case SOURCE_UNAVAILABLE:
    break;
  case SOURCE_ABSENT:
    return find_own(book, name, ret_gid);
  case SOURCE_FOUND:
    return check_local(book, name, *ret_gid);
  }
  return "a source of nsswitch.conf did not answer";
}

static struct entry *add(struct group_book *book, const char *name) {
  struct entry *entry = calloc(1, sizeof *entry);
  char *copy = strdup(name);
  if (entry == NULL || copy == NULL) {
    free(entry);
    free(copy);
    return NULL;
  }
  entry->wrong = look_up(book, name, &entry->group.gid);
  entry->group.name = copy;
  entry->next = book->entries;
  book->entries = entry;
  return entry;
}

static const struct given_group *find(struct group_book *book, const char *name, const char **ret_wrong) {
  struct entry *entry = book->entries;
  while (entry != NULL && strcmp(entry->group.name, name) != 0)
    entry = entry->next;
  if (entry == NULL) entry = add(book, name);
  if (entry != NULL && entry->wrong == NULL) return &entry->group;
  *ret_wrong = entry != NULL ? entry->wrong : reason_text(REASON_OUT_OF_MEMORY);
  return NULL;
}

static bool has_group(const struct given_group *groups, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(groups[i].name, name) == 0) return true;
  return false;
}

bool group_book_add(struct group_book *book, const char *name, struct given_group *groups, size_t count,
                    const char **ret_wrong) {
  *ret_wrong = "it is there twice";
  const struct given_group *group = has_group(groups, count, name) ? NULL : find(book, name, ret_wrong);
  if (group != NULL) groups[count] = *group;
  return group != NULL;
}
