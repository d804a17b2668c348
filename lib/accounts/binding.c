#include "binding.h"

#include <string.h>

#include "names.h"

#define BINDING_MAX 16384 /* bytes: as much as fits into a token */

bool binding_is_printable(const char *issuer, const char *subject) {
  return text_is_printable(issuer) && text_is_printable(subject);
}

static bool is_whole(const char *text) {
  size_t length = strlen(text);
  return length > 0 && length <= BINDING_MAX && text_is_printable(text);
}

bool binding_is_whole(const char *issuer, const char *subject) {
  return is_whole(issuer) && is_whole(subject);
}
