#include "shared_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK = 0055 }; /* of others: list and enter */

static bool open_to_others(int fd) {
  struct stat st;
  if (fstat(fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & LOOK) == LOOK) return true;
  return fchmod(fd, (st.st_mode & 07777) | LOOK) == 0;
}

bool shared_folder_make(const char *path) {
  if (mkdir(path, 0755) == 0) return chmod(path, 0755) == 0;
  if (errno != EEXIST) return false;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return true;
  bool opened = open_to_others(fd);
  int error = errno;
  close(fd);
  errno = error;
  return opened;
}
