#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "jwtctl.h"
#include "paths.h"

int state_fail(const char *command, const char *path, enum reason reason, const char *detail) {
  bool system = reason == REASON_STATE_UNAVAILABLE && errno != 0;
  fprintf(stderr, "jwtctl %s: %s: %s: %s%s%s%s%s; %s\n", command, path, reason_code(reason), reason_text(reason),
          system ? ": " : "", system ? strerror(errno) : "", *detail != '\0' ? ": " : "", detail,
          reason_advice(reason));
  return EXIT_NO;
}

bool state_open(const char *command, enum ledger_mode mode, struct ledger **ret) {
  errno = 0;
  enum reason reason = ledger_open(PATH_LEDGER, mode, ret);
  if (reason == REASON_OK) return true;
  bool lost = reason == REASON_STATE_DAMAGED && errno == ENOENT;
  state_fail(command, PATH_LEDGER, reason,
             lost ? "it is gone, and " PATH_TABLES " or " PATH_LEDGER
                    "-journal shows that it was there: restore it, or remove both to forget every account"
                  : "");
  return false;
}

bool state_settings(const char *command, const struct settings_choice *choice, struct settings **ret) {
  struct settings_error error;
  if (choice_load_as(choice, FILE_OWNED_BY_ROOT, ret, &error) == REASON_OK) return true;
  fprintf(stderr, "jwtctl %s: %s\n", command, error.text);
  return false;
}

static enum id_use use_of(enum source_answer answer) {
  if (answer == SOURCE_FOUND) return ID_TAKEN;
  return answer == SOURCE_ABSENT ? ID_FREE : ID_UNKNOWN;
}

enum id_use known_id_use(void *known, uint32_t id) {
  return use_of(sources_have_id(known, id));
}

enum id_use known_name_use(void *known, const char *account) {
  return use_of(sources_have_name(known, account));
}

enum id_use known_owner_use(void *known, const char *account) {
  return use_of(sources_have_owner(known, account));
}

enum id_use known_group_use(void *known UNUSED, const char *name, uint32_t gid) {
  uint32_t found = 0;
  enum id_use use = use_of(sources_group_by_name(name, &found));
  return use == ID_TAKEN && found != gid ? ID_FREE : use;
}

const char *nsswitch_wrong(const char *database) {
  enum our_place place;
  if (!sources_our_place(database, &place)) return "cannot be made out: logins as accounts of tokens are refused";
  switch (place) {
  case OURS_LAST:
    break;
  case OURS_BEFORE_OTHERS:
    return "has jwt before another source: put it last, so that it stands in front of nobody's account";
  case OURS_NOWHERE:
    return "does not have jwt, so accounts of tokens cannot be looked up: put it last";
  }
  return NULL;
}
