#include "fleet_key.h"

#include <errno.h>
#include <string.h>

#include "names.h"
#include "secret.h"
#include "trusted_file.h"

#define FILE_SIZE (2 * FLEET_KEY_SIZE + 1) /* and a newline */

/* -1 for what is none. */
static int digit_value(char c) {
  static const char digits[] = "0123456789abcdef";
  const char *digit = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
  return digit != NULL ? (int)(digit - digits) : -1;
}

static bool parse(const char *text, size_t size, uint8_t ret[FLEET_KEY_SIZE]) {
  uint8_t key[FLEET_KEY_SIZE];
  bool whole = size == FILE_SIZE && text[FILE_SIZE - 1] == '\n';
  for (size_t i = 0; whole && i < FLEET_KEY_SIZE; i++) {
    int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);
    whole = high >= 0 && low >= 0;
    if (whole) key[i] = (uint8_t)(high << 4 | low);
  }
  if (whole) memcpy(ret, key, sizeof key);
  ERASE_ARRAY(key);
  return whole;
}

bool fleet_key_read(const char *path, uint8_t ret[FLEET_KEY_SIZE]) {
  if (path == NULL) {
    memcpy(ret, account_id_key, FLEET_KEY_SIZE);
    return true;
  }
  char *text = NULL;
  size_t size = 0;
  if (trusted_secret_read(path, FILE_SIZE, &text, &size) != REASON_OK) return false;
  bool whole = parse(text, size, ret);
  secret_free(text);
  if (!whole) errno = EINVAL;
  return whole;
}
