/* The cached form of a key set: its reader and its writer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyset.h"
#include "strict_json.h"

#define VERSION 1
#define ENCODING (JSON_COMPACT | JSON_ENSURE_ASCII)

/* ---- reading ---- */

const struct keyset_head *keyset_head(const struct keyset *keyset) {
  return keyset->cached ? &keyset->head : NULL;
}

bool keyset_skipped(const struct keyset *keyset, size_t index, const char **ret_kid, const char **ret_why) {
  const json_t *key = keyset->cached ? json_array_get(json_object_get(keyset->json, "skipped"), index) : NULL;
  if (key == NULL) return false;
  const char *why = json_string_value(json_object_get(key, "why"));
  *ret_kid = json_string_value(json_object_get(key, "kid"));
  *ret_why = why != NULL ? why : "the cache does not say why";
  return true;
}

static enum reason parse_head(const char *line, size_t size, struct keyset *keyset) {
  enum reason reason = strict_json_parse(line, size, REASON_KEYS_MALFORMED, &keyset->json);
  if (reason != REASON_OK) return reason;
  struct keyset_head *head = &keyset->head;
  int version;
  json_int_t fetched, due;
  if (json_unpack(keyset->json, "{s:i, s:s, s:s, s:s, s:I, s:I, s?s}", "version", &version, "issuer", &head->title,
                  "url", &head->url, "location", &head->location, "fetched", &fetched, "due", &due, "etag",
                  &head->etag) != 0 ||
      version != VERSION)
    return REASON_KEYS_MALFORMED;
  head->fetched = fetched;
  head->due = due;
  return REASON_OK;
}

static size_t count_lines(const char *bytes, size_t size) {
  size_t count = 0;
  for (const char *end = bytes + size; (bytes = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL; bytes++)
    count++;
  return count;
}

/* Every line ends in a newline: a file that was cut off is refused. */
static enum reason fill(struct keyset *keyset, const char *bytes, size_t size) {
  if (size == 0 || size > KEYSET_CACHED_MAX_SIZE || bytes[size - 1] != '\n') return REASON_KEYS_MALFORMED;
  size_t lines = count_lines(bytes, size);
  if (lines - 1 > KEYSET_MAX_KEYS) return REASON_KEYS_MALFORMED;
  keyset->entries = calloc(lines, sizeof *keyset->entries);
  if (keyset->entries == NULL) return REASON_OUT_OF_MEMORY;

  const char *end = bytes + size, *next = (const char *)memchr(bytes, '\n', size) + 1;
  enum reason reason = parse_head(bytes, (size_t)(next - bytes), keyset);
  if (reason != REASON_OK) return reason;
  for (const char *line = next; line < end; line = next) {
    next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
    keyset->entries[keyset->count++] = (struct keyset_entry){.text = line, .text_size = (size_t)(next - line)};
  }
  return REASON_OK;
}

enum reason keyset_parse_cached(const char *bytes, size_t size, struct keyset **ret) {
  struct keyset *keyset = calloc(1, sizeof *keyset);
  if (keyset == NULL) return REASON_OUT_OF_MEMORY;
  keyset->cached = true;
  enum reason reason = fill(keyset, bytes, size);
  if (reason != REASON_OK) {
    keyset_free(keyset);
    return reason;
  }
  *ret = keyset;
  return REASON_OK;
}

char *keyset_line_start(const char *kid) {
  json_t *pair = json_pack("{s:s}", "kid", kid);
  char *text = json_dumps(pair, ENCODING);
  json_decref(pair);
  if (text != NULL) text[strlen(text) - 1] = '\0'; /* the brace */
  return text;
}

/* ---- writing ---- */

static void stream_close(FILE **stream) {
  if (*stream != NULL) fclose(*stream);
}

/* {"kid":KID,"why":TEXT} for each key that cannot serve. NULL: out of memory. */
static json_t *list_skipped(const struct keyset *keyset) {
  json_t *list = json_array();
  struct key_info key;
  for (size_t i = 0; i < keyset->count; i++) {
    keyset_describe(keyset, i, &key);
    if (key.unusable == NULL) continue;
    json_t *skipped = json_pack("{s:s*, s:s}", "kid", key.kid, "why", key.unusable);
    if (json_array_append_new(list, skipped) != 0) {
      json_decref(list);
      return NULL;
    }
  }
  return list;
}

static json_t *make_head(const struct keyset *keyset, const struct keyset_head *head) {
  json_t *skipped = list_skipped(keyset);
  if (skipped == NULL) return NULL;
  return json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:s*, s:o}", "version", VERSION, "issuer", head->title, "url",
                   head->url, "location", head->location, "fetched", (json_int_t)head->fetched, "due",
                   (json_int_t)head->due, "etag", head->etag, "skipped", skipped);
}

/* The members that a verifier reads, kid in front. */
static json_t *public_part(const json_t *jwk) {
  static const char *const members[] = {"kid", "kty", "crv", "alg", "use", "n", "e", "x", "y", "pub"};
  json_t *part = json_object();
  for (size_t i = 0; i < COUNT_OF(members); i++) {
    json_t *value = json_object_get(jwk, members[i]);
    if (value != NULL && json_object_set(part, members[i], value) != 0) {
      json_decref(part);
      return NULL;
    }
  }
  return part;
}

/* Takes over `line`; false when it is NULL or could not be written. */
static bool write_line(FILE *stream, json_t *line) {
  bool written = line != NULL && json_dumpf(line, stream, ENCODING) == 0 && fputc('\n', stream) != EOF;
  json_decref(line);
  return written;
}

static bool write_all(FILE *stream, const struct keyset *keyset, const struct keyset_head *head, size_t *usable) {
  if (!write_line(stream, make_head(keyset, head))) return false;
  *usable = 0;
  for (size_t i = 0; i < keyset->count; i++) {
    struct keyset_entry *entry = &keyset->entries[i];
    if (keyset_build(entry) != NULL) continue;
    if (!write_line(stream, public_part(entry->json))) return false;
    ++*usable;
  }
  return fflush(stream) == 0;
}

enum reason keyset_encode_cached(const struct keyset *plain, const struct keyset_head *head, char **ret,
                                 size_t *ret_size, size_t *ret_usable) {
  char *bytes = NULL;
  size_t size = 0, usable;
  bool written;
  {
    CLEANUP(stream_close) FILE *stream = open_memstream(&bytes, &size);
    written = stream != NULL && write_all(stream, plain, head, &usable);
  }
  if (written && size <= KEYSET_CACHED_MAX_SIZE) {
    *ret = bytes;
    *ret_size = size;
    *ret_usable = usable;
    return REASON_OK;
  }
  free(bytes);
  return written ? REASON_KEYS_MALFORMED : REASON_OUT_OF_MEMORY;
}
