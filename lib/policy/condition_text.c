/* `CLAIM OP VALUE`: a condition as it is written. What it means stands in condition.c. */
#include <string.h>

#include "loader.h"

#define BLANKS " \t"

bool claim_name_valid(const char *name) {
  if (name[0] == '\0') return false;
  if (name[0] != '/') return true;
  for (const char *c = strchr(name, '~'); c; c = strchr(c + 1, '~'))
    if (c[1] != '0' && c[1] != '1') return false;
  return true;
}

static bool wrong(const char **ret_wrong, const char *what) {
  *ret_wrong = what;
  return false;
}

/* A text in double quotes, in which \" and \\ are the escapes. *text is left behind it. */
static bool read_quoted(struct arena *arena, const char **text, const char **ret, const char **ret_wrong) {
  char *copy = arena_copy(arena, *text + 1, strlen(*text + 1));
  if (!copy) return wrong(ret_wrong, NULL);
  char *to = copy;
  const char *from = *text + 1;
  for (; *from && *from != '"'; from++) {
    if (*from == '\\' && from[1] != '"' && from[1] != '\\')
      return wrong(ret_wrong, "a quoted text has the escapes \\\" and \\\\ alone");
    if (*from == '\\') from++;
    *to++ = *from;
  }
  *to = '\0';
  if (*from != '"') return wrong(ret_wrong, "a quoted text is not closed");
  *text = from + 1;
  *ret = copy;
  return true;
}

/* A word up to the next blank. */
static bool read_word(struct arena *arena, const char **text, const char **ret, const char **ret_wrong) {
  size_t length = strcspn(*text, BLANKS);
  *ret = arena_copy(arena, *text, length);
  *text += length;
  return *ret || wrong(ret_wrong, NULL);
}

static void skip_blanks(const char **text) {
  *text += strspn(*text, BLANKS);
}

static bool read_operator(const char *word, enum condition_operator *ret, const char **ret_wrong) {
  static const struct {
    const char *word;
    enum condition_operator operator;
  } operators[] = {{"==", CONDITION_EQUAL},
                   {"!=", CONDITION_UNEQUAL},
                   {"has", CONDITION_HAS},
                   {"exists", CONDITION_EXISTS},
                   {"absent", CONDITION_ABSENT}};
  for (size_t i = 0; i < COUNT_OF(operators); i++) {
    if (strcmp(word, operators[i].word) != 0) continue;
    *ret = operators[i].operator;
    return true;
  }
  return wrong(ret_wrong,
               "the second word is no operator; there are ==, !=, has, exists and absent, with blanks around");
}

/* A JSON integer: no plus, no leading zero. */
static bool looks_like_integer(const char *text) {
  const char *digits = text + (*text == '-');
  size_t count = strspn(digits, "0123456789");
  return count > 0 && digits[count] == '\0' && (count == 1 || digits[0] != '0');
}

static bool read_integer(const char *text, int64_t *ret) {
  bool negative = *text == '-';
  int64_t value = 0;
  for (const char *c = text + negative; *c; c++) {
    int digit = negative ? '0' - *c : *c - '0';
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value)) return false;
  }
  *ret = value;
  return true;
}

/* Bare text to the end, without the blanks around it. */
static bool read_bare_value(struct arena *arena, const char *text, struct condition *ret, const char **ret_wrong) {
  size_t length = strlen(text);
  while (length > 0 && strchr(BLANKS, text[length - 1]))
    length--;
  ret->string = arena_copy(arena, text, length);
  if (!ret->string) return wrong(ret_wrong, NULL);
  bool is_true = strcmp(ret->string, "true") == 0;
  if (strcmp(ret->string, "null") == 0)
    return wrong(ret_wrong, "a claim that is null counts as absent and equals nothing; the text is \"null\" in quotes");
  if (is_true || strcmp(ret->string, "false") == 0) {
    ret->type = VALUE_BOOLEAN;
    ret->integer = is_true;
  } else if (looks_like_integer(ret->string)) {
    ret->type = VALUE_INTEGER;
    if (!read_integer(ret->string, &ret->integer))
      return wrong(ret_wrong, "the number does not fit 64 bits; in quotes it is text");
  } else {
    ret->type = VALUE_STRING;
  }
  return true;
}

static bool read_value(struct arena *arena, const char *text, struct condition *ret, const char **ret_wrong) {
  if (!*text) return wrong(ret_wrong, "the value is missing; the empty text is \"\"");
  if (*text != '"') return read_bare_value(arena, text, ret, ret_wrong);
  ret->type = VALUE_STRING;
  if (!read_quoted(arena, &text, &ret->string, ret_wrong)) return false;
  skip_blanks(&text);
  return !*text || wrong(ret_wrong, "text stands behind the quoted value");
}

bool condition_parse(struct arena *arena, const char *text, struct condition *ret, const char **ret_wrong) {
  struct condition condition = {.text = text};
  const char *at = text, *operator;
  skip_blanks(&at);
  bool quoted = *at == '"';
  if (!(quoted ? read_quoted : read_word)(arena, &at, &condition.claim, ret_wrong)) return false;
  if (!claim_name_valid(condition.claim))
    return wrong(ret_wrong, "the claim is missing or no JSON Pointer (in one, ~ is written ~0 and / within a name ~1)");
  if (quoted && *at && !strchr(BLANKS, *at)) return wrong(ret_wrong, "a blank is missing behind the quoted claim");
  skip_blanks(&at);
  if (!read_word(arena, &at, &operator, ret_wrong)) return false;
  if (!read_operator(operator, & condition.operator, ret_wrong)) return false;
  skip_blanks(&at);
  if (condition.operator== CONDITION_EXISTS || condition.operator== CONDITION_ABSENT) {
    if (*at) return wrong(ret_wrong, "`exists` and `absent` take no value");
  } else if (!read_value(arena, at, &condition, ret_wrong)) {
    return false;
  }
  *ret = condition;
  return true;
}

static bool same_value(const struct condition *a, const struct condition *b) {
  if (a->type != b->type) return false;
  return a->type == VALUE_STRING ? strcmp(a->string, b->string) == 0 : a->integer == b->integer;
}

bool conditions_contradict(const struct condition *a, const struct condition *b) {
  if (strcmp(a->claim, b->claim) != 0) return false;
  /* Every other operator wants the claim to be there. */
  if ((a->operator== CONDITION_ABSENT) != (b->operator== CONDITION_ABSENT)) return true;
  bool both_equal = a->operator== CONDITION_EQUAL && b->operator== CONDITION_EQUAL;
  bool opposed = (a->operator== CONDITION_EQUAL && b->operator== CONDITION_UNEQUAL) ||
                 (a->operator== CONDITION_UNEQUAL && b->operator== CONDITION_EQUAL);
  return (both_equal && !same_value(a, b)) || (opposed && same_value(a, b));
}
