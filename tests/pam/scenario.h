/*
 * A scenario is a text file: a PAM stack, a user, the calls a host would make, what the user is asked and answers, the
 * code each call returns, and every line that is logged. `#` begins a comment; the first one is the title.
 *
 *   service sshd                          the stack's name, and what rules see
 *   user ana
 *   rhost 192.0.2.7                       also: tty
 *   auth required pam_jwt.so              the stack, line by line: auth, account, session
 *
 *   call authenticate PAM_SUCCESS         authenticate, acct_mgmt, setcred, delete_cred, open_session, close_session
 *   ask "Password or token: " @valid      a prompt, and the answer: "text", or the token of that name; the
 *   ask "Token (part 2): " @valid         n-th prompt of a call gets the n-th part of it, @@valid all at once
 *   error "The token ..."                 a message for the user; also: info
 *   env JWT_LOGIN_GRANT ????????          the PAM environment after the call, as a glob; `-`: not set
 *   putenv NAME VALUE                     somebody sets it before the next call
 *   group 2000                            the process has this supplementary group
 *   handover                              a new process of the same host: only the PAM environment passes over
 *
 *   log authpriv.info jwt-login: decision=accept ...   every line of ours in the log, in order, as globs
 */
#ifndef JWT_LOGIN_SCENARIO_H
#define JWT_LOGIN_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

#define STEPS_MAX 64
#define LOGS_MAX 16

enum step_kind { STEP_CALL, STEP_ASK, STEP_INFO, STEP_ERROR, STEP_ENV, STEP_PUTENV, STEP_GROUP, STEP_HANDOVER };

struct step {
  enum step_kind kind;
  const char *subject; /* the call's, prompt's, message's or variable's text */
  const char *value;   /* the code's name, the answer, the variable's glob */
};

/* All strings point into `text`. */
struct scenario {
  char *text;
  const char *title;
  const char *service;
  const char *user;
  const char *rhost;
  const char *tty;
  char stack[2048];
  struct step steps[STEPS_MAX];
  size_t step_count;
  const char *logs[LOGS_MAX];
  size_t log_count;
};

/* False when the file cannot be read or is not a scenario; the reason is printed as a TAP comment. */
bool scenario_read(const char *path, struct scenario *ret);
void scenario_free(struct scenario *scenario);

struct world {
  const char *tokens; /* folder with a file for each named token */
  const char *log;    /* what the syslog sink writes */
  const char *stacks; /* folder for the stack, for pam_start_confdir */
};

/* Play it; what is not as it should be is printed as TAP comments. */
bool scenario_play(const struct scenario *scenario, const struct world *world);

/* The lines that the project wrote to the log from `offset` on are the expected ones, no more and no less. */
bool log_offset(const char *path, long *ret);
bool log_matches(const char *path, long offset, const char *const *globs, size_t count);

#endif
