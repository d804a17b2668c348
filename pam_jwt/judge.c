/*
 * jwt-judge: exec'd by jwt-keeper; reads settings and key files, sheds every privilege, says so, and only then reads
 * a token from descriptor 0. Everything hostile is parsed here, and nothing here can do more than answer.
 */
#include "judge.h"

#include <stdlib.h>
#include <unistd.h>

#include "compiler.h"
#include "paths.h"
#include "sandbox.h"
#include "token.h"

#define MEMORY_MAX (256UL << 20)
#define CPU_SECONDS 2

static enum reason get_ready(struct settings **settings, struct key_files **files) {
  static const int keep[] = {0};
  const struct sandbox sandbox = {.user = JUDGE_USER,
                                  .memory_max = MEMORY_MAX,
                                  .cpu_seconds = CPU_SECONDS,
                                  .keep_fds = keep,
                                  .keep_fd_count = COUNT_OF(keep)};
  struct settings_error error;
  enum reason reason = token_prepare();
  if (reason == REASON_OK) reason = settings_load(PATH_CONF, PATH_CONF_D, FILE_OWNED_BY_ROOT, settings, &error);
  if (reason == REASON_OK) reason = key_files_read(*settings, PATH_KEY_CACHE, FILE_OWNED_BY_ROOT, files);
  if (reason == REASON_OK) reason = sandbox_enter(&sandbox);
  return reason;
}

int main(void) {
  struct settings *settings = NULL;
  struct key_files *files = NULL;
  enum reason ready = get_ready(&settings, &files);
  /* No exit handlers: they would make calls that the sandbox kills for. */
  _exit(judge_serve(0, ready, settings, files) ? EXIT_SUCCESS : EXIT_FAILURE);
}
