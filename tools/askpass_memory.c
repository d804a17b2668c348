/* Memory of libraries that see a token: they get a heap that erases. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "askpass.h"
#include "secret.h"

void erase_and_free(void *pointer) {
  if (pointer != NULL) secret_erase(pointer, malloc_usable_size(pointer));
  free(pointer);
}

void *erasing_realloc(void *pointer, size_t size) {
  void *larger = malloc(size);
  if (larger == NULL || pointer == NULL) return larger;
  size_t old = malloc_usable_size(pointer);
  memcpy(larger, pointer, old < size ? old : size);
  erase_and_free(pointer);
  return larger;
}
