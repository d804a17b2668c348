/* Tokens for tests, signed with the private key of RFC 8037 A.1, so that header and payload can be anything. */
#ifndef JWT_LOGIN_TOKEN_KIT_H
#define JWT_LOGIN_TOKEN_KIT_H

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "token.h"
#include "unit.h"

#define KIT_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define KIT_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define KIT_JWK "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" KIT_X "\""
#define KIT_SET "{\"keys\":[{" KIT_JWK ",\"kid\":\"k\"}]}"
#define KIT_HEADER "{\"alg\":\"EdDSA\",\"kid\":\"k\"}"

/* Append base64url to a NUL-terminated text that has the room. */
static inline void kit_append(char *text, const void *bytes, size_t size) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const unsigned char *in = bytes;
  text += strlen(text);
  for (size_t bit = 0; bit < 8 * size; bit += 6) {
    unsigned pair = (unsigned)in[bit / 8] << 8 | (bit / 8 + 1 < size ? in[bit / 8 + 1] : 0);
    *text++ = alphabet[pair >> (10 - bit % 8) & 63];
  }
  *text = '\0';
}

/* malloc'd. */
static inline char *kit_token_bytes(const void *header, size_t header_size, const void *payload, size_t payload_size) {
  struct bytes private = {0};
  unsigned char signature[64];
  size_t size = sizeof signature;
  char *text = calloc(1, 2 * (header_size + payload_size) + 256);
  kit_append(text, header, header_size);
  strcat(text, ".");
  kit_append(text, payload, payload_size);

  CHECK_REASON(base64url_decode(KIT_D, strlen(KIT_D), &private), REASON_OK);
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, private.data, private.size);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  CHECK(EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, key, NULL) == 1);
  CHECK(EVP_DigestSign(context, signature, &size, (const unsigned char *)text, strlen(text)) == 1);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  bytes_clear(&private);

  strcat(text, ".");
  kit_append(text, signature, size);
  return text;
}

static inline char *kit_token(const char *header, const char *payload) {
  return kit_token_bytes(header, strlen(header), payload, strlen(payload));
}

/* Parse and verify under a key set; *ret_claims may be NULL, else it is the caller's. */
static inline enum reason kit_verify_text(const char *jwks, const char *text, size_t size,
                                          struct token_expectation expectation, struct verified_claims **ret_claims) {
  struct keyset *keys = NULL;
  struct token *token = NULL;
  struct verified_claims *claims = NULL;
  enum reason reason = keyset_parse(jwks, strlen(jwks), &keys);
  expectation.keys = keys;
  if (expectation.algorithms == NULL) expectation.algorithms = token_algorithms_all();
  if (reason == REASON_OK) reason = token_parse(text, size, expectation.signature_only, &token);
  if (reason == REASON_OK) reason = token_verify(token, &expectation, NULL, &claims);
  CHECK((claims != NULL) == (reason == REASON_OK && !expectation.signature_only));
  if (ret_claims != NULL) {
    *ret_claims = claims;
  } else {
    verified_claims_free(claims);
  }
  token_free(token);
  keyset_free(keys);
  return reason;
}

/* A token with this header and payload, signed, under KIT_SET. */
static inline enum reason kit_verify(const char *header, const char *payload, struct token_expectation expectation) {
  char *text = kit_token(header, payload);
  enum reason reason = kit_verify_text(KIT_SET, text, strlen(text), expectation, NULL);
  free(text);
  return reason;
}

#endif
