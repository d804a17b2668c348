/* Tokens for tests, signed with the private key of RFC 8037 A.1, so that header and payload can be anything. */
#ifndef JWT_LOGIN_TOKEN_KIT_H
#define JWT_LOGIN_TOKEN_KIT_H

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "token.h"
#include "unit.h"

#define KIT_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define KIT_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define KIT_JWK "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" KIT_X "\""
#define KIT_EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define KIT_EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define KIT_EC_D "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
#define KIT_EC_JWK "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" KIT_EC_X "\",\"y\":\"" KIT_EC_Y "\""
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

/* header.payload, with room for a signature. malloc'd. */
static inline char *kit_unsigned(const void *header, size_t header_size, const void *payload, size_t payload_size) {
  char *text = calloc(1, 2 * (header_size + payload_size) + 256);
  kit_append(text, header, header_size);
  strcat(text, ".");
  kit_append(text, payload, payload_size);
  return text;
}

/* malloc'd. */
static inline char *kit_token_bytes(const void *header, size_t header_size, const void *payload, size_t payload_size) {
  struct bytes private = {0};
  unsigned char signature[64];
  size_t size = sizeof signature;
  char *text = kit_unsigned(header, header_size, payload, payload_size);

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

/* The same under the key of RFC 7515 A.3.1, ES256. */
static inline char *kit_ec_token(const char *header, const char *payload) {
  struct bytes x = {0}, y = {0}, d = {0};
  unsigned char point[65] = {4}, number[32], der[80], flat[64];
  size_t der_size = sizeof der;
  EVP_PKEY *key = NULL;
  char group[] = "P-256", *text = kit_unsigned(header, strlen(header), payload, strlen(payload));
  CHECK_REASON(base64url_decode(KIT_EC_X, strlen(KIT_EC_X), &x), REASON_OK);
  CHECK_REASON(base64url_decode(KIT_EC_Y, strlen(KIT_EC_Y), &y), REASON_OK);
  CHECK_REASON(base64url_decode(KIT_EC_D, strlen(KIT_EC_D), &d), REASON_OK);
  mempcpy(mempcpy(point + 1, x.data, x.size), y.data, y.size);
  for (size_t i = 0; i < sizeof number; i++) /* OpenSSL wants the host's order */
    number[i] = d.data[sizeof number - 1 - i];
  OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("group", group, 5), OSSL_PARAM_octet_string("pub", point, 65),
                         OSSL_PARAM_BN("priv", number, sizeof number), OSSL_PARAM_END};
  EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  CHECK(EVP_PKEY_fromdata_init(maker) == 1 && EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEYPAIR, params) == 1);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  CHECK(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) == 1);
  CHECK(EVP_DigestSign(context, der, &der_size, (const unsigned char *)text, strlen(text)) == 1);
  const unsigned char *in = der;
  ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &in, (long)der_size);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(pair), flat, 32) == 32);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(pair), flat + 32, 32) == 32);
  ECDSA_SIG_free(pair);
  EVP_MD_CTX_free(context);
  EVP_PKEY_CTX_free(maker);
  EVP_PKEY_free(key);
  bytes_clear(&x);
  bytes_clear(&y);
  bytes_clear(&d);
  strcat(text, ".");
  kit_append(text, flat, sizeof flat);
  return text;
}

/* Parse and verify under a key set; *ret_claims may be NULL, else it is the caller's. */
static inline enum reason kit_verify_text(const char *jwks, const char *text, size_t size,
                                          struct token_expectation expectation, struct verified_claims **ret_claims) {
  struct keyset *keys = NULL;
  struct token *token = NULL;
  struct verified_claims *claims = NULL;
  CHECK_REASON(token_prepare(), REASON_OK);
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

/* A token under a set that is there already, and with nothing asked for; the clock stands at 1000. */
static inline enum reason kit_verify_under(const struct keyset *keys, const char *text) {
  struct token *token = NULL;
  struct verified_claims *claims = NULL;
  struct token_expectation anything = {.keys = keys,
                                       .algorithms = token_algorithms_all(),
                                       .any_issuer = true,
                                       .any_audience = true,
                                       .any_lifetime = true,
                                       .now = 1000};
  enum reason reason = token_parse(text, strlen(text), false, &token);
  if (reason == REASON_OK) reason = token_verify(token, &anything, NULL, &claims);
  verified_claims_free(claims);
  token_free(token);
  return reason;
}

static inline enum reason kit_verify_keys(const struct keyset *keys, const char *header, const char *payload) {
  char *text = kit_token(header, payload);
  enum reason reason = kit_verify_under(keys, text);
  free(text);
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
