#include "keyset.h"

#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "strict_json.h"

struct keyset {
  json_t *json;
  const json_t *keys; /* the array in it */
};

enum reason keyset_parse(const char *json, size_t size, struct keyset **ret) {
  CLEANUP(json_clear) json_t *parsed = NULL;
  if (size > KEYSET_MAX_SIZE) return REASON_KEYS_MALFORMED;
  enum reason reason = strict_json_parse(json, size, REASON_KEYS_MALFORMED, &parsed);
  if (reason != REASON_OK) return reason;
  const json_t *keys = json_object_get(parsed, "keys"); /* RFC 7517 section 5.1 */
  if (!json_is_array(keys) || json_array_size(keys) > KEYSET_MAX_KEYS) return REASON_KEYS_MALFORMED;
  for (size_t i = 0; i < json_array_size(keys); i++) {
    if (!json_is_object(json_array_get(keys, i))) return REASON_KEYS_MALFORMED;
  }
  struct keyset *keyset = malloc(sizeof *keyset);
  if (keyset == NULL) return REASON_OUT_OF_MEMORY;
  *keyset = (struct keyset){.json = parsed, .keys = keys};
  parsed = NULL;
  *ret = keyset;
  return REASON_OK;
}

void keyset_free(struct keyset *keyset) {
  if (keyset == NULL) return;
  json_decref(keyset->json);
  free(keyset);
}

size_t keyset_count(const struct keyset *keyset) {
  return json_array_size(keyset->keys);
}

void keyset_describe(const struct keyset *keyset, size_t index, struct key_info *ret) {
  const json_t *jwk = json_array_get(keyset->keys, index);
  const char *kty = jwk_string(jwk, "kty");
  CLEANUP(pkey_clear) EVP_PKEY *key = NULL;
  *ret = (struct key_info){.kid = jwk_string(jwk, "kid"),
                           .kty = kty != NULL ? kty : "",
                           .crv = jwk_string(jwk, "crv"),
                           .alg = jwk_string(jwk, "alg"),
                           .use = jwk_string(jwk, "use"),
                           .unusable = jwk_build(jwk, &key)};
  if (key != NULL) ret->bits = EVP_PKEY_get_bits(key);
}

void key_choice_clear(struct key_choice *choice) {
  while (choice->count > 0)
    EVP_PKEY_free(choice->keys[--choice->count]);
}

/* Why `jwk` cannot verify this token, or NULL and the key. */
static const char *serve(const json_t *jwk, const struct algorithm *algorithm, EVP_PKEY **ret) {
  const char *why = jwk_unusable(jwk);
  if (why == NULL) why = jwk_unfit(jwk, algorithm);
  return why != NULL ? why : jwk_build(jwk, ret);
}

enum reason keyset_choose(const struct keyset *keyset, const char *kid, const struct algorithm *algorithm,
                          struct key_choice *ret, const char **ret_why) {
  CLEANUP(key_choice_clear) struct key_choice choice = {0};
  size_t limit = kid != NULL ? KEY_CHOICE_MAX : 1;
  bool kid_found = false;
  *ret_why = "the set has no key";
  for (size_t i = 0; i < keyset_count(keyset); i++) {
    const json_t *jwk = json_array_get(keyset->keys, i);
    const char *own_kid = jwk_string(jwk, "kid");
    /* RFC 7515 section 4.1.4: compared byte for byte */
    if (kid != NULL && (own_kid == NULL || strcmp(own_kid, kid) != 0)) continue;
    kid_found = true;

    EVP_PKEY *key = NULL;
    const char *why = serve(jwk, algorithm, &key);
    if (why != NULL) {
      *ret_why = why;
    } else if (choice.count < limit) {
      choice.keys[choice.count++] = key;
    } else {
      EVP_PKEY_free(key);
      *ret_why = "more than one key fits";
      return REASON_KEY_AMBIGUOUS;
    }
  }
  if (kid != NULL && !kid_found) {
    *ret_why = "no key of the set has this kid";
    return REASON_KEY_UNKNOWN;
  }
  if (choice.count == 0) return REASON_KEY_UNSUITABLE;
  *ret = choice;
  choice.count = 0;
  return REASON_OK;
}
