/* The groups that exist because of us. */
#ifndef JWT_LOGIN_ACCOUNTS_GROUPS_H
#define JWT_LOGIN_ACCOUNTS_GROUPS_H

#include "ledger.h"

/* Has the ledger a group of this name, ours or one of another source with members of ours? */
MUST_USE enum reason group_has_name(struct ledger *ledger, const char *name, bool *ret);

/* Make the groups of the settings' sections. See ledger_declare. */
MUST_USE enum reason groups_declare(struct ledger *ledger, const struct provisioning *how, declared_teller tell,
                                    void *context);

#endif
