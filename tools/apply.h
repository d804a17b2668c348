/* What `jwtctl apply` does, for commands that change the settings. */
#ifndef JWT_LOGIN_APPLY_H
#define JWT_LOGIN_APPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger.h"
#include "settings.h"

struct apply_count {
  struct comparison_count accounts;
  size_t refused; /* that the settings declare and that cannot be, which were told */
};

/* Make the declared accounts, leave out of the tables whatever other sources have gained, which is told, renew what NSS
 * knows, and tidy the ledger. False when that failed, which was told in the name of `command`. */
MUST_USE bool apply_settings(const char *command, const struct settings *settings, struct apply_count *ret);

#endif
