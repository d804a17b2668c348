#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "fullio.h"
#include "keeper.h"
#include "paths.h"
#include "secret.h"

static enum reason await_hello(const struct child *judge, const struct event *event, int64_t deadline) {
  struct judge_hello hello;
  if (!read_full(judge->socket, &hello, sizeof(hello), deadline)) return REASON_JUDGE_FAILED;
  if (hello.magic != PROTOCOL_MAGIC || hello.reason >= REASON_COUNT) return REASON_PROTOCOL;
  if (hello.reason != REASON_OK) return (enum reason)hello.reason;
  return hello.fingerprint == event->settings->fingerprint ? REASON_OK : REASON_SETTINGS_CHANGED_RETRY;
}

static enum reason exchange(const struct child *judge, const struct event *event, const struct judge_request *request,
                            const char *token, struct judge_answer *ret, int64_t deadline) {
  if (!write_full(judge->socket, request, sizeof(*request), deadline) ||
      !write_full(judge->socket, token, request->token_size, deadline) ||
      !write_full(judge->socket, event->auth_info, request->auth_info_size, deadline) ||
      !read_full(judge->socket, ret, sizeof(*ret), deadline)) {
    return REASON_JUDGE_FAILED;
  }
  if (ret->magic != PROTOCOL_MAGIC || ret->reason >= REASON_COUNT || !verdict_strings_end(ret))
    return REASON_JUDGE_REFUSED;
  return (enum reason)ret->reason;
}

/* Start a judge, ask it, and have it end. */
static enum reason ask(struct event *event, const struct judge_request *request, const char *token,
                       struct judge_answer *ret) {
  struct child judge;
  if (!child_start(PATH_JUDGE, NULL, &judge)) {
    event_detail(event, "%m");
    return REASON_JUDGE_FAILED;
  }
  int64_t deadline = monotonic_ms() + JUDGE_SECONDS * 1000;
  errno = 0;
  enum reason reason = await_hello(&judge, event, deadline);
  if (reason == REASON_OK) reason = exchange(&judge, event, request, token, ret, deadline);
  bool late = reason == REASON_JUDGE_FAILED && errno == ETIMEDOUT;
  char how[64];
  child_stop(&judge, deadline, how, sizeof(how));
  if (reason == REASON_JUDGE_FAILED) {
    event_detail(event, "%s %s", PATH_JUDGE, late ? "did not answer in time" : how[0] != '\0' ? how : "broke off");
  }
  return reason;
}

/* What every request carries. */
static struct judge_request request_about(const struct event *event) {
  const struct keeper_request *asked = event->request;
  struct judge_request request = {.magic = PROTOCOL_MAGIC, .auth_info_size = event->auth_info_size, .now = event->now};
  memcpy(request.user, asked->user, sizeof(request.user));
  memcpy(request.service, asked->service, sizeof(request.service));
  memcpy(request.rhost, asked->rhost, sizeof(request.rhost));
  return request;
}

enum reason keeper_judge(struct event *event, const struct account_facts *account, const char *token) {
  struct judge_answer verdict = {0};
  struct judge_request request = request_about(event);
  request.token_size = event->request->token_size;
  request.proof_later = event->proof_later;
  request.account_kind = account->kind;
  request.uid = account->uid;
  request.group_of_same_name = account->group_of_same_name;
  enum reason reason = ask(event, &request, token, &verdict);
  if (verdict_strings_end(&verdict)) event->verdict = verdict;
  if (reason != REASON_OK) return reason;
  bool may_be_proved = event->auth_info_size > 0 || event->proof_later;
  if (verdict.proof[0] != '\0' && !may_be_proved) return REASON_JUDGE_REFUSED;
  return verdict_check(event->settings, account, event->request->service, event->now, &verdict, &event->rule);
}

enum reason keeper_judge_proof(struct event *event, const char thumbprint[THUMBPRINT_SIZE]) {
  struct judge_answer answer = {0};
  struct judge_request request = request_about(event);
  if (event->auth_info_size == 0) return REASON_PROOF_MISSING;
  memcpy(request.proof, thumbprint, THUMBPRINT_SIZE);
  return ask(event, &request, "", &answer);
}
