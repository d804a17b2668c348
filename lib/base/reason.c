#include "reason.h"

#include <stdbool.h>

struct reason_row {
  const char *code;
  const char *text;
  const char *advice;
};

#define REASON_ROW(enumerator, code, text, advice) {code, text, advice},
static const struct reason_row rows[] = {REASONS(REASON_ROW)};

static const struct reason_row *row_of(enum reason reason) {
  bool known = (unsigned)reason < COUNT_OF(rows);
  return &rows[known ? reason : REASON_INTERNAL];
}

const char *reason_code(enum reason reason) {
  return row_of(reason)->code;
}

const char *reason_text(enum reason reason) {
  return row_of(reason)->text;
}

const char *reason_advice(enum reason reason) {
  return row_of(reason)->advice;
}
