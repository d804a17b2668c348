/* Which groups an account is in for the whole host: until a token expires, or until the administrator ends it. */
#ifndef JWT_LOGIN_ACCOUNTS_MEMBERSHIPS_H
#define JWT_LOGIN_ACCOUNTS_MEMBERSHIPS_H

#include <sqlite3.h>

#include "ledger.h"
#include "table_writer.h"

#define GROUP_NAME_MAX 255 /* bytes of a local group's name */

/*
 * Within the caller's transaction: the groups of a grant become memberships of its identity, until the grant's rights
 * end. *ret_changed: the tables do not say so yet. REASON_GROUP_AMBIGUOUS when a group of another source cannot stand
 * beside those of the ledger.
 */
MUST_USE enum reason memberships_add_granted(struct ledger *ledger, const struct admission *admission,
                                             const struct grant *grant, bool *ret_changed);

/* Within the caller's transaction: the groups may have members from now on. REASON_GROUP_AMBIGUOUS as above. */
MUST_USE enum reason memberships_note_groups(struct ledger *ledger, const struct given_group *groups, size_t count,
                                             struct id_range range, int64_t now);

/* Then, in the same transaction: the administrator makes the identity a member. */
MUST_USE enum reason memberships_add_lasting(struct ledger *ledger, uint32_t uid, const struct given_group *groups,
                                             size_t count);

/* The same, of no others for good, and the tables are to be told. */
MUST_USE enum reason memberships_set_lasting(struct ledger *ledger, uint32_t uid, const struct given_group *groups,
                                             size_t count);

/* Within the caller's transaction: whether the lasting memberships are these, in whatever order. */
MUST_USE enum reason memberships_are_lasting(struct ledger *ledger, uint32_t uid, const struct given_group *groups,
                                             size_t count, bool *ret);

/* Within the caller's transaction: whoever publishes next tells the tables of the identity's memberships, even of there
 * being none, for the tables may have some that the ledger no longer has. */
MUST_USE enum reason memberships_note_changed(struct ledger *ledger, uint32_t uid);

/* Within the caller's transaction: those that tokens gave the identity are over, and the tables are to be told. */
MUST_USE enum reason memberships_end_granted(struct ledger *ledger, uint32_t uid);

/* The same, and the grants themselves are over. */
MUST_USE enum reason grants_end(struct ledger *ledger, uint32_t uid);

/* ---- for the tables ---- */

/* What the tables are told of one account: for each gid the latest end, those that end last first. */
struct account_memberships {
  struct table_membership items[TABLE_GROUPS_MAX];
  struct table_group groups[TABLE_GROUPS_MAX]; /* those of the items; names stand in `names` */
  char names[TABLE_GROUPS_MAX][GROUP_NAME_MAX + 1];
  size_t count;
  sqlite3_stmt *statement; /* NULL, or of a look at another account before; see memberships_clear */
};
MUST_USE enum reason memberships_of(struct ledger *ledger, uint32_t uid, struct id_range range,
                                    struct account_memberships *ret);
void memberships_clear(struct account_memberships *memberships);

/* All groups that the tables are told of. */
struct group_list {
  struct table_group *items; /* in the order of gids; allocated, so is each name */
  size_t count;
};
MUST_USE enum reason groups_for_tables(struct ledger *ledger, struct id_range range, struct group_list *ret);
void group_list_clear(struct group_list *list);

/* Leave out those of other groups, which came after the list was made: their account is published once more. */
void memberships_keep_listed(struct account_memberships *memberships, const struct group_list *list);

#endif
