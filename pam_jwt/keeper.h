/* The keeper's parts: one request in, one answer out, one audit event for what was decided. */
#ifndef JWT_LOGIN_KEEPER_H
#define JWT_LOGIN_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "ledger.h"
#include "protocol.h"
#include "reason.h"
#include "settings.h"

#define DETAIL_SIZE 512

/* What one request goes through, and what the audit will say of it. */
struct event {
  const struct keeper_request *request;
  const char *auth_info;     /* what the host says was proved, unread */
  uint32_t auth_info_size;   /* 0: it says nothing that counts */
  bool proof_later;          /* it will say so in the account phase */
  bool deferred;             /* the grant was given and waits for that */
  const char *why_unproved;  /* why it does not, NULL when it does */
  bool free_again;           /* what hid the account is gone */
  struct settings *settings; /* NULL until loaded */
  struct ledger *ledger;     /* NULL until opened */
  int64_t now;
  int64_t started_ms;
  struct judge_answer verdict;                 /* all zero until the judge has answered */
  const struct rule *rule;                     /* NULL until one was found and permitted */
  struct given_group groups[GRANT_GROUPS_MAX]; /* names are the rule's */
  uint32_t group_count;
  char detail[DETAIL_SIZE]; /* more than the reason says, or "" */
};

/* Load the settings into the event, once. */
MUST_USE enum reason event_settings(struct event *event);

/* Open the ledger into the event, once; made when missing. */
MUST_USE enum reason event_ledger(struct event *event);

/* Put what a grant gives into the answer, all but its id. */
void answer_with_grant(const struct grant *grant, struct keeper_answer *ret);

/* Put text behind the reason; a later one replaces it. */
void event_detail(struct event *event, const char *format, ...) PRINTF_LIKE(2, 3);

/* Log the one audit event. */
void event_audit(const struct event *event, enum reason reason);

#define SESSION_BOOT_ID_SIZE 48

/* What the kernel says of the process that opens a session. `boot_id` and `tty` stay the caller's; *ret points to them.
 */
void session_facts_read(int64_t pid, const char *tty, char boot_id[SESSION_BOOT_ID_SIZE], struct session_facts *ret);

/* What the other account sources say of an id, as uid and as gid. For struct admission; `context` is not used. */
enum id_use keeper_id_use(void *context, uint32_t id);

/*
 * Whether another source has gained since what an account of the ledger has: its id, or, as a group, its name, for its
 * private group would have the rights of that one (sudo, for one, goes by names). A source that does not answer has
 * not. REASON_ACCOUNT_ID_TAKEN, REASON_NAME_RESERVED.
 */
MUST_USE enum reason keeper_known_account(const char *name, uint32_t id);

/*
 * Where the account is hidden, ask every source whether what hid it is gone, and set event->free_again.
 * REASON_SOURCE_UNAVAILABLE when that is not certain.
 */
MUST_USE enum reason keeper_hidden_account(struct event *event);

/* Publish the account, or all (NULL), to the NSS tables. */
MUST_USE enum reason keeper_publish(struct event *event, const char *name);

/* CALL_AUTHENTICATE: judge the token, then turn the verdict into a grant. */
MUST_USE enum reason keeper_authenticate(struct event *event, const char *token, struct keeper_answer *ret);

/*
 * Run the judge on `token` and check its answer against the settings: on REASON_OK event->verdict and event->rule
 * hold what the rule permits, whatever the judge said. Its refusals are returned as they are.
 */
MUST_USE enum reason keeper_judge(struct event *event, const struct account_facts *account, const char *token);

/* Whether this key was proved, by a judge: REASON_OK, REASON_PROOF_MISSING, REASON_PROOF_MISMATCH, or why it failed. */
MUST_USE enum reason keeper_judge_proof(struct event *event, const char thumbprint[THUMBPRINT_SIZE]);

/* Decide what the host's SSH_AUTH_INFO_0 is worth: sets auth_info_size, proof_later and why_unproved of the event. */
void keeper_weigh_auth_info(struct event *event);

/* The judge accepted: REASON_PROOF_MISSING where the key is to be proved later and what the rule gives would not wait.
 */
MUST_USE enum reason keeper_may_prove_later(struct event *event);

/* CALL_ACCOUNT with a grant whose key is yet to be proved: have that looked into. On REASON_OK the grant counts. */
MUST_USE enum reason keeper_prove_grant(struct event *event);

/*
 * The judge refused for `refusal`, having begun at `since` (CLOCK_REALTIME_COARSE). Where that is for want of a key
 * which the issuer may have by now, have jwt-fetch-keys fetch its keys, unless that was done a moment ago. True when
 * the judge would find other keys than it did. What was done, or why it failed, becomes the event's detail.
 */
MUST_USE bool keeper_renew_keys(struct event *event, enum reason refusal, const struct timespec *since);

/* True when every string of the answer ends within its field. To be asked before anything else is. */
MUST_USE bool verdict_strings_end(const struct judge_answer *verdict);

/* The checks of an accepting answer; REASON_JUDGE_REFUSED where it goes beyond the settings. */
MUST_USE enum reason verdict_check(const struct settings *settings, const struct account_facts *account,
                                   const char *service, int64_t now, const struct judge_answer *verdict,
                                   const struct rule **ret);

#endif
