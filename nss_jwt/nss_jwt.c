/*
 * The NSS module: it turns what the tables say into glibc's structures, no more. Accounts have a private group: same
 * name, gid = uid, no members.
 */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "account_settings.h"
#include "paths.h"
#include "tables.h"

/* glibc finds the functions by these names; no header of its declares them. */
enum nss_status _nss_jwt_getpwnam_r(const char *name, struct passwd *ret, char *buffer, size_t size, int *ret_errno);
enum nss_status _nss_jwt_getpwuid_r(uid_t uid, struct passwd *ret, char *buffer, size_t size, int *ret_errno);
enum nss_status _nss_jwt_setpwent(int stay_open);
enum nss_status _nss_jwt_getpwent_r(struct passwd *ret, char *buffer, size_t size, int *ret_errno);
enum nss_status _nss_jwt_endpwent(void);
enum nss_status _nss_jwt_getgrnam_r(const char *name, struct group *ret, char *buffer, size_t size, int *ret_errno);
enum nss_status _nss_jwt_getgrgid_r(gid_t gid, struct group *ret, char *buffer, size_t size, int *ret_errno);
enum nss_status _nss_jwt_setgrent(int stay_open);
enum nss_status _nss_jwt_getgrent_r(struct group *ret, char *buffer, size_t size, int *ret_errno);
enum nss_status _nss_jwt_endgrent(void);
enum nss_status _nss_jwt_initgroups_dyn(const char *name, gid_t group, long *start, long *size, gid_t **groups,
                                        long limit, int *ret_errno);

static struct tables *the_tables(void) {
  return tables_shared(PATH_TABLES);
}

/* Nothing of ours stays mapped after dlclose. exit(3) calls it too, while other threads may still look up. */
static void __attribute__((destructor)) unmap_tables(void) {
  tables_unmap(the_tables());
}

/*
 * glibc hands on *ret_errno (its errno) unless the status is success or not found. ENOENT means to callers that there
 * is no such account, which holds for tables that are missing or damaged as well.
 */
static enum nss_status nss_status_of(enum table_status status, int saved_errno, int *ret_errno) {
  errno = saved_errno;
  switch (status) {
  case TABLE_FOUND:
    return NSS_STATUS_SUCCESS;
  case TABLE_ABSENT:
    *ret_errno = ENOENT;
    return NSS_STATUS_NOTFOUND;
  case TABLE_SMALL_BUFFER:
    *ret_errno = ERANGE;
    return NSS_STATUS_TRYAGAIN;
  case TABLE_UNAVAILABLE:
    break;
  }
  *ret_errno = ENOENT;
  return NSS_STATUS_UNAVAIL;
}

/* ---- first login ---- */

/* This process's executable, "" when it cannot be known or is too long for a login program. It does not change while
 * the process lives, so it is read once. */
static const char *own_executable(char buffer[ACCOUNT_PATH_MAX + 2]) {
  enum { UNKNOWN, BEING_READ, KNOWN };
  static atomic_int state = UNKNOWN;
  static char executable[ACCOUNT_PATH_MAX + 2];
  if (atomic_load(&state) == KNOWN) return executable;
  /* Whoever comes while another thread reads, or in a child of that moment, reads for itself. */
  int unknown = UNKNOWN;
  char *target = atomic_compare_exchange_strong(&state, &unknown, BEING_READ) ? executable : buffer;
  ssize_t length = readlink("/proc/self/exe", target, ACCOUNT_PATH_MAX + 1);
  target[length > 0 && length <= ACCOUNT_PATH_MAX ? length : 0] = '\0';
  if (target == executable) atomic_store(&state, length > 0 ? KNOWN : UNKNOWN);
  return target;
}

/* May this process see accounts before their first login? Only root, running a configured login program. The program
 * is looked at first: all others ask the kernel nothing. */
static bool sees_accounts_to_be(void) {
  char buffer[ACCOUNT_PATH_MAX + 2];
  return tables_login_program(the_tables(), own_executable(buffer)) && getuid() == 0 && geteuid() == 0;
}

/*
 * The account to be that this process was told of last. sshd keeps the record that it got when the connection began and
 * becomes that user; whoever asks later in the same process (pam_jwt.so, for one) must see that very record, also
 * when somebody else got the id meanwhile: then the difference shows, and the login is refused.
 * A promise ends with the process or with the next one. That suits sshd, which has a process for each connection; a
 * login program that lives on would refuse that name until it has started again or was told of another account to be.
 */
static struct {
  atomic_flag in_use; /* whoever finds it so does without: nobody waits, in a child of a fork neither */
  atomic_bool made;
  char name[ACCOUNT_NAME_MAX + 1];
  uint32_t uid;
} promise = {.in_use = ATOMIC_FLAG_INIT};

static void promise_account(const struct table_account *account) {
  if (atomic_flag_test_and_set(&promise.in_use)) return;
  size_t size = strlen(account->name) + 1;
  atomic_store(&promise.made, size <= sizeof(promise.name));
  if (size <= sizeof(promise.name)) memcpy(promise.name, account->name, size);
  promise.uid = account->uid;
  atomic_flag_clear(&promise.in_use);
}

/* True when there was a promise for this name; *account then is what was promised. */
static bool keep_promise(const char *name, struct table_account *account) {
  if (!atomic_load_explicit(&promise.made, memory_order_relaxed)) return false;
  if (atomic_flag_test_and_set(&promise.in_use)) return false;
  bool promised = strcmp(promise.name, name) == 0;
  if (promised) account->uid = promise.uid;
  atomic_flag_clear(&promise.in_use);
  return promised;
}

static enum table_status account_for_login(const char *name, struct table_account *ret, char *buffer, size_t size) {
  enum table_status status = tables_account_by_name(the_tables(), name, ret, buffer, size);
  if (status == TABLE_ABSENT && sees_accounts_to_be()) {
    status = tables_account_to_be(the_tables(), name, ret, buffer, size);
    if (status == TABLE_FOUND && !keep_promise(name, ret)) promise_account(ret);
    if (status != TABLE_ABSENT) return status;
    /* It came to be in between. */
    status = tables_account_by_name(the_tables(), name, ret, buffer, size);
  }
  if (status == TABLE_FOUND) (void)keep_promise(name, ret);
  return status;
}

/* ---- buffers ---- */

/* Every record has the same password; it stands first in the buffer. */
static const char no_password[] = "*";

struct room {
  char *password, *rest;
  size_t rest_size;
};

/* Of too small a buffer nothing is left, so that what follows fails for want of room. */
static struct room divide(char *buffer, size_t size) {
  size_t taken = size < sizeof(no_password) ? size : sizeof(no_password);
  return (struct room){buffer, buffer + taken, size - taken};
}

/* ---- passwd ---- */

static void fill_passwd(const struct table_account *account, char *password, struct passwd *ret) {
  memcpy(password, no_password, sizeof(no_password));
  *ret = (struct passwd){.pw_name = (char *)account->name,
                         .pw_passwd = password,
                         .pw_uid = account->uid,
                         .pw_gid = account->uid,
                         .pw_gecos = password + sizeof(no_password) - 1, /* empty */
                         .pw_dir = (char *)account->home,
                         .pw_shell = (char *)account->shell};
}

EXPORT enum nss_status _nss_jwt_getpwnam_r(const char *name, struct passwd *ret, char *buffer, size_t size,
                                           int *ret_errno) {
  int saved_errno = errno;
  struct room room = divide(buffer, size);
  struct table_account account;
  enum table_status status = account_for_login(name, &account, room.rest, room.rest_size);
  if (status == TABLE_FOUND) fill_passwd(&account, room.password, ret);
  return nss_status_of(status, saved_errno, ret_errno);
}

EXPORT enum nss_status _nss_jwt_getpwuid_r(uid_t uid, struct passwd *ret, char *buffer, size_t size, int *ret_errno) {
  int saved_errno = errno;
  struct room room = divide(buffer, size);
  struct table_account account;
  enum table_status status = tables_account_by_uid(the_tables(), uid, &account, room.rest, room.rest_size);
  if (status == TABLE_FOUND) fill_passwd(&account, room.password, ret);
  return nss_status_of(status, saved_errno, ret_errno);
}

EXPORT enum nss_status _nss_jwt_setpwent(int stay_open UNUSED) {
  return _nss_jwt_endpwent();
}

EXPORT enum nss_status _nss_jwt_getpwent_r(struct passwd *ret, char *buffer, size_t size, int *ret_errno) {
  int saved_errno = errno;
  struct room room = divide(buffer, size);
  struct table_account account;
  enum table_status status = tables_next_account(the_tables(), &account, room.rest, room.rest_size);
  if (status == TABLE_FOUND) fill_passwd(&account, room.password, ret);
  return nss_status_of(status, saved_errno, ret_errno);
}

EXPORT enum nss_status _nss_jwt_endpwent(void) {
  int saved_errno = errno;
  tables_walk_end(the_tables(), TABLE_WALK_ACCOUNTS);
  errno = saved_errno;
  return NSS_STATUS_SUCCESS;
}

/* ---- group ---- */

/* What memberships end by. The coarse clock comes from the vDSO: no system call. */
static int64_t this_second(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec;
}

static void fill_group(const struct table_group_view *group, char *password, struct group *ret) {
  memcpy(password, no_password, sizeof(no_password));
  *ret = (struct group){
      .gr_name = (char *)group->name, .gr_passwd = password, .gr_gid = group->gid, .gr_mem = group->members};
}

EXPORT enum nss_status _nss_jwt_getgrnam_r(const char *name, struct group *ret, char *buffer, size_t size,
                                           int *ret_errno) {
  int saved_errno = errno;
  struct room room = divide(buffer, size);
  struct table_group_view group;
  enum table_status status = tables_group_by_name(the_tables(), name, this_second(), &group, room.rest, room.rest_size);
  if (status == TABLE_FOUND) fill_group(&group, room.password, ret);
  return nss_status_of(status, saved_errno, ret_errno);
}

EXPORT enum nss_status _nss_jwt_getgrgid_r(gid_t gid, struct group *ret, char *buffer, size_t size, int *ret_errno) {
  int saved_errno = errno;
  struct room room = divide(buffer, size);
  struct table_group_view group;
  enum table_status status = tables_group_by_gid(the_tables(), gid, this_second(), &group, room.rest, room.rest_size);
  if (status == TABLE_FOUND) fill_group(&group, room.password, ret);
  return nss_status_of(status, saved_errno, ret_errno);
}

EXPORT enum nss_status _nss_jwt_setgrent(int stay_open UNUSED) {
  return _nss_jwt_endgrent();
}

EXPORT enum nss_status _nss_jwt_getgrent_r(struct group *ret, char *buffer, size_t size, int *ret_errno) {
  int saved_errno = errno;
  struct room room = divide(buffer, size);
  struct table_group_view group;
  enum table_status status = tables_next_group(the_tables(), this_second(), &group, room.rest, room.rest_size);
  if (status == TABLE_FOUND) fill_group(&group, room.password, ret);
  return nss_status_of(status, saved_errno, ret_errno);
}

EXPORT enum nss_status _nss_jwt_endgrent(void) {
  int saved_errno = errno;
  tables_walk_end(the_tables(), TABLE_WALK_GROUPS);
  errno = saved_errno;
  return NSS_STATUS_SUCCESS;
}

/* ---- initgroups ---- */

/* glibc's list of groups, `limit` > 0 being the most that it may hold. */
struct group_list {
  long *used, *size, limit;
  gid_t **groups;
};

/* False when memory ran out. A list that has reached its limit stays as it is. */
static bool make_room(const struct group_list *list, long more) {
  long needed = *list->used + more;
  if (list->limit > 0 && needed > list->limit) needed = list->limit;
  if (needed <= *list->size) return true;
  long size = 2 * *list->size > needed ? 2 * *list->size : needed;
  if (list->limit > 0 && size > list->limit) size = list->limit;
  gid_t *groups = realloc(*list->groups, (size_t)size * sizeof(*groups));
  if (groups == NULL) return false;
  *list->groups = groups;
  *list->size = size;
  return true;
}

static void add_groups(const struct group_list *list, const uint32_t *gids, size_t count, gid_t primary) {
  for (size_t i = 0; i < count && *list->used < *list->size; i++)
    if (gids[i] != primary) (*list->groups)[(*list->used)++] = gids[i];
}

/*
 * The caller has put in the primary group. Another primary group than the account's own means another account: one of
 * this name that some other source has gained since. It gets nothing of ours. (getent(1) has no primary group to give.)
 */
EXPORT enum nss_status _nss_jwt_initgroups_dyn(const char *name, gid_t primary, long *start, long *size, gid_t **groups,
                                               long limit, int *ret_errno) {
  int saved_errno = errno;
  uint32_t gids[TABLE_GROUPS_MAX], own;
  size_t count;
  enum table_status status = tables_groups_of(the_tables(), name, this_second(), &own, gids, COUNT_OF(gids), &count);
  if (status == TABLE_FOUND && primary != own && primary != (gid_t)-1) status = TABLE_ABSENT;
  struct group_list list = {start, size, limit, groups};
  if (status == TABLE_FOUND && !make_room(&list, (long)count)) {
    errno = saved_errno;
    *ret_errno = ENOMEM;
    return NSS_STATUS_TRYAGAIN;
  }
  if (status == TABLE_FOUND) add_groups(&list, gids, count, primary);
  return nss_status_of(status, saved_errno, ret_errno);
}
