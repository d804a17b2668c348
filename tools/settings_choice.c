#include "settings_choice.h"

#include "paths.h"

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
