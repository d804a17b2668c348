/*
 * Where the keys of an issuer's section are kept that jwt-fetch-keys fetched: a file of keys, one to lock, and one
 * whose time says when keys were last fetched for the sake of a login. The folder belongs to the user FETCH_USER.
 */
#ifndef JWT_LOGIN_KEY_CACHE_H
#define JWT_LOGIN_KEY_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "compiler.h"

#define KEY_CACHE_PATH_SIZE 512

#define KEY_CACHE_KEYS ".keys"
#define KEY_CACHE_LOCK ".lock"
#define KEY_CACHE_STAMP ".stamp"

/* Keys that no token's kid fits are fetched anew at most this often, whoever sends such tokens. */
#define KEY_CACHE_PAUSE_SECONDS 30
/* Who waited for another to fetch them may have looked at the clock so long before that one did. */
#define KEY_CACHE_AHEAD_SECONDS 10

/*
 * The path of a section's file below `folder`. The name is readable and, by a hash of the title, no other section's.
 * False when it does not fit.
 */
MUST_USE bool key_cache_path(const char *folder, const char *title, const char *suffix, char ret[KEY_CACHE_PATH_SIZE]);

/*
 * Seconds since keys were last fetched for a login, by the stamp at `path`; -1 when there was none within the pause, as
 * the clock stands: a stamp of KEY_CACHE_AHEAD_SECONDS ahead counts as new, and one further in the future for nothing.
 */
int key_cache_stamp_age(const char *path, int64_t now);

/* True when the file at `path` was made or replaced at `since` or later. `since` is of CLOCK_REALTIME_COARSE, as the
 * times of files are. */
bool key_cache_changed_since(const char *path, const struct timespec *since);

#endif
