/*
 * Replays inputs through a fuzz target: those of the files and folders that are named, or of the target's own corpus.
 * One test in TAP; where it stops, the last line names the input.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static size_t replayed;

static void replay_file(const char *path, size_t size) {
  FILE *file = fopen(path, "r");
  uint8_t *data = malloc(size + 1);
  if (file == NULL || data == NULL || fread(data, 1, size, file) != size) {
    printf("Bail out! %s cannot be read\n", path);
    exit(EXIT_FAILURE);
  }
  fclose(file);
  printf("# %s\n", path);
  uint8_t *exact = realloc(data, size > 0 ? size : 1); /* so that a sanitizer sees the first byte behind it */
  LLVMFuzzerTestOneInput(exact, size);
  free(exact);
  replayed++;
}

static void replay(const char *path);

static int is_visible(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

static void replay_folder(const char *path) {
  struct dirent **entries = NULL;
  int count = scandir(path, &entries, is_visible, alphasort);
  for (int i = 0; i < count; i++) {
    char inner[4096];
    snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
    replay(inner);
    free(entries[i]);
  }
  free(entries);
}

static void replay(const char *path) {
  struct stat st;
  if (stat(path, &st) != 0) {
    printf("Bail out! there is no %s\n", path);
    exit(EXIT_FAILURE);
  }
  if (S_ISDIR(st.st_mode)) {
    replay_folder(path);
  } else {
    replay_file(path, (size_t)st.st_size);
  }
}

int main(int argc, char **argv) {
  const char *top = getenv("abs_top_srcdir");
  char corpus[4096];
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("1..1\n");
  for (int i = 1; i < argc; i++)
    replay(argv[i]);
  if (argc == 1) {
    snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/" FUZZ_TARGET, top != NULL ? top : ".");
    replay(corpus);
  }
  printf("%sok 1 - %zu inputs of " FUZZ_TARGET "\n", replayed > 0 ? "" : "not ", replayed);
  return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
