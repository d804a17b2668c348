/* The steps of sandbox_enter. Each returns false with errno set; the process may then be half shed. */
#ifndef JWT_LOGIN_SANDBOX_PARTS_H
#define JWT_LOGIN_SANDBOX_PARTS_H

#include <stdbool.h>

#include "compiler.h"

/*
 * Give up every privilege for good and verify that it is gone. A root caller becomes `user`, or nobody when `optional`
 * and the user is not in /etc/passwd; any other caller keeps its effective ids, wholly.
 */
MUST_USE bool privileges_shed(const char *user, bool optional);

/* Allow the few system calls of filter.c from here on; any other kills the process. Needs no_new_privs. */
MUST_USE bool filter_install(void);

/* Bar the few system calls that no network client needs; all others go on. Needs no_new_privs. */
MUST_USE bool filter_bar(void);

#endif
