/* SQLite as the ledger uses it: one connection, bound parameters, every result a reason. */
#ifndef JWT_LOGIN_ACCOUNTS_DATABASE_H
#define JWT_LOGIN_ACCOUNTS_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock_watch.h"
#include "reason.h"

struct ledger {
  sqlite3 *db;
  const char *keeper; /* the program that is killed when it holds a lock for too long: PATH_KEEPER, or a test's */
  struct lock_watch watch;
  int64_t waiting_since;
  int turn; /* see turn.h; -1: not ours */
  void (*progress)(void *context, size_t accounts);
  void *progress_context;
  char detail[256];
};

/* A parameter. Text is borrowed until the statement is done; NULL text is SQL's NULL. */
struct value {
  enum { VALUE_IS_TEXT, VALUE_IS_INTEGER } kind;
  const char *text;
  int64_t integer;
};
#define TEXT(string) ((struct value){.kind = VALUE_IS_TEXT, .text = (string)})
#define INTEGER(number) ((struct value){.kind = VALUE_IS_INTEGER, .integer = (int64_t)(number)})
#define WITH(...) (const struct value[]){__VA_ARGS__}, COUNT_OF(((const struct value[]){__VA_ARGS__}))
#define WITH_NOTHING NULL, 0

/* Open a file that is there, hardened; it is not looked into yet. */
MUST_USE enum reason database_open(const char *path, struct ledger **ret);
void database_close(struct ledger **ledger);

/* What SQLite's last error on this connection means; the detail is kept and errno set. */
MUST_USE enum reason database_failure(struct ledger *ledger);

/* Run a script without parameters. */
MUST_USE enum reason database_script(struct ledger *ledger, const char *sql);

/* Run one statement to its end; rows are ignored. */
MUST_USE enum reason database_run(struct ledger *ledger, const char *sql, const struct value *values, size_t count);

/* A prepared, bound statement; step it with database_step. Free it with CLEANUP(statement_free). */
MUST_USE enum reason database_query(struct ledger *ledger, const char *sql, const struct value *values, size_t count,
                                    sqlite3_stmt **ret);
/* Begin the statement anew with other parameters. */
MUST_USE enum reason database_again(struct ledger *ledger, sqlite3_stmt *statement, const struct value *values,
                                    size_t count);
MUST_USE enum reason database_step(struct ledger *ledger, sqlite3_stmt *statement, bool *ret_row);
void statement_free(sqlite3_stmt **statement);

/* The first column of the first row, as an integer; `missing` when there is no row. */
MUST_USE enum reason database_integer(struct ledger *ledger, const char *sql, const struct value *values, size_t count,
                                      int64_t missing, int64_t *ret);

/* A column's text; "" for NULL. Lives until the next step. */
const char *column_text(sqlite3_stmt *statement, int column);

/*
 * In used_tokens, in place of a token's id, which is printable: every token of the issuer that ends no later than this
 * row may have been used, for those that were are forgotten.
 */
#define FORGOTTEN_TOKENS "char(10)"

/* A transaction is rolled back at the end of its scope, CLEANUP(transaction_end), unless it was committed. */
struct transaction {
  struct ledger *ledger; /* NULL: over */
};
enum transaction_kind { TRANSACTION_READS, TRANSACTION_WRITES };
MUST_USE enum reason transaction_begin(struct ledger *ledger, enum transaction_kind kind, struct transaction *ret);
MUST_USE enum reason transaction_commit(struct transaction *transaction);
void transaction_end(struct transaction *transaction);

/* Within a transaction of the caller's or for itself: the tables are to follow a change that is not of rows which are
 * not `published`. One word for them all: a flag of each would have to be changed a million times when they are. */
MUST_USE enum reason database_note_behind(struct ledger *ledger);

/* So many accounts were gone through. For who watches, and for who waits for our turn. */
void ledger_tell_progress(struct ledger *ledger, size_t accounts);

#endif
