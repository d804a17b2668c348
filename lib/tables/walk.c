#include "answer.h"
#include "visit.h"

/* Have the walk to oneself and begun. False when another call has it, or there are no sound tables. */
static bool enter_walk(struct tables *tables, struct walk *walk) {
  if (atomic_exchange(&walk->in_use, true)) return false;
  if (walk->begun) return true;
  walk->visit = (struct visit){.slot = NONE};
  walk->next = 0;
  walk->begun = visit_begin(tables, &walk->visit);
  if (!walk->begun) atomic_store(&walk->in_use, false);
  return walk->begun;
}

static void end_walk(struct walk *walk) {
  if (walk->begun) visit_end(&walk->visit);
  walk->begun = false;
}

/* A walk that a call is in stays: at exit(3), or in a child of that moment. */
void tables_walk_end(struct tables *tables, enum table_walk which) {
  struct walk *walk = &tables->walks[which];
  if (atomic_exchange(&walk->in_use, true)) return;
  end_walk(walk);
  atomic_store(&walk->in_use, false);
}

/* The row at an entry, if there is one and nothing in the recent table stands for it. */
static bool row_at(const struct table_view *view, uint64_t at, struct table_row_view *ret) {
  const struct table_index *recent = &view->recent.by_name, *base = &view->base.by_name;
  bool is_recent = at <= recent->mask;
  const struct table *table = is_recent ? &view->recent : &view->base;
  uint32_t place = is_recent ? recent->entries[at].row : base->entries[at - recent->mask - 1].row;
  if (place == 0 || !table_view_row(view, table, place, ret)) return false;
  if (is_recent) return true;
  struct table_wanted wanted = table_wanted_name(view, ret->name);
  struct table_row_view newer;
  return table_view_find_in(view, &view->recent, &wanted, &newer) == TABLE_ABSENT;
}

/* Go to the next row, from where the walk stands on. False at the end. */
static bool seek_row(struct walk *walk, bool groups, struct table_row_view *ret) {
  const struct table_view *view = walk->visit.view;
  if (view->settings.enumerate == 0) return false;
  uint64_t end = view->recent.by_name.mask + 1 + view->base.by_name.mask + 1;
  for (; walk->next < end; walk->next++)
    if (row_at(view, walk->next, ret) && (groups || ret->head.kind == TABLE_ACCOUNT)) return true;
  return false;
}

/* Leave the walk, past the row unless it is to be asked for again. */
static enum table_status leave_walk(struct walk *walk, enum table_status status) {
  if (status == TABLE_FOUND) walk->next++;
  if (walk->visit.view->settings.enumerate == 0) end_walk(walk);
  atomic_store(&walk->in_use, false);
  return status;
}

enum table_status tables_next_account(struct tables *tables, struct table_account *ret, char *buffer, size_t size) {
  struct walk *walk = &tables->walks[TABLE_WALK_ACCOUNTS];
  if (!enter_walk(tables, walk)) return TABLE_UNAVAILABLE;
  struct table_row_view row;
  enum table_status status = TABLE_ABSENT;
  if (seek_row(walk, false, &row)) status = answer_account(walk->visit.view, &row, ret, buffer, size);
  return leave_walk(walk, status);
}

enum table_status tables_next_group(struct tables *tables, int64_t now, struct table_group_view *ret, char *buffer,
                                    size_t size) {
  struct walk *walk = &tables->walks[TABLE_WALK_GROUPS];
  if (!enter_walk(tables, walk)) return TABLE_UNAVAILABLE;
  struct table_row_view row;
  enum table_status status = TABLE_ABSENT;
  while (seek_row(walk, true, &row)) {
    status = answer_group(walk->visit.view, &row, now, ret, buffer, size);
    if (status != TABLE_UNAVAILABLE) break;
    walk->next++; /* its members are damaged */
    status = TABLE_ABSENT;
  }
  return leave_walk(walk, status);
}
