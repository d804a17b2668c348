/* What every room may lean on: attributes, counting, clean-up of locals. */
#ifndef JWT_LOGIN_COMPILER_H
#define JWT_LOGIN_COMPILER_H

#include <stddef.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#define UNUSED __attribute__((unused))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define EXPORT __attribute__((visibility("default")))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
