/*
 * The NSS tables, write side. One writer at a time, but for tables_build, is the caller's affair: the ledger's write
 * lock serves.
 * Link libtablewriter.la, libtables.la and libbase.la, in this order.
 */
#ifndef JWT_LOGIN_TABLE_WRITER_H
#define JWT_LOGIN_TABLE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "account_settings.h"
#include "reason.h"
#include "tables.h" /* TABLE_GROUPS_MAX */

#define TABLE_FOREVER INT64_MAX

struct table_membership {
  uint32_t gid;
  int64_t expires; /* seconds since the epoch at which the reader stops reporting it; or TABLE_FOREVER */
};

/* A group with memberships of ours: one of ours, with a gid in the range and a strict name, or a local one, whose gid
 * the range does not hold. */
struct table_group {
  const char *name;
  uint32_t gid;
};

struct table_row {
  const char *name;
  const char *home;
  const char *shell;
  uint32_t uid;
  const struct table_membership *memberships; /* at most TABLE_GROUPS_MAX, each gid once */
  size_t membership_count;
};

/* Yields the rows one after the other: true with *ret filled (valid until the next call), false at the end or on
 * failure, which *failure then tells. `groups` are all that there are, also those without a member. */
struct table_source {
  bool (*next)(void *context, struct table_row *ret, enum reason *failure);
  void *context;
  const struct table_group *groups;
  size_t group_count;
};

#define TABLE_RECENT_MAX 512 /* accounts of the recent table at which it is merged into a new base */

/* A base that is built and on the disk, but not in use. */
struct table_base;

/*
 * Build a base from `source` and the settings, beside what is in use: other writers may go on meanwhile. The folder is
 * made when missing (0755), its parent is not. Memory does not grow with the accounts. *ret is the caller's:
 * tables_drop. Errors: REASON_STATE_UNAVAILABLE (errno set), REASON_OUT_OF_MEMORY, what the source reported;
 * REASON_INTERNAL for two rows or groups of one name or id, an account's id outside the range, a name that is not
 * strict, a home, shell, login program or fleet key's path that is longer than ACCOUNT_PATH_MAX, not absolute, or has a
 * colon or a control character in it, a membership of no group, or twice of one.
 */
MUST_USE enum reason tables_build(const char *directory, const struct account_settings *settings,
                                  const struct table_source *source, struct table_base **ret);

/*
 * Put a base in use, once: rename it, then in the same way a recent table that belongs to it and has the rows of `late`
 * (NULL: none), mark the recent table that it replaces as superseded and remove the base which that named. `late` may
 * change rows of the base (same name, same uid); its groups are those of its rows at least. This is quick. On failure
 * the old tables stay in use. Errors: as tables_build has them.
 */
MUST_USE enum reason tables_use(struct table_base *base, const struct table_source *late);

/* Free it; its file goes when it was not put in use. errno stays. NULL is fine. */
void tables_drop(struct table_base *base);

/* The three in one, without `late`. */
MUST_USE enum reason tables_write_all(const char *directory, const struct account_settings *settings,
                                      const struct table_source *source);

/*
 * Add one account to the recent table, or replace its row (same name, same uid). `groups` has those of its memberships
 * at least that the tables do not have yet. REASON_OK, also when the tables have this very row. A recent table that has
 * grown full is merged into a new base; when there is no space for that, it goes on growing.
 * Fails as tables_build does, and with REASON_STATE_DAMAGED when there is no sound base to add to. After that, and
 * after REASON_INTERNAL (the tables have its name or its uid in another row, or a group under another name), the caller
 * writes all.
 */
MUST_USE enum reason tables_put(const char *directory, const struct table_row *row, const struct table_group *groups,
                                size_t group_count);

#endif
