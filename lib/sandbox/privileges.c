#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "parts.h"
#include "system_user.h"

#define NOBODY 65534

struct ids {
  uid_t uid;
  gid_t gid;
};

static bool find_user(const char *name, bool optional, struct ids *ret) {
  *ret = (struct ids){NOBODY, NOBODY};
  return system_user_find(name, &ret->uid, &ret->gid) || optional;
}

/* A caller that may not do one of these has nothing to lose by it: capabilities go next, and no_new_privs bars more. */
static bool done_or_not_permitted(int result) {
  return result == 0 || errno == EPERM;
}

static bool drop_bounding_set(void) {
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    if (!done_or_not_permitted(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))) return false;
  return true;
}

/* From here on uid 0 means nothing, no capability is kept over a change of uid or raised again, and that is final. */
static bool lock_securebits(void) {
  unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                       SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  return done_or_not_permitted(prctl(PR_SET_SECUREBITS, bits, 0, 0, 0));
}

static bool holds_no_capability(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3], none[_LINUX_CAPABILITY_U32S_3] = {{0}};
  return syscall(SYS_capget, &header, held) == 0 && memcmp(held, none, sizeof none) == 0;
}

static bool is_wholly(struct ids ids) {
  uid_t uid, effective_uid, saved_uid;
  gid_t gid, effective_gid, saved_gid;
  return getresuid(&uid, &effective_uid, &saved_uid) == 0 && getresgid(&gid, &effective_gid, &saved_gid) == 0 &&
         uid == ids.uid && effective_uid == ids.uid && saved_uid == ids.uid && gid == ids.gid &&
         effective_gid == ids.gid && saved_gid == ids.gid;
}

/* What is so already needs no call: a service manager's filter may bar it. */
static bool become(struct ids ids, bool was_root) {
  if (was_root && setgroups(0, NULL) != 0) return false;
  return is_wholly(ids) || (setresgid(ids.gid, ids.gid, ids.gid) == 0 && setresuid(ids.uid, ids.uid, ids.uid) == 0);
}

static bool drop_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return false;
  return holds_no_capability() || syscall(SYS_capset, &header, none) == 0;
}

/* A normal user's own group may be 0 (OpenShift runs everything so). */
static bool cannot_regain_root(struct ids ids) {
  return ids.uid != 0 && setuid(0) != 0 && (ids.gid == 0 || setgid(0) != 0);
}

bool privileges_shed(const char *user, bool optional) {
  bool was_root = geteuid() == 0;
  struct ids ids = {geteuid(), getegid()};
  if (was_root && !find_user(user, optional, &ids)) return false;
  if (!drop_bounding_set() || !lock_securebits() || !become(ids, was_root) || !drop_capabilities()) return false;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  if (is_wholly(ids) && holds_no_capability() && cannot_regain_root(ids) && (!was_root || ids.gid != 0)) return true;
  errno = EPERM;
  return false;
}
