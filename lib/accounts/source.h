/* One of the host's account sources. */
#ifndef JWT_LOGIN_ACCOUNTS_SOURCE_H
#define JWT_LOGIN_ACCOUNTS_SOURCE_H

#include "nsswitch.h"
#include "sources.h"

struct question {
  bool group;       /* or a user */
  const char *name; /* NULL: by id */
  uint32_t id;
};

/* Ask a source that is not `files`. */
MUST_USE enum source_answer source_ask_module(const char *source, const struct question *question, uint32_t *ret_id);

/* The sources that /etc/nsswitch.conf lists for `database`. False when it cannot be read or made out. */
MUST_USE bool sources_listed(const char *database, struct source_names *ret);

#endif
