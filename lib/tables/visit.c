/*
 * The mapped tables, kept from lookup to lookup and shared by all threads without a lock.
 *
 * A few slots hold views; `current` names the one in use. A lookup counts itself as a user of the slot, then looks
 * whether the slot is still the current one: if so, its view stays mapped until the lookup ends. A view is put into or
 * taken out of a slot only by who turned its count from 0 to CLAIMED while it was not current. All of these are
 * sequentially consistent: either the lookup's count comes before the claim, which then fails, or the claim came
 * before, and then the lookup sees that the slot is no longer current.
 *
 * Nobody waits: a lookup that finds no slot free uses a view of its own and unmaps it. So a fork in the midst of
 * another thread's lookup costs the child a slot at most.
 */
#include "visit.h"

#include <stdlib.h>
#include <time.h>

/* ---- slots ---- */

static void retire(struct tables *tables, int i);

/* Give up being counted; the last one out of a slot that is no longer current unmaps what it holds. */
static void release(struct tables *tables, int i, int count) {
  if (atomic_fetch_sub(&tables->slots[i].users, count) == count && atomic_load(&tables->current) != i)
    retire(tables, i);
}

/* Become the only one to touch the slot's view. False when a lookup is in it or it is current. */
static bool claim(struct tables *tables, int i) {
  int unused = 0;
  if (atomic_load(&tables->current) == i || !atomic_compare_exchange_strong(&tables->slots[i].users, &unused, CLAIMED))
    return false;
  if (atomic_load(&tables->current) != i) return true;
  release(tables, i, CLAIMED);
  return false;
}

/* Unmap what the slot holds, unless it is in use. */
static void retire(struct tables *tables, int i) {
  if (!claim(tables, i)) return;
  table_view_close(&tables->slots[i].view);
  atomic_fetch_sub(&tables->slots[i].users, CLAIMED);
}

/* Use the current slot. NONE when there is none. */
static int enter_slot(struct tables *tables) {
  for (;;) {
    int i = atomic_load(&tables->current);
    if (i == NONE) return NONE;
    atomic_fetch_add(&tables->slots[i].users, 1);
    if (atomic_load(&tables->current) == i) return i;
    release(tables, i, 1);
  }
}

/* Put a view into a slot, make it current and use it. NONE when all are in use: then the view stays the caller's. */
static int keep_view(struct tables *tables, const struct table_view *view) {
  int i = 0;
  while (i < SLOTS && !claim(tables, i))
    i++;
  if (i == SLOTS) return NONE;
  struct slot *slot = &tables->slots[i];
  table_view_close(&slot->view);
  slot->view = *view;
  atomic_store(&slot->kept, false);
  int replaced = atomic_exchange(&tables->current, i);
  atomic_fetch_sub(&slot->users, CLAIMED - 1);
  if (replaced != NONE) retire(tables, replaced);
  return i;
}

/* ---- visits ---- */

/* The coarse clock comes from the vDSO: no system call. */
static long this_second(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (long)now.tv_sec;
}

/* True when other tables have taken the place of the slot's. Its own when warm: a load, a clock, no system call. */
static bool outdated(struct tables *tables, struct slot *slot) {
  long now = this_second();
  bool due = atomic_load(&tables->asked) != now && atomic_exchange(&tables->asked, now) != now;
  bool marked = atomic_load(&slot->view.recent.header->superseded) != 0 && !atomic_load(&slot->kept);
  if (!due && !marked) return false;
  if (table_was_replaced(atomic_load(&tables->directory), &slot->view.recent)) return true;
  if (marked) atomic_store(&slot->kept, true);
  return false;
}

/* Start a lookup. False when there are no sound tables. */
bool visit_begin(struct tables *tables, struct visit *visit) {
  visit->tables = tables;
  visit->slot = enter_slot(tables);
  struct slot *mapped = visit->slot != NONE ? &tables->slots[visit->slot] : NULL;
  if (mapped != NULL) visit->view = &mapped->view;
  if (mapped != NULL && !outdated(tables, mapped)) return true;

  if (!table_view_open(atomic_load(&tables->directory), &visit->own)) {
    /* The new tables are damaged: those who have the old ones go on with them. */
    if (mapped != NULL) atomic_store(&mapped->kept, true);
    return mapped != NULL;
  }
  if (mapped != NULL) release(tables, visit->slot, 1);
  visit->slot = keep_view(tables, &visit->own);
  visit->view = visit->slot != NONE ? &tables->slots[visit->slot].view : &visit->own;
  return true;
}

void visit_end(struct visit *visit) {
  if (visit->slot != NONE)
    release(visit->tables, visit->slot, 1);
  else if (visit->view != NULL)
    table_view_close(&visit->own);
}

/* ---- the object ---- */

struct tables *tables_new(const char *directory) {
  struct tables *tables = calloc(1, sizeof(*tables));
  if (tables == NULL) return NULL;
  tables->directory = directory;
  tables->current = NONE;
  return tables;
}

void tables_unmap(struct tables *tables) {
  atomic_store(&tables->current, NONE);
  tables_walk_end(tables, TABLE_WALK_ACCOUNTS);
  tables_walk_end(tables, TABLE_WALK_GROUPS);
  for (int i = 0; i < SLOTS; i++)
    retire(tables, i);
}

void tables_free(struct tables *tables) {
  if (tables == NULL) return;
  tables_unmap(tables);
  free(tables);
}

struct tables *tables_shared(const char *directory) {
  static struct tables shared = {.current = NONE};
  atomic_store(&shared.directory, directory);
  return &shared;
}
