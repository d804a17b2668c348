#include "reason.h"

#include <ctype.h>

#include "unit.h"

static void codes_are_kebab_case_and_unique(void) {
  for (int i = 0; i < REASON_COUNT; i++) {
    const char *code = reason_code(i);
    CHECK(code[0] >= 'a' && code[0] <= 'z');
    for (const char *c = code; *c; c++)
      CHECK(islower((unsigned char)*c) || *c == '-');
    for (int j = 0; j < i; j++)
      CHECK(strcmp(code, reason_code(j)) != 0);
  }
}

static void every_reason_says_what_happened_and_what_to_do(void) {
  for (int i = 0; i < REASON_COUNT; i++)
    CHECK(*reason_text(i) != '\0' && *reason_advice(i) != '\0');
}

static void a_value_out_of_range_is_internal(void) {
  CHECK_STRING(reason_code((enum reason)9999), "internal");
  CHECK_STRING(reason_code((enum reason) - 1), "internal");
}

UNIT_MAIN({"codes are kebab-case and unique", codes_are_kebab_case_and_unique},
          {"every reason says what happened and what to do", every_reason_says_what_happened_and_what_to_do},
          {"a value out of range is internal", a_value_out_of_range_is_internal})
