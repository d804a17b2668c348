#include "bench.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Noreturn void die(const char *what) {
  fprintf(stderr, "bench: %s\n", what);
  exit(EXIT_FAILURE);
}

/* ---- tokens ---- */

size_t bench_decode(const char *text, size_t size, unsigned char *ret) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  unsigned pending = 0, bits = 0;
  size_t count = 0;
  for (size_t i = 0; i < size; i++) {
    pending = pending << 6 | (unsigned)(strchr(alphabet, text[i]) - alphabet);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    ret[count++] = (unsigned char)(pending >> bits);
  }
  return count;
}

static void copy_member(const json_t *object, const char *member, char *to, size_t size) {
  const char *text = json_string_value(json_object_get(object, member));
  if (text == NULL || strlen(text) >= size) die(member);
  memcpy(to, text, strlen(text) + 1);
}

void bench_read_token(const char *path, struct bench_token *ret) {
  FILE *file = fopen(path, "r");
  if (file == NULL) die(path);
  ret->size = fread(ret->text, 1, BENCH_TEXT_MAX, file);
  ret->text[ret->size] = '\0';
  fclose(file);
  const char *first = strchr(ret->text, '.'), *second = strrchr(ret->text, '.');
  if (first == NULL || first == second) die("not a token");
  ret->signed_size = (size_t)(second - ret->text);
  if (first - ret->text > BENCH_PART_MAX || ret->size - ret->signed_size > BENCH_PART_MAX) die("too long a part");
  ret->signature_size = bench_decode(second + 1, ret->size - ret->signed_size - 1, ret->signature);

  char header[BENCH_PART_MAX];
  size_t size = bench_decode(ret->text, (size_t)(first - ret->text), (unsigned char *)header);
  json_t *json = json_loadb(header, size, 0, NULL);
  copy_member(json, "alg", ret->algorithm, sizeof ret->algorithm);
  copy_member(json, "kid", ret->kid, sizeof ret->kid);
  json_decref(json);
}

/* ---- keys ---- */

const json_t *bench_find_key(const json_t *set, const char *kid) {
  size_t i;
  const json_t *jwk;
  json_array_foreach(json_object_get(set, "keys"), i, jwk) {
    const char *own = json_string_value(json_object_get(jwk, "kid"));
    if (own != NULL && strcmp(own, kid) == 0) return jwk;
  }
  die("no key has the token's kid");
}

static size_t bytes_of(const json_t *jwk, const char *member, unsigned char *ret) {
  const char *text = json_string_value(json_object_get(jwk, member));
  if (text == NULL || strlen(text) > BENCH_PART_MAX) die(member);
  return bench_decode(text, strlen(text), ret);
}

static EVP_PKEY *build(const char *kind, OSSL_PARAM_BLD *builder) {
  EVP_PKEY *key = NULL;
  OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
  if (EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
    die("no key");
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(params);
  return key;
}

static EVP_PKEY *build_rsa(const json_t *jwk) {
  unsigned char bytes[BENCH_PART_MAX];
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  BIGNUM *n = BN_bin2bn(bytes, (int)bytes_of(jwk, "n", bytes), NULL);
  BIGNUM *e = BN_bin2bn(bytes, (int)bytes_of(jwk, "e", bytes), NULL);
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
  EVP_PKEY *key = build("RSA", builder);
  OSSL_PARAM_BLD_free(builder);
  BN_free(n);
  BN_free(e);
  return key;
}

static EVP_PKEY *build_ec(const json_t *jwk) {
  unsigned char point[1 + 2 * BENCH_PART_MAX] = {4};
  size_t size = bytes_of(jwk, "x", point + 1);
  size += bytes_of(jwk, "y", point + 1 + size);
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
  OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + size);
  EVP_PKEY *key = build("EC", builder);
  OSSL_PARAM_BLD_free(builder);
  return key;
}

EVP_PKEY *bench_build_key(const json_t *jwk) {
  const char *kty = json_string_value(json_object_get(jwk, "kty"));
  if (kty != NULL && strcmp(kty, "RSA") == 0) return build_rsa(jwk);
  if (kty != NULL && strcmp(kty, "EC") == 0) return build_ec(jwk);
  unsigned char bytes[BENCH_PART_MAX];
  size_t size = bytes_of(jwk, "x", bytes);
  EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, bytes, size);
  if (key == NULL) die("no key");
  return key;
}

/* ---- measuring ---- */

bool measured(long count, bool (*verify)(void *), void *context);

__attribute__((noinline)) bool measured(long count, bool (*verify)(void *), void *context) {
  bool valid = true;
  for (long i = 0; i < count; i++)
    valid = verify(context) && valid;
  return valid;
}

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int bench_measure(const char *count, bool (*verify)(void *context), void *context) {
  long times = strtol(count, NULL, 10);
  if (times < 1 || !verify(context)) die("the token does not verify");
  double start = nanoseconds();
  bool valid = measured(times, verify, context);
  printf("%.0f\n", (nanoseconds() - start) / (double)times);
  return valid ? EXIT_SUCCESS : EXIT_FAILURE;
}
