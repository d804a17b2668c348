/* This project's library: ours KEY-SET TOKEN COUNT. Every check of a login is asked for, from shape to lifetime. */
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "token.h"

struct work {
  struct bench_token token;
  struct token_expectation expectation;
};

static bool verify(void *context) {
  const struct work *work = context;
  struct token *token;
  struct verified_claims *claims;
  if (token_parse(work->token.text, work->token.size, false, &token) != REASON_OK) return false;
  enum reason reason = token_verify(token, &work->expectation, NULL, &claims);
  token_free(token);
  if (reason != REASON_OK) return false;
  verified_claims_free(claims);
  return true;
}

int main(int argc, char **argv) {
  static struct work work;
  static char json[KEYSET_MAX_SIZE];
  if (argc != 4 || token_prepare() != REASON_OK) return 2;
  bench_read_token(argv[2], &work.token);
  FILE *file = fopen(argv[1], "r");
  if (file == NULL) return 2;
  size_t size = fread(json, 1, sizeof json, file);
  fclose(file);
  struct keyset *keys;
  if (keyset_parse(json, size, &keys) != REASON_OK) return 2;
  const char *const algorithms[] = {work.token.algorithm, NULL};
  const char *const audiences[] = {"ssh://private.test", NULL};
  work.expectation = (struct token_expectation){.keys = keys,
                                                .algorithms = algorithms,
                                                .issuer = "https://issuer.test",
                                                .audiences = audiences,
                                                .max_lifetime = 7200,
                                                .leeway = 30,
                                                .now = (int64_t)time(NULL)};
  int status = bench_measure(argv[3], verify, &work);
  keyset_free(keys);
  return status;
}
