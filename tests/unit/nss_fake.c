/* An NSS module for tests: what is asked for decides how it answers. */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <string.h>

#include "compiler.h"

EXPORT enum nss_status _nss_fake_getpwnam_r(const char *name, struct passwd *ret, char *buffer, size_t size,
                                            int *error);
EXPORT enum nss_status _nss_fake_getpwuid_r(uid_t uid, struct passwd *ret, char *buffer, size_t size, int *error);
EXPORT enum nss_status _nss_fake_getgrnam_r(const char *name, struct group *ret, char *buffer, size_t size, int *error);

static enum nss_status answer(const char *name, size_t size, int *error) {
  *error = ENOENT;
  if (strcmp(name, "found") == 0) return NSS_STATUS_SUCCESS;
  if (strcmp(name, "down") == 0) return NSS_STATUS_UNAVAIL;
  if (strcmp(name, "odd") == 0) return NSS_STATUS_RETURN;
  if (strcmp(name, "busy") == 0) {
    *error = EAGAIN;
    return NSS_STATUS_TRYAGAIN;
  }
  size_t needed = strcmp(name, "big") == 0 ? 300000 : strcmp(name, "endless") == 0 ? (size_t)-1 : 0;
  if (size < needed) {
    *error = ERANGE;
    return NSS_STATUS_TRYAGAIN;
  }
  return needed > 0 ? NSS_STATUS_SUCCESS : NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_fake_getpwnam_r(const char *name, struct passwd *ret, char *buffer, size_t size, int *error) {
  *ret = (struct passwd){.pw_name = buffer, .pw_uid = 4242};
  return answer(name, size, error);
}

enum nss_status _nss_fake_getpwuid_r(uid_t uid, struct passwd *ret, char *buffer, size_t size, int *error) {
  return _nss_fake_getpwnam_r(uid == 4242 ? "found" : uid == 4243 ? "down" : "nobody", ret, buffer, size, error);
}

enum nss_status _nss_fake_getgrnam_r(const char *name, struct group *ret, char *buffer, size_t size, int *error) {
  *ret = (struct group){.gr_name = buffer, .gr_gid = 4244};
  return answer(name, size, error);
}
