#include <stdlib.h>

#include "decision.h"
#include "key_cache.h"
#include "paths.h"
#include "system_user.h"

struct key_file {
  char *bytes;
  size_t size;
  enum reason reason; /* why there are no bytes */
};

struct key_files {
  const struct issuer *issuers; /* the settings' array: a file has its issuer's place */
  size_t count;
  struct key_file files[];
};

/* Where files come from, and who may have written them. */
struct source {
  const char *cache;
  enum file_trust trust;
  uid_t cache_owner;
};

static bool has_cached(const struct settings *settings) {
  for (size_t i = 0; i < settings->issuer_count; i++)
    if (settings->issuers[i].key_source != KEYS_IN_FILE) return true;
  return false;
}

/* Root where there is no such user, or no need to look for it. */
static uid_t find_cache_owner(const struct settings *settings, enum file_trust trust) {
  uid_t uid = 0;
  gid_t gid;
  bool needed = trust == FILE_OWNED_BY_ROOT && has_cached(settings);
  return needed && system_user_find(FETCH_USER, &uid, &gid) ? uid : 0;
}

static enum reason read_cached(const struct issuer *issuer, const struct source *source, struct key_file *ret) {
  char path[KEY_CACHE_PATH_SIZE];
  if (!key_cache_path(source->cache, issuer->title, KEY_CACHE_KEYS, path)) return REASON_KEYS_UNAVAILABLE;
  if (source->trust == FILE_OF_ANYONE)
    return trusted_file_read(path, FILE_OF_ANYONE, KEYSET_CACHED_MAX_SIZE, &ret->bytes, &ret->size);
  return trusted_file_read_of(path, source->cache_owner, KEYSET_CACHED_MAX_SIZE, &ret->bytes, &ret->size);
}

static enum reason read_file(const struct issuer *issuer, const struct source *source, struct key_file *ret) {
  if (issuer->key_source != KEYS_IN_FILE) return read_cached(issuer, source, ret);
  return trusted_file_read(issuer->key_location, source->trust, KEYSET_MAX_SIZE, &ret->bytes, &ret->size);
}

enum reason key_files_read(const struct settings *settings, const char *cache, enum file_trust trust,
                           struct key_files **ret) {
  const struct source source = {cache, trust, find_cache_owner(settings, trust)};
  size_t count = settings->issuer_count;
  struct key_files *files = calloc(1, sizeof(*files) + count * sizeof(files->files[0]));
  if (!files) return REASON_OUT_OF_MEMORY;
  *files = (struct key_files){.issuers = settings->issuers, .count = count};
  for (size_t i = 0; i < count; i++) {
    struct key_file *file = &files->files[i];
    file->reason = read_file(&settings->issuers[i], &source, file);
    if (file->reason == REASON_OUT_OF_MEMORY) {
      key_files_free(files);
      return REASON_OUT_OF_MEMORY;
    }
    if (file->reason != REASON_OK && file->reason != REASON_FILE_UNSAFE) file->reason = REASON_KEYS_UNAVAILABLE;
  }
  *ret = files;
  return REASON_OK;
}

void key_files_free(struct key_files *files) {
  if (!files) return;
  for (size_t i = 0; i < files->count; i++)
    free(files->files[i].bytes);
  free(files);
}

/* A clock that was set back a little is no reason to shut everybody out. */
#define CLOCK_STEP 300 /* seconds */

static enum reason check_head(const struct keyset_head *head, const struct issuer *issuer, int64_t now) {
  if (!issuer_keys_are(issuer, head->title, head->url, head->location)) return REASON_KEYS_UNAVAILABLE;
  int64_t age;
  bool possible = !__builtin_sub_overflow(now, head->fetched, &age);
  bool in_time = possible && age <= issuer->max_stale && age >= -CLOCK_STEP;
  return in_time ? REASON_OK : REASON_KEYS_STALE;
}

enum reason key_files_parse(const struct key_files *files, const struct issuer *issuer, int64_t now,
                            struct keyset **ret) {
  const struct key_file *file = &files->files[issuer - files->issuers];
  struct keyset *keys = NULL;
  if (file->reason != REASON_OK) return file->reason;
  if (issuer->key_source == KEYS_IN_FILE) return keyset_parse(file->bytes, file->size, ret);
  enum reason reason = keyset_parse_cached(file->bytes, file->size, &keys);
  if (reason == REASON_KEYS_MALFORMED) return REASON_KEYS_UNAVAILABLE; /* a damaged cache is as none */
  if (reason == REASON_OK) reason = check_head(keyset_head(keys), issuer, now);
  if (reason == REASON_OK)
    *ret = keys;
  else
    keyset_free(keys);
  return reason;
}
