#include "binding.h"

#include <string.h>

#define BINDING_MAX 16384 /* bytes: as much as fits into a token */

static bool is_printable(const char *text) {
  for (; *text != '\0'; text++)
    if ((unsigned char)*text < ' ' || *text == 0x7f) return false;
  return true;
}

bool binding_is_printable(const char *issuer, const char *subject) {
  return is_printable(issuer) && is_printable(subject);
}

static bool is_whole(const char *text) {
  size_t length = strlen(text);
  return length > 0 && length <= BINDING_MAX && is_printable(text);
}

bool binding_is_whole(const char *issuer, const char *subject) {
  return is_whole(issuer) && is_whole(subject);
}
