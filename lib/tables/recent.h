#ifndef JWT_LOGIN_TABLES_RECENT_H
#define JWT_LOGIN_TABLES_RECENT_H

#include "folder.h"
#include "table_writer.h"

struct table_base {
  struct build build;
};

#endif
