/* Asking the host's other account sources, one by one, as nsswitch.conf lists them, never ours. */
#ifndef JWT_LOGIN_SOURCES_H
#define JWT_LOGIN_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"

enum source_answer {
  SOURCE_ABSENT,      /* every other source answered, and none has it */
  SOURCE_FOUND,       /* one has it */
  SOURCE_UNAVAILABLE, /* one did not answer, and none of the others has it */
};

/*
 * Every source of the passwd or group line is asked, whatever the actions in brackets say: `files` by reading the file,
 * any other by its module's own function, never through nscd. A source whose module is not installed, or does not know
 * the question, is passed over as glibc does; one that cannot be loaded or does not answer is unavailable. These load
 * modules and read whole files: for helpers and tools, never for a library inside somebody's process.
 * ret_uid, ret_gid may be NULL; set on SOURCE_FOUND.
 */
MUST_USE enum source_answer sources_user_by_name(const char *name, uint32_t *ret_uid);
MUST_USE enum source_answer sources_user_by_uid(uint32_t uid);
MUST_USE enum source_answer sources_group_by_name(const char *name, uint32_t *ret_gid);
MUST_USE enum source_answer sources_group_by_gid(uint32_t gid);

/* True when a group lists `name` as a member, as in `docker:x:990:carl`, though nobody has that name: whoever got it
 * would get the rights left for it. Also when that cannot be known. */
bool sources_group_lists_member(const char *name);

/*
 * What `files` has, read once, for a tool that asks of very many accounts; other sources are asked each time, until one
 * does not answer: that one is unavailable from then on. NULL, with errno, when memory ran out or a file could not be
 * read. Free it with sources_forget.
 */
struct known_sources;
struct known_sources *sources_remember(void);
void sources_forget(struct known_sources *known);

/* Has any source the name, as a user or as a group? */
MUST_USE enum source_answer sources_have_owner(struct known_sources *known, const char *name);

/* The same, or as a member that a group lists: a new account would get the rights left for it. */
MUST_USE enum source_answer sources_have_name(struct known_sources *known, const char *name);

/* Has any source the id: as a uid or as a gid? */
MUST_USE enum source_answer sources_have_id(struct known_sources *known, uint32_t id);

/* Where nsswitch.conf has the jwt source in a database's line. */
enum our_place { OURS_LAST, OURS_BEFORE_OTHERS, OURS_NOWHERE };

/* `database`: "passwd" or "group". False when the file cannot be read or made out. */
MUST_USE bool sources_our_place(const char *database, enum our_place *ret);

#endif
