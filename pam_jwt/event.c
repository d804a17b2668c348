#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "audit.h"
#include "fullio.h"
#include "keeper.h"
#include "paths.h"

void event_detail(struct event *event, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(event->detail, sizeof(event->detail), format, arguments);
  va_end(arguments);
}

enum reason event_settings(struct event *event) {
  if (event->settings != NULL) return REASON_OK;
  struct settings_error error = {0};
  enum reason reason = settings_load(PATH_CONF, PATH_CONF_D, FILE_OWNED_BY_ROOT, &event->settings, &error);
  if (reason != REASON_OK) event_detail(event, "%s", error.text);
  return reason;
}

enum reason event_ledger(struct event *event) {
  if (event->ledger != NULL) return REASON_OK;
  enum reason reason = ledger_open(PATH_LEDGER, LEDGER_WRITE, &event->ledger);
  if (reason != REASON_OK) event_detail(event, "%s: %m", PATH_LEDGER);
  return reason;
}

void answer_with_grant(const struct grant *grant, struct keeper_answer *ret) {
  ret->group_count = (uint32_t)grant->group_count;
  memcpy(ret->groups, grant->groups, grant->group_count * sizeof(grant->groups[0]));
  ret->session_end = grant->session_end;
}

static const char *call_name(uint32_t call) {
  static const char *const names[] = {[CALL_AUTHENTICATE] = "authenticate",
                                      [CALL_ACCOUNT] = "account",
                                      [CALL_CREDENTIALS] = "credentials",
                                      [CALL_SESSION_OPEN] = "session-open",
                                      [CALL_SESSION_CLOSE] = "session-close"};
  return call < COUNT_OF(names) ? names[call] : NULL;
}

static void add_groups(struct audit_line *line, const struct event *event) {
  char text[AUDIT_VALUE_MAX] = "";
  size_t used = 0;
  for (uint32_t i = 0; i < event->group_count && used < sizeof(text) - 12; i++) {
    used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", i > 0 ? "," : "", event->groups[i].gid);
  }
  audit_add(line, "groups", text);
}

void event_audit(const struct event *event, enum reason reason) {
  const struct keeper_request *request = event->request;
  const struct judge_answer *verdict = &event->verdict;
  struct audit_line line;
  audit_begin(&line);
  audit_add(&line, "decision", reason != REASON_OK ? "deny" : event->deferred ? "defer" : "accept");
  audit_add(&line, "reason", reason_code(reason));
  audit_add(&line, "phase", call_name(request->call));
  audit_add(&line, "user", request->user);
  audit_add(&line, "service", request->service);
  audit_add(&line, "rhost", request->rhost);
  audit_add(&line, "tty", request->tty);
  audit_add(&line, "issuer", verdict->issuer);
  audit_add(&line, "subject", verdict->subject);
  audit_add(&line, "actor", verdict->actors);
  audit_add(&line, "jti", verdict->token_id);
  audit_add(&line, "kid", verdict->kid);
  audit_add(&line, "alg", verdict->algorithm);
  audit_add(&line, "proof", verdict->proof);
  audit_add(&line, "rule", event->rule != NULL ? event->rule->title : NULL);
  if (reason == REASON_OK) audit_add_int(&line, "uid", request->uid);
  add_groups(&line, event);
  audit_add_time(&line, "expires", verdict->expires);
  audit_add_int(&line, "ms", monotonic_ms() - event->started_ms);
  audit_add(&line, "detail", event->detail);
  syslog(reason == REASON_OK ? LOG_INFO : LOG_NOTICE, "%s", line.text);
}
