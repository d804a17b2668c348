#include "issuer_choice.h"

#include "jwtctl.h"

bool issuers_exist(const char *command, const struct settings *settings, char *const *titles) {
  for (; *titles != NULL; titles++) {
    if (settings_issuer(settings, *titles) != NULL) continue;
    wrong_use(command, "there is no issuer section \"%s\"; 'jwtctl issuer list' shows those there are", *titles);
    return false;
  }
  return true;
}

bool issuer_is_chosen(const struct issuer *issuer, char *const *titles) {
  return titles[0] == NULL || name_is_listed((const char *const *)titles, issuer->title);
}
