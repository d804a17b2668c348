/* Which known name was probably meant. */
#ifndef JWT_LOGIN_POLICY_NEAREST_H
#define JWT_LOGIN_POLICY_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 2 /* a name that differs in more than this was not meant */

/* Make `known` the nearest when it is nearer to `name` than *distance (start: NEAREST_MAX + 1). */
void nearest_try(const char *name, const char *known, const char **nearest, size_t *distance);

#endif
