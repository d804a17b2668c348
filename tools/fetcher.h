/* Runs jwt-fetch-keys, which talks to strangers without any privilege: what it says is bounded, and text to be judged.
 */
#ifndef JWT_LOGIN_FETCHER_H
#define JWT_LOGIN_FETCHER_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"

#define FETCHER_OUTPUT_MAX (8 * 1024 * 1024) /* bytes; a set of 1 MiB with every byte escaped fits */
#define FETCHER_ERROR_SIZE 1024

struct fetcher_answer {
  char *output; /* standard output: lines without control characters but tabs, malloc'd; NULL when nothing came.
                   Not fit for a terminal as it stands: it may have bytes that are not ASCII */
  char error[FETCHER_ERROR_SIZE]; /* what went wrong, in one line of printable ASCII; "" when nothing did */
};

/*
 * Run it with these arguments, NULL-terminated and without a program name. True when it did what was asked (exit 0).
 * Else `error` says why; standard output is there all the same as far as it came. *ret is to be cleared either way.
 */
MUST_USE bool fetcher_run(const char *const *arguments, struct fetcher_answer *ret);
void fetcher_clear(struct fetcher_answer *answer);

#endif
