#include "token.h"

#include <stdlib.h>
#include <string.h>

#include "algorithms.h"
#include "claims.h"
#include "parsed.h"
#include "secret.h"
#include "strict_json.h"

void token_free(struct token *token) {
  if (token == NULL) return;
  bytes_clear(&token->text);
  bytes_clear(&token->signature);
  json_decref(token->header);
  json_decref(token->claims);
  free(token);
}

static void token_clear(struct token **token) {
  token_free(*token);
}

static const char *header_string(const struct token *token, const char *member) {
  return json_string_value(json_object_get(token->header, member));
}

const char *token_claimed_issuer(const struct token *token) {
  return json_string_value(json_object_get(token->claims, "iss"));
}

const char *token_claimed_subject(const struct token *token) {
  return json_string_value(json_object_get(token->claims, "sub"));
}

const char *token_kid(const struct token *token) {
  return header_string(token, "kid");
}

const char *token_alg(const struct token *token) {
  return header_string(token, "alg");
}

/* What no issuer's section can allow. Embedded keys (jwk, jku, x5c, x5u) are not looked at, so never honoured. */
static enum reason check_header(const json_t *header) {
  static const char *const optional_strings[] = {"kid", "typ"};       /* RFC 7515 section 4.1.4, 4.1.9 */
  static const char *const refused[] = {"crit", "b64", "zip", "enc"}; /* 4.1.11, RFC 7797, RFC 7516 section 4.1 */
  const char *alg = json_string_value(json_object_get(header, "alg"));
  if (alg == NULL) return REASON_HEADER_MALFORMED; /* RFC 7515 section 4.1.1 */
  for (size_t i = 0; i < COUNT_OF(optional_strings); i++) {
    const json_t *value = json_object_get(header, optional_strings[i]);
    if (value != NULL && !json_is_string(value)) return REASON_HEADER_MALFORMED;
  }
  if (!token_algorithm_known(alg)) return REASON_ALGORITHM_NOT_ALLOWED; /* none and HMAC among them */
  for (size_t i = 0; i < COUNT_OF(refused); i++) {
    if (json_object_get(header, refused[i]) != NULL) return REASON_CRITICAL_HEADER;
  }
  return REASON_OK;
}

/* The three parts of RFC 7515 section 7.1, still encoded. */
struct parts {
  const char *header, *payload, *signature;
  size_t header_size, payload_size, signature_size;
};

static bool split(const char *text, size_t size, struct parts *ret) {
  const char *end = text + size;
  const char *first = memchr(text, '.', size);
  const char *second = first != NULL ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
  if (second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL) return false;
  *ret = (struct parts){
      text, first + 1, second + 1, (size_t)(first - text), (size_t)(second - first - 1), (size_t)(end - second - 1)};
  return true;
}

static enum reason keep_text(struct token *token, const char *text, size_t size) {
  token->text.data = malloc(size);
  if (token->text.data == NULL) return REASON_OUT_OF_MEMORY;
  memcpy(token->text.data, text, size);
  token->text.size = size;
  return REASON_OK;
}

/* In the order of the decision: shape of all, then header, then claims. */
static enum reason fill(struct token *token, const char *text, size_t size, bool signature_only) {
  struct parts parts;
  CLEANUP(bytes_clear) struct bytes header = {0};
  CLEANUP(bytes_clear) struct bytes payload = {0};
  if (!split(text, size, &parts)) return REASON_TOKEN_MALFORMED;
  token->signed_size = parts.header_size + 1 + parts.payload_size;
  enum reason reason = keep_text(token, text, size);
  if (reason == REASON_OK) reason = base64url_decode(parts.header, parts.header_size, &header);
  if (reason == REASON_OK) reason = base64url_decode(parts.payload, parts.payload_size, &payload);
  if (reason == REASON_OK) reason = base64url_decode(parts.signature, parts.signature_size, &token->signature);
  if (reason == REASON_OK)
    reason = strict_json_parse(header.data, header.size, REASON_HEADER_MALFORMED, &token->header);
  if (reason == REASON_OK) reason = check_header(token->header);
  if (reason != REASON_OK || signature_only) return reason;
  reason = strict_json_parse(payload.data, payload.size, REASON_CLAIMS_MALFORMED, &token->claims);
  return reason == REASON_OK ? claims_check_types(token->claims) : reason;
}

enum reason token_parse(const char *text, size_t size, bool signature_only, struct token **ret) {
  if (size == 0) return REASON_TOKEN_MISSING;
  if (size > TOKEN_MAX_SIZE) return REASON_TOKEN_TOO_LARGE;
  CLEANUP(token_clear) struct token *token = calloc(1, sizeof *token);
  if (token == NULL) return REASON_OUT_OF_MEMORY;
  enum reason reason = fill(token, text, size, signature_only);
  if (reason != REASON_OK) return reason;
  *ret = token;
  token = NULL;
  return REASON_OK;
}
