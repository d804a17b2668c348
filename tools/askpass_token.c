#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "askpass.h"
#include "fullio.h"
#include "secret.h"

#define SECONDS_DEFAULT 30
#define SECONDS_MAX 300

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

bool token_read(int fd, int64_t deadline, struct token_text *ret) {
  ret->size = 0;
  while (wait_readable(fd, deadline)) {
    ssize_t got = read(fd, ret->bytes + ret->size, sizeof ret->bytes - ret->size);
    if (got == 0) return true;
    if (got > 0) ret->size += (size_t)got;
    if (ret->size == sizeof ret->bytes) errno = EFBIG;
    if (ret->size == sizeof ret->bytes || (got < 0 && errno != EINTR)) return false;
  }
  return false;
}

/* ---- the sources that need no more than a few lines ---- */

static bool token_from_file(const char *path, const struct wish *wish, struct token_text *ret) {
  /* Links are followed, Kubernetes hands tokens out through them; a FIFO must not hang us. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return complain("the token's file %s: %s", path, strerror(errno));
  struct stat status;
  bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  bool whole = regular && token_read(fd, wish->deadline, ret);
  int error = errno;
  close(fd);
  if (!regular) return complain("the token's file %s is not a regular file", path);
  if (!whole && error == EFBIG)
    return complain("the token's file %s has more than %d bytes: no token is that large", path, TOKEN_MAX_SIZE);
  return whole || complain("the token's file %s: %s", path, strerror(error));
}

static bool token_from_variable(const char *name, struct token_text *ret) {
  const char *text = getenv(name);
  if (text == NULL || *text == '\0') return complain("the environment has no variable %s with a token in it", name);
  size_t size = strlen(text);
  if (size > sizeof ret->bytes) return complain("the variable %s has more than %d bytes", name, TOKEN_MAX_SIZE);
  memcpy(ret->bytes, text, size);
  ret->size = size;
  return true;
}

/* ---- the choice ---- */

/* Three parts of base64url and two dots: whatever else the source holds (a private key?) is not handed over. */
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

/* 0 when the setting is none. */
static int seconds_of(const char *text) {
  if (text == NULL) return SECONDS_DEFAULT;
  long seconds = strtol(text, NULL, 10);
  bool sound = strspn(text, "0123456789") == strlen(text) && seconds >= 1 && seconds <= SECONDS_MAX;
  return sound ? (int)seconds : 0;
}

static bool from_source(const struct askpass_settings *settings, const struct wish *wish, struct token_text *ret) {
  if (settings->file != NULL) return token_from_file(settings->file, wish, ret);
  if (settings->command != NULL) return token_from_command(settings->command, wish, ret);
  if (settings->variable != NULL) return token_from_variable(settings->variable, ret);
  if (settings->service != NULL) return token_from_service(settings->service, wish, ret);
  if (getenv("ACTIONS_ID_TOKEN_REQUEST_URL") != NULL) return token_from_service("github", wish, ret);
  return complain("no token: set JWT_TOKEN_FILE, or another source that jwt-askpass(1) names");
}

bool token_find(const struct askpass_settings *settings, const char *host, struct token_text *ret) {
  struct audience_text audience;
  int seconds = seconds_of(settings->timeout);
  if (seconds == 0) return complain("JWT_TOKEN_TIMEOUT or timeout: expected seconds, 1 to %d", SECONDS_MAX);
  if (!audience_wanted(settings->audience, host, &audience)) return false;
  struct wish wish = {.host = host, .audience = audience.text, .deadline = monotonic_ms() + seconds * 1000};
  if (!from_source(settings, &wish, ret)) return false;
  drop_trailing_space(ret);
  if (ret->size > TOKEN_MAX_SIZE)
    return complain("the token has more than %d bytes: no host takes one that large", TOKEN_MAX_SIZE);
  return looks_like_token(ret) || complain(
                                      "the source does not give a token: expected three parts with dots between, and "
                                      "nothing else");
}
