/* One base out of a base and its recent table, which the caller then puts in place with an empty recent table. */
#ifndef JWT_LOGIN_TABLES_MERGE_H
#define JWT_LOGIN_TABLES_MERGE_H

#include "build.h"

/* `build` is an open one of the view's key. REASON_STATE_DAMAGED when the tables are not sound; else as build.h's. */
MUST_USE enum reason merge_tables(const struct table_view *view, struct build *build);

#endif
