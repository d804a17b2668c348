#include <errno.h>
#include <fnmatch.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler.h"
#include "scenario.h"

#define TOKEN_MAX 20000

/* What the conversation needs: which steps of the present call are still to come. */
struct play {
  const struct scenario *scenario;
  const struct world *world;
  pam_handle_t *pamh;
  size_t next;   /* the first step that has not happened */
  unsigned part; /* prompts seen in this call */
  bool failed;
};

static const struct {
  const char *name;
  int code;
} codes[] = {{"PAM_SUCCESS", PAM_SUCCESS},
             {"PAM_SERVICE_ERR", PAM_SERVICE_ERR},
             {"PAM_BUF_ERR", PAM_BUF_ERR},
             {"PAM_PERM_DENIED", PAM_PERM_DENIED},
             {"PAM_AUTH_ERR", PAM_AUTH_ERR},
             {"PAM_AUTHINFO_UNAVAIL", PAM_AUTHINFO_UNAVAIL},
             {"PAM_USER_UNKNOWN", PAM_USER_UNKNOWN},
             {"PAM_ACCT_EXPIRED", PAM_ACCT_EXPIRED},
             {"PAM_SESSION_ERR", PAM_SESSION_ERR},
             {"PAM_CRED_ERR", PAM_CRED_ERR},
             {"PAM_CONV_ERR", PAM_CONV_ERR},
             {"PAM_MODULE_UNKNOWN", PAM_MODULE_UNKNOWN},
             {"PAM_IGNORE", PAM_IGNORE}};

static int authenticate(pam_handle_t *pamh) {
  return pam_authenticate(pamh, 0);
}

static int acct_mgmt(pam_handle_t *pamh) {
  return pam_acct_mgmt(pamh, 0);
}

static int setcred(pam_handle_t *pamh) {
  return pam_setcred(pamh, PAM_ESTABLISH_CRED);
}

static int delete_cred(pam_handle_t *pamh) {
  return pam_setcred(pamh, PAM_DELETE_CRED);
}

static int open_session(pam_handle_t *pamh) {
  return pam_open_session(pamh, 0);
}

static int close_session(pam_handle_t *pamh) {
  return pam_close_session(pamh, 0);
}

static const struct {
  const char *name;
  int (*call)(pam_handle_t *pamh);
} calls[] = {{"authenticate", authenticate}, {"acct_mgmt", acct_mgmt},       {"setcred", setcred},
             {"delete_cred", delete_cred},   {"open_session", open_session}, {"close_session", close_session}};

static void complain(struct play *play, const char *what, const char *found, const char *wanted) {
  printf("# %s\n#   found:  %s\n#   wanted: %s\n", what, found != NULL ? found : "-", wanted != NULL ? wanted : "-");
  play->failed = true;
}

/* ---- the user ---- */

/* Part `part` of the named token as jwt-askpass hands it over, or for part 0 all of it. NULL: there is no such token.
 */
static char *token_part(const struct play *play, const char *name, unsigned part) {
  const size_t part_size = strcmp(play->scenario->service, "sudo") == 0 ? 500 : 1000;
  char path[512], text[TOKEN_MAX];
  snprintf(path, sizeof(path), "%s/%s", play->world->tokens, name);
  FILE *file = fopen(path, "re");
  if (file == NULL) return NULL;
  size_t size = fread(text, 1, sizeof(text), file);
  fclose(file);
  if (part == 0) return strndup(text, size);
  const size_t start = (part - 1) * part_size, left = start < size ? size - start : 0;
  return strndup(text + start, left < part_size ? left : part_size);
}

static char *answer_to(struct play *play, const char *value) {
  if (strncmp(value, "@@", 2) == 0) return token_part(play, value + 2, 0);
  if (value[0] == '@') return token_part(play, value + 1, play->part);
  const size_t length = strlen(value);
  const bool quoted = length >= 2 && value[0] == '"' && value[length - 1] == '"';
  return quoted ? strndup(value + 1, length - 2) : strdup(value);
}

static int one_message(struct play *play, const struct pam_message *message, struct pam_response *response) {
  static const enum step_kind kinds[] = {[PAM_PROMPT_ECHO_OFF] = STEP_ASK,
                                         [PAM_PROMPT_ECHO_ON] = STEP_ASK,
                                         [PAM_ERROR_MSG] = STEP_ERROR,
                                         [PAM_TEXT_INFO] = STEP_INFO};
  const struct scenario *scenario = play->scenario;
  const struct step *step = play->next < scenario->step_count ? &scenario->steps[play->next] : NULL;
  if (step == NULL || (size_t)message->msg_style >= COUNT_OF(kinds) || step->kind != kinds[message->msg_style] ||
      strcmp(step->subject, message->msg) != 0) {
    complain(play, "the user is told something else", message->msg, step != NULL ? step->subject : NULL);
    return PAM_CONV_ERR;
  }
  play->next++;
  if (step->kind != STEP_ASK) return PAM_SUCCESS;
  play->part++;
  response->resp = answer_to(play, step->value);
  if (response->resp == NULL) complain(play, "no such token", NULL, step->value);
  return response->resp != NULL ? PAM_SUCCESS : PAM_CONV_ERR;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **ret, void *context) {
  struct pam_response *responses = calloc((size_t)count, sizeof(*responses));
  if (responses == NULL) return PAM_BUF_ERR;
  for (int i = 0; i < count; i++) {
    const int code = one_message(context, messages[i], &responses[i]);
    if (code == PAM_SUCCESS) continue;
    while (i > 0)
      free(responses[--i].resp);
    free(responses);
    return code;
  }
  *ret = responses;
  return PAM_SUCCESS;
}

/* ---- the host ---- */

static bool start(struct play *play) {
  const struct scenario *scenario = play->scenario;
  const struct pam_conv conversation = {.conv = converse, .appdata_ptr = play};
  return pam_start_confdir(scenario->service, scenario->user, &conversation, play->world->stacks, &play->pamh) ==
             PAM_SUCCESS &&
         (scenario->rhost == NULL || pam_set_item(play->pamh, PAM_RHOST, scenario->rhost) == PAM_SUCCESS) &&
         (scenario->tty == NULL || pam_set_item(play->pamh, PAM_TTY, scenario->tty) == PAM_SUCCESS);
}

/* sshd's other process: a fresh handle to which only the environment passes over. */
static void hand_over(struct play *play) {
  char **environment = pam_getenvlist(play->pamh);
  pam_end(play->pamh, PAM_SUCCESS | PAM_DATA_SILENT);
  if (!start(play)) complain(play, "PAM does not start again", NULL, NULL);
  for (char **variable = environment; variable != NULL && *variable != NULL; variable++) {
    pam_putenv(play->pamh, *variable);
    free(*variable);
  }
  free(environment);
}

static int code_named(const char *name) {
  for (size_t i = 0; i < COUNT_OF(codes); i++) {
    if (strcmp(codes[i].name, name) == 0) return codes[i].code;
  }
  return -1;
}

static void call(struct play *play, const struct step *step) {
  size_t i = 0;
  while (i < COUNT_OF(calls) && strcmp(calls[i].name, step->subject) != 0)
    i++;
  const int wanted = code_named(step->value);
  if (i == COUNT_OF(calls) || wanted < 0) {
    complain(play, "no such call or code", step->subject, step->value);
    return;
  }
  play->part = 0;
  const int code = calls[i].call(play->pamh);
  if (code != wanted) complain(play, step->subject, pam_strerror(play->pamh, code), step->value);
}

static void look_at_variable(struct play *play, const struct step *step) {
  const char *found = pam_getenv(play->pamh, step->subject);
  const bool as_wanted =
      strcmp(step->value, "-") == 0 ? found == NULL : found != NULL && fnmatch(step->value, found, 0) == 0;
  if (!as_wanted) complain(play, step->subject, found, step->value);
}

static void set_variable(struct play *play, const struct step *step) {
  char *assignment = NULL;
  if (asprintf(&assignment, "%s=%s", step->subject, step->value) < 0) assignment = NULL;
  if (assignment == NULL || pam_putenv(play->pamh, assignment) != PAM_SUCCESS)
    complain(play, "cannot be set", NULL, step->subject);
  free(assignment);
}

static void look_at_groups(struct play *play, const struct step *step) {
  gid_t groups[256];
  const int count = getgroups(COUNT_OF(groups), groups);
  const gid_t wanted = (gid_t)strtoul(step->subject, NULL, 10);
  for (int i = 0; i < count; i++) {
    if (groups[i] == wanted) return;
  }
  complain(play, "the process does not have the group", NULL, step->subject);
}

static void take_steps(struct play *play) {
  while (play->next < play->scenario->step_count && !play->failed) {
    const struct step *step = &play->scenario->steps[play->next++];
    switch (step->kind) {
    case STEP_CALL:
      call(play, step);
      break;
    case STEP_ENV:
      look_at_variable(play, step);
      break;
    case STEP_PUTENV:
      set_variable(play, step);
      break;
    case STEP_GROUP:
      look_at_groups(play, step);
      break;
    case STEP_HANDOVER:
      hand_over(play);
      break;
    case STEP_ASK:
    case STEP_INFO:
    case STEP_ERROR:
      complain(play, "the user was not told", NULL, step->subject);
    }
  }
}

static bool write_stack(const struct scenario *scenario, const char *folder) {
  char path[512];
  snprintf(path, sizeof(path), "%s/%s", folder, scenario->service);
  FILE *file = fopen(path, "we");
  if (file == NULL) return false;
  const bool written = fputs(scenario->stack, file) >= 0;
  return fclose(file) == 0 && written;
}

bool scenario_play(const struct scenario *scenario, const struct world *world) {
  struct play play = {.scenario = scenario, .world = world};
  long offset = 0;
  if (!log_offset(world->log, &offset) || !write_stack(scenario, world->stacks) || !start(&play)) {
    printf("# the stage is not set: %s\n", strerror(errno));
    return false;
  }
  take_steps(&play);
  pam_end(play.pamh, PAM_SUCCESS);
  const bool logged = log_matches(world->log, offset, scenario->logs, scenario->log_count);
  return logged && !play.failed;
}
