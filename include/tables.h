/*
 * The NSS tables, read side: immutable files in a world-readable folder, mapped once, bounds-checked on
 * every offset, safe among threads and forks, without a lock, an allocation per lookup or a descriptor kept open.
 * A damaged, missing or outdated file is TABLE_UNAVAILABLE or TABLE_ABSENT, never a crash and never a wrong answer.
 * Tables that another table has replaced are noticed at the next lookup; if what replaced them is damaged or gone,
 * those who had mapped them go on with the old ones. A warm lookup makes no system call but one stat a second. Lookups
 * may change errno. libc only: this is linked into the NSS module and into the PAM module.
 */
#ifndef JWT_LOGIN_TABLES_H
#define JWT_LOGIN_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

enum table_status {
  TABLE_FOUND,
  TABLE_ABSENT,       /* the tables are there and do not have it */
  TABLE_UNAVAILABLE,  /* no tables, or damaged ones */
  TABLE_SMALL_BUFFER, /* the caller's buffer is too small: ask again with a larger one */
};

struct tables;

/* `directory` is kept by reference and must outlive the result. Opens nothing yet. NULL when memory ran out. */
struct tables *tables_new(const char *directory);
void tables_free(struct tables *tables);

/*
 * The one instance of the module that this is linked into, for a module that may be unloaded and has no end of its own
 * but that: no allocation, nothing to free. Always the same directory.
 */
struct tables *tables_shared(const char *directory);

/* Unmap what no lookup is using just now; a later lookup maps afresh. Safe beside lookups of other threads, so also in
 * a destructor that exit(3) runs while they go on. */
void tables_unmap(struct tables *tables);

/* An account. The strings stand in the buffer that the caller passed. The primary group is private: gid = uid, same
 * name. */
struct table_account {
  const char *name;
  const char *home;
  const char *shell;
  uint32_t uid;
};

MUST_USE enum table_status tables_account_by_name(struct tables *tables, const char *name, struct table_account *ret,
                                                  char *buffer, size_t size);
MUST_USE enum table_status tables_account_by_uid(struct tables *tables, uint32_t uid, struct table_account *ret,
                                                 char *buffer, size_t size);

/*
 * The account that `name` would become at its first login: strict, not reserved, possible under a `create` rule, not
 * in the tables yet, neither as a group; its uid the first probe, under the fleet key if there is one, that the tables
 * do not have. TABLE_ABSENT also for a fleet key that this process cannot read. Whether the caller may see it is the
 * caller's question: see tables_login_program.
 */
MUST_USE enum table_status tables_account_to_be(struct tables *tables, const char *name, struct table_account *ret,
                                                char *buffer, size_t size);

#define TABLE_GROUPS_MAX 64 /* memberships of an account */

/*
 * Where memberships end, `now` is seconds since the epoch: one counts while now < its end.
 *
 * The uid and the supplementary groups of an account: these are written to `ret_gids`, *ret_count of them. `room` is
 * how many fit there; TABLE_GROUPS_MAX always suffice, else TABLE_SMALL_BUFFER. TABLE_ABSENT when there is no such
 * account.
 */
MUST_USE enum table_status tables_groups_of(struct tables *tables, const char *name, int64_t now, uint32_t *ret_uid,
                                            uint32_t *ret_gids, size_t room, size_t *ret_count);

/* A group: the private one of an account (no members), one of ours, or a local one that has members of ours. All of it
 * stands in the buffer that the caller passed, of whatever alignment; `members` ends with NULL. */
struct table_group_view {
  const char *name;
  uint32_t gid;
  char **members;
};

MUST_USE enum table_status tables_group_by_name(struct tables *tables, const char *name, int64_t now,
                                                struct table_group_view *ret, char *buffer, size_t size);
MUST_USE enum table_status tables_group_by_gid(struct tables *tables, uint32_t gid, int64_t now,
                                               struct table_group_view *ret, char *buffer, size_t size);

/*
 * Enumeration: each account, or each group (private ones too), once and in no order. There is one walk of each kind,
 * shared by all threads; the first call begins it, and it sees the tables as they are then until it is ended.
 * TABLE_ABSENT at the end, and always when the settings do not say enumerate. TABLE_SMALL_BUFFER does not advance.
 * What is damaged is passed over. A walk keeps its tables mapped; tables_unmap and tables_free end both.
 */
enum table_walk { TABLE_WALK_ACCOUNTS, TABLE_WALK_GROUPS };

MUST_USE enum table_status tables_next_account(struct tables *tables, struct table_account *ret, char *buffer,
                                               size_t size);
MUST_USE enum table_status tables_next_group(struct tables *tables, int64_t now, struct table_group_view *ret,
                                             char *buffer, size_t size);
/* End the walk: the next call begins another. Harmless when there is none. */
void tables_walk_end(struct tables *tables, enum table_walk which);

/* True when `executable` (an absolute path) is one of the configured login programs. False without tables. */
bool tables_login_program(struct tables *tables, const char *executable);

/* True when `id` is in the configured range of created accounts. False without tables. */
bool tables_id_in_range(struct tables *tables, uint32_t id);

/* True when these tables were made from settings with this fingerprint. False without tables. */
bool tables_made_from(struct tables *tables, uint64_t settings_fingerprint);

#endif
