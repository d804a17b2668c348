/* The folder of the tables, for writers: one at a time. */
#ifndef JWT_LOGIN_TABLES_FOLDER_H
#define JWT_LOGIN_TABLES_FOLDER_H

#include "build.h"

#define NEW_BASE BASE_PREFIX "new" /* build_open's prefix for a base that is being built */

/* Remove what writers that died have left half built: it may be what fills the disk. errno stays. */
void folder_clean(const char *directory);

/* Put the recent table in place: from here on the new tables are in use. The old one is told so; a reader that misses
 * this finds out within a second. */
MUST_USE enum reason folder_publish(struct build *recent, uint64_t generation);

/* Put a base in place under the next number, then the recent table that brings it into use; remove what is no longer
 * in use. */
MUST_USE enum reason folder_use_pair(struct build *base, struct build *recent);

#endif
