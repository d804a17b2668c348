/*
 * make_tables write [LOGIN_PROGRAM...] -- [NAME=UID...]   new tables in the folder that the NSS module reads
 * make_tables add NAME=UID                                one account more
 * make_tables path                                        print that folder
 *
 * Names that begin with "ci-" may come to be at a first login.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "table_writer.h"

struct arguments {
  char **next;
  char name[64], home[80];
};

static bool next_row(void *context, struct table_row *ret, enum reason *failure) {
  struct arguments *arguments = context;
  unsigned uid;
  if (*arguments->next == NULL) return false;
  if (sscanf(*arguments->next++, "%63[^=]=%u", arguments->name, &uid) != 2) {
    *failure = REASON_INTERNAL;
    return false;
  }
  snprintf(arguments->home, sizeof(arguments->home), "/home/%s", arguments->name);
  *ret = (struct table_row){.name = arguments->name, .home = arguments->home, .shell = "/bin/sh", .uid = uid};
  return true;
}

static enum reason write_tables(char **arguments) {
  static const struct name_pattern pattern = {.prefix = "ci-", .suffix = ""};
  const char *programs[16] = {NULL};
  size_t count = 0;
  for (; *arguments != NULL && strcmp(*arguments, "--") != 0 && count + 1 < COUNT_OF(programs); arguments++)
    programs[count++] = *arguments;
  if (*arguments != NULL) arguments++;
  const struct account_settings settings = {.range = {ACCOUNT_UID_MIN_DEFAULT, ACCOUNT_UID_MAX_DEFAULT},
                                            .home = ACCOUNT_HOME_DEFAULT,
                                            .shell = ACCOUNT_SHELL_DEFAULT,
                                            .login_programs = programs,
                                            .patterns = &pattern,
                                            .pattern_count = 1};
  struct arguments rows = {.next = arguments};
  return tables_write_all(PATH_TABLES, &settings, &(struct table_source){.next = next_row, .context = &rows});
}

static enum reason add(char **arguments) {
  struct arguments rows = {.next = arguments};
  struct table_row row;
  enum reason reason = REASON_INTERNAL;
  return next_row(&rows, &row, &reason) ? tables_put(PATH_TABLES, &row, NULL, 0) : reason;
}

int main(int argc, char **argv) {
  enum reason reason = REASON_INTERNAL;
  if (argc > 1 && strcmp(argv[1], "write") == 0) reason = write_tables(argv + 2);
  if (argc > 1 && strcmp(argv[1], "add") == 0) reason = add(argv + 2);
  if (argc > 1 && strcmp(argv[1], "path") == 0) reason = puts(PATH_TABLES) < 0 ? REASON_INTERNAL : REASON_OK;
  if (reason == REASON_OK) return EXIT_SUCCESS;
  fprintf(stderr, "make_tables: %s\n", reason_code(reason));
  return EXIT_FAILURE;
}
