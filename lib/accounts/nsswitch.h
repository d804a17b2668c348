/* The sources that a line of nsswitch.conf names. */
#ifndef JWT_LOGIN_ACCOUNTS_NSSWITCH_H
#define JWT_LOGIN_ACCOUNTS_NSSWITCH_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"

#define SOURCE_NAME_MAX 32
#define SOURCES_MAX 16

struct source_names {
  char names[SOURCES_MAX][SOURCE_NAME_MAX + 1];
  size_t count;
  size_t before_ours; /* how many of them stand before the first "jwt" */
  bool ours;          /* there is one */
};

/*
 * The sources of `database` ("passwd") in `text`, in order, each once, ours ("jwt") left out; actions in brackets do
 * not matter to us: every source is asked. A database without a line has "files", as in glibc.
 * False when a name is not [A-Za-z0-9_.-] or there are too many.
 */
MUST_USE bool nsswitch_sources(const char *text, const char *database, struct source_names *ret);

#endif
