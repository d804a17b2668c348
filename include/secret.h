/* Erasing what must not stay in memory. */
#ifndef JWT_LOGIN_SECRET_H
#define JWT_LOGIN_SECRET_H

#include <string.h>

#include "compiler.h"

/* Fails to compile on a pointer, whose size is not that of what it points to. */
#define MUST_BE_ARRAY(array)                                                                                    \
  (0 * sizeof(struct {                                                                                          \
     _Static_assert(!__builtin_types_compatible_p(__typeof__(array), __typeof__(&(array)[0])), "not an array"); \
     int dummy;                                                                                                 \
   }))

/* Erase a whole array; a whole object; `size` bytes at `pointer` (NULL is allowed). Never optimised away. */
#define ERASE_ARRAY(array) explicit_bzero((array), sizeof(array) + MUST_BE_ARRAY(array))
#define ERASE_OBJECT(object) explicit_bzero(&(object), sizeof(object))
void secret_erase(void *pointer, size_t size);

/* Erase and free a NUL-terminated string; NULL is allowed. */
void secret_free(char *string);

#endif
