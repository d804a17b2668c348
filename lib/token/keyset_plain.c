/*
 * The plain form of a key set, a JWK Set (RFC 7517 section 5): cut into its keys, of which only those are parsed that
 * are asked for. Parsing a hundred keys costs as much as all the rest of a login.
 */
#include <stdlib.h>
#include <string.h>

#include "keyset.h"
#include "strict_json.h"

static const char *skip_space(const char *text, const char *end) {
  while (text < end && (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r'))
    text++;
  return text;
}

/* Behind `c`, when that comes next, or NULL. */
static const char *skip(const char *text, const char *end, char c) {
  text = skip_space(text, end);
  return text < end && *text == c ? text + 1 : NULL;
}

/* Behind the bracket that closes the one at `text`, or NULL. Whether they match is the parser's affair. */
static const char *value_end(const char *text, const char *end) {
  unsigned depth = 0;
  for (; text < end; text++) {
    if (*text == '"') {
      text = json_string_end(text + 1, end);
    } else if (*text == '{' || *text == '[') {
      depth++;
    } else if ((*text == '}' || *text == ']') && --depth == 0) {
      return text + 1;
    }
  }
  return NULL;
}

/* Behind the bracket that opens the member "keys", or NULL. A name spelt with escapes is not known. */
static const char *find_keys(const char *text, const char *end) {
  static const char name[] = "\"keys\"";
  const size_t size = sizeof name - 1;
  text = skip(text, end, '{');
  while (text != NULL && text < end) {
    if (*text == '{' || *text == '[') {
      text = value_end(text, end);
    } else if (*text != '"') {
      text++;
    } else {
      const char *behind = json_string_end(text + 1, end) + 1;
      bool is_name = (size_t)(behind - text) == size && memcmp(text, name, size) == 0;
      const char *value = is_name ? skip(behind, end, ':') : NULL;
      if (value != NULL) return skip(value, end, '[');
      text = behind;
    }
  }
  return NULL;
}

/*
 * What is around the keys is parsed as ever, with an empty array in their place. So a second "keys", or anything behind
 * the set, is not overlooked.
 */
static enum reason check_frame(const char *text, size_t head, const char *tail, size_t tail_size) {
  CLEANUP(json_clear) json_t *json = NULL;
  char *frame = malloc(head + tail_size);
  if (frame == NULL) return REASON_OUT_OF_MEMORY;
  memcpy(frame, text, head);
  memcpy(frame + head, tail, tail_size);
  enum reason reason = strict_json_parse(frame, head + tail_size, REASON_KEYS_MALFORMED, &json);
  free(frame);
  return reason;
}

/* ---- kid ---- */

/*
 * Where the text of a key has no escape, no object within, and "kid" once, in front of a string, that string is its
 * kid. Where it has no "kid" at all, neither has the key. Anything else is parsed to know. False: parse it.
 */
static bool read_kid(struct keyset_entry *entry) {
  static const char name[] = "\"kid\"";
  const size_t size = sizeof name - 1;
  const char *text = entry->text, *end = text + entry->text_size;
  if (memchr(text, '\\', entry->text_size) != NULL || memchr(text + 1, '{', entry->text_size - 1) != NULL) return false;
  const char *found = memmem(text, entry->text_size, name, size);
  if (found == NULL) return true;
  found += size;
  if (memmem(found, (size_t)(end - found), name, size) != NULL) return false;
  const char *value = skip(found, end, ':');
  const char *kid = value != NULL ? skip(value, end, '"') : NULL;
  if (kid == NULL) return false;
  entry->kid = kid;
  entry->kid_size = (size_t)(json_string_end(kid, end) - kid);
  return true;
}

static void find_kid(struct keyset_entry *entry) {
  if (read_kid(entry)) return;
  keyset_look_at(entry);
  entry->kid = entry->jwk.kid;
  entry->kid_size = entry->kid != NULL ? strlen(entry->kid) : 0;
}

/* ---- the set ---- */

/* The keys up to the bracket that closes the array, which *ret_end is. */
static enum reason cut(struct keyset *keyset, const char *text, const char *end, const char **ret_end) {
  const char *next = skip_space(text, end);
  while (next != NULL && next < end && (*next != ']' || keyset->count > 0)) {
    const char *behind = *next == '{' ? value_end(next, end) : NULL;
    if (behind == NULL || keyset->count == KEYSET_MAX_KEYS) return REASON_KEYS_MALFORMED;
    struct keyset_entry *entry = &keyset->entries[keyset->count++];
    *entry = (struct keyset_entry){.text = next, .text_size = (size_t)(behind - next)};
    find_kid(entry);
    next = skip_space(behind, end);
    if (next < end && *next == ']') break;
    next = skip(next, end, ',');
    if (next != NULL) next = skip_space(next, end);
  }
  if (next == NULL || next >= end) return REASON_KEYS_MALFORMED;
  *ret_end = next;
  return REASON_OK;
}

static enum reason fill(struct keyset *keyset, const char *json, size_t size) {
  if (memchr(json, '\0', size) != NULL) return REASON_KEYS_MALFORMED;
  keyset->bytes = malloc(size + 1);
  keyset->entries = calloc(KEYSET_MAX_KEYS, sizeof *keyset->entries);
  if (keyset->bytes == NULL || keyset->entries == NULL) return REASON_OUT_OF_MEMORY;
  const char *text = memcpy(keyset->bytes, json, size), *end = text + size;
  keyset->bytes[size] = '\0'; /* a name that is cut off there is compared with one byte more */
  const char *keys = find_keys(text, end), *tail;
  if (keys == NULL) return REASON_KEYS_MALFORMED;
  enum reason reason = cut(keyset, keys, end, &tail);
  return reason == REASON_OK ? check_frame(text, (size_t)(keys - text), tail, (size_t)(end - tail)) : reason;
}

enum reason keyset_parse(const char *json, size_t size, struct keyset **ret) {
  if (size > KEYSET_MAX_SIZE) return REASON_KEYS_MALFORMED;
  struct keyset *keyset = calloc(1, sizeof *keyset);
  if (keyset == NULL) return REASON_OUT_OF_MEMORY;
  enum reason reason = fill(keyset, json, size);
  if (reason != REASON_OK) {
    keyset_free(keyset);
    return reason;
  }
  *ret = keyset;
  return REASON_OK;
}
