/* The NSS tables, writer against reader. */
#include "tables.h"

#include <errno.h>
#include <sys/wait.h>

#include "tables_fixture.h"

/* ---- what is written is found ---- */

static void round_trip(unsigned count) {
  clear_folder();
  CHECK_REASON(write_accounts(count), REASON_OK);
  OPEN_TABLES(tables);
  unsigned missing = 0;
  for (unsigned i = 0; i < count; i++)
    missing += !has_account(tables, i);
  CHECK_INT(missing, 0);
  unsigned ghosts = 0;
  for (unsigned i = count; i < 2 * count + 100; i++) {
    char name[16];
    snprintf(name, sizeof(name), "u%u", i);
    ghosts += by_name(tables, name) != TABLE_ABSENT || by_uid(tables, FIRST_UID + i) != TABLE_ABSENT;
  }
  CHECK_INT(ghosts, 0);
}

static void every_account_is_found_and_no_other(void) {
  round_trip(0);
  round_trip(1);
  round_trip(2);
  round_trip(1000);
  round_trip(20000);
}

static void strange_names_and_ids_are_absent(void) {
  clear_folder();
  CHECK_REASON(write_accounts(10), REASON_OK);
  OPEN_TABLES(tables);
  static const char *const names[] = {"",      "U1",   "u1 ", " u1", "u",
                                      "u1\n2", "root", "-u1", "a",   "u111111111111111111111111111111111111111111111"};
  for (size_t i = 0; i < COUNT_OF(names); i++)
    CHECK_INT(by_name(tables, names[i]), TABLE_ABSENT);
  static const uint32_t ids[] = {0, 1, 999, 65534, FIRST_UID - 1, FIRST_UID + 10, FIRST_UID + UIDS, UINT32_MAX};
  for (size_t i = 0; i < COUNT_OF(ids); i++)
    CHECK_INT(by_uid(tables, ids[i]), TABLE_ABSENT);
}

static void a_buffer_of_every_size_is_filled_or_refused(void) {
  clear_folder();
  CHECK_REASON(write_accounts(1), REASON_OK);
  OPEN_TABLES(tables);
  const size_t needed = sizeof("u0") + sizeof("/home/u0") + sizeof("/bin/sh");
  for (size_t size = 0; size < needed + 20; size++) {
    char *buffer = malloc(size + 1); /* exact, for the sanitizer */
    struct table_account account;
    enum table_status wanted = size < needed ? TABLE_SMALL_BUFFER : TABLE_FOUND;
    buffer[size] = 'x';
    CHECK_INT(tables_account_by_name(tables, "u0", &account, buffer, size), wanted);
    CHECK_INT(tables_account_by_uid(tables, FIRST_UID, &account, buffer, size), wanted);
    CHECK(buffer[size] == 'x');
    if (wanted == TABLE_FOUND) CHECK_STRING(account.home, "/home/u0");
    free(buffer);
  }
}

/* ---- replacement ---- */

static void an_added_account_is_seen_at_the_next_lookup(void) {
  clear_folder();
  CHECK_REASON(write_accounts(100), REASON_OK);
  OPEN_TABLES(tables);
  for (unsigned i = 100; i < 130; i++) {
    CHECK(!has_account(tables, i));
    CHECK_REASON(add_account(i), REASON_OK);
    for (unsigned j = 0; j <= i; j++)
      CHECK(has_account(tables, j));
  }
}

static void a_new_base_is_seen_at_the_next_lookup(void) {
  clear_folder();
  OPEN_TABLES(tables);
  CHECK_INT(by_name(tables, "u1"), TABLE_UNAVAILABLE);
  CHECK(!tables_id_in_range(tables, FIRST_UID));
  for (unsigned count = 2; count < 40; count++) {
    CHECK_REASON(write_accounts(count), REASON_OK);
    CHECK(has_account(tables, count - 1) && !has_account(tables, count));
    CHECK_REASON(add_account(count), REASON_OK);
    CHECK(has_account(tables, count));
  }
  CHECK_REASON(write_accounts(1), REASON_OK);
  CHECK_INT(by_name(tables, "u2"), TABLE_ABSENT);
}

static void put_file(const char *name, const void *bytes, size_t size) {
  char path[PATH_MAX + 64];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  CHECK(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static void old_and_left_over_files_go(void) {
  clear_folder();
  CHECK_REASON(write_accounts(3), REASON_OK);
  put_file("base.00000000000000ff", "half", 4);
  put_file("base.0000000000000100.Ab12cd", "half", 4);
  put_file("recent.Ab12cd", "half", 4);
  CHECK_REASON(write_accounts(4), REASON_OK);
  CHECK_INT(files_in_folder(), 2);
  OPEN_TABLES(tables);
  CHECK(has_account(tables, 3));
}

static void a_full_recent_table_is_merged(void) {
  clear_folder();
  CHECK_REASON(write_accounts(0), REASON_OK);
  OPEN_TABLES(tables);
  for (unsigned number = 0; number < 3 * TABLE_RECENT_MAX + 10; number++)
    CHECK_REASON(add_account(number), REASON_OK);
  for (unsigned i = 0; i < 3 * TABLE_RECENT_MAX + 10; i++)
    CHECK(has_account(tables, i));
  CHECK_INT(files_in_folder(), 2);
}

static void tables_go_on_when_their_files_are_removed_or_damaged(void) {
  clear_folder();
  CHECK_REASON(write_accounts(5), REASON_OK);
  OPEN_TABLES(mapped);
  CHECK(has_account(mapped, 4));
  put_file("recent.new", "damaged", 7);
  char from[PATH_MAX + 16], to[PATH_MAX + 16];
  snprintf(from, sizeof(from), "%s/recent.new", folder);
  snprintf(to, sizeof(to), "%s/recent", folder);
  CHECK_INT(rename(from, to), 0);
  usleep(1100 * 1000); /* so that the path is looked at again */
  CHECK(has_account(mapped, 4));
  clear_folder();
  usleep(1100 * 1000);
  CHECK(has_account(mapped, 4));
  OPEN_TABLES(late);
  CHECK_INT(by_name(late, "u4"), TABLE_UNAVAILABLE);
  CHECK_REASON(write_accounts(6), REASON_OK);
  CHECK(has_account(late, 5));
  usleep(1100 * 1000); /* the mapped table was not there to be marked */
  CHECK(has_account(mapped, 5));
}

/* ---- what a writer refuses ---- */

#define ROW(name_, home_, shell_, uid_)                                \
  (struct table_row) {                                                 \
    .name = (name_), .home = (home_), .shell = (shell_), .uid = (uid_) \
  }

static enum reason write_rows(const struct table_row *rows, size_t count);

struct row_list {
  const struct table_row *rows;
  size_t count;
};

static bool next_of_list(void *context, struct table_row *ret, enum reason *failure) {
  struct row_list *list = context;
  (void)failure;
  if (list->count == 0) return false;
  list->count--;
  *ret = *list->rows++;
  return true;
}

static enum reason write_rows(const struct table_row *rows, size_t count) {
  struct row_list list = {rows, count};
  return tables_write_all(folder, &settings, &(struct table_source){.next = next_of_list, .context = &list});
}

static void bad_rows_are_refused_and_the_old_tables_stay(void) {
  clear_folder();
  CHECK_REASON(write_accounts(3), REASON_OK);
  char long_path[400];
  memset(long_path, 'x', sizeof(long_path) - 1);
  long_path[0] = '/';
  long_path[sizeof(long_path) - 1] = '\0';
  const struct table_row good = ROW("good", "/home/good", "/bin/sh", FIRST_UID + 50);
  const struct table_row bad[] = {
      ROW("good", "/home/good", "/bin/sh", FIRST_UID + 51),   /* the name twice */
      ROW("other", "/home/other", "/bin/sh", FIRST_UID + 50), /* the id twice */
      ROW("low", "/home/low", "/bin/sh", FIRST_UID - 1),
      ROW("high", "/home/high", "/bin/sh", FIRST_UID + UIDS),
      ROW("zero", "/root", "/bin/sh", 0),
      ROW("Upper", "/home/upper", "/bin/sh", FIRST_UID + 52),
      ROW("", "/home/", "/bin/sh", FIRST_UID + 53),
      ROW("colon", "/home/a:b", "/bin/sh", FIRST_UID + 54),
      ROW("line", "/home/line", "/bin/sh\nroot::0:0::/:/bin/sh", FIRST_UID + 55),
      ROW("relative", "home", "/bin/sh", FIRST_UID + 56),
      ROW("long", long_path, "/bin/sh", FIRST_UID + 57),
      ROW("long", "/home/long", long_path, FIRST_UID + 57),
  };
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    const struct table_row rows[] = {good, bad[i]};
    CHECK_REASON(write_rows(rows, COUNT_OF(rows)), REASON_INTERNAL);
  }
  OPEN_TABLES(tables);
  CHECK(has_account(tables, 2));
  CHECK_INT(by_name(tables, "good"), TABLE_ABSENT);

  CHECK_REASON(tables_put(folder, &good, NULL, 0), REASON_OK);
  for (size_t i = 0; i < COUNT_OF(bad); i++)
    CHECK_REASON(tables_put(folder, &bad[i], NULL, 0), REASON_INTERNAL);
  CHECK_INT(by_name(tables, "good"), TABLE_FOUND);
  CHECK_INT(by_name(tables, "other"), TABLE_ABSENT);
}

static void an_account_may_be_put_again_and_changed_but_keeps_its_id(void) {
  clear_folder();
  CHECK_REASON(write_accounts(3), REASON_OK);
  CHECK_REASON(add_account(1), REASON_OK);
  CHECK_REASON(add_account(3), REASON_OK);
  CHECK_REASON(add_account(3), REASON_OK);
  OPEN_TABLES(tables);
  static const unsigned numbers[] = {1, 3};
  for (size_t i = 0; i < COUNT_OF(numbers); i++) {
    struct rows rows;
    struct table_row moved = account_row(&rows, numbers[i]);
    moved.home = "/elsewhere";
    CHECK_REASON(tables_put(folder, &moved, NULL, 0), REASON_OK);
    struct table_account account;
    char buffer[600];
    CHECK_INT(tables_account_by_name(tables, moved.name, &account, buffer, sizeof(buffer)), TABLE_FOUND);
    CHECK_STRING(account.home, "/elsewhere");
    CHECK_INT(tables_account_by_uid(tables, moved.uid, &account, buffer, sizeof(buffer)), TABLE_FOUND);
    CHECK_STRING(account.home, "/elsewhere");
    moved.uid += 10;
    CHECK_REASON(tables_put(folder, &moved, NULL, 0), REASON_INTERNAL);
  }
  CHECK(has_account(tables, 0) && has_account(tables, 2));
}

static bool fail_after_two(void *context, struct table_row *ret, enum reason *failure) {
  struct rows *rows = context;
  if (rows->next < 2) return next_row(rows, ret, failure);
  *failure = REASON_STATE_BUSY;
  return false;
}

static void a_source_that_fails_leaves_the_old_tables(void) {
  clear_folder();
  CHECK_REASON(write_accounts(3), REASON_OK);
  struct rows rows = {.end = 10};
  CHECK_REASON(tables_write_all(folder, &settings, &(struct table_source){.next = fail_after_two, .context = &rows}),
               REASON_STATE_BUSY);
  OPEN_TABLES(tables);
  CHECK(has_account(tables, 2));
}

static void adding_needs_sound_tables(void) {
  clear_folder();
  CHECK_REASON(add_account(1), REASON_STATE_DAMAGED);
  CHECK_REASON(write_accounts(1), REASON_OK);
  put_file("recent", "nonsense", 8);
  CHECK_REASON(add_account(1), REASON_STATE_DAMAGED);
  CHECK_REASON(write_accounts(1), REASON_OK);
  CHECK_REASON(add_account(1), REASON_OK);
}

static void a_folder_that_cannot_be_made_is_said(void) {
  CHECK_REASON(tables_write_all("/proc/no/such/folder", &settings,
                                &(struct table_source){.next = next_row, .context = &(struct rows){0}}),
               REASON_STATE_UNAVAILABLE);
}

static void the_files_are_readable_whatever_the_umask(void) {
  clear_folder();
  rmdir(folder);
  mode_t old = umask(077);
  CHECK_REASON(write_accounts(1), REASON_OK);
  umask(old);
  struct stat st;
  char path[PATH_MAX + 16];
  snprintf(path, sizeof(path), "%s/recent", folder);
  CHECK(stat(folder, &st) == 0 && (st.st_mode & 07777) == 0755);
  CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0644);
}

/* As a writer left it that was killed between making the folder and setting its mode. */
static void a_folder_that_is_closed_is_opened(void) {
  static const mode_t masks[] = {077, 027, 0};
  for (size_t i = 0; i < COUNT_OF(masks); i++) {
    struct stat st;
    clear_folder();
    rmdir(folder);
    mode_t old = umask(masks[i]);
    CHECK_INT(mkdir(folder, 0755), 0);
    CHECK_REASON(write_accounts(1), REASON_OK);
    umask(old);
    CHECK(stat(folder, &st) == 0 && (st.st_mode & 07777) == 0755);
  }
}

/* ---- files that are not believed ---- */

static void unsafe_files_are_not_read(void) {
  char recent[PATH_MAX + 16], aside[PATH_MAX + 16];
  snprintf(recent, sizeof(recent), "%s/recent", folder);
  snprintf(aside, sizeof(aside), "%s/aside", folder);
  clear_folder();
  CHECK_REASON(write_accounts(2), REASON_OK);
  OPEN_TABLES(tables);
  CHECK_INT(chmod(recent, 0664), 0);
  CHECK_INT(by_name(tables, "u1"), TABLE_UNAVAILABLE);
  CHECK_INT(chmod(recent, 0644), 0);
  CHECK_INT(rename(recent, aside) + symlink(aside, recent), 0);
  CHECK_INT(by_name(tables, "u1"), TABLE_UNAVAILABLE);
  CHECK_INT(unlink(recent) + mkfifo(recent, 0644), 0);
  CHECK_INT(by_name(tables, "u1"), TABLE_UNAVAILABLE);
  CHECK_INT(unlink(recent) + mkdir(recent, 0755), 0);
  CHECK_INT(by_name(tables, "u1"), TABLE_UNAVAILABLE);
  CHECK_INT(rmdir(recent) + rename(aside, recent), 0);
  if (geteuid() == 0) {
    CHECK_INT(chown(recent, 65534, 0), 0);
    CHECK_INT(by_name(tables, "u1"), TABLE_UNAVAILABLE);
    CHECK_INT(chown(recent, 0, 0), 0);
  }
  CHECK(has_account(tables, 1));
}

/* ---- settings, and accounts to be ---- */

static void the_settings_are_carried(void) {
  clear_folder();
  CHECK_REASON(write_accounts(2), REASON_OK);
  OPEN_TABLES(tables);
  CHECK(tables_made_from(tables, FINGERPRINT) && !tables_made_from(tables, FINGERPRINT + 1));
  CHECK(tables_id_in_range(tables, FIRST_UID) && tables_id_in_range(tables, FIRST_UID + UIDS - 1));
  CHECK(!tables_id_in_range(tables, FIRST_UID - 1) && !tables_id_in_range(tables, FIRST_UID + UIDS));
  CHECK(!tables_id_in_range(tables, 0));
  CHECK(tables_login_program(tables, "/usr/sbin/sshd"));
  CHECK(tables_login_program(tables, "/usr/lib/openssh/sshd-session"));
  static const char *const others[] = {"", "/usr/sbin/sshd2", "/usr/sbin", "sshd", "/home/{name}", "/bin/bash", "ci-"};
  for (size_t i = 0; i < COUNT_OF(others); i++)
    CHECK(!tables_login_program(tables, others[i]));
}

static void settings_may_be_bare(void) {
  struct account_settings saved = settings;
  settings.login_programs = NULL;
  settings.pattern_count = 0;
  settings.range = (struct id_range){0, 0};
  clear_folder();
  CHECK_REASON(write_accounts(0), REASON_OK);
  CHECK_REASON(write_accounts(1), REASON_INTERNAL);
  settings = saved;
  OPEN_TABLES(tables);
  struct table_account account;
  char buffer[600];
  CHECK(!tables_id_in_range(tables, 0) && !tables_login_program(tables, ""));
  CHECK_INT(tables_account_to_be(tables, "ci-a-x", &account, buffer, sizeof(buffer)), TABLE_ABSENT);
}

/* Homes and shells that the tables need not hold, and those that look like them. */
static void homes_and_shells_are_given_back_whatever_the_template(void) {
  static const char *const templates[] = {"/home/{name}",   "/{name}",   "/home/{name}/x",
                                          "/{name}/{name}", "/home/all", "/home/ann"};
  static const char *const homes[] = {"/home/ann",    "/home/ann/x", "/ann",       "/ann/ann",   "/home/all",
                                      "/home/{name}", "/home/an",    "/home/annx", "/home/ann/", "/home/bob"};
  static const char *const shells[] = {"/bin/bash", "/bin/sh", "/bin/bas", "/bin/bashx"};
  struct account_settings saved = settings;
  for (size_t i = 0; i < COUNT_OF(templates) * COUNT_OF(homes) * COUNT_OF(shells); i++) {
    settings.home = templates[i % COUNT_OF(templates)];
    const char *home = homes[i / COUNT_OF(templates) % COUNT_OF(homes)];
    const char *shell = shells[i / COUNT_OF(templates) / COUNT_OF(homes)];
    clear_folder();
    CHECK_REASON(write_rows(&ROW("ann", home, shell, FIRST_UID), 1), REASON_OK);
    OPEN_TABLES(tables);
    struct table_account account;
    char buffer[600];
    CHECK_INT(tables_account_by_name(tables, "ann", &account, buffer, sizeof(buffer)), TABLE_FOUND);
    CHECK_STRING(account.home, home);
    CHECK_STRING(account.shell, shell);
  }
  settings = saved;
}

static enum table_status to_be(struct tables *tables, const char *name, struct table_account *ret, char buffer[600]) {
  return tables_account_to_be(tables, name, ret, buffer, 600);
}

static void an_account_to_be_fits_a_pattern(void) {
  clear_folder();
  CHECK_REASON(write_rows(&ROW("ci-old-x", "/home/o", "/bin/sh", FIRST_UID + 1), 1), REASON_OK);
  OPEN_TABLES(tables);
  struct table_account account;
  char buffer[600];
  CHECK_INT(to_be(tables, "ci-new-x", &account, buffer), TABLE_FOUND);
  CHECK_STRING(account.name, "ci-new-x");
  CHECK_STRING(account.home, "/home/ci-new-x");
  CHECK_STRING(account.shell, "/bin/bash");
  CHECK_INT(account.uid, account_id_probe("ci-new-x", settings.range, NULL, 0));
  static const char *const others[] = {"ci--x",   "ci-new",   "new-x", "Ci-new-x", "root",
                                       "_ci-a-x", "ci-old-x", "",      "ci-a\n-x"};
  for (size_t i = 0; i < COUNT_OF(others); i++)
    CHECK_INT(to_be(tables, others[i], &account, buffer), TABLE_ABSENT);
  CHECK_INT(by_name(tables, "ci-new-x"), TABLE_ABSENT);
  for (size_t size = 0; size < sizeof("ci-new-x") + sizeof("/home/ci-new-x") + sizeof("/bin/bash"); size++)
    CHECK_INT(tables_account_to_be(tables, "ci-new-x", &account, buffer, size), TABLE_SMALL_BUFFER);
}

static void reserved_names_never_come_to_be(void) {
  struct account_settings saved = settings;
  static const struct name_pattern any = {"", ""};
  settings.patterns = &any;
  clear_folder();
  CHECK_REASON(write_accounts(0), REASON_OK);
  settings = saved;
  OPEN_TABLES(tables);
  struct table_account account;
  char buffer[600];
  CHECK_INT(to_be(tables, "ann", &account, buffer), TABLE_FOUND);
  static const char *const names[] = {"root", "admin", "wheel", "sudo", "docker", "_apt", "systemd-x"};
  for (size_t i = 0; i < COUNT_OF(names); i++)
    CHECK_INT(to_be(tables, names[i], &account, buffer), TABLE_ABSENT);
}

static void an_account_to_be_passes_over_taken_ids(void) {
  clear_folder();
  CHECK_REASON(write_accounts(0), REASON_OK);
  OPEN_TABLES(tables);
  struct table_account account;
  char buffer[600], name[16];
  for (uint32_t probe = 0; probe < 20; probe++) {
    uint32_t uid = account_id_probe("ci-new-x", settings.range, NULL, probe);
    CHECK_INT(to_be(tables, "ci-new-x", &account, buffer), TABLE_FOUND);
    CHECK_INT(account.uid, uid);
    snprintf(name, sizeof(name), "taker%u", probe);
    CHECK_REASON(tables_put(folder, &ROW(name, "/h", "/s", uid), NULL, 0), REASON_OK);
  }
}

static void a_full_range_gives_no_account_to_be(void) {
  struct account_settings saved = settings;
  settings.range = (struct id_range){FIRST_UID, FIRST_UID + 3};
  clear_folder();
  CHECK_REASON(write_accounts(3), REASON_OK);
  settings = saved;
  OPEN_TABLES(tables);
  struct table_account account;
  char buffer[600];
  CHECK_INT(to_be(tables, "ci-new-x", &account, buffer), TABLE_FOUND);
  CHECK_INT(account.uid, FIRST_UID + 3);
  CHECK_REASON(add_account(3), REASON_OK);
  CHECK_INT(to_be(tables, "ci-new-x", &account, buffer), TABLE_ABSENT);
}

/* ---- what stays behind ---- */

static unsigned lines_with(const char *path, const char *text) {
  unsigned count = 0;
  char line[PATH_MAX + 200];
  FILE *file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof(line), file) != NULL)
    count += strstr(line, text) != NULL;
  if (file != NULL) fclose(file);
  return count;
}

static unsigned open_descriptors(void) {
  unsigned count = 0;
  DIR *entries = opendir("/proc/self/fd");
  while (readdir(entries) != NULL)
    count++;
  closedir(entries);
  return count;
}

static void no_descriptor_and_no_old_mapping_stays(void) {
  clear_folder();
  unsigned before = open_descriptors();
  CHECK_REASON(write_accounts(5), REASON_OK);
  struct tables *tables = tables_new(folder);
  for (unsigned i = 5; i < 60; i++) {
    CHECK_REASON(i % 7 == 0 ? write_accounts(i + 1) : add_account(i), REASON_OK);
    CHECK(has_account(tables, i));
    CHECK_INT(lines_with("/proc/self/maps", folder), 2);
  }
  CHECK_INT(open_descriptors(), before);
  tables_free(tables);
  CHECK_INT(lines_with("/proc/self/maps", folder), 0);

  tables = tables_shared(folder);
  CHECK(has_account(tables, 1));
  CHECK_INT(lines_with("/proc/self/maps", folder), 2);
  tables_unmap(tables);
  CHECK_INT(lines_with("/proc/self/maps", folder), 0);
  CHECK(has_account(tables, 1));
  tables_unmap(tables);
}

static void a_child_goes_on_by_itself(void) {
  clear_folder();
  CHECK_REASON(write_accounts(3), REASON_OK);
  OPEN_TABLES(tables);
  CHECK(has_account(tables, 2));
  int go[2];
  CHECK_INT(pipe(go), 0);
  pid_t child = fork();
  if (child == 0) {
    char byte;
    bool right = has_account(tables, 2) && read(go[0], &byte, 1) == 1 && has_account(tables, 3);
    tables_unmap(tables);
    right = right && has_account(tables, 3);
    tables_free(tables);
    _exit(right ? 0 : 1);
  }
  int status = -1;
  CHECK_REASON(add_account(3), REASON_OK);
  CHECK_INT(write(go[1], "x", 1), 1);
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(has_account(tables, 3));
  close(go[0]);
  close(go[1]);
}

int main(void) {
  static const struct unit_test tests[] = {
      {"every account is found and no other", every_account_is_found_and_no_other},
      {"strange names and ids are absent", strange_names_and_ids_are_absent},
      {"a buffer of every size is filled or refused", a_buffer_of_every_size_is_filled_or_refused},
      {"an added account is seen at the next lookup", an_added_account_is_seen_at_the_next_lookup},
      {"a new base is seen at the next lookup", a_new_base_is_seen_at_the_next_lookup},
      {"old and left-over files go", old_and_left_over_files_go},
      {"a full recent table is merged", a_full_recent_table_is_merged},
      {"tables go on when their files are removed or damaged", tables_go_on_when_their_files_are_removed_or_damaged},
      {"bad rows are refused and the old tables stay", bad_rows_are_refused_and_the_old_tables_stay},
      {"an account may be put again and changed but keeps its id",
       an_account_may_be_put_again_and_changed_but_keeps_its_id},
      {"a source that fails leaves the old tables", a_source_that_fails_leaves_the_old_tables},
      {"adding needs sound tables", adding_needs_sound_tables},
      {"a folder that cannot be made is said", a_folder_that_cannot_be_made_is_said},
      {"the files are readable whatever the umask", the_files_are_readable_whatever_the_umask},
      {"a folder that is closed is opened", a_folder_that_is_closed_is_opened},
      {"unsafe files are not read", unsafe_files_are_not_read},
      {"the settings are carried", the_settings_are_carried},
      {"settings may be bare", settings_may_be_bare},
      {"homes and shells are given back whatever the template", homes_and_shells_are_given_back_whatever_the_template},
      {"an account to be fits a pattern", an_account_to_be_fits_a_pattern},
      {"reserved names never come to be", reserved_names_never_come_to_be},
      {"an account to be passes over taken ids", an_account_to_be_passes_over_taken_ids},
      {"a full range gives no account to be", a_full_range_gives_no_account_to_be},
      {"no descriptor and no old mapping stays", no_descriptor_and_no_old_mapping_stays},
      {"a child goes on by itself", a_child_goes_on_by_itself},
  };
  make_folder();
  return unit_run(tests, COUNT_OF(tests));
}
