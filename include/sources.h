/* Asking the host's other account sources, one by one, as nsswitch.conf lists them, never ours. */
#ifndef JWT_LOGIN_SOURCES_H
#define JWT_LOGIN_SOURCES_H

#include <stdint.h>

#include "compiler.h"

enum source_answer {
  SOURCE_ABSENT,      /* every other source answered, and none has it */
  SOURCE_FOUND,       /* one has it */
  SOURCE_UNAVAILABLE, /* one did not answer, and none of the others has it */
};

/*
 * These change the calling process's name service configuration (__nss_configure_lookup) and are not thread-safe: for
 * helpers and tools, never for a library inside somebody's process.
 * ret_uid, ret_gid may be NULL; set on SOURCE_FOUND.
 */
MUST_USE enum source_answer sources_user_by_name(const char *name, uint32_t *ret_uid);
MUST_USE enum source_answer sources_user_by_uid(uint32_t uid);
MUST_USE enum source_answer sources_group_by_name(const char *name, uint32_t *ret_gid);
MUST_USE enum source_answer sources_group_by_gid(uint32_t gid);

#endif
