#include "config.h"

#include "database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "paths.h"
#include "turn.h"

#define BUSY_MILLISECONDS 4000
#define LONGEST_VALUE 65536 /* a token is 16 KiB at most */

static enum reason reason_of(int code) {
  switch (code & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_PROTOCOL:
    return REASON_STATE_BUSY;
  case SQLITE_ERROR: /* our SQL does not fit this schema */
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
  case SQLITE_FORMAT:
    return REASON_STATE_DAMAGED;
  case SQLITE_NOMEM:
    return REASON_OUT_OF_MEMORY;
  case SQLITE_IOERR:
    return code == SQLITE_IOERR_NOMEM ? REASON_OUT_OF_MEMORY : REASON_STATE_UNAVAILABLE;
  case SQLITE_FULL:
  case SQLITE_READONLY:
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_AUTH:
  case SQLITE_NOLFS:
    return REASON_STATE_UNAVAILABLE;
  default:
    return REASON_INTERNAL;
  }
}

/* What SQLite has of the system may be of a call that did not matter. 0: the system said nothing. */
static int system_error_of(struct ledger *ledger, int code) {
  if ((code & 0xff) == SQLITE_FULL) return ENOSPC;
  return (code & 0xff) == SQLITE_READONLY ? EROFS : sqlite3_system_errno(ledger->db);
}

enum reason database_failure(struct ledger *ledger) {
  int code = sqlite3_extended_errcode(ledger->db);
  snprintf(ledger->detail, sizeof ledger->detail, "SQLite %d: %s", code, sqlite3_errmsg(ledger->db));
  for (char *c = ledger->detail; *c; c++)
    if (*c < ' ' || *c > '~') *c = '?';
  errno = system_error_of(ledger, code);
  return reason_of(code);
}

void database_close(struct ledger **ledger) {
  if (*ledger == NULL) return;
  int saved = errno;
  turn_give_up(*ledger);
  sqlite3_close_v2((*ledger)->db);
  free(*ledger);
  *ledger = NULL;
  errno = saved;
}

static int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* SQLite's busy handler: whether to try again for the lock. `tries` counts from 0 at each wait. */
static int wait_for_lock(void *context, int tries) {
  struct ledger *ledger = context;
  int saved = errno;
  int64_t now = milliseconds();
  if (tries == 0) {
    ledger->waiting_since = now;
    lock_watch_begin(&ledger->watch, sqlite3_db_filename(ledger->db, "main"), now);
  }
  bool goes_on = now - ledger->waiting_since < BUSY_MILLISECONDS;
  if (goes_on) {
    lock_watch_look(&ledger->watch, ledger->keeper, now);
    nanosleep(&(struct timespec){.tv_nsec = 1000000L * (tries < 5 ? 1 << tries : 25)}, NULL);
  }
  errno = saved;
  return goes_on;
}

/* The file's own schema is not to run code, and no statement is to leave the file or grow without bound. */
static bool harden(struct ledger *ledger) {
  sqlite3 *db = ledger->db;
  static const struct {
    int option, on;
  } options[] = {
      {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
      {SQLITE_DBCONFIG_DQS_DDL, 0},        {SQLITE_DBCONFIG_DQS_DML, 0},
      {SQLITE_DBCONFIG_ENABLE_FKEY, 1},    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
  };
  for (size_t i = 0; i < COUNT_OF(options); i++)
    if (sqlite3_db_config(db, options[i].option, options[i].on, NULL) != SQLITE_OK) return false;
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LONGEST_VALUE);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  return sqlite3_busy_handler(db, wait_for_lock, ledger) == SQLITE_OK;
}

enum reason database_open(const char *path, struct ledger **ret) {
  struct ledger *ledger CLEANUP(database_close) = calloc(1, sizeof *ledger);
  if (ledger == NULL) return REASON_OUT_OF_MEMORY;
  ledger->keeper = PATH_KEEPER;
  ledger->turn = -1;
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* a lock for each allocation, to count what nobody asks for */
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  if (sqlite3_open_v2(path, &ledger->db, flags, NULL) != SQLITE_OK || !harden(ledger))
    return ledger->db == NULL ? REASON_OUT_OF_MEMORY : database_failure(ledger);
  *ret = ledger;
  ledger = NULL;
  return REASON_OK;
}

enum reason database_script(struct ledger *ledger, const char *sql) {
  return sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) == SQLITE_OK ? REASON_OK : database_failure(ledger);
}

void statement_free(sqlite3_stmt **statement) {
  int saved = errno;
  sqlite3_finalize(*statement);
  errno = saved;
}

static int bind(sqlite3_stmt *statement, int index, const struct value *value) {
  if (value->kind == VALUE_IS_INTEGER) return sqlite3_bind_int64(statement, index, value->integer);
  return sqlite3_bind_text(statement, index, value->text, -1, SQLITE_STATIC);
}

enum reason database_again(struct ledger *ledger, sqlite3_stmt *statement, const struct value *values, size_t count) {
  sqlite3_reset(statement);
  for (size_t i = 0; i < count; i++)
    if (bind(statement, (int)i + 1, &values[i]) != SQLITE_OK) return database_failure(ledger);
  return REASON_OK;
}

enum reason database_query(struct ledger *ledger, const char *sql, const struct value *values, size_t count,
                           sqlite3_stmt **ret) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  if (sqlite3_prepare_v2(ledger->db, sql, -1, &statement, NULL) != SQLITE_OK) return database_failure(ledger);
  enum reason reason = database_again(ledger, statement, values, count);
  if (reason != REASON_OK) return reason;
  *ret = statement;
  statement = NULL;
  return REASON_OK;
}

enum reason database_step(struct ledger *ledger, sqlite3_stmt *statement, bool *ret_row) {
  int code = sqlite3_step(statement);
  if (code != SQLITE_ROW && code != SQLITE_DONE) return database_failure(ledger);
  *ret_row = code == SQLITE_ROW;
  return REASON_OK;
}

enum reason database_run(struct ledger *ledger, const char *sql, const struct value *values, size_t count) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason = database_query(ledger, sql, values, count, &statement);
  for (bool row = true; reason == REASON_OK && row;)
    reason = database_step(ledger, statement, &row);
  return reason;
}

enum reason database_integer(struct ledger *ledger, const char *sql, const struct value *values, size_t count,
                             int64_t missing, int64_t *ret) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason = database_query(ledger, sql, values, count, &statement);
  bool row = false;
  if (reason == REASON_OK) reason = database_step(ledger, statement, &row);
  if (reason == REASON_OK) *ret = row ? sqlite3_column_int64(statement, 0) : missing;
  return reason;
}

const char *column_text(sqlite3_stmt *statement, int column) {
  const unsigned char *text = sqlite3_column_text(statement, column);
  return text != NULL ? (const char *)text : "";
}

enum reason transaction_begin(struct ledger *ledger, enum transaction_kind kind, struct transaction *ret) {
  enum reason reason = database_script(ledger, kind == TRANSACTION_WRITES ? "BEGIN IMMEDIATE" : "BEGIN");
  if (reason == REASON_OK) ret->ledger = ledger;
  return reason;
}

enum reason transaction_commit(struct transaction *transaction) {
  enum reason reason = database_script(transaction->ledger, "COMMIT");
  if (reason == REASON_OK) transaction->ledger = NULL;
  return reason;
}

/* The detail of what failed before is worth more than that of a rollback. */
void transaction_end(struct transaction *transaction) {
  if (transaction->ledger == NULL || sqlite3_get_autocommit(transaction->ledger->db)) return;
  int saved = errno;
  sqlite3_exec(transaction->ledger->db, "ROLLBACK", NULL, NULL, NULL);
  errno = saved;
}
