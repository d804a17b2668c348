/*
 * EVP_DigestVerify and nothing else: bare KEY-SET TOKEN COUNT. The key is built and the signature decoded before, an
 * ECDSA signature into the form that OpenSSL takes. The other verifiers of warm tokens are compared with this.
 */
#include <openssl/ecdsa.h>
#include <string.h>

#include "bench.h"

struct work {
  struct bench_token token;
  EVP_PKEY *key;
  const char *digest;
};

static bool verify(void *context) {
  struct work *work = context;
  EVP_MD_CTX *digest = EVP_MD_CTX_new();
  bool valid = EVP_DigestVerifyInit_ex(digest, NULL, work->digest, NULL, NULL, work->key, NULL) == 1 &&
               EVP_DigestVerify(digest, work->token.signature, work->token.signature_size,
                                (const unsigned char *)work->token.text, work->token.signed_size) == 1;
  EVP_MD_CTX_free(digest);
  return valid;
}

static void signature_to_der(struct bench_token *token) {
  size_t half = token->signature_size / 2;
  ECDSA_SIG *pair = ECDSA_SIG_new();
  ECDSA_SIG_set0(pair, BN_bin2bn(token->signature, (int)half, NULL),
                 BN_bin2bn(token->signature + half, (int)half, NULL));
  unsigned char *end = token->signature;
  token->signature_size = (size_t)i2d_ECDSA_SIG(pair, &end);
  ECDSA_SIG_free(pair);
}

int main(int argc, char **argv) {
  static struct work work;
  if (argc != 4) return 2;
  bench_read_token(argv[2], &work.token);
  json_t *set = json_load_file(argv[1], 0, NULL);
  work.key = bench_build_key(bench_find_key(set, work.token.kid));
  work.digest = strcmp(work.token.algorithm, "EdDSA") == 0 ? NULL : "SHA256";
  if (strcmp(work.token.algorithm, "ES256") == 0) signature_to_der(&work.token);
  int status = bench_measure(argv[3], verify, &work);
  EVP_PKEY_free(work.key);
  json_decref(set);
  return status;
}
