#include "key_cache.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "names.h"

#define READABLE_MAX 48 /* bytes of the title */

/* Public: the hash keeps titles apart that look alike, and titles are the administrator's. */
static const uint8_t public_key[16] = "jwt-login keys 1";

bool key_cache_path(const char *folder, const char *title, const char *suffix, char ret[KEY_CACHE_PATH_SIZE]) {
  char readable[READABLE_MAX + 1];
  size_t size = 0;
  for (; size < READABLE_MAX && title[size] != '\0'; size++)
    readable[size] = isalnum((unsigned char)title[size]) || title[size] == '-' ? title[size] : '_';
  readable[size] = '\0';
  unsigned long long hash = siphash24(public_key, title, strlen(title));
  int length = snprintf(ret, KEY_CACHE_PATH_SIZE, "%s/%s-%016llx%s", folder, readable, hash, suffix);
  return length >= 0 && length < KEY_CACHE_PATH_SIZE;
}

int key_cache_stamp_age(const char *path, int64_t now) {
  struct stat st;
  if (lstat(path, &st) != 0) return -1;
  int64_t stamp = st.st_mtim.tv_sec;
  bool within = stamp <= now + KEY_CACHE_AHEAD_SECONDS && stamp > now - KEY_CACHE_PAUSE_SECONDS;
  if (!within) return -1;
  return stamp < now ? (int)(now - stamp) : 0;
}

bool key_cache_changed_since(const char *path, const struct timespec *since) {
  struct stat st;
  if (lstat(path, &st) != 0) return false;
  return st.st_ctim.tv_sec != since->tv_sec ? st.st_ctim.tv_sec > since->tv_sec : st.st_ctim.tv_nsec >= since->tv_nsec;
}
