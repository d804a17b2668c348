#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SHOWN_FROM_MS 2000
#define SHOWN_EVERY_MS 200

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, const char *what) {
  *progress = (struct progress){.what = what, .began_ms = now_ms(), .terminal = isatty(STDERR_FILENO) != 0};
}

void progress_show(void *context, size_t count) {
  struct progress *progress = context;
  int64_t now = now_ms(), ms = now - progress->began_ms;
  if (!progress->terminal || ms < SHOWN_FROM_MS || now - progress->shown_ms < SHOWN_EVERY_MS) return;
  fprintf(stderr, "\r%zu %s, %lld a second \033[K", count, progress->what, (long long)((int64_t)count * 1000 / ms));
  progress->shown_ms = now;
  progress->shown = true;
}

void progress_hide(struct progress *progress) {
  if (progress->shown) fputs("\r\033[K", stderr);
  progress->shown = false;
}
