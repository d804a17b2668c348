#include "settings_choice.h"

#include <getopt.h>

#include "jwtctl.h"
#include "paths.h"

int choice_options(const char *command, int argc, char **argv, struct settings_choice *ret, bool *ret_json) {
  static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                        {"conf-dir", required_argument, NULL, 'd'},
                                        {"json", no_argument, NULL, 'j'},
                                        {NULL, 0, NULL, 0}};
  int option;
  while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
    if (option == 'c')
      ret->config = optarg;
    else if (option == 'd')
      ret->conf_dir = optarg;
    else if (option == 'j')
      *ret_json = true;
    else
      return wrong_use(command, option == ':' ? "%s needs a value" : "%s is not an option, or not a clear one",
                       argv[optind - 1]);
  }
  return EXIT_YES;
}

enum file_trust choice_trust(const struct settings_choice *choice) {
  return choice->config ? FILE_OF_ANYONE : FILE_OWNED_BY_ROOT;
}

static const char *config_of(const struct settings_choice *choice) {
  return choice->config ? choice->config : PATH_CONF;
}

static const char *conf_dir_of(const struct settings_choice *choice) {
  if (choice->conf_dir) return choice->conf_dir;
  return choice->config ? NULL : PATH_CONF_D;
}

enum reason choice_load_as(const struct settings_choice *choice, enum file_trust trust, struct settings **ret,
                           struct settings_error *error) {
  return settings_load(config_of(choice), conf_dir_of(choice), trust, ret, error);
}

enum reason choice_load_with(const struct settings_choice *choice, const char *name, const char *text,
                             struct settings **ret, struct settings_error *error) {
  return settings_load_with(config_of(choice), conf_dir_of(choice), choice_trust(choice), name, text, ret, error);
}

enum reason choice_load(const struct settings_choice *choice, struct settings **ret, struct settings_error *error) {
  return choice_load_as(choice, choice_trust(choice), ret, error);
}
