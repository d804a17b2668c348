/*
 * The conversation: pam_jwt.so asks jwt-keeper, jwt-keeper asks jwt-judge. Each message is one struct of fixed size,
 * written whole on a socketpair between processes of one host and one build; a request may be followed by the token and
 * by what sshd says of the connection.
 * The receiver trusts nothing in it: magic, sizes, NULs and ranges are checked before use.
 */
#ifndef JWT_LOGIN_PROTOCOL_H
#define JWT_LOGIN_PROTOCOL_H

#include <limits.h>
#include <stdint.h>

#include "account_settings.h"
#include "ledger.h"
#include "names.h"
#include "settings.h"
#include "token.h"

#define PROTOCOL_MAGIC 0x4a574c31u /* "JWL1": the last digit is the version */

#define SERVICE_SIZE 64
#define HOST_SIZE 256
#define TTY_SIZE 64
#define TITLE_SIZE (SETTINGS_TITLE_MAX + 1)
#define ISSUER_SIZE (ISSUER_URL_MAX + 1)
#define SUBJECT_SIZE (SUBJECT_MAX + 1)
#define TOKEN_ID_SIZE 129
#define KID_SIZE 129
#define ALGORITHM_SIZE 32

#define JUDGE_SECONDS 5
/* The keeper ends itself after that, whatever it waits for: two judges, and keys between them. */
#define KEEPER_SECONDS 22
#define CALL_SECONDS 25 /* the module kills it after that */

enum call { CALL_AUTHENTICATE = 1, CALL_ACCOUNT, CALL_CREDENTIALS, CALL_SESSION_OPEN, CALL_SESSION_CLOSE };

/* ---- module and keeper ---- */

/* In place of a size: no bytes follow, and nothing is proved. */
#define AUTH_INFO_TOO_LONG (SSH_AUTH_INFO_MAX + 1u) /* there were more bytes than that */
#define AUTH_INFO_UNTOLD \
  (SSH_AUTH_INFO_MAX + 2u) /* the host has not said anything, as sshd while it takes a password */

struct keeper_request {
  uint32_t magic;
  uint32_t call;           /* enum call */
  uint32_t token_size;     /* bytes that follow; only with CALL_AUTHENTICATE */
  uint32_t auth_info_size; /* bytes of SSH_AUTH_INFO_0 that follow then, or one of the above */
  uint32_t cut_suspected;  /* the client's last answer had the length at which it cuts */
  char user[ACCOUNT_NAME_MAX + 1];
  char service[SERVICE_SIZE];
  char rhost[HOST_SIZE];
  char tty[TTY_SIZE];
  char grant[GRANT_ID_SIZE]; /* "" when there is none */
  int64_t session;           /* CALL_SESSION_CLOSE */
  int64_t host_pid;          /* the PAM host's process */
  /* The passwd record that the host has for the user. */
  uint32_t uid;
  uint32_t gid;
  char home[ACCOUNT_PATH_MAX + 1];
  char shell[ACCOUNT_PATH_MAX + 1];
};

struct keeper_answer {
  uint32_t magic;
  uint32_t reason; /* enum reason */
  char grant[GRANT_ID_SIZE];
  uint32_t unproved; /* the grant counts for nothing until the account phase */
  uint32_t group_count;
  uint32_t groups[GRANT_GROUPS_MAX];
  int64_t session;
  int64_t session_end; /* seconds since the epoch; 0: it does not end by itself */
};

/* ---- keeper and judge ---- */

/* Said by the judge once it has shed everything; only then does the keeper send the token. */
struct judge_hello {
  uint32_t magic;
  uint32_t reason;      /* not REASON_OK: it could not get ready */
  uint64_t fingerprint; /* of the settings it read */
};

/* Judge the token; or, with `proof`, say whether that key was proved. */
struct judge_request {
  uint32_t magic;
  uint32_t token_size;     /* bytes that follow */
  uint32_t auth_info_size; /* bytes that follow then */
  char user[ACCOUNT_NAME_MAX + 1];
  char service[SERVICE_SIZE];
  char rhost[HOST_SIZE];
  char proof[THUMBPRINT_SIZE]; /* "": there is a token to be judged */
  uint32_t proof_later;        /* the key of a bound token will be proved in the account phase */
  uint32_t account_kind;       /* enum account_kind */
  uint32_t uid;
  uint32_t group_of_same_name;
  int64_t now;
};

/* Strings are "" when not known. On a refusal they say how far the decision came, for the audit alone. */
struct judge_answer {
  uint32_t magic;
  uint32_t reason;
  char issuer_title[TITLE_SIZE];
  char rule[TITLE_SIZE];
  char issuer[ISSUER_SIZE];
  char subject[SUBJECT_SIZE];
  char token_id[TOKEN_ID_SIZE]; /* jti, or "sha256:" and its digest where it does not fit or is not printable */
  char kid[KID_SIZE];
  char algorithm[ALGORITHM_SIZE];
  char proof[THUMBPRINT_SIZE]; /* of the key that the token is bound to; "": not bound */
  char actors[ACTORS_SIZE];
  int64_t expires;
  int64_t issued_at;
};

/* The bytes of SSH_AUTH_INFO_0 behind a request. */
static inline size_t auth_info_bytes(const struct keeper_request *request) {
  return request->auth_info_size <= SSH_AUTH_INFO_MAX ? request->auth_info_size : 0;
}

/* True when `array` (a char array) holds a NUL. */
#define IS_STRING(array) (memchr((array), '\0', sizeof(array)) != NULL)

#endif
