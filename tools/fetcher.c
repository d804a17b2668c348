#include "fetcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fullio.h"
#include "paths.h"

#define ARGUMENTS_MAX 16
#define ANSWER_MS 60000 /* it gives an issuer 30 s */
#define GRACE_MS 5000

/* What comes through a pipe. */
struct stream {
  int fd; /* -1: ended */
  char *bytes;
  size_t used, room;
};

struct run {
  pid_t child;
  struct stream streams[2]; /* standard output and error */
  bool too_much;
};

/* ---- the child ---- */

/* Without our terminal: one who took it over must neither read what is typed there nor type himself. */
static _Noreturn void become(const char *const *arguments, const int pipes[2]) {
  static char search_path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
  static char *const environment[] = {search_path, locale, NULL};
  const char *vector[ARGUMENTS_MAX + 2] = {PATH_FETCH_KEYS};
  for (size_t i = 0; arguments[i] != NULL && i < ARGUMENTS_MAX; i++)
    vector[i + 1] = arguments[i];
  setsid();
  int null = open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, 0) < 0 || dup2(pipes[0], 1) < 0 || dup2(pipes[1], 2) < 0 || close_range(3, ~0U, 0) != 0 ||
      chdir("/") != 0)
    _exit(127);
  execve(PATH_FETCH_KEYS, (char *const *)vector, environment);
  _exit(127);
}

/* A pipe whose ends stand clear of 0-2, which the child's replace. */
static bool make_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  for (int i = 0; i < 2; i++) {
    int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
    close(ends[i]);
    ends[i] = moved;
  }
  return ends[0] >= 0 && ends[1] >= 0;
}

static bool start(const char *const *arguments, struct run *run) {
  int output[2], error[2];
  if (!make_pipe(output) || !make_pipe(error)) return false;
  fflush(stdout);
  run->child = fork();
  if (run->child == 0) become(arguments, (const int[]){output[1], error[1]});
  close(output[1]);
  close(error[1]);
  run->streams[0] = (struct stream){.fd = output[0], .room = FETCHER_OUTPUT_MAX};
  run->streams[1] = (struct stream){.fd = error[0], .room = FETCHER_ERROR_SIZE};
  return run->child > 0;
}

/* ---- what it says ---- */

static void end_stream(struct stream *stream) {
  if (stream->fd >= 0) close(stream->fd);
  stream->fd = -1;
}

/* Read once. The rest of what does not fit is read and thrown away, so that the child does not hang. */
static void take_in(struct run *run, struct stream *stream) {
  char piece[65536];
  ssize_t got = read(stream->fd, piece, sizeof piece);
  if (got < 0 && errno == EINTR) return;
  if (got <= 0) {
    end_stream(stream);
    return;
  }
  size_t size = (size_t)got;
  if (size > stream->room - stream->used) {
    size = stream->room - stream->used;
    run->too_much = true;
  }
  char *grown = realloc(stream->bytes, stream->used + size + 1);
  if (grown == NULL) {
    run->too_much = true;
    return;
  }
  stream->bytes = grown;
  memcpy(grown + stream->used, piece, size);
  stream->used += size;
}

/* False when time is up. */
static bool listen_to(struct run *run) {
  int64_t deadline = monotonic_ms() + ANSWER_MS;
  while (run->streams[0].fd >= 0 || run->streams[1].fd >= 0) {
    struct pollfd waiting[] = {{run->streams[0].fd, POLLIN, 0}, {run->streams[1].fd, POLLIN, 0}};
    int64_t left = deadline - monotonic_ms();
    if (left <= 0) return false;
    if (poll(waiting, 2, (int)left) < 0 && errno != EINTR) return false;
    for (size_t i = 0; i < COUNT_OF(waiting); i++)
      if (waiting[i].revents != 0) take_in(run, &run->streams[i]);
  }
  return true;
}

/* What has said its last word has so long to end. */
static bool has_ended(pid_t child, int *ret_status) {
  const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
  for (int i = 0; i < GRACE_MS / 10; i++) {
    if (waitpid(child, ret_status, WNOHANG) == child) return true;
    nanosleep(&pause, NULL);
  }
  return false;
}

/* It has no use for control characters. Titles of sections may have others than ASCII. */
static bool is_plain(const struct stream *stream) {
  for (size_t i = 0; i < stream->used; i++) {
    unsigned char c = (unsigned char)stream->bytes[i];
    if (c != '\t' && c != '\n' && (c < ' ' || c == 0x7f)) return false;
  }
  return true;
}

/* Its complaint without its name, in one line of ASCII. */
static void put_complaint(struct stream *stream, char ret[FETCHER_ERROR_SIZE]) {
  static const char name[] = "jwt-fetch-keys: ";
  if (stream->bytes == NULL) return;
  stream->bytes[stream->used] = '\0';
  const char *text = stream->bytes;
  if (strncmp(text, name, strlen(name)) == 0) text += strlen(name);
  snprintf(ret, FETCHER_ERROR_SIZE, "%.*s", (int)strcspn(text, "\n"), text);
  for (char *c = ret; *c != '\0'; c++)
    if (*c < ' ' || *c > '~') *c = '?';
}

static bool conclude(struct run *run, bool in_time, int status, struct fetcher_answer *ret) {
  if (!in_time) {
    snprintf(ret->error, sizeof ret->error, "%s did not end within %d seconds", PATH_FETCH_KEYS, ANSWER_MS / 1000);
  } else if (!is_plain(&run->streams[0]) || !is_plain(&run->streams[1])) {
    snprintf(ret->error, sizeof ret->error, "%s said what it never says; was it changed?", PATH_FETCH_KEYS);
  } else if (run->too_much) {
    snprintf(ret->error, sizeof ret->error, "%s said more than was asked", PATH_FETCH_KEYS);
  } else if (!WIFEXITED(status) || WEXITSTATUS(status) == 127) {
    snprintf(ret->error, sizeof ret->error, "%s could not be run, or died; is it installed?", PATH_FETCH_KEYS);
  } else {
    put_complaint(&run->streams[1], ret->error);
    ret->output = run->streams[0].bytes;
    if (ret->output != NULL) ret->output[run->streams[0].used] = '\0';
    run->streams[0].bytes = NULL;
    if (WEXITSTATUS(status) != 0 && ret->error[0] == '\0')
      snprintf(ret->error, sizeof ret->error, "%s failed without a word", PATH_FETCH_KEYS);
    return WEXITSTATUS(status) == 0;
  }
  return false;
}

bool fetcher_run(const char *const *arguments, struct fetcher_answer *ret) {
  struct run run = {.streams = {{.fd = -1}, {.fd = -1}}};
  int status = 0;
  *ret = (struct fetcher_answer){0};
  if (!start(arguments, &run)) {
    snprintf(ret->error, sizeof ret->error, "%s could not be started: %s", PATH_FETCH_KEYS, strerror(errno));
    return false;
  }
  bool in_time = listen_to(&run) && has_ended(run.child, &status);
  if (!in_time) {
    kill(run.child, SIGKILL);
    waitpid(run.child, &status, 0);
  }
  bool done = conclude(&run, in_time, status, ret);
  for (size_t i = 0; i < COUNT_OF(run.streams); i++) {
    end_stream(&run.streams[i]);
    free(run.streams[i].bytes);
  }
  return done;
}

void fetcher_clear(struct fetcher_answer *answer) {
  free(answer->output);
  *answer = (struct fetcher_answer){0};
}
