/* Where the ledger stands, what it is made of, and what becomes of it when the disk or somebody else meddles. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "ledger.h"
#include "ledger_fixture.h"

static const struct id_range wide = {100000, 199999};

static enum reason try_open(const char *path, enum ledger_mode mode) {
  struct ledger *ledger = NULL;
  enum reason reason = ledger_open(path, mode, &ledger);
  CHECK((reason == REASON_OK) == (ledger != NULL));
  if (ledger != NULL) ledger_close(ledger);
  return reason;
}

static mode_t mode_of(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static char *in_state(const struct fixture *fixture, const char *name) {
  static char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/state%s", fixture->folder, name);
  return path;
}

static int files_in_state(const struct fixture *fixture) {
  int count = 0;
  DIR *folder = opendir(in_state(fixture, ""));
  if (folder == NULL) return -1;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  closedir(folder);
  return count;
}

static void modes_do_not_depend_on_the_umask(void) {
  static const mode_t masks[] = {0, 022, 077, 0777};
  for (size_t i = 0; i < COUNT_OF(masks); i++) {
    struct fixture fixture CLEANUP(fixture_end);
    struct login login;
    if (!fixture_folder(&fixture)) return;
    mode_t before = umask(masks[i]);
    CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
    login_prepare(&login, "alice", wide);
    if (fixture.ledger != NULL) CHECK_REASON(login_try(&fixture, &login), REASON_OK);
    umask(before);
    CHECK_INT(mode_of(in_state(&fixture, "")), 0755);
    CHECK_INT(mode_of(fixture.path), 0600);
    CHECK_INT(mode_of(in_state(&fixture, "/ledger.db-journal")), 0600);
    CHECK_INT(files_in_state(&fixture), 2);
  }
}

static void reading_makes_nothing(void) {
  struct fixture fixture CLEANUP(fixture_end);
  if (!fixture_folder(&fixture)) return;
  CHECK_REASON(try_open(fixture.path, LEDGER_READ), REASON_STATE_UNAVAILABLE);
  CHECK_INT(errno, ENOENT);
  CHECK(access(in_state(&fixture, ""), F_OK) != 0);
  CHECK_INT(mkdir(in_state(&fixture, ""), 0755), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_READ), REASON_STATE_UNAVAILABLE);
  CHECK_INT(errno, ENOENT);
  CHECK_INT(files_in_state(&fixture), 0);
}

static bool count_visit(void *context, const struct identity *identity UNUSED) {
  ++*(int *)context;
  return true;
}

static void a_reader_reads_and_never_writes(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  int count = 0;
  if (!fixture_begin(&fixture)) return;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  ledger_close(fixture.ledger);
  fixture.ledger = NULL;
  CHECK_REASON(ledger_open(fixture.path, LEDGER_READ, &fixture.ledger), REASON_OK);
  if (fixture.ledger == NULL) return;
  CHECK_REASON(ledger_each_identity(fixture.ledger, count_visit, &count), REASON_OK);
  CHECK_INT(count, 1);
  CHECK_REASON(login_try(&fixture, &login), REASON_STATE_UNAVAILABLE);
  CHECK(ledger_detail(fixture.ledger)[0] != '\0');
}

/* ---- somebody else's hands ---- */

static void unsafe_places_are_refused(void) {
  struct fixture fixture CLEANUP(fixture_end);
  if (!fixture_begin(&fixture)) return;
  static const mode_t bad_files[] = {0604, 0602, 0640, 0660, 0666}, bad_folders[] = {0775, 0757, 0777, 01777};
  for (size_t i = 0; i < COUNT_OF(bad_files); i++) {
    CHECK_INT(chmod(fixture.path, bad_files[i]), 0);
    CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_FILE_UNSAFE);
    CHECK_REASON(try_open(fixture.path, LEDGER_READ), REASON_FILE_UNSAFE);
  }
  CHECK_INT(chmod(fixture.path, 0600), 0);
  for (size_t i = 0; i < COUNT_OF(bad_folders); i++) {
    CHECK_INT(chmod(in_state(&fixture, ""), bad_folders[i]), 0);
    CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_FILE_UNSAFE);
  }
  CHECK_INT(chmod(in_state(&fixture, ""), 0700), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_READ), REASON_OK);
  CHECK_INT(mode_of(in_state(&fixture, "")), 0700);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_OK);
  CHECK_INT(mode_of(in_state(&fixture, "")), 0755);
  CHECK_INT(chmod(fixture.folder, 0777), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_FILE_UNSAFE);
}

static void links_and_other_kinds_are_refused(void) {
  struct fixture fixture CLEANUP(fixture_end);
  char moved[128], folder[128];
  if (!fixture_begin(&fixture)) return;
  snprintf(moved, sizeof moved, "%s/moved", fixture.folder);
  snprintf(folder, sizeof folder, "%s/state", fixture.folder);
  CHECK_INT(rename(fixture.path, moved), 0);
  CHECK_INT(symlink(moved, fixture.path), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_FILE_UNSAFE);
  unlink(fixture.path);
  CHECK_INT(symlink("/nowhere", fixture.path), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_FILE_UNSAFE);
  unlink(fixture.path);
  CHECK_INT(mkfifo(fixture.path, 0600), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_FILE_UNSAFE);
  unlink(fixture.path);
  CHECK_INT(rename(moved, fixture.path), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_OK);
  CHECK_INT(rename(folder, moved), 0);
  CHECK_INT(symlink(moved, folder), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_FILE_UNSAFE);
}

static void files_and_folders_of_others_are_refused(void) {
  if (geteuid() != 0) SKIP("needs root");
  struct fixture fixture CLEANUP(fixture_end);
  if (!fixture_begin(&fixture)) return;
  CHECK_INT(chown(fixture.path, 65534, 0), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_FILE_UNSAFE);
  CHECK_INT(chown(fixture.path, 0, 0), 0);
  CHECK_INT(chown(in_state(&fixture, ""), 65534, 0), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_FILE_UNSAFE);
  CHECK_INT(chown(in_state(&fixture, ""), 0, 0), 0);
  CHECK_INT(chown(fixture.folder, 65534, 0), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_FILE_UNSAFE);
  CHECK_INT(chown(fixture.folder, 0, 0), 0);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_OK);
}

/* ---- damage ---- */

static void overwrite(const char *path, off_t at, const void *bytes, size_t size) {
  int fd = open(path, O_WRONLY | O_CREAT, 0600);
  CHECK(fd >= 0 && pwrite(fd, bytes, size, at) == (ssize_t)size);
  close(fd);
}

/* Neither opened nor touched. */
static void check_damaged(const char *path) {
  struct stat before, after;
  CHECK_INT(stat(path, &before), 0);
  CHECK_REASON(try_open(path, LEDGER_READ), REASON_STATE_DAMAGED);
  CHECK_REASON(try_open(path, LEDGER_WRITE), REASON_STATE_DAMAGED);
  CHECK_INT(stat(path, &after), 0);
  CHECK(before.st_size == after.st_size && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec &&
        before.st_ino == after.st_ino);
}

static void what_is_not_our_ledger_is_damaged_and_stays(void) {
  struct fixture fixture CLEANUP(fixture_end);
  unsigned char noise[8192];
  char newer[64], ours[64];
  if (!fixture_begin(&fixture)) return;
  int version = (int)fixture_sql(&fixture, "PRAGMA user_version");
  snprintf(newer, sizeof newer, "PRAGMA user_version = %d", version + 1);
  snprintf(ours, sizeof ours, "PRAGMA user_version = %d", version);
  CHECK_INT(fixture_sql(&fixture, newer), -1);
  check_damaged(fixture.path);
  CHECK_INT(fixture_sql(&fixture, "PRAGMA user_version = 0"), -1);
  check_damaged(fixture.path);
  CHECK_INT(fixture_sql(&fixture, ours), -1);
  CHECK_REASON(try_open(fixture.path, LEDGER_WRITE), REASON_OK);
  CHECK_INT(fixture_sql(&fixture, "PRAGMA application_id = 7"), -1);
  check_damaged(fixture.path);

  CHECK_INT(truncate(fixture.path, 0), 0);
  check_damaged(fixture.path);
  CHECK_INT(errno, EUCLEAN);
  for (size_t i = 0; i < sizeof noise; i++)
    noise[i] = (unsigned char)(i * 37 + 11);
  overwrite(fixture.path, 0, noise, sizeof noise);
  check_damaged(fixture.path);
}

static void a_truncated_or_scribbled_ledger_gives_a_reason(void) {
  struct login login;
  unsigned char noise[4096];
  memset(noise, 0xa5, sizeof noise);
  for (int i = 0; i < 24; i++) {
    struct fixture fixture CLEANUP(fixture_end);
    if (!fixture_begin(&fixture)) return;
    login_prepare(&login, "alice", wide);
    login.admission.token_id = "once";
    CHECK_REASON(login_try(&fixture, &login), REASON_OK);
    ledger_close(fixture.ledger);
    fixture.ledger = NULL;
    if (i < 12)
      CHECK_INT(truncate(fixture.path, 4096L * i + 100), 0);
    else
      overwrite(fixture.path, 4096L * (i - 12) + 100, noise, 3900);
    enum reason reason = ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger);
    if (reason == REASON_OK) {
      login.admission.token_id = "twice";
      reason = login_try(&fixture, &login);
    }
    if (reason != REASON_OK) CHECK_REASON(reason, REASON_STATE_DAMAGED); /* index pages may go unread */
    if (i < 8) CHECK_REASON(reason, REASON_STATE_DAMAGED);
  }
}

static void a_missing_table_is_damage(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  if (!fixture_begin(&fixture)) return;
  fixture_sql(&fixture, "DROP TABLE used_tokens");
  login_prepare(&login, "alice", wide);
  login.admission.token_id = "once";
  CHECK_REASON(login_try(&fixture, &login), REASON_STATE_DAMAGED);
  CHECK(strstr(ledger_detail(fixture.ledger), "used_tokens") != NULL);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM identities"), 0);
}

/* ---- no room, no lock ---- */

static void a_held_lock_is_busy_after_a_while(void) {
  struct fixture fixture CLEANUP(fixture_end);
  struct login login;
  sqlite3 *db = NULL;
  if (!fixture_begin(&fixture)) return;
  CHECK_INT(sqlite3_open(fixture.path, &db), SQLITE_OK);
  CHECK_INT(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_STATE_BUSY);
  CHECK_INT(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  CHECK_REASON(login_try(&fixture, &login), REASON_OK);
  sqlite3_close(db);
}

static void admit_until_full(const char *folder) {
  struct fixture fixture = {0};
  struct login login;
  snprintf(fixture.folder, sizeof fixture.folder, "%s", folder);
  snprintf(fixture.path, sizeof fixture.path, "%s/state/ledger.db", folder);
  CHECK_REASON(ledger_open(fixture.path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
  if (fixture.ledger == NULL) return;
  enum reason reason = REASON_OK;
  long long done = 0;
  for (; reason == REASON_OK && done < 5000; done++) {
    login_prepare(&login, "alice", wide);
    reason = login_try(&fixture, &login);
  }
  CHECK_REASON(reason, REASON_STATE_UNAVAILABLE);
  CHECK_INT(fixture_sql(&fixture, "SELECT count(*) FROM grants"), done - 1);
  CHECK_REASON(try_open(fixture.path, LEDGER_READ), REASON_OK);
  struct grant grant;
  CHECK_REASON(ledger_grant(fixture.ledger, login.grant.id, "alice", "sshd", true, NOW, &grant), REASON_GRANT_UNKNOWN);
  ledger_close(fixture.ledger);
}

static bool mount_over(const char *folder, bool read_only) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0) return false;
  if (!read_only) return mount("tmpfs", folder, "tmpfs", 0, "size=256k,mode=755") == 0;
  return mount(folder, folder, "none", MS_BIND, NULL) == 0 &&
         mount("none", folder, "none", MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0;
}

/* With the folder read-only, or a tiny empty disk. In a child, as it enters a mount namespace: 0 good, 1 failed, 2
 * could not mount. */
static int on_a_disk(const char *folder, bool read_only, void (*run)(const char *folder)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    unit_failed = false;
    if (!mount_over(folder, read_only)) _exit(2);
    run(folder);
    fflush(stdout);
    _exit(unit_failed ? 1 : 0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void a_full_disk_is_unavailable_and_loses_nothing(void) {
  struct fixture fixture CLEANUP(fixture_end);
  if (!fixture_folder(&fixture)) return;
  int result = on_a_disk(fixture.folder, false, admit_until_full);
  if (result == 2) SKIP("no private mount namespace to be had");
  CHECK_INT(result, 0);
}

static void read_on_read_only(const char *folder) {
  char path[128];
  snprintf(path, sizeof path, "%s/state/ledger.db", folder);
  struct fixture fixture = {0};
  struct login login;
  CHECK_REASON(try_open(path, LEDGER_READ), REASON_OK);
  CHECK_REASON(ledger_open(path, LEDGER_WRITE, &fixture.ledger), REASON_OK);
  if (fixture.ledger == NULL) return;
  login_prepare(&login, "alice", wide);
  CHECK_REASON(login_try(&fixture, &login), REASON_STATE_UNAVAILABLE);
  ledger_close(fixture.ledger);
  snprintf(path, sizeof path, "%s/other/ledger.db", folder);
  CHECK_REASON(try_open(path, LEDGER_WRITE), REASON_STATE_UNAVAILABLE);
}

static void a_read_only_disk_can_be_read(void) {
  struct fixture fixture CLEANUP(fixture_end);
  if (!fixture_begin(&fixture)) return;
  int result = on_a_disk(fixture.folder, true, read_on_read_only);
  if (result == 2) SKIP("no private mount namespace to be had");
  CHECK_INT(result, 0);
}

UNIT_MAIN({"modes do not depend on the umask", modes_do_not_depend_on_the_umask},
          {"reading makes nothing", reading_makes_nothing},
          {"a reader reads and never writes", a_reader_reads_and_never_writes},
          {"unsafe places are refused", unsafe_places_are_refused},
          {"links and other kinds are refused", links_and_other_kinds_are_refused},
          {"files and folders of others are refused", files_and_folders_of_others_are_refused},
          {"what is not our ledger is damaged, and stays", what_is_not_our_ledger_is_damaged_and_stays},
          {"a truncated or scribbled ledger gives a reason", a_truncated_or_scribbled_ledger_gives_a_reason},
          {"a missing table is damage", a_missing_table_is_damage},
          {"a held lock is busy after a while", a_held_lock_is_busy_after_a_while},
          {"a full disk is unavailable and loses nothing", a_full_disk_is_unavailable_and_loses_nothing},
          {"a read-only disk can be read", a_read_only_disk_can_be_read})
