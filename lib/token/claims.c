#include "claims.h"

#include <stdlib.h>
#include <string.h>

bool list_holds(const char *const *list, const char *text) {
  for (size_t i = 0; list[i] != NULL; i++) {
    if (strcmp(list[i], text) == 0) return true;
  }
  return false;
}

static bool is_string_or_list(const json_t *value) {
  size_t i;
  const json_t *item;
  if (json_is_string(value)) return true;
  if (!json_is_array(value)) return false;
  json_array_foreach(value, i, item) {
    if (!json_is_string(item)) return false;
  }
  return true;
}

static bool is_string(const json_t *value) {
  return json_is_string(value);
}

static bool is_date(const json_t *value) {
  int64_t ignored;
  return numeric_date(value, &ignored);
}

enum reason claims_check_types(const json_t *claims) {
  static const struct {
    const char *name;
    bool (*has_type)(const json_t *value);
  } registered[] = {
      {"iss", is_string},         /* RFC 7519 section 4.1.1 */
      {"sub", is_string},         /* 4.1.2 */
      {"aud", is_string_or_list}, /* 4.1.3 */
      {"exp", is_date},           /* 4.1.4 */
      {"nbf", is_date},           /* 4.1.5 */
      {"iat", is_date},           /* 4.1.6 */
      {"jti", is_string},         /* 4.1.7 */
      {"azp", is_string},         /* OpenID Connect Core section 2 */
  };
  for (size_t i = 0; i < COUNT_OF(registered); i++) {
    const json_t *value = json_object_get(claims, registered[i].name);
    if (value != NULL && !registered[i].has_type(value)) return REASON_CLAIMS_MALFORMED;
  }
  return REASON_OK;
}

bool numeric_date(const json_t *value, int64_t *ret) {
  if (json_is_integer(value)) {
    *ret = json_integer_value(value);
    return true;
  }
  if (!json_is_real(value)) return false;
  double seconds = json_real_value(value);
  if (!(seconds >= -0x1p62 && seconds <= 0x1p62)) return false;
  int64_t whole = (int64_t)seconds;
  *ret = whole + (seconds > (double)whole);
  return true;
}

/* Segments of letters, digits, dot, hyphen and underscore, none of them empty, "." or "..". */
static bool is_spiffe_path(const char *path) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
  while (*path == '/') {
    const char *segment = path + 1;
    size_t size = strspn(segment, allowed);
    bool is_dots = (size == 1 || size == 2) && strncmp(segment, "..", size) == 0;
    if (size == 0 || is_dots) return false;
    path = segment + size;
  }
  return *path == '\0';
}

bool is_spiffe_id(const char *text, const char *trust_domain) {
  static const char scheme[] = "spiffe://";
  size_t scheme_size = sizeof scheme - 1, domain_size = strlen(trust_domain);
  if (strlen(text) > 2048 || strncmp(text, scheme, scheme_size) != 0) return false;
  text += scheme_size;
  if (strncmp(text, trust_domain, domain_size) != 0) return false;
  return text[domain_size] == '/' && is_spiffe_path(text + domain_size);
}

/* ---- finding one ---- */

/* Turn ~1 and ~0 of one step (RFC 6901 section 4) into / and ~, in place. False for another ~. */
static bool unescape(char *step) {
  char *out = step;
  for (const char *in = step; *in != '\0'; in++) {
    if (*in != '~') {
      *out++ = *in;
      continue;
    }
    in++;
    if (*in != '0' && *in != '1') return false;
    *out++ = *in == '0' ? '~' : '/';
  }
  *out = '\0';
  return true;
}

static const json_t *array_member(const json_t *array, const char *step) {
  size_t digits = strspn(step, "0123456789");
  bool is_index = digits > 0 && digits < 10 && step[digits] == '\0' && (step[0] != '0' || digits == 1);
  return is_index ? json_array_get(array, strtoul(step, NULL, 10)) : NULL;
}

/* `pointer` is taken apart. */
static const json_t *follow(const json_t *value, char *pointer) {
  char *rest = pointer + 1; /* behind the first slash */
  while (value != NULL && rest != NULL) {
    char *step = strsep(&rest, "/");
    if (!unescape(step)) return NULL;
    value = json_is_array(value) ? array_member(value, step) : json_object_get(value, step);
  }
  return value;
}

const json_t *claims_find(const json_t *claims, const char *name) {
  const json_t *found;
  if (name[0] == '/') {
    char *pointer = strdup(name);
    found = pointer != NULL ? follow(claims, pointer) : NULL;
    free(pointer);
  } else {
    found = name[0] == '\0' ? claims : json_object_get(claims, name);
  }
  return json_is_null(found) ? NULL : found;
}
