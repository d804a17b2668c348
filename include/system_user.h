/* The project's own system users. */
#ifndef JWT_LOGIN_SYSTEM_USER_H
#define JWT_LOGIN_SYSTEM_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "compiler.h"

/*
 * The ids of `name` in /etc/passwd, where packages make system users. Not by getpwnam(3), which would load NSS
 * modules, this project's own among them, into a process with root's privilege, and would make a login wait for
 * whatever source is slow or down. False with errno ENOENT when it is not there.
 */
MUST_USE bool system_user_find(const char *name, uid_t *ret_uid, gid_t *ret_gid);

#endif
