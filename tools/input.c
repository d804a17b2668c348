#include "input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "secret.h"

void input_begin(struct input *input, int fd, enum input_unit unit) {
  *input = (struct input){.fd = fd, .unit = unit};
}

void input_clear(struct input *input) {
  ERASE_OBJECT(*input);
}

/* Read once more behind what is there. False when nothing came or the buffer is full. */
static bool read_more(struct input *input) {
  if (input->start > 0) {
    memmove(input->buffer, input->buffer + input->start, input->end - input->start);
    input->end -= input->start;
    input->start = 0;
  }
  if (input->ended || input->end == sizeof input->buffer) return false;
  ssize_t got;
  do {
    got = read(input->fd, input->buffer + input->end, sizeof input->buffer - input->end);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    input->end += (size_t)got;
    return true;
  }
  input->ended = true;
  input->failed = got < 0;
  return false;
}

static bool next_whole(struct input *input, const char **ret_text, size_t *ret_size) {
  if (input->ended) return false;
  while (read_more(input))
    continue;
  size_t size = input->end;
  if (size > 0 && size < sizeof input->buffer && input->buffer[size - 1] == '\n') size--;
  input->ended = true;
  *ret_text = input->buffer;
  *ret_size = size;
  return !input->failed;
}

/* The newline that ends the line in front, reading as long as one may come; NULL when none does. */
static char *line_end(struct input *input) {
  size_t searched = 0;
  do {
    char *from = input->buffer + input->start + searched;
    char *newline = memchr(from, '\n', (size_t)(input->buffer + input->end - from));
    if (newline != NULL) return newline;
    searched = input->end - input->start;
  } while (read_more(input));
  return NULL;
}

/* Throw away up to the next newline. False when there is none. */
static bool skip_line(struct input *input) {
  for (;;) {
    char *newline = line_end(input);
    if (newline != NULL) {
      input->start = (size_t)(newline + 1 - input->buffer);
      return true;
    }
    input->start = input->end = 0;
    if (input->ended) return false;
  }
}

static bool next_line(struct input *input, const char **ret_text, size_t *ret_size) {
  if (input->skip && !skip_line(input)) return false;
  input->skip = false;
  char *newline = line_end(input);
  size_t size = newline != NULL ? (size_t)(newline - input->buffer) - input->start : input->end - input->start;
  if (newline == NULL && size == 0) return false;
  *ret_text = input->buffer + input->start;
  *ret_size = size;
  input->start += size + (newline != NULL);
  input->skip = newline == NULL;
  return !input->failed;
}

bool input_next(struct input *input, const char **ret_text, size_t *ret_size) {
  return input->unit == INPUT_WHOLE ? next_whole(input, ret_text, ret_size) : next_line(input, ret_text, ret_size);
}
