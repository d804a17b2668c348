/* The NSS tables, write side. One writer at a time is the caller's affair: the ledger's write lock serves. */
#ifndef JWT_LOGIN_TABLE_WRITER_H
#define JWT_LOGIN_TABLE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "account_settings.h"
#include "reason.h"

struct table_row {
  const char *name;
  const char *home;
  const char *shell;
  uint32_t uid;
};

/* Yields the rows one after the other: true with *ret filled (valid until the next call), false at the end or on
 * failure, which *failure then tells. */
struct table_source {
  bool (*next)(void *context, struct table_row *ret, enum reason *failure);
  void *context;
};

/*
 * Write a new base from `source` and the settings, and an empty recent table that belongs to it: each file whole,
 * fsync'd, renamed; then mark the files they replace as superseded. The folder is made when missing (0755).
 * On failure the old tables stay in use. Errors: REASON_STATE_UNAVAILABLE (errno set), REASON_OUT_OF_MEMORY,
 * what the source reported; REASON_INTERNAL for two rows of one name or id, or an id outside the range.
 */
MUST_USE enum reason tables_write_all(const char *directory, const struct account_settings *settings,
                                      const struct table_source *source);

/*
 * Add one account to the recent table. REASON_OK; *ret_compact is set when the recent table has grown so large that
 * the caller should tables_write_all next. Fails as tables_write_all does, and with REASON_STATE_DAMAGED when there
 * is no sound base to add to (the caller then writes all).
 */
MUST_USE enum reason tables_add(const char *directory, const struct table_row *row, bool *ret_compact);

#endif
