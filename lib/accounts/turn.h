/*
 * Whose turn it is to change many accounts, or to bring all NSS tables up to date: so that of many who find them behind
 * one does it, and none begins anew because of another. No more rests on it: whoever waits for one that does not get on
 * (it may be frozen) goes on without.
 */
#ifndef JWT_LOGIN_ACCOUNTS_TURN_H
#define JWT_LOGIN_ACCOUNTS_TURN_H

#include <stdbool.h>

#include "database.h"

/* True when it is ours now, or was already. */
bool turn_take(struct ledger *ledger);

/* Wait for it as long as who has it gets on. True when somebody else had it. */
bool turn_wait_for(struct ledger *ledger);

/* To be called now and then by who has it. */
void turn_get_on(struct ledger *ledger);

/* database_close does it, too, and so does the end of the process. */
void turn_give_up(struct ledger *ledger);

#endif
