/* Folders that everybody may look into. */
#ifndef JWT_LOGIN_SHARED_FOLDER_H
#define JWT_LOGIN_SHARED_FOLDER_H

#include <stdbool.h>

#include "compiler.h"

/*
 * Make the folder `path`, whose parent is there, with the mode 0755 whatever the umask. One that is there already stays
 * as it is, but when it is of our own user and closed to others: who made it may have been killed before setting the
 * mode (mkdir(2) heeds the umask), so it is opened to them. Whether it is safe, or a folder at all, is the caller's
 * question. False with errno.
 */
MUST_USE bool shared_folder_make(const char *path);

#endif
