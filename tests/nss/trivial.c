/*
 * libnss_trivial.so.2: what an NSS module costs at least. It knows one account, which has every even uid and every name
 * that does not begin with "no", and which is in three groups. It fills the buffer as any module must, and that is all.
 */
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <string.h>

#include "compiler.h"

enum nss_status _nss_trivial_getpwnam_r(const char *name, struct passwd *ret, char *buffer, size_t size,
                                        int *ret_errno);
enum nss_status _nss_trivial_getpwuid_r(uid_t uid, struct passwd *ret, char *buffer, size_t size, int *ret_errno);
enum nss_status _nss_trivial_initgroups_dyn(const char *name, gid_t group, long *start, long *size, gid_t **groups,
                                            long limit, int *ret_errno);

enum { UID = 1879048192, GROUPS = 3, PASSWORD = 8, GECOS = 10, HOME = 11, SHELL = 25 };
static const gid_t group_ids[GROUPS] = {2000000001, 2000000002, 2000000003};
static const char strings[] = "account\0*\0\0/home/account\0/bin/sh";

static enum nss_status give(struct passwd *ret, char *buffer, size_t size, int *ret_errno) {
  if (size < sizeof(strings)) {
    *ret_errno = ERANGE;
    return NSS_STATUS_TRYAGAIN;
  }
  memcpy(buffer, strings, sizeof(strings));
  *ret = (struct passwd){.pw_name = buffer,
                         .pw_passwd = buffer + PASSWORD,
                         .pw_uid = UID,
                         .pw_gid = UID,
                         .pw_gecos = buffer + GECOS,
                         .pw_dir = buffer + HOME,
                         .pw_shell = buffer + SHELL};
  return NSS_STATUS_SUCCESS;
}

static enum nss_status not_found(int *ret_errno) {
  *ret_errno = ENOENT;
  return NSS_STATUS_NOTFOUND;
}

EXPORT enum nss_status _nss_trivial_getpwnam_r(const char *name, struct passwd *ret, char *buffer, size_t size,
                                               int *ret_errno) {
  return strncmp(name, "no", 2) == 0 ? not_found(ret_errno) : give(ret, buffer, size, ret_errno);
}

EXPORT enum nss_status _nss_trivial_getpwuid_r(uid_t uid, struct passwd *ret, char *buffer, size_t size,
                                               int *ret_errno) {
  return uid % 2 != 0 ? not_found(ret_errno) : give(ret, buffer, size, ret_errno);
}

/* The caller has put in the primary group, and has room for some more. */
EXPORT enum nss_status _nss_trivial_initgroups_dyn(const char *name, gid_t group UNUSED, long *start, long *size,
                                                   gid_t **groups, long limit UNUSED, int *ret_errno) {
  if (strncmp(name, "no", 2) == 0) return not_found(ret_errno);
  for (int i = 0; i < GROUPS && *start < *size; i++)
    (*groups)[(*start)++] = group_ids[i];
  return NSS_STATUS_SUCCESS;
}
