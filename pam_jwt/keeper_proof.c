/* What the keeper does about proof of possession: it says whose word counts. The keys themselves are the judge's. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"

/* Whether the host, which started this process, is a program that the settings list. */
static bool host_is_login_program(const struct settings *settings) {
  char path[64], program[PATH_MAX];
  snprintf(path, sizeof(path), "/proc/%ld/exe", (long)getppid());
  ssize_t size = readlink(path, program, sizeof(program) - 1);
  if (size < 0) return false;
  program[size] = '\0';
  return name_is_listed(settings->accounts.login_programs, program);
}

static const char *why_worthless(const struct event *event) {
  uint32_t size = event->request->auth_info_size;
  if (size == 0 || size == AUTH_INFO_UNTOLD) return "SSH_AUTH_INFO_0 names no key: none was proved before the token";
  if (size == AUTH_INFO_TOO_LONG) return "SSH_AUTH_INFO_0 has more than 16384 bytes: use a smaller key or certificate";
  if (!host_is_login_program(event->settings)) return "SSH_AUTH_INFO_0 counts from a program of login_programs alone";
  return NULL;
}

void keeper_weigh_auth_info(struct event *event) {
  const struct keeper_request *request = event->request;
  event->why_unproved = why_worthless(event);
  event->auth_info_size = event->why_unproved == NULL ? request->auth_info_size : 0;
  event->proof_later = request->call == CALL_AUTHENTICATE && request->auth_info_size == AUTH_INFO_UNTOLD &&
                       host_is_login_program(event->settings);
}

/* Memberships of the host are the account's, not the grant's alone; and who stole a token must not use it up. */
enum reason keeper_may_prove_later(struct event *event) {
  bool waits = event->proof_later && event->verdict.proof[0] != '\0';
  if (!waits || !(event->rule->host_membership || event->rule->single_use)) return REASON_OK;
  event->why_unproved =
      event->rule->single_use
          ? "a rule with single_use = true does not wait for the account phase: use keyboard-interactive"
          : "a rule with membership = \"host\" does not wait for the account phase: use keyboard-interactive";
  return REASON_PROOF_MISSING;
}

enum reason keeper_prove_grant(struct event *event) {
  _Static_assert(GRANT_KEY_SIZE == THUMBPRINT_SIZE, "the ledger keeps thumbprints");
  const struct keeper_request *request = event->request;
  char thumbprint[GRANT_KEY_SIZE];
  enum reason reason =
      ledger_grant_unproved(event->ledger, request->grant, request->user, request->service, event->now, thumbprint);
  if (reason == REASON_OK) reason = event_settings(event);
  if (reason != REASON_OK) return reason;
  keeper_weigh_auth_info(event);
  reason = keeper_judge_proof(event, thumbprint);
  if (reason == REASON_PROOF_MISSING && event->why_unproved != NULL) event_detail(event, "%s", event->why_unproved);
  enum ledger_change change = LEDGER_UNCHANGED;
  if (reason == REASON_OK) reason = ledger_grant_proved(event->ledger, request->grant, thumbprint, event->now, &change);
  if (reason == REASON_OK && change == LEDGER_ACCOUNT_ADDED) reason = keeper_publish(event, request->user);
  if (reason == REASON_OK) memcpy(event->verdict.proof, thumbprint, sizeof(thumbprint));
  return reason;
}
