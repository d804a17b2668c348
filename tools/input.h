/* Tokens from a descriptor: bounded, by read(2) alone so that it works in the sandbox, and erased afterwards. */
#ifndef JWT_LOGIN_INPUT_H
#define JWT_LOGIN_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "token.h"

enum input_unit {
  INPUT_WHOLE, /* all there is, once, also when it is empty; one newline at its end is not part of it */
  INPUT_LINES, /* a line at a time, without its newline */
};

struct input {
  int fd;
  enum input_unit unit;
  bool ended;  /* nothing more will come */
  bool failed; /* because read(2) failed, with errno */
  bool skip;   /* what is left of a line that was too long is to be thrown away */
  size_t start, end;
  char buffer[TOKEN_MAX_SIZE + 2]; /* more than a token may have, and a newline */
};

void input_begin(struct input *input, int fd, enum input_unit unit);

/*
 * The next unit; *ret_text stands in the buffer until the next call. One that is too long comes cut off, but still with
 * more than TOKEN_MAX_SIZE bytes, so that token_parse refuses it. False when there is none.
 */
bool input_next(struct input *input, const char **ret_text, size_t *ret_size);

/* Erase the buffer. For CLEANUP. */
void input_clear(struct input *input);

#endif
