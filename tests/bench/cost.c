/* What a command costs: cost COMMAND... prints its microseconds of processor time and the most memory that it had, in
 * KiB, on standard error's place, descriptor 3. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long microseconds(struct timeval time) {
  return (long)time.tv_sec * 1000000 + (long)time.tv_usec;
}

int main(int argc, char **argv) {
  int status = -1;
  struct rusage usage;
  if (argc < 2) return 2;
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) return EXIT_FAILURE;
  dprintf(3, "%ld %ld\n", microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss);
  return EXIT_SUCCESS;
}
