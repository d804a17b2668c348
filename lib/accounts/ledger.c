#include "config.h"

#include "ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "database.h"
#include "ledger_file.h"
#include "turn.h"

#define APPLICATION_ID 1247237196 /* "JWTL" */
#define STRINGIFY(value) #value
#define STRING(value) STRINGIFY(value)

/* What STRICT tables would give, for SQLite before 3.37 as well; TOKEN_TEXT holds whatever fits into a token. */
#define TEXT_OF(column, least, most) \
  column " TEXT NOT NULL CHECK (typeof(" column ") = 'text' AND length(" column ") BETWEEN " #least " AND " #most ")"
#define TOKEN_TEXT(column) TEXT_OF(column, 0, 16384)
#define NUMBER(column, least) \
  column " INTEGER NOT NULL CHECK (typeof(" column ") = 'integer' AND " column " >= " #least ")"
#define MOMENT(column) column " INTEGER CHECK (" column " IS NULL OR typeof(" column ") = 'integer')"
#define UID(column) column " BETWEEN 1 AND 4294967294"

/*
 * used_ids keeps every id ever given out, so that none is given twice, not even after its identity was removed.
 * A grant of a local account has no identity. Roles have an empty issuer and subject.
 */
static const char schema_1[] =
    "PRAGMA application_id = " STRING(APPLICATION_ID) ";"
    "CREATE TABLE used_ids ("
    "  id INTEGER PRIMARY KEY CHECK (" UID("id") "),"
    "  " TEXT_OF("name", 1, 32) ","
    "  " MOMENT("since") " NOT NULL);"
    "CREATE TABLE identities ("
    "  uid INTEGER PRIMARY KEY CHECK (" UID("uid") ") REFERENCES used_ids (id),"
    "  " TEXT_OF("name", 1, 32) " UNIQUE CHECK (name GLOB '[a-z_]*' AND name NOT GLOB '*[^a-z0-9_-]*'),"
    "  " TOKEN_TEXT("issuer") ","
    "  " TOKEN_TEXT("subject") ","
    "  " TEXT_OF("home", 1, 255) ","
    "  " TEXT_OF("shell", 1, 255) ","
    "  state TEXT NOT NULL CHECK (state IN ('enabled', 'disabled', 'reserved')),"
    "  " MOMENT("created") " NOT NULL,"
    "  " MOMENT("last_login") ","
    "  published INTEGER NOT NULL DEFAULT 0 CHECK (published IN (0, 1)));"
    "CREATE INDEX identities_subject ON identities (issuer, subject);"
    "CREATE INDEX identities_unpublished ON identities (uid) WHERE published = 0;"
    "CREATE TABLE grants ("
    "  id TEXT PRIMARY KEY CHECK (typeof(id) = 'text' AND length(id) = 32),"
    "  identity INTEGER REFERENCES identities (uid) ON DELETE CASCADE,"
    "  " TEXT_OF("name", 1, 255) ","
    "  uid INTEGER NOT NULL CHECK (uid BETWEEN 0 AND 4294967294),"
    "  " TEXT_OF("service", 1, 255) ","
    "  " TOKEN_TEXT("issuer") ","
    "  " TOKEN_TEXT("subject") ","
    "  " TOKEN_TEXT("rule") ","
    "  rhost TEXT CHECK (rhost IS NULL OR length(rhost) <= 16384),"
    "  " MOMENT("created") " NOT NULL,"
    "  " MOMENT("expires") " NOT NULL,"
    "  until_expiry INTEGER NOT NULL CHECK (until_expiry IN (0, 1)),"
    "  " MOMENT("picked_up") ") WITHOUT ROWID;"
    "CREATE INDEX grants_waiting ON grants (created) WHERE picked_up IS NULL;"
    "CREATE TABLE grant_groups ("
    "  grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,"
    "  gid INTEGER NOT NULL CHECK (gid BETWEEN 0 AND 4294967294),"
    "  PRIMARY KEY (grant_id, gid)) WITHOUT ROWID;"
    "CREATE TABLE sessions ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  grant_id TEXT NOT NULL UNIQUE REFERENCES grants (id) ON DELETE CASCADE,"
    "  " NUMBER("pid", 1) ","
    "  pid_start INTEGER NOT NULL CHECK (typeof(pid_start) = 'integer'),"
    "  " NUMBER("audit_session", 0) ","
    "  " TEXT_OF("boot_id", 0, 64) ","
    "  tty TEXT CHECK (tty IS NULL OR length(tty) <= 4096),"
    "  " MOMENT("opened") " NOT NULL,"
    "  " MOMENT("ended") ");"
    "CREATE INDEX sessions_open ON sessions (boot_id) WHERE ended IS NULL;"
    "CREATE INDEX sessions_ended ON sessions (ended) WHERE ended IS NOT NULL;"
    "CREATE TABLE used_tokens ("
    "  " TOKEN_TEXT("issuer") ","
    "  " TEXT_OF("token_id", 1, 16384) ","
    "  " MOMENT("expires") " NOT NULL,"
    "  PRIMARY KEY (issuer, token_id)) WITHOUT ROWID;"
    "CREATE INDEX used_tokens_expires ON used_tokens (expires);";

/*
 * declared: made by an account section of the settings. tables.behind: the NSS tables lack more than the rows that are
 * not `published`, so all are to be written.
 */
static const char schema_2[] =
    "ALTER TABLE identities ADD COLUMN declared INTEGER NOT NULL DEFAULT 0 CHECK (declared IN (0, 1));"
    "CREATE TABLE tables (behind INTEGER NOT NULL CHECK (behind IN (0, 1)));"
    "INSERT INTO tables VALUES (0);";

/* No query went by subject, and keeping it in order took a third of an import. */
static const char schema_3[] = "DROP INDEX identities_subject;";

/*
 * tables.changes counts whatever the NSS tables are to follow, rows that are not `published` apart; tables.building:
 * somebody builds new ones. See publish.c. hidden: another source has gained the name or the id, so the tables do not
 * have the identity.
 */
static const char schema_4[] =
    "ALTER TABLE tables ADD COLUMN changes INTEGER NOT NULL DEFAULT 0 CHECK (typeof(changes) = 'integer');"
    "ALTER TABLE tables ADD COLUMN building INTEGER NOT NULL DEFAULT 0 CHECK (building IN (0, 1));"
    "ALTER TABLE identities ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1));";

/*
 * groups: those that a group section made, and, `local`, those of other sources that have members of ours; the former's
 * ids are in used_ids, too. Of the memberships those of a grant end with its rights, and the others, which the
 * administrator gave, do not end by themselves. hidden: as of an identity.
 */
static const char schema_5[] =
    "CREATE TABLE groups ("
    "  gid INTEGER PRIMARY KEY CHECK (gid BETWEEN 0 AND 4294967294),"
    "  " TEXT_OF("name", 1, 255) " UNIQUE,"
    "  local INTEGER NOT NULL CHECK (local IN (0, 1)),"
    "  " MOMENT("since") " NOT NULL,"
    "  hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),"
    "  CHECK (local OR (length(name) <= 32 AND name GLOB '[a-z_]*' AND name NOT GLOB '*[^a-z0-9_-]*')));"
    "CREATE TABLE memberships ("
    "  identity INTEGER NOT NULL REFERENCES identities (uid) ON DELETE CASCADE,"
    "  gid INTEGER NOT NULL REFERENCES groups (gid) ON DELETE CASCADE,"
    "  grant_id TEXT REFERENCES grants (id) ON DELETE CASCADE,"
    "  " MOMENT("expires") ","
    "  CHECK ((grant_id IS NULL) = (expires IS NULL)));"
    "CREATE UNIQUE INDEX memberships_identity ON memberships (identity, gid, ifnull(grant_id, ''));"
    "CREATE INDEX memberships_gid ON memberships (gid);"
    "CREATE INDEX memberships_grant ON memberships (grant_id) WHERE grant_id IS NOT NULL;"
    "CREATE INDEX memberships_expires ON memberships (expires) WHERE expires IS NOT NULL;";

/* unproved: the thumbprint of a key that is to be proved before the grant counts. */
static const char schema_6[] =
    "ALTER TABLE grants ADD COLUMN unproved TEXT"
    " CHECK (unproved IS NULL OR typeof(unproved) = 'text' AND length(unproved) = 43);";

/* A ledger of version N becomes one of N + 1 by steps[N]; 0 is an empty file. A step is never changed once released. */
static const char *const steps[] = {schema_1, schema_2, schema_3, schema_4, schema_5, schema_6};
#define SCHEMA_VERSION ((int64_t)COUNT_OF(steps))

static enum reason read_version(struct ledger *ledger, int64_t *ret) {
  return database_integer(ledger, "PRAGMA user_version", WITH_NOTHING, 0, ret);
}

/* Each step is a transaction; another process may have made it meanwhile. */
static enum reason take_step(struct ledger *ledger) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  char sql[64];
  int64_t version = 0;
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  if (reason == REASON_OK) reason = read_version(ledger, &version);
  if (reason != REASON_OK || version >= SCHEMA_VERSION) return reason;
  snprintf(sql, sizeof sql, "PRAGMA user_version = %d", (int)version + 1);
  reason = database_script(ledger, steps[version]);
  if (reason == REASON_OK) reason = database_script(ledger, sql);
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

static enum reason migrate(struct ledger *ledger, int64_t version) {
  enum reason reason = REASON_OK;
  for (; reason == REASON_OK && version < SCHEMA_VERSION; version++)
    reason = take_step(ledger);
  return reason;
}

/* Without a journal on disk: a half-made file is thrown away. */
static enum reason write_schema(const char *path) {
  struct ledger *ledger CLEANUP(database_close) = NULL;
  enum reason reason = database_open(path, &ledger);
  if (reason == REASON_OK) reason = database_script(ledger, "PRAGMA journal_mode = MEMORY");
  return reason == REASON_OK ? migrate(ledger, 0) : reason;
}

/* An empty file, one of another program and one of a newer version are all not ours to use, let alone to replace. */
static enum reason check_schema(struct ledger *ledger, int64_t *ret_version) {
  int64_t application = 0, version = 0;
  enum reason reason = database_integer(ledger, "PRAGMA application_id", WITH_NOTHING, 0, &application);
  if (reason == REASON_OK) reason = read_version(ledger, &version);
  if (reason != REASON_OK) return reason;
  *ret_version = version;
  bool ours = application == APPLICATION_ID && version >= 1 && version <= SCHEMA_VERSION;
  return ours ? REASON_OK : REASON_STATE_DAMAGED;
}

/*
 * A rollback journal, not WAL: a login opens the file once, and WAL would make, checkpoint and remove two more files
 * each time. Truncated, not deleted: its emptying is fsync'd under FULL, so a commit outlives a power cut.
 * A reader opens for writing too, so that it can roll back what a crashed writer left, and is then forbidden to write.
 */
static enum reason set_mode(struct ledger *ledger, enum ledger_mode mode, int64_t version) {
  enum reason reason =
      database_script(ledger,
                      "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;"
                      "PRAGMA temp_store = MEMORY");
  if (reason == REASON_OK) reason = migrate(ledger, version);
  if (reason == REASON_OK && mode == LEDGER_READ) reason = database_script(ledger, "PRAGMA query_only = ON");
  return reason;
}

static void free_quietly(char **string) {
  int saved = errno;
  free(*string);
  errno = saved;
}

enum reason ledger_open(const char *path, enum ledger_mode mode, struct ledger **ret) {
  char *located CLEANUP(free_quietly) = NULL;
  enum ledger_file file;
  enum reason reason = ledger_file_locate(path, mode == LEDGER_WRITE, &located, &file);
  if (reason != REASON_OK) return reason;
  if (file == LEDGER_FILE_LOST || (file == LEDGER_FILE_NEVER_MADE && mode == LEDGER_READ)) {
    errno = ENOENT;
    return file == LEDGER_FILE_LOST ? REASON_STATE_DAMAGED : REASON_STATE_UNAVAILABLE;
  }
  if (file == LEDGER_FILE_NEVER_MADE) reason = ledger_file_create(located, write_schema);

  struct ledger *ledger CLEANUP(database_close) = NULL;
  int64_t version = 0;
  if (reason == REASON_OK) reason = database_open(located, &ledger);
  if (reason == REASON_OK) reason = check_schema(ledger, &version);
  if (reason == REASON_OK) reason = set_mode(ledger, mode, version);
  if (reason == REASON_STATE_DAMAGED) errno = EUCLEAN;
  if (reason != REASON_OK) return reason;
  *ret = ledger;
  ledger = NULL;
  return REASON_OK;
}

void ledger_close(struct ledger *ledger) {
  database_close(&ledger);
}

const char *ledger_detail(const struct ledger *ledger) {
  return ledger->detail;
}

void ledger_watch(struct ledger *ledger, void (*progress)(void *context, size_t accounts), void *context) {
  ledger->progress = progress;
  ledger->progress_context = context;
}

void ledger_tell_progress(struct ledger *ledger, size_t accounts) {
  turn_get_on(ledger);
  if (ledger->progress != NULL && sqlite3_get_autocommit(ledger->db))
    ledger->progress(ledger->progress_context, accounts);
}
