/* RFC 7638: SHA-256 over a key's required members, in order of their names and without white space. */
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "strict_json.h"
#include "token.h"

#define MEMBERS_MAX 4

/* RFC 7638 section 3.2, RFC 8037 section 2, RFC 9964 section 6. A shared secret has none here. */
static const struct key_kind {
  const char *kty;
  const char *members[MEMBERS_MAX];
} kinds[] = {
    {"RSA", {"e", "kty", "n"}},
    {"EC", {"crv", "kty", "x", "y"}},
    {"OKP", {"crv", "kty", "x"}},
    {"AKP", {"alg", "kty", "pub"}},
};

static const struct key_kind *kind_of(const json_t *jwk) {
  const char *kty = json_string_value(json_object_get(jwk, "kty"));
  for (size_t i = 0; kty != NULL && i < COUNT_OF(kinds); i++) {
    if (strcmp(kinds[i].kty, kty) == 0) return &kinds[i];
  }
  return NULL;
}

/* A name or a number in base64url: nothing that JSON would have to escape, so that each key has one text. */
static bool is_plain(const json_t *value) {
  const char *text = json_string_value(value);
  return text != NULL && *text != '\0' && strlen(text) == json_string_length(value) &&
         strspn(text, BASE64URL_ALPHABET) == strlen(text);
}

static json_t *required_members(const json_t *jwk) {
  const struct key_kind *kind = kind_of(jwk);
  json_t *required = kind != NULL ? json_object() : NULL;
  for (size_t i = 0; required != NULL && i < MEMBERS_MAX && kind->members[i] != NULL; i++) {
    json_t *value = json_object_get(jwk, kind->members[i]);
    if (is_plain(value) && json_object_set(required, kind->members[i], value) == 0) continue;
    json_decref(required);
    required = NULL;
  }
  return required;
}

bool jwk_thumbprint(const json_t *jwk, char ret[THUMBPRINT_SIZE]) {
  CLEANUP(json_clear) json_t *required = required_members(jwk);
  char *text = required != NULL ? json_dumps(required, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
  if (text == NULL) return false;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  bool made = SHA256((const unsigned char *)text, strlen(text), digest) != NULL;
  free(text);
  if (made) base64url_encode(digest, sizeof digest, ret);
  return made;
}
