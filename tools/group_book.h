/* The groups that accounts are to be in for good, each looked up once. */
#ifndef JWT_LOGIN_GROUP_BOOK_H
#define JWT_LOGIN_GROUP_BOOK_H

#include "account_settings.h"
#include "compiler.h"
#include "ledger.h"

struct group_book;

/* Both are kept by reference. NULL when memory ran out. */
struct group_book *group_book_new(struct ledger *ledger, const struct account_settings *settings);
void group_book_free(struct group_book *book);

/* Append to `groups`, `count` of which are there, the group of this name, of another source with a gid from 1000 on, or
 * of a section of the settings; its own name lives as long as the book. False, and what is wrong in one clause. */
MUST_USE bool group_book_add(struct group_book *book, const char *name, struct given_group *groups, size_t count,
                             const char **ret_wrong);

#endif
