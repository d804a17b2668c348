/* The parts of `jwtctl check`. */
#ifndef JWT_LOGIN_JWTCTL_CHECK_H
#define JWT_LOGIN_JWTCTL_CHECK_H

#include <jansson.h>
#include <stdbool.h>

#include "settings.h"

/* Add a warning to the array, with its file and line where `line` is not 0. */
void check_warn(json_t *warnings, const char *file, int line, const char *format, ...) PRINTF_LIKE(4, 5);

/* Whether the issuers' keys can be fetched and, for the host's own settings, were; and whether OpenSSL has their
 * algorithms. */
void check_issuers(const struct settings *settings, bool host, json_t *warnings);

#endif
