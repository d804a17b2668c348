#include "settings_choice.h"

#include "paths.h"

enum file_trust choice_trust(const struct settings_choice *choice) {
  return choice->config ? FILE_OF_ANYONE : FILE_OWNED_BY_ROOT;
}

enum reason choice_load_as(const struct settings_choice *choice, enum file_trust trust, struct settings **ret,
                           struct settings_error *error) {
  const char *config = choice->config ? choice->config : PATH_CONF;
  const char *conf_dir = choice->conf_dir ? choice->conf_dir : choice->config ? NULL : PATH_CONF_D;
  return settings_load(config, conf_dir, trust, ret, error);
}

enum reason choice_load(const struct settings_choice *choice, struct settings **ret, struct settings_error *error) {
  return choice_load_as(choice, choice_trust(choice), ret, error);
}
