/* Stands in for jwt-keeper and writes down, in /run/onlooker, what it was started with. Then it gives no answer. */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void copy(const char *from, const char *to) {
  char bytes[8192];
  FILE *source = fopen(from, "re"), *target = fopen(to, "we");
  if (source != NULL && target != NULL) fwrite(bytes, 1, fread(bytes, 1, sizeof(bytes), source), target);
  if (source != NULL) fclose(source);
  if (target != NULL) fclose(target);
}

/* Before anything else is opened: NUMBER TARGET, a line each, into memory and then into the file. */
static void list_descriptors(void) {
  char text[8192] = "", path[64], target[PATH_MAX];
  size_t used = 0;
  for (int fd = 0; fd < 1024; fd++) {
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(path, target, sizeof(target) - 1);
    if (size < 0) continue;
    target[size] = '\0';
    if (used < sizeof(text)) used += (size_t)snprintf(text + used, sizeof(text) - used, "%d %s\n", fd, target);
  }
  FILE *file = fopen("/run/onlooker/descriptors", "we");
  if (file != NULL) {
    fputs(text, file);
    fclose(file);
  }
}

int main(void) {
  mkdir("/run/onlooker", 0700);
  list_descriptors();
  copy("/proc/self/environ", "/run/onlooker/environment");
  copy("/proc/self/status", "/run/onlooker/status");
  copy("/proc/self/limits", "/run/onlooker/limits");
  copy("/proc/self/cmdline", "/run/onlooker/arguments");
  copy("/proc/self/stat", "/run/onlooker/stat");
  char folder[PATH_MAX];
  const ssize_t size = readlink("/proc/self/cwd", folder, sizeof(folder));
  FILE *file = fopen("/run/onlooker/folder", "we");
  if (file != NULL) {
    if (size > 0) fwrite(folder, 1, (size_t)size, file);
    fclose(file);
  }
  return 0;
}
