/*
 * What the bench's verifiers share. Nothing here comes from the project's own library, since that is what is compared.
 * They run on input that the bench itself made: what is not in order ends them.
 */
#ifndef JWT_LOGIN_BENCH_H
#define JWT_LOGIN_BENCH_H

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

#define BENCH_TEXT_MAX 16384
#define BENCH_PART_MAX 1024

struct bench_token {
  char text[BENCH_TEXT_MAX + 1]; /* ends with a NUL */
  size_t size;
  size_t signed_size; /* of the text in front of the second dot */
  unsigned char signature[BENCH_PART_MAX];
  size_t signature_size;
  char algorithm[16];
  char kid[64];
};

/* Bytes of base64url; `ret` has the room. Returns how many. */
size_t bench_decode(const char *text, size_t size, unsigned char *ret);

/* From a file, and taken apart. */
void bench_read_token(const char *path, struct bench_token *ret);

/* The JWK with this kid. It belongs to the set. */
const json_t *bench_find_key(const json_t *set, const char *kid);

/* By fromdata, or of raw bytes: RSA, P-256 or Ed25519. The caller's. */
EVP_PKEY *bench_build_key(const json_t *jwk);

/*
 * Verify once to warm up, then `count` times in a function of the name `measured`, to which callgrind is told to pay
 * attention. Prints the nanoseconds that one of these took. Returns what main returns.
 */
int bench_measure(const char *count, bool (*verify)(void *context), void *context);

#endif
