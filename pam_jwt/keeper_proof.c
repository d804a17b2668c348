/* What the keeper does about proof of possession: it says whose word counts. The keys themselves are the judge's. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"

/* Whether the host, which started this process, is a program that the settings list. */
static bool host_is_login_program(const struct settings *settings) {
  char path[64], program[PATH_MAX];
  snprintf(path, sizeof(path), "/proc/%ld/exe", (long)getppid());
  ssize_t size = readlink(path, program, sizeof(program) - 1);
  if (size < 0) return false;
  program[size] = '\0';
  return name_is_listed(settings->accounts.login_programs, program);
}

static const char *why_worthless(const struct event *event) {
  if (event->request->auth_info_size == 0) return "there was no SSH_AUTH_INFO_0: no key was proved before the token";
  if (event->request->auth_info_size == AUTH_INFO_TOO_LONG)
    return "SSH_AUTH_INFO_0 has more than 16384 bytes: use a smaller key or certificate";
  if (!host_is_login_program(event->settings)) return "SSH_AUTH_INFO_0 counts from a program of login_programs alone";
  return NULL;
}

void keeper_weigh_auth_info(struct event *event) {
  event->why_unproved = why_worthless(event);
  event->auth_info_size = event->why_unproved == NULL ? event->request->auth_info_size : 0;
}
