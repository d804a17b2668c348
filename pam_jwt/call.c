#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "audit.h"
#include "child.h"
#include "fullio.h"
#include "module.h"
#include "paths.h"

#define END_GRACE_MS 1000                    /* for a keeper that has answered */
#define AUTH_INFO_VARIABLE "SSH_AUTH_INFO_0" /* sshd(8) */

static bool copy(char *to, size_t size, const char *from) {
  size_t length = from != NULL ? strlen(from) : 0;
  if (length >= size) return false;
  if (length > 0) memcpy(to, from, length);
  return true;
}

static const char *item(pam_handle_t *pamh, int type) {
  const void *value = NULL;
  return pam_get_item(pamh, type, &value) == PAM_SUCCESS ? value : NULL;
}

bool request_fill(pam_handle_t *pamh, const struct host_account *account, enum call call, struct keeper_request *ret) {
  *ret = (struct keeper_request){
      .magic = PROTOCOL_MAGIC, .call = call, .host_pid = getpid(), .uid = account->uid, .gid = account->gid};
  const char *rhost = item(pamh, PAM_RHOST);
  if (rhost != NULL && !copy(ret->rhost, sizeof(ret->rhost), rhost)) copy(ret->rhost, sizeof(ret->rhost), "too-long");
  const char *tty = item(pamh, PAM_TTY);
  if (tty != NULL && !copy(ret->tty, sizeof(ret->tty), tty)) copy(ret->tty, sizeof(ret->tty), "too-long");
  return copy(ret->user, sizeof(ret->user), account->user) &&
         copy(ret->service, sizeof(ret->service), item(pamh, PAM_SERVICE)) &&
         (!account->resolved ||
          (copy(ret->home, sizeof(ret->home), account->home) && copy(ret->shell, sizeof(ret->shell), account->shell)));
}

void log_refusal(pam_handle_t *pamh, const char *user, enum reason reason, const char *detail) {
  struct audit_line line;
  audit_begin(&line);
  audit_add(&line, "decision", "deny");
  audit_add(&line, "reason", reason_code(reason));
  audit_add(&line, "user", user);
  audit_add(&line, "service", item(pamh, PAM_SERVICE));
  audit_add(&line, "rhost", item(pamh, PAM_RHOST));
  audit_add(&line, "detail", detail);
  pam_syslog(pamh, LOG_WARNING, "%s", line.text);
}

static bool converse(int socket, const struct keeper_request *request, const char *token, const char *auth_info,
                     struct keeper_answer *ret, int64_t deadline) {
  size_t auth_info_size = auth_info_bytes(request);
  return write_full(socket, request, sizeof(*request), deadline) &&
         (request->token_size == 0 || write_full(socket, token, request->token_size, deadline)) &&
         (auth_info_size == 0 || write_full(socket, auth_info, auth_info_size, deadline)) &&
         read_full(socket, ret, sizeof(*ret), deadline);
}

static bool answer_is_sound(const struct keeper_answer *answer) {
  return answer->magic == PROTOCOL_MAGIC && answer->reason < REASON_COUNT && IS_STRING(answer->grant) &&
         answer->group_count <= GRANT_GROUPS_MAX;
}

/* The host's word for what was proved, which only these two calls look at. */
static const char *add_auth_info(pam_handle_t *pamh, struct keeper_request *request) {
  bool matters = request->call == CALL_AUTHENTICATE || (request->call == CALL_ACCOUNT && request->grant[0] != '\0');
  const char *text = matters ? pam_getenv(pamh, AUTH_INFO_VARIABLE) : NULL;
  size_t size = text != NULL ? strlen(text) : 0;
  request->auth_info_size = !matters ? 0 : text == NULL ? AUTH_INFO_UNTOLD : (uint32_t)size;
  if (size > SSH_AUTH_INFO_MAX) request->auth_info_size = AUTH_INFO_TOO_LONG;
  return text;
}

enum reason keeper_call(pam_handle_t *pamh, struct keeper_request *request, const char *token,
                        struct keeper_answer *ret) {
  const char *auth_info = add_auth_info(pamh, request);
  struct child keeper;
  if (!child_start(PATH_KEEPER, NULL, &keeper)) {
    log_refusal(pamh, request->user, REASON_KEEPER_FAILED, strerror(errno));
    return REASON_KEEPER_FAILED;
  }
  int64_t deadline = monotonic_ms() + CALL_SECONDS * 1000;
  bool answered = converse(keeper.socket, request, token, auth_info, ret, deadline);
  bool late = !answered && errno == ETIMEDOUT;
  char how[64];
  child_stop(&keeper, answered ? monotonic_ms() + END_GRACE_MS : deadline, how, sizeof(how));

  if (!answered || !answer_is_sound(ret)) {
    const char *detail = late ? PATH_KEEPER " did not answer in time" : how[0] != '\0' ? how : "no sound answer";
    log_refusal(pamh, request->user, REASON_KEEPER_FAILED, detail);
    return REASON_KEEPER_FAILED;
  }
  return (enum reason)ret->reason;
}
