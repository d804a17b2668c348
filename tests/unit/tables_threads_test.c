/* Threads that look up while a writer replaces the tables and other threads fork. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "tables_fixture.h"

enum { READERS = 6, RUN_MS = 1000, BASE_ACCOUNTS = 50 };

static struct tables *shared;
static atomic_uint published; /* accounts below this number are in place */
static atomic_bool over;
static atomic_uint lookups, misses, forks;

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What was published before the lookup began is found, whole. */
static void *read_on(void *seed) {
  unsigned state = (unsigned)(uintptr_t)seed;
  while (!atomic_load(&over)) {
    unsigned count = atomic_load(&published);
    unsigned number = rand_r(&state) % 4 == 0 ? count - 1 : rand_r(&state) % count;
    if (!has_account(shared, number)) atomic_fetch_add(&misses, 1);
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
    if (child == 0) _exit(has_account(shared, count - 1) && has_account(shared, 0) ? 0 : 1);
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) atomic_fetch_add(&misses, 1);
    atomic_fetch_add(&forks, 1);
  }
  return NULL;
}

/* One account after the other, with a new base now and then. */
static unsigned write_on(void) {
  unsigned count = BASE_ACCOUNTS;
  for (int64_t end = now_ms() + RUN_MS; now_ms() < end && !unit_failed; atomic_store(&published, ++count)) {
    CHECK_REASON(count % 16 == 0 ? write_accounts(count + 1) : add_account(count), REASON_OK);
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
  CHECK_REASON(write_accounts(BASE_ACCOUNTS), REASON_OK);
  shared = tables_new(folder);
  atomic_store(&published, BASE_ACCOUNTS);
  pthread_t threads[READERS + 1];
  for (uintptr_t i = 0; i < READERS; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, read_on, (void *)(i + 1)), 0);
  CHECK_INT(pthread_create(&threads[READERS], NULL, fork_on, NULL), 0);
  unsigned count = write_on();
  atomic_store(&over, true);
  for (int i = 0; i <= READERS; i++)
    pthread_join(threads[i], NULL);

  printf("# %u lookups, %u forks, %u replacements\n", lookups, forks, count - BASE_ACCOUNTS);
  CHECK_INT(misses, 0);
  CHECK(lookups > 0 && forks > 0 && count > BASE_ACCOUNTS);
  CHECK(has_account(shared, count - 1));
  CHECK_INT(mapped_tables(), 2);
  tables_free(shared);
  CHECK_INT(mapped_tables(), 0);
}

/* As exit(3) does while other threads go on. */
static void unmapping_beside_lookups_is_harmless(void) {
  atomic_store(&over, false);
  atomic_store(&misses, 0);
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
