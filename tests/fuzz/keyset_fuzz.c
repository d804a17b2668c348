/*
 * A key set, taken for a plain JWK Set and for the cached form. A key is the same however often it is asked about, and
 * the same in both forms; what is written to the cache is read again as it was.
 */
#include <openssl/evp.h>

#include "fuzz.h"
#include "keyset.h"
#include "strict_json.h"
#include "token.h"

#define LOOKED_AT 40 /* keys of a set; the others are like them */

/* ---- one set ---- */

static bool same_text(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_key(const struct key_info *a, const struct key_info *b) {
  return same_text(a->kid, b->kid) && same_text(a->kty, b->kty) && same_text(a->crv, b->crv) &&
         same_text(a->alg, b->alg) && same_text(a->use, b->use) && same_text(a->unusable, b->unusable) &&
         a->bits == b->bits;
}

static void check_key(const struct keyset *set, size_t index) {
  struct key_info key, again;
  keyset_describe(set, index, &key);
  keyset_describe(set, index, &again);
  MUST_HOLD(same_key(&key, &again) && key.kty != NULL);
  if (key.unusable != NULL) {
    for (const char *c = key.unusable; *c != '\0'; c++)
      MUST_HOLD(*c >= ' ' && *c <= '~');
    MUST_HOLD(key.unusable[0] != '\0' && key.bits == 0);
    return;
  }
  bool rsa = strcmp(key.kty, "RSA") == 0;
  MUST_HOLD(key.bits >= (rsa ? 2048 : 253) && (!rsa || key.bits <= 8192));
  MUST_HOLD(key.alg == NULL || token_algorithm_known(key.alg));
  MUST_HOLD(key.use == NULL || strcmp(key.use, "sig") == 0 || strcmp(key.use, "jwt-svid") == 0);
}

/* The reason; the choice holds no more keys than it may, each of the kind that the algorithm wants. */
static enum reason choose(const struct keyset *set, const char *kid, const char *algorithm, struct key_choice *ret) {
  const char *why = NULL;
  enum reason reason = keyset_choose(set, kid, NULL, algorithm_find(algorithm), ret, &why);
  MUST_HOLD(reason == REASON_OK || (why != NULL && *why != '\0'));
  if (reason == REASON_OK) MUST_HOLD(ret->count >= 1 && ret->count <= (kid != NULL ? KEY_CHOICE_MAX : 1));
  if (kid != NULL) MUST_HOLD((reason == REASON_KEY_UNKNOWN) == !keyset_has_kid(set, kid));
  return reason;
}

static void check_set(const struct keyset *set) {
  struct key_choice choice;
  MUST_HOLD(keyset_count(set) <= KEYSET_MAX_KEYS);
  for (size_t i = 0; i < keyset_count(set) && i < LOOKED_AT; i++) {
    struct key_info key;
    check_key(set, i);
    keyset_describe(set, i, &key);
    for (const char *const *name = token_algorithms_all(); *name != NULL; name++)
      if (token_algorithm_known(*name) && choose(set, key.kid, *name, &choice) == REASON_OK)
        MUST_HOLD(key.kid == NULL || keyset_has_kid(set, key.kid));
  }
}

/* ---- a plain set and what it is in the cache ---- */

/* For a token with this kid and algorithm both forms have the same keys, or none. */
static void check_choice(const struct keyset *plain, const struct keyset *cached, const char *kid) {
  for (const char *const *name = token_algorithms_all(); *name != NULL; name++) {
    struct key_choice a, b;
    if (!token_algorithm_known(*name)) continue;
    enum reason reason = choose(plain, kid, *name, &a), other = choose(cached, kid, *name, &b);
    MUST_HOLD((reason == REASON_OK) == (other == REASON_OK));
    MUST_HOLD((reason == REASON_KEY_AMBIGUOUS) == (other == REASON_KEY_AMBIGUOUS));
    if (reason != REASON_OK) continue;
    MUST_HOLD(a.count == b.count);
    for (size_t i = 0; i < a.count; i++)
      MUST_HOLD(EVP_PKEY_eq(a.keys[i]->key, b.keys[i]->key) == 1);
  }
}

static void check_cached(const struct keyset *plain, const struct keyset *cached) {
  size_t next = 0;
  check_choice(plain, cached, NULL);
  for (size_t i = 0; i < keyset_count(plain); i++) {
    struct key_info key, kept;
    keyset_describe(plain, i, &key);
    if (key.unusable != NULL) continue;
    MUST_HOLD(next < keyset_count(cached));
    keyset_describe(cached, next++, &kept);
    MUST_HOLD(same_key(&key, &kept));
    if (next <= LOOKED_AT && key.kid != NULL) check_choice(plain, cached, key.kid);
  }
  MUST_HOLD(next == keyset_count(cached));
}

static void check_head(const struct keyset_head *head, const struct keyset_head *wanted) {
  MUST_HOLD(same_text(head->title, wanted->title) && same_text(head->url, wanted->url));
  MUST_HOLD(same_text(head->location, wanted->location) && same_text(head->etag, wanted->etag));
  MUST_HOLD(head->fetched == wanted->fetched && head->due == wanted->due);
}

/* Lines of ASCII, and nothing private in them. */
static void check_bytes(const char *bytes, size_t size) {
  static const char *const private[] = {"\"d\":", "\"p\":", "\"q\":", "\"dp\":", "\"dq\":", "\"qi\":", "\"priv\":"};
  MUST_HOLD(size > 0 && bytes[size - 1] == '\n' && strlen(bytes) == size);
  for (size_t i = 0; i < size; i++)
    MUST_HOLD((bytes[i] >= ' ' && (unsigned char)bytes[i] <= 0x7f) || bytes[i] == '\n');
  const char *keys = strchr(bytes, '\n');
  for (size_t i = 0; i < COUNT_OF(private); i++)
    MUST_HOLD(strstr(keys, private[i]) == NULL);
}

static void check_round_trip(const struct keyset *plain) {
  struct key_info first = {0};
  char *bytes;
  size_t size, usable;
  struct keyset *cached = NULL;
  if (keyset_count(plain) > 0) keyset_describe(plain, 0, &first);
  /* Any text, as an issuer may send it. */
  const struct keyset_head head = {"corp", "https://id.example.org/", "discovery", first.kid, 1800000000, INT64_MAX};
  MUST_HOLD(keyset_encode_cached(plain, &head, &bytes, &size, &usable) == REASON_OK);
  check_bytes(bytes, size);
  MUST_HOLD(keyset_parse_cached(bytes, size, &cached) == REASON_OK && keyset_count(cached) == usable);
  check_head(keyset_head(cached), &head);
  check_cached(plain, cached);
  keyset_free(cached);
  free(bytes);
}

/* ---- a plain set and the JSON that it is as a whole ---- */

static bool are_objects(const json_t *keys) {
  size_t i;
  const json_t *key;
  json_array_foreach(keys, i, key) {
    if (!json_is_object(key)) return false;
  }
  return json_is_array(keys);
}

/* That a set is cut into its keys before they are parsed changes neither which sets there are nor which kid a key has;
 * but the member "keys" must be spelt plainly. */
static void check_whole(const char *bytes, size_t size, const struct keyset *plain) {
  CLEANUP(json_clear) json_t *whole = NULL;
  if (strict_json_parse(bytes, size, REASON_KEYS_MALFORMED, &whole) != REASON_OK) return;
  const json_t *keys = json_object_get(whole, "keys");
  bool is_set = are_objects(keys) && json_array_size(keys) <= KEYSET_MAX_KEYS;
  bool is_plain = memchr(bytes, '\\', size) == NULL;
  MUST_HOLD(plain != NULL ? is_set : !is_set || !is_plain);
  if (plain == NULL) return;
  MUST_HOLD(keyset_count(plain) == json_array_size(keys));
  for (size_t i = 0; i < keyset_count(plain); i++) {
    const struct keyset_entry *entry = &plain->entries[i];
    const char *kid = json_string_value(json_object_get(json_array_get(keys, i), "kid"));
    MUST_HOLD((entry->kid == NULL) == (kid == NULL));
    if (kid == NULL) continue;
    MUST_HOLD(entry->kid_size == strlen(kid) && memcmp(entry->kid, kid, entry->kid_size) == 0);
    MUST_HOLD(keyset_has_kid(plain, kid));
  }
}

/* ---- the JSON of both ---- */

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

static size_t depth_of(json_t *value) {
  size_t inner = 0, i;
  const char *name;
  json_t *member;
  json_object_foreach(value, name, member) inner = larger(inner, depth_of(member));
  json_array_foreach(value, i, member) inner = larger(inner, depth_of(member));
  return inner + (json_is_object(value) || json_is_array(value));
}

/* Refused are only what is no object, a NUL, and what is too deep. */
static void check_strictness(const char *bytes, size_t size) {
  CLEANUP(json_clear) json_t *strict = NULL;
  CLEANUP(json_clear) json_t *lenient = size > 0 ? json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
  bool parsed = strict_json_parse(bytes, size, REASON_KEYS_MALFORMED, &strict) == REASON_OK;
  bool sound = json_is_object(lenient) && memchr(bytes, '\0', size) == NULL && depth_of(lenient) <= JSON_DEPTH_MAX;
  MUST_HOLD(parsed == sound && json_equal(strict, lenient) == sound);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static bool prepared;
  struct keyset *plain = NULL, *cached = NULL;
  if (!prepared) MUST_HOLD(token_prepare() == REASON_OK);
  prepared = true;
  check_strictness((const char *)data, size);
  bool is_set = keyset_parse((const char *)data, size, &plain) == REASON_OK;
  check_whole((const char *)data, size, plain);
  if (is_set) {
    MUST_HOLD(keyset_head(plain) == NULL);
    check_set(plain);
    check_round_trip(plain);
  }
  if (keyset_parse_cached((const char *)data, size, &cached) == REASON_OK) {
    const struct keyset_head *head = keyset_head(cached);
    MUST_HOLD(head->title != NULL && head->url != NULL && head->location != NULL);
    check_set(cached);
  }
  keyset_free(plain);
  keyset_free(cached);
  return 0;
}
