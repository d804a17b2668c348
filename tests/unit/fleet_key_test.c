#include "fleet_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names.h"
#include "unit.h"

#define DIGITS "000102030405060708090a0b0c0d0e0f"

static char folder[] = "/tmp/jwt-login-test.XXXXXX";
static char path[64], other[64]; /* in the folder */

static const uint8_t counted[FLEET_KEY_SIZE] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void put(const char *text, size_t size, mode_t mode) {
  unlink(path);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && write(fd, text, size) == (ssize_t)size && fchmod(fd, mode) == 0 && close(fd) == 0);
}

/* True when it is refused with this error, and what was in the caller's key is left alone. */
static bool is_refused(const char *at, int error) {
  uint8_t key[FLEET_KEY_SIZE] = "untouched";
  errno = 0;
  return !fleet_key_read(at, key) && errno == error && memcmp(key, "untouched", sizeof "untouched") == 0;
}

static bool is_read(const uint8_t *wanted) {
  uint8_t key[FLEET_KEY_SIZE] = {0};
  return fleet_key_read(path, key) && memcmp(key, wanted, sizeof key) == 0;
}

static void without_a_file_it_is_the_built_in_key(void) {
  const struct id_range range = {65536, 4000000};
  uint8_t key[FLEET_KEY_SIZE];
  CHECK(fleet_key_read(NULL, key));
  CHECK_INT(account_id_probe("alice", range, key, 0), account_id_probe("alice", range, NULL, 0));
}

static void the_digits_are_the_key(void) {
  static const uint8_t letters[FLEET_KEY_SIZE] = {0xab, 0xcd, 0xef, 0xAB, 0xCD, 0xEF};
  if (geteuid() != 0) SKIP("needs root");
  put(DIGITS "\n", 33, 0600);
  CHECK(is_read(counted));
  put(DIGITS "\n", 33, 0400);
  CHECK(is_read(counted));
  put("abcdefABCDEF00000000000000000000\n", 33, 0600);
  CHECK(is_read(letters));
}

static void anything_but_digits_is_refused(void) {
  static const struct {
    const char *text;
    size_t size;
    int error;
  } wrong[] = {{"", 0, EINVAL},
               {DIGITS, 32, EINVAL},
               {DIGITS "0", 33, EINVAL},
               {DIGITS "\r", 33, EINVAL},
               {DIGITS "\n\n", 34, EFBIG},
               {DIGITS "0\n", 34, EFBIG},
               {"0102030405060708090a0b0c0d0e0f\n", 31, EINVAL},
               {"000102030405060708090a0b0c0d0e0g\n", 33, EINVAL},
               {"g00102030405060708090a0b0c0d0e0f\n", 33, EINVAL},
               {"0x0102030405060708090a0b0c0d0e0f\n", 33, EINVAL},
               {" 00102030405060708090a0b0c0d0e0f\n", 33, EINVAL},
               {"\0"
                "00102030405060708090a0b0c0d0e0f\n",
                33, EINVAL},
               {"0001020304050607\n000102030405060\n", 33, EINVAL}};
  if (geteuid() != 0) SKIP("needs root");
  for (size_t i = 0; i < COUNT_OF(wrong); i++) {
    put(wrong[i].text, wrong[i].size, 0600);
    CHECK(is_refused(path, wrong[i].error));
  }
}

static void others_may_neither_read_nor_write_it(void) {
  static const mode_t wrong[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644};
  if (geteuid() != 0) SKIP("needs root");
  put(DIGITS "\n", 33, 0600);
  for (size_t i = 0; i < COUNT_OF(wrong); i++) {
    CHECK(chmod(path, wrong[i]) == 0);
    CHECK(is_refused(path, EPERM));
  }
  CHECK(chmod(path, 0600) == 0 && chown(path, 4711, 0) == 0);
  CHECK(is_refused(path, EPERM));
  CHECK(chown(path, 0, 0) == 0 && chmod(folder, 0777) == 0);
  CHECK(is_refused(path, EPERM));
  CHECK(chmod(folder, 0755) == 0 && is_read(counted));
}

static void links_are_not_followed(void) {
  if (geteuid() != 0) SKIP("needs root");
  put(DIGITS "\n", 33, 0600);
  CHECK(symlink(path, other) == 0);
  CHECK(is_refused(other, ELOOP));
  CHECK(unlink(other) == 0 && link(path, other) == 0);
  CHECK(is_refused(path, EMLINK));
  CHECK(unlink(other) == 0 && is_read(counted));
}

static void what_is_not_there_is_refused(void) {
  CHECK(is_refused(other, ENOENT));
  CHECK(is_refused(folder, EINVAL));
  CHECK(is_refused("etc/passwd", EINVAL));
}

static void begin(void) {
  CHECK(mkdtemp(folder) != NULL && chmod(folder, 0755) == 0);
  snprintf(path, sizeof path, "%s/key", folder);
  snprintf(other, sizeof other, "%s/other", folder);
}

static void end(void) {
  unlink(path);
  CHECK(rmdir(folder) == 0);
}

UNIT_MAIN({"a folder to play in", begin},
          {"without a file it is the built-in key", without_a_file_it_is_the_built_in_key},
          {"the digits are the key", the_digits_are_the_key},
          {"anything but digits is refused", anything_but_digits_is_refused},
          {"others may neither read nor write it", others_may_neither_read_nor_write_it},
          {"links are not followed", links_are_not_followed},
          {"what is not there is refused", what_is_not_there_is_refused}, {"nothing was left over", end})
