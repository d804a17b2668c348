/* Somebody holds a lock and does not go on: a keeper is killed, nobody else is. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "database.h"
#include "ledger.h"
#include "ledger_fixture.h"
#include "lock_watch.h"

#define WRITES "BEGIN IMMEDIATE; INSERT INTO used_ids VALUES (1, 'half', 1)"
#define READS "BEGIN; SELECT count(*) FROM identities"
#define THIS_PROGRAM "/proc/self/exe"

static const struct id_range wide = {100000, 199999};

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A ledger that no process has open, with one account in it. */
static bool prepare(struct fixture *fixture) {
  struct login login;
  if (!fixture_begin(fixture)) return false;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(fixture, &login), REASON_OK);
  ledger_close(fixture->ledger);
  fixture->ledger = NULL;
  return true;
}

/* A child that runs the script in a transaction of its own and stops there. */
static pid_t freeze(const struct fixture *fixture, const char *sql) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    sqlite3 *db = NULL;
    if (sqlite3_open(fixture->path, &db) != SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) _exit(1);
    raise(SIGSTOP);
    _exit(2);
  }
  int status = 0;
  CHECK(child > 1 && waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
  return child;
}

static void end(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

/* No child outlives this, killed by the ledger or not. */
static bool was_killed(pid_t child) {
  int status = 0;
  pid_t ended = 0;
  for (int i = 0; i < 100 && ended == 0; i++) { /* its locks go a little before it does */
    ended = waitpid(child, &status, WNOHANG);
    if (ended == 0) nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  }
  if (ended == 0) end(child);
  return ended == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* A login by a process for which the keeper is `keeper`. */
static enum reason log_in(const struct fixture *given, const char *keeper) {
  struct fixture fixture = *given;
  struct login login;
  enum reason reason = ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger);
  if (reason != REASON_OK) return reason;
  fixture.ledger->keeper = keeper;
  login_prepare(&login, "alice", wide);
  reason = login_try(&fixture, &login);
  ledger_close(fixture.ledger);
  return reason;
}

/* Not in Linux before 5.3, nor in an old valgrind, and half in a new one: there everybody is only waited for. */
static bool kernel_has_pidfd(void) {
  int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
  bool missing = (fd < 0 || syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) != 0) && errno == ENOSYS;
  if (fd >= 0) close(fd);
  return !missing;
}

static void a_keeper_that_writes_for_too_long_is_killed(void) {
  struct fixture fixture CLEANUP(fixture_end) = {0};
  if (!kernel_has_pidfd()) SKIP("no pidfd_open or pidfd_send_signal");
  if (!prepare(&fixture)) return;
  pid_t child = freeze(&fixture, WRITES);
  double began = seconds();
  CHECK_REASON(log_in(&fixture, THIS_PROGRAM), REASON_OK);
  double took = seconds() - began;
  CHECK(took > 2 && took < 4);
  CHECK(was_killed(child));
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM used_ids WHERE id = 1"), 0);
}

static void keepers_that_read_for_too_long_are_killed(void) {
  struct fixture fixture CLEANUP(fixture_end) = {0};
  pid_t children[4];
  if (!kernel_has_pidfd()) SKIP("no pidfd_open or pidfd_send_signal");
  if (!prepare(&fixture)) return;
  for (size_t i = 0; i < COUNT_OF(children); i++)
    children[i] = freeze(&fixture, READS);
  double began = seconds();
  CHECK_REASON(log_in(&fixture, THIS_PROGRAM), REASON_OK);
  CHECK(seconds() - began < 4);
  for (size_t i = 0; i < COUNT_OF(children); i++)
    CHECK(was_killed(children[i]));
}

/* Several at once, so that one of them, while it waits for the reader, is what the others wait for. */
static void a_keeper_that_waits_for_another_is_not_killed(void) {
  struct fixture fixture CLEANUP(fixture_end) = {0};
  pid_t writers[4];
  if (!kernel_has_pidfd()) SKIP("no pidfd_open or pidfd_send_signal");
  if (!prepare(&fixture)) return;
  pid_t reader = freeze(&fixture, READS);
  for (size_t i = 0; i < COUNT_OF(writers); i++) {
    fflush(stdout);
    writers[i] = fork();
    if (writers[i] == 0) _exit(log_in(&fixture, THIS_PROGRAM) == REASON_OK ? 0 : 1);
  }
  for (size_t i = 0; i < COUNT_OF(writers); i++) {
    int status = -1;
    waitpid(writers[i], &status, 0);
    CHECK_INT(status, 0);
  }
  CHECK(was_killed(reader));
}

static void another_program_is_waited_for(void) {
  static const char *const scripts[] = {WRITES, READS};
  for (size_t i = 0; i < COUNT_OF(scripts); i++) {
    struct fixture fixture CLEANUP(fixture_end);
    if (!prepare(&fixture)) return;
    pid_t child = freeze(&fixture, scripts[i]);
    CHECK_REASON(log_in(&fixture, "/bin/true"), REASON_STATE_BUSY);
    bool lives = waitpid(child, NULL, WNOHANG) == 0;
    CHECK(lives);
    if (lives) end(child);
    CHECK_REASON(log_in(&fixture, "/bin/true"), REASON_OK);
  }
}

/* To look into it must not open and close the file, which would drop the locks that this process has itself. */
static void looking_leaves_our_own_locks_alone(void) {
  struct fixture fixture CLEANUP(fixture_end), second;
  struct lock_watch watch;
  if (!prepare(&fixture)) return;
  CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
  CHECK_REASON(database_script(fixture.ledger, "BEGIN IMMEDIATE"), REASON_OK);
  lock_watch_begin(&watch, fixture.path, 0);
  lock_watch_look(&watch, THIS_PROGRAM, 1000000);
  lock_watch_look(&watch, THIS_PROGRAM, 2000000);
  CHECK(watch.fd >= 0);
  CHECK_INT(watch.holder.pid, 0);
  second = fixture;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    int fd = open(second.path, O_RDWR);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000001, .l_len = 1};
    _exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK && lock.l_pid == getppid() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK_INT(status, 0);
}

static bool copy(const char *from, const char *to) {
  char command[PATH_MAX];
  snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
  return system(command) == 0;
}

static void a_program_is_known_by_its_file_also_when_it_was_replaced(void) {
  struct fixture fixture CLEANUP(fixture_end);
  char program[96], newer[96];
  int ready[2];
  if (!fixture_folder(&fixture)) return;
  snprintf(program, sizeof program, "%s/keeper", fixture.folder);
  snprintf(newer, sizeof newer, "%s/newer", fixture.folder);
  CHECK(copy("/bin/sleep", program) && copy("/bin/sleep", newer));
  CHECK_INT(pipe2(ready, O_CLOEXEC), 0);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    execl(program, program, "60", (char *)NULL);
    _exit(1);
  }
  close(ready[1]);
  char byte;
  CHECK_INT(read(ready[0], &byte, 1), 0); /* it runs */
  close(ready[0]);
  CHECK(process_runs(child, program));
  CHECK(!process_runs(child, newer));
  CHECK(!process_runs(child, "/nowhere"));
  CHECK_INT(rename(newer, program), 0);
  CHECK(process_runs(child, program));
  CHECK(!process_runs(child, "/bin/sleep"));
  end(child);
  CHECK(!process_runs(child, program));
}

UNIT_MAIN({"a keeper that writes for too long is killed", a_keeper_that_writes_for_too_long_is_killed},
          {"keepers that read for too long are killed", keepers_that_read_for_too_long_are_killed},
          {"a keeper that waits for another is not killed", a_keeper_that_waits_for_another_is_not_killed},
          {"another program is waited for", another_program_is_waited_for},
          {"looking leaves our own locks alone", looking_leaves_our_own_locks_alone},
          {"a program is known by its file, also when it was replaced",
           a_program_is_known_by_its_file_also_when_it_was_replaced})
