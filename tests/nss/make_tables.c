/*
 * make_tables write [OPTION]... [ACCOUNT]...   new tables in the folder that the NSS module reads
 * make_tables put [--group NAME=GID]... ACCOUNT   one account more, or other groups for it
 * make_tables path                             print that folder
 *
 * ACCOUNT is NAME=UID[,GID[@END]]...: with its groups, each until END (seconds since the epoch) or for good.
 *   --login PROGRAM    a login program
 *   --enumerate        accounts and groups may be listed
 *   --fleet-key FILE   the key of the ids of accounts to be
 *   --group NAME=GID   a group
 *   --many COUNT       also account0, account1, ..., with every other uid from the range's first on, in all the groups
 *
 * Names that begin with "ci-" may come to be at a first login.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "table_writer.h"

enum { GROUPS_MAX = 16, PROGRAMS_MAX = 8 };

/* What the arguments say, and how far the rows were handed on. */
struct wanted {
  const char *programs[PROGRAMS_MAX + 1];
  size_t program_count;
  struct table_group groups[GROUPS_MAX];
  size_t group_count;
  bool enumerate;
  const char *fleet_key;
  uint32_t many, given;
  char **accounts;
  char name[64], home[80];
  struct table_membership memberships[TABLE_GROUPS_MAX];
};

/* ---- rows ---- */

static void fill_row(struct wanted *wanted, const char *shell, uint32_t uid, size_t memberships,
                     struct table_row *ret) {
  snprintf(wanted->home, sizeof(wanted->home), "/home/%s", wanted->name);
  *ret = (struct table_row){.name = wanted->name,
                            .home = wanted->home,
                            .shell = shell,
                            .uid = uid,
                            .memberships = wanted->memberships,
                            .membership_count = memberships};
}

static void number_row(struct wanted *wanted, uint32_t number, struct table_row *ret) {
  snprintf(wanted->name, sizeof(wanted->name), "account%u", number);
  for (size_t i = 0; i < wanted->group_count; i++)
    wanted->memberships[i] = (struct table_membership){wanted->groups[i].gid, TABLE_FOREVER};
  fill_row(wanted, ACCOUNT_SHELL_DEFAULT, ACCOUNT_UID_MIN_DEFAULT + 2 * number, wanted->group_count, ret);
}

static bool read_account(struct wanted *wanted, const char *text, struct table_row *ret) {
  unsigned uid, gid;
  int length;
  size_t count = 0;
  if (sscanf(text, "%63[^=]=%u%n", wanted->name, &uid, &length) != 2) return false;
  for (text += length; count < TABLE_GROUPS_MAX && sscanf(text, ",%u%n", &gid, &length) == 1; count++) {
    long long end = TABLE_FOREVER;
    text += length;
    if (sscanf(text, "@%lld%n", &end, &length) == 1) text += length;
    wanted->memberships[count] = (struct table_membership){gid, end};
  }
  fill_row(wanted, "/bin/sh", uid, count, ret);
  return *text == '\0';
}

static bool next_row(void *context, struct table_row *ret, enum reason *failure) {
  struct wanted *wanted = context;
  if (wanted->given < wanted->many) {
    number_row(wanted, wanted->given++, ret);
    return true;
  }
  if (*wanted->accounts == NULL) return false;
  if (read_account(wanted, *wanted->accounts++, ret)) return true;
  *failure = REASON_INTERNAL;
  return false;
}

/* ---- the commands ---- */

static enum reason write_tables(struct wanted *wanted) {
  static const struct name_pattern pattern = {.prefix = "ci-", .suffix = ""};
  const struct account_settings settings = {.range = {ACCOUNT_UID_MIN_DEFAULT, ACCOUNT_UID_MAX_DEFAULT},
                                            .home = ACCOUNT_HOME_DEFAULT,
                                            .shell = ACCOUNT_SHELL_DEFAULT,
                                            .login_programs = wanted->programs,
                                            .patterns = &pattern,
                                            .pattern_count = 1,
                                            .enumerate = wanted->enumerate,
                                            .fleet_key = wanted->fleet_key};
  return tables_write_all(PATH_TABLES, &settings,
                          &(struct table_source){next_row, wanted, wanted->groups, wanted->group_count});
}

static enum reason put(struct wanted *wanted) {
  struct table_row row;
  enum reason reason = REASON_INTERNAL;
  return next_row(wanted, &row, &reason) ? tables_put(PATH_TABLES, &row, wanted->groups, wanted->group_count) : reason;
}

/* ---- the arguments ---- */

static bool read_group(char *text, struct wanted *wanted) {
  char *gid = strchr(text, '=');
  if (gid == NULL || wanted->group_count == GROUPS_MAX) return false;
  *gid++ = '\0';
  wanted->groups[wanted->group_count++] = (struct table_group){text, (uint32_t)strtoul(gid, NULL, 10)};
  return true;
}

static bool read_option(int option, struct wanted *wanted) {
  switch (option) {
  case 'l':
    if (wanted->program_count == PROGRAMS_MAX) return false;
    wanted->programs[wanted->program_count++] = optarg;
    return true;
  case 'e':
    return wanted->enumerate = true;
  case 'k':
    wanted->fleet_key = optarg;
    return true;
  case 'g':
    return read_group(optarg, wanted);
  case 'm':
    wanted->many = (uint32_t)strtoul(optarg, NULL, 10);
    return true;
  default:
    return false;
  }
}

static bool read_options(int argc, char **argv, struct wanted *wanted) {
  static const struct option options[] = {
      {"login", required_argument, NULL, 'l'},     {"enumerate", no_argument, NULL, 'e'},
      {"fleet-key", required_argument, NULL, 'k'}, {"group", required_argument, NULL, 'g'},
      {"many", required_argument, NULL, 'm'},      {NULL, 0, NULL, 0}};
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
    if (!read_option(option, wanted)) return false;
  wanted->accounts = argv + optind;
  return true;
}

int main(int argc, char **argv) {
  static struct wanted wanted;
  const char *command = argc > 1 ? argv[1] : "";
  enum reason reason = REASON_INTERNAL;
  if (argc > 1 && read_options(argc - 1, argv + 1, &wanted)) {
    if (strcmp(command, "write") == 0) reason = write_tables(&wanted);
    if (strcmp(command, "put") == 0) reason = put(&wanted);
    if (strcmp(command, "path") == 0) reason = puts(PATH_TABLES) < 0 ? REASON_INTERNAL : REASON_OK;
  }
  if (reason == REASON_OK) return EXIT_SUCCESS;
  fprintf(stderr, "make_tables: %s\n", reason_code(reason));
  return EXIT_FAILURE;
}
