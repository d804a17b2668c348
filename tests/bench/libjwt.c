/* libjwt 1: libjwt KEY-SET TOKEN COUNT. It takes a key as PEM, anew for each token, and checks no claim. */
#include <jwt.h>
#include <openssl/pem.h>
#include <string.h>

#include "bench.h"

struct work {
  struct bench_token token;
  const unsigned char *pem;
  int pem_size;
};

static bool verify(void *context) {
  struct work *work = context;
  jwt_t *jwt;
  if (jwt_decode(&jwt, work->token.text, work->pem, work->pem_size) != 0) return false;
  jwt_free(jwt);
  return true;
}

int main(int argc, char **argv) {
  static struct work work;
  if (argc != 4) return 2;
  bench_read_token(argv[2], &work.token);
  if (strcmp(work.token.algorithm, "EdDSA") == 0) return 77; /* which it does not know */
  json_t *set = json_load_file(argv[1], 0, NULL);
  EVP_PKEY *key = bench_build_key(bench_find_key(set, work.token.kid));
  BIO *pem = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(pem, key);
  char *text;
  work.pem_size = (int)BIO_get_mem_data(pem, &text);
  work.pem = (const unsigned char *)text;
  int status = bench_measure(argv[3], verify, &work);
  BIO_free(pem);
  EVP_PKEY_free(key);
  json_decref(set);
  return status;
}
