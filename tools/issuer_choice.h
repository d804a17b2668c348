/* Issuers named at the command line. */
#ifndef JWT_LOGIN_ISSUER_CHOICE_H
#define JWT_LOGIN_ISSUER_CHOICE_H

#include <stdbool.h>

#include "settings.h"

/*
 * True when every title is that of an issuer section. `titles` is NULL-terminated, as argv is. A wrong one is told on
 * stderr in the name of `command`.
 */
MUST_USE bool issuers_exist(const char *command, const struct settings *settings, char *const *titles);

/* True when the issuer's title is among `titles`, or these are none. */
bool issuer_is_chosen(const struct issuer *issuer, char *const *titles);

#endif
