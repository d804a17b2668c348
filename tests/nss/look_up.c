/* look_up NAME|UID [TIMES]: as getent passwd, but a program of its own, and again and again. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

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
  return EXIT_SUCCESS;
}
