/*
 * What the fuzz targets share. A target is one LLVMFuzzerTestOneInput that asserts what must hold for every input:
 * libFuzzer and AFL search for one that breaks it, fuzz-main.c replays those that are kept.
 */
#ifndef JWT_LOGIN_FUZZ_H
#define JWT_LOGIN_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program: that is what a fuzzer takes for a finding. */
#define MUST_HOLD(condition)                                            \
  do {                                                                  \
    if (!(condition)) {                                                 \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, (#condition)); \
      abort();                                                          \
    }                                                                   \
  } while (0)

/* What is left of an input. */
struct fuzz_input {
  const char *at;
  size_t left;
};

/* The next line without its line feed, or the rest; empty at the end. Borrowed, without a NUL. */
static inline struct fuzz_input fuzz_line(struct fuzz_input *input) {
  const char *end = input->left > 0 ? memchr(input->at, '\n', input->left) : NULL;
  struct fuzz_input line = {input->at, end != NULL ? (size_t)(end - input->at) : input->left};
  size_t used = line.left + (end != NULL);
  input->at += used;
  input->left -= used;
  return line;
}

/* malloc'd, with a NUL behind it. */
static inline char *fuzz_text(struct fuzz_input input) {
  char *text = malloc(input.left + 1);
  MUST_HOLD(text != NULL);
  if (input.left > 0) memcpy(text, input.at, input.left);
  text[input.left] = '\0';
  return text;
}

static inline void fuzz_text_free(char **text) {
  free(*text);
}

#endif
