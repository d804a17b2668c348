/* jwt-keeper: exec'd by pam_jwt.so with the host's privilege; one request on descriptor 0, one answer, gone. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "fullio.h"
#include "keeper.h"
#include "paths.h"
#include "secret.h"

/* ---- the requests that need no judge ---- */

static enum reason account_without_grant(struct event *event) {
  const struct keeper_request *request = event->request;
  enum reason reason = event_settings(event);
  if (reason == REASON_OK) reason = event_ledger(event);
  if (reason == REASON_OK) reason = ledger_account_state(event->ledger, request->user, request->uid);
  if (reason == REASON_OK) reason = keeper_known_account(request->user, request->uid);
  if (reason == REASON_OK) reason = keeper_hidden_account(event);
  if (reason == REASON_OK && name_is_listed(event->settings->accounts.require_token, request->service)) {
    reason = REASON_TOKEN_REQUIRED;
  }
  return reason;
}

static enum reason look_at_grant(struct event *event, struct keeper_answer *ret) {
  const struct keeper_request *request = event->request;
  struct grant grant;
  enum reason reason = event_ledger(event);
  if (reason != REASON_OK) return reason;
  reason = ledger_grant(event->ledger, request->grant, request->user, request->service, false, event->now, &grant);
  if (reason == REASON_PROOF_MISSING && request->call == CALL_ACCOUNT) {
    reason = keeper_prove_grant(event);
    if (reason == REASON_OK)
      reason = ledger_grant(event->ledger, request->grant, request->user, request->service, false, event->now, &grant);
  }
  if (reason == REASON_OK) answer_with_grant(&grant, ret);
  return reason;
}

static enum reason open_session(struct event *event, struct keeper_answer *ret) {
  const struct keeper_request *request = event->request;
  struct session_facts facts;
  struct grant grant;
  int64_t session = 0;
  char boot_id[SESSION_BOOT_ID_SIZE];
  session_facts_read(request->host_pid, request->tty, boot_id, &facts);
  enum reason reason = event_ledger(event);
  if (reason == REASON_OK) {
    reason = ledger_session_open(event->ledger, request->grant, request->user, request->service, &facts, event->now,
                                 &session, &grant);
  }
  if (reason == REASON_OK) {
    answer_with_grant(&grant, ret);
    ret->session = session;
  }
  return reason;
}

static enum reason close_session(struct event *event) {
  enum reason reason = event_ledger(event);
  if (reason == REASON_OK) reason = ledger_session_close(event->ledger, event->request->session, event->now);
  return reason;
}

static enum reason serve(struct event *event, const char *token, struct keeper_answer *ret) {
  switch ((enum call)event->request->call) {
  case CALL_AUTHENTICATE:
    return keeper_authenticate(event, token, ret);
  case CALL_ACCOUNT:
    return event->request->grant[0] != '\0' ? look_at_grant(event, ret) : account_without_grant(event);
  case CALL_CREDENTIALS:
    return look_at_grant(event, ret);
  case CALL_SESSION_OPEN:
    return open_session(event, ret);
  case CALL_SESSION_CLOSE:
    return close_session(event);
  }
  return REASON_PROTOCOL;
}

/* ---- the conversation ---- */

static bool request_is_sound(const struct keeper_request *request) {
  return request->magic == PROTOCOL_MAGIC && IS_STRING(request->user) && IS_STRING(request->service) &&
         IS_STRING(request->rhost) && IS_STRING(request->tty) && IS_STRING(request->grant) &&
         IS_STRING(request->home) && IS_STRING(request->shell) && request->user[0] != '\0' &&
         request->service[0] != '\0' && request->token_size <= TOKEN_MAX_SIZE &&
         request->auth_info_size <= AUTH_INFO_UNTOLD &&
         (request->call == CALL_AUTHENTICATE) == (request->token_size > 0);
}

/* A grant looked at, and a session closed, are no decisions of their own; a key that was proved for a grant is. */
static bool is_worth_an_event(const struct event *event, enum reason reason) {
  uint32_t call = event->request->call;
  return reason != REASON_OK || call == CALL_AUTHENTICATE || call == CALL_SESSION_OPEN ||
         event->verdict.proof[0] != '\0';
}

static void tell_of_ledger(struct event *event, enum reason reason) {
  bool is_its_own = reason == REASON_STATE_UNAVAILABLE || reason == REASON_STATE_BUSY || reason == REASON_STATE_DAMAGED;
  if (!is_its_own || event->ledger == NULL || event->detail[0] != '\0') return;
  event_detail(event, "%s: %s", PATH_LEDGER, ledger_detail(event->ledger));
}

static enum reason handle(struct event *event, const char *token, struct keeper_answer *ret) {
  enum reason reason = geteuid() == 0 ? serve(event, token, ret) : REASON_PRIVILEGE;
  tell_of_ledger(event, reason);
  if (is_worth_an_event(event, reason)) event_audit(event, reason);
  return reason;
}

/* Now and then, when the caller has its answer, remove from the ledger what is over. */
static void tidy(struct event *event, const struct keeper_answer *answer) {
  bool is_login = answer->reason == REASON_OK && event->request->call == CALL_AUTHENTICATE;
  if (!is_login || answer->grant[0] != '0') return; /* the first of 32 random digits: one login in 16 */
  if (ledger_tidy(event->ledger, event->now) != REASON_OK) {
    syslog(LOG_WARNING, "%s: what is over could not be removed: %s", PATH_LEDGER, ledger_detail(event->ledger));
  }
}

int main(void) {
  static char token[TOKEN_MAX_SIZE + 1], auth_info[SSH_AUTH_INFO_MAX];
  static struct keeper_request request;
  struct event event = {
      .request = &request, .auth_info = auth_info, .now = (int64_t)time(NULL), .started_ms = monotonic_ms()};
  struct keeper_answer answer = {.magic = PROTOCOL_MAGIC, .reason = REASON_PROTOCOL};

  alarm(KEEPER_SECONDS); /* whatever happens, no lock is held for longer */
  signal(SIGPIPE, SIG_IGN);
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return EXIT_FAILURE;
  openlog("jwt-login", LOG_PID, LOG_AUTHPRIV);

  int64_t deadline = monotonic_ms() + KEEPER_SECONDS * 1000;
  if (!read_full(0, &request, sizeof(request), deadline)) return EXIT_FAILURE;
  if (request_is_sound(&request) && read_full(0, token, request.token_size, deadline) &&
      read_full(0, auth_info, auth_info_bytes(&request), deadline)) {
    answer.reason = handle(&event, token, &answer);
  }
  ERASE_ARRAY(token);
  bool answered = write_full(0, &answer, sizeof(answer), deadline);
  tidy(&event, &answer);
  ERASE_OBJECT(answer);
  ledger_close(event.ledger);
  settings_free(event.settings);
  return answered ? EXIT_SUCCESS : EXIT_FAILURE;
}
