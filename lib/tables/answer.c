#include "answer.h"

#include <stdalign.h>
#include <string.h>

/* ---- accounts ---- */

struct room {
  char *at;
  size_t left;
};

/* Put the texts behind each other, and a NUL. NULL when there is no room. */
static const char *put_string(struct room *room, const struct table_text *texts, size_t count) {
  char *string = room->at;
  for (size_t i = 0; i < count; i++) {
    if (texts[i].size >= room->left) return NULL;
    memcpy(room->at, texts[i].bytes, texts[i].size);
    room->at += texts[i].size;
    room->left -= texts[i].size;
  }
  *room->at++ = '\0';
  room->left--;
  return string;
}

enum table_status answer_account(const struct table_view *view, const struct table_row_view *row,
                                 struct table_account *ret, char *buffer, size_t size) {
  const struct table_row_head *head = &row->head;
  const struct table_defaults *defaults = &view->defaults;
  struct room room = {buffer, size};
  struct table_text name = {row->name, head->name_size}, home = {row->home, head->home_size},
                    shell = head->shell_size > 0 ? (struct table_text){row->shell, head->shell_size} : defaults->shell;
  struct table_account account = {.uid = head->id, .name = put_string(&room, &name, 1)};
  if (account.name == NULL) return TABLE_SMALL_BUFFER;
  account.home = head->home_size > 0
                     ? put_string(&room, &home, 1)
                     : put_string(&room, (struct table_text[]){defaults->before_name, name, defaults->after_name}, 3);
  if (account.home == NULL) return TABLE_SMALL_BUFFER;
  account.shell = put_string(&room, &shell, 1);
  if (account.shell == NULL) return TABLE_SMALL_BUFFER;
  *ret = account;
  return TABLE_FOUND;
}

/* ---- groups ---- */

/* How many there will be is not known before: pointers grow from the buffer's start, strings from its end. */
struct listing {
  char **pointers;
  size_t count;
  char *strings;
};

/* Room for the pointers' end stays. */
static char *add_string(struct listing *listing, const char *string, size_t length, size_t pointers) {
  size_t needed = length + 1 + (pointers + 1) * sizeof(char *);
  if ((size_t)(listing->strings - (char *)(listing->pointers + listing->count)) < needed) return NULL;
  listing->strings -= length + 1;
  return memcpy(listing->strings, string, length + 1);
}

static bool is_member(const struct table_row_view *account, uint32_t gid, int64_t now) {
  const struct table_row_membership *memberships = table_row_memberships(account);
  for (int i = 0; i < account->head.extra_count; i++)
    if (memberships[i].gid == gid) return now < memberships[i].expires;
  return false;
}

/* True when the recent table has the row's name, or cannot say. */
static bool is_replaced(const struct table_view *view, const struct table_row_view *row) {
  struct table_wanted wanted = table_wanted_name(view, row->name);
  struct table_row_view newer;
  return table_view_find_in(view, &view->recent, &wanted, &newer) != TABLE_ABSENT;
}

static enum table_status add_member(const struct table_view *view, const struct table *table, uint32_t place,
                                    uint32_t gid, int64_t now, struct listing *listing) {
  struct table_row_view row;
  if (!table_view_row(view, table, place, &row) || row.head.kind != TABLE_ACCOUNT) return TABLE_UNAVAILABLE;
  if (!is_member(&row, gid, now) || (table == &view->base && is_replaced(view, &row))) return TABLE_FOUND;
  char *name = add_string(listing, row.name, row.head.name_size, 1);
  if (name == NULL) return TABLE_SMALL_BUFFER;
  listing->pointers[listing->count++] = name;
  return TABLE_FOUND;
}

/* Add the members that one table has; none when the group is not in it. */
static enum table_status add_members(const struct table_view *view, const struct table *table,
                                     const struct table_row_view *group, int64_t now, struct listing *listing) {
  struct table_wanted wanted = table_wanted_id(view, group->head.id);
  struct table_row_view row;
  enum table_status status = table_view_find_in(view, table, &wanted, &row);
  if (status != TABLE_FOUND) return status == TABLE_ABSENT ? TABLE_FOUND : status;
  const uint32_t *places;
  uint32_t count;
  if (row.head.kind != TABLE_GROUP || strcmp(row.name, group->name) != 0 ||
      !table_view_members(table, &row, &places, &count))
    return TABLE_UNAVAILABLE;
  for (uint32_t i = 0; status == TABLE_FOUND && i < count; i++)
    status = add_member(view, table, places[i], group->head.id, now, listing);
  return status;
}

enum table_status answer_group(const struct table_view *view, const struct table_row_view *row, int64_t now,
                               struct table_group_view *ret, char *buffer, size_t size) {
  size_t padding = -(uintptr_t)buffer % alignof(char *);
  if (size < padding) return TABLE_SMALL_BUFFER;
  struct listing listing = {.pointers = (char **)(void *)(buffer + padding), .strings = buffer + size};
  const char *name = add_string(&listing, row->name, row->head.name_size, 0);
  if (name == NULL) return TABLE_SMALL_BUFFER;
  enum table_status status = TABLE_FOUND;
  if (row->head.kind == TABLE_GROUP) {
    status = add_members(view, &view->recent, row, now, &listing);
    if (status == TABLE_FOUND) status = add_members(view, &view->base, row, now, &listing);
  }
  if (status != TABLE_FOUND) return status;
  listing.pointers[listing.count] = NULL;
  *ret = (struct table_group_view){.name = name, .gid = row->head.id, .members = listing.pointers};
  return TABLE_FOUND;
}
