/*
 * What the operators mean. Types matter: the string "true" is not true, and "1" is not 1.
 *
 *   ==      a claim of the same type and value; an array or object equals nothing
 *   !=      a claim of the same type and another value: neither an absent claim nor one of another type fulfils it,
 *           or a token could get round it by its form
 *   has     an array with such a member; a string with such a word between blanks; an object with such a key
 *   exists  a claim that is there and not null
 *   absent  a claim that is not there, or null
 */
#include "condition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"

#define SHOWN_MAX 160 /* characters of a value in a trace */

static void free_text(char **text) {
  free(*text);
}

static bool same_type(const struct condition *condition, const json_t *value) {
  switch (condition->type) {
  case VALUE_STRING:
    return json_is_string(value);
  case VALUE_BOOLEAN:
    return json_is_boolean(value);
  case VALUE_INTEGER:
    return json_is_number(value);
  case VALUE_NONE:
    break;
  }
  return false;
}

/* Both of one type. 5.0 is the number 5; a double beyond 2^53 is no certain integer. */
static bool same_value(const struct condition *condition, const json_t *value) {
  static const int64_t exact = INT64_C(1) << 53;
  if (json_is_string(value)) {
    size_t size = json_string_length(value);
    return size == strlen(condition->string) && memcmp(json_string_value(value), condition->string, size) == 0;
  }
  if (json_is_boolean(value)) return json_boolean_value(value) == (condition->integer != 0);
  if (json_is_integer(value)) return json_integer_value(value) == condition->integer;
  return condition->integer > -exact && condition->integer < exact &&
         json_real_value(value) == (double)condition->integer;
}

static bool equals(const struct condition *condition, const json_t *value) {
  return same_type(condition, value) && same_value(condition, value);
}

static bool has_member(const struct condition *condition, const json_t *array) {
  size_t index;
  json_t *member;
  json_array_foreach(array, index, member) if (equals(condition, member)) return true;
  return false;
}

/* `word` between blanks in `text`, as in `scope` (RFC 6749, 3.3). */
static bool has_word(const char *text, const char *word) {
  size_t length = strlen(word);
  if (length == 0 || strchr(word, ' ')) return false;
  for (const char *at = text; *at; at += strcspn(at, " ")) {
    at += strspn(at, " ");
    if (strcspn(at, " ") == length && strncmp(at, word, length) == 0) return true;
  }
  return false;
}

static bool has_key(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  return value && !json_is_null(value);
}

static bool has(const struct condition *condition, const json_t *value) {
  if (json_is_array(value)) return has_member(condition, value);
  if (condition->type != VALUE_STRING) return false;
  if (json_is_object(value)) return has_key(value, condition->string);
  return json_is_string(value) && has_word(json_string_value(value), condition->string);
}

static bool holds(const struct condition *condition, const json_t *value) {
  if (!value) return condition->operator== CONDITION_ABSENT;
  switch (condition->operator) {
  case CONDITION_EQUAL:
    return equals(condition, value);
  case CONDITION_UNEQUAL:
    return same_type(condition, value) && !same_value(condition, value);
  case CONDITION_HAS:
    return has(condition, value);
  case CONDITION_EXISTS:
    return true;
  case CONDITION_ABSENT:
    return false;
  }
  return false;
}

void trace_claim(const struct trace *trace, const char *step, const char *detail, bool held, const json_t *found,
                 const char *wanted) {
  if (!trace) return;
  CLEANUP(free_text)
  char *shown = found ? json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
  if (shown && strlen(shown) > SHOWN_MAX) memcpy(shown + SHOWN_MAX - 3, "...", 4);
  trace_step(trace, step, detail, held, shown, wanted);
}

static json_t *wanted_value(const struct condition *condition) {
  switch (condition->type) {
  case VALUE_STRING:
    return json_string(condition->string);
  case VALUE_BOOLEAN:
    return json_boolean(condition->integer);
  case VALUE_INTEGER:
    return json_integer(condition->integer);
  case VALUE_NONE:
    break;
  }
  return NULL;
}

static void trace_condition(const struct trace *trace, const struct condition *condition, bool held,
                            const json_t *found) {
  json_t *wanted = wanted_value(condition);
  CLEANUP(free_text)
  char *shown = wanted ? json_dumps(wanted, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
  json_decref(wanted);
  trace_claim(trace, "condition", condition->text, held, found, shown);
}

bool condition_holds(const struct condition *condition, const struct verified_claims *claims,
                     const struct trace *trace) {
  const json_t *value = verified_claims_find(claims, condition->claim);
  bool held = holds(condition, value);
  if (trace) trace_condition(trace, condition, held, value);
  return held;
}
