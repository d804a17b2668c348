#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "askpass.h"

/* ssh takes the first value of each option. The token comes before keys, whose number could use up all attempts. */
static const char *const options[] = {"ssh",
                                      "-o",
                                      "PreferredAuthentications=keyboard-interactive,publickey",
                                      "-o",
                                      "KbdInteractiveAuthentication=yes",
                                      "-o",
                                      "NumberOfPasswordPrompts=1"};

/* True with the path under which this very program can be run again. */
static bool own_path(char *ret, size_t size) {
  ssize_t length = readlink("/proc/self/exe", ret, size - 1);
  if (length <= 0) return complain("/proc/self/exe: %s", strerror(errno));
  ret[length] = '\0';
  return true;
}

bool ssh_run(char *const *arguments, size_t count) {
  char path[PATH_MAX];
  const char **words = calloc(COUNT_OF(options) + count + 1, sizeof *words);
  bool ready = words != NULL && own_path(path, sizeof path) && setenv("SSH_ASKPASS", path, 1) == 0 &&
               setenv("SSH_ASKPASS_REQUIRE", "force", 1) == 0;
  if (ready) {
    memcpy(words, options, sizeof options);
    memcpy(words + COUNT_OF(options), arguments, count * sizeof *words);
    execvp(words[0], (char *const *)words);
    complain("ssh cannot be run: %s", strerror(errno));
  }
  free(words);
  return false;
}
