/*
 * The one status type of the project: why something was let in, refused or could not be done.
 *
 * Library code returns an enum reason and never logs; the caller logs once. The codes are stable: they
 * stand in the audit event, in every tool's output and in jwt-login(7), and are never renamed or reused.
 */
#ifndef JWT_LOGIN_REASON_H
#define JWT_LOGIN_REASON_H

#include "compiler.h"

/* clang-format off */
/* X(enumerator, code, what happened, what to do) in the order of the decision. */
#define REASONS(X) \
  X(REASON_OK, "ok", "everything held", "nothing") \
  /* size and shape */ \
  X(REASON_TOKEN_MISSING, "token-missing", "no token was given", \
    "give a token at the prompt; over SSH use jwt-askpass or paste it") \
  X(REASON_TOKEN_TOO_LARGE, "token-too-large", "the token is larger than 16 KiB", \
    "ask the issuer for fewer claims") \
  X(REASON_TOKEN_TRUNCATED, "token-truncated", "the client cut the token off", \
    "use jwt-askpass, which hands a long token over in parts") \
  X(REASON_TOKEN_MALFORMED, "token-malformed", "it is not a compact JWS: three base64url parts and two dots", \
    "check that the whole token was copied, without white space") \
  /* header */ \
  X(REASON_HEADER_MALFORMED, "header-malformed", "the token's header is not a JSON object this project accepts", \
    "have the issuer sign an ordinary JWT") \
  X(REASON_ALGORITHM_NOT_ALLOWED, "algorithm-not-allowed", "the token's algorithm is not allowed for this issuer", \
    "add it to `algorithms` of the issuer's section if it is asymmetric and meant") \
  X(REASON_CRITICAL_HEADER, "critical-header", "the token's header demands an extension (crit) or another format", \
    "have the issuer sign without crit, b64, zip and enc") \
  X(REASON_TYPE_NOT_ALLOWED, "type-not-allowed", "the token's typ is not one this issuer's section accepts", \
    "set `type` in the issuer's section, or send the right kind of token") \
  /* issuer */ \
  X(REASON_CLAIMS_MALFORMED, "claims-malformed", "the token's claims are not a JSON object with the right types and a plain sub", \
    "have the issuer sign an ordinary JWT, whose sub has no control characters and at most 2048 bytes") \
  X(REASON_ISSUER_UNKNOWN, "issuer-unknown", "no issuer section has this token's iss as its url, nor its sub's trust domain", \
    "add an issuer section; urls are compared byte for byte") \
  /* key */ \
  X(REASON_KEYS_UNAVAILABLE, "keys-unavailable", "the issuer's key set is not there or could not be read", \
    "check the `keys` setting, the file and its owner and mode; jwtctl keys refresh says why a fetch failed") \
  X(REASON_KEYS_STALE, "keys-stale", "the issuer has not confirmed its key set for longer than max_stale", \
    "see that the issuer can be reached: jwtctl issuer test says what is wrong; also check the host's clock") \
  X(REASON_KEYS_MALFORMED, "keys-malformed", "the issuer's key set is not a JWK Set", \
    "run jwtctl keys list --jwks FILE to see what is wrong with it") \
  X(REASON_KEY_UNKNOWN, "key-unknown", "no key of the issuer's set has the token's kid", \
    "refresh the key set; if that does not help the token is not from this issuer") \
  X(REASON_KEY_UNSUITABLE, "key-unsuitable", "the issuer's key may not or cannot verify this algorithm", \
    "run jwtctl keys list to see why") \
  X(REASON_KEY_AMBIGUOUS, "key-ambiguous", "more than one key fits: the token has no kid, or several key sets have it", \
    "have the issuer put a kid into its tokens, and issuers that share a url use different ones") \
  X(REASON_SIGNATURE_INVALID, "signature-invalid", "the signature is not the issuer's", \
    "check that the token was not changed and that the key set is current") \
  /* claims */ \
  X(REASON_AUDIENCE_MISMATCH, "audience-mismatch", "the token is meant for another audience, or for none", \
    "ask the issuer for a token with this host's audience") \
  X(REASON_EXPIRY_MISSING, "expiry-missing", "the token has no exp", \
    "have the issuer set exp") \
  X(REASON_TOKEN_EXPIRED, "token-expired", "the token's time is over", \
    "get a fresh token; if it is fresh, check the host's clock") \
  X(REASON_TOKEN_NOT_YET_VALID, "token-not-yet-valid", "the token's nbf is in the future", \
    "check the host's clock") \
  X(REASON_ISSUED_AT_MISSING, "issued-at-missing", "the token has no iat, so its lifetime is not known", \
    "have the issuer set iat") \
  X(REASON_ISSUED_IN_FUTURE, "issued-in-future", "the token's iat is in the future", \
    "check the host's clock") \
  X(REASON_LIFETIME_TOO_LONG, "lifetime-too-long", "exp minus iat is more than the issuer's max_lifetime", \
    "ask for a shorter token, or raise max_lifetime knowingly") \
  X(REASON_CLAIM_MISSING, "claim-missing", "a claim that the issuer's section requires is absent", \
    "see `require` in the issuer's section") \
  X(REASON_AUTHORIZED_PARTY_MISMATCH, "authorized-party-mismatch", "the token's azp is not the one the issuer's section names", \
    "see `authorized_party` in the issuer's section") \
  X(REASON_SUBJECT_MISSING, "subject-missing", "the token has no sub, so it names no identity", \
    "have the issuer set sub") \
  X(REASON_PROOF_MISSING, "proof-missing", "the token is bound to a key (cnf) and this connection proved none, or the rule wants it bound", \
    "log in by ssh with that key first (AuthenticationMethods publickey,keyboard-interactive); jwtctl explain shows what is wanted") \
  X(REASON_PROOF_MISMATCH, "proof-mismatch", "the token is bound to another key than those this connection proved", \
    "use the key that the token was issued for; if somebody else used the token it is stolen") \
  /* rule and account name */ \
  X(REASON_NO_RULE, "no-rule", "no rule admits this token for this service", \
    "run jwtctl explain to see which condition failed in which rule") \
  X(REASON_ACCOUNT_NOT_PERMITTED, "account-not-permitted", "a rule admits this token, but not for this account", \
    "log in as the account that the rule names") \
  X(REASON_NAME_INVALID, "name-invalid", "the account name is not [a-z_][a-z0-9_-]{0,31}", \
    "have the rule produce a plain lower-case name") \
  X(REASON_NAME_RESERVED, "name-reserved", "the account name is reserved, or a group or a group's list of members already has it", \
    "have the rule produce another name, with a prefix for example, or rename the group") \
  X(REASON_ACCOUNT_LOCAL, "account-local", "the account belongs to another source, which a template does not open", \
    "name the account literally in the rule, or say local = true") \
  X(REASON_SYSTEM_ACCOUNT, "system-account", "root and accounts below uid 1000 need a literal rule with system = true", \
    "name the account literally and say system = true, if that is meant") \
  X(REASON_SYSTEM_GROUP, "system-group", "the rule gives a group below gid 1000 and does not say system = true", \
    "say system = true in the rule, if that is meant") \
  X(REASON_GROUP_UNKNOWN, "group-unknown", "the rule gives a group that this host does not have", \
    "create the group or take it out of the rule") \
  X(REASON_GROUP_AMBIGUOUS, "group-ambiguous", "the rule gives a group whose name or gid is ours and another source's", \
    "rename or renumber that source's group, or take it out of the rule") \
  /* account state */ \
  X(REASON_ACCOUNT_UNKNOWN, "account-unknown", "the account does not exist and the rule does not create accounts", \
    "create the account, or say create = true in the rule") \
  X(REASON_ACCOUNT_BOUND, "account-bound", "the account belongs to another issuer and subject", \
    "log in under another name; only the administrator can rebind an account") \
  X(REASON_ACCOUNT_DISABLED, "account-disabled", "the administrator disabled the account", \
    "ask the administrator: jwtctl accounts list shows its state") \
  X(REASON_ACCOUNT_CHANGED_RETRY, "account-changed-retry", "the account's record was not the one now reserved for this name", \
    "try again: the right id is reserved now") \
  X(REASON_ACCOUNT_ID_TAKEN, "account-id-taken", "another account source of this host has the account's id as a uid or gid", \
    "free the id there, or have jwtctl accounts remove forget the account: it gets another id then") \
  X(REASON_ACCOUNT_RANGE_FULL, "account-range-full", "no id is free in the configured range", \
    "widen uid_min..uid_max") \
  X(REASON_SOURCE_UNAVAILABLE, "source-unavailable", "an account source of this host (nsswitch.conf) did not answer", \
    "see that every source of the passwd and group lines works") \
  X(REASON_REPLAYED, "replayed", "the token was used before and the rule allows one use", \
    "get a fresh token for every login") \
  X(REASON_TOKEN_ID_MISSING, "token-id-missing", "the rule allows one use and the token has no jti", \
    "have the issuer set jti") \
  /* after authentication */ \
  X(REASON_TOKEN_REQUIRED, "token-required", "this account opens to a token only, and none was used", \
    "log in with a token; a public key alone does not open this account") \
  X(REASON_GRANT_UNKNOWN, "grant-unknown", "the grant does not exist or is not for this account and service", \
    "log in again") \
  X(REASON_GRANT_EXPIRED, "grant-expired", "the grant's time is over", \
    "log in again with a fresh token") \
  X(REASON_GRANT_USED, "grant-used", "the grant was picked up by a session before", \
    "log in again") \
  X(REASON_SESSION_UNKNOWN, "session-unknown", "no such session is registered", \
    "nothing: it has ended already") \
  /* the machinery */ \
  X(REASON_SETTINGS_MISSING, "settings-missing", "there is no settings file", \
    "write one; jwt-login.conf(5) shows how") \
  X(REASON_SETTINGS_INVALID, "settings-invalid", "the settings have an error", \
    "run jwtctl check") \
  X(REASON_SETTINGS_CHANGED_RETRY, "settings-changed-retry", "the settings changed during the login", \
    "try again") \
  X(REASON_FILE_UNSAFE, "file-unsafe", "a file has the wrong owner or others may write to it", \
    "chown root and chmod go-w the file and its folders; the ledger has mode 0600") \
  X(REASON_STATE_UNAVAILABLE, "state-unavailable", "the ledger could not be opened, read or written", \
    "check /var/lib/jwt-login: owner, mode, space") \
  X(REASON_STATE_BUSY, "state-busy", "the ledger was locked for too long", \
    "try again; if it stays, look for a hanging jwt-keeper or jwtctl") \
  X(REASON_STATE_DAMAGED, "state-damaged", "the ledger or a table is damaged or from a newer version", \
    "restore it from a backup; it is never emptied by itself") \
  X(REASON_FETCH_FAILED, "fetch-failed", "the issuer's key set could not be fetched", \
    "see that the issuer can be reached from this host and shows a certificate it trusts") \
  X(REASON_FETCH_REFUSED, "fetch-refused", "what the issuer sent is no discovery document or key set that can be used", \
    "run jwtctl issuer test to see what came; the keys fetched before stay in use") \
  X(REASON_PRIVILEGE, "privilege", "the caller does not have the privilege this needs", \
    "call it from a service that runs as root") \
  X(REASON_SANDBOX_FAILED, "sandbox-failed", "privilege could not be shed, so nothing was parsed", \
    "check that the user _jwt-login exists and the kernel has seccomp") \
  X(REASON_JUDGE_FAILED, "judge-failed", "jwt-judge could not be run, died, or answered nothing in time", \
    "see the log line's detail; reinstall if the file is missing") \
  X(REASON_JUDGE_REFUSED, "judge-refused", "jwt-judge's answer is more than the settings allow", \
    "report it: the token may have attacked the parser") \
  X(REASON_KEEPER_FAILED, "keeper-failed", "jwt-keeper could not be run, died, or answered nothing in time", \
    "see the log line's detail; reinstall if the file is missing") \
  X(REASON_PROTOCOL, "protocol", "a request or answer between the parts is not well formed", \
    "see that all parts are of one version; restart long-running services") \
  X(REASON_OUT_OF_MEMORY, "out-of-memory", "memory ran out", \
    "try again; check the host's memory") \
  X(REASON_INTERNAL, "internal", "something that cannot happen happened", \
    "report it with the log line")
/* clang-format on */

#define REASON_ENUMERATOR(enumerator, code, text, advice) enumerator,
enum reason { REASONS(REASON_ENUMERATOR) REASON_COUNT };
#undef REASON_ENUMERATOR

/* The stable kebab-case code, "internal" for a value out of range. Never NULL, never freed. */
const char *reason_code(enum reason reason);

/* What happened, in one clause without a full stop. Never NULL, never freed. */
const char *reason_text(enum reason reason);

/* What the person who meets it can do, in one clause. Never NULL, never freed. */
const char *reason_advice(enum reason reason);

#endif
