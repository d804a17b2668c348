/* jwtctl's commands: each stands in its own tools/jwtctl_NAME.c and is one row of the table in tools/jwtctl.c. */
#ifndef JWT_LOGIN_JWTCTL_H
#define JWT_LOGIN_JWTCTL_H

/* Every command's exit codes. */
enum { EXIT_YES = 0, EXIT_NO = 1, EXIT_WRONG_USE = 2 };

struct command {
  const char *name;                  /* "verify", "keys list" */
  const char *summary;               /* one clause for --help */
  const char *usage;                 /* the whole of `jwtctl NAME --help` */
  int (*run)(int argc, char **argv); /* argv[0] is the command's last word; getopt_long starts afresh */
};

/* Print "jwtctl COMMAND: what is wrong" and "Try 'jwtctl COMMAND --help'." on stderr; returns EXIT_WRONG_USE. */
int wrong_use(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

extern const struct command command_check, command_apply, command_verify, command_explain, command_issuer_add,
    command_issuer_list, command_issuer_test, command_keys_list, command_keys_refresh, command_accounts_list,
    command_accounts_show, command_accounts_disable, command_accounts_enable, command_accounts_rebind,
    command_accounts_groups, command_accounts_remove, command_accounts_import, command_accounts_export, command_dev_key,
    command_dev_token;

#endif
