/* What others do, or the disk does not, between two steps of a writer or a reader of the NSS tables: this program
 * stands between the library and a few system calls. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "folder.h"
#include "tables_fixture.h"

static void (*before_sync)(int fd), (*before_rename)(int fd), (*before_close)(int fd);
static bool folders_fail;

static bool is_folder(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

int fsync(int fd) {
  if (before_sync != NULL) before_sync(fd);
  if (folders_fail && is_folder(fd)) {
    errno = EIO;
    return -1;
  }
  return (int)syscall(SYS_fsync, fd);
}

int renameat(int from, const char *old, int to, const char *new) {
  if (before_rename != NULL) before_rename(to);
  return (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

int close(int fd) {
  if (before_close != NULL) before_close(fd);
  return (int)syscall(SYS_close, fd);
}

/* ---- clean-ups ---- */

/* The next descriptor is the last one: the folder can be opened, and nothing in it. */
static void run_out_of_descriptors(void) {
  int next = dup(STDIN_FILENO);
  close(next);
  CHECK_INT(setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)next + 1, (rlim_t)next + 1}), 0);
}

static unsigned clean_ups;

static void clean_up(bool without_descriptors) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (without_descriptors) run_out_of_descriptors();
    folder_clean(folder);
    _exit(0);
  }
  CHECK(waitpid(child, NULL, 0) == child);
  clean_ups++;
}

static void another_fails(int fd) {
  (void)fd;
  clean_up(false);
  clean_up(true);
}

/* Another writer, one that failed, removes what is left half built whenever this one gives it time. */
static void a_clean_up_removes_nothing_that_is_being_built(void) {
  clear_folder();
  before_sync = before_rename = another_fails;
  CHECK_REASON(write_accounts(10), REASON_OK);
  CHECK_REASON(add_account(10), REASON_OK);
  before_sync = before_rename = NULL;
  CHECK(clean_ups > 10);
  OPEN_TABLES(tables);
  CHECK(has_account(tables, 9) && has_account(tables, 10));
  CHECK_INT(files_in_folder(), 2);
}

static void a_clean_up_takes_links_away(void) {
  char path[PATH_MAX + 32];
  clear_folder();
  CHECK_REASON(write_accounts(1), REASON_OK);
  snprintf(path, sizeof(path), "%s/recent.AbCdEf", folder);
  CHECK_INT(symlink("/nowhere", path), 0);
  folder_clean(folder);
  CHECK_INT(files_in_folder(), 2);
}

/* A mode that is only for the owner until the file is about to be renamed. */
static void owner_alone(int fd) {
  struct stat st;
  CHECK(fstat(fd, &st) == 0);
  if (!S_ISREG(st.st_mode)) return;
  char path[64], name[PATH_MAX];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  ssize_t length = readlink(path, name, sizeof(name) - 1);
  name[length > 0 ? length : 0] = '\0';
  bool in_place = strrchr(name, '.') == NULL || strlen(strrchr(name, '.')) != strlen(".XXXXXX");
  CHECK_INT(st.st_mode & 0777, in_place ? 0644 : 0600);
}

static void nobody_can_lock_a_file_that_is_being_built(void) {
  clear_folder();
  before_sync = owner_alone;
  CHECK_REASON(write_accounts(10), REASON_OK);
  before_sync = NULL;
}

/* ---- replacement ---- */

static void mark(int recent, uint32_t superseded) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", recent);
  int fd = open(path, O_WRONLY);
  CHECK_INT(pwrite(fd, &superseded, sizeof(superseded), offsetof(struct table_header, superseded)), sizeof(superseded));
  close(fd);
}

/* All is written anew while a reader has the recent table and not yet its base; that writer dies before it marks what
 * it replaced, and the next one removes the base. */
static void replace(int fd) {
  before_close = NULL;
  CHECK_REASON(write_accounts(6), REASON_OK);
  mark(fd, 0);
}

static void a_reader_finds_the_new_tables_though_no_mark_says_so(void) {
  clear_folder();
  CHECK_REASON(write_accounts(5), REASON_OK);
  OPEN_TABLES(tables);
  before_close = replace;
  CHECK(has_account(tables, 4));
  CHECK(before_close == NULL && has_account(tables, 5));
}

/* At once: a reader that is not told would ask the path after a second. */
static void tables_in_place_are_seen_though_the_disk_failed(void) {
  clear_folder();
  CHECK_REASON(write_accounts(5), REASON_OK);
  char path[PATH_MAX + 16];
  snprintf(path, sizeof(path), "%s/recent", folder);
  int old = open(path, O_RDONLY);
  folders_fail = true;
  CHECK_REASON(add_account(5), REASON_STATE_UNAVAILABLE);
  folders_fail = false;
  struct table_header header = {0};
  CHECK_INT(pread(old, &header, sizeof(header), 0), sizeof(header));
  CHECK_INT(atomic_load(&header.superseded), 1);
  close(old);
  OPEN_TABLES(tables);
  CHECK(has_account(tables, 5));
}

/* ---- what is left ---- */

/* There are no tables whose base could be told from those that are not in use. */
static void a_base_goes_when_it_cannot_be_put_in_use(void) {
  char path[PATH_MAX + 16];
  clear_folder();
  snprintf(path, sizeof(path), "%s/recent", folder);
  CHECK_INT(mkdir(path, 0755), 0);
  for (int i = 0; i < 3; i++)
    CHECK_REASON(write_accounts(5), REASON_STATE_UNAVAILABLE);
  CHECK_INT(files_in_folder(), 1);
  CHECK_INT(rmdir(path), 0);
  folders_fail = true; /* so that not even the base is sure to be on the disk */
  CHECK_REASON(write_accounts(5), REASON_STATE_UNAVAILABLE);
  folders_fail = false;
  CHECK_INT(files_in_folder(), 0);
  CHECK_REASON(write_accounts(5), REASON_OK);
  CHECK_INT(files_in_folder(), 2);
}

int main(void) {
  static const struct unit_test tests[] = {
      {"a clean-up removes nothing that is being built", a_clean_up_removes_nothing_that_is_being_built},
      {"a clean-up takes links away", a_clean_up_takes_links_away},
      {"nobody can lock a file that is being built", nobody_can_lock_a_file_that_is_being_built},
      {"a reader finds the new tables though no mark says so", a_reader_finds_the_new_tables_though_no_mark_says_so},
      {"tables in place are seen though the disk failed", tables_in_place_are_seen_though_the_disk_failed},
      {"a base goes when it cannot be put in use", a_base_goes_when_it_cannot_be_put_in_use},
  };
  make_folder();
  return unit_run(tests, COUNT_OF(tests));
}
