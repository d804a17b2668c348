#include "secret.h"

#include <stdlib.h>

void secret_erase(void *pointer, size_t size) {
  if (pointer != NULL) explicit_bzero(pointer, size);
}

void secret_free(char *string) {
  if (string != NULL) explicit_bzero(string, strlen(string));
  free(string);
}
