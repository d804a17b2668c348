#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
  struct arena_block *next;
  max_align_t bytes[];
};

void *arena_alloc(struct arena *arena, size_t size) {
  if (size > SIZE_MAX - sizeof(struct arena_block)) return NULL;
  struct arena_block *block = calloc(1, sizeof(*block) + size);
  if (!block) return NULL;
  block->next = arena->blocks;
  arena->blocks = block;
  return block->bytes;
}

char *arena_copy(struct arena *arena, const char *text, size_t size) {
  char *copy = arena_alloc(arena, size + 1);
  if (copy) memcpy(copy, text, size);
  return copy;
}

void arena_free(struct arena *arena) {
  while (arena->blocks) {
    struct arena_block *block = arena->blocks;
    arena->blocks = block->next;
    free(block);
  }
}
