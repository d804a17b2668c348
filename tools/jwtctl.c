#include "jwtctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "compiler.h"
#include "config.h"

static const struct command *const commands[] = {
    &command_check,           &command_apply,           &command_verify,          &command_explain,
    &command_issuer_add,      &command_issuer_list,     &command_issuer_test,     &command_keys_list,
    &command_keys_refresh,    &command_accounts_list,   &command_accounts_show,   &command_accounts_disable,
    &command_accounts_enable, &command_accounts_rebind, &command_accounts_groups, &command_accounts_remove,
    &command_accounts_import, &command_accounts_export, &command_dev_key,         &command_dev_token,
};

int wrong_use(const char *command, const char *format, ...) {
  va_list arguments;
  fprintf(stderr, "jwtctl %s: ", command);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fprintf(stderr, "\nTry 'jwtctl %s --help'.\n", command);
  return EXIT_WRONG_USE;
}

static int help(void) {
  printf("Usage: jwtctl COMMAND [OPTION]...\n\nThe administrator's tool of jwt-login.\n\nCommands:\n");
  for (size_t i = 0; i < COUNT_OF(commands); i++)
    printf("  %-18s%s\n", commands[i]->name, commands[i]->summary);
  printf(
      "\n'jwtctl COMMAND --help' tells more. Tokens are read from standard input, never from the command line.\n"
      "Exit status: 0 yes, 1 no, 2 wrong use or settings.\n");
  return EXIT_YES;
}

/* How many arguments the command's name takes up, 0 when they are not its name. */
static int words_matching(const char *name, int argc, char **argv) {
  int words = 0;
  while (words < argc) {
    size_t size = strcspn(name, " ");
    if (strlen(argv[words]) != size || strncmp(argv[words], name, size) != 0) return 0;
    words++;
    if (name[size] == '\0') return words;
    name += size + 1;
  }
  return 0;
}

static bool asks_for_help(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
  }
  return false;
}

static int run(const struct command *command, int argc, char **argv) {
  if (asks_for_help(argc, argv)) {
    fputs(command->usage, stdout);
    return EXIT_YES;
  }
  optind = 0; /* glibc: start afresh */
  opterr = 0;
  return command->run(argc, argv);
}

static int dispatch(int argc, char **argv) {
  for (size_t i = 0; i < COUNT_OF(commands); i++) {
    int words = words_matching(commands[i]->name, argc, argv);
    if (words > 0) return run(commands[i], argc - words + 1, argv + words - 1);
  }
  if (argc > 0 && strcmp(argv[0], "--version") == 0) {
    puts("jwtctl (" PACKAGE_NAME ") " PACKAGE_VERSION);
    return EXIT_YES;
  }
  if (asks_for_help(argc + 1, argv - 1)) return help();
  fprintf(stderr, "jwtctl: %s\nTry 'jwtctl --help'.\n", argc > 0 ? "there is no such command" : "a command is missing");
  return EXIT_WRONG_USE;
}

int main(int argc, char **argv) {
  static char output[BUFSIZ];
  setvbuf(stdout, output, _IOFBF, sizeof output); /* so that in the sandbox it needs write(2) alone */
  int status = dispatch(argc - 1, argv + 1);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    fputs("jwtctl: standard output could not be written\n", stderr);
    return EXIT_WRONG_USE;
  }
  return status;
}
