#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch.h"
#include "key_cache.h"

#define LEFT_SECONDS 3600 /* nobody takes so long to write a file */

static bool is_of(const char *folder, const char *title, const char *name) {
  static const char *const suffixes[] = {KEY_CACHE_KEYS, KEY_CACHE_LOCK, KEY_CACHE_STAMP};
  char path[KEY_CACHE_PATH_SIZE];
  for (size_t i = 0; i < COUNT_OF(suffixes); i++)
    if (key_cache_path(folder, title, suffixes[i], path) && strcmp(strrchr(path, '/') + 1, name) == 0) return true;
  return false;
}

static bool is_owned(const char *folder, const struct settings *settings, const char *name) {
  bool owned = false;
  for (size_t i = 0; i < settings->issuer_count && !owned; i++) {
    const struct issuer *issuer = &settings->issuers[i];
    owned = issuer->key_source != KEYS_IN_FILE && is_of(folder, issuer->title, name);
  }
  return owned;
}

void fetch_sweep(const char *folder, const struct settings *settings, int64_t now) {
  DIR *directory = opendir(folder);
  const struct dirent *entry;
  while (directory != NULL && (entry = readdir(directory)) != NULL) {
    struct stat st;
    if (fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(st.st_mode)) continue;
    if (now - st.st_mtim.tv_sec < LEFT_SECONDS || is_owned(folder, settings, entry->d_name)) continue;
    (void)!unlinkat(dirfd(directory), entry->d_name, 0); /* what cannot be removed harms nobody */
  }
  if (directory != NULL) closedir(directory);
}
