/* Groups and memberships in the NSS tables: written, read, replaced, merged, listed. */
#include "tables_fixture.h"

enum { OPS = FIRST_UID + 900000, WEB, EMPTY, LOCAL = 4444, NOW = 1800000000 };

static const struct table_group groups[] = {{"ops", OPS}, {"web", WEB}, {"empty", EMPTY}, {"Local-ci", LOCAL}};

/* Memberships of account `number`: ops and Local-ci for each third, web for each second, of these each fourth with an
 * end at NOW. */
static size_t memberships_of(unsigned number, struct table_membership ret[4]) {
  size_t count = 0;
  if (number % 3 == 0) ret[count++] = (struct table_membership){OPS, TABLE_FOREVER};
  if (number % 3 == 0) ret[count++] = (struct table_membership){LOCAL, NOW + 60};
  if (number % 2 == 0) ret[count++] = (struct table_membership){WEB, number % 4 == 0 ? NOW : NOW + 1};
  return count;
}

struct members {
  struct rows rows;
  struct table_membership memberships[4];
};

static struct table_row member_row(struct members *members, unsigned number) {
  struct table_row row = account_row(&members->rows, number);
  row.memberships = members->memberships;
  row.membership_count = memberships_of(number, members->memberships);
  return row;
}

static bool next_member(void *context, struct table_row *ret, enum reason *failure) {
  struct members *members = context;
  (void)failure;
  if (members->rows.next == members->rows.end) return false;
  *ret = member_row(members, members->rows.next++);
  return true;
}

static enum reason write_members(unsigned count) {
  struct members members = {.rows.end = count};
  return tables_write_all(folder, &settings, &(struct table_source){next_member, &members, groups, COUNT_OF(groups)});
}

static enum reason put_member(unsigned number) {
  struct members members;
  struct table_row row = member_row(&members, number);
  return tables_put(folder, &row, groups, COUNT_OF(groups));
}

/* Change account `number` to be a member of one group alone. */
static enum reason put_only(unsigned number, uint32_t gid, int64_t expires) {
  struct rows rows;
  struct table_row row = account_row(&rows, number);
  row.memberships = &(struct table_membership){gid, expires};
  row.membership_count = 1;
  return tables_put(folder, &row, groups, COUNT_OF(groups));
}

static bool is_in(struct tables *tables, unsigned number, uint32_t gid, int64_t now) {
  char name[16];
  uint32_t gids[TABLE_GROUPS_MAX], uid;
  size_t count = 0;
  snprintf(name, sizeof(name), "u%u", number);
  CHECK_INT(tables_groups_of(tables, name, now, &uid, gids, TABLE_GROUPS_MAX, &count), TABLE_FOUND);
  for (size_t i = 0; i < count; i++)
    if (gids[i] == gid) return true;
  return false;
}

/* The two sides agree: group `gid` lists account N exactly when N is in it; the number of its members. */
static unsigned members_of(struct tables *tables, const char *name, uint32_t gid, int64_t now, unsigned accounts) {
  static char buffer[1 << 20];
  struct table_group_view by_name, by_gid;
  char *seen = calloc(accounts + 1, 1);
  unsigned count = 0;
  CHECK_INT(tables_group_by_name(tables, name, now, &by_name, buffer, sizeof(buffer)), TABLE_FOUND);
  CHECK_INT(by_name.gid, gid);
  CHECK_INT(tables_group_by_gid(tables, gid, now, &by_gid, buffer, sizeof(buffer)), TABLE_FOUND);
  CHECK_STRING(by_gid.name, name);
  for (char **member = by_gid.members; *member != NULL; member++, count++) {
    unsigned number = accounts;
    CHECK(sscanf(*member, "u%u", &number) == 1 && number < accounts && !seen[number]);
    if (number < accounts) seen[number] = 1;
  }
  for (unsigned i = 0; i < accounts; i++)
    if ((bool)seen[i] != is_in(tables, i, gid, now)) CHECK_INT(i, -1);
  free(seen);
  return count;
}

static void check_members(struct tables *tables, unsigned accounts) {
  CHECK_INT(members_of(tables, "ops", OPS, NOW, accounts), (accounts + 2) / 3);
  CHECK_INT(members_of(tables, "Local-ci", LOCAL, NOW + 59, accounts), (accounts + 2) / 3);
  CHECK_INT(members_of(tables, "Local-ci", LOCAL, NOW + 60, accounts), 0);
  CHECK_INT(members_of(tables, "web", WEB, NOW - 1, accounts), (accounts + 1) / 2);
  CHECK_INT(members_of(tables, "web", WEB, NOW, accounts), (accounts + 1) / 4);
  CHECK_INT(members_of(tables, "web", WEB, NOW + 1, accounts), 0);
  CHECK_INT(members_of(tables, "empty", EMPTY, 0, accounts), 0);
}

static void memberships_come_and_go_by_the_clock(void) {
  static const unsigned counts[] = {0, 1, 7, 5000};
  for (size_t i = 0; i < COUNT_OF(counts); i++) {
    clear_folder();
    CHECK_REASON(write_members(counts[i]), REASON_OK);
    OPEN_TABLES(tables);
    check_members(tables, counts[i]);
  }
}

/* Through many merges. */
static void added_memberships_are_as_those_of_the_base(void) {
  clear_folder();
  CHECK_REASON(write_accounts(0), REASON_OK);
  OPEN_TABLES(tables);
  unsigned count = 0;
  for (; count < 5 * TABLE_RECENT_MAX + 7; count++) {
    CHECK_REASON(put_member(count), REASON_OK);
    if (count == 0) {
      struct table_group_view group;
      char buffer[600];
      CHECK_INT(tables_group_by_name(tables, "empty", NOW, &group, buffer, sizeof(buffer)), TABLE_ABSENT);
      CHECK_REASON(put_only(0, EMPTY, TABLE_FOREVER), REASON_OK);
      CHECK_REASON(put_member(0), REASON_OK);
    }
    if (count % 640 == 0) check_members(tables, count + 1);
  }
  check_members(tables, count);
}

static void a_newer_row_replaces_the_memberships_of_an_older_one(void) {
  enum { ACCOUNTS = 2000 };
  clear_folder();
  CHECK_REASON(write_members(ACCOUNTS), REASON_OK);
  OPEN_TABLES(tables);
  CHECK(is_in(tables, 6, OPS, NOW) && !is_in(tables, 6, EMPTY, NOW));
  for (unsigned i = 0; i < ACCOUNTS; i++)
    CHECK_REASON(put_only(i, EMPTY, NOW + 1), REASON_OK);
  CHECK_INT(members_of(tables, "empty", EMPTY, NOW, ACCOUNTS), ACCOUNTS);
  CHECK_INT(members_of(tables, "ops", OPS, NOW, ACCOUNTS), 0);
  for (unsigned i = 0; i < ACCOUNTS; i++)
    CHECK_REASON(put_member(i), REASON_OK);
  check_members(tables, ACCOUNTS);
}

static enum reason put_with(const struct table_membership *memberships, size_t count, const struct table_group *group) {
  struct rows rows;
  struct table_row row = account_row(&rows, 7);
  row.memberships = memberships;
  row.membership_count = count;
  return tables_put(folder, &row, group, group != NULL);
}

static void unfit_groups_and_memberships_are_refused(void) {
  static const struct table_group unfit[] = {{"other", OPS},          {"ops", OPS + 50},   {"u1", OPS + 50},
                                             {"n", FIRST_UID + 1},    {"Upper", OPS + 50}, {"", LOCAL + 1},
                                             {"a:b", LOCAL + 1},      {"a,b", LOCAL + 1},  {"a\nb", LOCAL + 1},
                                             {"Local-ci", LOCAL + 1}, {"no", UINT32_MAX}};
  struct table_membership many[TABLE_GROUPS_MAX + 1];
  struct table_group names[TABLE_GROUPS_MAX + 1];
  clear_folder();
  CHECK_REASON(write_members(5), REASON_OK);
  for (size_t i = 0; i < COUNT_OF(unfit); i++)
    CHECK_REASON(put_with(&(struct table_membership){unfit[i].gid, TABLE_FOREVER}, 1, &unfit[i]), REASON_INTERNAL);
  CHECK_REASON(put_with(&(struct table_membership){OPS + 50, TABLE_FOREVER}, 1, NULL), REASON_INTERNAL);
  CHECK_REASON(put_with((struct table_membership[]){{OPS, 1}, {WEB, 1}, {OPS, 2}}, 3, NULL), REASON_INTERNAL);
  CHECK_REASON(put_with((struct table_membership[]){{OPS, 1}, {WEB, 1}}, 2, NULL), REASON_OK);

  static char text[COUNT_OF(many)][8];
  for (unsigned i = 0; i < COUNT_OF(many); i++) {
    snprintf(text[i], sizeof(text[i]), "g%u", i);
    names[i] = (struct table_group){text[i], OPS + 100 + i};
    many[i] = (struct table_membership){names[i].gid, i};
  }
  struct rows rows;
  struct table_row row = account_row(&rows, 8);
  row.memberships = many;
  row.membership_count = COUNT_OF(many);
  CHECK_REASON(tables_put(folder, &row, names, COUNT_OF(names)), REASON_INTERNAL);
  row.membership_count--;
  CHECK_REASON(tables_put(folder, &row, names, COUNT_OF(names)), REASON_OK);
  OPEN_TABLES(tables);
  uint32_t uid, gids[TABLE_GROUPS_MAX];
  size_t count = 0;
  CHECK_INT(tables_groups_of(tables, "u8", -1, &uid, gids, TABLE_GROUPS_MAX, &count), TABLE_FOUND);
  CHECK_INT(count, TABLE_GROUPS_MAX);
  CHECK_INT(tables_groups_of(tables, "u8", -1, &uid, gids, TABLE_GROUPS_MAX - 1, &count), TABLE_SMALL_BUFFER);
  CHECK_INT(tables_groups_of(tables, "ops", -1, &uid, gids, TABLE_GROUPS_MAX, &count), TABLE_ABSENT);
  CHECK_INT(by_name(tables, "ops"), TABLE_ABSENT);
  CHECK_INT(by_uid(tables, OPS), TABLE_ABSENT);
}

/* glibc's own doubling is its caller's affair: each size is answered whole or refused, at every alignment. */
static void a_group_fits_a_buffer_of_every_size_or_is_refused(void) {
  clear_folder();
  CHECK_REASON(write_members(10), REASON_OK);
  OPEN_TABLES(tables);
  size_t least = 0;
  for (size_t size = 0; size < 200; size++)
    for (size_t shift = 0; shift < 8; shift++) {
      char *bytes = malloc(size + shift + 1), *buffer = bytes + shift; /* exact, for the sanitizer */
      struct table_group_view group;
      buffer[size] = 'x';
      enum table_status status = tables_group_by_name(tables, "ops", NOW, &group, buffer, size);
      if (status == TABLE_FOUND && least == 0) least = size;
      CHECK_INT(status, least != 0 && size >= least + 7 ? TABLE_FOUND : status);
      CHECK(status == TABLE_FOUND || status == TABLE_SMALL_BUFFER);
      if (status == TABLE_FOUND) {
        unsigned count = 0;
        while (group.members[count] != NULL)
          count++;
        CHECK_INT(count, 4);
        CHECK((uintptr_t)group.members % sizeof(char *) == 0 && strcmp(group.name, "ops") == 0);
      }
      CHECK(buffer[size] == 'x');
      free(bytes);
    }
  CHECK_INT(least, 5 * sizeof(char *) + 4 * sizeof("u0") + sizeof("ops"));
}

int main(void) {
  static const struct unit_test tests[] = {
      {"memberships come and go by the clock", memberships_come_and_go_by_the_clock},
      {"added memberships are as those of the base", added_memberships_are_as_those_of_the_base},
      {"a newer row replaces the memberships of an older one", a_newer_row_replaces_the_memberships_of_an_older_one},
      {"unfit groups and memberships are refused", unfit_groups_and_memberships_are_refused},
      {"a group fits a buffer of every size or is refused", a_group_fits_a_buffer_of_every_size_or_is_refused},
  };
  make_folder();
  return unit_run(tests, COUNT_OF(tests));
}
