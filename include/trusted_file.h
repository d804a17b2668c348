/* Reading files that decide who gets in. */
#ifndef JWT_LOGIN_TRUSTED_FILE_H
#define JWT_LOGIN_TRUSTED_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "reason.h"

enum file_trust {
  FILE_OWNED_BY_ROOT, /* owner 0, no write for group and others, and the same for each folder above it */
  FILE_OF_ANYONE,     /* for a file that the person at the command line named; still a regular file */
};

/*
 * Read a whole regular file into memory.
 *
 * Symbolic links are not followed in the last component (O_NOFOLLOW) and no FIFO or device is ever waited
 * for (O_NONBLOCK, then fstat). FILE_OWNED_BY_ROOT follows no link among the folders either, and allows a sticky
 * folder (/tmp) only when root owns it and the next component.
 *
 * path: absolute for FILE_OWNED_BY_ROOT. max_size: bytes; a larger file is refused.
 * On REASON_OK *ret_bytes is malloc'd, has a NUL after the last byte, and is the caller's; *ret_size is
 * without that NUL. errno is set on failure.
 * Errors: REASON_FILE_UNSAFE (owner, mode, kind, link, too large), REASON_SETTINGS_MISSING for ENOENT,
 * REASON_STATE_UNAVAILABLE for any other failure to open or read, or a file that changed its size meanwhile (EAGAIN),
 * REASON_OUT_OF_MEMORY.
 */
MUST_USE enum reason trusted_file_read(const char *path, enum file_trust trust, size_t max_size, char **ret_bytes,
                                       size_t *ret_size);

/*
 * The same with FILE_OWNED_BY_ROOT, but that the file and the folder that holds it may also belong to `owner`; and that
 * the file has no second name, by which somebody else could have brought it there.
 */
MUST_USE enum reason trusted_file_read_of(const char *path, uid_t owner, size_t max_size, char **ret_bytes,
                                          size_t *ret_size);

/* The same with FILE_OWNED_BY_ROOT for a secret: nobody else may read the file either, and it has no second name. */
MUST_USE enum reason trusted_secret_read(const char *path, size_t max_size, char **ret_bytes, size_t *ret_size);

/*
 * Replace `path` by `size` bytes: written to a temporary beside it (`path`.XXXXXX), fsync'd, renamed, folder fsync'd.
 * Mode as given whatever the umask, owner the caller. On failure the old file stands and no temporary is left, unless
 * the very last step failed, the folder's fsync; errno is set.
 * Errors: REASON_STATE_UNAVAILABLE, REASON_OUT_OF_MEMORY.
 */
MUST_USE enum reason file_replace(const char *path, mode_t mode, const void *bytes, size_t size);

#endif
