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
#include "secret.h"

#define PASSWORD_MAX 1023 /* the ssh client reads no more */

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

/* Write the part that the prompt asks for. */
static bool hand_over(const struct token_text *token, const struct prompt *prompt) {
  char answer[PASSWORD_MAX + 1];
  size_t start, length;
  if (!part_of(token, prompt, &start, &length)) return complain("the token has no part %u", prompt->part);
  if (length > PASSWORD_MAX)
    return complain("the token has %zu bytes, and the password method carries %d: use keyboard-interactive", length,
                    PASSWORD_MAX);
  memcpy(answer, token->bytes + start, length);
  answer[length++] = '\n'; /* sudo takes an empty answer for none without it */
  signal(SIGPIPE, SIG_IGN);
  bool written = write(STDOUT_FILENO, answer, length) == (ssize_t)length; /* below PIPE_BUF: whole or not at all */
  ERASE_ARRAY(answer);
  return written || complain("the answer could not be written");
}

/* The first part comes from the source, the others from the very token of the first. */
static bool bring(const struct prompt *prompt, struct token_text *ret) {
  struct askpass_settings settings;
  if (prompt->part > 1) return parts_recall(prompt, ret);
  return askpass_settings_load(&settings) && token_find(&settings, prompt->host, ret) &&
         (prompt->asker == ASKER_SUDO || audience_allows(ret, settings.audience, prompt->host)) &&
         parts_begin(ret, prompt);
}

static bool answer(const char *text) {
  struct token_text token CLEANUP(token_text_erase);
  struct prompt prompt;
  switch (prompt_parse(text, &prompt)) {
  case PROMPT_TOKEN:
    return bring(&prompt, &token) && hand_over(&token, &prompt);
  case PROMPT_OTHER:
    return terminal_ask(text);
  case PROMPT_REFUSED:
    return false;
  }
  return false;
}

static bool print_help(void) {
  fputs(
      "Usage: jwt-askpass PROMPT\n"
      "       jwt-askpass --ssh [SSH-OPTION]... HOST [COMMAND]\n"
      "\n"
      "Answer a prompt of ssh or sudo for a token: as SSH_ASKPASS or SUDO_ASKPASS it is called by them.\n"
      "\n"
      "  --ssh     run ssh, which logs in with the token\n"
      "  --help    this text\n"
      "\n"
      "Where the token comes from, in the environment or in ~/.config/jwt-login/askpass.conf; the first that is set:\n"
      "\n"
      "  JWT_TOKEN_FILE      file =      a file, read at each login\n"
      "  JWT_TOKEN_COMMAND   command =   a command that prints it\n"
      "  JWT_TOKEN_VARIABLE  variable =  the name of a variable that holds it\n"
      "  JWT_TOKEN_SERVICE   service =   github, gcp or azure; github by itself in GitHub Actions\n"
      "\n"
      "Exit status: 0 answered, 1 not answered; with --ssh that of ssh.\n"
      "\n"
      "Example:\n"
      "  JWT_TOKEN_FILE=/run/secrets/token jwt-askpass --ssh deploy@build.example.org\n",
      stdout);
  return fflush(stdout) == 0;
}

int main(int argc, char **argv) {
  bool done = false;
  if (argc == 2 && strcmp(argv[1], "--help") == 0) {
    done = print_help();
  } else if (argc > 2 && strcmp(argv[1], "--ssh") == 0) {
    done = ssh_run(argv + 2, (size_t)argc - 2);
  } else if (argc == 2 && strcmp(argv[1], "--ssh") != 0) {
    done = no_core_dumps() && answer(argv[1]);
  } else {
    complain("expected a prompt, as ssh and sudo give it, or --ssh HOST; see jwt-askpass --help");
  }
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
