/*
 * Two conditions, a line each, and behind them the claims: what the operators promise holds whatever the words are.
 * Nobody signed these claims: this file stands in for the verifier.
 */
#include "condition.h"

#include "claims.h"
#include "fuzz.h"
#include "loader.h"
#include "strict_json.h"

struct verified_claims {
  json_t *json;
};

const json_t *verified_claims_find(const struct verified_claims *claims, const char *name) {
  return claims_find(claims->json, name);
}

static bool asks_for_presence(const struct condition *condition) {
  return condition->operator== CONDITION_EXISTS || condition->operator== CONDITION_ABSENT;
}

static bool parse(struct arena *arena, const char *text, struct condition *ret) {
  struct condition again = {.text = NULL};
  const char *wrong = NULL;
  bool parsed = condition_parse(arena, text, ret, &wrong);
  MUST_HOLD(condition_parse(arena, text, &again, &wrong) == parsed);
  MUST_HOLD(parsed || (wrong != NULL && *wrong != '\0' && again.text == NULL));
  if (parsed) MUST_HOLD(claim_name_valid(ret->claim) && (ret->type == VALUE_NONE) == asks_for_presence(ret));
  return parsed;
}

/* ---- holding ---- */

struct seen {
  int steps;
  bool held;
};

static bool is_ascii(const char *text) {
  for (; text != NULL && *text != '\0'; text++)
    if ((unsigned char)*text < ' ' || (unsigned char)*text > 0x7f) return false;
  return true;
}

static void see(void *context, const struct trace_step *step) {
  struct seen *seen = context;
  seen->steps++;
  seen->held = step->held;
  MUST_HOLD(is_ascii(step->found) && is_ascii(step->wanted));
}

/* Traced or not, it is the same. */
static bool holds(const struct condition *condition, json_t *json) {
  struct verified_claims claims = {json};
  struct seen seen = {0};
  struct trace trace = {see, &seen};
  bool held = condition_holds(condition, &claims, NULL);
  MUST_HOLD(condition_holds(condition, &claims, &trace) == held);
  MUST_HOLD(seen.steps == 1 && seen.held == held);
  return held;
}

static bool holds_as(struct condition condition, enum condition_operator operator, json_t * json) {
  condition.operator= operator;
  return holds(&condition, json);
}

static bool same_type(const struct condition *condition, const json_t *value) {
  return condition->type == VALUE_STRING    ? json_is_string(value)
         : condition->type == VALUE_BOOLEAN ? json_is_boolean(value)
                                            : condition->type == VALUE_INTEGER && json_is_number(value);
}

/* == and != share out the values of their own type, and nothing else. */
static void check_equality(const struct condition *condition, json_t *json, const json_t *value) {
  bool equal = holds_as(*condition, CONDITION_EQUAL, json), unequal = holds_as(*condition, CONDITION_UNEQUAL, json);
  MUST_HOLD(!(equal && unequal));
  MUST_HOLD((equal || unequal) == same_type(condition, value));
  if (equal && json_is_string(value)) MUST_HOLD(strcmp(json_string_value(value), condition->string) == 0);
  if (equal && json_is_boolean(value)) MUST_HOLD(json_boolean_value(value) == (condition->integer == 1));
  if (equal && json_is_integer(value)) MUST_HOLD(json_integer_value(value) == condition->integer);
}

/* An array has what one of its members equals. */
static bool member_equals(struct condition condition, const json_t *array) {
  bool found = false;
  condition.claim = "member";
  for (size_t i = 0; i < json_array_size(array); i++) {
    json_t *alone = json_pack("{s:O}", "member", json_array_get(array, i));
    MUST_HOLD(alone != NULL);
    found = holds_as(condition, CONDITION_EQUAL, alone) || found;
    json_decref(alone);
  }
  return found;
}

static void check_membership(const struct condition *condition, json_t *json, const json_t *value) {
  bool held = holds_as(*condition, CONDITION_HAS, json);
  if (json_is_array(value)) {
    MUST_HOLD(held == member_equals(*condition, value));
  } else if (json_is_object(value)) {
    bool there = condition->type == VALUE_STRING && json_object_get(value, condition->string) != NULL;
    MUST_HOLD(!held || (there && !json_is_null(json_object_get(value, condition->string))));
  } else if (held) {
    MUST_HOLD(json_is_string(value) && condition->type == VALUE_STRING && strchr(condition->string, ' ') == NULL);
    MUST_HOLD(*condition->string != '\0' && strstr(json_string_value(value), condition->string) != NULL);
  }
}

/* However the claims are written, the answer is the same. */
static void check_spelling(const struct condition *condition, json_t *json, bool held) {
  char *text = json_dumps(json, JSON_ENSURE_ASCII | JSON_SORT_KEYS | JSON_INDENT(2));
  json_t *again = text != NULL ? json_loads(text, 0, NULL) : NULL;
  MUST_HOLD(again != NULL && holds(condition, again) == held);
  json_decref(again);
  free(text);
}

static bool check(const struct condition *condition, json_t *json) {
  const json_t *value = claims_find(json, condition->claim);
  const json_t *literal = json_object_get(json, condition->claim);
  bool held = holds(condition, json);
  if (condition->claim[0] != '/') MUST_HOLD(value == (json_is_null(literal) ? NULL : literal));
  MUST_HOLD(holds_as(*condition, CONDITION_EXISTS, json) == (value != NULL));
  MUST_HOLD(holds_as(*condition, CONDITION_ABSENT, json) == (value == NULL));
  if (value == NULL) MUST_HOLD(held == (condition->operator== CONDITION_ABSENT));
  if (!asks_for_presence(condition)) check_equality(condition, json, value);
  if (!asks_for_presence(condition)) check_membership(condition, json, value);
  check_spelling(condition, json, held);
  return held;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {(const char *)data, size};
  CLEANUP(fuzz_text_free) char *first = fuzz_text(fuzz_line(&input));
  CLEANUP(fuzz_text_free) char *second = fuzz_text(fuzz_line(&input));
  CLEANUP(arena_free) struct arena arena = {0};
  CLEANUP(json_clear) json_t *json = NULL;
  struct condition a, b;
  bool is_a = parse(&arena, first, &a), is_b = parse(&arena, second, &b);
  if (strict_json_parse(input.at, input.left, REASON_CLAIMS_MALFORMED, &json) != REASON_OK) return 0;
  bool holds_a = is_a && check(&a, json), holds_b = is_b && check(&b, json);
  if (!is_a || !is_b) return 0;
  MUST_HOLD(conditions_contradict(&a, &b) == conditions_contradict(&b, &a));
  MUST_HOLD(!(conditions_contradict(&a, &b) && holds_a && holds_b));
  return 0;
}
