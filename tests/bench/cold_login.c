/*
 * Ask a keeper for one login, as pam_jwt.so does: cold_login USER SERVICE TOKEN KEEPER [ARGUMENT]...
 * KEEPER may be a program that runs the keeper. Prints the nanoseconds until its verdict. Exit 1, and the reason code
 * on standard error, when the login is refused.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fullio.h"
#include "pam_jwt/protocol.h"

#define SECONDS 60 /* under an instrumenting program everything is slow */

static _Noreturn void become(int socket, char **command) {
  if (dup2(socket, 0) == 0) execv(command[0], command);
  perror(command[0]);
  _exit(127);
}

static bool converse(int socket, const struct keeper_request *request, const char *token, struct keeper_answer *ret) {
  int64_t deadline = monotonic_ms() + SECONDS * 1000;
  return write_full(socket, request, sizeof(*request), deadline) &&
         write_full(socket, token, request->token_size, deadline) && read_full(socket, ret, sizeof(*ret), deadline) &&
         ret->magic == PROTOCOL_MAGIC && ret->reason < REASON_COUNT;
}

static size_t read_token(const char *path, char *token, size_t size) {
  FILE *file = fopen(path, "re");
  size_t length = file != NULL ? fread(token, 1, size, file) : 0;
  if (file != NULL) fclose(file);
  return length;
}

/* What the host knows of the user. */
static bool describe(const char *user, struct keeper_request *request) {
  const struct passwd *entry = getpwnam(user);
  if (entry == NULL) return false;
  request->uid = entry->pw_uid;
  request->gid = entry->pw_gid;
  snprintf(request->user, sizeof(request->user), "%s", user);
  snprintf(request->home, sizeof(request->home), "%s", entry->pw_dir);
  snprintf(request->shell, sizeof(request->shell), "%s", entry->pw_shell);
  return true;
}

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  static char token[TOKEN_MAX_SIZE];
  struct keeper_request request = {.magic = PROTOCOL_MAGIC, .call = CALL_AUTHENTICATE, .host_pid = getpid()};
  struct keeper_answer answer;
  request.token_size = (uint32_t)read_token(argv[3], token, sizeof(token));
  if (!describe(argv[1], &request)) return 2;
  snprintf(request.service, sizeof(request.service), "%s", argv[2]);

  int64_t start = nanoseconds();
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return 2;
  pid_t keeper = fork();
  if (keeper == 0) become(ends[1], argv + 4);
  close(ends[1]);
  bool answered = keeper > 0 && converse(ends[0], &request, token, &answer);
  int64_t took = nanoseconds() - start;
  close(ends[0]);
  if (keeper > 0) waitpid(keeper, NULL, 0);
  if (answered && answer.reason == REASON_OK) {
    printf("%lld\n", (long long)took);
    return EXIT_SUCCESS;
  }
  fprintf(stderr, "cold_login: %s\n", answered ? reason_code((enum reason)answer.reason) : "no answer");
  return EXIT_FAILURE;
}
