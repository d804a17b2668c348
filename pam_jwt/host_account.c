#include <errno.h>
#include <pwd.h>
#include <security/pam_modules.h>
#include <stdlib.h>

#include "module.h"
#include "paths.h"
#include "tables.h"

#define TABLE_BUFFER_SIZE 1024
#define RECORD_SIZE_MAX (1024 * 1024)

/* The range that holds when no table says another: a broken installation must not open our accounts to other doors. */
static const struct id_range default_range = {ACCOUNT_UID_MIN_DEFAULT, ACCOUNT_UID_MAX_DEFAULT};

static void look_into_tables(struct host_account *account) {
  struct tables *tables = tables_shared(PATH_TABLES);
  struct table_account found;
  char buffer[TABLE_BUFFER_SIZE];
  enum table_status status = tables_account_by_name(tables, account->user, &found, buffer, sizeof(buffer));
  account->tables_sound = status == TABLE_FOUND || status == TABLE_ABSENT;
  if (account->tables_sound) {
    bool same = status == TABLE_FOUND && found.uid == account->uid;
    account->ours = account->resolved && (same || tables_id_in_range(tables, account->uid));
  } else {
    account->ours = account->resolved && id_range_holds(default_range, account->uid);
  }
  tables_unmap(tables); /* libpam may unload the module at any pam_end */
}

bool id_is_ours(uint32_t id) {
  struct tables *tables = tables_shared(PATH_TABLES);
  bool ours = tables_id_in_range(tables, id) || id_range_holds(default_range, id);
  tables_unmap(tables);
  return ours;
}

/* False when it could not be asked; a name that nobody has is an answer, with *ret_found NULL. */
static bool find_record(struct host_account *account, struct passwd *record, struct passwd **ret_found) {
  int error = ERANGE;
  for (size_t size = 4096; error == ERANGE && size <= RECORD_SIZE_MAX; size *= 4) {
    free(account->buffer);
    account->buffer = malloc(size);
    if (account->buffer == NULL) return false;
    error = getpwnam_r(account->user, record, account->buffer, size, ret_found);
  }
  /* Besides 0, what getpwnam(3) says of names that are not there. */
  return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

bool host_account_find(pam_handle_t *pamh, struct host_account *ret) {
  *ret = (struct host_account){0};
  if (pam_get_user(pamh, &ret->user, NULL) != PAM_SUCCESS || ret->user == NULL) return false;

  struct passwd record, *found = NULL;
  if (!find_record(ret, &record, &found)) return false;
  if (found != NULL) {
    ret->resolved = true;
    ret->uid = record.pw_uid;
    ret->gid = record.pw_gid;
    ret->home = record.pw_dir;
    ret->shell = record.pw_shell;
  }
  look_into_tables(ret);
  return true;
}

void host_account_clear(struct host_account *account) {
  free(account->buffer);
  account->buffer = NULL;
}
