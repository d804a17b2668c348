/* The small ones of lib/base: erasing, traces, home folders. */
#include "account_settings.h"
#include "secret.h"
#include "trace.h"
#include "unit.h"

static bool all_zero(const void *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (((const unsigned char *)bytes)[i] != 0) return false;
  return true;
}

static void erasing_leaves_zeroes(void) {
  char array[9] = "a secret";
  struct {
    long number;
    char text[8];
  } object = {1, "secret"};
  ERASE_ARRAY(array);
  CHECK(all_zero(array, sizeof array));
  ERASE_OBJECT(object);
  CHECK(all_zero(&object, sizeof object));
  strcpy(array, "a secret");
  secret_erase(array, 4);
  CHECK(all_zero(array, 4) && strcmp(array + 4, "cret") == 0);
  secret_erase(NULL, 4);
  secret_free(NULL);
  secret_free(strdup("a secret"));
}

static void count_step(void *context, const struct trace_step *step) {
  int *steps = context;
  *steps += 1;
  CHECK_STRING(step->step, "audience");
  CHECK_STRING(step->detail, NULL);
  CHECK(!step->held);
  CHECK_STRING(step->found, "b");
  CHECK_STRING(step->wanted, "a");
}

static void a_trace_hears_each_step(void) {
  int steps = 0;
  struct trace trace = {count_step, &steps};
  trace_step(&trace, "audience", NULL, false, "b", "a");
  trace_step(NULL, "audience", NULL, false, "b", "a");
  CHECK_INT(steps, 1);
}

static void home_folders(void) {
  char home[ACCOUNT_PATH_MAX + 1] = "untouched", small[12] = "untouched", long_template[ACCOUNT_PATH_MAX + 2];
  CHECK(account_home("/home/{name}", "alice", home, sizeof home));
  CHECK_STRING(home, "/home/alice");
  CHECK(account_home("/srv/{name}/{name}.d", "bob", home, sizeof home));
  CHECK_STRING(home, "/srv/bob/bob.d");
  CHECK(account_home("/nonexistent/{nam}", "bob", home, sizeof home));
  CHECK_STRING(home, "/nonexistent/{nam}");

  CHECK(account_home("/home/{name}", "alice", small, sizeof small));
  CHECK_STRING(small, "/home/alice");
  CHECK(!account_home("/home/{name}", "alicia", small, sizeof small));
  CHECK_STRING(small, "/home/alice");
  memset(long_template, 'x', sizeof long_template);
  long_template[ACCOUNT_PATH_MAX + 1] = '\0';
  CHECK(!account_home(long_template, "bob", home, sizeof home));
  long_template[ACCOUNT_PATH_MAX] = '\0';
  CHECK(account_home(long_template, "bob", home, sizeof home));
  CHECK_STRING(home, long_template);
}

UNIT_MAIN({"erasing leaves zeroes", erasing_leaves_zeroes}, {"a trace hears each step", a_trace_hears_each_step},
          {"home folders", home_folders})
