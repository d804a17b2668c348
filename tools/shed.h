/* How a command of jwtctl sheds its privilege before it looks at tokens and key sets. */
#ifndef JWT_LOGIN_SHED_H
#define JWT_LOGIN_SHED_H

#include "reason.h"
#include "token.h"

/*
 * token_prepare, then the judge's sandbox with standard input, output and error kept. Read every file before.
 * A failure was told on stderr in the name of `command`; exit then.
 */
MUST_USE enum reason shed_privilege(const char *command);

/*
 * Read the key set, shed privilege, and only then parse. EXIT_YES, or EXIT_WRONG_USE when the file cannot be read or
 * privilege cannot be shed; that was told on stderr. A file that is no key set is no wrong use: *ret_unusable then says
 * why, and *ret stays NULL. Else it is REASON_OK and *ret the caller's.
 */
MUST_USE int load_key_set(const char *command, const char *path, struct keyset **ret, enum reason *ret_unusable);

#endif
