/*
 * Public keys as OpenSSH writes them: a type and, in base64, a blob (RFC 4253 section 6.6, RFC 5656 section 3.1,
 * RFC 8709 section 4; PROTOCOL.u2f and PROTOCOL.certkeys of OpenSSH). Each becomes the JWK of the same key.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "key.h"
#include "strict_json.h"
#include "token.h"

static const char damaged[] = "its blob is damaged";
static const char no_memory[] = "memory ran out";

/* Some bytes of the blob, or of the line: borrowed, not ended by a NUL. */
struct span {
  const unsigned char *at;
  size_t left;
};

struct ssh_kind {
  const char *name, *certificate;
  const char *kty, *crv;
  const char *curve; /* of an EC key, as SSH calls it */
  bool in_a_token;   /* sk-: the blob also names the application */
};

/* clang-format off */
static const struct ssh_kind kinds[] = {
  {"ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "RSA", NULL, NULL, false},
  {"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "OKP", "Ed25519", NULL, false},
  {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "EC", "P-256", "nistp256", false},
  {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "EC", "P-384", "nistp384", false},
  {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "EC", "P-521", "nistp521", false},
  {"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com", "OKP", "Ed25519", NULL, true},
  {"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "EC", "P-256", "nistp256", true},
};
/* clang-format on */

static bool span_is(const struct span *span, const char *text) {
  return span->left == strlen(text) && memcmp(span->at, text, span->left) == 0;
}

/* ---- the blob's fields; each takes its bytes off the front, or is false when they are not there ---- */

static bool take(struct span *blob, size_t size, struct span *ret) {
  if (blob->left < size) return false;
  *ret = (struct span){blob->at, size};
  blob->at += size;
  blob->left -= size;
  return true;
}

static bool take_number(struct span *blob, uint32_t *ret) {
  struct span bytes;
  if (!take(blob, 4, &bytes)) return false;
  *ret = (uint32_t)bytes.at[0] << 24 | (uint32_t)bytes.at[1] << 16 | (uint32_t)bytes.at[2] << 8 | bytes.at[3];
  return true;
}

static bool take_string(struct span *blob, struct span *ret) {
  uint32_t size;
  return take_number(blob, &size) && take(blob, size, ret);
}

static bool take_this_string(struct span *blob, const char *wanted) {
  struct span found;
  return take_string(blob, &found) && span_is(&found, wanted);
}

/* RFC 4251 section 5: positive, and no byte more than it needs. The zero that keeps it positive is left out. */
static bool take_positive(struct span *blob, struct span *ret) {
  struct span number;
  if (!take_string(blob, &number) || number.left == 0 || number.at[0] > 0x7f) return false;
  if (number.at[0] == 0) {
    if (number.left < 2 || number.at[1] <= 0x7f) return false;
    number = (struct span){number.at + 1, number.left - 1};
  }
  *ret = number;
  return true;
}

/* PROTOCOL.certkeys: what stands behind the certified key. Its sense was sshd's to judge; it is for a user. */
static bool take_rest_of_certificate(struct span *blob) {
  static const int strings_before = 2, strings_after = 5;
  struct span ignored;
  uint32_t type = 0;
  bool sound = take(blob, 8, &ignored) && take_number(blob, &type) && type == 1;
  for (int i = 0; i < strings_before; i++) /* key id, principals */
    sound = sound && take_string(blob, &ignored);
  sound = sound && take(blob, 16, &ignored); /* from when and until when */
  for (int i = 0; i < strings_after; i++)    /* critical options, extensions, reserved, the authority, its signature */
    sound = sound && take_string(blob, &ignored);
  return sound;
}

/* ---- the key's own fields, as members of a JWK ---- */

static bool put(json_t *jwk, const char *member, struct span bytes) {
  char *text = malloc(BASE64URL_ROOM(bytes.left));
  if (text == NULL) return false;
  base64url_encode(bytes.at, bytes.left, text);
  bool put = json_object_set_new(jwk, member, json_string(text)) == 0;
  free(text);
  return put;
}

static const char *read_rsa(struct span *blob, json_t *jwk) {
  struct span e, n;
  if (!take_positive(blob, &e) || !take_positive(blob, &n)) return damaged;
  return put(jwk, "e", e) && put(jwk, "n", n) ? NULL : no_memory;
}

/* RFC 5656 section 3.1: the point without compression, which no JWK has either. */
static const char *read_ec(struct span *blob, const struct ssh_kind *kind, json_t *jwk) {
  struct span point, x;
  size_t size = curve_find(kind->kty, kind->crv)->size;
  if (!take_this_string(blob, kind->curve) || !take_string(blob, &point)) return damaged;
  if (point.left != 1 + 2 * size || point.at[0] != 4) return "its point is not in the uncompressed form of its curve";
  point = (struct span){point.at + 1, 2 * size};
  if (!take(&point, size, &x) || !put(jwk, "x", x) || !put(jwk, "y", point)) return no_memory;
  const struct jwk read = jwk_read(jwk);
  EVP_PKEY *key = NULL;
  const char *why = jwk_build(&read, &key);
  EVP_PKEY_free(key);
  return why;
}

static const char *read_okp(struct span *blob, const struct ssh_kind *kind, json_t *jwk) {
  struct span x;
  if (!take_string(blob, &x) || x.left != curve_find(kind->kty, kind->crv)->size) return damaged;
  return put(jwk, "x", x) ? NULL : no_memory;
}

static const char *read_key(struct span *blob, const struct ssh_kind *kind, json_t *jwk) {
  if (strcmp(kind->kty, "RSA") == 0) return read_rsa(blob, jwk);
  return strcmp(kind->kty, "EC") == 0 ? read_ec(blob, kind, jwk) : read_okp(blob, kind, jwk);
}

static const char *read_blob(struct span blob, const struct ssh_kind *kind, bool certificate, json_t *jwk) {
  struct span ignored;
  if (!take_this_string(&blob, certificate ? kind->certificate : kind->name)) return damaged;
  if (certificate && !take_string(&blob, &ignored)) return damaged; /* nonce */
  const char *why = read_key(&blob, kind, jwk);
  if (why != NULL) return why;
  bool sound = (!kind->in_a_token || take_string(&blob, &ignored)) && (!certificate || take_rest_of_certificate(&blob));
  return sound && blob.left == 0 ? NULL : damaged;
}

/* ---- the line ---- */

/* The next word; empty at the end. */
static struct span take_word(struct span *line) {
  struct span word;
  while (line->left > 0 && *line->at == ' ')
    (void)take(line, 1, &word);
  const unsigned char *blank = line->left > 0 ? memchr(line->at, ' ', line->left) : NULL;
  (void)take(line, blank != NULL ? (size_t)(blank - line->at) : line->left, &word);
  return word;
}

/* RFC 4648 section 4, padded: the other alphabet, and as strict. */
static bool decode(struct span text, struct bytes *ret) {
  size_t size = text.left;
  if (size == 0 || size % 4 != 0 || memchr(text.at, '-', size) != NULL || memchr(text.at, '_', size) != NULL)
    return false;
  for (int i = 0; i < 2; i++)
    size -= text.at[size - 1] == '=';
  char *url = malloc(size);
  if (url == NULL) return false;
  for (size_t i = 0; i < size; i++)
    url[i] = (char)(text.at[i] == '+' ? '-' : text.at[i] == '/' ? '_' : text.at[i]);
  bool decoded = base64url_decode(url, size, ret) == REASON_OK;
  free(url);
  return decoded;
}

static const struct ssh_kind *find_kind(const struct span *type, bool *ret_certificate) {
  for (size_t i = 0; i < COUNT_OF(kinds); i++) {
    *ret_certificate = span_is(type, kinds[i].certificate);
    if (*ret_certificate || span_is(type, kinds[i].name)) return &kinds[i];
  }
  return NULL;
}

const char *ssh_key_thumbprint(const char *line, size_t size, char ret[THUMBPRINT_SIZE]) {
  struct span rest = {(const unsigned char *)line, size};
  struct span type = take_word(&rest), text = take_word(&rest);
  bool certificate;
  const struct ssh_kind *kind = find_kind(&type, &certificate);
  if (kind == NULL) return "its type is not one that a token can be bound to";
  CLEANUP(bytes_clear) struct bytes blob = {0};
  if (!decode(text, &blob)) return damaged;
  CLEANUP(json_clear) json_t *jwk = json_pack("{s:s, s:s*}", "kty", kind->kty, "crv", kind->crv);
  if (jwk == NULL) return no_memory;
  const char *why = read_blob((struct span){blob.data, blob.size}, kind, certificate, jwk);
  if (why != NULL) return why;
  return jwk_thumbprint(jwk, ret) ? NULL : no_memory;
}
