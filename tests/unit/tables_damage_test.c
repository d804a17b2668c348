/* Damaged tables: no crash, no wrong name, id, home or shell, and an answer in bounded time. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "tables_fixture.h"

enum { ACCOUNTS = 24, RECENT = 8, ALL = ACCOUNTS + RECENT, ROUNDS = 20000 };
enum { HEADER_SIZE = 216, SUPERSEDED_AT = 20 };

/* A file as it should be. */
struct original {
  char path[PATH_MAX + 32];
  unsigned char bytes[16384];
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
  clear_folder();
  CHECK_REASON(write_accounts(ACCOUNTS), REASON_OK);
  for (unsigned i = ACCOUNTS; i < ALL; i++) {
    CHECK_REASON(add_account(i), REASON_OK);
  }
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
    /* half of the changes hit the header, where each is worth more */
    size_t reach = random_below(2) ? HEADER_SIZE : size, at = random_below((uint32_t)reach);
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

/* The account that is answered, if any, is the one that was asked for, and one of the first `known`. */
static bool answers_are_right(struct tables *tables, unsigned known) {
  if (!tables_id_in_range(tables, FIRST_UID)) /* refused whole */
    return by_name(tables, "u1") == TABLE_UNAVAILABLE && by_uid(tables, FIRST_UID + 1) == TABLE_UNAVAILABLE;
  bool right = true;
  for (unsigned i = 0; i < ALL + 4; i++) {
    struct rows rows;
    struct table_row row = account_row(&rows, i);
    struct table_account account;
    char buffer[600];
    for (int by = 0; by < 2; by++) {
      enum table_status status = by == 0 ? tables_account_by_name(tables, row.name, &account, buffer, sizeof(buffer))
                                         : tables_account_by_uid(tables, row.uid, &account, buffer, sizeof(buffer));
      if (status != TABLE_FOUND) continue;
      right = right && i < known && account.uid == row.uid && strcmp(account.name, row.name) == 0 &&
              strcmp(account.home, row.home) == 0 && strcmp(account.shell, row.shell) == 0;
    }
  }
  struct table_account account;
  char buffer[600];
  if (tables_account_to_be(tables, "ci-new-x", &account, buffer, sizeof(buffer)) == TABLE_FOUND)
    right = right && strcmp(account.home, "/home/ci-new-x") == 0 && strcmp(account.shell, "/bin/bash") == 0 &&
            account.uid == account_id_probe("ci-new-x", settings.range, NULL, 0);
  return right && !tables_login_program(tables, "/bin/sh") && !tables_id_in_range(tables, 1000) &&
         !tables_made_from(tables, FINGERPRINT + 1);
}

static unsigned found_accounts(struct tables *tables) {
  unsigned found = 0;
  for (unsigned i = 0; i < ALL; i++)
    found += has_account(tables, i);
  return found;
}

static void damaged_tables_never_answer_wrongly(void) {
  make_originals();
  unsigned unavailable = 0, partial = 0;
  for (unsigned i = 0; i < ROUNDS; i++) {
    const struct original *original = &originals[random_below(2)];
    unsigned char bytes[sizeof(original->bytes)];
    memcpy(bytes, original->bytes, original->size);
    damage(bytes, original->size);
    write_original(original, bytes, original->size);
    OPEN_TABLES(tables);
    CHECK(answers_are_right(tables, ALL));
    if (!tables_id_in_range(tables, FIRST_UID))
      unavailable++;
    else if (found_accounts(tables) < ALL)
      partial++;
    write_original(original, original->bytes, original->size);
    if (unit_failed) return;
  }
  printf("# of %d damaged tables %u were refused whole and %u gave fewer accounts\n", ROUNDS, unavailable, partial);
  CHECK(unavailable > ROUNDS / 4 && partial > ROUNDS / 20);
}

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
      if (superseded_alone) CHECK(has_account(tables, 0) && has_account(tables, ALL - 1));
      write_original(original, original->bytes, original->size);
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
    enum reason reason = add_account(ALL);
    CHECK(reason == REASON_OK || reason == REASON_STATE_DAMAGED || reason == REASON_INTERNAL);
    refused += reason != REASON_OK;
    OPEN_TABLES(tables);
    CHECK(answers_are_right(tables, ALL + 1));
    if (reason == REASON_OK) CHECK(has_account(tables, ALL));
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
}

int main(void) {
  static const struct unit_test tests[] = {
      {"damaged tables never answer wrongly", damaged_tables_never_answer_wrongly},
      {"every bit of the header counts", every_bit_of_the_header_counts},
      {"files of every length but the right one are refused", files_of_every_length_are_refused},
      {"a writer does not build on damaged rows", a_writer_does_not_build_on_damaged_rows},
      {"parts of different tables do not mix", parts_of_different_tables_do_not_mix},
  };
  make_folder();
  return unit_run(tests, COUNT_OF(tests));
}
