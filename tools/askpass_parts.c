#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "askpass.h"
#include "fullio.h"
#include "prompts.h"

#define HOLD_MS 60000 /* a part follows the one before in the time of a round trip */
#define TALK_MS 5000

static size_t part_size_for(enum asker asker) {
  switch (asker) {
  case ASKER_SSH:
    return PART_SIZE;
  case ASKER_SSH_PASSWORD:
    return TOKEN_MAX_SIZE + 1; /* whole or not at all */
  case ASKER_SUDO:
    return PART_SIZE_SUDO;
  }
  return 0;
}

bool part_of(const struct token_text *token, const struct prompt *prompt, size_t *ret_start, size_t *ret_size) {
  size_t part_size = part_size_for(prompt->asker), start = (prompt->part - 1) * part_size;
  if (start > token->size) return false;
  *ret_start = start;
  *ret_size = token->size - start < part_size ? token->size - start : part_size;
  return true;
}

/* A token that fills its parts exactly ends with an empty one. */
static bool another_follows(const struct token_text *token, const struct prompt *prompt) {
  size_t start, size;
  return part_of(token, prompt, &start, &size) && size == part_size_for(prompt->asker);
}

/* ---- where the two meet: a name in the kernel's memory, one for each parent process ---- */

static socklen_t meeting_place(struct sockaddr_un *ret) {
  *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
  int length = snprintf(ret->sun_path + 1, sizeof ret->sun_path - 1, "jwt-askpass.%u.%ld", getuid(), (long)getppid());
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

/* Anybody may take the name, so each side asks who the other is. */
static bool is_mine(int fd) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == getuid();
}

/* Connected and sent the prompt, or -1. */
static int call_keeper(const struct prompt *prompt) {
  struct sockaddr_un place;
  socklen_t size = meeting_place(&place);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr *)&place, size) == 0 && is_mine(fd) &&
      write_full(fd, prompt, sizeof *prompt, monotonic_ms() + TALK_MS))
    return fd;
  close(fd);
  return -1;
}

/* ---- the process that keeps a token ---- */

/* Answer one caller. False when there is nothing more to keep the token for. */
static bool serve(int fd, const struct token_text *token, const struct prompt *first) {
  struct prompt asked;
  int64_t deadline = monotonic_ms() + TALK_MS;
  if (!is_mine(fd) || !read_full(fd, &asked, sizeof asked, deadline)) return true;
  if (asked.part <= 1) return false; /* a new login */
  if (asked.asker != first->asker || strncmp(asked.host, first->host, sizeof asked.host) != 0) return true;
  return !write_full(fd, token, sizeof *token, deadline) || another_follows(token, &asked);
}

static void keep(int listener, int parent, const struct token_text *token, const struct prompt *first) {
  int64_t deadline = monotonic_ms() + HOLD_MS;
  bool wanted = true;
  while (wanted && monotonic_ms() < deadline) {
    int64_t left = deadline - monotonic_ms();
    struct pollfd waits[] = {{.fd = listener, .events = POLLIN}, {.fd = parent, .events = POLLIN}};
    int ready = poll(waits, COUNT_OF(waits), left > 0 ? (int)left : 0);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || waits[1].revents != 0) return;
    int caller = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (caller < 0) continue;
    wanted = serve(caller, token, first);
    if (!wanted) close(listener); /* before the caller sees that we are done: it takes the name */
    close(caller);
  }
}

static void close_between(int first, int last) {
  if (first <= last) syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0);
}

/* Whoever waits for the end of our output does not wait for this process: ssh leaves us a second end of its pipe. */
static void leave_files_but(int one, int other) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (null < 0 || dup2(null, fd) < 0) close(fd);
  int low = one < other ? one : other, high = one < other ? other : one;
  if (low < 0) low = high;
  close_between(STDERR_FILENO + 1, low - 1);
  close_between(low + 1, high - 1);
  close_between(high + 1, INT_MAX);
}

static bool start_keeper(int listener, const struct token_text *token, const struct prompt *first) {
  int parent = (int)syscall(SYS_pidfd_open, getppid(), 0); /* -1 on an old kernel: then the time ends it */
  pid_t child = fork();
  if (child == 0) {
    struct token_text mine CLEANUP(token_text_erase) = *token;
    leave_files_but(listener, parent);
    keep(listener, parent, &mine, first);
    token_text_erase(&mine);
    _exit(0);
  }
  if (parent >= 0) close(parent);
  return child > 0;
}

/* ---- both ends ---- */

/* It says nothing to a first part; once it has gone the place is free. */
static void end_former(const struct prompt *first) {
  char nothing;
  int fd = call_keeper(first);
  if (fd < 0) return;
  while (read_full(fd, &nothing, 1, monotonic_ms() + TALK_MS))
    ;
  close(fd);
}

bool parts_begin(const struct token_text *token, const struct prompt *prompt) {
  struct sockaddr_un place;
  socklen_t size = meeting_place(&place);
  end_former(prompt);
  if (!another_follows(token, prompt)) return true;
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool kept = listener >= 0 && bind(listener, (struct sockaddr *)&place, size) == 0 && listen(listener, 4) == 0 &&
              start_keeper(listener, token, prompt);
  int error = errno;
  if (listener >= 0) close(listener);
  return kept || complain("the token cannot be kept for its next part: %s", strerror(error));
}

bool parts_recall(const struct prompt *prompt, struct token_text *ret) {
  int fd = call_keeper(prompt);
  bool recalled = fd >= 0 && read_full(fd, ret, sizeof *ret, monotonic_ms() + TALK_MS) && ret->size <= TOKEN_MAX_SIZE;
  if (fd >= 0) close(fd);
  return recalled || complain(
                         "part %u of a token whose first part was not asked for by this process: ssh and sudo must run "
                         "jwt-askpass themselves, or by a script that does 'exec jwt-askpass'",
                         prompt->part);
}
