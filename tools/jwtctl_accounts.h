/* What the commands on accounts share. */
#ifndef JWT_LOGIN_JWTCTL_ACCOUNTS_H
#define JWT_LOGIN_JWTCTL_ACCOUNTS_H

#include <jansson.h>

#include "ledger.h"

/* What the ledger has of an identity. NULL when memory ran out. */
json_t *identity_json(const struct identity *identity);

#endif
