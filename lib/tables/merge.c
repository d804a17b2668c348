/*
 * Two ways. Mostly the base is copied as it is, the recent rows are put behind its rows and entered into the copied
 * indexes: a row of the base costs no more than its bytes. Its check value is not compared then: the copy has it still,
 * and whoever looks the row up compares it, so damage stays what it was, one account's answer that is missing. Groups'
 * rows are few and change, so they are checked. When the indexes would become too full, or a quarter of the rows would
 * be holes, all rows are checked and built anew; that comes once in as many additions as there are accounts.
 */
#include "merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum reason damaged(void) {
  errno = 0;
  return REASON_STATE_DAMAGED;
}

/* ---- by copying ---- */

/* Rows of the base that the recent table replaces, by their places: an open hash, at most half full. */
struct place_set {
  uint32_t *places;
  uint32_t mask, count;
};

static void place_set_clear(struct place_set *set) {
  free(set->places);
}

static bool place_set_init(struct place_set *set, uint32_t room) {
  uint64_t size = 2;
  while (size < 2 * (uint64_t)room)
    size *= 2;
  set->mask = (uint32_t)(size - 1);
  set->places = calloc(size, sizeof(*set->places));
  return set->places != NULL;
}

static uint32_t *place_set_slot(const struct place_set *set, uint32_t place) {
  uint32_t i = place * 0x9e3779b1u >> 7 & set->mask;
  while (set->places[i] != 0 && set->places[i] != place)
    i = (i + 1) & set->mask;
  return &set->places[i];
}

static void place_set_add(struct place_set *set, uint32_t place) {
  *place_set_slot(set, place) = place;
  set->count++;
}

struct copy {
  const struct table_view *view;
  struct build *build;
  uint32_t shift; /* a row of the recent table has its place in the copy so many further on */
  struct build_index by_name, by_id;
  struct place_set replaced;
  const struct table_row_head **new_groups; /* rows of the recent table */
  uint32_t new_group_count;
};

static void copy_clear(struct copy *copy) {
  place_set_clear(&copy->replaced);
  free(copy->new_groups);
}

static uint32_t place_in(const struct table *table, const void *row) {
  return (uint32_t)(((const char *)row - table->rows) / 8 + 1);
}

static enum reason copy_rows(struct copy *copy) {
  struct build *build = copy->build;
  const struct table *base = &copy->view->base, *recent = &copy->view->recent;
  size_t start = build->used;
  copy->shift = (uint32_t)(base->rows_size / 8);
  if ((base->rows_size + recent->rows_size) / 8 >= UINT32_MAX) return REASON_OUT_OF_MEMORY;
  enum reason reason = build_append(build, base->rows, base->rows_size);
  if (reason == REASON_OK) reason = build_append(build, recent->rows, recent->rows_size);
  return reason == REASON_OK ? build_end_part(build, start, &build->header.rows) : reason;
}

static enum reason copy_index(struct build *build, const struct table_index *from, struct table_part *ret_part) {
  size_t start = build->used;
  enum reason reason = build_append(build, from->entries, (from->mask + 1) * sizeof(*from->entries));
  return reason == REASON_OK ? build_end_part(build, start, ret_part) : reason;
}

static enum reason copy_parts(struct copy *copy) {
  struct build *build = copy->build;
  struct table_header *header = &build->header;
  const struct table *base = &copy->view->base;
  enum reason reason = build_copy_settings(build, copy->view);
  if (reason == REASON_OK) reason = copy_rows(copy);
  if (reason == REASON_OK) reason = copy_index(build, &base->by_name, &header->by_name);
  if (reason == REASON_OK) reason = copy_index(build, &base->by_id, &header->by_id);
  if (reason != REASON_OK) return reason;
  header->account_count = base->header->account_count;
  header->group_count = base->header->group_count;
  header->wasted = base->header->wasted;
  return REASON_OK;
}

/* Pointers into the file, which the next part moves. */
static void set_indexes(struct copy *copy) {
  const struct build *build = copy->build;
  const struct table *base = &copy->view->base;
  copy->by_name = (struct build_index){.by_name = true,
                                       .entries = (void *)(build->bytes + build->header.by_name.offset),
                                       .mask = base->by_name.mask,
                                       .reach = base->by_name.reach};
  copy->by_id = (struct build_index){.entries = (void *)(build->bytes + build->header.by_id.offset),
                                     .mask = base->by_id.mask,
                                     .reach = base->by_id.reach};
}

/* A hole is zeroed, so that a damaged index entry that leads there finds no row. */
static void waste(struct copy *copy, uint32_t place) {
  struct table_row_head *row = build_row_at(copy->build, place);
  copy->build->header.wasted += row->size;
  memset(row, 0, row->size);
}

static bool enter_both(struct copy *copy, uint32_t place) {
  return build_enter(copy->build, &copy->by_name, place) && build_enter(copy->build, &copy->by_id, place);
}

/* Have the entry of one row lead to another of the same name and id. */
static bool repoint(const struct copy *copy, const struct build_index *index, uint32_t from, uint32_t to) {
  uint64_t hash = build_row_hash(copy->build, build_row_at(copy->build, to), index->by_name);
  for (uint32_t i = 0; i < index->reach; i++) {
    struct table_entry *entry = &index->entries[(hash + i) & index->mask];
    if (entry->row != from) continue;
    entry->row = to;
    return true;
  }
  return false;
}

static enum reason merge_account(struct copy *copy, const struct table_row_view *row) {
  uint32_t place = place_in(&copy->view->recent, row->bytes) + copy->shift;
  struct table_wanted wanted = table_wanted_name(copy->view, row->name);
  struct table_row_view old;
  enum table_status status = table_view_find_in(copy->view, &copy->view->base, &wanted, &old);
  if (status == TABLE_ABSENT) {
    copy->build->header.account_count++;
    return enter_both(copy, place) ? REASON_OK : damaged();
  }
  if (status != TABLE_FOUND || old.head.kind != TABLE_ACCOUNT || old.head.id != row->head.id) return damaged();
  uint32_t old_place = place_in(&copy->view->base, old.bytes);
  if (!repoint(copy, &copy->by_name, old_place, place) || !repoint(copy, &copy->by_id, old_place, place))
    return damaged();
  waste(copy, old_place);
  place_set_add(&copy->replaced, old_place);
  return REASON_OK;
}

static enum reason merge_group(struct copy *copy, const struct table_row_view *row) {
  uint32_t place = place_in(&copy->view->recent, row->bytes) + copy->shift;
  struct table_wanted wanted = table_wanted_id(copy->view, row->head.id);
  struct table_row_view old;
  enum table_status status = table_view_find_in(copy->view, &copy->view->base, &wanted, &old);
  if (status == TABLE_ABSENT) {
    copy->new_groups[copy->new_group_count++] = (const void *)row->bytes;
    return enter_both(copy, place) ? REASON_OK : damaged();
  }
  if (status != TABLE_FOUND || old.head.kind != TABLE_GROUP || strcmp(old.name, row->name) != 0) return damaged();
  waste(copy, place); /* the base's row stands for both */
  return REASON_OK;
}

static enum reason merge_rows(struct copy *copy) {
  const struct table *recent = &copy->view->recent;
  enum reason reason = REASON_OK;
  for (uint64_t at = 0; reason == REASON_OK && at < recent->rows_size;) {
    struct table_row_view row;
    if (!table_view_row(copy->view, recent, (uint32_t)(at / 8 + 1), &row)) return damaged();
    if (row.head.kind == TABLE_GROUP && copy->new_group_count == recent->header->group_count) return damaged();
    reason = row.head.kind == TABLE_ACCOUNT ? merge_account(copy, &row) : merge_group(copy, &row);
    at += row.head.size;
  }
  return reason;
}

/* ---- the groups of a copy ---- */

/* The members part of the copy, as far as it is written. */
struct member_list {
  uint32_t *places;
  uint32_t count;
  uint64_t room;
};

/* Add a group's members in one table, those that are replaced left out; none when the table lacks it. */
static enum reason merge_members(struct copy *copy, const struct table *table, uint32_t gid, struct member_list *list) {
  struct table_wanted wanted = table_wanted_id(copy->view, gid);
  struct table_row_view group;
  enum table_status status = table_view_find_in(copy->view, table, &wanted, &group);
  if (status == TABLE_ABSENT) return REASON_OK;
  const uint32_t *places;
  uint32_t place_count;
  if (status != TABLE_FOUND || group.head.kind != TABLE_GROUP ||
      !table_view_members(table, &group, &places, &place_count) || place_count > list->room - list->count)
    return damaged();
  bool is_base = table == &copy->view->base;
  for (uint32_t i = 0; i < place_count; i++)
    if (!is_base)
      list->places[list->count++] = places[i] + copy->shift;
    else if (copy->replaced.count == 0 || *place_set_slot(&copy->replaced, places[i]) == 0)
      list->places[list->count++] = places[i];
  return REASON_OK;
}

/* Set the members of the group at a place in the copy. */
static enum reason copy_members(struct copy *copy, uint32_t place, struct member_list *list) {
  uint32_t first = list->count, gid = build_row_at(copy->build, place)->id;
  enum reason reason = merge_members(copy, &copy->view->base, gid, list);
  if (reason == REASON_OK) reason = merge_members(copy, &copy->view->recent, gid, list);
  if (reason == REASON_OK) build_set_members(copy->build, place, list->places + first, first, list->count - first);
  return reason;
}

static const uint32_t *group_places(const struct table *table) {
  return (const uint32_t *)(table->bytes + table->header->groups.offset);
}

/* A group's row gets a new check value in the copy: damage would become an answer. */
static bool base_groups_are_sound(const struct copy *copy) {
  const struct table *base = &copy->view->base;
  if (table_sum(0, group_places(base), base->header->groups.size) != base->header->groups_check) return false;
  for (uint32_t i = 0; i < base->header->group_count; i++) {
    struct table_row_view row, found;
    if (!table_view_row(copy->view, base, group_places(base)[i], &row) || row.head.kind != TABLE_GROUP) return false;
    struct table_wanted wanted = table_wanted_id(copy->view, row.head.id);
    if (table_view_find_in(copy->view, base, &wanted, &found) != TABLE_FOUND || found.bytes != row.bytes) return false;
  }
  return true;
}

static enum reason append_groups(struct copy *copy) {
  struct build *build = copy->build;
  const struct table *base = &copy->view->base;
  size_t start = build->used;
  if (!base_groups_are_sound(copy)) return damaged();
  enum reason reason = build_append(build, group_places(base), base->header->group_count * sizeof(uint32_t));
  for (uint32_t i = 0; reason == REASON_OK && i < copy->new_group_count; i++) {
    uint32_t place = place_in(&copy->view->recent, copy->new_groups[i]) + copy->shift;
    reason = build_append(build, &place, sizeof(place));
  }
  build->header.group_count += copy->new_group_count;
  return reason == REASON_OK ? build_end_part(build, start, &build->header.groups) : reason;
}

/* A slice of the old members parts is one group's alone, so that all of them are no more than these parts. */
static enum reason append_members(struct copy *copy) {
  struct build *build = copy->build;
  uint64_t most = copy->view->base.member_count + copy->view->recent.member_count;
  size_t start;
  enum reason reason = most < UINT32_MAX ? build_extend(build, most * sizeof(uint32_t), &start) : REASON_OUT_OF_MEMORY;
  if (reason != REASON_OK) return reason;
  const uint32_t *groups = (void *)(build->bytes + build->header.groups.offset);
  struct member_list list = {.places = (void *)(build->bytes + start), .room = most};
  for (uint32_t i = 0; reason == REASON_OK && i < build->header.group_count; i++)
    reason = copy_members(copy, groups[i], &list);
  if (reason != REASON_OK) return reason;
  build->used = start + list.count * sizeof(uint32_t);
  return build_end_part(build, start, &build->header.members);
}

static enum reason merge_by_copying(const struct table_view *view, struct build *build) {
  struct copy copy CLEANUP(copy_clear) = {.view = view, .build = build};
  const struct table_header *recent = view->recent.header;
  copy.new_groups = calloc(recent->group_count + (size_t)1, sizeof(const struct table_row_head *));
  if (copy.new_groups == NULL || !place_set_init(&copy.replaced, recent->account_count)) return REASON_OUT_OF_MEMORY;

  enum reason reason = copy_parts(&copy);
  if (reason == REASON_OK) set_indexes(&copy);
  if (reason == REASON_OK) reason = merge_rows(&copy);
  build->header.name_reach = copy.by_name.reach;
  build->header.id_reach = copy.by_id.reach;
  if (reason == REASON_OK) reason = append_groups(&copy);
  if (reason == REASON_OK) reason = append_members(&copy);
  if (reason == REASON_OK) build_check_parts(build);
  return reason;
}

/* ---- anew ---- */

struct group_list {
  struct table_group *groups;
  size_t count;
};

static void free_group_list(struct group_list *list) {
  free(list->groups);
}

/* Both tables' groups; the base's own row stands for both. */
static enum reason list_groups(const struct table_view *view, const struct table *table, struct group_list *list) {
  for (uint32_t i = 0; i < table->header->group_count; i++) {
    struct table_row_view row;
    if (!table_view_row(view, table, group_places(table)[i], &row) || row.head.kind != TABLE_GROUP) return damaged();
    struct table_wanted wanted = table_wanted_id(view, row.head.id);
    struct table_row_view other;
    enum table_status status =
        table == &view->recent ? table_view_find_in(view, &view->base, &wanted, &other) : TABLE_ABSENT;
    if (status == TABLE_UNAVAILABLE) return damaged();
    if (status == TABLE_ABSENT) list->groups[list->count++] = (struct table_group){row.name, row.head.id};
  }
  return REASON_OK;
}

static enum reason rebuild_groups(const struct table_view *view, struct build *build) {
  const struct table_header *base = view->base.header;
  size_t most = (size_t)base->group_count + view->recent.header->group_count;
  struct group_list list CLEANUP(free_group_list) = {.groups = calloc(most + 1, sizeof(*list.groups))};
  if (list.groups == NULL) return REASON_OUT_OF_MEMORY;
  if (table_sum(0, group_places(&view->base), base->groups.size) != base->groups_check) return damaged();
  enum reason reason = list_groups(view, &view->base, &list);
  if (reason == REASON_OK) reason = list_groups(view, &view->recent, &list);
  return reason == REASON_OK ? build_groups(build, list.groups, list.count, view->settings.range) : reason;
}

/* A lost entry would be a lost account: they are counted. */
static enum reason rebuild_accounts(const struct table_view *view, const struct table *table, struct build *build) {
  uint32_t count = 0;
  for (uint64_t i = 0; i <= table->by_name.mask; i++) {
    struct table_row_view row, newer;
    if (table->by_name.entries[i].row == 0) continue;
    if (!table_view_row(view, table, table->by_name.entries[i].row, &row)) return damaged();
    if (row.head.kind != TABLE_ACCOUNT) continue;
    count++;
    struct table_wanted wanted = table_wanted_name(view, row.name);
    enum table_status status =
        table == &view->base ? table_view_find_in(view, &view->recent, &wanted, &newer) : TABLE_ABSENT;
    if (status == TABLE_UNAVAILABLE) return damaged();
    enum reason reason = status == TABLE_ABSENT ? build_row(build, (const void *)row.bytes) : REASON_OK;
    if (reason != REASON_OK) return reason == REASON_INTERNAL ? damaged() : reason;
  }
  return count == table->header->account_count ? REASON_OK : damaged();
}

static enum reason merge_anew(const struct table_view *view, struct build *build) {
  enum reason reason = build_copy_settings(build, view);
  if (reason == REASON_OK) reason = rebuild_groups(view, build);
  if (reason == REASON_OK) reason = rebuild_accounts(view, &view->base, build);
  if (reason == REASON_OK) reason = rebuild_accounts(view, &view->recent, build);
  return reason == REASON_OK ? build_finish(build) : reason;
}

/* ---- which ---- */

/* A new index is at most half full; copying may go on to five eighths. So also rows that are only replaced, which count
 * twice here, bring no building anew at each merge. */
static bool copying_will_do(const struct table_view *view) {
  const struct table_header *base = view->base.header, *recent = view->recent.header;
  uint64_t rows = (uint64_t)base->account_count + base->group_count + recent->account_count + recent->group_count;
  uint64_t names = view->base.by_name.mask + 1, ids = view->base.by_id.mask + 1;
  return 8 * rows <= 5 * names && 8 * rows <= 5 * ids && base->wasted <= base->rows.size / 4;
}

enum reason merge_tables(const struct table_view *view, struct build *build) {
  return copying_will_do(view) ? merge_by_copying(view, build) : merge_anew(view, build);
}
