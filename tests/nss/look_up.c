/* look_up NAME|UID [TIMES [FILE]]: as getent passwd, but a program of its own, and again and again; then it prints the
 * file, which may be one of /proc/self. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

static int print_file(const char *path) {
  char line[4096];
  FILE *file = fopen(path, "r");
  if (file == NULL) return EXIT_FAILURE;
  while (fgets(line, sizeof(line), file) != NULL)
    fputs(line, stdout);
  return fclose(file) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
  const char *key = argc > 1 ? argv[1] : "";
  char *end;
  uid_t uid = (uid_t)strtoul(key, &end, 10);
  const struct passwd *pw = NULL;
  for (int times = argc > 2 ? atoi(argv[2]) : 1; times > 0; times--)
    pw = *end == '\0' ? getpwuid(uid) : getpwnam(key);
  if (pw == NULL) return 2;
  printf("%s:%s:%u:%u:%s:%s:%s\n", pw->pw_name, pw->pw_passwd, pw->pw_uid, pw->pw_gid, pw->pw_gecos, pw->pw_dir,
         pw->pw_shell);
  return argc > 3 ? print_file(argv[3]) : EXIT_SUCCESS;
}
