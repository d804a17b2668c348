/* Ids of accounts and groups: one space, in which none is given out twice. */
#ifndef JWT_LOGIN_ACCOUNTS_IDS_H
#define JWT_LOGIN_ACCOUNTS_IDS_H

#include "account_settings.h"
#include "ledger.h"

/* Did anybody ever have the id? */
MUST_USE enum reason id_was_used(struct ledger *ledger, uint32_t id, bool *ret);

/* Within the caller's transaction: from now on it is used. */
MUST_USE enum reason id_use_up(struct ledger *ledger, uint32_t id, const char *name, int64_t now);

/*
 * The first probe of the name that nobody has. To be called outside any transaction: other sources may be slow, and the
 * lock is everybody's. REASON_ACCOUNT_RANGE_FULL, REASON_SOURCE_UNAVAILABLE; REASON_SETTINGS_INVALID when the fleet key
 * cannot be read.
 */
MUST_USE enum reason id_choose(struct ledger *ledger, const char *name, const struct account_settings *settings,
                               id_use_function id_use, void *context, uint32_t *ret);

#endif
