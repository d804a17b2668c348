/* A folder for NSS tables, and accounts to put into them: account N is "uN", uid 1000000 + N. */
#ifndef JWT_LOGIN_TABLES_FIXTURE_H
#define JWT_LOGIN_TABLES_FIXTURE_H

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table_writer.h"
#include "tables.h"
#include "unit.h"

enum { FIRST_UID = 1000000, UIDS = 1000000, FINGERPRINT = 4711 };

static char folder[PATH_MAX];

static const struct name_pattern ci_pattern = {.prefix = "ci-", .suffix = "-x"};
static const char *const login_programs[] = {"/usr/sbin/sshd", "/usr/lib/openssh/sshd-session", NULL};
static struct account_settings settings = {.range = {FIRST_UID, FIRST_UID + UIDS - 1},
                                           .home = "/home/{name}",
                                           .shell = "/bin/bash",
                                           .login_programs = login_programs,
                                           .patterns = &ci_pattern,
                                           .pattern_count = 1,
                                           .fingerprint = FINGERPRINT};

static inline void clear_folder(void) {
  DIR *entries = opendir(folder);
  for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
    if (entry->d_name[0] != '.') unlinkat(dirfd(entries), entry->d_name, 0);
  if (entries != NULL) closedir(entries);
}

static inline unsigned files_in_folder(void) {
  unsigned count = 0;
  DIR *entries = opendir(folder);
  for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
    count += entry->d_name[0] != '.';
  closedir(entries);
  return count;
}

static inline void remove_folder(void) {
  clear_folder();
  rmdir(folder);
  *strrchr(folder, '/') = '\0';
  rmdir(folder);
}

/* An empty place for the tables in a temporary folder of its own. */
static inline void make_folder(void) {
  const char *parent = getenv("TMPDIR");
  snprintf(folder, sizeof(folder), "%s/jwt-tables.XXXXXX", parent ? parent : "/tmp");
  if (mkdtemp(folder) == NULL) {
    perror(folder);
    exit(EXIT_FAILURE);
  }
  strcat(folder, "/nss");
  atexit(remove_folder);
}

/* The rows of accounts first, first + 1 and so on. */
struct rows {
  unsigned next, end;
  char name[16], home[32];
};

static inline struct table_row account_row(struct rows *rows, unsigned number) {
  snprintf(rows->name, sizeof(rows->name), "u%u", number);
  snprintf(rows->home, sizeof(rows->home), "/home/u%u", number);
  return (struct table_row){.name = rows->name, .home = rows->home, .shell = "/bin/sh", .uid = FIRST_UID + number};
}

static inline bool next_row(void *context, struct table_row *ret, enum reason *failure) {
  struct rows *rows = context;
  (void)failure;
  if (rows->next == rows->end) return false;
  *ret = account_row(rows, rows->next++);
  return true;
}

/* Tables of accounts 0 to count - 1. */
static inline enum reason write_accounts(unsigned count) {
  struct rows rows = {.end = count};
  return tables_write_all(folder, &settings, &(struct table_source){.next = next_row, .context = &rows});
}

static inline enum reason add_account(unsigned number) {
  struct rows rows;
  struct table_row row = account_row(&rows, number);
  return tables_put(folder, &row, NULL, 0);
}

/* True when the account is found whole, by its name and by its uid. */
static inline bool has_account(struct tables *tables, unsigned number) {
  struct rows rows;
  struct table_row row = account_row(&rows, number);
  struct table_account by_name, by_uid;
  char buffer[2][600];
  return tables_account_by_name(tables, row.name, &by_name, buffer[0], sizeof(buffer[0])) == TABLE_FOUND &&
         tables_account_by_uid(tables, row.uid, &by_uid, buffer[1], sizeof(buffer[1])) == TABLE_FOUND &&
         by_name.uid == row.uid && by_uid.uid == row.uid && strcmp(by_name.name, row.name) == 0 &&
         strcmp(by_uid.name, row.name) == 0 && strcmp(by_name.home, row.home) == 0 &&
         strcmp(by_uid.home, row.home) == 0 && strcmp(by_name.shell, row.shell) == 0 &&
         strcmp(by_uid.shell, row.shell) == 0;
}

static inline enum table_status by_name(struct tables *tables, const char *name) {
  struct table_account account;
  char buffer[600];
  return tables_account_by_name(tables, name, &account, buffer, sizeof(buffer));
}

static inline enum table_status by_uid(struct tables *tables, uint32_t uid) {
  struct table_account account;
  char buffer[600];
  return tables_account_by_uid(tables, uid, &account, buffer, sizeof(buffer));
}

static inline void free_tables(struct tables **tables) {
  tables_free(*tables);
}

#define OPEN_TABLES(variable) struct tables *variable CLEANUP(free_tables) = tables_new(folder)

#endif
