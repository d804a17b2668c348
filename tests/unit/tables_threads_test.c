/* Threads that look up while a writer replaces the tables and other threads fork. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "tables_fixture.h"

enum { ALL = FIRST_UID + 900000 }; /* the group that all are in */

enum { READERS = 6, RUN_MS = 1000, BASE_ACCOUNTS = 50, LISTED_MAX = 8000 };

static struct tables *shared;
static bool grouped;          /* all are in the group */
static atomic_uint published; /* accounts below this number are in place */
static atomic_bool over;
static atomic_uint lookups, misses, forks, listings;

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_in_all(unsigned number) {
  char name[16];
  uint32_t gids[TABLE_GROUPS_MAX], uid;
  size_t found = 0;
  snprintf(name, sizeof(name), "u%u", number);
  return tables_groups_of(shared, name, 0, &uid, gids, TABLE_GROUPS_MAX, &found) == TABLE_FOUND && found == 1 &&
         gids[0] == ALL;
}

/* What was published before the lookup began is found, whole. */
static void *read_on(void *seed) {
  unsigned state = (unsigned)(uintptr_t)seed;
  while (!atomic_load(&over)) {
    unsigned count = atomic_load(&published);
    unsigned number = rand_r(&state) % 4 == 0 ? count - 1 : rand_r(&state) % count;
    if (!has_account(shared, number) || (grouped && !is_in_all(number))) atomic_fetch_add(&misses, 1);
    atomic_fetch_add(&lookups, 1);
  }
  return NULL;
}

/* A child that was born in the midst of other threads' lookups can look up as well, and sees later tables. */
static void *fork_on(void *unused) {
  (void)unused;
  while (!atomic_load(&over)) {
    unsigned count = atomic_load(&published);
    pid_t child = fork();
    if (child == 0) _exit(has_account(shared, count - 1) && has_account(shared, 0) && is_in_all(count - 1) ? 0 : 1);
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) atomic_fetch_add(&misses, 1);
    atomic_fetch_add(&forks, 1);
  }
  return NULL;
}

/* What is listed at once is of one moment: no fewer than there were before, no more than after, each once. */
static void note_listed(const bool *seen, unsigned before, unsigned listed) {
  unsigned after = atomic_load(&published) + 1;
  for (unsigned i = 0; i < listed && i < LISTED_MAX; i++)
    if (!seen[i]) atomic_fetch_add(&misses, 1);
  if (listed < before || listed > after) atomic_fetch_add(&misses, 1);
}

static bool note_name(bool *seen, const char *name) {
  unsigned number = LISTED_MAX;
  if (sscanf(name, "u%u", &number) != 1 || number >= LISTED_MAX || seen[number]) return false;
  return seen[number] = true;
}

static void *list_members(void *unused) {
  (void)unused;
  static char buffer[LISTED_MAX * 32];
  while (!atomic_load(&over)) {
    bool seen[LISTED_MAX] = {false};
    struct table_group_view group;
    unsigned before = atomic_load(&published), count = 0;
    if (tables_group_by_gid(shared, ALL, 0, &group, buffer, sizeof(buffer)) != TABLE_FOUND) {
      atomic_fetch_add(&misses, 1);
      continue;
    }
    for (; group.members[count] != NULL; count++)
      if (!note_name(seen, group.members[count])) atomic_fetch_add(&misses, 1);
    note_listed(seen, before, count);
    atomic_fetch_add(&listings, 1);
  }
  return NULL;
}

static void *list_accounts(void *unused) {
  (void)unused;
  while (!atomic_load(&over)) {
    bool seen[LISTED_MAX] = {false};
    struct table_account account;
    char buffer[600];
    unsigned before = atomic_load(&published), count = 0, after = 0;
    for (; tables_next_account(shared, &account, buffer, sizeof(buffer)) == TABLE_FOUND; count++) {
      if (count == 0) after = atomic_load(&published) + 1;
      if (!note_name(seen, account.name)) atomic_fetch_add(&misses, 1);
    }
    if (count > after) atomic_fetch_add(&misses, 1);
    note_listed(seen, before, count);
    tables_walk_end(shared, TABLE_WALK_ACCOUNTS);
    atomic_fetch_add(&listings, 1);
  }
  return NULL;
}

static const struct table_group all_group = {"all", ALL};
static const struct table_membership in_all = {ALL, TABLE_FOREVER};

static bool next_in_all(void *context, struct table_row *ret, enum reason *failure) {
  if (!next_row(context, ret, failure)) return false;
  ret->memberships = &in_all;
  ret->membership_count = 1;
  return true;
}

static enum reason write_in_all(unsigned count) {
  struct rows rows = {.end = count};
  return tables_write_all(folder, &settings, &(struct table_source){next_in_all, &rows, &all_group, 1});
}

static enum reason put_in_all(unsigned number) {
  struct rows rows;
  struct table_row row = account_row(&rows, number);
  row.memberships = &in_all;
  row.membership_count = 1;
  return tables_put(folder, &row, &all_group, 1);
}

/* One account after the other, another one anew each time, with a new base now and then. */
static unsigned write_on(void) {
  unsigned count = BASE_ACCOUNTS;
  for (int64_t end = now_ms() + RUN_MS; now_ms() < end && !unit_failed && count + 2 < LISTED_MAX;
       atomic_store(&published, ++count)) {
    CHECK_REASON(count % 16 == 0 ? write_in_all(count + 1) : put_in_all(count), REASON_OK);
    CHECK_REASON(put_in_all(count / 2), REASON_OK);
  }
  return count;
}

static unsigned mapped_tables(void) {
  unsigned count = 0;
  char line[PATH_MAX + 200];
  FILE *file = fopen("/proc/self/maps", "r");
  while (file != NULL && fgets(line, sizeof(line), file) != NULL)
    count += strstr(line, folder) != NULL;
  if (file != NULL) fclose(file);
  return count;
}

static void readers_see_each_table_whole_while_it_is_replaced(void) {
  make_folder();
  settings.enumerate = grouped = true;
  CHECK_REASON(write_in_all(BASE_ACCOUNTS), REASON_OK);
  shared = tables_new(folder);
  atomic_store(&published, BASE_ACCOUNTS);
  pthread_t threads[READERS + 3];
  for (uintptr_t i = 0; i < READERS; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, read_on, (void *)(i + 1)), 0);
  CHECK_INT(pthread_create(&threads[READERS], NULL, fork_on, NULL), 0);
  CHECK_INT(pthread_create(&threads[READERS + 1], NULL, list_members, NULL), 0);
  CHECK_INT(pthread_create(&threads[READERS + 2], NULL, list_accounts, NULL), 0);
  unsigned count = write_on();
  atomic_store(&over, true);
  for (int i = 0; i < READERS + 3; i++)
    pthread_join(threads[i], NULL);

  printf("# %u lookups, %u listings, %u forks, %u replacements\n", lookups, listings, forks, count - BASE_ACCOUNTS);
  CHECK_INT(misses, 0);
  CHECK(lookups > 0 && listings > 1 && forks > 0 && count > BASE_ACCOUNTS);
  CHECK(has_account(shared, count - 1));
  CHECK_INT(mapped_tables(), 2);
  tables_free(shared);
  CHECK_INT(mapped_tables(), 0);
}

/* As exit(3) does while other threads go on. */
static void unmapping_beside_lookups_is_harmless(void) {
  atomic_store(&over, false);
  atomic_store(&misses, 0);
  grouped = false;
  CHECK_REASON(write_accounts(BASE_ACCOUNTS), REASON_OK);
  shared = tables_new(folder);
  atomic_store(&published, BASE_ACCOUNTS);
  pthread_t threads[READERS];
  for (uintptr_t i = 0; i < READERS; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, read_on, (void *)(i + 1)), 0);
  for (int64_t end = now_ms() + RUN_MS / 4; now_ms() < end;)
    tables_unmap(shared);
  atomic_store(&over, true);
  for (int i = 0; i < READERS; i++)
    pthread_join(threads[i], NULL);
  CHECK_INT(misses, 0);
  tables_free(shared);
  CHECK_INT(mapped_tables(), 0);
}

UNIT_MAIN({"readers see each table whole while it is replaced", readers_see_each_table_whole_while_it_is_replaced},
          {"unmapping beside lookups is harmless", unmapping_beside_lookups_is_harmless})
