#include <endian.h>
#include <string.h>

#include "names.h"

struct state {
  uint64_t v0, v1, v2, v3;
};

static uint64_t load64(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return le64toh(word);
}

static uint64_t rotate_left(uint64_t word, unsigned bits) {
  return word << bits | word >> (64 - bits);
}

static void rounds(struct state *s, int count) {
  while (count-- > 0) {
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 = rotate_left(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 = rotate_left(s->v2, 32);
  }
}

static void compress(struct state *s, uint64_t word) {
  s->v3 ^= word;
  rounds(s, 2);
  s->v0 ^= word;
}

uint64_t siphash24(const uint8_t key[16], const void *data, size_t size) {
  uint64_t k0 = load64(key), k1 = load64(key + 8);
  struct state s = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                    k1 ^ 0x7465646279746573u};
  const uint8_t *bytes = data;
  size_t whole = size - size % 8;
  for (size_t i = 0; i < whole; i += 8)
    compress(&s, load64(bytes + i));

  uint64_t last = (uint64_t)size << 56;
  for (size_t i = whole; i < size; i++)
    last |= (uint64_t)bytes[i] << 8 * (i - whole);
  compress(&s, last);

  s.v2 ^= 0xff;
  rounds(&s, 4);
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
