/* The one way through: struct verified_claims is known to this file alone, and made in one place in it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "algorithms.h"
#include "claims.h"
#include "keyset.h"
#include "parsed.h"
#include "proof.h"

struct verified_claims {
  json_t *claims;
  json_t *header;
  int64_t expiry;
  int64_t issued_at;
  char proof[THUMBPRINT_SIZE]; /* "": not bound */
};

/* ---- header ---- */

/* JWT-SVID section 2.1 has the algorithms of RFC 7518 and no others. */
static bool svid_may_have(const char *alg) {
  enum signature_kind kind = algorithm_find(alg)->kind;
  return kind == SIGNATURE_PKCS1 || kind == SIGNATURE_PSS || kind == SIGNATURE_ECDSA;
}

/* RFC 8725 section 3.1: the verifier says which algorithms there are, never the token. */
static enum reason check_algorithm(const char *alg, const struct token_expectation *expectation,
                                   const struct trace *trace) {
  bool held = list_holds(expectation->algorithms, alg) && (expectation->trust_domain == NULL || svid_may_have(alg));
  trace_step(trace, "header", "alg", held, alg, held ? NULL : "an algorithm that the issuer's section lists");
  return held ? REASON_OK : REASON_ALGORITHM_NOT_ALLOWED;
}

/* RFC 7515 section 4.1.9: "application/" may be left out when no other slash follows. */
static const char *bare_type(const char *type) {
  static const char prefix[] = "application/";
  size_t size = sizeof prefix - 1;
  return strncasecmp(type, prefix, size) == 0 && strchr(type + size, '/') == NULL ? type + size : type;
}

/* RFC 8725 section 3.11: only the listed kinds of token are taken for a credential. */
static enum reason check_type(const char *typ, const struct token_expectation *expectation, const struct trace *trace) {
  static const char *const usual[] = {"JWT", NULL}, *const of_svid[] = {"JWT", "JOSE", NULL}; /* JWT-SVID 2.3 */
  const char *const *types = expectation->trust_domain != NULL ? of_svid : usual;
  if (expectation->types != NULL) types = expectation->types;
  bool held = typ == NULL && expectation->types == NULL;
  for (size_t i = 0; typ != NULL && types[i] != NULL; i++)
    held = held || strcasecmp(bare_type(typ), bare_type(types[i])) == 0; /* media types have no case */
  trace_step(trace, "type", NULL, held, typ, types[0]);
  return held ? REASON_OK : REASON_TYPE_NOT_ALLOWED;
}

/* JWT-SVID section 2: alg, kid and typ, and no other parameter. */
static enum reason check_parameters(const json_t *header, const struct token_expectation *expectation,
                                    const struct trace *trace) {
  static const char *const described[] = {"alg", "kid", "typ"};
  if (expectation->trust_domain == NULL) return REASON_OK;
  size_t count = 0;
  for (size_t i = 0; i < COUNT_OF(described); i++)
    count += json_object_get(header, described[i]) != NULL;
  bool held = count == json_object_size(header);
  trace_step(trace, "header", "parameters", held, NULL, "alg, kid and typ only");
  return held ? REASON_OK : REASON_HEADER_MALFORMED;
}

static enum reason check_header(const json_t *header, const char *typ, const struct token_expectation *expectation,
                                const struct trace *trace) {
  enum reason reason = check_type(typ, expectation, trace);
  return reason == REASON_OK ? check_parameters(header, expectation, trace) : reason;
}

/* What a token of this kind must have, besides exp, which every token must; NULL when nothing is known of its kind. */
static const char *const *profile_of(const char *typ, const struct token_expectation *expectation) {
  static const char *const access_token[] = {"iss", "aud", "sub", "client_id", "iat", "jti", NULL}; /* RFC 9068 2.2 */
  static const char *const svid[] = {"sub", "aud", NULL}; /* JWT-SVID sections 3.1 and 3.2 */
  if (expectation->trust_domain != NULL) return svid;
  return typ != NULL && strcasecmp(bare_type(typ), "at+jwt") == 0 ? access_token : NULL;
}

/* ---- key and signature ---- */

static enum reason check_signature(const struct token *token, const struct token_expectation *expectation,
                                   const struct trace *trace) {
  struct key_choice choice;
  const struct algorithm *algorithm = algorithm_find(token_alg(token));
  const char *why;
  const char *use = expectation->trust_domain != NULL ? USE_JWT_SVID : NULL; /* JWT-SVID section 6 */
  enum reason reason = keyset_choose(expectation->keys, token_kid(token), use, algorithm, &choice, &why);
  trace_step(trace, "key", reason == REASON_OK ? NULL : why, reason == REASON_OK, token_kid(token), algorithm->name);
  if (reason != REASON_OK) return reason;

  bool valid = false;
  for (size_t i = 0; i < choice.count && !valid; i++) {
    valid = signature_is_valid(choice.keys[i], algorithm, (const char *)token->text.data, token->signed_size,
                               token->signature.data, token->signature.size);
  }
  trace_step(trace, "signature", NULL, valid, NULL, NULL);
  return valid ? REASON_OK : REASON_SIGNATURE_INVALID;
}

/* ---- the whole ---- */

static bool is_filled(const char *const *list) {
  return list != NULL && list[0] != NULL;
}

static bool names_issuer(const struct token_expectation *expectation) {
  if (expectation->trust_domain == NULL) return expectation->issuer != NULL || expectation->any_issuer;
  return expectation->trust_domain[0] != '\0' && expectation->issuer == NULL && expectation->types == NULL;
}

/* Nothing that was forgotten may mean "anything goes". */
static bool is_complete(const struct token *token, const struct token_expectation *expectation) {
  if (expectation->keys == NULL || !is_filled(expectation->algorithms)) return false;
  if (expectation->signature_only) return true;
  return token->claims != NULL && (expectation->types == NULL || is_filled(expectation->types)) &&
         names_issuer(expectation) &&
         (expectation->audiences == NULL ? expectation->any_audience && !expectation->audience_is_client_id
                                         : is_filled(expectation->audiences)) &&
         (expectation->any_lifetime || expectation->max_lifetime > 0) && expectation->leeway >= 0 &&
         expectation->leeway <= 300;
}

static enum reason vouch(const struct token *token, struct verified_claims **ret) {
  struct verified_claims *made = malloc(sizeof *made);
  if (made == NULL) return REASON_OUT_OF_MEMORY;
  *made = (struct verified_claims){.claims = json_incref(token->claims), .header = json_incref(token->header)};
  numeric_date(json_object_get(token->claims, "exp"), &made->expiry);
  numeric_date(json_object_get(token->claims, "iat"), &made->issued_at);
  const json_t *cnf = json_object_get(token->claims, "cnf");
  if (cnf != NULL && cnf_thumbprint(cnf, made->proof) != NULL) {
    verified_claims_free(made);
    return REASON_INTERNAL;
  }
  *ret = made;
  return REASON_OK;
}

enum reason token_verify(const struct token *token, const struct token_expectation *expectation,
                         const struct trace *trace, struct verified_claims **ret) {
  if (!is_complete(token, expectation)) return REASON_INTERNAL;
  bool with_claims = !expectation->signature_only;
  const char *typ = json_string_value(json_object_get(token->header, "typ"));
  enum reason reason = check_algorithm(token_alg(token), expectation, trace);
  /* typ tells what the payload is, so it is of no concern when any payload will do. */
  if (reason == REASON_OK && with_claims) reason = check_header(token->header, typ, expectation, trace);
  if (reason == REASON_OK && with_claims) reason = claims_check_issuer(token->claims, expectation, trace);
  if (reason == REASON_OK) reason = check_signature(token, expectation, trace);
  if (reason == REASON_OK && with_claims)
    reason = claims_check(token->claims, expectation, profile_of(typ, expectation), trace);
  if (reason != REASON_OK) return reason;
  if (with_claims) return vouch(token, ret);
  *ret = NULL;
  return REASON_OK;
}

/* ---- what others may ask ---- */

void verified_claims_free(struct verified_claims *claims) {
  if (claims == NULL) return;
  json_decref(claims->claims);
  json_decref(claims->header);
  free(claims);
}

const json_t *verified_claims_find(const struct verified_claims *claims, const char *name) {
  return claims_find(claims->claims, name);
}

const char *verified_claims_issuer(const struct verified_claims *claims) {
  return json_string_value(json_object_get(claims->claims, "iss"));
}

const char *verified_claims_subject(const struct verified_claims *claims) {
  return json_string_value(json_object_get(claims->claims, "sub"));
}

const char *verified_claims_token_id(const struct verified_claims *claims) {
  return json_string_value(json_object_get(claims->claims, "jti"));
}

const char *verified_claims_proof(const struct verified_claims *claims) {
  return claims->proof[0] != '\0' ? claims->proof : NULL;
}

int64_t verified_claims_expiry(const struct verified_claims *claims) {
  return claims->expiry;
}

int64_t verified_claims_issued_at(const struct verified_claims *claims) {
  return claims->issued_at;
}

const char *verified_claims_kid(const struct verified_claims *claims) {
  return json_string_value(json_object_get(claims->header, "kid"));
}

const char *verified_claims_alg(const struct verified_claims *claims) {
  return json_string_value(json_object_get(claims->header, "alg"));
}
