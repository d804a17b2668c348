/* Damaged tables: no crash, no wrong name, id, home, shell or group, and an answer in bounded time. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "tables_fixture.h"
#include "tables_hostile.h"

/* CHANGED of the base's accounts have a newer row in the recent table, with other memberships. */
enum { ACCOUNTS = 24, RECENT = 8, ALL = ACCOUNTS + RECENT, CHANGED = 5, ROUNDS = 120000 };
enum { HEADER_SIZE = sizeof(struct table_header), SUPERSEDED_AT = 20 };
enum { OPS = FIRST_UID + 900000, WEB, NEW, LOCAL = 4444, NOW = 1800000000 };

static const struct table_group groups[] = {{"ops", OPS}, {"web", WEB}, {"new", NEW}, {"Local-ci", LOCAL}};
enum { GROUPS = COUNT_OF(groups) };

/* Is account `number` in the group, as its newest row has it? Before, all of the base were in ops. */
static bool belongs(unsigned number, uint32_t gid) {
  bool newer = number < CHANGED || number >= ACCOUNTS;
  switch (gid) {
  case OPS:
    return !newer || number % 2 == 0;
  case WEB:
    return number % 3 == 0;
  case NEW:
    return newer;
  default:
    return number % 4 == 0;
  }
}

struct members {
  struct rows rows;
  bool older;
  struct table_membership memberships[GROUPS + 1];
};

/* One membership more has ended. */
static struct table_row member_row(struct members *members, unsigned number) {
  struct table_row row = account_row(&members->rows, number);
  for (size_t i = 0; i < GROUPS; i++) {
    uint32_t gid = groups[i].gid;
    int64_t expires = belongs(number, gid) ? gid == WEB ? NOW + 1 : TABLE_FOREVER : NOW;
    if (members->older) expires = gid == OPS ? TABLE_FOREVER : expires;
    if (expires != NOW || gid == WEB)
      members->memberships[row.membership_count++] = (struct table_membership){gid, expires};
  }
  row.memberships = members->memberships;
  if (number % 5 == 0) row.shell = "/bin/bash";
  return row;
}

static bool next_member(void *context, struct table_row *ret, enum reason *failure) {
  struct members *members = context;
  (void)failure;
  if (members->rows.next == members->rows.end) return false;
  *ret = member_row(members, members->rows.next++);
  return true;
}

static enum reason put_member(unsigned number) {
  struct members members = {.older = false};
  struct table_row row = member_row(&members, number);
  return tables_put(folder, &row, groups, GROUPS);
}

/* A file as it should be. */
struct original {
  char path[PATH_MAX + 32];
  unsigned char bytes[16384] __attribute__((aligned(8)));
  size_t size;
};

static struct original originals[2];

static void read_original(const char *name, struct original *ret) {
  snprintf(ret->path, sizeof(ret->path), "%s/%s", folder, name);
  FILE *file = fopen(ret->path, "r");
  ret->size = file != NULL ? fread(ret->bytes, 1, sizeof(ret->bytes), file) : 0;
  CHECK(ret->size > 0 && ret->size < sizeof(ret->bytes));
  if (file != NULL) fclose(file);
}

static void write_original(const struct original *original, const unsigned char *bytes, size_t size) {
  int fd = open(original->path, O_WRONLY);
  CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && ftruncate(fd, (off_t)size) == 0);
  close(fd);
}

static void make_originals(void) {
  struct members members = {.rows.end = ACCOUNTS, .older = true};
  clear_folder();
  settings.enumerate = true;
  CHECK_REASON(tables_write_all(folder, &settings, &(struct table_source){next_member, &members, groups, GROUPS}),
               REASON_OK);
  for (unsigned i = 0; i < CHANGED; i++)
    CHECK_REASON(put_member(i), REASON_OK);
  for (unsigned i = ACCOUNTS; i < ALL; i++)
    CHECK_REASON(put_member(i), REASON_OK);
  read_original("recent", &originals[0]);
  read_original("base.0000000000000001", &originals[1]);
}

/* A small generator of our own: the same damage on every host. */
static uint64_t generator = 20261123;

static uint32_t random_below(uint32_t limit) {
  generator = generator * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(((generator >> 33) * limit) >> 31);
}

/* One to four changes: a bit, a byte, a word of a telling value, a stretch copied elsewhere. */
static void damage(unsigned char *bytes, size_t size) {
  static const uint32_t telling[] = {0, 1, 7, 8, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
  for (uint32_t n = 1 + random_below(4); n > 0; n--) {
    /* an eighth of the changes hit the header, where each is worth more */
    size_t reach = random_below(8) == 0 ? HEADER_SIZE : size, at = random_below((uint32_t)reach);
    size_t word = at / 4 * 4, from = random_below((uint32_t)size), length = 1 + random_below(64);
    switch (random_below(4)) {
    case 0:
      bytes[at] ^= (unsigned char)(1 << random_below(8));
      break;
    case 1:
      bytes[at] = (unsigned char)random_below(256);
      break;
    case 2:
      if (word + 4 <= size) memcpy(bytes + word, &telling[random_below(COUNT_OF(telling))], 4);
      break;
    default:
      if (at + length <= size && from + length <= size) memmove(bytes + at, bytes + from, length);
    }
  }
}

/* ---- answers that are right, as far as they go ---- */

static bool account_is_right(const struct table_account *account, unsigned known) {
  unsigned number = account->uid - FIRST_UID;
  struct members members = {.older = false};
  if (number >= known) return false;
  struct table_row row = member_row(&members, number);
  return strcmp(account->name, row.name) == 0 && strcmp(account->home, row.home) == 0 &&
         strcmp(account->shell, row.shell) == 0;
}

static bool accounts_are_right(struct tables *tables, unsigned known, unsigned *ret_found) {
  struct table_account account;
  char buffer[600], name[16];
  bool right = true;
  for (unsigned i = 0; i < ALL + 4; i++) {
    uint32_t gids[TABLE_GROUPS_MAX], uid;
    size_t count = 0;
    snprintf(name, sizeof(name), "u%u", i);
    if (tables_account_by_name(tables, name, &account, buffer, sizeof(buffer)) == TABLE_FOUND) {
      right = right && account.uid == FIRST_UID + i && account_is_right(&account, known);
      *ret_found += 1;
    }
    if (tables_account_by_uid(tables, FIRST_UID + i, &account, buffer, sizeof(buffer)) == TABLE_FOUND)
      right = right && account.uid == FIRST_UID + i && account_is_right(&account, known);
    if (tables_groups_of(tables, name, NOW, &uid, gids, TABLE_GROUPS_MAX, &count) != TABLE_FOUND) continue;
    right = right && i < known && uid == FIRST_UID + i;
    for (size_t j = 0; j < count; j++)
      right = right && belongs(i, gids[j]);
  }
  return right;
}

/* An account's own group, or one of the four, with no member that is not one. */
static bool group_is_right(const struct table_group_view *group, unsigned known) {
  unsigned number = group->gid - FIRST_UID;
  unsigned steps = 0;
  char name[16];
  snprintf(name, sizeof(name), "u%u", number);
  if (number < known) return strcmp(group->name, name) == 0 && group->members[0] == NULL;
  for (size_t i = 0; i < GROUPS; i++) {
    if (groups[i].gid != group->gid) continue;
    bool right = strcmp(groups[i].name, group->name) == 0;
    for (char **member = group->members; *member != NULL; member++) {
      unsigned account = known;
      right = right && sscanf(*member, "u%u", &account) == 1 && account < known && belongs(account, group->gid) &&
              ++steps <= known;
    }
    return right;
  }
  return false;
}

static bool groups_are_right(struct tables *tables, unsigned known) {
  struct table_group_view group;
  char buffer[2000];
  bool right = true;
  for (size_t i = 0; i < GROUPS; i++) {
    if (tables_group_by_name(tables, groups[i].name, NOW, &group, buffer, sizeof(buffer)) == TABLE_FOUND)
      right = right && group.gid == groups[i].gid && group_is_right(&group, known);
    if (tables_group_by_gid(tables, groups[i].gid, NOW, &group, buffer, sizeof(buffer)) == TABLE_FOUND)
      right = right && group.gid == groups[i].gid && group_is_right(&group, known);
  }
  return right;
}

static bool walks_are_right(struct tables *tables, unsigned known) {
  struct table_account account;
  struct table_group_view group;
  char buffer[2000];
  unsigned steps = 0;
  bool right = true;
  while (right && tables_next_account(tables, &account, buffer, sizeof(buffer)) == TABLE_FOUND)
    right = account_is_right(&account, known) && ++steps < 1000;
  while (right && tables_next_group(tables, NOW, &group, buffer, sizeof(buffer)) == TABLE_FOUND)
    right = group_is_right(&group, known) && ++steps < 2000;
  tables_walk_end(tables, TABLE_WALK_ACCOUNTS);
  tables_walk_end(tables, TABLE_WALK_GROUPS);
  return right;
}

/* What is answered, if anything, is so. The first `known` accounts are in the tables. */
static bool answers_are_right(struct tables *tables, unsigned known, unsigned *ret_found) {
  struct table_account account;
  char buffer[600];
  *ret_found = 0;
  bool right =
      accounts_are_right(tables, known, ret_found) && groups_are_right(tables, known) && walks_are_right(tables, known);
  if (tables_account_to_be(tables, "ci-new-x", &account, buffer, sizeof(buffer)) == TABLE_FOUND)
    right = right && strcmp(account.home, "/home/ci-new-x") == 0 && strcmp(account.shell, "/bin/bash") == 0 &&
            account.uid == account_id_probe("ci-new-x", settings.range, NULL, 0);
  return right && !tables_login_program(tables, "/bin/sh") && !tables_id_in_range(tables, 1000) &&
         !tables_made_from(tables, FINGERPRINT + 1);
}

static unsigned found_accounts(struct tables *tables) {
  unsigned found;
  CHECK(answers_are_right(tables, ALL, &found));
  return found;
}

/* ---- check values ---- */

static void flip(void *bytes, size_t bit) {
  ((unsigned char *)bytes)[bit / 8] ^= (unsigned char)(1 << bit % 8);
}

static unsigned unnoticed_in_row(size_t size) {
  static const uint8_t key[TABLE_KEY_SIZE] = "any key will do";
  struct {
    struct table_row_head head;
    char text[128];
  } row = {.head = {.id = FIRST_UID, .size = (uint16_t)size, .kind = TABLE_ACCOUNT, .name_size = 7}, .text = "account"};
  uint32_t check = table_row_check(key, &row, size);
  unsigned unnoticed = 0;
  for (size_t first = sizeof(row.head.check) * 8; first < size * 8; first++)
    for (size_t second = first + 1; second < size * 8; second++) {
      flip(&row, first);
      flip(&row, second);
      unnoticed += table_row_check(key, &row, size) == check;
      flip(&row, first);
      flip(&row, second);
    }
  return unnoticed;
}

static void any_two_bits_of_a_row_are_noticed(void) {
  CHECK_INT(unnoticed_in_row(32), 0);
  CHECK_INT(unnoticed_in_row(40), 0);
  CHECK_INT(unnoticed_in_row(72), 0);
}

static void the_same_bit_of_any_two_words_is_noticed(void) {
  uint64_t words[64];
  for (size_t i = 0; i < COUNT_OF(words); i++)
    words[i] = i;
  uint64_t check = table_sum(0, words, sizeof(words));
  unsigned unnoticed = 0;
  for (size_t bit = 0; bit < 64; bit++)
    for (size_t first = 0; first < COUNT_OF(words); first++)
      for (size_t second = first + 1; second < COUNT_OF(words); second++) {
        words[first] ^= UINT64_C(1) << bit;
        words[second] ^= UINT64_C(1) << bit;
        unnoticed += table_sum(0, words, sizeof(words)) == check;
        words[first] ^= UINT64_C(1) << bit;
        words[second] ^= UINT64_C(1) << bit;
      }
  CHECK_INT(unnoticed, 0);
}

/* ---- in memory ---- */

static struct original damaged[2];

/* One of the two files, or both; sometimes cut or stretched by a few words. */
static void damage_pair(void) {
  for (int i = 0; i < 2; i++) {
    memcpy(damaged[i].bytes, originals[i].bytes, originals[i].size);
    damaged[i].size = originals[i].size;
  }
  uint32_t which = random_below(8);
  for (int i = 0; i < 2; i++) {
    if (which != 0 && which % 2 != (uint32_t)i) continue;
    damage(damaged[i].bytes, damaged[i].size);
    if (random_below(16) == 0) damaged[i].size = random_below((uint32_t)damaged[i].size / 4 + 8) * 4;
  }
}

static struct tables *open_damaged(void) {
  return hostile_open(damaged[0].bytes, damaged[0].size, damaged[1].bytes, damaged[1].size);
}

static unsigned rounds(void) {
  return unit_on_valgrind() ? ROUNDS / 50 : ROUNDS;
}

static void damaged_tables_never_answer_wrongly(void) {
  make_originals();
  OPEN_TABLES(sound);
  CHECK_INT(found_accounts(sound), ALL);
  unsigned refused = 0, partial = 0, count = rounds();
  for (unsigned i = 0; i < count && !unit_failed; i++) {
    damage_pair();
    struct tables *tables CLEANUP(hostile_close) = open_damaged();
    if (tables == NULL) {
      refused++;
      continue;
    }
    unsigned found;
    CHECK(answers_are_right(tables, ALL, &found));
    partial += found < ALL;
  }
  printf("# of %u damaged pairs %u were refused whole and %u gave fewer accounts\n", count, refused, partial);
  CHECK(refused > count / 4 && partial > count / 20);
}

/* Whoever can do this is root: then names and ids may be any, but not a crash, nor an answer to another question. */
static void forged_tables_answer_what_was_asked(void) {
  static const char *const names[] = {"u0",  "u3",       "u24",      "u31",  "ops", "web",
                                      "new", "Local-ci", "ci-new-x", "root", ""};
  static const uint32_t ids[] = {0, FIRST_UID, FIRST_UID + 3, FIRST_UID + 24, OPS, NEW, LOCAL, UINT32_MAX};
  make_originals();
  char bytes[4096];
  const struct hostile_buffer buffer = {bytes, sizeof(bytes)};
  unsigned answered = 0, count = rounds();
  for (unsigned i = 0; i < count && !unit_failed; i++) {
    damage_pair();
    const uint8_t *key = originals[0].bytes + offsetof(struct table_header, key);
    hostile_repair(damaged[0].bytes, damaged[0].size, TABLE_RECENT, key);
    hostile_repair(damaged[1].bytes, damaged[1].size, TABLE_BASE, key);
    struct tables *tables CLEANUP(hostile_close) = open_damaged();
    if (tables == NULL) continue;
    answered++;
    size_t most = damaged[0].size + damaged[1].size;
    for (size_t j = 0; j < COUNT_OF(names); j++)
      CHECK(hostile_name_is_sane(tables, &buffer, names[j], NOW, most));
    for (size_t j = 0; j < COUNT_OF(ids); j++)
      CHECK(hostile_id_is_sane(tables, &buffer, ids[j], NOW, most));
    CHECK(hostile_walks_are_sane(tables, &buffer, NOW, most));
  }
  printf("# %u of %u forged pairs were believed\n", answered, count);
  CHECK(answered > count / 2);
}

/* ---- in files ---- */

static void every_bit_of_the_header_counts(void) {
  make_originals();
  for (int which = 0; which < 2; which++)
    for (size_t bit = 0; bit < HEADER_SIZE * 8; bit++) {
      const struct original *original = &originals[which];
      unsigned char bytes[sizeof(original->bytes)];
      memcpy(bytes, original->bytes, original->size);
      bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
      write_original(original, bytes, original->size);
      OPEN_TABLES(tables);
      bool superseded_alone = bit / 8 >= SUPERSEDED_AT && bit / 8 < SUPERSEDED_AT + 4;
      CHECK(tables_id_in_range(tables, FIRST_UID) == superseded_alone);
      if (superseded_alone) CHECK_INT(found_accounts(tables), ALL);
      write_original(original, original->bytes, original->size);
    }
}

/* A group whose members are damaged is not answered with some of them. */
static void every_member_counts(void) {
  make_originals();
  struct original *base = &originals[1];
  struct table_header header;
  memcpy(&header, base->bytes, sizeof(header));
  for (uint64_t at = 0; at < header.members.size; at += sizeof(uint32_t)) {
    uint32_t *member = (void *)(base->bytes + header.members.offset + at);
    *member ^= 1;
    struct tables *tables CLEANUP(hostile_close) =
        hostile_open(originals[0].bytes, originals[0].size, base->bytes, base->size);
    struct table_group_view group;
    char buffer[2000];
    unsigned unavailable = 0;
    for (size_t i = 0; i < GROUPS; i++)
      unavailable +=
          tables_group_by_gid(tables, groups[i].gid, NOW, &group, buffer, sizeof(buffer)) == TABLE_UNAVAILABLE;
    bool padding = at + sizeof(uint32_t) == header.members.size && *member == 1;
    CHECK_INT(unavailable, !padding);
    *member ^= 1;
  }
}

static void files_of_every_length_are_refused(void) {
  make_originals();
  for (int which = 0; which < 2; which++) {
    const struct original *original = &originals[which];
    unsigned char longer[sizeof(original->bytes) + 8];
    memcpy(longer, original->bytes, original->size);
    memset(longer + original->size, 0, 8);
    for (size_t size = 0; size <= original->size + 8; size += size < 200 || size + 16 > original->size ? 1 : 16) {
      write_original(original, longer, size);
      OPEN_TABLES(tables);
      CHECK(tables_id_in_range(tables, FIRST_UID) == (size == original->size));
    }
    write_original(original, original->bytes, original->size);
  }
}

static void a_writer_does_not_build_on_damaged_rows(void) {
  make_originals();
  const struct original *recent = &originals[0];
  unsigned refused = 0;
  for (unsigned i = 0; i < 2000; i++) {
    unsigned char bytes[sizeof(recent->bytes)];
    memcpy(bytes, recent->bytes, recent->size);
    damage(bytes, recent->size);
    write_original(recent, bytes, recent->size);
    enum reason reason = put_member(ALL);
    CHECK(reason == REASON_OK || reason == REASON_STATE_DAMAGED || reason == REASON_INTERNAL);
    refused += reason != REASON_OK;
    OPEN_TABLES(tables);
    unsigned found;
    CHECK(answers_are_right(tables, ALL + 1, &found));
    if (reason == REASON_OK) CHECK_INT(by_name(tables, "u32"), TABLE_FOUND);
    write_original(recent, recent->bytes, recent->size);
  }
  CHECK(refused > 500);
}

static void parts_of_different_tables_do_not_mix(void) {
  make_originals();
  struct original first[2];
  memcpy(first, originals, sizeof(first));
  make_originals(); /* the same accounts and the same generation, but another key */
  write_original(&originals[0], first[0].bytes, first[0].size);
  OPEN_TABLES(tables);
  CHECK_INT(by_name(tables, "u1"), TABLE_UNAVAILABLE);
  write_original(&originals[1], first[1].bytes, first[1].size);
  CHECK_INT(found_accounts(tables), ALL);

  /* Another generation's file under this one's name. */
  CHECK_REASON(write_accounts(3), REASON_OK);
  struct original second;
  read_original("base.0000000000000002", &second);
  write_original(&originals[0], first[0].bytes, first[0].size);
  memcpy(second.path, originals[1].path, sizeof(second.path));
  int fd = open(second.path, O_WRONLY | O_CREAT, 0644);
  close(fd);
  write_original(&second, second.bytes, second.size);
  OPEN_TABLES(mixed);
  CHECK_INT(by_name(mixed, "u1"), TABLE_UNAVAILABLE);
}

int main(void) {
  static const struct unit_test tests[] = {
      {"any two bits of a row are noticed", any_two_bits_of_a_row_are_noticed},
      {"the same bit of any two words is noticed", the_same_bit_of_any_two_words_is_noticed},
      {"damaged tables never answer wrongly", damaged_tables_never_answer_wrongly},
      {"forged tables answer what was asked", forged_tables_answer_what_was_asked},
      {"every bit of the header counts", every_bit_of_the_header_counts},
      {"every member counts", every_member_counts},
      {"files of every length but the right one are refused", files_of_every_length_are_refused},
      {"a writer does not build on damaged rows", a_writer_does_not_build_on_damaged_rows},
      {"parts of different tables do not mix", parts_of_different_tables_do_not_mix},
  };
  make_folder();
  return unit_run(tests, COUNT_OF(tests));
}
