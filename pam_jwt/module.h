/* The module's phases, one function each; public.c is their PAM face. */
#ifndef JWT_LOGIN_MODULE_H
#define JWT_LOGIN_MODULE_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"
#include "reason.h"

/* Each returns a PAM code; `argc`, `argv` are the words behind the module in the PAM stack (none is known). */
int module_authenticate(pam_handle_t *pamh, int argc, const char **argv);
int module_account(pam_handle_t *pamh);
int module_credentials(pam_handle_t *pamh, int flags);
int module_session_open(pam_handle_t *pamh);
int module_session_close(pam_handle_t *pamh);

/* ---- who is asked for ---- */

/* The account as the host resolves it. */
struct host_account {
  const char *user;  /* belongs to PAM */
  bool resolved;     /* the host has a passwd record */
  bool ours;         /* it is in our tables or in our range of ids */
  bool tables_sound; /* of an account that is not resolved: our tables could be read and do not have it */
  uint32_t uid;
  uint32_t gid;
  const char *home; /* into `buffer` */
  const char *shell;
  char *buffer;
};

/* False when PAM has no user or the host could not be asked. *ret is to be cleared in either case. */
MUST_USE bool host_account_find(pam_handle_t *pamh, struct host_account *ret);
void host_account_clear(struct host_account *account);

/* True for an id in the range of our accounts, the configured or the built-in one. */
bool id_is_ours(uint32_t id);

/* ---- asking for the token ---- */

struct answer {
  char *text; /* NUL-terminated, erased and freed by answer_clear */
  size_t size;
  size_t last_part; /* bytes of the last part */
};

/*
 * Ask until the last part has come: a part of exactly 1000 bytes (500 for sudo) means that another follows; a repeated
 * part or more than TOKEN_MAX_SIZE bytes in all ends it. The same for everybody, so it tells nobody which accounts
 * exist. Returns a PAM code; on PAM_SUCCESS *ret is to be cleared.
 */
MUST_USE int answer_ask(pam_handle_t *pamh, struct answer *ret);
void answer_clear(struct answer *answer);

/* True when it looks like a JWS, whole or broken, which must then never reach a module that takes passwords. */
bool answer_is_token(const struct answer *answer);

/* True when the last part has a length at which a known client cuts its input. */
bool answer_may_be_cut(const struct answer *answer);

/* ---- calling the keeper ---- */

/* Fill what every request carries, from PAM and `account`. False when something does not fit. */
MUST_USE bool request_fill(pam_handle_t *pamh, const struct host_account *account, enum call call,
                           struct keeper_request *ret);

/*
 * One request, one answer; what sshd says was proved goes along where it may matter. What fails on the way is logged
 * here, for then the keeper could not, and returned as REASON_KEEPER_FAILED; any other reason is the keeper's own, and
 * logged by it.
 */
MUST_USE enum reason keeper_call(pam_handle_t *pamh, struct keeper_request *request, const char *token,
                                 struct keeper_answer *ret);

/* The audit line of a refusal that no keeper was asked about. */
void log_refusal(pam_handle_t *pamh, const char *user, enum reason reason, const char *detail);

/* The one place where reasons become PAM codes. */
int pam_code_of(enum reason reason);

#endif
