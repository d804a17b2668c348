/* The options --config FILE and --conf-dir DIR of the commands that read the settings. */
#ifndef JWT_LOGIN_SETTINGS_CHOICE_H
#define JWT_LOGIN_SETTINGS_CHOICE_H

#include <stdbool.h>

#include "settings.h"

/* NULL and NULL: the host's own settings, which must belong to root. Files that were named may be anybody's. */
struct settings_choice {
  const char *config;
  const char *conf_dir;
};

/*
 * Take the options of a command that has these two and --json, and no other. EXIT_YES: optind is at its first argument;
 * else what wrong_use returned.
 */
int choice_options(const char *command, int argc, char **argv, struct settings_choice *ret, bool *ret_json);

enum file_trust choice_trust(const struct settings_choice *choice);

/* Load them. `error` tells a failure in one line. */
MUST_USE enum reason choice_load(const struct settings_choice *choice, struct settings **ret,
                                 struct settings_error *error);

/* The same with a draft of a file more: see settings_load_with. */
MUST_USE enum reason choice_load_with(const struct settings_choice *choice, const char *name, const char *text,
                                      struct settings **ret, struct settings_error *error);

/* The same with a trust of the caller's choice: what changes the host takes no orders from files of others. */
MUST_USE enum reason choice_load_as(const struct settings_choice *choice, enum file_trust trust, struct settings **ret,
                                    struct settings_error *error);

#endif
