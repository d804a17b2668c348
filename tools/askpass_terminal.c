#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "askpass.h"
#include "fullio.h"
#include "secret.h"

#define SHOWN_MAX 2000  /* of a prompt */
#define ANSWER_MAX 1023 /* ssh reads no more */
#define WRITE_MS 5000

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
static volatile sig_atomic_t caught;

static void note_signal(int number) {
  caught = number;
}

/* Prompts are partly a server's words: nothing in them moves the cursor or hides what was there. */
static void show(int tty, const char *text) {
  char shown[SHOWN_MAX];
  size_t size = strnlen(text, sizeof shown);
  for (size_t i = 0; i < size; i++)
    shown[i] = (text[i] >= ' ' && text[i] <= '~') || text[i] == '\n' ? text[i] : '?';
  if (!write_full(tty, shown, size, monotonic_ms() + WRITE_MS)) caught = SIGHUP;
}

/* A line without its end; -1 when a signal or the end of input came first. Signals come through `mask`, while nothing
 * is read: one that came just before would otherwise be waited out. */
static ssize_t read_line(int tty, const sigset_t *mask, char *ret, size_t room) {
  struct pollfd polled = {.fd = tty, .events = POLLIN};
  size_t size = 0;
  char byte = '\0';
  for (;;) {
    int ready = ppoll(&polled, 1, NULL, mask);
    if (caught || (ready < 0 && errno != EINTR)) return -1;
    if (ready <= 0) continue;
    if (read(tty, &byte, 1) <= 0) return -1;
    if (byte == '\n') return (ssize_t)size;
    if (size < room) ret[size++] = byte;
  }
}

/* Read a line without echo; the terminal is as it was afterwards, whatever ends it. */
static ssize_t ask(int tty, const char *text, char *ret, size_t room) {
  struct termios before, quiet;
  struct sigaction former[COUNT_OF(signals)], action = {.sa_handler = note_signal};
  sigset_t blocked, mask;
  if (tcgetattr(tty, &before) != 0) return -1;
  sigemptyset(&blocked);
  for (size_t i = 0; i < COUNT_OF(signals); i++)
    sigaddset(&blocked, signals[i]);
  sigprocmask(SIG_BLOCK, &blocked, &mask);
  for (size_t i = 0; i < COUNT_OF(signals); i++)
    sigaction(signals[i], &action, &former[i]);
  quiet = before;
  quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
  ssize_t size = -1;
  if (tcsetattr(tty, TCSAFLUSH, &quiet) == 0) {
    show(tty, text);
    size = read_line(tty, &mask, ret, room);
    show(tty, "\n");
    tcsetattr(tty, TCSAFLUSH, &before);
  }
  for (size_t i = 0; i < COUNT_OF(signals); i++)
    sigaction(signals[i], &former[i], NULL);
  sigprocmask(SIG_SETMASK, &mask, NULL);
  if (caught) raise(caught);
  return size;
}

/* ssh asks so when somebody only has to be told something (ssh(1), SSH_ASKPASS_PROMPT). */
static bool is_notice(void) {
  const char *hint = getenv("SSH_ASKPASS_PROMPT");
  return hint != NULL && strcmp(hint, "none") == 0;
}

/* What was typed becomes the answer. */
static bool pass_on(int tty, const char *text) {
  char answer[ANSWER_MAX + 1];
  ssize_t size = ask(tty, text, answer, ANSWER_MAX);
  if (size >= 0) answer[size] = '\n';
  bool done = size >= 0 && write_full(STDOUT_FILENO, answer, (size_t)size + 1, monotonic_ms() + WRITE_MS);
  ERASE_ARRAY(answer);
  return done || complain("no answer came from the terminal");
}

static bool notify(int tty, const char *text) {
  show(tty, text);
  show(tty, "\n");
  return !caught;
}

bool terminal_ask(const char *text) {
  int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  bool is_ours = tty >= 0 && tcgetpgrp(tty) == getpgrp();
  bool done = is_ours && (is_notice() ? notify(tty, text) : pass_on(tty, text));
  if (tty >= 0) close(tty);
  return is_ours ? done : complain("not a prompt for a token, and there is no terminal to ask at: %.100s", text);
}
