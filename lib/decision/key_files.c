#include "key_files.h"

#include <stdlib.h>

#include "token.h"

struct key_files {
  const struct issuer *issuers; /* the settings' array: a file has its issuer's place */
  size_t count;
  struct key_file files[];
};

static enum reason read_file(const struct issuer *issuer, enum file_trust trust, struct key_file *ret) {
  if (issuer->key_source != KEYS_IN_FILE) return REASON_KEYS_UNAVAILABLE;
  return trusted_file_read(issuer->key_location, trust, KEYSET_MAX_SIZE, &ret->bytes, &ret->size);
}

enum reason key_files_read(const struct settings *settings, enum file_trust trust, struct key_files **ret) {
  size_t count = settings->issuer_count;
  struct key_files *files = calloc(1, sizeof(*files) + count * sizeof(files->files[0]));
  if (!files) return REASON_OUT_OF_MEMORY;
  *files = (struct key_files){.issuers = settings->issuers, .count = count};
  for (size_t i = 0; i < count; i++) {
    struct key_file *file = &files->files[i];
    file->reason = read_file(&settings->issuers[i], trust, file);
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

const struct key_file *key_file_of(const struct key_files *files, const struct issuer *issuer) {
  return &files->files[issuer - files->issuers];
}
