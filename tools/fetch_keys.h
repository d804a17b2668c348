/* The ways in which jwt-fetch-keys is called. Each returns an exit status. */
#ifndef JWT_LOGIN_FETCH_KEYS_H
#define JWT_LOGIN_FETCH_KEYS_H

#include <stdbool.h>

#include "fetch.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_WRONG };

/* Print `jwt-fetch-keys: SUBJECT: TEXT` to standard error; no subject with NULL. */
void complain(const char *subject, const char *text);

/* Tells of a long wait on standard error, where that is a terminal; NULL where it is not. */
const struct fetch_progress *terminal_progress(void);
/* Remove what it said. */
void terminal_progress_end(void);

/* Renew the keys of one section, or of all whose keys are due (`title` NULL). */
int update_keys(const char *title, bool force);

/* Ask as the parts of `asked` say that fetch_keys looks at, and print what came. Nothing is kept. */
int probe_keys(const struct issuer *asked);

/* Serve jwt-keeper on descriptor 0. `unshed` is why privilege could not be shed, and then the answer; else NULL. */
int serve_login(const char *unshed);

#endif
