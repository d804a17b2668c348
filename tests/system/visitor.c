/*
 * Logins as sshd makes them, many at once: `visitor AT_ONCE [SERVICE]` reads `USER TOKEN` a line, TOKEN being a file,
 * and answers each with `USER TOKEN UID HOW`, in the order in which they end. UID is what the host resolved before (0:
 * nobody), HOW is `in`, or the first step that failed: resolve, authenticate, account, credentials, open or close. Each
 * login is a process of its own, and the first AT_ONCE wait for each other.
 */
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler.h"

#define PART_SIZE 1000 /* what an ssh client gives at one prompt */

/* The token, and how much of it was given. */
struct answer {
  char token[16384];
  size_t size, given;
};

static int give_part(int count, const struct pam_message **messages, struct pam_response **ret, void *context) {
  struct answer *answer = context;
  struct pam_response *responses = calloc((size_t)count, sizeof(*responses));
  for (int i = 0; responses != NULL && i < count; i++) {
    if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF) continue;
    const size_t left = answer->size - answer->given, part = left < PART_SIZE ? left : PART_SIZE;
    responses[i].resp = strndup(answer->token + answer->given, part);
    answer->given += part;
  }
  *ret = responses;
  return responses != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void no_delay(int status UNUSED, unsigned microseconds UNUSED, void *context UNUSED) {}

static pam_handle_t *start(const char *service, const char *user, const struct pam_conv *conversation) {
  pam_handle_t *pamh = NULL;
  void (*const delay)(int, unsigned, void *) = no_delay;
  const void *item;
  memcpy(&item, &delay, sizeof(item));
  if (pam_start(service, user, conversation, &pamh) != PAM_SUCCESS ||
      pam_set_item(pamh, PAM_FAIL_DELAY, item) != PAM_SUCCESS)
    return NULL;
  return pamh;
}

/* sshd's session process: only the PAM environment passes over to it. */
static pam_handle_t *hand_over(pam_handle_t *from, const char *service, const char *user,
                               const struct pam_conv *conversation) {
  pam_handle_t *to = start(service, user, conversation);
  char **environment = pam_getenvlist(from);
  for (char **variable = environment; to != NULL && variable != NULL && *variable != NULL; variable++)
    pam_putenv(to, *variable);
  pam_end(from, PAM_SUCCESS | PAM_DATA_SILENT);
  return to;
}

static const char *log_in(const char *service, const char *user, struct answer *answer) {
  const struct pam_conv conversation = {.conv = give_part, .appdata_ptr = answer};
  pam_handle_t *pamh = start(service, user, &conversation);
  if (pamh == NULL || pam_authenticate(pamh, 0) != PAM_SUCCESS) return "authenticate";
  if (pam_acct_mgmt(pamh, 0) != PAM_SUCCESS) return "account";
  pamh = hand_over(pamh, service, user, &conversation);
  if (pamh == NULL || pam_setcred(pamh, PAM_ESTABLISH_CRED) != PAM_SUCCESS) return "credentials";
  if (pam_open_session(pamh, 0) != PAM_SUCCESS) return "open";
  return pam_close_session(pamh, 0) == PAM_SUCCESS ? "in" : "close";
}

/* Those of the first crowd have all been told their ids before any of them goes on. */
struct gate {
  int arrived[2], open[2];
  bool is_open;
};

static void wait_at(const struct gate *gate) {
  char byte;
  close(gate->arrived[1]);
  close(gate->open[1]);
  if (!gate->is_open && read(gate->open[0], &byte, 1) != 0) _exit(EXIT_FAILURE);
}

static void let_through(struct gate *gate) {
  char byte;
  close(gate->arrived[1]);
  if (!gate->is_open && read(gate->arrived[0], &byte, 1) == 0) close(gate->open[1]);
  gate->is_open = true;
}

static void visit(const char *service, const char *user, const char *token, const struct gate *gate) {
  static struct answer answer;
  FILE *file = fopen(token, "re");
  if (file != NULL) answer.size = fread(answer.token, 1, sizeof(answer.token), file);
  const struct passwd *record = getpwnam(user);
  const unsigned uid = record != NULL ? record->pw_uid : 0;
  wait_at(gate);
  const char *how = record == NULL ? "resolve" : log_in(service, user, &answer);
  char line[512];
  const int length = snprintf(line, sizeof(line), "%s %s %u %s\n", user, token, uid, how);
  _exit(write(STDOUT_FILENO, line, (size_t)length) == length ? EXIT_SUCCESS : EXIT_FAILURE);
}

static bool one_has_ended(void) {
  int status;
  return wait(&status) > 0 && status == 0;
}

int main(int argc, char **argv) {
  const int at_once = argc > 1 ? atoi(argv[1]) : 0;
  const char *service = argc > 2 ? argv[2] : "sshd";
  char user[64], token[256];
  struct gate gate = {.is_open = false};
  int running = 0;
  bool sound = true;
  if (at_once < 1 || pipe(gate.arrived) != 0 || pipe(gate.open) != 0) {
    fprintf(stderr, "usage: visitor AT_ONCE [SERVICE] <USERS-AND-TOKENS\n");
    return 2;
  }
  for (; scanf("%63s %255s", user, token) == 2; running++) {
    if (running == at_once) {
      let_through(&gate);
      sound = one_has_ended() && sound;
      running--;
    }
    const pid_t child = fork();
    if (child == 0) visit(service, user, token, &gate);
    sound = child > 0 && sound;
  }
  let_through(&gate);
  for (; running > 0; running--)
    sound = one_has_ended() && sound;
  return sound ? EXIT_SUCCESS : EXIT_FAILURE;
}
