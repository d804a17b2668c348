#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module.h"
#include "prompts.h"
#include "secret.h"

#define CERTAIN_SIZE 100 /* no password that begins like a token is so long */
#define LIKELY_SIZE 32
#define PARTS_MAX (TOKEN_MAX_SIZE / PART_SIZE_SUDO + 2)

static size_t part_size_for(pam_handle_t *pamh) {
  const void *service = NULL;
  if (pam_get_item(pamh, PAM_SERVICE, &service) != PAM_SUCCESS || service == NULL) return PART_SIZE;
  return strcmp(service, "sudo") == 0 || strcmp(service, "sudo-i") == 0 ? PART_SIZE_SUDO : PART_SIZE;
}

static int ask_part(pam_handle_t *pamh, unsigned number, char **ret) {
  *ret = NULL;
  int code = number == 1 ? pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, ret, PROMPT_FIRST)
                         : pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, ret, PROMPT_NEXT, number);
  if (code == PAM_SUCCESS && *ret == NULL) return PAM_CONV_ERR;
  return code;
}

int answer_ask(pam_handle_t *pamh, struct answer *ret) {
  const size_t part_size = part_size_for(pamh);
  struct answer answer = {.text = calloc(1, TOKEN_MAX_SIZE + 2)}; /* one byte too many shows that it is too large */
  if (answer.text == NULL) return PAM_BUF_ERR;

  int code = PAM_SUCCESS;
  bool more = true;
  for (unsigned number = 1; more && number <= PARTS_MAX; number++) {
    char *part = NULL;
    code = ask_part(pamh, number, &part);
    if (code != PAM_SUCCESS) break;
    size_t size = strlen(part), room = TOKEN_MAX_SIZE + 1 - answer.size;
    /* The password method gives every prompt the same string. */
    bool repeated =
        number > 1 && size == part_size && memcmp(part, answer.text + answer.size - part_size, part_size) == 0;
    if (!repeated) {
      size_t taken = size < room ? size : room;
      memcpy(answer.text + answer.size, part, taken);
      answer.size += taken;
      answer.last_part = size;
    }
    more = !repeated && size == part_size && answer.size <= TOKEN_MAX_SIZE;
    secret_free(part);
  }
  if (code != PAM_SUCCESS) {
    answer_clear(&answer);
    return code;
  }
  *ret = answer;
  return PAM_SUCCESS;
}

void answer_clear(struct answer *answer) {
  if (answer->text != NULL) secret_erase(answer->text, TOKEN_MAX_SIZE + 2);
  free(answer->text);
  answer->text = NULL;
}

/*
 * A JWS begins with a JSON object in base64url: {" is eyJ, and white space behind the brace gives ew or ey. A password
 * may begin so too: that it is a token must then show in its length and characters.
 */
bool answer_is_token(const struct answer *answer) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  const char *text = answer->text;
  if (text[0] != 'e' || (text[1] != 'y' && text[1] != 'w')) return false;
  if (answer->size >= CERTAIN_SIZE) return true;
  bool has_dot = strchr(text, '.') != NULL;
  if (strncmp(text, "eyJ", 3) == 0) return has_dot;
  return has_dot && answer->size >= LIKELY_SIZE && strspn(text, alphabet) == answer->size;
}

bool answer_may_be_cut(const struct answer *answer) {
  return answer->last_part == 1023 || answer->last_part == 511 || answer->last_part == 4095;
}
