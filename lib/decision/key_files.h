/* The bytes of key files, read while files can be opened and parsed when they cannot. */
#ifndef JWT_LOGIN_DECISION_KEY_FILES_H
#define JWT_LOGIN_DECISION_KEY_FILES_H

#include "decision.h"

struct key_file {
  char *bytes;
  size_t size;
  enum reason reason; /* why there are no bytes */
};

/* The file of one of the settings' issuers. */
const struct key_file *key_file_of(const struct key_files *files, const struct issuer *issuer);

#endif
