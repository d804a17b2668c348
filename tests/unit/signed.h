/* Tokens for tests: an Ed25519 key made on the spot, its key set, and claims signed with it. */
#ifndef JWT_LOGIN_SIGNED_H
#define JWT_LOGIN_SIGNED_H

#include <openssl/evp.h>

#include "unit.h"

#define SIGNED_MAX 4096

static EVP_PKEY *signed_key;

/* base64url without padding; returns the end of the text. */
static inline char *signed_encode(const void *data, size_t size, char *to) {
  to += EVP_EncodeBlock((unsigned char *)to, data, (int)size);
  for (; size % 3 && to[-1] == '='; to--)
    to[-1] = '\0';
  char *start = to - (4 * size + 2) / 3;
  for (; *start; start++)
    *start = *start == '+' ? '-' : *start == '/' ? '_' : *start;
  return to;
}

/* The key set of the key, with kid "k". */
static inline void signed_jwks(char ret[SIGNED_MAX]) {
  unsigned char raw[32];
  char x[64];
  size_t size = sizeof(raw);
  if (!signed_key) signed_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  CHECK(signed_key && EVP_PKEY_get_raw_public_key(signed_key, raw, &size) == 1);
  signed_encode(raw, size, x);
  snprintf(ret, SIGNED_MAX, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\",\"x\":\"%s\"}]}", x);
}

static inline void signed_token(const char *claims, char ret[SIGNED_MAX]) {
  static const char header[] = "{\"alg\":\"EdDSA\",\"kid\":\"k\"}";
  unsigned char signature[64];
  size_t size = sizeof(signature);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  char *end = signed_encode(header, strlen(header), ret);
  *end++ = '.';
  end = signed_encode(claims, strlen(claims), end);
  CHECK(EVP_DigestSignInit(context, NULL, NULL, NULL, signed_key) == 1);
  CHECK(EVP_DigestSign(context, signature, &size, (unsigned char *)ret, (size_t)(end - ret)) == 1);
  EVP_MD_CTX_free(context);
  *end++ = '.';
  signed_encode(signature, size, end);
}

#endif
