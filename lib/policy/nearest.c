#include "nearest.h"

#include <string.h>

#define LENGTH_MAX 40

static size_t least(size_t a, size_t b, size_t c) {
  size_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/* Levenshtein's distance of two names of at most LENGTH_MAX characters. */
static size_t edit_distance(const char *a, const char *b) {
  size_t row[LENGTH_MAX + 1], length = strlen(b);
  for (size_t j = 0; j <= length; j++)
    row[j] = j;
  for (size_t i = 1; a[i - 1]; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= length; j++) {
      size_t above = row[j];
      row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
      diagonal = above;
    }
  }
  return row[length];
}

void nearest_try(const char *name, const char *known, const char **nearest, size_t *distance) {
  if (strlen(name) > LENGTH_MAX || strlen(known) > LENGTH_MAX) return;
  size_t found = edit_distance(name, known);
  if (found >= *distance || found >= strlen(known)) return;
  *distance = found;
  *nearest = known;
}
