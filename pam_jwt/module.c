#include "module.h"

#include <errno.h>
#include <grp.h>
#include <security/pam_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "paths.h"
#include "secret.h"

/* The grant crosses sshd's fork in the PAM environment, the one thing that does; nothing else is in it. */
#define GRANT_VARIABLE "JWT_LOGIN_GRANT"
#define DATA_NAME "jwt-login"
#define RUNTIME_MAX_DATA "systemd.runtime_max_sec" /* pam_systemd(8) */
#define FAIL_DELAY_US 2000000                      /* pam_unix's */
#define GROUPS_MAX 65536                           /* NGROUPS_MAX of Linux */

/* What this process has learnt and need not ask again. */
struct state {
  char user[ACCOUNT_NAME_MAX + 1]; /* who authenticated here, "" when nobody did */
  char grant[GRANT_ID_SIZE];       /* taken out of the PAM environment, "" before */
  bool unproved;                   /* the grant was given before its key was proved */
  bool has_groups;
  uint32_t group_count;
  gid_t groups[GRANT_GROUPS_MAX];
  int64_t session; /* 0: none was opened here */
};

static void free_data(pam_handle_t *pamh UNUSED, void *data, int status UNUSED) {
  free(data);
}

static void free_state(pam_handle_t *pamh UNUSED, void *data, int status UNUSED) {
  secret_erase(data, sizeof(struct state));
  free(data);
}

static struct state *state_of(pam_handle_t *pamh) {
  const void *data = NULL;
  if (pam_get_data(pamh, DATA_NAME, &data) == PAM_SUCCESS && data != NULL) return (struct state *)data;
  struct state *state = calloc(1, sizeof(*state));
  if (state != NULL && pam_set_data(pamh, DATA_NAME, state, free_state) != PAM_SUCCESS) {
    free(state);
    state = NULL;
  }
  return state;
}

static void remember_groups(struct state *state, const struct keeper_answer *answer) {
  state->has_groups = true;
  state->group_count = answer->group_count;
  for (uint32_t i = 0; i < answer->group_count; i++)
    state->groups[i] = answer->groups[i];
}

/* Who holds the grant: sudo sets PAM_USER to the target user once the invoking one is authenticated. */
static const char *holder_of(const struct state *state, const struct host_account *account) {
  return state->user[0] != '\0' ? state->user : account->user;
}

/* ---- the grant ---- */

static int publish_grant(pam_handle_t *pamh, const char *grant) {
  char assignment[sizeof(GRANT_VARIABLE) + 1 + GRANT_ID_SIZE];
  snprintf(assignment, sizeof(assignment), "%s=%s", GRANT_VARIABLE, grant);
  int code = pam_putenv(pamh, assignment);
  ERASE_ARRAY(assignment);
  return code;
}

static void withdraw_grant(pam_handle_t *pamh) {
  if (pam_getenv(pamh, GRANT_VARIABLE) != NULL) pam_putenv(pamh, GRANT_VARIABLE);
}

static const char *grant_of(pam_handle_t *pamh, const struct state *state) {
  const char *grant = state->grant[0] != '\0' ? state->grant : pam_getenv(pamh, GRANT_VARIABLE);
  return grant != NULL && grant[0] != '\0' ? grant : NULL;
}

/* From where the process is the session's own, nobody else must find the grant. */
static const char *take_grant(pam_handle_t *pamh, struct state *state) {
  const char *grant = grant_of(pamh, state);
  /* One of another length is not ours; what asks about it refuses it. */
  if (grant != NULL && grant != state->grant && strlen(grant) == GRANT_ID_SIZE - 1) {
    memcpy(state->grant, grant, GRANT_ID_SIZE);
    withdraw_grant(pamh);
    grant = state->grant;
  }
  return grant;
}

/* A request about the grant; without one about the account itself. */
static enum reason ask(pam_handle_t *pamh, enum call call, const struct host_account *account, const char *grant,
                       struct keeper_answer *ret) {
  struct keeper_request request;
  if (!request_fill(pamh, account, call, &request) || (grant != NULL && strlen(grant) != GRANT_ID_SIZE - 1)) {
    log_refusal(pamh, account->user, REASON_GRANT_UNKNOWN, "the user, service or grant has an impossible length");
    return REASON_GRANT_UNKNOWN;
  }
  if (grant != NULL) memcpy(request.grant, grant, GRANT_ID_SIZE);
  enum reason reason = keeper_call(pamh, &request, NULL, ret);
  ERASE_OBJECT(request);
  return reason;
}

/* ---- authenticate ---- */

static enum reason log_unresolved(pam_handle_t *pamh, const struct host_account *account) {
  log_refusal(pamh, account->user, REASON_ACCOUNT_UNKNOWN,
              account->tables_sound ? NULL : PATH_TABLES " is missing or damaged: run jwtctl apply");
  return REASON_ACCOUNT_UNKNOWN;
}

/*
 * What the person at the client can mend is said of every refused answer, by its length alone: so it tells nobody which
 * accounts exist.
 */
static void explain_length(pam_handle_t *pamh, const struct answer *answer) {
  if (answer->size > TOKEN_MAX_SIZE) {
    pam_error(pamh, "The token is too large: %s.", reason_advice(REASON_TOKEN_TOO_LARGE));
  } else if (answer_may_be_cut(answer)) {
    pam_error(pamh, "The token was probably cut off: %s.", reason_advice(REASON_TOKEN_TRUNCATED));
  }
}

/*
 * A password for somebody else's module. For accounts that only tokens open it is a refusal. For names that nobody has
 * it is not: what comes next must take as long as for others, so that time does not tell which names there are.
 */
static int pass_on(pam_handle_t *pamh, const struct host_account *account, const struct answer *answer) {
  explain_length(pamh, answer);
  if (account->ours) {
    log_refusal(pamh, account->user, answer->size == 0 ? REASON_TOKEN_MISSING : REASON_TOKEN_MALFORMED, NULL);
    return PAM_AUTH_ERR;
  }
  if (!account->resolved) (void)log_unresolved(pamh, account);
  if (pam_set_item(pamh, PAM_AUTHTOK, answer->text) != PAM_SUCCESS) return PAM_BUF_ERR;
  return PAM_IGNORE;
}

static enum reason fill_login_request(pam_handle_t *pamh, const struct host_account *account,
                                      const struct answer *answer, struct keeper_request *ret) {
  if (!account->resolved) return log_unresolved(pamh, account);
  enum reason reason = REASON_OK;
  if (answer->size > TOKEN_MAX_SIZE) {
    reason = REASON_TOKEN_TOO_LARGE;
  } else if (geteuid() != 0) {
    reason = REASON_PRIVILEGE;
  } else if (!request_fill(pamh, account, CALL_AUTHENTICATE, ret)) {
    reason = REASON_NAME_INVALID;
  }
  if (reason != REASON_OK) {
    log_refusal(pamh, account->user, reason, NULL);
    return reason;
  }
  ret->token_size = (uint32_t)answer->size;
  ret->cut_suspected = answer_may_be_cut(answer);
  return REASON_OK;
}

static int use_token(pam_handle_t *pamh, struct state *state, const struct host_account *account,
                     const struct answer *answer) {
  struct keeper_request request;
  struct keeper_answer reply;
  enum reason reason = fill_login_request(pamh, account, answer, &request);
  if (reason == REASON_OK) reason = keeper_call(pamh, &request, answer->text, &reply);
  if (reason != REASON_OK) {
    explain_length(pamh, answer);
    return pam_code_of(reason);
  }

  int code = publish_grant(pamh, reply.grant);
  if (code == PAM_SUCCESS) {
    memcpy(state->user, request.user, sizeof(state->user));
    state->unproved = reply.unproved;
    if (!reply.unproved) remember_groups(state, &reply);
  }
  ERASE_OBJECT(reply);
  return code;
}

int module_authenticate(pam_handle_t *pamh, int argc, const char **argv) {
  if (argc > 0) {
    pam_syslog(pamh, LOG_ERR, "unknown option '%s': pam_jwt.so takes none, remove it", argv[0]);
    return PAM_SERVICE_ERR;
  }
  struct state *state = state_of(pamh);
  if (state == NULL) return PAM_BUF_ERR;
  pam_fail_delay(pamh, FAIL_DELAY_US); /* for everybody: how long a refusal takes tells nobody which accounts exist */
  ERASE_OBJECT(*state);                /* login(1) asks again on the same handle, perhaps for somebody else */
  withdraw_grant(pamh);

  CLEANUP(host_account_clear) struct host_account account;
  if (!host_account_find(pamh, &account)) return PAM_USER_UNKNOWN;
  struct answer answer = {0};
  int code = answer_ask(pamh, &answer);
  if (code != PAM_SUCCESS) return code;
  code = answer_is_token(&answer) ? use_token(pamh, state, &account, &answer) : pass_on(pamh, &account, &answer);
  answer_clear(&answer);
  return code;
}

/* ---- account ---- */

int module_account(pam_handle_t *pamh) {
  struct state *state = state_of(pamh);
  CLEANUP(host_account_clear) struct host_account account;
  if (!host_account_find(pamh, &account)) return PAM_USER_UNKNOWN;
  if (state == NULL) return PAM_BUF_ERR;
  const char *grant = grant_of(pamh, state);
  /* Local users, cron and root pass by before any helper starts. */
  if (grant == NULL && !account.ours) return PAM_IGNORE;

  struct keeper_answer reply;
  return pam_code_of(ask(pamh, CALL_ACCOUNT, &account, grant, &reply));
}

/* ---- credentials ---- */

/* Add the granted groups to those the process has; sshd does this twice, the second time after initgroups. */
static int add_groups(const struct state *state) {
  if (state->group_count == 0) return PAM_SUCCESS;
  int count = getgroups(0, NULL);
  if (count < 0) return PAM_CRED_ERR;
  gid_t *groups = calloc((size_t)count + state->group_count, sizeof(*groups));
  if (groups == NULL) return PAM_BUF_ERR;
  int total = count = getgroups(count, groups);
  for (uint32_t i = 0; count >= 0 && i < state->group_count; i++) {
    bool present = false;
    for (int j = 0; j < total && !present; j++)
      present = groups[j] == state->groups[i];
    if (!present) groups[total++] = state->groups[i];
  }
  int code = PAM_SUCCESS;
  if (count < 0 || total > GROUPS_MAX) {
    code = PAM_CRED_ERR;
  } else if (total > count && setgroups((size_t)total, groups) != 0 && errno != EPERM) {
    code = PAM_CRED_ERR; /* EPERM: a caller without privilege; the one with it gives them */
  }
  free(groups);
  return code;
}

/* The gid that a process of root has taken on to become somebody; 0 when it has not. */
static gid_t gid_taken_on(void) {
  uid_t uid, effective_uid, saved_uid;
  gid_t gid, effective_gid, saved_gid;
  if (getresuid(&uid, &effective_uid, &saved_uid) != 0 || getresgid(&gid, &effective_gid, &saved_gid) != 0) return 0;
  bool is_root = uid == 0 && effective_uid == 0 && saved_uid == 0;
  return is_root && gid == effective_gid && gid == saved_gid ? gid : 0;
}

/*
 * sshd resolves the account when the connection begins and keeps that record, whatever was reserved for the name since.
 * Its session process calls here between setgid and setuid: by then the gid shows which record it holds, and as our
 * accounts have gid = uid, whom the session would really be. It is ended here, as sshd itself minds a failure only
 * after keyboard-interactive.
 */
static void end_what_becomes_another(pam_handle_t *pamh, const struct host_account *account) {
  gid_t gid = gid_taken_on();
  if (gid == 0 || !id_is_ours(gid) || (account->resolved && gid == account->gid)) return;
  log_refusal(pamh, account->user, REASON_ACCOUNT_CHANGED_RETRY, "the session would have run under another id");
  _exit(EXIT_FAILURE);
}

static int give_credentials(pam_handle_t *pamh, struct state *state) {
  const char *grant = take_grant(pamh, state);
  CLEANUP(host_account_clear) struct host_account account;
  if (!host_account_find(pamh, &account)) return PAM_USER_UNKNOWN;
  if (strcmp(holder_of(state, &account), account.user) != 0) return PAM_IGNORE; /* the groups are the holder's alone */
  end_what_becomes_another(pamh, &account);
  if (grant == NULL && !account.ours) return PAM_IGNORE; /* the modules that follow have credentials to give */
  if (!state->has_groups && grant != NULL) {
    struct keeper_answer reply;
    enum reason reason = ask(pamh, CALL_CREDENTIALS, &account, grant, &reply);
    if (reason == REASON_PROOF_MISSING) state->unproved = true;
    if (reason != REASON_OK) return PAM_CRED_ERR;
    remember_groups(state, &reply);
  }
  return add_groups(state);
}

/*
 * A grant that waits for its key is given to programs that ask for the account in between. One whose stack leaves our
 * account phase out has nobody to prove the key to, and might not mind a failure here, whatever it is: by now the grant
 * may be over as well. So it ends here.
 */
int module_credentials(pam_handle_t *pamh, int flags) {
  if (flags & PAM_DELETE_CRED) return PAM_SUCCESS;
  struct state *state = state_of(pamh);
  if (state == NULL) return PAM_BUF_ERR;
  int code = give_credentials(pamh, state);
  if (state->unproved && code != PAM_SUCCESS) _exit(EXIT_FAILURE);
  return code;
}

/* ---- session ---- */

/* Let logind end the session when the rights end; pam_systemd reads this, so our line stands before its. */
static int limit_session(pam_handle_t *pamh, int64_t session_end) {
  if (session_end == 0) return PAM_SUCCESS;
  int64_t left = session_end - (int64_t)time(NULL);
  char *seconds = NULL;
  if (asprintf(&seconds, "%lld", (long long)(left > 0 ? left : 1)) < 0) return PAM_BUF_ERR;
  int code = pam_set_data(pamh, RUNTIME_MAX_DATA, seconds, free_data);
  if (code != PAM_SUCCESS) free(seconds);
  return code;
}

int module_session_open(pam_handle_t *pamh) {
  struct state *state = state_of(pamh);
  if (state == NULL) return PAM_BUF_ERR;
  const char *grant = take_grant(pamh, state);
  if (grant == NULL) return PAM_SUCCESS; /* whether that is allowed was the account phase's question */
  CLEANUP(host_account_clear) struct host_account account;
  if (!host_account_find(pamh, &account)) return PAM_USER_UNKNOWN;
  account.user = holder_of(state, &account);

  struct keeper_answer reply;
  enum reason reason = ask(pamh, CALL_SESSION_OPEN, &account, grant, &reply);
  withdraw_grant(pamh);
  if (reason != REASON_OK) return PAM_SESSION_ERR;
  state->session = reply.session;
  remember_groups(state, &reply);
  return limit_session(pamh, reply.session_end);
}

int module_session_close(pam_handle_t *pamh) {
  struct state *state = state_of(pamh);
  if (state == NULL || state->session == 0) return PAM_SUCCESS;
  CLEANUP(host_account_clear) struct host_account account;
  struct keeper_request request;
  struct keeper_answer reply;
  if (!host_account_find(pamh, &account)) return PAM_SESSION_ERR;
  account.user = holder_of(state, &account);
  if (!request_fill(pamh, &account, CALL_SESSION_CLOSE, &request)) return PAM_SESSION_ERR;
  request.session = state->session;
  state->session = 0;
  return keeper_call(pamh, &request, NULL, &reply) == REASON_OK ? PAM_SUCCESS : PAM_SESSION_ERR;
}
