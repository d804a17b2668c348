/* Memory that is given back all at once: whatever the settings point to. */
#ifndef JWT_LOGIN_POLICY_ARENA_H
#define JWT_LOGIN_POLICY_ARENA_H

#include <stddef.h>

struct arena {
  struct arena_block *blocks;
};

/* Zeroed memory for any type; NULL when there is none. */
void *arena_alloc(struct arena *arena, size_t size);

/* A NUL-terminated copy of `size` bytes; NULL when memory ran out. */
char *arena_copy(struct arena *arena, const char *text, size_t size);

void arena_free(struct arena *arena);

#endif
