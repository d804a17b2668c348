/* Enumeration of the NSS tables. */
#include "tables_fixture.h"

enum { OPS = FIRST_UID + 900000, EMPTY, ACCOUNTS = 700 };

static const struct table_group groups[] = {{"ops", OPS}, {"empty", EMPTY}};
static const struct table_membership in_ops[] = {{OPS, 100}};

static bool next_in_ops(void *context, struct table_row *ret, enum reason *failure) {
  if (!next_row(context, ret, failure)) return false;
  ret->memberships = in_ops;
  ret->membership_count = 1;
  return true;
}

static enum reason write_all(unsigned count, bool enumerate) {
  struct rows rows = {.end = count};
  settings.enumerate = enumerate;
  return tables_write_all(folder, &settings, &(struct table_source){next_in_ops, &rows, groups, COUNT_OF(groups)});
}

/* Half of the accounts are in the base; some of these are again among those in the recent table. */
static void make_tables(bool enumerate) {
  clear_folder();
  CHECK_REASON(write_all(ACCOUNTS / 2, enumerate), REASON_OK);
  for (unsigned i = ACCOUNTS / 2 - 10; i < ACCOUNTS; i++) {
    struct rows rows;
    struct table_row row = account_row(&rows, i);
    row.memberships = in_ops;
    row.membership_count = i % 2;
    CHECK_REASON(tables_put(folder, &row, groups, COUNT_OF(groups)), REASON_OK);
  }
}

/* True when it is one of the first `count` and was not seen before. */
static bool note(bool *seen, unsigned count, const char *name, uint32_t id) {
  unsigned number = count;
  if (sscanf(name, "u%u", &number) != 1 || number >= count || id != FIRST_UID + number || seen[number]) return false;
  return seen[number] = true;
}

static unsigned walk_accounts(struct tables *tables, unsigned most) {
  bool seen[2 * ACCOUNTS] = {false};
  struct table_account account;
  char buffer[600];
  unsigned count = 0;
  for (; tables_next_account(tables, &account, buffer, sizeof(buffer)) == TABLE_FOUND; count++)
    CHECK(note(seen, most, account.name, account.uid) && account.home[0] == '/' && account.shell[0] == '/');
  CHECK_INT(tables_next_account(tables, &account, buffer, sizeof(buffer)), TABLE_ABSENT);
  return count;
}

static void each_account_is_listed_once(void) {
  make_tables(true);
  OPEN_TABLES(tables);
  CHECK_INT(walk_accounts(tables, ACCOUNTS), ACCOUNTS);
  tables_walk_end(tables, TABLE_WALK_ACCOUNTS);
  CHECK_INT(walk_accounts(tables, ACCOUNTS), ACCOUNTS);
}

static void each_group_is_listed_once(void) {
  make_tables(true);
  OPEN_TABLES(tables);
  bool seen[ACCOUNTS] = {false};
  struct table_group_view group;
  static char buffer[1 << 16];
  unsigned own = 0, ops = 0, empty = 0;
  while (tables_next_group(tables, 99, &group, buffer, sizeof(buffer)) == TABLE_FOUND) {
    unsigned members = 0;
    while (group.members[members] != NULL)
      members++;
    ops += group.gid == OPS && members == ACCOUNTS / 2 - 10 + (ACCOUNTS / 2 + 10) / 2;
    empty += group.gid == EMPTY && members == 0 && strcmp(group.name, "empty") == 0;
    own += group.gid < OPS && members == 0 && note(seen, ACCOUNTS, group.name, group.gid);
  }
  CHECK_INT(own, ACCOUNTS);
  CHECK_INT(ops, 1);
  CHECK_INT(empty, 1);
}

static void nothing_is_listed_unless_the_settings_say_so(void) {
  make_tables(false);
  OPEN_TABLES(tables);
  struct table_account account;
  struct table_group_view group;
  char buffer[600];
  CHECK_INT(tables_next_account(tables, &account, buffer, sizeof(buffer)), TABLE_ABSENT);
  CHECK_INT(tables_next_group(tables, 0, &group, buffer, sizeof(buffer)), TABLE_ABSENT);
  CHECK_REASON(write_all(5, true), REASON_OK);
  CHECK_INT(tables_next_account(tables, &account, buffer, sizeof(buffer)), TABLE_FOUND);
  clear_folder();
  OPEN_TABLES(none);
  CHECK_INT(tables_next_account(none, &account, buffer, sizeof(buffer)), TABLE_UNAVAILABLE);
  CHECK_INT(tables_next_group(none, 0, &group, buffer, sizeof(buffer)), TABLE_UNAVAILABLE);
}

static void a_small_buffer_does_not_advance(void) {
  clear_folder();
  CHECK_REASON(write_all(5, true), REASON_OK);
  OPEN_TABLES(tables);
  bool seen[5] = {false};
  struct table_account account;
  struct table_group_view group;
  char buffer[600];
  unsigned accounts = 0, listed = 0;
  for (size_t size = 0; accounts + listed < 12 && size < sizeof(buffer); size++) {
    if (tables_next_account(tables, &account, buffer, size) == TABLE_FOUND) {
      CHECK(note(seen, 5, account.name, account.uid));
      accounts++;
      size = 0;
    }
    listed += tables_next_group(tables, 0, &group, buffer, size) == TABLE_FOUND;
  }
  CHECK_INT(accounts, 5);
  CHECK_INT(listed, 7);
}

/* It does not see what comes while it lasts, nor does it lose what goes. */
static void a_walk_sees_the_tables_of_its_beginning(void) {
  make_tables(true);
  OPEN_TABLES(tables);
  struct table_account account;
  char buffer[600];
  unsigned count = 0;
  while (count < 100 && tables_next_account(tables, &account, buffer, sizeof(buffer)) == TABLE_FOUND)
    count++;
  for (unsigned i = 0; i < 8; i++) { /* more than there are slots for mapped tables */
    CHECK_REASON(write_all(3 + i, true), REASON_OK);
    CHECK(has_account(tables, 2 + i) && !has_account(tables, 3 + i));
  }
  while (tables_next_account(tables, &account, buffer, sizeof(buffer)) == TABLE_FOUND)
    count++;
  CHECK_INT(count, ACCOUNTS);
  tables_walk_end(tables, TABLE_WALK_ACCOUNTS);
  CHECK_INT(walk_accounts(tables, 10), 10);
}

static unsigned mapped_tables(void) {
  unsigned count = 0;
  char line[PATH_MAX + 200];
  FILE *file = fopen("/proc/self/maps", "r");
  while (file != NULL && fgets(line, sizeof(line), file) != NULL)
    count += strstr(line, folder) != NULL;
  if (file != NULL) fclose(file);
  return count;
}

static void unmapping_ends_the_walks(void) {
  make_tables(true);
  OPEN_TABLES(tables);
  struct table_account account;
  struct table_group_view group;
  char buffer[600];
  CHECK_INT(tables_next_account(tables, &account, buffer, sizeof(buffer)), TABLE_FOUND);
  CHECK_INT(tables_next_group(tables, 100, &group, buffer, sizeof(buffer)), TABLE_FOUND);
  CHECK_REASON(write_all(3, true), REASON_OK);
  CHECK(has_account(tables, 1));
  CHECK_INT(mapped_tables(), 4);
  tables_unmap(tables);
  CHECK_INT(mapped_tables(), 0);
  CHECK_INT(walk_accounts(tables, 3), 3);
}

int main(void) {
  static const struct unit_test tests[] = {
      {"each account is listed once", each_account_is_listed_once},
      {"each group is listed once", each_group_is_listed_once},
      {"nothing is listed unless the settings say so", nothing_is_listed_unless_the_settings_say_so},
      {"a small buffer does not advance", a_small_buffer_does_not_advance},
      {"a walk sees the tables of its beginning", a_walk_sees_the_tables_of_its_beginning},
      {"unmapping ends the walks", unmapping_ends_the_walks},
  };
  make_folder();
  return unit_run(tests, COUNT_OF(tests));
}
