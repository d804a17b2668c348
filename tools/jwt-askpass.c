/* SSH_ASKPASS and SUDO_ASKPASS: answer a prompt for a token, or for a part of it, and leave no trace. */
#include <ctype.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "askpass.h"
#include "prompts.h"
#include "secret.h"

bool complain(const char *format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  for (char *c = message; *c; c++)
    if (!isprint((unsigned char)*c)) *c = '?'; /* prompts are partly the server's words */
  fprintf(stderr, "jwt-askpass: %s\n", message);
  return false;
}

static bool no_core_dumps(void) {
  const struct rlimit none = {0, 0};
  return (prctl(PR_SET_DUMPABLE, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0) ||
         complain("core dumps cannot be switched off");
}

/* Write the part that the prompt asks for; a token that fills its parts exactly ends with an empty one. */
static bool hand_over(const struct token_text *token, const struct prompt *prompt) {
  char answer[PART_SIZE + 1];
  size_t part_size = prompt->asker == ASKER_SUDO ? PART_SIZE_SUDO : PART_SIZE;
  size_t start = (prompt->part - 1) * part_size;
  if (start > token->size) return complain("the token has no part %u: it changed during the login", prompt->part);
  size_t left = token->size - start, length = left < part_size ? left : part_size;
  memcpy(answer, token->bytes + start, length);
  answer[length++] = '\n'; /* sudo takes an empty answer for none without it */
  signal(SIGPIPE, SIG_IGN);
  bool written = write(STDOUT_FILENO, answer, length) == (ssize_t)length; /* below PIPE_BUF: whole or not at all */
  ERASE_ARRAY(answer);
  return written || complain("the answer could not be written");
}

int main(int argc, char **argv) {
  struct token_text token CLEANUP(token_text_erase);
  struct prompt prompt;
  if (argc != 2) {
    complain("expected one argument, the prompt; it is called by ssh and sudo: see jwt-askpass(1)");
    return EXIT_FAILURE;
  }
  bool done = no_core_dumps() && prompt_parse(argv[1], &prompt) && token_find(&token) &&
              (prompt.asker == ASKER_SUDO || audience_allows(&token, prompt.host)) && hand_over(&token, &prompt);
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
