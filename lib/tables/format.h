/*
 * The form of the NSS tables, shared by reader and writer. Two files in one folder:
 *
 *   base.GENERATION   the many accounts, and what the settings say of accounts
 *   recent            the accounts added since, and the generation of the base it belongs to
 *
 * Renaming a new `recent` into place is the one step that changes what a reader sees: base, settings and recent change
 * together, never a mixture. Both have one form: header, settings (base alone), rows, an index by name, one by id, the
 * groups' rows, the groups' members. Numbers are in the host's byte order: the files are derived on each host and never
 * leave it.
 *
 * A row is an account or a group; no two have one name or one id, so one pair of indexes serves both. Memberships stand
 * in the account's row, and for getgrnam(3) a second time as the group's members: references to account rows of the
 * same file. A row of `recent` replaces the base's row of its name. A group that has members in both files has a row in
 * both; all else has one.
 *
 * How far checking goes: the header, the settings, and in a recent table what follows the rows, have a check value that
 * is compared once, when a file is mapped. Each row and each list of members has its own, compared at each lookup, so
 * that opening a table costs the same for ten rows as for a million. An index entry of the base has none: a wrong one
 * leads to a row that does not match, which is never answered. In the recent table a lost entry would bring back the
 * base's row that it replaces, with memberships that have been taken away: hence its check.
 *
 * A later version may give rows and settings more: a reader refuses every version but its own, and the writer replaces
 * all files of another. Up to `superseded` the header stays as it is in every version.
 */
#ifndef JWT_LOGIN_TABLES_FORMAT_H
#define JWT_LOGIN_TABLES_FORMAT_H

#include <stdatomic.h>
#include <stdint.h>

#include "names.h"

#define TABLE_MAGIC "JWTNSS\r\n"
#define TABLE_VERSION 2u
#define TABLE_BYTE_ORDER 0x01020304u
#define TABLE_KEY_SIZE 16

#define RECENT_FILE "recent"
#define BASE_PREFIX "base."
#define BASE_DIGITS 16 /* hexadecimal */
#define BASE_NAME_SIZE (sizeof(BASE_PREFIX) + BASE_DIGITS)

#define TABLE_REACH_MAX 1024 /* an index entry never stands further from its first place: bounds a lookup */

enum table_kind { TABLE_BASE = 1, TABLE_RECENT = 2 };

/* A part of the file, in bytes; both are multiples of 8. */
struct table_part {
  uint64_t offset;
  uint64_t size;
};

struct table_header {
  char magic[8];
  uint32_t version;
  uint32_t byte_order;
  uint32_t kind;
  _Atomic uint32_t superseded; /* the one word that ever changes: 1 in a `recent` that another one has replaced */
  uint64_t size;               /* of the whole file */
  uint64_t generation;         /* of the base: its own, or the one that this recent table belongs to */
  uint8_t key[TABLE_KEY_SIZE]; /* random, new with each base, so that nobody can choose names that collide */
  uint32_t account_count;
  uint32_t group_count;
  uint32_t name_reach; /* no name stands further than this many entries from its first place */
  uint32_t id_reach;
  uint32_t settings_used; /* bytes of the settings part before its padding */
  uint32_t zero;
  uint64_t wasted; /* bytes of the rows part that are holes: replaced rows, zeroed */
  struct table_part settings, rows, by_name, by_id, groups, members;
  uint64_t settings_check;
  uint64_t groups_check; /* table_sum of the groups part; for the writer */
  uint64_t tail_check;   /* recent: table_sum of all that follows the rows */
  uint64_t check;        /* of the header with `superseded` and `check` zero */
};
_Static_assert(sizeof(struct table_header) == 216, "the header has no padding");

/*
 * The settings part: this, then NUL-terminated strings: home, shell, the fleet key's path (empty: none), each login
 * program, each pattern's two ends.
 */
struct table_settings {
  uint64_t fingerprint;
  struct id_range range;
  uint32_t login_program_count;
  uint32_t pattern_count;
  uint32_t enumerate; /* 1: accounts and groups are listed */
  uint32_t zero;
};
_Static_assert(sizeof(struct table_settings) == 32, "the settings have no padding");
#define TABLE_SETTINGS_STRINGS 3 /* before the login programs */

enum table_row_kind { TABLE_ACCOUNT = 1, TABLE_GROUP = 2 };

/*
 * A row: this, then the extras, then name, home and shell, each with a NUL, then zeros up to a multiple of 8. `check`
 * is of all that follows it. An account's extras are its memberships; a group has one, its members, and neither home
 * nor shell (empty strings). An empty home or shell of an account is the one that the settings give it, the home by a
 * template with one placeholder: most rows fit a line of the processor's cache then.
 */
struct table_row_head {
  uint32_t check;
  uint32_t id;   /* uid and gid of an account, gid of a group */
  uint16_t size; /* of the whole row */
  uint8_t kind;  /* enum table_row_kind */
  uint8_t extra_count;
  uint8_t name_size, home_size, shell_size; /* without the NULs */
  uint8_t zero;
};
_Static_assert(sizeof(struct table_row_head) == 16, "a row's head has no padding");

struct table_row_membership {
  int64_t expires; /* as struct table_membership has it */
  uint32_t gid;
  uint32_t zero;
};

/* Of the members part, which is an array of rows' places as index entries have them. */
struct table_row_members {
  uint32_t first, count;
  uint32_t check; /* table_sum's low half */
  uint32_t zero;
};
#define TABLE_EXTRA_SIZE 16
_Static_assert(sizeof(struct table_row_membership) == TABLE_EXTRA_SIZE, "one size for both");
_Static_assert(sizeof(struct table_row_members) == TABLE_EXTRA_SIZE, "one size for both");

/* An index is an open hash of 2^n entries, not all of them in use; what is sought stands at or after the place
 * that the hash's low half says. */
struct table_entry {
  uint32_t tag; /* the hash's high half */
  uint32_t row; /* its place: 1 + the row's offset in its part / 8; 0: nothing here */
};

#endif
