/*
 * The verifier: a compact JWS (RFC 7515) under a JWK Set (RFC 7517) becomes verified claims, or a reason.
 *
 * There is one way through: token_verify is the only function of the project that returns a struct
 * verified_claims, and it does so only after every check that the expectation asks for.
 * Nothing here reads a file, the clock or the environment.
 */
#ifndef JWT_LOGIN_TOKEN_H
#define JWT_LOGIN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"
#include "trace.h"
#include "verified_claims.h"

#define TOKEN_MAX_SIZE 16384                         /* bytes; larger is refused before anything is parsed */
#define KEYSET_MAX_SIZE (1024 * 1024)                /* bytes of a JWK Set */
#define KEYSET_CACHED_MAX_SIZE (2 * KEYSET_MAX_SIZE) /* of its cached form, whose ASCII may take more room */

/*
 * Fetch from OpenSSL every algorithm that token_verify may need, so that afterwards no file has to be opened
 * (openssl.cnf, providers, FIPS settings of the host are read here). Call before the sandbox, and before anything else
 * of this header: until then no algorithm is known.
 * REASON_INTERNAL when OpenSSL offers none of them.
 */
MUST_USE enum reason token_prepare(void);

/* ---- key sets (RFC 7517) ---- */

struct keyset;

/*
 * Take a JWK Set. A key that cannot serve is kept with its reason and never used; it does not spoil the set.
 * The JSON of a key is parsed, and becomes an EVP_PKEY, when a token needs it, and both are kept in the set for the
 * next token. So a set serves one thread at a time, const or not; and a key whose JSON is damaged within its brackets
 * is one that cannot serve, while everything around the keys is parsed here and must be sound. On REASON_OK *ret is the
 * caller's, to be freed with keyset_free. Else REASON_KEYS_MALFORMED, REASON_OUT_OF_MEMORY.
 */
MUST_USE enum reason keyset_parse(const char *json, size_t size, struct keyset **ret);
void keyset_free(struct keyset *keyset);

struct key_info {
  const char *kid;      /* NULL when absent; as received: escape it before printing */
  const char *kty;      /* never NULL: "" when absent */
  const char *crv;      /* NULL when absent */
  const char *alg;      /* NULL when absent */
  const char *use;      /* NULL when absent */
  const char *unusable; /* NULL when the key could verify a token, else why it cannot, in one clause */
  int bits;             /* RSA modulus or curve size, 0 when not known */
};

size_t keyset_count(const struct keyset *keyset);

/* Describe key `index` (below keyset_count). Builds the key to find out whether it works. The strings belong to the
 * set. */
void keyset_describe(const struct keyset *keyset, size_t index, struct key_info *ret);

/* Whether the set has a key with this kid, one that can serve or not. */
bool keyset_has_kid(const struct keyset *keyset, const char *kid);

/*
 * The cached form of a key set, written by jwt-fetch-keys: lines of ASCII JSON. The first is the head, an object
 *   {"version":1,"issuer":TITLE,"url":URL,"location":URL or "discovery","fetched":EPOCH,"due":EPOCH,"etag":TEXT,
 *    "skipped":[{"kid":KID,"why":TEXT},...]}
 * (etag and kid only where there is one); each other line is one usable JWK whose first member is kid where it has one,
 * so that a key is found by comparing the beginnings of lines, and only its line is parsed.
 */
struct keyset_head {
  const char *title;    /* of the issuer section */
  const char *url;      /* of the issuer */
  const char *location; /* where the set came from: a URL, or "discovery" */
  const char *etag;     /* NULL: none */
  int64_t fetched;      /* seconds since the epoch: when the issuer last confirmed the set */
  int64_t due;          /* when it is to be asked again */
};

/*
 * Take a set in its cached form, of at most KEYSET_CACHED_MAX_SIZE bytes. `bytes` is borrowed: it must outlive the set.
 * Otherwise as keyset_parse; a damaged line spoils no other key.
 */
MUST_USE enum reason keyset_parse_cached(const char *bytes, size_t size, struct keyset **ret);

/* The head of a cached set, which it belongs to; NULL for a plain JWK Set. */
const struct keyset_head *keyset_head(const struct keyset *keyset);

/* Key `index` of those that could not serve and were left out of a cached set: its kid, NULL when it has none, and why.
 * False past the last, and for a plain JWK Set. The strings belong to the set. */
bool keyset_skipped(const struct keyset *keyset, size_t index, const char **ret_kid, const char **ret_why);

/*
 * Put a plain JWK Set into the cached form: the keys that can serve on this host, with the members that the verifier
 * reads and no other, so never a private key; the others are listed under "skipped" with their reason. The texts of
 * `head` are UTF-8.
 * *ret is the caller's, to be freed with free(); *ret_usable counts the keys. REASON_KEYS_MALFORMED when the result is
 * larger than KEYSET_CACHED_MAX_SIZE, REASON_OUT_OF_MEMORY (a text of `head` that is no UTF-8 included).
 */
MUST_USE enum reason keyset_encode_cached(const struct keyset *plain, const struct keyset_head *head, char **ret,
                                          size_t *ret_size, size_t *ret_usable);

/* ---- keys that a token may be bound to ---- */

#define THUMBPRINT_SIZE 44 /* SHA-256 in base64url, and a NUL */

/* The SHA-256 thumbprint (RFC 7638) of a key of kty RSA, EC, OKP or AKP. False for any other, a shared secret above
 * all, and where a member that it needs is missing or no base64url. */
MUST_USE bool jwk_thumbprint(const json_t *jwk, char ret[THUMBPRINT_SIZE]);

/*
 * The same of a public key as OpenSSH writes it, `TYPE BASE64` and perhaps more words; of a certificate, the key that
 * it certifies. RSA, ECDSA, Ed25519 and both kinds of sk-. NULL, or why it has none, in one clause.
 */
MUST_USE const char *ssh_key_thumbprint(const char *line, size_t size, char ret[THUMBPRINT_SIZE]);

#define SSH_AUTH_INFO_MAX 16384 /* bytes: room for a certificate of the largest RSA keys */

/* What sshd puts into SSH_AUTH_INFO_0 (sshd_config(5), ExposeAuthInfo): the methods that the connection has completed,
 * a line each. Lines `publickey TYPE BASE64` prove that key. */
struct ssh_auth_info {
  const char *text; /* needs no NUL */
  size_t size;      /* 0: nothing is proved; nor is it by more than SSH_AUTH_INFO_MAX */
};

/* REASON_OK when the connection proved the key of this thumbprint; REASON_PROOF_MISMATCH when it proved others alone,
 * REASON_PROOF_MISSING when none. `proved` and `trace` may be NULL; one step per proved key. */
MUST_USE enum reason ssh_proof_check(const struct ssh_auth_info *proved, const char *thumbprint,
                                     const struct trace *trace);

/* ---- tokens ---- */

struct token; /* split and decoded, NOT verified */

/*
 * Check size and shape, decode, and parse header and claims of `size` bytes (no NUL needed).
 * With `signature_only` the payload is taken as any bytes: such a token verifies, but yields no claims.
 * On REASON_OK *ret is the caller's; it keeps its own copy, erased by token_free.
 * Refuses what no issuer's section could allow, in the order of the decision: REASON_TOKEN_MISSING, _TOO_LARGE,
 * _MALFORMED; REASON_HEADER_MALFORMED, REASON_ALGORITHM_NOT_ALLOWED (one this build does not verify),
 * REASON_CRITICAL_HEADER; REASON_CLAIMS_MALFORMED. Or REASON_OUT_OF_MEMORY.
 */
MUST_USE enum reason token_parse(const char *text, size_t size, bool signature_only, struct token **ret);
void token_free(struct token *token);

/* The iss and sub that the token asserts, unverified: good for choosing the issuer section, for nothing else. NULL when
 * absent. */
const char *token_claimed_issuer(const struct token *token);
const char *token_claimed_subject(const struct token *token);

/* kid and alg of the unverified header for the audit event; NULL when absent. They belong to the token. */
const char *token_kid(const struct token *token);
const char *token_alg(const struct token *token);

/*
 * What the issuer's section demands. Lists are NULL-terminated.
 *
 * With `trust_domain` the token is a JWT-SVID: sub must be the SPIFFE ID of a workload of that domain and takes the
 * place of iss, which is not compared; the algorithms are those of RFC 7518; typ is JWT, JOSE or absent; no other
 * header parameter is there; and the key's use is jwt-svid. A token whose typ is at+jwt must have what RFC 9068
 * section 2.2 requires, whatever else is asked.
 */
struct token_expectation {
  const struct keyset *keys;     /* required */
  const char *const *algorithms; /* required, at least one; see token_algorithms_all */
  const char *const *types;      /* accepted typ values, compared as RFC 7515 4.1.9 says; NULL: JWT or absent */
  const char *issuer;            /* iss must equal it byte for byte; NULL only with `any_issuer` or `trust_domain` */
  bool any_issuer;
  const char *trust_domain;     /* SPIFFE, without "spiffe://"; NULL: no JWT-SVID. Not together with issuer or types */
  const char *const *audiences; /* one of them must be in aud; NULL only with `any_audience` */
  bool any_audience;
  bool audience_is_client_id; /* Cognito: client_id must be one of them, token_use "access"; aud, if there, must match
                                 too */
  const char *const *required_claims; /* NULL: none beyond the others */
  const char *authorized_party;       /* azp must equal it; NULL: not checked */
  int64_t max_lifetime;               /* seconds, exp - iat; needs iat; 0 only with `any_lifetime` */
  bool any_lifetime;
  bool issued_at_optional;            /* without iat, exp - now may be max_lifetime plus leeway */
  int64_t leeway;                     /* seconds, for exp, nbf and iat; 0..300 */
  int64_t now;                        /* seconds since the epoch */
  const struct ssh_auth_info *proved; /* NULL: nothing */
  bool proof_later;    /* cnf must only name a key: the caller has it proved before anything comes of the claims */
  bool signature_only; /* skip every claim check, and typ; *ret becomes NULL */
};

/* Every algorithm that is verified where OpenSSL offers it, NULL-terminated: only asymmetric ones exist. Static. */
const char *const *token_algorithms_all(void);

/* True for a name in token_algorithms_all that OpenSSL offers on this host: ML-DSA needs OpenSSL 3.5. */
bool token_algorithm_known(const char *name);

/*
 * Verify in the order of the design's section 6. A missing expectation (no keys, no algorithms, no issuer without
 * any_issuer ...) is REASON_INTERNAL, never a pass. exp is always required and checked unless signature_only.
 * A token with a `cnf` claim is bound to a key: REASON_PROOF_MISSING unless `proved` has keys and cnf names one by jkt
 * or jwk and in no other way; REASON_PROOF_MISMATCH when it is none of them.
 * trace: may be NULL; one step per check.
 * On REASON_OK *ret is the caller's, to be freed with verified_claims_free (NULL with signature_only).
 */
MUST_USE enum reason token_verify(const struct token *token, const struct token_expectation *expectation,
                                  const struct trace *trace, struct verified_claims **ret);

#endif
