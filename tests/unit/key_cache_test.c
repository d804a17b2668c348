/* The cache's names and times. */
#include "key_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static const char *path_of(const char *title) {
  static char paths[2][KEY_CACHE_PATH_SIZE];
  static unsigned next;
  char *path = paths[next++ % 2];
  CHECK(key_cache_path("/c", title, KEY_CACHE_KEYS, path));
  return path;
}

/* A name that changed would orphan what hosts have in their caches. */
static void names_are_readable_and_stable(void) {
  CHECK_STRING(path_of("github"), "/c/github-a5d76f9985604f66.keys");
  char path[KEY_CACHE_PATH_SIZE];
  CHECK(key_cache_path("/c", "github", KEY_CACHE_LOCK, path));
  CHECK_STRING(path, "/c/github-a5d76f9985604f66.lock");
}

static void no_title_leaves_the_folder(void) {
  static const char *const titles[] = {"../../etc/x", "a/b", "", ".", "\xc3\xa9\x01 \n"};
  for (size_t i = 0; i < COUNT_OF(titles); i++) {
    const char *path = path_of(titles[i]);
    CHECK(strncmp(path, "/c/", 3) == 0 && strchr(path + 3, '/') == NULL);
    for (const char *c = path + 3; *c != '\0'; c++)
      CHECK(*c > ' ' && *c <= '~');
  }
}

static void titles_that_look_alike_are_kept_apart(void) {
  char long_one[100], long_other[100];
  memset(long_one, 'x', sizeof(long_one));
  memset(long_other, 'x', sizeof(long_other));
  long_one[99] = long_other[98] = '\0';
  CHECK(strcmp(path_of("a b"), path_of("a_b")) != 0);
  CHECK(strcmp(path_of(long_one), path_of(long_other)) != 0);
  CHECK(strlen(path_of(long_one)) == strlen(path_of(long_other)));
}

static void a_path_that_does_not_fit_is_none(void) {
  char folder[KEY_CACHE_PATH_SIZE], path[KEY_CACHE_PATH_SIZE];
  memset(folder, 'f', sizeof(folder) - 1);
  folder[sizeof(folder) - 1] = '\0';
  CHECK(!key_cache_path(folder, "t", KEY_CACHE_KEYS, path));
}

/* ---- times ---- */

static char file[] = "/tmp/jwt-login-test.XXXXXX";

static void set_time(int64_t modified) {
  const struct timespec times[2] = {{.tv_sec = modified}, {.tv_sec = modified}};
  CHECK(utimensat(AT_FDCWD, file, times, 0) == 0);
}

static void a_stamp_counts_for_the_pause(void) {
  const int64_t now = 1800000000;
  set_time(now);
  CHECK_INT(key_cache_stamp_age(file, now), 0);
  CHECK_INT(key_cache_stamp_age(file, now + 29), 29);
  CHECK_INT(key_cache_stamp_age(file, now + KEY_CACHE_PAUSE_SECONDS), -1);
  CHECK_INT(key_cache_stamp_age(file, now - 1), 0); /* who asked before waited for the lock */
  CHECK_INT(key_cache_stamp_age(file, now - KEY_CACHE_AHEAD_SECONDS), 0);
  CHECK_INT(key_cache_stamp_age(file, now - KEY_CACHE_AHEAD_SECONDS - 1), -1); /* the clock was set back */
  CHECK_INT(key_cache_stamp_age("/nonexistent", now), -1);
}

static void a_change_is_seen(void) {
  struct timespec now, past, future;
  CHECK(clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0);
  set_time(0); /* what counts is when the kernel saw the change, not what the owner says */
  past = (struct timespec){.tv_sec = now.tv_sec - 1, .tv_nsec = 999999999};
  future = (struct timespec){.tv_sec = now.tv_sec + 60};
  CHECK(key_cache_changed_since(file, &past));
  CHECK(key_cache_changed_since(file, &now));
  CHECK(!key_cache_changed_since(file, &future));
  CHECK(!key_cache_changed_since("/nonexistent", &past));
}

int main(void) {
  static const struct unit_test tests[] = {
      {"names are readable and stable", names_are_readable_and_stable},
      {"no title leaves the folder", no_title_leaves_the_folder},
      {"titles that look alike are kept apart", titles_that_look_alike_are_kept_apart},
      {"a path that does not fit is none", a_path_that_does_not_fit_is_none},
      {"a stamp counts for the pause", a_stamp_counts_for_the_pause},
      {"a change is seen", a_change_is_seen},
  };
  close(mkstemp(file));
  int status = unit_run(tests, COUNT_OF(tests));
  unlink(file);
  return status;
}
