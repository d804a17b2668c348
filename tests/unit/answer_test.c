/* Asking for a token in parts, against a scripted conversation in libpam's place. */
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdarg.h>

#include "module.h"
#include "unit.h"

#define HANDLE ((pam_handle_t *)&service) /* opaque to the code under test */

static const char *service = "sshd";
static const char *const *answers; /* the last one is repeated */
static unsigned prompts;
static char last_prompt[64];
static int conversation_code;

int pam_get_item(const pam_handle_t *pamh UNUSED, int type UNUSED, const void **ret) {
  *ret = service;
  return PAM_SUCCESS;
}

int pam_prompt(pam_handle_t *pamh UNUSED, int style, char **response, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(last_prompt, sizeof(last_prompt), format, arguments);
  va_end(arguments);
  CHECK_INT(style, PAM_PROMPT_ECHO_OFF);
  prompts++;
  if (conversation_code != PAM_SUCCESS) return conversation_code;
  *response = answers[0] != NULL ? strdup(answers[0]) : NULL;
  if (answers[0] != NULL && answers[1] != NULL) answers++;
  return PAM_SUCCESS;
}

static char text[3][TOKEN_MAX_SIZE + 4];

static const char *part(int number, size_t size) {
  memset(text[number], 'a' + number, size);
  text[number][size] = '\0';
  return text[number];
}

static struct answer ask(const char *const *script) {
  struct answer answer = {0};
  answers = script;
  prompts = 0;
  CHECK_INT(answer_ask(HANDLE, &answer), PAM_SUCCESS);
  return answer;
}

/* Script -> how many prompts and how many bytes. */
static void expect(const char *const *script, unsigned wanted_prompts, size_t wanted_size) {
  struct answer answer = ask(script);
  CHECK_INT(prompts, wanted_prompts);
  CHECK_INT(answer.size, wanted_size);
  answer_clear(&answer);
}

static void any_length_but_the_part_size_is_the_last(void) {
  service = "sshd";
  static const size_t sizes[] = {0, 1, 499, 500, 501, 999, 1001, 1023, 4095};
  for (size_t i = 0; i < COUNT_OF(sizes); i++)
    expect((const char *[]){part(0, sizes[i]), NULL}, 1, sizes[i]);
}

static void a_full_part_asks_for_another(void) {
  service = "sshd";
  expect((const char *[]){part(0, 1000), part(1, 300), NULL}, 2, 1300);
  CHECK_STRING(last_prompt, "Token (part 2): ");
  expect((const char *[]){part(0, 1000), "", NULL}, 2, 1000);
  expect((const char *[]){part(0, 1000), part(1, 1000), part(2, 7), NULL}, 3, 2007);
}

static void sudo_has_smaller_parts(void) {
  service = "sudo";
  expect((const char *[]){part(0, 500), part(1, 10), NULL}, 2, 510);
  expect((const char *[]){part(0, 1000), NULL}, 1, 1000);
  service = "sshd";
}

static void a_repeated_part_ends_it(void) {
  expect((const char *[]){part(0, 1000), NULL}, 2, 1000);
}

static void too_much_ends_it(void) {
  const char *script[40];
  for (size_t i = 0; i < 39; i++)
    script[i] = part(i % 2, 1000);
  script[39] = NULL;
  expect(script, 17, TOKEN_MAX_SIZE + 1);
  expect((const char *[]){part(0, TOKEN_MAX_SIZE + 2), NULL}, 1, TOKEN_MAX_SIZE + 1);
  expect((const char *[]){part(0, TOKEN_MAX_SIZE), NULL}, 1, TOKEN_MAX_SIZE);
}

static void a_conversation_that_fails_is_passed_on(void) {
  struct answer answer = {0};
  conversation_code = PAM_CONV_ERR;
  CHECK_INT(answer_ask(HANDLE, &answer), PAM_CONV_ERR);
  conversation_code = PAM_SUCCESS;
  answers = (const char *[]){NULL, NULL};
  CHECK_INT(answer_ask(HANDLE, &answer), PAM_CONV_ERR);
  CHECK(answer.text == NULL);
}

static bool is_token(const char *typed) {
  struct answer answer = ask((const char *[]){typed, NULL});
  bool result = answer_is_token(&answer);
  answer_clear(&answer);
  return result;
}

static void a_token_is_told_from_a_password(void) {
  CHECK(is_token("eyJhbGciOiJFUzI1NiJ9.e30.AAAA"));
  CHECK(is_token("eyJhbGciOiJFUzI1NiJ9.e3"));              /* broken, but no password */
  CHECK(is_token("ewogICJhbGciOiAiRVMyNTYiCn0.e30.AAAA")); /* its header was printed prettily */
  CHECK(is_token("eyAiYWxnIjogIkVTMjU2IiB9.e30.AAAAAAAA"));
  CHECK(!is_token("ewe.lamb"));
  CHECK(!is_token("eyes.wide.shut!"));
  CHECK(!is_token(""));
  CHECK(!is_token("hunter2"));
  CHECK(!is_token("eyJam"));
  CHECK(!is_token("a.b.c"));
}

static void lengths_at_which_clients_cut_are_known(void) {
  static const size_t cut[] = {511, 1023, 4095}, whole[] = {510, 512, 1022, 1024, 4094};
  for (size_t i = 0; i < COUNT_OF(cut); i++) {
    struct answer answer = ask((const char *[]){part(0, cut[i]), NULL});
    CHECK(answer_may_be_cut(&answer));
    answer_clear(&answer);
  }
  for (size_t i = 0; i < COUNT_OF(whole); i++) {
    struct answer answer = ask((const char *[]){part(0, whole[i]), NULL});
    CHECK(!answer_may_be_cut(&answer));
    answer_clear(&answer);
  }
}

UNIT_MAIN({"any length but the part size is the last", any_length_but_the_part_size_is_the_last},
          {"a full part asks for another", a_full_part_asks_for_another},
          {"sudo has smaller parts", sudo_has_smaller_parts}, {"a repeated part ends it", a_repeated_part_ends_it},
          {"too much ends it", too_much_ends_it},
          {"a conversation that fails is passed on", a_conversation_that_fails_is_passed_on},
          {"a token is told from a password", a_token_is_told_from_a_password},
          {"lengths at which clients cut are known", lengths_at_which_clients_cut_are_known})
