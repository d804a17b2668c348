/* A unit test in TAP: TEST(name) functions, CHECK in them, UNIT_MAIN at the end. */
#ifndef JWT_LOGIN_UNIT_H
#define JWT_LOGIN_UNIT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"

struct unit_test {
  const char *name;
  void (*run)(void);
};

static bool unit_failed;
static const char *unit_skipped;

static inline void unit_fail(const char *file, int line, const char *what) {
  printf("# %s:%d: %s\n", file, line, what);
  unit_failed = true;
}

/* Note a failure and go on. */
#define CHECK(condition)                                         \
  do {                                                           \
    if (!(condition)) unit_fail(__FILE__, __LINE__, #condition); \
  } while (0)

/* The same for strings and integers, showing both. */
#define CHECK_STRING(found, wanted)                                                                   \
  do {                                                                                                \
    const char *found_ = (found), *wanted_ = (wanted);                                                \
    if (found_ == NULL || wanted_ == NULL ? found_ != wanted_ : strcmp(found_, wanted_) != 0) {       \
      unit_fail(__FILE__, __LINE__, #found);                                                          \
      printf("#   found  %s\n#   wanted %s\n", found_ ? found_ : "NULL", wanted_ ? wanted_ : "NULL"); \
    }                                                                                                 \
  } while (0)
#define CHECK_INT(found, wanted)                                          \
  do {                                                                    \
    long long found_ = (long long)(found), wanted_ = (long long)(wanted); \
    if (found_ != wanted_) {                                              \
      unit_fail(__FILE__, __LINE__, #found);                              \
      printf("#   found  %lld\n#   wanted %lld\n", found_, wanted_);      \
    }                                                                     \
  } while (0)

/* The same for reasons, by their codes. */
#define CHECK_REASON(found, wanted) CHECK_STRING(reason_code(found), reason_code(wanted))

#define SKIP(why)       \
  do {                  \
    unit_skipped = why; \
    return;             \
  } while (0)

static inline int unit_run(const struct unit_test *tests, size_t count) {
  bool all_passed = true;
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("1..%zu\n", count);
  for (size_t i = 0; i < count; i++) {
    unit_failed = false;
    unit_skipped = NULL;
    tests[i].run();
    printf("%sok %zu - %s", unit_failed ? "not " : "", i + 1, tests[i].name);
    printf(unit_skipped ? " # SKIP %s\n" : "%s\n", unit_skipped ? unit_skipped : "");
    all_passed = all_passed && !unit_failed;
  }
  return all_passed ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* valgrind is fifty times as slow. */
static inline bool unit_on_valgrind(void) {
  const char *preload = getenv("LD_PRELOAD");
  return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

/* For a program that valgrind cannot serve: says so in the plan, and main is over. */
static inline bool unit_valgrind_cannot(const char *why) {
  bool here = unit_on_valgrind();
  if (here) printf("1..0 # SKIP %s\n", why);
  return here;
}

/* UNIT_MAIN({"name", function}, ...) */
#define UNIT_MAIN(...)                                     \
  int main(void) {                                         \
    static const struct unit_test tests[] = {__VA_ARGS__}; \
    return unit_run(tests, COUNT_OF(tests));               \
  }

/* The same for a program that valgrind cannot serve. */
#define UNIT_MAIN_WITHOUT_VALGRIND(why, ...)                                 \
  int main(void) {                                                           \
    static const struct unit_test tests[] = {__VA_ARGS__};                   \
    return unit_valgrind_cannot(why) ? 0 : unit_run(tests, COUNT_OF(tests)); \
  }

#endif
