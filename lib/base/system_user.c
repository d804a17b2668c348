#include "system_user.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

static void close_file(FILE **file) {
  if (*file != NULL) fclose(*file);
}

bool system_user_find(const char *name, uid_t *ret_uid, gid_t *ret_gid) {
  FILE *file CLEANUP(close_file) = fopen("/etc/passwd", "re");
  const struct passwd *entry = NULL;
  while (file != NULL && (entry = fgetpwent(file)) != NULL && strcmp(entry->pw_name, name) != 0)
    continue;
  if (entry == NULL) {
    errno = ENOENT;
    return false;
  }
  *ret_uid = entry->pw_uid;
  *ret_gid = entry->pw_gid;
  return true;
}
