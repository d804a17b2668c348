#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "askpass.h"
#include "fullio.h"

/* Run `command` in a process group of its own, its output into `fd`, nothing to read. */
static pid_t start_command(const char *command, const struct wish *wish, int fd) {
  signal(SIGCHLD, SIG_DFL);
  pid_t child = fork();
  if (child != 0) return child;
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (setpgid(0, 0) == 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0 &&
      setenv("JWT_HOST", wish->host, 1) == 0 && setenv("JWT_AUDIENCE", wish->audience, 1) == 0)
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
  _exit(127);
}

/* Wait for the end of `child`; past the deadline, or unless `wanted`, end it and what it started. True when it
 * succeeded. */
static bool reap_command(pid_t child, bool wanted, int64_t deadline) {
  int status = 0;
  pid_t ended = 0;
  while (wanted && (ended = waitpid(child, &status, WNOHANG)) == 0 && monotonic_ms() < deadline)
    poll(NULL, 0, 10);
  if (ended == 0) {
    setpgid(child, child); /* it does so itself, but perhaps not yet */
    kill(-child, SIGKILL);
    ended = waitpid(child, &status, 0);
  }
  return ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool token_from_command(const char *command, const struct wish *wish, struct token_text *ret) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return complain("pipe: %s", strerror(errno));
  pid_t child = start_command(command, wish, ends[1]);
  close(ends[1]);
  bool whole = child > 0 && token_read(ends[0], wish->deadline, ret);
  int error = errno;
  bool succeeded = child > 0 && reap_command(child, whole, wish->deadline);
  close(ends[0]);
  if (whole) return succeeded || complain("the token's command failed");
  if (error == EFBIG)
    return complain("the token's command prints more than %d bytes: no token is that large", TOKEN_MAX_SIZE);
  if (error == ETIMEDOUT) return complain("the token's command gave no token in time; JWT_TOKEN_TIMEOUT gives it more");
  return complain("the token's command: %s", strerror(error));
}
