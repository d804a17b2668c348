/*
 * The NSS module: it turns what the tables say into glibc's structures, no more. Accounts have a private group: same
 * name, gid = uid, no members. There is no enumeration, so no setpwent and its like: glibc passes over a module
 * without them.
 */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "account_settings.h"
#include "paths.h"
#include "tables.h"

/* glibc finds the functions by these names; no header of its declares them. */
enum nss_status _nss_jwt_getpwnam_r(const char *name, struct passwd *ret, char *buffer, size_t size, int *ret_errno);
enum nss_status _nss_jwt_getpwuid_r(uid_t uid, struct passwd *ret, char *buffer, size_t size, int *ret_errno);
enum nss_status _nss_jwt_getgrnam_r(const char *name, struct group *ret, char *buffer, size_t size, int *ret_errno);
enum nss_status _nss_jwt_getgrgid_r(gid_t gid, struct group *ret, char *buffer, size_t size, int *ret_errno);
enum nss_status _nss_jwt_initgroups_dyn(const char *name, gid_t group, long *start, long *size, gid_t **groups,
                                        long limit, int *ret_errno);

/* Enough for every account's strings. */
enum { STRINGS_MAX = ACCOUNT_NAME_MAX + 1 + 2 * (ACCOUNT_PATH_MAX + 1) };

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

/* ---- passwd ---- */

static const char no_password[] = "*";

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
  size_t kept = size < sizeof(no_password) ? size : sizeof(no_password);
  struct table_account account;
  enum table_status status = account_for_login(name, &account, buffer + kept, size - kept);
  if (status == TABLE_FOUND) fill_passwd(&account, buffer, ret);
  return nss_status_of(status, saved_errno, ret_errno);
}

EXPORT enum nss_status _nss_jwt_getpwuid_r(uid_t uid, struct passwd *ret, char *buffer, size_t size, int *ret_errno) {
  int saved_errno = errno;
  size_t kept = size < sizeof(no_password) ? size : sizeof(no_password);
  struct table_account account;
  enum table_status status = tables_account_by_uid(the_tables(), uid, &account, buffer + kept, size - kept);
  if (status == TABLE_FOUND) fill_passwd(&account, buffer, ret);
  return nss_status_of(status, saved_errno, ret_errno);
}

/* ---- group ---- */

/* The members, a pointer, come first: they must be aligned. */
static enum table_status give_group(const struct table_account *account, struct group *ret, char *buffer, size_t size) {
  size_t padding = -(uintptr_t)buffer % alignof(char *), name_size = strlen(account->name) + 1;
  size_t needed = padding + sizeof(char *) + sizeof(no_password) + name_size;
  if (size < needed) return TABLE_SMALL_BUFFER;
  char **members = (char **)(void *)(buffer + padding);
  members[0] = NULL;
  char *password = memcpy(members + 1, no_password, sizeof(no_password));
  char *name = memcpy(password + sizeof(no_password), account->name, name_size);
  *ret = (struct group){.gr_name = name, .gr_passwd = password, .gr_gid = account->uid, .gr_mem = members};
  return TABLE_FOUND;
}

EXPORT enum nss_status _nss_jwt_getgrnam_r(const char *name, struct group *ret, char *buffer, size_t size,
                                           int *ret_errno) {
  int saved_errno = errno;
  struct table_account account;
  char strings[STRINGS_MAX];
  enum table_status status = tables_account_by_name(the_tables(), name, &account, strings, sizeof(strings));
  if (status == TABLE_FOUND) status = give_group(&account, ret, buffer, size);
  return nss_status_of(status, saved_errno, ret_errno);
}

EXPORT enum nss_status _nss_jwt_getgrgid_r(gid_t gid, struct group *ret, char *buffer, size_t size, int *ret_errno) {
  int saved_errno = errno;
  struct table_account account;
  char strings[STRINGS_MAX];
  enum table_status status = tables_account_by_uid(the_tables(), gid, &account, strings, sizeof(strings));
  if (status == TABLE_FOUND) status = give_group(&account, ret, buffer, size);
  return nss_status_of(status, saved_errno, ret_errno);
}

/* Of groups an account has its private one alone, which the caller has put in. Without this function glibc would walk
 * through all groups. */
EXPORT enum nss_status _nss_jwt_initgroups_dyn(const char *name, gid_t group UNUSED, long *start UNUSED,
                                               long *size UNUSED, gid_t **groups UNUSED, long limit UNUSED,
                                               int *ret_errno) {
  int saved_errno = errno;
  struct table_account account;
  char strings[STRINGS_MAX];
  return nss_status_of(tables_account_by_name(the_tables(), name, &account, strings, sizeof(strings)), saved_errno,
                       ret_errno);
}
