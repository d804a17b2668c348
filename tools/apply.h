/* What `jwtctl apply` does, for commands that change the settings. */
#ifndef JWT_LOGIN_APPLY_H
#define JWT_LOGIN_APPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "settings.h"

/* The accounts that there are: whose id is in the settings' range, and whose is not; and those that the settings
 * declare and that cannot be, which were told. */
struct apply_count {
  size_t inside, outside, refused;
};

/* Make the declared accounts, renew what NSS knows of the settings, and tidy the ledger. False when that failed, which
 * was told in the name of `command`. */
MUST_USE bool apply_settings(const char *command, const struct settings *settings, struct apply_count *ret);

#endif
