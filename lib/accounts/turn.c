#include "config.h"

#include "turn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MILLISECONDS 5000 /* with one that does not get on */
#define LONGEST_MILLISECONDS 10000 /* with anybody: a login waits */
#define LOOK_MILLISECONDS 25

/* A file beside the ledger, which only root can open and so lock. -1 when there can be none. */
static int open_file(struct ledger *ledger) {
  char path[PATH_MAX];
  int length = snprintf(path, sizeof path, "%s-turn", sqlite3_db_filename(ledger->db, "main"));
  if (length < 0 || length >= PATH_MAX) return -1;
  return open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
}

/* Without a file nobody has it: whatever hinders its making will hinder the tables. *ret_seen: when who has it last got
 * on. */
static bool take(struct ledger *ledger, struct timespec *ret_seen) {
  if (ledger->turn >= 0) return true;
  struct stat st;
  int saved = errno, fd = open_file(ledger);
  bool taken = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (!taken && fstat(fd, &st) == 0) *ret_seen = st.st_mtim;
  if (taken)
    ledger->turn = fd;
  else
    close(fd);
  errno = saved;
  return taken;
}

bool turn_take(struct ledger *ledger) {
  struct timespec seen;
  return take(ledger, &seen);
}

bool turn_wait_for(struct ledger *ledger) {
  struct timespec seen = {0}, before = {0};
  int waited = 0, in_vain = 0;
  for (; waited < LONGEST_MILLISECONDS && in_vain < PATIENCE_MILLISECONDS && !take(ledger, &seen);
       waited += LOOK_MILLISECONDS, in_vain += LOOK_MILLISECONDS) {
    if (seen.tv_sec != before.tv_sec || seen.tv_nsec != before.tv_nsec) in_vain = 0;
    before = seen;
    nanosleep(&(struct timespec){.tv_nsec = LOOK_MILLISECONDS * 1000000L}, NULL);
  }
  return waited > 0;
}

void turn_get_on(struct ledger *ledger) {
  if (ledger->turn >= 0) futimens(ledger->turn, NULL);
}

void turn_give_up(struct ledger *ledger) {
  int saved = errno;
  if (ledger->turn >= 0) close(ledger->turn);
  ledger->turn = -1;
  errno = saved;
}
