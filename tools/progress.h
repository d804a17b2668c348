/* How far a command is that takes long: a line on a terminal, kept up to date, and gone in the end. */
#ifndef JWT_LOGIN_PROGRESS_H
#define JWT_LOGIN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
  const char *what; /* is counted: "lines" */
  int64_t began_ms, shown_ms;
  bool terminal;
  bool shown;
};

/* It is shown from two seconds on, and only where standard error is a terminal. */
void progress_begin(struct progress *progress, const char *what);

/* So many are done. `progress` is a struct progress. */
void progress_show(void *progress, size_t count);

/* Before anything else is written there, and at the end. */
void progress_hide(struct progress *progress);

#endif
