#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "askpass.h"
#include "prompts.h"

#define PART_MAX (TOKEN_MAX_SIZE / PART_SIZE_SUDO + 1)

/* The part that the module's own words ask for; 0 for any other words. */
static unsigned part_asked(const char *text) {
  char wanted[sizeof PROMPT_NEXT + 10];
  if (strcmp(text, PROMPT_FIRST) == 0) return 1;
  for (unsigned part = 2; part <= PART_MAX; part++) {
    snprintf(wanted, sizeof wanted, PROMPT_NEXT, part);
    if (strcmp(text, wanted) == 0) return part;
  }
  return 0;
}

/*
 * Take the host from the "(user@host) " that the ssh client puts first; what follows is the server's. The first
 * parenthesis closes it: a second prefix is the server's invention. Returns what follows, or NULL.
 */
static const char *after_prefix(const char *text, char *ret_host, size_t size) {
  const char *end = strstr(text, ") ");
  if (text[0] != '(' || end == NULL || end != strchr(text, ')')) return NULL;
  const char *at = memrchr(text, '@', (size_t)(end - text));
  if (at == NULL || at == text + 1) return NULL;
  size_t length = (size_t)(end - at) - 1;
  if (length == 0 || length >= size) return NULL;
  memcpy(ret_host, at + 1, length);
  ret_host[length] = '\0';
  return end + 2;
}

static bool parent_is_sudo(void) {
  char path[64], name[32] = "";
  snprintf(path, sizeof path, "/proc/%ld/comm", (long)getppid());
  FILE *file = fopen(path, "re");
  if (file == NULL) return false;
  bool read = fgets(name, sizeof name, file) != NULL;
  fclose(file);
  return read && (strcmp(name, "sudo\n") == 0 || strcmp(name, "sudoedit\n") == 0);
}

/* ssh's own "user@host's password: ", all of it the client's words. */
static bool is_password_prompt(const char *text, char *ret_host, size_t size) {
  static const char ending[] = "'s password: ";
  const char *end = strstr(text, ending), *at = end != NULL ? memrchr(text, '@', (size_t)(end - text)) : NULL;
  if (at == NULL || at == text || strcmp(end, ending) != 0 || strcspn(text, " ()") < (size_t)(end - text)) return false;
  size_t length = (size_t)(end - at) - 1;
  if (length == 0 || length >= size) return false;
  memcpy(ret_host, at + 1, length);
  ret_host[length] = '\0';
  return true;
}

enum prompt_kind prompt_parse(const char *text, struct prompt *ret) {
  struct prompt prompt = {.asker = ASKER_SSH, .part = 1};
  const char *question = after_prefix(text, prompt.host, sizeof prompt.host);
  if (question == NULL && is_password_prompt(text, prompt.host, sizeof prompt.host)) {
    prompt.asker = ASKER_SSH_PASSWORD;
    *ret = prompt;
    return PROMPT_TOKEN;
  }
  if (question == NULL) {
    prompt.asker = ASKER_SUDO;
    question = text;
  }
  prompt.part = part_asked(question);
  if (prompt.part == 0) return PROMPT_OTHER;
  if (prompt.asker == ASKER_SUDO && !parent_is_sudo()) {
    complain("the prompt does not begin with ssh's own (user@host), and sudo does not ask it");
    return PROMPT_REFUSED;
  }
  *ret = prompt;
  return PROMPT_TOKEN;
}
