/* Where the ledger stands, and whether only root could have touched it. */
#ifndef JWT_LOGIN_ACCOUNTS_LEDGER_FILE_H
#define JWT_LOGIN_ACCOUNTS_LEDGER_FILE_H

#include <stdbool.h>

#include "reason.h"

/* LEDGER_FILE_LOST: it is not there, and the NSS tables beside it, which are written only after it, are. */
enum ledger_file { LEDGER_FILE_THERE, LEDGER_FILE_NEVER_MADE, LEDGER_FILE_LOST };

/*
 * Resolve and check `path`: its folder (made 0755 when missing and make_folder) and every folder above belong to the
 * caller or root and let nobody else write (a sticky folder of root excepted); the folder is no link. The file, when
 * there is one, is a regular file of the caller, mode 0600 at most: who may read it may also lock it.
 * *ret_path, malloc'd, has no link in it. Errors: REASON_FILE_UNSAFE, REASON_STATE_UNAVAILABLE (errno set),
 * REASON_OUT_OF_MEMORY.
 */
MUST_USE enum reason ledger_file_locate(const char *path, bool make_folder, char **ret_path,
                                        enum ledger_file *ret_file);

/*
 * Make the file at `path`, as located, wholly or not at all: `fill` fills a temporary one beside it, which is then
 * fsync'd and linked. One that another process made meanwhile stands, and that is REASON_OK.
 */
MUST_USE enum reason ledger_file_create(const char *path, enum reason (*fill)(const char *path));

#endif
