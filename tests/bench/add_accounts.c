/*
 * First logins of new accounts: add_accounts LEDGER TABLES PREFIX COUNT. Each is admitted and published, as jwt-keeper
 * does it, in a function of the name `measured`. Prints the nanoseconds that one took.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "compiler.h"
#include "ledger.h"

static const char *const no_strings[] = {NULL};

static enum id_use nobody_has(void *context UNUSED, uint32_t id UNUSED) {
  return ID_FREE;
}

static bool add(struct ledger *ledger, const char *tables, const char *name) {
  struct account_settings settings = {.range = {ACCOUNT_UID_MIN_DEFAULT, ACCOUNT_UID_MAX_DEFAULT},
                                      .home = ACCOUNT_HOME_DEFAULT,
                                      .shell = ACCOUNT_SHELL_DEFAULT,
                                      .require_token = no_strings,
                                      .login_programs = no_strings,
                                      .fingerprint = 1};
  char home[ACCOUNT_PATH_MAX + 1];
  uint32_t id = account_id_probe(name, settings.range, NULL, 0);
  if (!account_home(settings.home, name, home, sizeof home)) return false;
  struct admission admission = {.name = name,
                                .service = "sshd",
                                .issuer = "https://issuer.test",
                                .subject = name,
                                .rule = "staff",
                                .create = true,
                                .settings = &settings,
                                .host = {.uid = id, .gid = id, .home = home, .shell = settings.shell},
                                .id_use = nobody_has,
                                .expires = 2000000000,
                                .now = 1800000000};
  struct grant grant;
  enum ledger_change change;
  enum reason reason = ledger_admit(ledger, &admission, &grant, &change);
  if (reason == REASON_ACCOUNT_CHANGED_RETRY) reason = REASON_OK; /* its first id is another's */
  return reason == REASON_OK && ledger_publish(ledger, &settings, tables, name) == REASON_OK;
}

__attribute__((noinline)) static bool measured(struct ledger *ledger, const char *tables, const char *prefix,
                                               int count) {
  for (int i = 0; i < count; i++) {
    char name[ACCOUNT_NAME_MAX + 1];
    snprintf(name, sizeof name, "%s%d", prefix, i);
    if (!add(ledger, tables, name)) return false;
  }
  return true;
}

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char **argv) {
  struct ledger *ledger;
  if (argc != 5 || ledger_open(argv[1], LEDGER_WRITE, &ledger) != REASON_OK) return 2;
  int count = atoi(argv[4]);
  if (!add(ledger, argv[2], argv[3])) return EXIT_FAILURE; /* tables of other settings are written anew */
  double start = nanoseconds();
  bool added = measured(ledger, argv[2], argv[3], count);
  printf("%.0f\n", (nanoseconds() - start) / count);
  ledger_close(ledger);
  return added ? EXIT_SUCCESS : EXIT_FAILURE;
}
