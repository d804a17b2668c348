/* The merge of a full recent table into a new base: what it keeps, with a full disk, and killed at any moment. */
#include "config.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "tables_fixture.h"
#include "view.h"

enum { OPS = FIRST_UID + 900000, WEB };

static const struct table_group groups[] = {{"ops", OPS}, {"web", WEB}};

/* Account `number`, in one group. */
static enum reason put_in(unsigned number, uint32_t gid) {
  struct rows rows;
  struct table_row row = account_row(&rows, number);
  row.memberships = &(struct table_membership){gid, TABLE_FOREVER};
  row.membership_count = 1;
  return tables_put(folder, &row, groups, COUNT_OF(groups));
}

static bool is_in(struct tables *tables, unsigned number, uint32_t gid) {
  char name[16];
  uint32_t gids[TABLE_GROUPS_MAX], uid;
  size_t count = 0;
  snprintf(name, sizeof(name), "u%u", number);
  return tables_groups_of(tables, name, 0, &uid, gids, TABLE_GROUPS_MAX, &count) == TABLE_FOUND && count == 1 &&
         gids[0] == gid;
}

static unsigned member_count(struct tables *tables, uint32_t gid) {
  static char buffer[1 << 18];
  struct table_group_view group;
  unsigned count = 0;
  enum table_status status = tables_group_by_gid(tables, gid, 0, &group, buffer, sizeof(buffer));
  while (status == TABLE_FOUND && group.members[count] != NULL)
    count++;
  return count;
}

static void view_close(struct table_view *view) {
  table_view_close(view);
}

#define OPEN_VIEW(name)                             \
  struct table_view name CLEANUP(view_close) = {0}; \
  CHECK(table_view_open(folder, &name))

static unsigned recent_accounts(void) {
  OPEN_VIEW(view);
  return view.recent.header != NULL ? view.recent.header->account_count : UINT32_MAX;
}

/* ---- holes ---- */

static unsigned zero_words(const struct table *table) {
  unsigned count = 0;
  for (uint64_t at = 0; at < table->rows_size; at += 8) {
    uint64_t word;
    memcpy(&word, table->rows + at, sizeof(word));
    count += word == 0;
  }
  return count;
}

static void replaced_rows_leave_zeros_until_they_are_too_many(void) {
  enum { ACCOUNTS = 3 * TABLE_RECENT_MAX };
  clear_folder();
  CHECK_REASON(write_accounts(ACCOUNTS), REASON_OK);
  OPEN_TABLES(tables);
  unsigned anew = 0, copied = 0;
  uint64_t wasted = 0;
  for (unsigned i = 0; i < 4 * ACCOUNTS; i++) {
    unsigned round = i / ACCOUNTS;
    CHECK_REASON(put_in(i % ACCOUNTS, round % 2 == 0 ? OPS : WEB), REASON_OK);
    if ((i + 1) % TABLE_RECENT_MAX != 0) continue;
    OPEN_VIEW(view);
    CHECK_INT(view.recent.header->account_count, 0);
    CHECK_INT(view.base.header->account_count, ACCOUNTS);
    CHECK_INT(view.base.header->group_count, round == 0 ? 1 : 2);
    CHECK(zero_words(&view.base) * 8 >= view.base.header->wasted);
    if (view.base.header->wasted > wasted)
      copied++;
    else
      anew++;
    wasted = view.base.header->wasted;
    CHECK(wasted <= view.base.rows_size / 2);
    for (unsigned j = 0; j < ACCOUNTS; j++)
      if (!has_account(tables, j) || (j <= i && !is_in(tables, j, (round % 2 == 0) == (j <= i % ACCOUNTS) ? OPS : WEB)))
        CHECK_INT(j, -1);
  }
  printf("# %u merges by copying, %u anew\n", copied, anew);
  CHECK(copied >= 4 && anew >= 3);
  CHECK_INT(member_count(tables, WEB), ACCOUNTS);
  CHECK_INT(member_count(tables, OPS), 0);
}

/* ---- a damaged base ---- */

static void write_into_base(const struct table_view *view, const void *at, const void *bytes, size_t size) {
  char path[PATH_MAX + 32];
  snprintf(path, sizeof(path), "%s/" BASE_PREFIX "%016llx", folder,
           (unsigned long long)view->recent.header->generation);
  int fd = open(path, O_WRONLY);
  CHECK_INT(pwrite(fd, bytes, size, (const char *)at - view->base.bytes), size);
  close(fd);
}

/* Damage the account's row, or take away its entry in the index by name. */
static void damage(unsigned number, bool entry_alone) {
  static const struct table_entry nothing = {0};
  OPEN_VIEW(view);
  struct rows rows;
  struct table_row account = account_row(&rows, number);
  struct table_wanted wanted = table_wanted_name(&view, account.name);
  struct table_row_view row;
  CHECK_INT(table_view_find_in(&view, &view.base, &wanted, &row), TABLE_FOUND);
  if (!entry_alone) write_into_base(&view, row.name, "?", 1);
  uint32_t place = (uint32_t)((row.bytes - view.base.rows) / 8 + 1);
  for (uint64_t i = 0; entry_alone && i <= view.base.by_name.mask; i++)
    if (view.base.by_name.entries[i].row == place)
      write_into_base(&view, &view.base.by_name.entries[i], &nothing, sizeof(nothing));
}

/* By copying, damage stays what it was; anew it is noticed, and the caller writes all. */
static void keep_damage(bool entry_alone, enum table_status status) {
  struct rows rows;
  enum { BASE = 2 * TABLE_RECENT_MAX + 50 };
  clear_folder();
  CHECK_REASON(write_accounts(BASE), REASON_OK);
  damage(7, entry_alone);
  OPEN_TABLES(tables);
  CHECK_INT(by_name(tables, "u7"), status);
  unsigned next = BASE;
  enum reason reason = REASON_OK;
  for (; reason == REASON_OK && next < 20 * TABLE_RECENT_MAX; next++) {
    reason = add_account(next);
    if (next == BASE + TABLE_RECENT_MAX - 1) CHECK_INT(recent_accounts(), 0);
    CHECK(by_name(tables, "u7") == status && has_account(tables, next));
  }
  CHECK_REASON(reason, REASON_STATE_DAMAGED);
  struct table_row row = account_row(&rows, 7);
  CHECK_REASON(tables_put(folder, &row, NULL, 0), entry_alone ? REASON_INTERNAL : REASON_STATE_DAMAGED);
}

static void a_damaged_row_stays_damaged_or_is_told(void) {
  keep_damage(false, TABLE_UNAVAILABLE);
}

static void a_lost_entry_stays_lost_or_is_told(void) {
  keep_damage(true, TABLE_ABSENT);
}

/* A group's row is made anew by a merge, which must not give damage a check value. */
static void keep_damaged_group(uint32_t gid) {
  struct rows rows;
  enum { BASE = 2 * TABLE_RECENT_MAX + 50 };
  clear_folder();
  CHECK_REASON(write_accounts(BASE), REASON_OK);
  unsigned next = BASE;
  for (; next < BASE + TABLE_RECENT_MAX; next++)
    CHECK_REASON(put_in(next, next == BASE ? WEB : OPS), REASON_OK);
  CHECK_INT(recent_accounts(), 0);
  {
    OPEN_VIEW(view);
    struct table_wanted wanted = table_wanted_id(&view, WEB);
    struct table_row_view row;
    CHECK_INT(table_view_find_in(&view, &view.base, &wanted, &row), TABLE_FOUND);
    write_into_base(&view, row.bytes + offsetof(struct table_row_head, id), &gid, sizeof(gid));
  }
  for (; next < BASE + 2 * TABLE_RECENT_MAX - 1; next++)
    CHECK_REASON(add_account(next), REASON_OK);
  struct table_row last = account_row(&rows, next);
  CHECK_REASON(tables_put(folder, &last, NULL, 0), REASON_STATE_DAMAGED);
  struct table_group_view group;
  char buffer[1 << 16];
  OPEN_TABLES(tables);
  CHECK_INT(tables_group_by_name(tables, "web", 0, &group, buffer, sizeof(buffer)), TABLE_UNAVAILABLE);
  CHECK_INT(member_count(tables, OPS), TABLE_RECENT_MAX - 1);
}

static void a_damaged_group_is_not_certified(void) {
  keep_damaged_group(OPS); /* whose members would be written twice, over the end of their part */
  keep_damaged_group(WEB + 1);
}

/* ---- a full disk ---- */

static bool write_filler(off_t size) {
  char path[PATH_MAX + 16];
  snprintf(path, sizeof(path), "%s/filler", folder);
  int fd = open(path, O_WRONLY | O_CREAT, 0600);
  bool written = fd >= 0 && posix_fallocate(fd, 0, size) == 0;
  if (fd >= 0) close(fd);
  return written;
}

static void remove_filler(void) {
  char path[PATH_MAX + 16];
  snprintf(path, sizeof(path), "%s/filler", folder);
  CHECK_INT(unlink(path), 0);
}

/* Accounts are added on, and merged when there is space. */
static void fill_the_disk(void) {
  enum { SIZE = 1 << 20, BASE = 4000 };
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("tmpfs", folder, "tmpfs", 0, "size=1m,mode=755") != 0) {
    printf("# no file system of our own: %m\n");
    _exit(77);
  }
  CHECK_REASON(write_accounts(BASE), REASON_OK);
  CHECK(write_filler(SIZE - 500000));
  OPEN_TABLES(tables);
  unsigned next = BASE;
  for (; next < BASE + TABLE_RECENT_MAX + 100 && !unit_failed; next++)
    CHECK_REASON(add_account(next), REASON_OK);
  CHECK_INT(recent_accounts(), TABLE_RECENT_MAX + 100);
  CHECK_INT(files_in_folder(), 3);
  CHECK(has_account(tables, 0) && has_account(tables, next - 1));
  remove_filler();
  for (; next < BASE + 2 * TABLE_RECENT_MAX && !unit_failed; next++)
    CHECK_REASON(add_account(next), REASON_OK);
  CHECK_INT(recent_accounts(), 0);
  for (unsigned i = 0; i < next; i++)
    if (!has_account(tables, i)) CHECK_INT(i, -1);
  CHECK(write_filler(SIZE - 600000));
  CHECK_REASON(write_accounts(BASE * 2), REASON_STATE_UNAVAILABLE);
  CHECK_INT(files_in_folder(), 3);
  CHECK(has_account(tables, next - 1));
}

static void a_full_disk_hinders_a_merge_alone(void) {
  clear_folder();
  mkdir(folder, 0755);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    fill_the_disk();
    fflush(stdout);
    _exit(unit_failed ? 1 : 0);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) SKIP("needs a mount namespace of its own");
  CHECK_INT(WEXITSTATUS(status), 0);
}

/* ---- killed ---- */

struct file {
  char name[32];
  char bytes[1 << 17];
  size_t size;
};

static bool keep_file(struct file *ret, const char *name) {
  char path[PATH_MAX + 40];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  snprintf(ret->name, sizeof(ret->name), "%s", name);
  FILE *file = fopen(path, "r");
  ret->size = file != NULL ? fread(ret->bytes, 1, sizeof(ret->bytes), file) : 0;
  if (file != NULL) fclose(file);
  return ret->size > 0 && ret->size < sizeof(ret->bytes);
}

static void restore_file(const struct file *file) {
  char path[PATH_MAX + 40];
  snprintf(path, sizeof(path), "%s/%s", folder, file->name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0 && write(fd, file->bytes, file->size) == (ssize_t)file->size);
  close(fd);
}

/* Add account `number` in a child that is killed before its `calls`-th system call. True when it was over before. */
static bool add_killed(unsigned number, int calls) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0) _exit(2);
    _exit(put_in(number, OPS) == REASON_OK ? 0 : 1);
  }
  int status;
  if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return true;
  for (int stops = 0; stops < 2 * calls; stops++) {
    if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) != 0 || waitpid(child, &status, 0) != child) return true;
    if (WIFSTOPPED(status)) continue;
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return true;
  }
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return false;
}

static void a_merge_that_is_killed_loses_nobody(void) {
  static struct file recent, base;
  enum { BASE = 2 * TABLE_RECENT_MAX + 100, LAST = BASE + TABLE_RECENT_MAX - 1 };
  clear_folder();
  CHECK_REASON(write_accounts(BASE), REASON_OK);
  for (unsigned i = BASE - 10; i < LAST - 10; i++)
    CHECK_REASON(put_in(i, i % 2 ? OPS : WEB), REASON_OK);
  for (unsigned i = LAST - 10; i < LAST; i++)
    CHECK_REASON(put_in(i - 500, WEB), REASON_OK);
  CHECK_INT(recent_accounts(), TABLE_RECENT_MAX - 1);
  CHECK(keep_file(&recent, RECENT_FILE) && keep_file(&base, "base.0000000000000001"));
  bool over = false;
  int calls = 0;
  for (; !over && !unit_failed; calls++) {
    clear_folder();
    restore_file(&base);
    restore_file(&recent);
    OPEN_TABLES(mapped);
    CHECK(has_account(mapped, 0));
    over = add_killed(LAST, calls);
    OPEN_TABLES(tables); /* what is mapped already may learn of the kill a second later */
    bool added = by_name(tables, "u1635") == TABLE_FOUND;
    CHECK(added || !over);
    if (over) CHECK_INT(recent_accounts(), 0);
    for (unsigned i = 0; i < LAST - 10; i += 7)
      if (!has_account(tables, i) || !has_account(mapped, i)) CHECK_INT(i, -1);
    CHECK_INT(member_count(tables, OPS) + member_count(tables, WEB), TABLE_RECENT_MAX - 1 + added);
    CHECK_REASON(put_in(LAST, OPS), REASON_OK);
    CHECK_REASON(add_account(LAST + 1), REASON_OK);
    CHECK(is_in(tables, LAST, OPS) && has_account(tables, LAST + 1));
    CHECK_REASON(write_accounts(3), REASON_OK);
    CHECK_INT(files_in_folder(), 2);
    if (unit_failed) printf("# after %d system calls\n", calls);
  }
  printf("# killed at %d places\n", calls - 1);
  CHECK(calls > 40);
}

int main(void) {
  static const struct unit_test tests[] = {
      {"replaced rows leave zeros until they are too many", replaced_rows_leave_zeros_until_they_are_too_many},
      {"a damaged row stays damaged or is told", a_damaged_row_stays_damaged_or_is_told},
      {"a lost entry stays lost or is told", a_lost_entry_stays_lost_or_is_told},
      {"a damaged group is not certified", a_damaged_group_is_not_certified},
      {"a full disk hinders a merge alone", a_full_disk_hinders_a_merge_alone},
      {"a merge that is killed loses nobody", a_merge_that_is_killed_loses_nobody},
  };
  if (unit_valgrind_cannot("its system calls would be counted and killed with those of the program")) return 0;
  setenv("TMPDIR", "/dev/shm", 1); /* a kill, not a power cut: what was written is there without a disk */
  make_folder();
  return unit_run(tests, COUNT_OF(tests));
}
