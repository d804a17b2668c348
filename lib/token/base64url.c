#include "base64url.h"

#include <stdint.h>
#include <stdlib.h>

#include "secret.h"

void bytes_clear(struct bytes *bytes) {
  secret_erase(bytes->data, bytes->size);
  free(bytes->data);
  *bytes = (struct bytes){0};
}

/* The six bits of a character, or -1. */
static int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

enum reason base64url_decode(const char *text, size_t size, struct bytes *ret) {
  if (size % 4 == 1) return REASON_TOKEN_MALFORMED; /* six bits are no byte */
  CLEANUP(bytes_clear) struct bytes bytes = {.data = malloc(size / 4 * 3 + 3)};
  if (bytes.data == NULL) return REASON_OUT_OF_MEMORY;

  uint32_t pending = 0;
  unsigned bits = 0;
  for (size_t i = 0; i < size; i++) {
    int value = sextet(text[i]);
    if (value < 0) return REASON_TOKEN_MALFORMED;
    pending = pending << 6 | (uint32_t)value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.data[bytes.size++] = (unsigned char)(pending >> bits);
    pending &= (1u << bits) - 1;
  }
  if (pending != 0) return REASON_TOKEN_MALFORMED; /* RFC 4648 3.5: trailing bits are zero */
  *ret = bytes;
  bytes = (struct bytes){0};
  return REASON_OK;
}
