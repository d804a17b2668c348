/* The site's own key of account_id_probe, by which all its hosts compute the same ids and strangers do not. */
#ifndef JWT_LOGIN_FLEET_KEY_H
#define JWT_LOGIN_FLEET_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"

#define FLEET_KEY_SIZE 16 /* bytes */

/*
 * The key in the file `path`, or, when that is NULL, the built-in one, which is public (jwt-login.conf(5), fleet_key).
 * The file holds 32 hex digits and a newline, belongs to root, nobody else may read or write it, and it is no link
 * (trusted_secret_read). False, with errno, when it cannot be read or is not so: no account may be made then.
 */
MUST_USE bool fleet_key_read(const char *path, uint8_t ret[FLEET_KEY_SIZE]);

#endif
