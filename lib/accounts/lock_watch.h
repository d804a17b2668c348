/* Who keeps a database locked, and for how long: a helper that does so for too long is killed. */
#ifndef JWT_LOGIN_ACCOUNTS_LOCK_WATCH_H
#define JWT_LOGIN_ACCOUNTS_LOCK_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct lock_holder {
  pid_t pid;   /* 0: nobody */
  bool writes; /* it keeps everybody out, not only a commit */
};

/* One wait for the lock. */
struct lock_watch {
  int fd; /* SQLite's own, borrowed; -1: not found */
  struct lock_holder holder;
  int64_t since;        /* it is seen without a break; times are monotonic milliseconds */
  int64_t readers_have; /* milliseconds */
};

/*
 * Begin to wait for the open database at `path`. It is never opened here: closing a second descriptor would drop the
 * locks that SQLite has through its own.
 */
void lock_watch_begin(struct lock_watch *ret, const char *path, int64_t now);

/*
 * Look who is in the way, again and again during the wait, and kill it when it has been for too long and runs
 * `program`. Whoever runs another program is left alone, and so is everybody where the kernel does not say.
 */
void lock_watch_look(struct lock_watch *watch, const char *program, int64_t now);

/* Does the process run the file at `path`, or one that stood there and was replaced since? */
bool process_runs(pid_t pid, const char *path);

#endif
