/*
 * Hostile NSS tables: check values made right again after damage, so that what lies behind them is reached, and what
 * holds of every answer whatever the files say.
 */
#ifndef JWT_LOGIN_TABLES_HOSTILE_H
#define JWT_LOGIN_TABLES_HOSTILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tables.h"
#include "visit.h"

/* ---- tables in memory ---- */

/* The reader's object over two files' bytes, which are aligned to 8 and stay the caller's. NULL: it refuses them. */
static inline struct tables *hostile_open(const void *recent, size_t recent_size, const void *base, size_t base_size) {
  struct table_view view = {.recent = {.bytes = recent, .size = recent_size},
                            .base = {.bytes = base, .size = base_size}};
  if (!table_check(&view.recent, TABLE_RECENT) || !table_check(&view.base, TABLE_BASE) || !table_view_join(&view))
    return NULL;
  struct tables *tables = tables_new("/nowhere");
  if (tables == NULL) return NULL;
  tables->slots[0].view = view;
  tables->current = 0;
  return tables;
}

static inline void hostile_close(struct tables **tables) {
  if (*tables == NULL) return;
  tables_walk_end(*tables, TABLE_WALK_ACCOUNTS);
  tables_walk_end(*tables, TABLE_WALK_GROUPS);
  (*tables)->slots[0].view.recent.bytes = (*tables)->slots[0].view.base.bytes = NULL;
  tables_free(*tables);
}

/* ---- repair ---- */

static inline bool hostile_part_fits(struct table_part part, size_t size) {
  return part.offset % 8 == 0 && part.offset <= size && part.size <= size - part.offset;
}

/* Make right what one entry leads to: a group's members' check, then the row's. */
static inline void hostile_repair_row(unsigned char *bytes, const struct table_header *header, uint32_t place) {
  uint64_t at = ((uint64_t)place - 1) * 8;
  struct table_row_head head;
  if (place == 0 || at > header->rows.size || header->rows.size - at < sizeof(head)) return;
  unsigned char *row = bytes + header->rows.offset + at;
  memcpy(&head, row, sizeof(head));
  if (head.size < sizeof(head) || head.size % 8 != 0 || head.size > header->rows.size - at) return;
  struct table_row_members members;
  if (head.kind == TABLE_GROUP && head.size >= sizeof(head) + sizeof(members)) {
    memcpy(&members, row + sizeof(head), sizeof(members));
    uint64_t count = header->members.size / sizeof(uint32_t);
    if (members.first <= count && members.count <= count - members.first)
      members.check = (uint32_t)table_sum(0, bytes + header->members.offset + members.first * sizeof(uint32_t),
                                          members.count * sizeof(uint32_t));
    members.zero = 0;
    memcpy(row + sizeof(head), &members, sizeof(members));
  }
  head.zero = 0;
  memcpy(row, &head, sizeof(head));
  head.check = table_row_check(header->key, row, head.size);
  memcpy(row, &head, sizeof(head));
}

static inline void hostile_repair_rows(unsigned char *bytes, const struct table_header *header,
                                       struct table_part index) {
  for (uint64_t at = 0; at + sizeof(struct table_entry) <= index.size; at += sizeof(struct table_entry)) {
    struct table_entry entry;
    memcpy(&entry, bytes + index.offset + at, sizeof(entry));
    hostile_repair_row(bytes, header, entry.row);
  }
}

/* All check values of a file, and what must be as it is in every table of this kind. `bytes` are aligned to 8. */
static inline void hostile_repair(unsigned char *bytes, size_t size, enum table_kind kind,
                                  const uint8_t key[TABLE_KEY_SIZE]) {
  struct table_header header;
  if (size < sizeof(header)) return;
  memcpy(&header, bytes, sizeof(header));
  memcpy(header.magic, TABLE_MAGIC, sizeof(header.magic));
  memcpy(header.key, key, sizeof(header.key));
  header.version = TABLE_VERSION;
  header.byte_order = TABLE_BYTE_ORDER;
  header.kind = kind;
  header.size = size;
  header.generation = 1;
  header.zero = 0;
  bool fits = hostile_part_fits(header.settings, size) && hostile_part_fits(header.rows, size) &&
              hostile_part_fits(header.by_name, size) && hostile_part_fits(header.by_id, size) &&
              hostile_part_fits(header.groups, size) && hostile_part_fits(header.members, size);
  if (fits) {
    hostile_repair_rows(bytes, &header, header.by_name);
    hostile_repair_rows(bytes, &header, header.by_id);
    header.groups_check = table_sum(0, bytes + header.groups.offset, header.groups.size);
    uint64_t tail = header.rows.offset + header.rows.size;
    if (kind == TABLE_RECENT) header.tail_check = table_sum(0, bytes + tail, size - tail);
    if (header.settings_used <= header.settings.size)
      header.settings_check = table_sum(0, bytes + header.settings.offset, header.settings_used);
  }
  header.check = table_header_check(&header);
  memcpy(bytes, &header, sizeof(header));
}

/* ---- sanity ---- */

/* A buffer of an exact size, for the sanitizer. */
struct hostile_buffer {
  char *bytes;
  size_t size;
};

static inline bool hostile_inside(const struct hostile_buffer *buffer, const char *string) {
  return string >= buffer->bytes && string < buffer->bytes + buffer->size &&
         memchr(string, '\0', (size_t)(buffer->bytes + buffer->size - string)) != NULL;
}

static inline bool hostile_account_is_sane(struct tables *tables, const struct hostile_buffer *buffer,
                                           const struct table_account *account) {
  return hostile_inside(buffer, account->name) && hostile_inside(buffer, account->home) &&
         hostile_inside(buffer, account->shell) && tables_id_in_range(tables, account->uid);
}

static inline bool hostile_group_is_sane(const struct hostile_buffer *buffer, const struct table_group_view *group,
                                         size_t most) {
  if (!hostile_inside(buffer, group->name) || (uintptr_t)group->members % sizeof(char *) != 0) return false;
  size_t count = 0;
  for (char **member = group->members;; member++, count++) {
    if ((char *)member < buffer->bytes || (char *)(member + 1) > buffer->bytes + buffer->size) return false;
    if (*member == NULL) return count <= most;
    if (!hostile_inside(buffer, *member)) return false;
  }
}

/* Ask for a name in every way, with this buffer. `most`: how many members there can be. */
static inline bool hostile_name_is_sane(struct tables *tables, const struct hostile_buffer *buffer, const char *name,
                                        int64_t now, size_t most) {
  struct table_account account;
  struct table_group_view group;
  uint32_t gids[TABLE_GROUPS_MAX], uid;
  size_t count = 0;
  if (tables_account_by_name(tables, name, &account, buffer->bytes, buffer->size) == TABLE_FOUND &&
      (strcmp(account.name, name) != 0 || !hostile_account_is_sane(tables, buffer, &account)))
    return false;
  if (tables_account_to_be(tables, name, &account, buffer->bytes, buffer->size) == TABLE_FOUND &&
      (strcmp(account.name, name) != 0 || !hostile_account_is_sane(tables, buffer, &account)))
    return false;
  if (tables_group_by_name(tables, name, now, &group, buffer->bytes, buffer->size) == TABLE_FOUND &&
      (strcmp(group.name, name) != 0 || !hostile_group_is_sane(buffer, &group, most)))
    return false;
  return tables_groups_of(tables, name, now, &uid, gids, TABLE_GROUPS_MAX, &count) != TABLE_FOUND ||
         count <= TABLE_GROUPS_MAX;
}

static inline bool hostile_id_is_sane(struct tables *tables, const struct hostile_buffer *buffer, uint32_t id,
                                      int64_t now, size_t most) {
  struct table_account account;
  struct table_group_view group;
  if (tables_account_by_uid(tables, id, &account, buffer->bytes, buffer->size) == TABLE_FOUND &&
      (account.uid != id || !hostile_account_is_sane(tables, buffer, &account)))
    return false;
  return tables_group_by_gid(tables, id, now, &group, buffer->bytes, buffer->size) != TABLE_FOUND ||
         (group.gid == id && hostile_group_is_sane(buffer, &group, most));
}

/* Both walks, to their ends: no more steps than there are entries. What is listed is asked for. */
static inline bool hostile_walks_are_sane(struct tables *tables, const struct hostile_buffer *buffer, int64_t now,
                                          size_t most) {
  struct table_account account;
  struct table_group_view group;
  enum table_status status;
  size_t steps = 0;
  bool sane = true;
  while (sane && (status = tables_next_account(tables, &account, buffer->bytes, buffer->size)) == TABLE_FOUND)
    sane = hostile_account_is_sane(tables, buffer, &account) && ++steps <= most;
  tables_walk_end(tables, TABLE_WALK_ACCOUNTS);
  steps = 0;
  while (sane && (status = tables_next_group(tables, now, &group, buffer->bytes, buffer->size)) == TABLE_FOUND) {
    sane = hostile_group_is_sane(buffer, &group, most) && ++steps <= most;
    char name[256];
    snprintf(name, sizeof(name), "%s", group.name);
    sane = sane && hostile_id_is_sane(tables, buffer, group.gid, now, most) &&
           hostile_name_is_sane(tables, buffer, name, now, most);
  }
  tables_walk_end(tables, TABLE_WALK_GROUPS);
  return sane;
}

#endif
