/*
 * Lookups through glibc, by one NSS module after the other in turn, so that all meet the same machine:
 *   nss_lookups FUNCTION ACCOUNTS KEYS ROUNDS TIMES NSSWITCH MODULE...
 *
 * FUNCTION is getpwnam, getpwuid or initgroups; with a ! in front it asks for those who are not there. The modules have
 * ACCOUNTS, of which KEYS are asked for, in an order that leaps to and fro. Each of ROUNDS lets every module make TIMES
 * lookups; NSSWITCH is the file that stands for nsswitch.conf. Prints for each module the nanoseconds of processor time
 * that a lookup took in the round that a quarter of all were faster than: other programs only ever slow a round down.
 */
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "account_settings.h"

enum { WARM_UP = 200, GROUPS_MAX = 64 };

struct key {
  char name[24];
  uid_t uid;
};

typedef bool lookup(const struct key *key);

static _Noreturn void die(const char *what) {
  fprintf(stderr, "nss_lookups: %s\n", what);
  exit(EXIT_FAILURE);
}

/* ---- the lookups ---- */

static bool by_name(const struct key *key) {
  struct passwd record, *found;
  char buffer[1024];
  return getpwnam_r(key->name, &record, buffer, sizeof(buffer), &found) == 0 && found != NULL;
}

static bool by_uid(const struct key *key) {
  struct passwd record, *found;
  char buffer[1024];
  return getpwuid_r(key->uid, &record, buffer, sizeof(buffer), &found) == 0 && found != NULL;
}

static bool groups_of(const struct key *key) {
  gid_t groups[GROUPS_MAX];
  int count = GROUPS_MAX;
  return getgrouplist(key->name, key->uid, groups, &count) > 0;
}

static lookup *lookup_named(const char *function) {
  if (strcmp(function, "getpwnam") == 0) return by_name;
  if (strcmp(function, "getpwuid") == 0) return by_uid;
  if (strcmp(function, "initgroups") == 0) return groups_of;
  die("no such function");
}

/* ---- measuring ---- */

struct walk {
  lookup *look_up;
  struct key *keys;
  unsigned count, next;
};

long measured(struct walk *walk, long times);

__attribute__((noinline)) long measured(struct walk *walk, long times) {
  long found = 0;
  for (long i = 0; i < times; i++) {
    found += walk->look_up(&walk->keys[walk->next]);
    if (++walk->next == walk->count) walk->next = 0;
  }
  return found;
}

static struct key *make_keys(unsigned accounts, unsigned count, bool known) {
  struct key *keys = calloc(count, sizeof(*keys));
  if (keys == NULL) die("no memory");
  for (unsigned i = 0; i < count; i++) {
    unsigned number = (unsigned)(i * UINT64_C(2654435761) % accounts);
    snprintf(keys[i].name, sizeof(keys[i].name), "%s%u", known ? "account" : "nobody", number);
    keys[i].uid = (uid_t)(ACCOUNT_UID_MIN_DEFAULT + 2 * number + !known);
  }
  return keys;
}

/* glibc sees by the file's time of change that it is another. */
static void switch_to(const char *nsswitch, const char *module) {
  FILE *file = fopen(nsswitch, "w");
  if (file == NULL || fprintf(file, "passwd: %s\ngroup: %s\n", module, module) < 0 || fclose(file) != 0) die(nsswitch);
}

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double round_of(struct walk *walk, long times) {
  for (int i = 0; i < WARM_UP; i++)
    walk->look_up(&walk->keys[(walk->next + (unsigned)i) % walk->count]);
  double start = nanoseconds();
  measured(walk, times);
  return (nanoseconds() - start) / (double)times;
}

/* Every key once: each module gives the right answer, and has touched what it needs. */
static void try_all(struct walk *walk, bool known) {
  for (unsigned i = 0; i < walk->count; i++)
    if (walk->look_up(&walk->keys[i]) != (known || walk->look_up == groups_of)) die("a wrong answer");
}

static int by_size(const void *a, const void *b) {
  return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

int main(int argc, char **argv) {
  if (argc < 8) die("wrong use");
  bool known = argv[1][0] != '!';
  unsigned accounts = (unsigned)atol(argv[2]);
  struct walk walk = {.look_up = lookup_named(argv[1] + !known), .count = (unsigned)atol(argv[3])};
  long rounds = atol(argv[4]), times = atol(argv[5]);
  walk.keys = make_keys(accounts, walk.count, known);

  int modules = argc - 7;
  double *took = calloc((size_t)(modules * rounds), sizeof(*took));
  for (int module = 0; module < modules; module++) {
    switch_to(argv[6], argv[7 + module]);
    try_all(&walk, known);
  }
  for (long i = 0; i < rounds; i++)
    for (int module = 0; module < modules; module++) {
      switch_to(argv[6], argv[7 + module]);
      took[module * rounds + i] = round_of(&walk, times);
    }
  for (int module = 0; module < modules; module++) {
    qsort(took + module * rounds, (size_t)rounds, sizeof(*took), by_size);
    printf("%.0f\n", took[module * rounds + rounds / 4]);
  }
  free(walk.keys);
  free(took);
  return EXIT_SUCCESS;
}
