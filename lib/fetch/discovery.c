#include "discovery.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "http.h"
#include "token.h"

static void clear(json_t **json) {
  json_decref(*json);
}

/* NULL when it is no JSON object. jansson takes a raw NUL behind a number for nothing. */
static json_t *parse_object(const char *bytes, size_t size) {
  json_t *json = NULL;
  if (memchr(bytes, '\0', size) == NULL) json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
  if (json_is_object(json)) return json;
  json_decref(json);
  return NULL;
}

static bool lists(const json_t *array, const char *word) {
  size_t i;
  const json_t *element;
  json_array_foreach(array, i, element) {
    const char *text = json_string_value(element);
    if (text != NULL && strcmp(text, word) == 0) return true;
  }
  return false;
}

static void take_algorithms(const json_t *document, struct discovery *ret) {
  const json_t *said = json_object_get(document, "id_token_signing_alg_values_supported");
  const char *const *known = token_algorithms_all();
  for (size_t count = 0; *known != NULL && count < FETCH_ALGORITHMS_MAX; known++)
    if (lists(said, *known)) ret->algorithms[count++] = *known;
}

bool discovery_parse(const char *bytes, size_t size, const char *url, struct discovery *ret,
                     struct fetch_error *ret_why) {
  CLEANUP(clear) json_t *document = parse_object(bytes, size);
  const char *issuer = json_string_value(json_object_get(document, "issuer"));
  const char *jwks_uri = json_string_value(json_object_get(document, "jwks_uri"));
  if (document == NULL) return fetch_say(ret_why, "it is not a JSON object");
  if (issuer == NULL) return fetch_say(ret_why, "it names no issuer");
  if (strcmp(issuer, url) != 0)
    return fetch_say(ret_why, "its issuer is \"%.150s\", and `url` must be that, byte for byte", issuer);
  if (jwks_uri == NULL || strlen(jwks_uri) > URL_MAX) return fetch_say(ret_why, "it names no key set (jwks_uri)");
  *ret = (struct discovery){0};
  snprintf(ret->jwks_uri, sizeof(ret->jwks_uri), "%s", jwks_uri);
  take_algorithms(document, ret);
  return true;
}

int64_t bundle_hint(const char *bytes, size_t size) {
  CLEANUP(clear) json_t *bundle = parse_object(bytes, size);
  const json_t *hint = json_object_get(bundle, "spiffe_refresh_hint");
  return json_is_integer(hint) && json_integer_value(hint) >= 0 ? (int64_t)json_integer_value(hint) : -1;
}
