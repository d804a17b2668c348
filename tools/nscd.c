#include "nscd.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "compiler.h"
#include "fullio.h"

/* What glibc asks before any source, nscd/nscd-client.h. */
#define SOCKET_PATH "/var/run/nscd/socket"
#define PROTOCOL_VERSION 2
enum { USER_BY_NAME = 0, GROUP_BY_NAME = 2 };
#define ANSWER_MILLISECONDS 2000

struct question {
  int32_t version, type, size;
  char name[5];
};

static void close_socket(const int *fd) {
  if (*fd >= 0) close(*fd);
}

static bool is_connected(int fd) {
  const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};
  return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

/* Whether it answers such questions, well or badly; one that is not to refuses. One that is silent has them wait. */
static bool answers(int32_t type) {
  enum { VERSION, FOUND };
  const struct question question = {PROTOCOL_VERSION, type, sizeof(question.name), "root"};
  int32_t reply[2] = {0};
  int fd CLEANUP(close_socket) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!is_connected(fd)) return false;
  const int64_t deadline = monotonic_ms() + ANSWER_MILLISECONDS;
  const size_t size = offsetof(struct question, name) + sizeof(question.name);
  return !write_full(fd, &question, size, deadline) || !read_full(fd, reply, sizeof(reply), deadline) ||
         reply[FOUND] != -1;
}

const char *nscd_warning(void) {
  if (!answers(USER_BY_NAME) && !answers(GROUP_BY_NAME)) return NULL;
  return "nscd answers for users and groups from memory, so first logins are refused and memberships outlast their "
         "end; "
         "put 'enable-cache passwd no' and 'enable-cache group no' into /etc/nscd.conf and restart it, or stop it";
}
