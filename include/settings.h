/*
 * The settings: jwt-login.conf(5), then conf.d, in name order. Read whole, checked whole, never changed afterwards.
 * Anything unknown, doubtful or unsafe is an error with file, line and what was expected.
 */
#ifndef JWT_LOGIN_SETTINGS_H
#define JWT_LOGIN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account_settings.h"
#include "reason.h"
#include "trusted_file.h"

#define ISSUER_LIFETIME_DEFAULT 7200 /* seconds: max_lifetime */
#define ISSUER_LEEWAY_DEFAULT 30     /* seconds */

#define SETTINGS_TITLE_MAX 128 /* bytes of a section's title, and of an alias, without the NUL */
#define ISSUER_URL_MAX 1023    /* bytes */
#define SUBJECT_MAX 2048       /* bytes of a token's sub, as many as a SPIFFE ID may have */
#define RULE_GROUPS_MAX 64
#define SYSTEM_ID_END 1000 /* ids below are the system's: accounts and groups */

enum key_source { KEYS_DISCOVERED, KEYS_AT_URL, KEYS_IN_FILE };

/* Lists are NULL-terminated and never NULL; an unset one is empty. */
struct issuer {
  const char *title;
  const char *url;
  const char *alias;            /* NULL: known by its url */
  const char *trust_domain;     /* of a url spiffe://TRUSTDOMAIN; NULL otherwise */
  const char *const *audiences; /* {hostname} already replaced */
  const char *const *algorithms;
  const char *const *types; /* empty: JWT or absent */
  const char *const *required_claims;
  const char *authorized_party; /* NULL: not checked */
  enum key_source key_source;
  const char *key_location; /* URL or absolute path; NULL when discovered */
  const char *ca_file;      /* NULL: the system's CAs */
  const char *bearer_file;  /* NULL: none */
  int64_t max_stale;        /* seconds */
  int64_t max_lifetime;
  int64_t leeway;
  bool issued_at_optional;    /* no iat: exp - now takes the place of exp - iat */
  bool audience_is_client_id; /* client_id and token_use stand in for aud */
  const char *file;           /* where the section stands */
  int line;
};

enum condition_operator { CONDITION_EQUAL, CONDITION_UNEQUAL, CONDITION_HAS, CONDITION_EXISTS, CONDITION_ABSENT };

/* The value of a condition is typed as in JSON: "true" in quotes is a string, true is a boolean. */
enum value_type { VALUE_NONE, VALUE_STRING, VALUE_BOOLEAN, VALUE_INTEGER };

struct condition {
  const char *text;  /* as written, for messages */
  const char *claim; /* top-level name, or JSON Pointer when it starts with '/' */
  enum condition_operator operator;
  enum value_type type;
  const char *string;
  int64_t integer; /* also 0 or 1 for a boolean */
};

struct rule {
  const char *title;
  const char *issuer;                 /* the title of an issuer section that exists */
  const char *const *services;        /* empty: every service */
  const struct condition *conditions; /* empty only with `any = true` */
  size_t condition_count;
  const char *account; /* as written */
  bool account_is_template;
  const char *account_claim;           /* of a template: the placeholder's claim or pointer */
  struct name_pattern account_pattern; /* of a template: what stands around the placeholder */
  const char *const *groups;           /* names */
  bool host_membership;                /* membership = "host": the tables have the groups too; or "session" (default) */
  bool create;
  bool system;
  bool local;
  bool single_use;
  bool bound;                /* only tokens with a cnf, whose key was proved */
  bool session_until_expiry; /* session = "until-expiry" (default) or "unlimited" */
  const char *file;
  int line;
};

struct settings {
  const char *hostname; /* NULL: not set */
  const struct issuer *issuers;
  size_t issuer_count;
  const struct rule *rules;
  size_t rule_count;
  struct account_settings accounts;
  uint64_t fingerprint; /* of the names and bytes of all files, in order */
};

struct settings_error {
  char text[512]; /* "FILE:LINE: what is wrong; what was expected", printable, no newline */
};

/*
 * Load `path`, then every *.conf of `conf_d` (NULL: none) in the order of strcmp.
 * trust: FILE_OWNED_BY_ROOT for a login; FILE_OF_ANYONE only for a file named at the command line.
 * On REASON_OK *ret is the caller's, to be freed with settings_free. On failure `error` holds one message:
 * REASON_SETTINGS_MISSING, REASON_SETTINGS_INVALID, REASON_FILE_UNSAFE, REASON_OUT_OF_MEMORY.
 * Not thread-safe (libConfuse); reads no environment.
 */
MUST_USE enum reason settings_load(const char *path, const char *conf_d, enum file_trust trust, struct settings **ret,
                                   struct settings_error *error);
void settings_free(struct settings *settings);

/* The same with a file more, which need not exist yet: `text` as what would stand in the file `name`, behind the
 * others. For checking it before it is written. */
MUST_USE enum reason settings_load_with(const char *path, const char *conf_d, enum file_trust trust, const char *name,
                                        const char *text, struct settings **ret, struct settings_error *error);

/* By title, byte for byte; NULL when there is none. */
const struct issuer *settings_issuer(const struct settings *settings, const char *title);
const struct rule *settings_rule(const struct settings *settings, const char *title);

/* What the issuer is called in the ledger, the log and the tools: its alias, or else its url. No two sections have the
 * same. A JWT-SVID has no iss, and Kubernetes clusters share one, so a token's iss would not do. */
const char *issuer_identity(const struct issuer *issuer);

/* Where the section's keys come from, in a word: its key_location, or "discovery". */
const char *issuer_key_place(const struct issuer *issuer);

/* True when keys that were kept under these names are those of the section as it stands now. */
bool issuer_keys_are(const struct issuer *issuer, const char *title, const char *url, const char *place);

/* The signature algorithms that an issuer section may name, NULL-terminated: every one of the verifier's, kept apart
 * because this library links no libcrypto. This host's OpenSSL may lack some: see token_algorithm_known. */
const char *const *settings_algorithms(void);

/* ---- what a rule allows, as far as no claim is needed: the keeper asks this again after the judge ---- */

enum account_kind {
  ACCOUNT_ABSENT, /* no source has the name but, perhaps, the computed first-login answer */
  ACCOUNT_OURS,   /* in the ledger */
  ACCOUNT_LOCAL,  /* another NSS source has it */
};

/* True when the rule is for this service. */
bool rule_serves(const struct rule *rule, const char *service);

/* What the host knows of the account that the user asks for. */
struct account_facts {
  const char *name;
  enum account_kind kind;
  uint32_t uid;            /* of ACCOUNT_LOCAL */
  bool group_of_same_name; /* another source has a group of this name */
};

/*
 * Whether `rule` could admit somebody of `issuer` (a section's title) to this account for this service: issuer,
 * service, strict name, literal or template form, reserved names, local and system accounts, create. REASON_OK, or the
 * reason: REASON_NO_RULE (issuer or service), REASON_ACCOUNT_NOT_PERMITTED, REASON_NAME_INVALID, REASON_NAME_RESERVED,
 * REASON_ACCOUNT_LOCAL, REASON_SYSTEM_ACCOUNT, REASON_ACCOUNT_UNKNOWN.
 */
MUST_USE enum reason rule_permits(const struct rule *rule, const char *issuer, const char *service,
                                  const struct account_facts *account);

#endif
