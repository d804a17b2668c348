/* A ledger in a folder of its own, and admissions to try on it. */
#ifndef JWT_LOGIN_LEDGER_FIXTURE_H
#define JWT_LOGIN_LEDGER_FIXTURE_H

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger.h"
#include "unit.h"

#define NOW INT64_C(1800000000)
#define EXPIRES (NOW + 600)

#ifndef FIXTURE_ROOT
#define FIXTURE_ROOT "/tmp"
#endif

struct fixture {
  char folder[64];
  char path[96]; /* folder/state/ledger.db */
  struct ledger *ledger;
};

static inline int fixture_remove(const char *path, const struct stat *st UNUSED, int kind UNUSED,
                                 struct FTW *ftw UNUSED) {
  return remove(path);
}

static inline void fixture_end(struct fixture *fixture) {
  ledger_close(fixture->ledger);
  nftw(fixture->folder, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static inline bool fixture_folder(struct fixture *ret) {
  *ret = (struct fixture){.folder = FIXTURE_ROOT "/jwt-ledger-XXXXXX"};
  bool made = mkdtemp(ret->folder) != NULL;
  CHECK(made);
  snprintf(ret->path, sizeof ret->path, "%s/state/ledger.db", ret->folder);
  return made;
}

static inline bool fixture_begin(struct fixture *ret) {
  if (!fixture_folder(ret)) return false;
  enum reason reason = ledger_open(ret->path, LEDGER_WRITE, &ret->ledger);
  CHECK_REASON(reason, REASON_OK);
  return reason == REASON_OK;
}

/* Put a stored ledger in the fixture's place. */
static inline bool fixture_restore(struct fixture *ret, const char *name) {
  char path[PATH_MAX];
  const char *source = getenv("abs_top_srcdir");
  if (!fixture_folder(ret)) return false;
  snprintf(path, sizeof path, "%s/state", ret->folder);
  CHECK_INT(mkdir(path, 0755), 0);
  snprintf(path, sizeof path, "%s/tests/unit/%s", source != NULL ? source : ".", name);
  FILE *file = fopen(path, "re");
  static char sql[65536];
  size_t size = file != NULL ? fread(sql, 1, sizeof sql - 1, file) : 0;
  sql[size] = '\0';
  if (file != NULL) fclose(file);
  sqlite3 *db = NULL;
  mode_t before = umask(077);
  bool restored =
      size > 0 && sqlite3_open(ret->path, &db) == SQLITE_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
  umask(before);
  sqlite3_close(db);
  CHECK(restored);
  return restored;
}

/* Run SQL behind the ledger's back; the first column of the first row as an integer, -1 without a row or on failure. */
static inline long long fixture_sql(const struct fixture *fixture, const char *sql) {
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  long long result = -1;
  if (sqlite3_open(fixture->path, &db) == SQLITE_OK && sqlite3_busy_timeout(db, 4000) == SQLITE_OK &&
      sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    result = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return result;
}

static enum id_use UNUSED nothing_taken(void *context UNUSED, uint32_t id UNUSED) {
  return ID_FREE;
}

static const char *const no_strings[] = {NULL};

/* Of user names u0, u1 ... in a range that the test chooses. */
struct login {
  struct admission admission;
  struct account_settings settings;
  char name[ACCOUNT_NAME_MAX + 1];
  char subject[64];
  char home[64];
  struct grant grant;
  enum ledger_change change;
};

/* As the host would resolve the name before its first login: the first probe. */
static inline void login_prepare(struct login *login, const char *name, struct id_range range) {
  *login = (struct login){.settings = {.range = range,
                                       .home = "/home/{name}",
                                       .shell = "/bin/bash",
                                       .require_token = no_strings,
                                       .login_programs = no_strings,
                                       .fingerprint = 1}};
  snprintf(login->name, sizeof login->name, "%s", name);
  snprintf(login->subject, sizeof login->subject, "subject of %s", name);
  snprintf(login->home, sizeof login->home, "/home/%s", name);
  uint32_t id = account_id_probe(name, range, NULL, 0);
  login->admission = (struct admission){.name = login->name,
                                        .service = "sshd",
                                        .issuer = "https://issuer.example",
                                        .subject = login->subject,
                                        .rule = "staff",
                                        .create = true,
                                        .settings = &login->settings,
                                        .host = {.uid = id, .gid = id, .home = login->home, .shell = "/bin/bash"},
                                        .id_use = nothing_taken,
                                        .token_expires = EXPIRES,
                                        .expires = EXPIRES,
                                        .session_until_expiry = true,
                                        .now = NOW};
}

static inline enum reason login_try(struct fixture *fixture, struct login *login) {
  return ledger_admit(fixture->ledger, &login->admission, &login->grant, &login->change);
}

static inline void login_resolve(struct login *login, uint32_t id) {
  login->admission.host.uid = login->admission.host.gid = id;
}

#endif
