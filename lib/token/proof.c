#include "proof.h"

#include <string.h>

#include "base64url.h"

/* ---- what the token says ---- */

static bool is_thumbprint(const json_t *value) {
  const char *text = json_string_value(value);
  return text != NULL && json_string_length(value) == THUMBPRINT_SIZE - 1 &&
         strspn(text, BASE64URL_ALPHABET) == THUMBPRINT_SIZE - 1;
}

static bool has_private_half(const json_t *jwk) {
  return json_object_get(jwk, "d") != NULL || json_object_get(jwk, "priv") != NULL;
}

const char *cnf_thumbprint(const json_t *cnf, char ret[THUMBPRINT_SIZE]) {
  const json_t *jkt = json_object_get(cnf, "jkt"), *jwk = json_object_get(cnf, "jwk");
  size_t known = (size_t)(jkt != NULL) + (jwk != NULL);
  if (known == 0 || json_object_size(cnf) != known) return "a cnf with jkt or jwk, and nothing else";
  if (jkt != NULL && !is_thumbprint(jkt)) return "a jkt that is a SHA-256 thumbprint";
  if (jwk != NULL && (has_private_half(jwk) || !jwk_thumbprint(jwk, ret))) return "a jwk that is a public key";
  if (jwk != NULL && jkt != NULL && strcmp(ret, json_string_value(jkt)) != 0) return "a jkt that is its jwk's";
  if (jkt != NULL) memcpy(ret, json_string_value(jkt), THUMBPRINT_SIZE);
  return NULL;
}

/* ---- what sshd says ---- */

/* The key of a line `publickey KEY`. The others are methods without a key, or with a host's. */
static const char *key_of_line(const char *line, size_t *size) {
  static const char method[] = "publickey ";
  size_t method_size = sizeof method - 1;
  if (*size <= method_size || memcmp(line, method, method_size) != 0) return NULL;
  *size -= method_size;
  return line + method_size;
}

static void show(const struct trace *trace, const char *key, size_t size, const char *found) {
  char type[64] = "";
  const char *blank = memchr(key, ' ', size);
  size_t length = blank != NULL ? (size_t)(blank - key) : size;
  if (trace == NULL) return;
  memcpy(type, key, length < sizeof type ? length : sizeof type - 1);
  trace_step(trace, "proved-key", type, true, found, NULL);
}

enum reason ssh_proof_check(const struct ssh_auth_info *proved, const char *thumbprint, const struct trace *trace) {
  enum reason reason = REASON_PROOF_MISSING;
  if (proved == NULL || proved->size == 0 || proved->size > SSH_AUTH_INFO_MAX) return reason;
  const char *line = proved->text, *end = line + proved->size;
  while (line < end) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    size_t size = (size_t)((newline != NULL ? newline : end) - line);
    char found[THUMBPRINT_SIZE];
    const char *key = key_of_line(line, &size);
    const char *why = key != NULL ? ssh_key_thumbprint(key, size, found) : NULL;
    if (key != NULL) show(trace, key, size, why != NULL ? why : found);
    if (key != NULL && why == NULL && reason != REASON_OK)
      reason = strcmp(found, thumbprint) == 0 ? REASON_OK : REASON_PROOF_MISMATCH;
    line = newline != NULL ? newline + 1 : end;
  }
  return reason;
}
