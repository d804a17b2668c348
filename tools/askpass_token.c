#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "askpass.h"
#include "fullio.h"
#include "secret.h"

#define COMMAND_SECONDS_DEFAULT 30
#define COMMAND_SECONDS_MAX 300

void token_text_erase(struct token_text *token) {
  ERASE_OBJECT(*token);
}

/* Wait until `fd` can be read; errno is ETIMEDOUT when it could not in time. */
static bool wait_readable(int fd, int64_t deadline) {
  for (;;) {
    int64_t left = deadline - monotonic_ms();
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int ready = poll(&wait, 1, left > 0 ? (int)left : 0);
    if (ready > 0) return true;
    if (ready == 0) errno = ETIMEDOUT;
    if (ready == 0 || errno != EINTR) return false;
  }
}

/* Read to the end of file. False with errno, which is EFBIG when there is more than a token could be. */
static bool read_all(int fd, int64_t deadline, struct token_text *token) {
  token->size = 0;
  while (wait_readable(fd, deadline)) {
    ssize_t got = read(fd, token->bytes + token->size, sizeof token->bytes - token->size);
    if (got == 0) return true;
    if (got > 0) token->size += (size_t)got;
    if (token->size == sizeof token->bytes) errno = EFBIG;
    if (token->size == sizeof token->bytes || (got < 0 && errno != EINTR)) return false;
  }
  return false;
}

static bool complain_of(const char *source) {
  if (errno == EFBIG) return complain("%s gives more than %d bytes: no token is that large", source, TOKEN_MAX_SIZE);
  if (errno == ETIMEDOUT) return complain("%s gave no token in time", source);
  return complain("%s: %s", source, strerror(errno));
}

static bool from_file(const char *path, struct token_text *token) {
  /* Links are followed, Kubernetes hands tokens out through them; a FIFO must not hang us. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return complain_of("$JWT_TOKEN_FILE");
  struct stat status;
  bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  bool whole = regular && read_all(fd, monotonic_ms() + COMMAND_SECONDS_DEFAULT * 1000, token);
  int error = errno;
  close(fd);
  errno = error;
  if (!regular) return complain("$JWT_TOKEN_FILE is not a regular file");
  return whole || complain_of("$JWT_TOKEN_FILE");
}

/* Run `command` in a process group of its own, its output into `fd`, nothing to read. */
static pid_t start_command(const char *command, int fd) {
  signal(SIGCHLD, SIG_DFL);
  pid_t child = fork();
  if (child != 0) return child;
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (setpgid(0, 0) == 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0)
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

static int command_seconds(void) {
  const char *text = getenv("JWT_TOKEN_TIMEOUT");
  if (text == NULL || *text == '\0') return COMMAND_SECONDS_DEFAULT;
  char *end;
  long seconds = strtol(text, &end, 10);
  bool sound = strspn(text, "0123456789") == strlen(text) && seconds >= 1 && seconds <= COMMAND_SECONDS_MAX;
  return sound ? (int)seconds : 0;
}

static bool from_command(const char *command, struct token_text *token) {
  int pipe_fds[2];
  int seconds = command_seconds();
  if (seconds == 0) return complain("$JWT_TOKEN_TIMEOUT: expected seconds, 1 to %d", COMMAND_SECONDS_MAX);
  int64_t deadline = monotonic_ms() + seconds * 1000;
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) return complain_of("pipe");
  pid_t child = start_command(command, pipe_fds[1]);
  close(pipe_fds[1]);
  bool whole = child > 0 && read_all(pipe_fds[0], deadline, token);
  int error = errno;
  bool succeeded = child > 0 && reap_command(child, whole, deadline);
  close(pipe_fds[0]);
  errno = error;
  if (!whole) return complain_of("$JWT_TOKEN_COMMAND");
  return succeeded || complain("$JWT_TOKEN_COMMAND failed");
}

/* Three parts of base64url and two dots: whatever else the file holds (a private key?) is not handed over. */
static bool looks_like_token(const struct token_text *token) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  size_t dots = 0;
  for (size_t i = 0; i < token->size; i++) {
    if (memchr(alphabet, token->bytes[i], sizeof alphabet - 1) == NULL) return false;
    dots += token->bytes[i] == '.';
  }
  return token->size > 0 && dots == 2;
}

static void drop_trailing_space(struct token_text *token) {
  while (token->size > 0 && memchr(" \t\r\n", token->bytes[token->size - 1], 4) != NULL)
    token->size--;
}

bool token_find(struct token_text *ret) {
  const char *file = getenv("JWT_TOKEN_FILE"), *command = getenv("JWT_TOKEN_COMMAND");
  bool have_file = file != NULL && *file != '\0', have_command = command != NULL && *command != '\0';
  if (!have_file && !have_command) return complain("no token: set JWT_TOKEN_FILE or JWT_TOKEN_COMMAND");
  if (!(have_file ? from_file(file, ret) : from_command(command, ret))) return false;
  const char *source = have_file ? "$JWT_TOKEN_FILE" : "$JWT_TOKEN_COMMAND";
  drop_trailing_space(ret);
  if (ret->size > TOKEN_MAX_SIZE) {
    errno = EFBIG;
    return complain_of(source);
  }
  return looks_like_token(ret) || complain("%s does not give a token", source);
}
