/* Put a JWK Set where jwt-fetch-keys would: cache_keys KEY-SET FOLDER TITLE URL, of an issuer's section. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "key_cache.h"
#include "token.h"

static bool write_file(const char *path, const char *bytes, size_t size) {
  FILE *file = fopen(path, "w");
  if (file == NULL) return false;
  bool written = fwrite(bytes, 1, size, file) == size;
  return fclose(file) == 0 && written;
}

int main(int argc, char **argv) {
  static char json[KEYSET_MAX_SIZE];
  char path[KEY_CACHE_PATH_SIZE], *bytes;
  struct keyset *keys;
  size_t size, usable;
  FILE *file = argc == 5 ? fopen(argv[1], "r") : NULL;
  if (file == NULL || token_prepare() != REASON_OK) return 2;
  size = fread(json, 1, sizeof json, file);
  fclose(file);
  const struct keyset_head head = {
      .title = argv[3], .url = argv[4], .location = "discovery", .fetched = time(NULL), .due = time(NULL) + 3600};
  bool cached = keyset_parse(json, size, &keys) == REASON_OK &&
                keyset_encode_cached(keys, &head, &bytes, &size, &usable) == REASON_OK &&
                usable == keyset_count(keys) && key_cache_path(argv[2], argv[3], KEY_CACHE_KEYS, path) &&
                write_file(path, bytes, size);
  return cached ? EXIT_SUCCESS : EXIT_FAILURE;
}
