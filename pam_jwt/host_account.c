#include <errno.h>
#include <pwd.h>
#include <security/pam_modules.h>
#include <string.h>

#include "module.h"
#include "paths.h"
#include "tables.h"

/* The range that holds when no table says another: a broken installation must not open our accounts to other doors. */
static const struct id_range default_range = {ACCOUNT_UID_MIN_DEFAULT, ACCOUNT_UID_MAX_DEFAULT};

static bool is_ours(const char *user, uint32_t uid) {
  if (id_range_holds(default_range, uid)) return true;
  struct tables *tables = tables_new(PATH_TABLES);
  if (tables == NULL) return false;
  struct table_account account;
  char buffer[ACCOUNT_BUFFER_SIZE];
  bool ours =
      tables_id_in_range(tables, uid) ||
      (tables_account_by_name(tables, user, &account, buffer, sizeof(buffer)) == TABLE_FOUND && account.uid == uid);
  tables_free(tables);
  return ours;
}

bool host_account_find(pam_handle_t *pamh, struct host_account *ret) {
  memset(ret, 0, sizeof(*ret));
  if (pam_get_user(pamh, &ret->user, NULL) != PAM_SUCCESS || ret->user == NULL) return false;

  struct passwd record, *found = NULL;
  if (getpwnam_r(ret->user, &record, ret->buffer, sizeof(ret->buffer), &found) == 0 && found != NULL) {
    ret->resolved = true;
    ret->uid = record.pw_uid;
    ret->gid = record.pw_gid;
    ret->home = record.pw_dir;
    ret->shell = record.pw_shell;
    ret->ours = is_ours(ret->user, ret->uid);
  }
  return true;
}
