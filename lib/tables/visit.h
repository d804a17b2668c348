/* One lookup's use of the tables: they stay mapped, and the same, while it lasts. */
#ifndef JWT_LOGIN_TABLES_VISIT_H
#define JWT_LOGIN_TABLES_VISIT_H

#include <stdatomic.h>

#include "view.h"

enum { SLOTS = 4, NONE = -1, CLAIMED = 1 << 30 };

struct slot {
  atomic_int users;
  atomic_bool kept; /* marked as superseded, and there is nothing better: asked again by the second */
  struct table_view view;
};

struct visit {
  struct tables *tables;
  const struct table_view *view;
  int slot; /* NONE: `own` */
  struct table_view own;
};

/* A visit that lasts from call to call. */
struct walk {
  atomic_bool in_use; /* by a call just now */
  bool begun;
  struct visit visit;
  uint64_t next; /* among the entries of the two indexes by name, the recent table's first */
};

struct tables {
  const char *_Atomic directory;
  atomic_int current; /* a slot's number or NONE */
  atomic_long asked;  /* the second in which the path was last looked at */
  struct slot slots[SLOTS];
  struct walk walks[2]; /* by enum table_walk */
};

#define VISIT(name) struct visit name CLEANUP(visit_end) = {.slot = NONE}

/* Start a visit. False when there are no sound tables; to be ended all the same. */
MUST_USE bool visit_begin(struct tables *tables, struct visit *visit);
void visit_end(struct visit *visit);

#endif
