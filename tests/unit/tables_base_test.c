/* A base that is built beside the tables in use, and comes into use in one step. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "tables_fixture.h"

static enum reason build_accounts(unsigned count, struct table_base **ret) {
  struct rows rows = {.end = count};
  return tables_build(folder, &settings, &(struct table_source){.next = next_row, .context = &rows}, ret);
}

static void drop(struct table_base **base) {
  tables_drop(*base);
}

static void a_base_is_not_seen_before_it_is_used(void) {
  struct table_base *base CLEANUP(drop) = NULL;
  clear_folder();
  CHECK_REASON(write_accounts(2), REASON_OK);
  OPEN_TABLES(tables);
  CHECK_REASON(build_accounts(5, &base), REASON_OK);
  CHECK(has_account(tables, 1) && !has_account(tables, 4));
  CHECK_REASON(add_account(2), REASON_OK);
  CHECK(has_account(tables, 2));
  CHECK_REASON(tables_use(base, NULL), REASON_OK);
  CHECK(has_account(tables, 4));
  CHECK_INT(files_in_folder(), 2);
}

static void others_write_while_a_base_is_built(void) {
  struct table_base *first CLEANUP(drop) = NULL, *second CLEANUP(drop) = NULL;
  clear_folder();
  CHECK_REASON(build_accounts(5, &first), REASON_OK);
  CHECK_REASON(build_accounts(6, &second), REASON_OK);
  CHECK_REASON(write_accounts(1), REASON_OK);
  OPEN_TABLES(tables);
  for (unsigned i = 1; i < TABLE_RECENT_MAX + 2; i++) /* so that they are merged and cleaned up */
    CHECK_REASON(add_account(i), REASON_OK);
  CHECK(has_account(tables, TABLE_RECENT_MAX + 1));
  CHECK_INT(files_in_folder(), 4);
  CHECK_REASON(tables_use(second, NULL), REASON_OK);
  CHECK(has_account(tables, 5) && !has_account(tables, 6));
  CHECK_REASON(tables_use(first, NULL), REASON_OK);
  CHECK(has_account(tables, 4) && !has_account(tables, 5));
  CHECK_INT(files_in_folder(), 2);
}

static void a_dropped_base_leaves_nothing(void) {
  struct table_base *base;
  clear_folder();
  CHECK_REASON(write_accounts(1), REASON_OK);
  CHECK_REASON(build_accounts(5, &base), REASON_OK);
  CHECK_INT(files_in_folder(), 3);
  tables_drop(base);
  CHECK_INT(files_in_folder(), 2);
}

/* A writer that was killed left its file behind, and no lock. */
static void a_base_of_a_dead_writer_goes(void) {
  clear_folder();
  CHECK_REASON(write_accounts(1), REASON_OK);
  pid_t child = fork();
  if (child == 0) {
    struct table_base *base;
    _exit(build_accounts(5, &base) == REASON_OK ? 0 : 1);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK_INT(files_in_folder(), 3);
  CHECK_REASON(write_accounts(2), REASON_OK);
  CHECK_INT(files_in_folder(), 2);
}

static bool fail_at_once(void *context, struct table_row *ret, enum reason *failure) {
  (void)context, (void)ret;
  *failure = REASON_STATE_BUSY;
  return false;
}

static void what_a_dead_writer_left_goes_after_a_failure(void) {
  char path[PATH_MAX + 32];
  struct table_base *base;
  clear_folder();
  CHECK_REASON(write_accounts(1), REASON_OK);
  snprintf(path, sizeof(path), "%s/base.new.AbCdEf", folder);
  close(open(path, O_WRONLY | O_CREAT, 0600));
  CHECK_INT(files_in_folder(), 3);
  CHECK_REASON(tables_build(folder, &settings, &(struct table_source){.next = fail_at_once}, &base), REASON_STATE_BUSY);
  CHECK_INT(files_in_folder(), 2);
}

/* Whoever may read the tables can lock them: that does not keep an old base on the disk. */
static void a_lock_on_the_tables_in_use_is_nothing(void) {
  char path[PATH_MAX + 32];
  clear_folder();
  CHECK_REASON(write_accounts(1), REASON_OK);
  snprintf(path, sizeof(path), "%s/base.0000000000000001", folder);
  int fd = open(path, O_RDONLY);
  CHECK_INT(flock(fd, LOCK_EX), 0);
  CHECK_REASON(write_accounts(2), REASON_OK);
  CHECK_INT(files_in_folder(), 2);
  close(fd);
}

/* ---- late rows ---- */

enum { OPS = FIRST_UID + 900000, WEB };

static const struct table_group late_groups[] = {{"ops", OPS}, {"web", WEB}};

/* Accounts `next` to `end` - 1, in both groups and somewhere else at home. */
static bool next_late(void *context, struct table_row *ret, enum reason *failure) {
  static const struct table_membership memberships[] = {{OPS, TABLE_FOREVER}, {WEB, 1000}};
  if (!next_row(context, ret, failure)) return false;
  ret->home = "/late";
  ret->memberships = memberships;
  ret->membership_count = COUNT_OF(memberships);
  return true;
}

static bool is_late(struct tables *tables, unsigned number) {
  struct table_account account;
  char name[16], buffer[600];
  uint32_t gids[TABLE_GROUPS_MAX], uid;
  size_t count;
  snprintf(name, sizeof(name), "u%u", number);
  return tables_account_by_uid(tables, FIRST_UID + number, &account, buffer, sizeof(buffer)) == TABLE_FOUND &&
         strcmp(account.name, name) == 0 && strcmp(account.home, "/late") == 0 &&
         tables_groups_of(tables, name, 999, &uid, gids, TABLE_GROUPS_MAX, &count) == TABLE_FOUND && count == 2 &&
         gids[0] == OPS && gids[1] == WEB;
}

static void late_rows_come_with_the_base(void) {
  struct table_base *base CLEANUP(drop) = NULL;
  clear_folder();
  CHECK_REASON(build_accounts(5, &base), REASON_OK);
  struct rows late = {.next = 3, .end = 8};
  CHECK_REASON(tables_use(base, &(struct table_source){next_late, &late, late_groups, COUNT_OF(late_groups)}),
               REASON_OK);
  OPEN_TABLES(tables);
  CHECK(has_account(tables, 0) && has_account(tables, 2));
  CHECK(is_late(tables, 3) && is_late(tables, 4) && is_late(tables, 5) && is_late(tables, 7));
  CHECK_INT(by_name(tables, "u8"), TABLE_ABSENT);
  CHECK_REASON(add_account(8), REASON_OK);
  CHECK(is_late(tables, 3) && has_account(tables, 8));
}

static void late_rows_must_not_contradict_the_base(void) {
  static const struct table_group wrong[][2] = {{{"ops", OPS}, {"u1", WEB}},
                                                {{"ops", OPS}, {"web", FIRST_UID + 1}},
                                                {{"ops", OPS}, {"web", OPS}},
                                                {{"ops", OPS}, {"other", WEB + 1}}};
  for (size_t i = 0; i <= COUNT_OF(wrong); i++) {
    struct table_base *base CLEANUP(drop) = NULL;
    clear_folder();
    CHECK_REASON(build_accounts(5, &base), REASON_OK);
    struct rows late = {.next = 3, .end = 8};
    const struct table_group *groups = i < COUNT_OF(wrong) ? wrong[i] : late_groups;
    CHECK_REASON(tables_use(base, &(struct table_source){next_late, &late, groups, 2}),
                 i < COUNT_OF(wrong) ? REASON_INTERNAL : REASON_OK);
  }
}

static bool next_namesake(void *context, struct table_row *ret, enum reason *failure) {
  if (!next_row(context, ret, failure)) return false;
  ret->uid += 100;
  return true;
}

static void late_rows_keep_their_ids(void) {
  struct table_base *base CLEANUP(drop) = NULL;
  clear_folder();
  CHECK_REASON(build_accounts(5, &base), REASON_OK);
  struct rows late = {.next = 4, .end = 5};
  CHECK_REASON(tables_use(base, &(struct table_source){.next = next_namesake, .context = &late}), REASON_INTERNAL);
  late = (struct rows){.next = 5, .end = 6};
  CHECK_REASON(tables_use(base, &(struct table_source){.next = next_namesake, .context = &late}), REASON_OK);
}

int main(void) {
  static const struct unit_test tests[] = {
      {"a base is not seen before it is used", a_base_is_not_seen_before_it_is_used},
      {"others write while a base is built", others_write_while_a_base_is_built},
      {"a dropped base leaves nothing", a_dropped_base_leaves_nothing},
      {"a base of a dead writer goes", a_base_of_a_dead_writer_goes},
      {"what a dead writer left goes after a failure", what_a_dead_writer_left_goes_after_a_failure},
      {"a lock on the tables in use is nothing", a_lock_on_the_tables_in_use_is_nothing},
      {"late rows come with the base", late_rows_come_with_the_base},
      {"late rows must not contradict the base", late_rows_must_not_contradict_the_base},
      {"late rows keep their ids", late_rows_keep_their_ids},
  };
  make_folder();
  return unit_run(tests, COUNT_OF(tests));
}
