#include "keyset.h"

#include <stdlib.h>
#include <string.h>

#include "strict_json.h"

void keyset_free(struct keyset *keyset) {
  if (keyset == NULL) return;
  for (size_t i = 0; i < keyset->count; i++) {
    json_decref(keyset->entries[i].json);
    verifier_clear(&keyset->entries[i].verifier);
  }
  free(keyset->entries);
  free(keyset->bytes);
  json_decref(keyset->json);
  free(keyset);
}

size_t keyset_count(const struct keyset *keyset) {
  return keyset->count;
}

/* ---- one key ---- */

void keyset_look_at(struct keyset_entry *entry) {
  if (entry->looked_at) return;
  entry->looked_at = true;
  if (strict_json_parse(entry->text, entry->text_size, REASON_KEYS_MALFORMED, &entry->json) != REASON_OK) {
    entry->unusable = "its JSON is damaged";
    return;
  }
  entry->jwk = jwk_read(entry->json);
  entry->unusable = jwk_unusable(&entry->jwk);
}

const char *keyset_build(struct keyset_entry *entry) {
  keyset_look_at(entry);
  if (entry->unusable == NULL && entry->verifier.key == NULL)
    entry->unusable = jwk_build(&entry->jwk, &entry->verifier.key);
  return entry->unusable;
}

void keyset_describe(const struct keyset *keyset, size_t index, struct key_info *ret) {
  struct keyset_entry *entry = &keyset->entries[index];
  const char *unusable = keyset_build(entry);
  const struct jwk *jwk = &entry->jwk;
  *ret = (struct key_info){.kid = jwk->kid,
                           .kty = jwk->kty != NULL ? jwk->kty : "",
                           .crv = jwk->crv,
                           .alg = jwk->alg,
                           .use = jwk->use,
                           .unusable = unusable};
  if (unusable == NULL) ret->bits = EVP_PKEY_get_bits(entry->verifier.key);
}

/* ---- choosing ---- */

/* A kid that is looked for, as the form of the set writes it. */
struct wanted_kid {
  const char *text; /* NULL: any key will do */
  size_t size;
  char *line_start; /* what text is, in the cached form */
};

static void wanted_kid_clear(struct wanted_kid *wanted) {
  free(wanted->line_start);
}

static enum reason want_kid(const struct keyset *keyset, const char *kid, struct wanted_kid *ret) {
  *ret = (struct wanted_kid){.text = kid};
  if (kid == NULL) return REASON_OK;
  if (keyset->cached) {
    ret->text = ret->line_start = keyset_line_start(kid);
    if (ret->text == NULL) return REASON_OUT_OF_MEMORY;
  }
  ret->size = strlen(ret->text);
  return REASON_OK;
}

/* RFC 7515 section 4.1.4: compared byte for byte. */
static bool is_wanted(const struct keyset_entry *entry, const struct wanted_kid *wanted) {
  if (wanted->text == NULL) return true;
  if (wanted->line_start != NULL)
    return entry->text_size > wanted->size && memcmp(entry->text, wanted->text, wanted->size) == 0;
  return entry->kid != NULL && entry->kid_size == wanted->size && memcmp(entry->kid, wanted->text, wanted->size) == 0;
}

bool keyset_has_kid(const struct keyset *keyset, const char *kid) {
  CLEANUP(wanted_kid_clear) struct wanted_kid wanted = {0};
  if (kid == NULL || want_kid(keyset, kid, &wanted) != REASON_OK) return false;
  for (size_t i = 0; i < keyset->count; i++) {
    if (is_wanted(&keyset->entries[i], &wanted)) return true;
  }
  return false;
}

/* Why this key cannot verify this token, or NULL: then it is built. */
static const char *serve(struct keyset_entry *entry, const char *use, const struct algorithm *algorithm) {
  keyset_look_at(entry);
  if (entry->unusable != NULL) return entry->unusable;
  const struct jwk *jwk = &entry->jwk;
  if (use != NULL && (jwk->use == NULL || strcmp(jwk->use, use) != 0)) return "its use is not jwt-svid";
  const char *why = jwk_unfit(jwk, algorithm);
  return why != NULL ? why : keyset_build(entry);
}

enum reason keyset_choose(const struct keyset *keyset, const char *kid, const char *use,
                          const struct algorithm *algorithm, struct key_choice *ret, const char **ret_why) {
  struct key_choice choice = {0};
  CLEANUP(wanted_kid_clear) struct wanted_kid wanted = {0};
  size_t limit = kid != NULL ? KEY_CHOICE_MAX : 1;
  bool kid_found = false;
  *ret_why = "the set has no key";
  enum reason reason = want_kid(keyset, kid, &wanted);
  if (reason != REASON_OK) return reason;
  for (size_t i = 0; i < keyset->count; i++) {
    struct keyset_entry *entry = &keyset->entries[i];
    if (!is_wanted(entry, &wanted)) continue;
    kid_found = true;
    const char *why = serve(entry, use, algorithm);
    if (why != NULL) {
      *ret_why = why;
    } else if (choice.count < limit) {
      choice.keys[choice.count++] = &entry->verifier;
    } else {
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
  return REASON_OK;
}
