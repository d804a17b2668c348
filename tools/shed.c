#include "shed.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "jwtctl.h"
#include "paths.h"
#include "sandbox.h"
#include "trusted_file.h"

#define MEMORY_MAX ((size_t)256 * 1024 * 1024)
#define CPU_SECONDS 600 /* a long batch */

enum reason shed_privilege(const char *command) {
  static const int keep[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  const struct sandbox sandbox = {.user = JUDGE_USER,
                                  .user_optional = true,
                                  .memory_max = MEMORY_MAX,
                                  .cpu_seconds = CPU_SECONDS,
                                  .output_max = SIZE_MAX, /* standard output may be a file */
                                  .keep_fds = keep,
                                  .keep_fd_count = COUNT_OF(keep)};
  tzset(); /* gmtime_r looks for the zone's file, once */
  enum reason reason = token_prepare();
  if (reason != REASON_OK) {
    fprintf(stderr, "jwtctl %s: OpenSSL offers no algorithm that verifies signatures; check openssl.cnf\n", command);
    return reason;
  }
  errno = 0;
  reason = sandbox_enter(&sandbox);
  if (reason != REASON_OK) {
    fprintf(stderr, "jwtctl %s: privilege could not be shed (%s), so nothing was read: the kernel needs seccomp\n",
            command, strerror(errno));
  }
  return reason;
}

int load_key_set(const char *command, const char *path, struct keyset **ret, enum reason *ret_unusable) {
  char *bytes;
  size_t size;
  /* One byte more than a set may have: its being too large is a verdict on the set, which keyset_parse gives. */
  enum reason reason = trusted_file_read(path, FILE_OF_ANYONE, KEYSET_MAX_SIZE + 1, &bytes, &size);
  if (reason != REASON_OK) {
    const char *why = reason == REASON_FILE_UNSAFE ? "it is not a regular file, or larger than 1 MiB" : strerror(errno);
    return wrong_use(command, "the key set %s cannot be read: %s", path, why);
  }
  if (shed_privilege(command) != REASON_OK) {
    free(bytes);
    return EXIT_WRONG_USE;
  }
  *ret_unusable = keyset_parse(bytes, size, ret);
  free(bytes);
  return EXIT_YES;
}
