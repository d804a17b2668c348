/*
 * A pair of NSS tables. The input: a byte of flags, the recent table's size in two bytes (little endian), the recent
 * table, the base. Whatever they say, answers are of the name or id that was asked for, stand in the caller's buffer,
 * are no more than the files can hold, and a writer that adds to such tables leaves ones of which the same holds.
 *
 * Flags: 1 the check values are made right, so that what is behind them is reached; 2 under the recent
 * table's key; 4 an account is put in; 8 a small buffer.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table_writer.h"
#include "tables_hostile.h"

enum { REPAIRED = 1, OWN_KEY = 2, PUT = 4, SMALL = 8 };

static char folder[128];

static void remove_folder(void) {
  char path[200];
  static const char *const names[] = {"recent", "base.0000000000000001", "base.0000000000000002"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
    unlink(path);
  }
  rmdir(folder);
}

static void make_folder(void) {
  if (folder[0] != '\0') return;
  const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(folder, sizeof(folder), "%s/jwt-fuzz.XXXXXX", parent);
  MUST_HOLD(mkdtemp(folder) != NULL);
  atexit(remove_folder);
}

static void write_file(const char *name, const unsigned char *bytes, size_t size) {
  char path[200];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  MUST_HOLD(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
  close(fd);
}

static void look_at_everything(struct tables *tables, unsigned flags, size_t most) {
  static const char *const names[] = {"u0", "u1", "u2", "u3", "ops", "web", "Local-ci", "ci-new", "root", ""};
  static const uint32_t ids[] = {0, 1000000, 1000001, 1000002, 1000003, 1900000, 1900001, 4444, UINT32_MAX};
  struct hostile_buffer buffer = {.size = (flags & SMALL) != 0 ? 70 : 1 << 12};
  buffer.bytes = malloc(buffer.size);
  MUST_HOLD(buffer.bytes != NULL);
  for (int64_t now = 0; now <= 1800000000; now += 1800000000) {
    for (size_t i = 0; i < COUNT_OF(names); i++)
      MUST_HOLD(hostile_name_is_sane(tables, &buffer, names[i], now, most));
    for (size_t i = 0; i < COUNT_OF(ids); i++)
      MUST_HOLD(hostile_id_is_sane(tables, &buffer, ids[i], now, most));
    MUST_HOLD(hostile_walks_are_sane(tables, &buffer, now, most));
  }
  (void)tables_login_program(tables, "/usr/sbin/sshd");
  free(buffer.bytes);
}

/* The account is there then, unless the tables are refused. */
static void put_account(unsigned flags, size_t most) {
  static const struct table_group groups[] = {{"ops", 1900000}, {"more", 1900007}};
  static const struct table_membership memberships[] = {{1900000, TABLE_FOREVER}, {1900007, 1800000000}};
  const struct table_row row = {"u3", "/home/u3", "/bin/sh", 1000003, memberships, COUNT_OF(memberships)};
  if (tables_put(folder, &row, groups, COUNT_OF(groups)) != REASON_OK) return;
  struct tables *tables = tables_new(folder);
  struct table_account account;
  char buffer[600];
  MUST_HOLD(tables != NULL);
  MUST_HOLD(tables_account_by_name(tables, "u3", &account, buffer, sizeof(buffer)) == TABLE_FOUND);
  MUST_HOLD(account.uid == 1000003 && strcmp(account.home, "/home/u3") == 0 && strcmp(account.shell, "/bin/sh") == 0);
  look_at_everything(tables, flags, most);
  tables_free(tables);
}

static unsigned char *copy(const uint8_t *data, size_t size) {
  unsigned char *bytes = malloc(size > 0 ? size : 1);
  MUST_HOLD(bytes != NULL);
  if (size > 0) memcpy(bytes, data, size);
  return bytes;
}

static void free_bytes(unsigned char **bytes) {
  free(*bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 3) return 0;
  unsigned flags = data[0];
  size_t recent_size = data[1] | (size_t)data[2] << 8, rest = size - 3;
  if (recent_size > rest) recent_size = rest;
  unsigned char *recent CLEANUP(free_bytes) = copy(data + 3, recent_size);
  unsigned char *base CLEANUP(free_bytes) = copy(data + 3 + recent_size, rest - recent_size);
  uint8_t key[TABLE_KEY_SIZE] = {0};
  if ((flags & OWN_KEY) != 0 && recent_size >= sizeof(struct table_header))
    memcpy(key, recent + offsetof(struct table_header, key), sizeof(key));
  if ((flags & REPAIRED) != 0) hostile_repair(recent, recent_size, TABLE_RECENT, key);
  if ((flags & REPAIRED) != 0) hostile_repair(base, rest - recent_size, TABLE_BASE, key);

  struct tables *tables CLEANUP(hostile_close) = hostile_open(recent, recent_size, base, rest - recent_size);
  if (tables == NULL) return 0;
  look_at_everything(tables, flags, size);
  if ((flags & PUT) == 0) return 0;
  make_folder();
  write_file("recent", recent, recent_size);
  write_file("base.0000000000000001", base, rest - recent_size);
  put_account(flags, size + 4096);
  return 0;
}
