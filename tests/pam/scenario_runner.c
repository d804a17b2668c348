/* Play scenarios against the installed module: scenario_runner TOKENS LOG STACKS SCENARIO... in TAP; see scenario.h. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario.h"

/* In a process of its own: credentials are part of what a scenario changes. */
static bool play(const char *path, const struct world *world) {
  struct scenario scenario;
  bool passed = scenario_read(path, &scenario);
  fflush(stdout);
  if (passed) {
    const pid_t child = fork();
    if (child == 0) {
      passed = scenario_play(&scenario, world);
      fflush(stdout);
      _exit(passed ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    int status = 0;
    passed = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (child > 0 && WIFSIGNALED(status)) printf("# ended by signal %d\n", WTERMSIG(status));
  }
  static int number;
  printf("%sok %d - %s\n", passed ? "" : "not ", ++number, scenario.title != NULL ? scenario.title : path);
  if (!passed) printf("# %s\n", path);
  scenario_free(&scenario);
  return passed;
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: scenario_runner TOKENS LOG STACKS SCENARIO...\n");
    return 2;
  }
  const struct world world = {.tokens = argv[1], .log = argv[2], .stacks = argv[3]};
  bool passed = true;
  printf("1..%d\n", argc - 4);
  for (int i = 4; i < argc; i++)
    passed = play(argv[i], &world) && passed;
  return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
