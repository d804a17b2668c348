#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "proof.h"

struct check {
  const json_t *claims;
  const struct token_expectation *expectation;
  const char *const *profile;
  const struct trace *trace;
};

/* ---- what the trace shows ---- */

static void text_free(char **text) {
  free(*text);
}

/* A string as it is, anything else as JSON; NULL when absent. */
static char *shown(const json_t *value) {
  if (json_is_string(value)) return strdup(json_string_value(value));
  return value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
}

static char *joined(const char *const *list) {
  size_t size = 1;
  for (size_t i = 0; list[i] != NULL; i++)
    size += strlen(list[i]) + 2;
  char *text = malloc(size), *end = text;
  if (text == NULL) return NULL;
  for (size_t i = 0; list[i] != NULL; i++) {
    if (i > 0) end = mempcpy(end, ", ", 2);
    end = mempcpy(end, list[i], strlen(list[i]));
  }
  *end = '\0';
  return text;
}

/* Tell the trace, and turn the outcome into a reason. */
static enum reason conclude(const struct check *check, const char *step, bool held, const json_t *found,
                            const char *wanted, enum reason otherwise) {
  if (check->trace != NULL) {
    CLEANUP(text_free) char *text = shown(found);
    trace_step(check->trace, step, NULL, held, text, wanted);
  }
  return held ? REASON_OK : otherwise;
}

/* The same for a moment; `relation` says how it should stand to `limit`. */
static enum reason conclude_time(const struct check *check, const char *step, bool held, const json_t *found,
                                 const char *relation, int64_t limit, enum reason otherwise) {
  char wanted[64] = "";
  if (check->trace != NULL) snprintf(wanted, sizeof wanted, "%s %lld", relation, (long long)limit);
  return conclude(check, step, held, found, wanted, otherwise);
}

/* ---- the checks, in the order of the decision ---- */

static const json_t *claim(const struct check *check, const char *name) {
  return json_object_get(check->claims, name);
}

/* a + b without overflow: at the end of the range it stays there. */
static int64_t plus(int64_t a, int64_t b) {
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? INT64_MAX : INT64_MIN;
}

/* JWT-SVID section 3.1: the issuer is the authority of the trust domain that sub is in. */
static enum reason check_spiffe_id(const struct check *check) {
  const json_t *sub = claim(check, "sub");
  const char *trust_domain = check->expectation->trust_domain;
  bool held = sub != NULL && is_spiffe_id(json_string_value(sub), trust_domain);
  enum reason otherwise = sub == NULL ? REASON_SUBJECT_MISSING : REASON_ISSUER_UNKNOWN;
  return conclude(check, "trust-domain", held, sub, trust_domain, otherwise);
}

enum reason claims_check_issuer(const json_t *claims, const struct token_expectation *expectation,
                                const struct trace *trace) {
  struct check check = {claims, expectation, NULL, trace};
  if (expectation->trust_domain != NULL) return check_spiffe_id(&check);
  if (expectation->issuer == NULL) return REASON_OK;
  const json_t *iss = claim(&check, "iss"); /* RFC 7519 section 4.1.1: compared byte for byte */
  bool held = iss != NULL && strcmp(json_string_value(iss), expectation->issuer) == 0;
  return conclude(&check, "issuer", held, iss, expectation->issuer, REASON_ISSUER_UNKNOWN);
}

static bool names_audience(const struct check *check, const json_t *value) {
  return json_is_string(value) && list_holds(check->expectation->audiences, json_string_value(value));
}

static enum reason conclude_audience(const struct check *check, bool held, const json_t *found) {
  CLEANUP(text_free) char *wanted = check->trace != NULL ? joined(check->expectation->audiences) : NULL;
  return conclude(check, "audience", held, found, wanted, REASON_AUDIENCE_MISMATCH);
}

/* RFC 7519 section 4.1.3: a string, or a list of which one is enough. */
static enum reason check_aud(const struct check *check) {
  const json_t *aud = claim(check, "aud"), *item;
  size_t i;
  bool held = names_audience(check, aud);
  json_array_foreach(aud, i, item) held = held || names_audience(check, item);
  return conclude_audience(check, held, aud);
}

/* RFC 6749 section 2.2: one string. A list of clients would say nothing of which of them the token was made for. */
static enum reason check_client_id(const struct check *check) {
  const json_t *client_id = claim(check, "client_id");
  return conclude_audience(check, names_audience(check, client_id), client_id);
}

/* What Amazon Cognito puts into an access token, which has no aud: an ID token, which has one, is no credential here.
 */
static enum reason check_token_use(const struct check *check) {
  const json_t *token_use = claim(check, "token_use");
  bool held = json_is_string(token_use) && strcmp(json_string_value(token_use), "access") == 0;
  return conclude(check, "token-use", held, token_use, "access", REASON_AUDIENCE_MISMATCH);
}

static enum reason check_audience(const struct check *check) {
  if (check->expectation->audiences == NULL) return REASON_OK;
  if (!check->expectation->audience_is_client_id) return check_aud(check);
  enum reason reason = check_token_use(check);
  if (reason == REASON_OK) reason = check_client_id(check);
  if (reason == REASON_OK && claim(check, "aud") != NULL) reason = check_aud(check);
  return reason;
}

/* RFC 7519 section 4.1.4: valid before exp, not at it. */
static enum reason check_expiry(const struct check *check) {
  const json_t *exp = claim(check, "exp");
  int64_t moment = 0, limit = plus(check->expectation->now, -check->expectation->leeway);
  bool there = numeric_date(exp, &moment);
  return conclude_time(check, "expiry", there && moment > limit, exp, "after", limit,
                       there ? REASON_TOKEN_EXPIRED : REASON_EXPIRY_MISSING);
}

/* RFC 7519 section 4.1.5: valid at nbf and after. */
static enum reason check_not_before(const struct check *check) {
  const json_t *nbf = claim(check, "nbf");
  int64_t moment, limit = plus(check->expectation->now, check->expectation->leeway);
  if (!numeric_date(nbf, &moment)) return REASON_OK;
  return conclude_time(check, "not-before", moment <= limit, nbf, "not after", limit, REASON_TOKEN_NOT_YET_VALID);
}

/* RFC 7519 section 4.1.6 gives iat no rule of its own; a token from the future is a broken clock or a lie. */
static enum reason check_issued_at(const struct check *check) {
  const json_t *iat = claim(check, "iat");
  int64_t moment, limit = plus(check->expectation->now, check->expectation->leeway);
  if (!numeric_date(iat, &moment)) {
    if (check->expectation->any_lifetime || check->expectation->issued_at_optional) return REASON_OK;
    return conclude(check, "issued-at", false, NULL, "any moment", REASON_ISSUED_AT_MISSING);
  }
  return conclude_time(check, "issued-at", moment <= limit, iat, "not after", limit, REASON_ISSUED_IN_FUTURE);
}

/* How long a token may live is the issuer's section's to say; exp and iat are checked by now. Without iat, where that
 * is allowed, the token lives from now on at least. */
static enum reason check_lifetime(const struct check *check) {
  const struct token_expectation *expectation = check->expectation;
  if (expectation->any_lifetime) return REASON_OK;
  int64_t exp = 0, start = expectation->now, lifetime, limit = expectation->max_lifetime;
  numeric_date(claim(check, "exp"), &exp);
  if (!numeric_date(claim(check, "iat"), &start)) limit = plus(limit, expectation->leeway);
  bool fits = !__builtin_sub_overflow(exp, start, &lifetime), held = fits && lifetime <= limit;
  if (check->trace != NULL) {
    char found[32] = "", wanted[32];
    if (fits) snprintf(found, sizeof found, "%lld", (long long)lifetime);
    snprintf(wanted, sizeof wanted, "at most %lld", (long long)limit);
    trace_step(check->trace, "lifetime", NULL, held, found, wanted);
  }
  return held ? REASON_OK : REASON_LIFETIME_TOO_LONG;
}

static enum reason check_present(const struct check *check, const char *const *names) {
  for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
    bool held = claims_find(check->claims, names[i]) != NULL;
    trace_step(check->trace, "required-claims", names[i], held, NULL, NULL);
    if (!held) return REASON_CLAIM_MISSING;
  }
  return REASON_OK;
}

static enum reason check_required(const struct check *check) {
  enum reason reason = check_present(check, check->profile);
  return reason == REASON_OK ? check_present(check, check->expectation->required_claims) : reason;
}

/* OpenID Connect Core section 3.1.3.7, items 4 and 5. */
static enum reason check_authorized_party(const struct check *check) {
  const char *wanted = check->expectation->authorized_party;
  if (wanted == NULL) return REASON_OK;
  const json_t *azp = claim(check, "azp");
  bool held = azp != NULL && strcmp(json_string_value(azp), wanted) == 0;
  return conclude(check, "authorized-party", held, azp, wanted, REASON_AUTHORIZED_PARTY_MISMATCH);
}

/* RFC 7800 section 3: whoever presents the token must have proved the key in cnf. */
static enum reason check_proof(const struct check *check) {
  const json_t *cnf = claim(check, "cnf");
  char thumbprint[THUMBPRINT_SIZE];
  if (cnf == NULL) return REASON_OK;
  const char *why = cnf_thumbprint(cnf, thumbprint);
  if (why != NULL) return conclude(check, "proof", false, cnf, why, REASON_PROOF_MISSING);
  if (check->expectation->proof_later)
    return conclude(check, "proof", true, cnf, "the key to be proved afterwards", REASON_INTERNAL);
  enum reason reason = ssh_proof_check(check->expectation->proved, thumbprint, check->trace);
  return conclude(check, "proof", reason == REASON_OK, cnf, "the cnf of a key that this connection proved", reason);
}

enum reason claims_check(const json_t *claims, const struct token_expectation *expectation, const char *const *profile,
                         const struct trace *trace) {
  static enum reason (*const checks[])(const struct check *check) = {
      check_audience, check_expiry,   check_not_before,       check_issued_at,
      check_lifetime, check_required, check_authorized_party, check_proof,
  };
  struct check check = {claims, expectation, profile, trace};
  enum reason reason = REASON_OK;
  for (size_t i = 0; i < COUNT_OF(checks) && reason == REASON_OK; i++)
    reason = checks[i](&check);
  return reason;
}
