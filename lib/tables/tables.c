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
#include "tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "account_settings.h"
#include "view.h"

enum { SLOTS = 4, NONE = -1, CLAIMED = 1 << 30 };

struct slot {
  atomic_int users;
  atomic_bool kept; /* marked as superseded, and there is nothing better: asked again by the second */
  struct table_view view;
};

struct tables {
  const char *_Atomic directory;
  atomic_int current; /* a slot's number or NONE */
  atomic_long asked;  /* the second in which the path was last looked at */
  struct slot slots[SLOTS];
};

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

/* ---- visits: one lookup's use of a view ---- */

struct visit {
  struct tables *tables;
  const struct table_view *view;
  int slot; /* NONE: `own` */
  struct table_view own;
};

/* The coarse clock comes from the vDSO: no system call. */
static long this_second(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (long)now.tv_sec;
}

static bool path_names_another(const char *directory, const struct table *recent) {
  char path[PATH_MAX];
  struct stat st;
  return table_path(directory, RECENT_FILE, path) && stat(path, &st) == 0 &&
         (st.st_dev != recent->device || st.st_ino != recent->inode);
}

/* True when other tables have taken the place of the slot's. Its own when warm: a load, a clock, no system call. */
static bool outdated(struct tables *tables, struct slot *slot) {
  long now = this_second();
  bool due = atomic_load(&tables->asked) != now && atomic_exchange(&tables->asked, now) != now;
  bool marked = atomic_load(&slot->view.recent.header->superseded) != 0 && !atomic_load(&slot->kept);
  if (!due && !marked) return false;
  if (path_names_another(atomic_load(&tables->directory), &slot->view.recent)) return true;
  if (marked) atomic_store(&slot->kept, true);
  return false;
}

/* Start a lookup. False when there are no sound tables. */
static bool begin(struct tables *tables, struct visit *visit) {
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

static void end(struct visit *visit) {
  if (visit->slot != NONE)
    release(visit->tables, visit->slot, 1);
  else if (visit->view != NULL)
    table_view_close(&visit->own);
}

#define VISIT(name) struct visit name CLEANUP(end) = {.slot = NONE}

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

/* ---- accounts ---- */

/* Copy the strings into the buffer and point *ret at them. */
static enum table_status give(uint32_t uid, const char *const strings[3], struct table_account *ret, char *buffer,
                              size_t size) {
  char *copies[3];
  for (int i = 0; i < 3; i++) {
    size_t needed = strlen(strings[i]) + 1;
    if (needed > size) return TABLE_SMALL_BUFFER;
    copies[i] = memcpy(buffer, strings[i], needed);
    buffer += needed;
    size -= needed;
  }
  *ret = (struct table_account){.name = copies[0], .home = copies[1], .shell = copies[2], .uid = uid};
  return TABLE_FOUND;
}

static enum table_status find(const struct table_view *view, const struct table_wanted *wanted,
                              struct table_account *ret, char *buffer, size_t size) {
  struct table_row_view row;
  enum table_status status = table_view_find(view, wanted, &row);
  if (status != TABLE_FOUND) return status;
  return give(row.head.uid, (const char *const[]){row.name, row.home, row.shell}, ret, buffer, size);
}

enum table_status tables_account_by_name(struct tables *tables, const char *name, struct table_account *ret,
                                         char *buffer, size_t size) {
  if (!name_is_strict(name)) return TABLE_ABSENT;
  VISIT(visit);
  if (!begin(tables, &visit)) return TABLE_UNAVAILABLE;
  struct table_wanted wanted = table_wanted_name(visit.view, name);
  return find(visit.view, &wanted, ret, buffer, size);
}

enum table_status tables_account_by_uid(struct tables *tables, uint32_t uid, struct table_account *ret, char *buffer,
                                        size_t size) {
  VISIT(visit);
  if (!begin(tables, &visit)) return TABLE_UNAVAILABLE;
  if (!id_range_holds(visit.view->settings.range, uid)) return TABLE_ABSENT;
  struct table_wanted wanted = table_wanted_uid(visit.view, uid);
  return find(visit.view, &wanted, ret, buffer, size);
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
  const char *at = skip_strings(view, 2 + view->settings.login_program_count);
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

/* The first of the name's ids that the tables do not have. With n accounts one of its first n + 1 is free, if any is.
 */
static enum table_status first_free_uid(const struct table_view *view, const char *name, uint32_t *ret) {
  uint64_t rows = (uint64_t)view->base.header->row_count + view->recent.header->row_count;
  for (uint32_t probe = 0; probe <= rows; probe++) {
    uint32_t uid = account_id_probe(name, view->settings.range, NULL, probe);
    if (uid == 0) return TABLE_ABSENT;
    struct table_wanted wanted = table_wanted_uid(view, uid);
    struct table_row_view row;
    enum table_status status = table_view_find(view, &wanted, &row);
    if (status == TABLE_UNAVAILABLE) return status;
    if (status == TABLE_FOUND) continue;
    *ret = uid;
    return TABLE_FOUND;
  }
  return TABLE_ABSENT;
}

enum table_status tables_account_to_be(struct tables *tables, const char *name, struct table_account *ret, char *buffer,
                                       size_t size) {
  VISIT(visit);
  if (!begin(tables, &visit)) return TABLE_UNAVAILABLE;
  const struct table_view *view = visit.view;
  if (!name_is_strict(name) || !name_is_possible(view, name)) return TABLE_ABSENT;

  struct table_wanted wanted = table_wanted_name(view, name);
  struct table_row_view row;
  enum table_status status = table_view_find(view, &wanted, &row);
  if (status != TABLE_ABSENT) return status == TABLE_FOUND ? TABLE_ABSENT : status;

  const char *at = view->strings;
  const char *home_template = table_next_string(view, &at), *shell = table_next_string(view, &at);
  char home[ACCOUNT_PATH_MAX + 1];
  if (home_template == NULL || shell == NULL) return TABLE_UNAVAILABLE;
  if (!account_home(home_template, name, home, sizeof(home))) return TABLE_ABSENT;
  uint32_t uid;
  status = first_free_uid(view, name, &uid);
  return status == TABLE_FOUND ? give(uid, (const char *const[]){name, home, shell}, ret, buffer, size) : status;
}

bool tables_login_program(struct tables *tables, const char *executable) {
  VISIT(visit);
  if (!begin(tables, &visit)) return false;
  const char *at = skip_strings(visit.view, 2);
  for (uint32_t i = 0; i < visit.view->settings.login_program_count; i++) {
    const char *program = table_next_string(visit.view, &at);
    if (program == NULL) return false;
    if (strcmp(program, executable) == 0) return true;
  }
  return false;
}

bool tables_id_in_range(struct tables *tables, uint32_t id) {
  VISIT(visit);
  return begin(tables, &visit) && id_range_holds(visit.view->settings.range, id);
}

bool tables_made_from(struct tables *tables, uint64_t settings_fingerprint) {
  VISIT(visit);
  return begin(tables, &visit) && visit.view->settings.fingerprint == settings_fingerprint;
}
