/*
 * The least that can verify a token: minimal KEY-SET TOKEN. Loads libcrypto and jansson, reads the set, verifies the
 * RS256 signature of one token with its key, and exits. It looks at no claim and distrusts nothing. A cold login is
 * compared with this.
 */
#include <stdlib.h>

#include "bench.h"

int main(int argc, char **argv) {
  static struct bench_token token;
  if (argc != 3) return 2;
  bench_read_token(argv[2], &token);
  json_t *set = json_load_file(argv[1], 0, NULL);
  EVP_PKEY *key = bench_build_key(bench_find_key(set, token.kid));
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool valid = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
               EVP_DigestVerify(context, token.signature, token.signature_size, (const unsigned char *)token.text,
                                token.signed_size) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  json_decref(set);
  return valid ? EXIT_SUCCESS : EXIT_FAILURE;
}
