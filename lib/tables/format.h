/*
 * The form of the NSS tables, shared by reader and writer. Two files in one folder:
 *
 *   base.GENERATION   the many accounts, and what the settings say of accounts
 *   recent            the accounts added since, and the generation of the base it belongs to
 *
 * Renaming a new `recent` into place is the one step that changes what a reader sees: base, settings and recent change
 * together, never a mixture. Both have one form: header, settings (base alone), rows, an index by name, one by uid.
 * Numbers are in the host's byte order: the files are derived on each host and never leave it.
 *
 * How far checking goes: the header and the settings have a check value that is compared once, when a file is mapped;
 * each row has its own, compared at each lookup, so that opening a table costs the same for ten rows as for a million.
 * An index entry has none: a wrong one leads to a row that does not match, which is never answered.
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
#define TABLE_VERSION 1u
#define TABLE_BYTE_ORDER 0x01020304u
#define TABLE_KEY_SIZE 16

#define RECENT_FILE "recent"
#define BASE_PREFIX "base."
#define BASE_FORMAT BASE_PREFIX "%016" PRIx64
#define BASE_NAME_SIZE (sizeof(BASE_PREFIX) + 16)

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
  uint32_t row_count;
  uint32_t name_reach; /* no name stands further than this many entries from its first place */
  uint32_t uid_reach;
  uint32_t settings_used; /* bytes of the settings part before its padding */
  struct table_part settings, rows, by_name, by_uid;
  uint64_t settings_check;
  uint64_t check; /* of the header with `superseded` and `check` zero */
};
_Static_assert(sizeof(struct table_header) == 152, "the header has no padding");

/* The settings part: this, then NUL-terminated strings: home, shell, each login program, each pattern's two ends. */
struct table_settings {
  uint64_t fingerprint;
  struct id_range range;
  uint32_t login_program_count;
  uint32_t pattern_count;
};
_Static_assert(sizeof(struct table_settings) == 24, "the settings have no padding");

/*
 * A row: this, then name, home and shell, each with a NUL, then zeros up to a multiple of 8. `check` is of all that
 * follows it.
 */
struct table_row_head {
  uint32_t check;
  uint32_t uid;
  uint16_t size;                             /* of the whole row */
  uint16_t name_size, home_size, shell_size; /* without the NULs */
};
_Static_assert(sizeof(struct table_row_head) == 16, "a row's head has no padding");

/* An index is an open hash of 2^n entries, at most half of them in use; what is sought stands at or after the place
 * that the hash's low half says. */
struct table_entry {
  uint32_t tag; /* the hash's high half */
  uint32_t row; /* 1 + the row's offset in its part / 8; 0: nothing here */
};

#endif
