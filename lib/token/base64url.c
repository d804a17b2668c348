#include "base64url.h"

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"

void bytes_clear(struct bytes *bytes) {
  secret_erase(bytes->data, bytes->size);
  free(bytes->data);
  *bytes = (struct bytes){0};
}

#define NO 0xff /* not of the alphabet */

/* The six bits of each character (RFC 4648 section 5, table 2). */
/* clang-format off */
static const unsigned char sextets[256] = {
   NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
   NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
   NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  62,  NO,  NO,
   52,  53,  54,  55,  56,  57,  58,  59,  60,  61,  NO,  NO,  NO,  NO,  NO,  NO,
   NO,   0,   1,   2,   3,   4,   5,   6,   7,   8,   9,  10,  11,  12,  13,  14,
   15,  16,  17,  18,  19,  20,  21,  22,  23,  24,  25,  NO,  NO,  NO,  NO,  63,
   NO,  26,  27,  28,  29,  30,  31,  32,  33,  34,  35,  36,  37,  38,  39,  40,
   41,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51,  NO,  NO,  NO,  NO,  NO,
   NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
   NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
   NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
   NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
   NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
   NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
   NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
   NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
};
/* clang-format on */

/* The bits of four characters side by side. *seen gathers what the table said of them: NO stays in it. */
static uint32_t gather(const char *text, uint32_t *seen) {
  const unsigned char *in = (const unsigned char *)text;
  uint32_t a = sextets[in[0]], b = sextets[in[1]], c = sextets[in[2]], d = sextets[in[3]];
  *seen |= a | b | c | d;
  return a << 18 | b << 12 | c << 6 | d;
}

enum reason base64url_decode(const char *text, size_t size, struct bytes *ret) {
  size_t tail = size % 4;
  if (tail == 1) return REASON_TOKEN_MALFORMED; /* six bits are no byte */
  CLEANUP(bytes_clear) struct bytes bytes = {.data = malloc(size / 4 * 3 + 4)};
  if (bytes.data == NULL) return REASON_OUT_OF_MEMORY;

  unsigned char *out = bytes.data;
  uint32_t seen = 0;
  for (const char *end = text + (size - tail); text < end; text += 4, out += 3) {
    uint32_t bits = htobe32(gather(text, &seen) << 8);
    memcpy(out, &bits, sizeof bits); /* one byte more, which the next overwrites */
  }
  char last[] = {'A', 'A', 'A', 'A'}; /* zeros */
  memcpy(last, text, tail);
  uint32_t pending = gather(last, &seen);
  for (; tail > 1; tail--) {
    *out++ = (unsigned char)(pending >> 16);
    pending = pending << 8 & 0xffffff;
  }
  bytes.size = (size_t)(out - bytes.data);
  if (seen > 63 || pending != 0) return REASON_TOKEN_MALFORMED; /* RFC 4648 3.5: trailing bits are zero */
  *ret = bytes;
  bytes = (struct bytes){0};
  return REASON_OK;
}

void base64url_encode(const unsigned char *bytes, size_t size, char *ret) {
  uint32_t pending = 0;
  unsigned bits = 0;
  for (size_t i = 0; i < size; i++) {
    pending = pending << 8 | bytes[i];
    for (bits += 8; bits >= 6; bits -= 6)
      *ret++ = BASE64URL_ALPHABET[pending >> (bits - 6) & 63];
  }
  if (bits > 0) *ret++ = BASE64URL_ALPHABET[pending << (6 - bits) & 63];
  *ret = '\0';
}
