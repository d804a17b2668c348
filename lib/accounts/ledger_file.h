/* Where the ledger stands, and whether only root could have touched it. */
#ifndef JWT_LOGIN_ACCOUNTS_LEDGER_FILE_H
#define JWT_LOGIN_ACCOUNTS_LEDGER_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "reason.h"

/*
 * Resolve and check `path`: its folder (made 0755 when missing and make_folder) and every folder above belong to the
 * caller or root and let nobody else write (a sticky folder of root excepted); the folder is no link. The file, when
 * there is one, is a regular file of the caller, mode 0600 at most: who may read it may also lock it.
 * *ret_path, malloc'd, has no link in it. Errors: REASON_FILE_UNSAFE, REASON_STATE_UNAVAILABLE (errno set),
 * REASON_OUT_OF_MEMORY.
 */
MUST_USE enum reason ledger_file_locate(const char *path, bool make_folder, char **ret_path, bool *ret_exists);

/*
 * Make the file at `path`, as located, wholly or not at all: `fill` fills a temporary one beside it, which is then
 * fsync'd and linked. One that another process made meanwhile stands, and that is REASON_OK.
 */
MUST_USE enum reason ledger_file_create(const char *path, enum reason (*fill)(const char *path));

#endif
