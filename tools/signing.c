#include "signing.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "secret.h"
#include "token.h"

#define FIELD_MAX 1024 /* bytes of a key's member: RSA with 8192 bits */

struct signer {
  const char *alg, *kty, *crv;
  const char *kind;   /* OpenSSL's name of the key type */
  const char *digest; /* NULL: part of the scheme */
  bool pss;
  size_t size; /* bytes of a coordinate or a raw key */
};

/* clang-format off */
static const struct signer signers[] = {
  {"RS256", "RSA", NULL,      "RSA",     "SHA256", false, 0},
  {"RS384", "RSA", NULL,      "RSA",     "SHA384", false, 0},
  {"RS512", "RSA", NULL,      "RSA",     "SHA512", false, 0},
  {"PS256", "RSA", NULL,      "RSA",     "SHA256", true,  0},
  {"PS384", "RSA", NULL,      "RSA",     "SHA384", true,  0},
  {"PS512", "RSA", NULL,      "RSA",     "SHA512", true,  0},
  {"ES256", "EC",  "P-256",   "EC",      "SHA256", false, 32},
  {"ES384", "EC",  "P-384",   "EC",      "SHA384", false, 48},
  {"ES512", "EC",  "P-521",   "EC",      "SHA512", false, 66},
  {"EdDSA", "OKP", "Ed25519", "ED25519", NULL,     false, 32},
  {"Ed25519", "OKP", "Ed25519", "ED25519", NULL,   false, 32},
  {"Ed448", "OKP", "Ed448",   "ED448",   NULL,     false, 57},
};

/* RFC 7518 section 6.3 beside OpenSSL's names; the first two are public. */
static const struct { const char *member, *param; } rsa_fields[] = {
  {"n", OSSL_PKEY_PARAM_RSA_N}, {"e", OSSL_PKEY_PARAM_RSA_E}, {"d", OSSL_PKEY_PARAM_RSA_D},
  {"p", OSSL_PKEY_PARAM_RSA_FACTOR1}, {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},
  {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1}, {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2},
  {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
};
/* clang-format on */

static const struct signer *signer_find(const char *alg) {
  for (size_t i = 0; alg != NULL && i < COUNT_OF(signers); i++) {
    if (strcmp(signers[i].alg, alg) == 0) return &signers[i];
  }
  return NULL;
}

const char *signing_algorithms(void) {
  return "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519 Ed448";
}

bool signing_algorithm_known(const char *alg) {
  return signer_find(alg) != NULL;
}

/* ---- base64url ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* malloc'd, NULL when memory ran out. */
static char *encode(const unsigned char *bytes, size_t size) {
  char *text = malloc(size / 3 * 4 + 5), *out = text;
  unsigned pending = 0, bits = 0;
  if (text == NULL) return NULL;
  for (size_t i = 0; i < size; i++) {
    pending = pending << 8 | bytes[i];
    for (bits += 8; bits >= 6; bits -= 6)
      *out++ = alphabet[pending >> (bits - 6) & 63];
  }
  if (bits > 0) *out++ = alphabet[pending << (6 - bits) & 63];
  *out = '\0';
  return text;
}

/* The bytes of a member that we wrote ourselves, 0 when there is none or it does not fit. */
static size_t decode(const json_t *jwk, const char *member, unsigned char *bytes) {
  const char *text = json_string_value(json_object_get(jwk, member));
  unsigned pending = 0, bits = 0;
  size_t size = 0;
  for (; text != NULL && *text != '\0'; text++) {
    const char *found = strchr(alphabet, *text);
    if (found == NULL) return 0;
    pending = pending << 6 | (unsigned)(found - alphabet);
    bits += 6;
    if (bits < 8) continue;
    if (size == FIELD_MAX) return 0;
    bits -= 8;
    bytes[size++] = (unsigned char)(pending >> bits);
  }
  return size;
}

static bool put_bytes(json_t *jwk, const char *member, const unsigned char *bytes, size_t size) {
  char *text = encode(bytes, size);
  bool put = text != NULL && json_object_set_new(jwk, member, json_string(text)) == 0;
  secret_free(text);
  return put;
}

/* ---- key to JWK ---- */

/* `size` 0: as many bytes as the number has. */
static bool put_number(json_t *jwk, const char *member, const EVP_PKEY *key, const char *param, size_t size) {
  BIGNUM *number = NULL;
  unsigned char bytes[FIELD_MAX];
  if (!EVP_PKEY_get_bn_param(key, param, &number)) return false;
  if (size == 0) size = (size_t)BN_num_bytes(number);
  bool put = size <= sizeof bytes && BN_bn2binpad(number, bytes, (int)size) >= 0 && put_bytes(jwk, member, bytes, size);
  BN_clear_free(number);
  ERASE_ARRAY(bytes);
  return put;
}

static bool put_rsa(json_t *jwk, const EVP_PKEY *key) {
  bool put = true;
  for (size_t i = 0; i < COUNT_OF(rsa_fields) && put; i++)
    put = put_number(jwk, rsa_fields[i].member, key, rsa_fields[i].param, 0);
  return put;
}

static bool put_ec(json_t *jwk, const EVP_PKEY *key, size_t size) {
  return put_number(jwk, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, size) &&
         put_number(jwk, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, size) &&
         put_number(jwk, "d", key, OSSL_PKEY_PARAM_PRIV_KEY, size);
}

static bool put_okp(json_t *jwk, const EVP_PKEY *key) {
  unsigned char public[64], private[64];
  size_t public_size = sizeof public, private_size = sizeof private;
  bool put = EVP_PKEY_get_raw_public_key(key, public, &public_size) == 1 &&
             EVP_PKEY_get_raw_private_key(key, private, &private_size) == 1 &&
             put_bytes(jwk, "x", public, public_size) && put_bytes(jwk, "d", private, private_size);
  ERASE_ARRAY(private);
  return put;
}

static EVP_PKEY *generate(const struct signer *signer) {
  if (strcmp(signer->kty, "RSA") == 0) return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
  if (strcmp(signer->kty, "EC") == 0) return EVP_PKEY_Q_keygen(NULL, NULL, "EC", signer->crv);
  return EVP_PKEY_Q_keygen(NULL, NULL, signer->kind);
}

static bool put_names(json_t *jwk, const struct signer *signer, const char *kid) {
  char own[THUMBPRINT_SIZE];
  if (kid == NULL && !jwk_thumbprint(jwk, own)) return false;
  int failed = json_object_set_new(jwk, "kid", json_string(kid != NULL ? kid : own)) |
               json_object_set_new(jwk, "alg", json_string(signer->alg)) |
               json_object_set_new(jwk, "use", json_string("sig"));
  return failed == 0;
}

json_t *signing_key_new(const char *alg, const char *kid) {
  const struct signer *signer = signer_find(alg);
  EVP_PKEY *key = generate(signer);
  json_t *jwk = json_pack("{s:s, s:s*}", "kty", signer->kty, "crv", signer->crv);
  bool filled = false;
  if (key != NULL && jwk != NULL) {
    if (strcmp(signer->kty, "RSA") == 0) {
      filled = put_rsa(jwk, key);
    } else {
      filled = strcmp(signer->kty, "EC") == 0 ? put_ec(jwk, key, signer->size) : put_okp(jwk, key);
    }
  }
  EVP_PKEY_free(key);
  if (filled && put_names(jwk, signer, kid)) return jwk;
  json_decref(jwk);
  return NULL;
}

json_t *signing_key_public(const json_t *jwk) {
  json_t *copy = json_deep_copy(jwk);
  for (size_t i = 2; i < COUNT_OF(rsa_fields); i++)
    json_object_del(copy, rsa_fields[i].member);
  return copy;
}

const char *signing_key_wrong(const json_t *jwk) {
  const struct signer *signer = signer_find(json_string_value(json_object_get(jwk, "alg")));
  const char *kty = json_string_value(json_object_get(jwk, "kty"));
  const char *crv = json_string_value(json_object_get(jwk, "crv"));
  if (signer == NULL) return "its alg is not one that can sign";
  if (kty == NULL || strcmp(kty, signer->kty) != 0) return "its kty is not that of its alg";
  if (signer->crv != NULL && (crv == NULL || strcmp(crv, signer->crv) != 0)) return "its crv is not that of its alg";
  if (!json_is_string(json_object_get(jwk, "kid"))) return "it has no kid";
  if (!json_is_string(json_object_get(jwk, "d"))) return "it is a public key: the private one is wanted";
  return NULL;
}

/* ---- JWK to key ---- */

static EVP_PKEY *key_from(const char *kind, OSSL_PARAM_BLD *builder) {
  EVP_PKEY *key = NULL;
  OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
  if (params != NULL && context != NULL && EVP_PKEY_fromdata_init(context) == 1)
    EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(params);
  return key;
}

static EVP_PKEY *load_rsa(const json_t *jwk) {
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  BIGNUM *numbers[COUNT_OF(rsa_fields)] = {NULL};
  bool pushed = builder != NULL;
  unsigned char bytes[FIELD_MAX];
  for (size_t i = 0; i < COUNT_OF(rsa_fields) && pushed; i++) {
    numbers[i] = BN_bin2bn(bytes, (int)decode(jwk, rsa_fields[i].member, bytes), NULL);
    pushed = numbers[i] != NULL && OSSL_PARAM_BLD_push_BN(builder, rsa_fields[i].param, numbers[i]);
  }
  EVP_PKEY *key = pushed ? key_from("RSA", builder) : NULL;
  for (size_t i = 0; i < COUNT_OF(rsa_fields); i++)
    BN_clear_free(numbers[i]);
  OSSL_PARAM_BLD_free(builder);
  ERASE_ARRAY(bytes);
  return key;
}

static EVP_PKEY *load_ec(const json_t *jwk, const struct signer *signer) {
  unsigned char x[FIELD_MAX], y[FIELD_MAX], d[FIELD_MAX], point[1 + 2 * 66] = {4};
  if (decode(jwk, "x", x) != signer->size || decode(jwk, "y", y) != signer->size || decode(jwk, "d", d) != signer->size)
    return NULL;
  memcpy(point + 1, x, signer->size);
  memcpy(point + 1 + signer->size, y, signer->size);
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  BIGNUM *private = BN_bin2bn(d, (int)signer->size, NULL);
  bool pushed = builder != NULL && private != NULL &&
                OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, signer->crv, 0) &&
                OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * signer->size) &&
                OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, private);
  EVP_PKEY *key = pushed ? key_from("EC", builder) : NULL;
  BN_clear_free(private);
  OSSL_PARAM_BLD_free(builder);
  ERASE_ARRAY(d);
  return key;
}

static EVP_PKEY *load_okp(const json_t *jwk, const struct signer *signer) {
  unsigned char d[FIELD_MAX];
  size_t size = decode(jwk, "d", d);
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, signer->kind, NULL, d, size);
  ERASE_ARRAY(d);
  return key;
}

static EVP_PKEY *load(const json_t *jwk, const struct signer *signer) {
  if (strcmp(signer->kty, "RSA") == 0) return load_rsa(jwk);
  return strcmp(signer->kty, "EC") == 0 ? load_ec(jwk, signer) : load_okp(jwk, signer);
}

/* ---- signing ---- */

/* RFC 7518 section 3.4: r and s side by side. Returns the size, 0 on failure. */
static size_t ecdsa_flatten(unsigned char *signature, size_t size, size_t coordinate) {
  const unsigned char *der = signature;
  ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
  if (pair == NULL) return 0;
  bool flat = BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, (int)coordinate) >= 0 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + coordinate, (int)coordinate) >= 0;
  ECDSA_SIG_free(pair);
  return flat ? 2 * coordinate : 0;
}

/* The signature in base64url, or NULL. */
static char *sign(const struct signer *signer, EVP_PKEY *key, const char *text) {
  unsigned char signature[FIELD_MAX];
  size_t size = sizeof signature;
  EVP_PKEY_CTX *key_context;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool made = context != NULL &&
              EVP_DigestSignInit_ex(context, &key_context, signer->digest, NULL, NULL, key, NULL) == 1 &&
              (!signer->pss || (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
                                EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
              EVP_DigestSign(context, signature, &size, (const unsigned char *)text, strlen(text)) == 1;
  EVP_MD_CTX_free(context);
  if (made && strcmp(signer->kty, "EC") == 0) size = ecdsa_flatten(signature, size, signer->size);
  return made && size > 0 ? encode(signature, size) : NULL;
}

static char *encode_json(const json_t *value) {
  char *text = json_dumps(value, JSON_COMPACT);
  char *encoded = text != NULL ? encode((const unsigned char *)text, strlen(text)) : NULL;
  free(text);
  return encoded;
}

/* PART.PART, malloc'd; both are erased and freed. NULL when one of them is. */
static char *join(char *left, char *right) {
  size_t size = left != NULL && right != NULL ? strlen(left) + strlen(right) + 2 : 0;
  char *joined = size > 0 ? malloc(size) : NULL;
  if (joined != NULL) snprintf(joined, size, "%s.%s", left, right);
  secret_free(left);
  secret_free(right);
  return joined;
}

char *sign_token(const json_t *jwk, const char *type, const json_t *claims) {
  const struct signer *signer = signer_find(json_string_value(json_object_get(jwk, "alg")));
  EVP_PKEY *key = load(jwk, signer);
  json_t *header = json_pack("{s:s, s:O, s:s}", "alg", signer->alg, "kid", json_object_get(jwk, "kid"), "typ", type);
  char *text = join(encode_json(header), encode_json(claims));
  json_decref(header);
  char *signature = key != NULL && text != NULL ? sign(signer, key, text) : NULL;
  EVP_PKEY_free(key);
  return join(text, signature);
}
