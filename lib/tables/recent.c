/* The recent table: what is added to a base. */
#include "recent.h"

#include <stdlib.h>
#include <string.h>

#include "merge.h"

/* ---- agreement with what is there ---- */

/* Do the tables have this row? REASON_INTERNAL when they have its name or its id in another one's row. */
static enum reason find_row(const struct table_view *view, const struct table_row_head *row, bool *ret_same) {
  struct table_wanted by_name = table_wanted_name(view, build_row_name(row)), by_id = table_wanted_id(view, row->id);
  struct table_row_view named, numbered;
  enum table_status name = table_view_find(view, &by_name, &named), id = table_view_find(view, &by_id, &numbered);
  if (name == TABLE_UNAVAILABLE || id == TABLE_UNAVAILABLE) return REASON_STATE_DAMAGED;
  if (name != id || (name == TABLE_FOUND && named.bytes != numbered.bytes)) return REASON_INTERNAL;
  if (name == TABLE_FOUND && named.head.kind != TABLE_ACCOUNT) return REASON_INTERNAL;
  *ret_same = name == TABLE_FOUND && named.head.size == row->size && memcmp(named.bytes, row, row->size) == 0;
  return REASON_OK;
}

/* The name of the tables' group; NULL when they have none of this gid. */
static enum reason find_group(const struct table_view *view, uint32_t gid, const char **ret) {
  struct table_wanted wanted = table_wanted_id(view, gid);
  struct table_row_view row;
  enum table_status status = table_view_find(view, &wanted, &row);
  if (status == TABLE_UNAVAILABLE) return REASON_STATE_DAMAGED;
  if (status == TABLE_FOUND && row.head.kind != TABLE_GROUP) return REASON_INTERNAL;
  *ret = status == TABLE_FOUND ? row.name : NULL;
  return REASON_OK;
}

/* The tables have this group, or neither its name nor its gid. */
static enum reason check_group(const struct table_view *view, const struct table_group *group) {
  const char *present;
  enum reason reason = find_group(view, group->gid, &present);
  if (reason != REASON_OK) return reason;
  if (present != NULL) return strcmp(present, group->name) == 0 ? REASON_OK : REASON_INTERNAL;
  struct table_wanted wanted = table_wanted_name(view, group->name);
  struct table_row_view row;
  return table_view_find(view, &wanted, &row) == TABLE_ABSENT ? REASON_OK : REASON_INTERNAL;
}

/* ---- a new base ---- */

static struct build_rules rules_of(const struct table_view *view) {
  return (struct build_rules){view->base.header->key, view->settings.range, view->defaults};
}

static enum reason append_late(const struct table_view *view, const struct table_source *late, struct build *recent) {
  const struct build_rules rules = rules_of(view);
  enum reason reason = REASON_OK, failure = REASON_OK;
  for (size_t i = 0; reason == REASON_OK && i < late->group_count; i++)
    reason = check_group(view, &late->groups[i]);
  if (reason == REASON_OK) reason = build_groups(recent, late->groups, late->group_count, view->settings.range);
  struct table_row row;
  while (reason == REASON_OK && late->next(late->context, &row, &failure)) {
    union row_bytes bytes;
    bool same = false;
    reason = build_make_row(&rules, &row, &bytes);
    if (reason == REASON_OK) reason = find_row(view, &bytes.head, &same);
    if (reason == REASON_OK && !same) reason = build_row(recent, &bytes.head);
  }
  return reason == REASON_OK ? failure : reason;
}

static enum reason append_all_late(const struct table_base *base, const struct table_source *late,
                                   struct build *recent) {
  if (late == NULL) return build_groups(recent, NULL, 0, (struct id_range){0});
  struct table_view view CLEANUP(table_view_close) = {0};
  if (!table_view_open_base(base->build.path, &view)) return REASON_STATE_DAMAGED;
  return append_late(&view, late, recent);
}

enum reason tables_use(struct table_base *base, const struct table_source *late) {
  struct build recent CLEANUP(build_close) = {0};
  enum reason reason = build_open(&recent, base->build.directory, RECENT_FILE, TABLE_RECENT, base->build.header.key);
  if (reason == REASON_OK) reason = append_all_late(base, late, &recent);
  if (reason == REASON_OK) reason = build_finish(&recent);
  return reason == REASON_OK ? folder_use_pair(&base->build, &recent) : reason;
}

/* ---- one account ---- */

struct put {
  const struct table_view *view;
  const struct table_row_head *row;
  const struct table_group *groups;
  size_t group_count;
  struct build *build;
};

/* The name of a group of the row: the caller's, or what the tables say. */
static enum reason name_group(const struct put *put, uint32_t gid, const char **ret) {
  for (size_t i = 0; i < put->group_count; i++)
    if (put->groups[i].gid == gid) {
      *ret = put->groups[i].name;
      return check_group(put->view, &put->groups[i]);
    }
  enum reason reason = find_group(put->view, gid, ret);
  return reason == REASON_OK && *ret == NULL ? REASON_INTERNAL : reason;
}

static bool is_listed(const struct table_group *groups, size_t count, uint32_t gid) {
  for (size_t i = 0; i < count; i++)
    if (groups[i].gid == gid) return true;
  return false;
}

static void free_groups(struct table_group **groups) {
  free(*groups);
}

/* Those of the old recent table, and those of the row. */
static enum reason put_groups(const struct put *put) {
  const struct table *recent = &put->view->recent;
  const uint32_t *places = (const uint32_t *)(recent->bytes + recent->header->groups.offset);
  size_t count = recent->header->group_count;
  struct table_group *groups CLEANUP(free_groups) = calloc(count + put->row->extra_count + 1, sizeof(*groups));
  if (groups == NULL) return REASON_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++) {
    struct table_row_view row;
    if (!table_view_row(put->view, recent, places[i], &row) || row.head.kind != TABLE_GROUP)
      return REASON_STATE_DAMAGED;
    groups[i] = (struct table_group){row.name, row.head.id};
  }
  const struct table_row_membership *memberships = (const void *)(put->row + 1);
  for (int i = 0; i < put->row->extra_count; i++) {
    const char *name;
    enum reason reason = name_group(put, memberships[i].gid, &name);
    if (reason != REASON_OK) return reason;
    if (!is_listed(groups, count, memberships[i].gid)) groups[count++] = (struct table_group){name, memberships[i].gid};
  }
  return build_groups(put->build, groups, count, put->view->settings.range);
}

/* All recent tables of a base share its key, so sound rows move as they are. */
static enum reason put_old_accounts(const struct put *put) {
  const struct table *recent = &put->view->recent;
  enum reason reason = REASON_OK;
  for (uint64_t at = 0; reason == REASON_OK && at < recent->rows_size;) {
    struct table_row_view row;
    if (!table_view_row(put->view, recent, (uint32_t)(at / 8 + 1), &row)) return REASON_STATE_DAMAGED;
    if (row.head.kind == TABLE_ACCOUNT && strcmp(row.name, build_row_name(put->row)) != 0)
      reason = build_row(put->build, (const void *)row.bytes);
    at += row.head.size;
  }
  return reason == REASON_INTERNAL ? REASON_STATE_DAMAGED : reason;
}

static enum reason grow_recent(struct put *put, const char *directory, uint32_t *ret_count) {
  const struct table_header *old = put->view->recent.header;
  struct build recent CLEANUP(build_close) = {0};
  put->build = &recent;
  enum reason reason = build_open(&recent, directory, RECENT_FILE, TABLE_RECENT, old->key);
  if (reason == REASON_OK) reason = put_groups(put);
  if (reason == REASON_OK) reason = put_old_accounts(put);
  if (reason == REASON_OK) reason = build_row(&recent, put->row);
  if (reason == REASON_OK) reason = build_finish(&recent);
  if (reason == REASON_OK) reason = folder_publish(&recent, old->generation);
  if (reason == REASON_OK) *ret_count = recent.header.account_count;
  return reason;
}

/* ---- merging ---- */

/* Once for each TABLE_RECENT_MAX accounts: a merge that failed is not tried again at each login. */
static bool merge_is_due(const struct table_view *before, uint32_t count) {
  return count > before->recent.header->account_count && count % TABLE_RECENT_MAX == 0;
}

static void close_base(struct table_base *base) {
  build_close(&base->build);
}

static enum reason merge(const char *directory) {
  struct table_view view CLEANUP(table_view_close) = {0};
  struct table_base base CLEANUP(close_base) = {0};
  if (!table_view_open(directory, &view)) return REASON_STATE_DAMAGED;
  enum reason reason = build_open(&base.build, directory, NEW_BASE, TABLE_BASE, view.base.header->key);
  if (reason == REASON_OK) reason = merge_tables(&view, &base.build);
  return reason == REASON_OK ? tables_use(&base, NULL) : reason;
}

/* The account is in the tables already, so what hinders a merge is told only if the tables must be written anew. */
static enum reason try_merge(const char *directory) {
  enum reason reason = merge(directory);
  if (reason == REASON_STATE_UNAVAILABLE) folder_clean(directory);
  return reason == REASON_STATE_DAMAGED || reason == REASON_INTERNAL ? reason : REASON_OK;
}

enum reason tables_put(const char *directory, const struct table_row *row, const struct table_group *groups,
                       size_t group_count) {
  struct table_view view CLEANUP(table_view_close) = {0};
  if (!table_view_open(directory, &view)) return REASON_STATE_DAMAGED;
  const struct build_rules rules = rules_of(&view);
  union row_bytes bytes;
  enum reason reason = build_make_row(&rules, row, &bytes);
  bool same = false;
  if (reason == REASON_OK) reason = find_row(&view, &bytes.head, &same);
  if (reason != REASON_OK || same) return reason;
  struct put put = {.view = &view, .row = &bytes.head, .groups = groups, .group_count = group_count};
  uint32_t count;
  reason = grow_recent(&put, directory, &count);
  if (reason == REASON_STATE_UNAVAILABLE) folder_clean(directory);
  return reason == REASON_OK && merge_is_due(&view, count) ? try_merge(directory) : reason;
}
