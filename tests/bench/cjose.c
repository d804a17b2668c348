/*
 * OpenIDC's cjose: cjose KEY-SET TOKEN COUNT. It verifies signatures; the claims are parsed by jansson, as its users
 * do. None is checked.
 */
#include <cjose/cjose.h>
#include <string.h>

#include "bench.h"

struct work {
  struct bench_token token;
  cjose_jwk_t *key;
};

static bool verify(void *context) {
  struct work *work = context;
  uint8_t *payload;
  size_t size;
  cjose_jws_t *jws = cjose_jws_import(work->token.text, work->token.size, NULL);
  bool valid =
      jws != NULL && cjose_jws_verify(jws, work->key, NULL) && cjose_jws_get_plaintext(jws, &payload, &size, NULL);
  json_t *claims = valid ? json_loadb((const char *)payload, size, 0, NULL) : NULL;
  cjose_jws_release(jws);
  json_decref(claims);
  return claims != NULL;
}

int main(int argc, char **argv) {
  static struct work work;
  if (argc != 4) return 2;
  bench_read_token(argv[2], &work.token);
  json_t *set = json_load_file(argv[1], 0, NULL);
  char *jwk = json_dumps(bench_find_key(set, work.token.kid), 0);
  work.key = cjose_jwk_import(jwk, strlen(jwk), NULL);
  free(jwk);
  json_decref(set);
  if (work.key == NULL) return 77; /* of a kind that it does not know */
  int status = bench_measure(argv[3], verify, &work);
  cjose_jwk_release(work.key);
  return status;
}
