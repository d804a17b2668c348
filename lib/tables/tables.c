#include "tables.h"

#include <string.h>

#include "account_settings.h"
#include "answer.h"
#include "fleet_key.h"
#include "visit.h"

/* ---- accounts ---- */

static enum table_status find_account(const struct table_view *view, const struct table_wanted *wanted,
                                      struct table_row_view *ret) {
  enum table_status status = table_view_find(view, wanted, ret);
  return status == TABLE_FOUND && ret->head.kind != TABLE_ACCOUNT ? TABLE_ABSENT : status;
}

static enum table_status give_account(const struct table_view *view, const struct table_wanted *wanted,
                                      struct table_account *ret, char *buffer, size_t size) {
  struct table_row_view row;
  enum table_status status = find_account(view, wanted, &row);
  return status == TABLE_FOUND ? answer_account(view, &row, ret, buffer, size) : status;
}

enum table_status tables_account_by_name(struct tables *tables, const char *name, struct table_account *ret,
                                         char *buffer, size_t size) {
  if (!name_is_strict(name)) return TABLE_ABSENT;
  VISIT(visit);
  if (!visit_begin(tables, &visit)) return TABLE_UNAVAILABLE;
  struct table_wanted wanted = table_wanted_name(visit.view, name);
  return give_account(visit.view, &wanted, ret, buffer, size);
}

enum table_status tables_account_by_uid(struct tables *tables, uint32_t uid, struct table_account *ret, char *buffer,
                                        size_t size) {
  VISIT(visit);
  if (!visit_begin(tables, &visit)) return TABLE_UNAVAILABLE;
  if (!id_range_holds(visit.view->settings.range, uid)) return TABLE_ABSENT;
  struct table_wanted wanted = table_wanted_id(visit.view, uid);
  return give_account(visit.view, &wanted, ret, buffer, size);
}

/* ---- groups ---- */

enum table_status tables_groups_of(struct tables *tables, const char *name, int64_t now, uint32_t *ret_uid,
                                   uint32_t *ret_gids, size_t room, size_t *ret_count) {
  if (!name_is_strict(name)) return TABLE_ABSENT;
  VISIT(visit);
  if (!visit_begin(tables, &visit)) return TABLE_UNAVAILABLE;
  struct table_wanted wanted = table_wanted_name(visit.view, name);
  struct table_row_view row;
  enum table_status status = find_account(visit.view, &wanted, &row);
  if (status != TABLE_FOUND) return status;
  const struct table_row_membership *memberships = table_row_memberships(&row);
  size_t count = 0;
  for (int i = 0; i < row.head.extra_count; i++) {
    if (now >= memberships[i].expires) continue;
    if (count == room) return TABLE_SMALL_BUFFER;
    ret_gids[count++] = memberships[i].gid;
  }
  *ret_uid = row.head.id;
  *ret_count = count;
  return TABLE_FOUND;
}

static enum table_status give_group(const struct table_view *view, const struct table_wanted *wanted, int64_t now,
                                    struct table_group_view *ret, char *buffer, size_t size) {
  struct table_row_view row;
  enum table_status status = table_view_find(view, wanted, &row);
  return status == TABLE_FOUND ? answer_group(view, &row, now, ret, buffer, size) : status;
}

enum table_status tables_group_by_name(struct tables *tables, const char *name, int64_t now,
                                       struct table_group_view *ret, char *buffer, size_t size) {
  VISIT(visit);
  if (!visit_begin(tables, &visit)) return TABLE_UNAVAILABLE;
  struct table_wanted wanted = table_wanted_name(visit.view, name);
  return give_group(visit.view, &wanted, now, ret, buffer, size);
}

enum table_status tables_group_by_gid(struct tables *tables, uint32_t gid, int64_t now, struct table_group_view *ret,
                                      char *buffer, size_t size) {
  VISIT(visit);
  if (!visit_begin(tables, &visit)) return TABLE_UNAVAILABLE;
  struct table_wanted wanted = table_wanted_id(visit.view, gid);
  return give_group(visit.view, &wanted, now, ret, buffer, size);
}

/* ---- the settings and what follows from them ---- */

/* The place of the patterns among the strings, or of the login programs before them. */
static const char *skip_strings(const struct table_view *view, uint32_t count) {
  const char *at = view->strings;
  while (count-- > 0 && table_next_string(view, &at) != NULL) {
  }
  return at;
}

static bool name_is_possible(const struct table_view *view, const char *name) {
  const char *at = skip_strings(view, TABLE_SETTINGS_STRINGS + view->settings.login_program_count);
  for (uint32_t i = 0; i < view->settings.pattern_count; i++) {
    const char *prefix = table_next_string(view, &at), *suffix = table_next_string(view, &at);
    struct name_pattern pattern;
    if (prefix == NULL || suffix == NULL || strlen(prefix) > ACCOUNT_NAME_MAX || strlen(suffix) > ACCOUNT_NAME_MAX)
      return false;
    memcpy(pattern.prefix, prefix, strlen(prefix) + 1);
    memcpy(pattern.suffix, suffix, strlen(suffix) + 1);
    if (name_pattern_allows(&pattern, name)) return true;
  }
  return false;
}

/* The first of the name's ids that the tables do not have. With n rows one of its first n + 1 is free, if any is. */
static enum table_status first_free_uid(const struct table_view *view, const char *name, const uint8_t *key,
                                        uint32_t *ret) {
  uint64_t rows = (uint64_t)view->base.header->account_count + view->base.header->group_count +
                  view->recent.header->account_count + view->recent.header->group_count;
  for (uint32_t probe = 0; probe <= rows; probe++) {
    uint32_t uid = account_id_probe(name, view->settings.range, key, probe);
    if (uid == 0) return TABLE_ABSENT;
    struct table_wanted wanted = table_wanted_id(view, uid);
    struct table_row_view row;
    enum table_status status = table_view_find(view, &wanted, &row);
    if (status == TABLE_UNAVAILABLE) return status;
    if (status == TABLE_FOUND) continue;
    *ret = uid;
    return TABLE_FOUND;
  }
  return TABLE_ABSENT;
}

/* Without the key there is no telling which id the account would get. */
static enum table_status promise_uid(const struct table_view *view, const char *name, const char *fleet_key,
                                     uint32_t *ret) {
  uint8_t key[FLEET_KEY_SIZE];
  if (fleet_key[0] == '\0') return first_free_uid(view, name, NULL, ret);
  if (!fleet_key_read(fleet_key, key)) return TABLE_ABSENT;
  enum table_status status = first_free_uid(view, name, key, ret);
  explicit_bzero(key, sizeof(key));
  return status;
}

enum table_status tables_account_to_be(struct tables *tables, const char *name, struct table_account *ret, char *buffer,
                                       size_t size) {
  VISIT(visit);
  if (!visit_begin(tables, &visit)) return TABLE_UNAVAILABLE;
  const struct table_view *view = visit.view;
  if (!name_is_strict(name) || !name_is_possible(view, name)) return TABLE_ABSENT;

  struct table_wanted wanted = table_wanted_name(view, name);
  struct table_row_view row;
  enum table_status status = table_view_find(view, &wanted, &row);
  if (status != TABLE_ABSENT) return status == TABLE_FOUND ? TABLE_ABSENT : status;

  const char *at = view->strings;
  const char *home_template = table_next_string(view, &at), *shell = table_next_string(view, &at),
             *fleet_key = table_next_string(view, &at);
  char home[ACCOUNT_PATH_MAX + 1];
  if (home_template == NULL || shell == NULL || fleet_key == NULL) return TABLE_UNAVAILABLE;
  if (!account_home(home_template, name, home, sizeof(home)) || !account_path_is_fit(home)) return TABLE_ABSENT;
  uint32_t uid;
  status = promise_uid(view, name, fleet_key, &uid);
  if (status != TABLE_FOUND) return status;
  row = (struct table_row_view){
      .head = {.id = uid, .name_size = (uint8_t)strlen(name), .home_size = (uint8_t)strlen(home)},
      .name = name,
      .home = home};
  return answer_account(view, &row, ret, buffer, size);
}

bool tables_login_program(struct tables *tables, const char *executable) {
  VISIT(visit);
  if (!visit_begin(tables, &visit)) return false;
  const char *at = skip_strings(visit.view, TABLE_SETTINGS_STRINGS);
  for (uint32_t i = 0; i < visit.view->settings.login_program_count; i++) {
    const char *program = table_next_string(visit.view, &at);
    if (program == NULL) return false;
    if (strcmp(program, executable) == 0) return true;
  }
  return false;
}

bool tables_id_in_range(struct tables *tables, uint32_t id) {
  VISIT(visit);
  return visit_begin(tables, &visit) && id_range_holds(visit.view->settings.range, id);
}

bool tables_made_from(struct tables *tables, uint64_t settings_fingerprint) {
  VISIT(visit);
  return visit_begin(tables, &visit) && visit.view->settings.fingerprint == settings_fingerprint;
}
