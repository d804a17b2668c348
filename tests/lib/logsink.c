/*
 * A syslog daemon that is one file: `logsink SOCKET FILE` binds the datagram socket, goes to the background, and
 * appends each message as `facility.severity ident[pid]: text`, one a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "compiler.h"

static const char *const facilities[] = {"kern", "user", "mail", "daemon", "auth",     "syslog",
                                         "lpr",  "news", "uucp", "cron",   "authpriv", "ftp"};
static const char *const severities[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

/* `<86>Nov 23 21:43:00 ident[7]: text`, as syslog(3) sends it. The time is left out: a test compares lines. */
static void append(FILE *log, char *message) {
  unsigned priority = 0;
  int length = 0;
  if (sscanf(message, "<%3u>%n", &priority, &length) != 1 || length == 0) length = 0;
  char *text = message + length;
  if (length > 0 && strlen(text) > 16 && text[3] == ' ' && text[15] == ' ') text += 16;
  for (char *byte = text; *byte != '\0'; byte++) {
    if (*byte == '\n') *byte = ' ';
  }
  const unsigned facility = priority >> 3;
  fprintf(log, "%s.%s %s\n", facility < COUNT_OF(facilities) ? facilities[facility] : "local", severities[priority & 7],
          text);
  fflush(log);
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path)) {
    fprintf(stderr, "usage: logsink SOCKET FILE\n");
    return 2;
  }
  memcpy(address.sun_path, argv[1], strlen(argv[1]));
  FILE *log = fopen(argv[2], "ae");
  const int sink = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  umask(0);
  if (log == NULL || sink < 0 || bind(sink, (struct sockaddr *)&address, sizeof(address)) != 0) {
    perror("logsink");
    return 1;
  }
  umask(077);
  if (daemon(0, 0) != 0) return 1;
  for (;;) {
    char message[8192];
    const ssize_t size = recv(sink, message, sizeof(message) - 1, 0);
    if (size < 0) return 1;
    message[size] = '\0';
    append(log, message);
  }
}
