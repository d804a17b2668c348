/* The head of a cached key set. */
#ifndef JWT_LOGIN_FETCH_HEAD_H
#define JWT_LOGIN_FETCH_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

/* Copy a cached set with other times in its head. False when it has no head or memory ran out. *ret is the caller's. */
MUST_USE bool head_renew(const char *bytes, size_t size, int64_t fetched, int64_t due, char **ret, size_t *ret_size);

#endif
