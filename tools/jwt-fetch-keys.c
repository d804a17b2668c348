/*
 * jwt-fetch-keys: bring the keys of issuers into the cache. Run by a timer, by jwt-keeper for a login, by jwtctl.
 * Whoever calls it, it works as the user _jwt-fetch, from before it reads a setting or opens a socket.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "fetch_keys.h"
#include "fetch_protocol.h"
#include "paths.h"
#include "sandbox.h"
#include "system_user.h"

#define MEMORY_MAX ((size_t)1 << 30)
#define CPU_SECONDS 120
#define PATIENCE_MS 2000 /* before a wait is talked of */

static const char usage[] =
    "Usage: jwt-fetch-keys [--issuer TITLE [--force]]\n"
    "       jwt-fetch-keys --probe URL [--keys URL] [--ca-file FILE] [--bearer-file FILE]\n"
    "\n"
    "Fetch the key sets of the issuers that the settings name, as the user _jwt-fetch.\n"
    "Without options: those that are due. See jwt-fetch-keys(8).\n"
    "\n"
    "  --issuer TITLE      the section of this title only\n"
    "  --force             even if its keys are not due\n"
    "  --probe URL         ask this issuer, print what it says, keep nothing\n"
    "  --keys URL          its key set is here; without it, discovery says where\n"
    "  --ca-file FILE      trust these CAs (PEM) instead of the system's\n"
    "  --bearer-file FILE  send the token in this file\n"
    "  --for-login         speak with jwt-keeper on standard input\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 done, 1 an issuer's keys could not be fetched, 2 wrong use or settings.\n";

struct order {
  const char *title;
  bool force, for_login;
  struct issuer probe; /* its url NULL: no probe */
};

/* ---- messages ---- */

void complain(const char *subject, const char *text) {
  fprintf(stderr, "jwt-fetch-keys: %s%s%s\n", subject != NULL ? subject : "", subject != NULL ? ": " : "", text);
}

static bool progress_told;

static void tell(void *context UNUSED, const char *url, int64_t waited_ms, size_t received) {
  if (waited_ms < PATIENCE_MS) return;
  fprintf(stderr, "\r\033[Kwaiting for %.60s: %d s, %zu bytes", url, (int)(waited_ms / 1000), received);
  progress_told = true;
}

const struct fetch_progress *terminal_progress(void) {
  static const struct fetch_progress progress = {tell, NULL};
  return isatty(STDERR_FILENO) ? &progress : NULL;
}

void terminal_progress_end(void) {
  if (progress_told) fputs("\r\033[K", stderr);
  progress_told = false;
}

/* ---- privilege ---- */

/* /var/cache may be emptied at any time, and the folder's owner could not make it again. */
static void make_folder(void) {
  uid_t uid;
  gid_t gid;
  if (geteuid() != 0 || !system_user_find(FETCH_USER, &uid, &gid)) return;
  mkdir(CACHE_DIR, 0755);
  if (mkdir(PATH_KEY_CACHE, 0755) == 0 && lchown(PATH_KEY_CACHE, uid, gid) != 0) rmdir(PATH_KEY_CACHE);
}

/* NULL, or why not. */
static const char *shed(bool user_optional) {
  static char why[200];
  const struct sandbox sandbox = {.user = FETCH_USER,
                                  .user_optional = user_optional,
                                  .memory_max = MEMORY_MAX,
                                  .cpu_seconds = CPU_SECONDS,
                                  .output_max = SIZE_MAX};
  umask(022);
  if (!user_optional) make_folder();
  if (sandbox_shed(&sandbox) == REASON_OK) return NULL;
  if (errno == ENOENT)
    return "cannot become the user " FETCH_USER
           ", who does not exist; make it with systemd-sysusers, or useradd --system "
           "--shell /usr/sbin/nologin " FETCH_USER;
  snprintf(why, sizeof(why), "privilege could not be shed (%s), so nothing was asked: the kernel needs seccomp",
           strerror(errno));
  return why;
}

/* ---- the command line ---- */

static int wrong(const char *text) {
  complain(NULL, text);
  fputs("Try 'jwt-fetch-keys --help'.\n", stderr);
  return EXIT_WRONG;
}

static bool take_option(int option, struct order *order) {
  switch (option) {
  case 'i':
    order->title = optarg;
    return true;
  case 'f':
    return order->force = true;
  case 'l':
    return order->for_login = true;
  case 'p':
    order->probe.url = optarg;
    return true;
  case 'k':
    order->probe.key_source = KEYS_AT_URL;
    order->probe.key_location = optarg;
    return true;
  case 'c':
    order->probe.ca_file = optarg;
    return true;
  case 'b':
    order->probe.bearer_file = optarg;
    return true;
  default:
    return false;
  }
}

/* What is wrong with options that do not go together; NULL when all is well. */
static const char *contradiction(const struct order *order) {
  const struct issuer *probe = &order->probe;
  bool of_probe = probe->key_location != NULL || probe->ca_file != NULL || probe->bearer_file != NULL;
  bool of_cache = order->title != NULL || order->force || order->for_login;
  if (of_probe && probe->url == NULL) return "--keys, --ca-file and --bearer-file go with --probe";
  if (of_cache && probe->url != NULL) return "--probe keeps nothing; it goes with none of the other commands";
  if (order->force && order->title == NULL) return "--force goes with --issuer";
  return NULL;
}

static int act(const struct order *order) {
  const char *unshed = shed(order->probe.url != NULL);
  if (order->for_login) return serve_login(unshed);
  if (unshed != NULL) {
    complain(NULL, unshed);
    return EXIT_FAILED;
  }
  if (fetch_prepare() != REASON_OK) {
    complain(NULL, "OpenSSL offers no TLS, or no algorithm that verifies signatures; check openssl.cnf");
    return EXIT_FAILED;
  }
  return order->probe.url != NULL ? probe_keys(&order->probe) : update_keys(order->title, order->force);
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"issuer", required_argument, NULL, 'i'},      {"force", no_argument, NULL, 'f'},
      {"probe", required_argument, NULL, 'p'},       {"keys", required_argument, NULL, 'k'},
      {"ca-file", required_argument, NULL, 'c'},     {"bearer-file", required_argument, NULL, 'b'},
      {&FETCH_FOR_LOGIN[2], no_argument, NULL, 'l'}, {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},           {NULL, 0, NULL, 0}};
  struct order order = {.probe = {.max_stale = 86400}};
  int option;
  clearenv();                             /* it would have a say in resolving, in TLS and in OpenSSL */
  close_range(STDERR_FILENO + 1, ~0U, 0); /* nor is what the caller left open for one who talks to strangers */
  signal(SIGPIPE, SIG_IGN);
  while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
    if (option == 'h' || option == 'V') {
      fputs(option == 'h' ? usage : "jwt-fetch-keys " PACKAGE_VERSION "\n", stdout);
      return EXIT_DONE;
    }
    if (!take_option(option, &order)) return wrong("unknown or incomplete option");
  }
  if (optind < argc) return wrong("there are no arguments but options");
  const char *why = contradiction(&order);
  return why != NULL ? wrong(why) : act(&order);
}
