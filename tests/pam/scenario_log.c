#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "scenario.h"

#define WAIT_STEPS 200 /* of 10 ms */

bool log_offset(const char *path, long *ret) {
  FILE *file = fopen(path, "re");
  if (file == NULL) return false;
  const bool found = fseek(file, 0, SEEK_END) == 0 && (*ret = ftell(file)) >= 0;
  fclose(file);
  return found;
}

/* `facility.severity ident[pid]: text` without the pid. */
static void drop_pid(char *line) {
  char *from = strchr(line, '['), *colon = strstr(line, "]: ");
  if (from != NULL && colon != NULL && from < colon && strspn(from + 1, "0123456789") == (size_t)(colon - from - 1)) {
    memmove(from, colon + 1, strlen(colon + 1) + 1);
  }
}

static bool is_ours(const char *line) {
  return strstr(line, " jwt-login: ") != NULL || strstr(line, " jwt-judge: ") != NULL ||
         strstr(line, "pam_jwt(") != NULL;
}

/* A mark of our own goes the same way as the lines before it: once it is there, they are. */
static bool await_mark(FILE *log, long offset, const char *mark) {
  char *line = NULL;
  size_t size = 0;
  bool found = false;
  for (int i = 0; i < WAIT_STEPS && !found; i++) {
    if (fseek(log, offset, SEEK_SET) != 0) break;
    while (!found && getline(&line, &size, log) > 0)
      found = strstr(line, mark) != NULL;
    if (!found) usleep(10000);
  }
  free(line);
  return found;
}

bool log_matches(const char *path, long offset, const char *const *globs, size_t count) {
  char mark[64];
  snprintf(mark, sizeof(mark), "end of scenario %ld", (long)getpid());
  syslog(LOG_USER | LOG_INFO, "%s", mark);

  FILE *log = fopen(path, "re");
  if (log == NULL || !await_mark(log, offset, mark) || fseek(log, offset, SEEK_SET) != 0) {
    if (log != NULL) fclose(log);
    printf("# the log %s cannot be read\n", path);
    return false;
  }
  bool matches = true;
  size_t seen = 0, size = 0;
  char *line = NULL;
  while (getline(&line, &size, log) > 0 && strstr(line, mark) == NULL) {
    line[strcspn(line, "\n")] = '\0';
    drop_pid(line);
    if (!is_ours(line)) continue;
    const char *wanted = seen < count ? globs[seen] : "nothing more";
    seen++;
    if (seen <= count && fnmatch(wanted, line, 0) == 0) continue;
    printf("# log:    %s\n# wanted: %s\n", line, wanted);
    matches = false;
  }
  for (; seen < count; seen++) {
    printf("# missing in the log: %s\n", globs[seen]);
    matches = false;
  }
  free(line);
  fclose(log);
  return matches;
}
