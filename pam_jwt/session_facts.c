#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"

/* Read a small file of /proc; "" when it cannot be read. */
static void read_proc(const char *path, char *ret, size_t size) {
  ret[0] = '\0';
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t count = read(fd, ret, size - 1);
  ret[count > 0 ? count : 0] = '\0';
  ret[strcspn(ret, "\n")] = '\0';
  close(fd);
}

/* Field 22 of /proc/PID/stat; the second, the name, may hold anything but ends with the last parenthesis. */
static uint64_t start_time(int64_t pid) {
  char path[64], text[1024];
  snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
  read_proc(path, text, sizeof(text));
  const char *field = strrchr(text, ')');
  for (int number = 2; number < 22 && field != NULL; number++)
    field = strchr(field + 1, ' ');
  return field != NULL ? strtoull(field, NULL, 10) : 0;
}

void session_facts_read(int64_t pid, const char *tty, char boot_id[SESSION_BOOT_ID_SIZE], struct session_facts *ret) {
  char path[64], text[32];
  snprintf(path, sizeof(path), "/proc/%" PRId64 "/sessionid", pid);
  read_proc(path, text, sizeof(text));
  read_proc("/proc/sys/kernel/random/boot_id", boot_id, SESSION_BOOT_ID_SIZE);
  *ret = (struct session_facts){.pid = pid,
                                .pid_start = start_time(pid),
                                .audit_session = text[0] != '\0' ? (uint32_t)strtoul(text, NULL, 10) : UINT32_MAX,
                                .boot_id = boot_id,
                                .tty = tty[0] != '\0' ? tty : NULL};
}
