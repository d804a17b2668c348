/*
 * The NSS tables, write side. One writer at a time is the caller's affair: the ledger's write lock serves.
 * Link libtablewriter.la, libtables.la and libbase.la, in this order.
 */
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

#define TABLE_RECENT_MAX 512 /* rows of the recent table from which on tables_add asks for a compaction */

/*
 * Write a new base from `source` and the settings, and an empty recent table that belongs to it: each file whole,
 * fsync'd, renamed; then mark the recent table they replace as superseded and remove the base it named. The folder is
 * made when missing (0755), its parent is not. On failure the old tables stay in use. Errors: REASON_STATE_UNAVAILABLE
 * (errno set), REASON_OUT_OF_MEMORY, what the source reported; REASON_INTERNAL for two rows of one name or id, an id
 * outside the range, a name that is not strict, or a home, shell or login program that is longer than
 * ACCOUNT_PATH_MAX, not absolute, or has a colon or a control character in it.
 */
MUST_USE enum reason tables_write_all(const char *directory, const struct account_settings *settings,
                                      const struct table_source *source);

/*
 * Add one account to the recent table. REASON_OK, also when the tables have this very row; *ret_compact is set, to true
 * when the recent table has grown so large that the caller should tables_write_all next, else to false. Fails as
 * tables_write_all does, and with REASON_STATE_DAMAGED when there is no sound base to add to (the caller then writes
 * all).
 */
MUST_USE enum reason tables_add(const char *directory, const struct table_row *row, bool *ret_compact);

#endif
