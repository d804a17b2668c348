/*
 * The NSS module as glibc calls it: every buffer size, alignment, errno, and what is left after dlclose. It runs in a
 * mount namespace of its own, in which the folder that the module was built for is an empty one.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <sched.h>
#include <stdalign.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths.h"
#include "table_writer.h"
#include "unit.h"

enum { UID = 1879050000, UNTOUCHED = 4242 };

static void *module;
static enum nss_status (*getpwnam_jwt)(const char *, struct passwd *, char *, size_t, int *);
static enum nss_status (*getpwuid_jwt)(uid_t, struct passwd *, char *, size_t, int *);
static enum nss_status (*getgrnam_jwt)(const char *, struct group *, char *, size_t, int *);
static enum nss_status (*getgrgid_jwt)(gid_t, struct group *, char *, size_t, int *);
static enum nss_status (*initgroups_jwt)(const char *, gid_t, long *, long *, gid_t **, long, int *);

/* ---- the set-up ---- */

static bool write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  if (fd >= 0) close(fd);
  return written;
}

/* As a normal user, be root of a user namespace. */
static bool enter_namespace(void) {
  unsigned uid = geteuid(), gid = getegid();
  if (uid == 0) return unshare(CLONE_NEWNS) == 0;
  char uid_map[40], gid_map[40];
  snprintf(uid_map, sizeof(uid_map), "0 %u 1", uid);
  snprintf(gid_map, sizeof(gid_map), "0 %u 1", gid);
  return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/setgroups", "deny") &&
         write_text("/proc/self/uid_map", uid_map) && write_text("/proc/self/gid_map", gid_map);
}

/* An empty parent of the state folder, seen by this process alone. NULL, or why that cannot be. */
static const char *make_private_state(void) {
  char parent[] = STATE_DIR;
  *strrchr(parent, '/') = '\0';
  if (access(parent, F_OK) != 0) return "this host has no folder for the state";
  if (!enter_namespace() || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("tmpfs", parent, "tmpfs", 0, "mode=755") != 0)
    return "no private mounts here";
  umask(022);
  return mkdir(PATH_STATE, 0755) == 0 ? NULL : "the state folder could not be made";
}

static void open_module(void) {
  char path[4096];
  const char *build = getenv("abs_top_builddir");
  snprintf(path, sizeof(path), "%s/nss_jwt/.libs/libnss_jwt.so", build ? build : ".");
  module = dlopen(path, RTLD_NOW);
  if (module == NULL) {
    printf("Bail out! %s\n", dlerror());
    exit(EXIT_FAILURE);
  }
  *(void **)&getpwnam_jwt = dlsym(module, "_nss_jwt_getpwnam_r");
  *(void **)&getpwuid_jwt = dlsym(module, "_nss_jwt_getpwuid_r");
  *(void **)&getgrnam_jwt = dlsym(module, "_nss_jwt_getgrnam_r");
  *(void **)&getgrgid_jwt = dlsym(module, "_nss_jwt_getgrgid_r");
  *(void **)&initgroups_jwt = dlsym(module, "_nss_jwt_initgroups_dyn");
}

static bool one_row(void *context, struct table_row *ret, enum reason *failure) {
  bool *given = context;
  (void)failure;
  if (*given) return false;
  *given = true;
  *ret = (struct table_row){.name = "alice", .home = "/home/alice", .shell = "/bin/zsh", .uid = UID};
  return true;
}

static enum reason write_tables(void) {
  static const char *const programs[] = {"/usr/sbin/sshd", NULL};
  static const struct name_pattern any = {"", ""};
  const struct account_settings settings = {.range = {ACCOUNT_UID_MIN_DEFAULT, ACCOUNT_UID_MAX_DEFAULT},
                                            .home = ACCOUNT_HOME_DEFAULT,
                                            .shell = ACCOUNT_SHELL_DEFAULT,
                                            .login_programs = programs,
                                            .patterns = &any,
                                            .pattern_count = 1};
  bool given = false;
  return tables_write_all(PATH_TABLES, &settings, &(struct table_source){.next = one_row, .context = &given});
}

/* ---- the sweep ---- */

/* One of the four lookups, by number, into a buffer. */
static enum nss_status look_up(int which, bool known, struct passwd *pw, struct group *gr, char *buffer, size_t size,
                               int *error) {
  const char *name = known ? "alice" : "bob";
  unsigned id = known ? UID : UID + 1;
  switch (which) {
  case 0:
    return getpwnam_jwt(name, pw, buffer, size, error);
  case 1:
    return getpwuid_jwt(id, pw, buffer, size, error);
  case 2:
    return getgrnam_jwt(name, gr, buffer, size, error);
  default:
    return getgrgid_jwt(id, gr, buffer, size, error);
  }
}

static bool inside(const void *pointer, size_t length, const char *buffer, size_t size) {
  const char *at = pointer;
  return at >= buffer && at + length <= buffer + size;
}

static void check_passwd(const struct passwd *pw, const char *buffer, size_t size) {
  CHECK_STRING(pw->pw_name, "alice");
  CHECK_STRING(pw->pw_passwd, "*");
  CHECK_STRING(pw->pw_gecos, "");
  CHECK_STRING(pw->pw_dir, "/home/alice");
  CHECK_STRING(pw->pw_shell, "/bin/zsh");
  CHECK_INT(pw->pw_uid, UID);
  CHECK_INT(pw->pw_gid, UID);
  CHECK(inside(pw->pw_name, 6, buffer, size) && inside(pw->pw_passwd, 2, buffer, size) &&
        inside(pw->pw_gecos, 1, buffer, size) && inside(pw->pw_dir, 12, buffer, size) &&
        inside(pw->pw_shell, 9, buffer, size));
}

static void check_group(const struct group *gr, const char *buffer, size_t size) {
  CHECK_STRING(gr->gr_name, "alice");
  CHECK_STRING(gr->gr_passwd, "*");
  CHECK_INT(gr->gr_gid, UID);
  CHECK((uintptr_t)gr->gr_mem % alignof(char *) == 0);
  CHECK(inside(gr->gr_mem, sizeof(char *), buffer, size) && gr->gr_mem[0] == NULL);
  CHECK(inside(gr->gr_name, 6, buffer, size) && inside(gr->gr_passwd, 2, buffer, size));
}

/* With too small a buffer: TRYAGAIN and ERANGE, and not a byte past it; from some size on: success, errno untouched. */
static void sweep(int which, size_t shift) {
  enum { MOST = 96 };
  bool succeeded = false;
  for (size_t size = 0; size < MOST; size++) {
    char *block = malloc(shift + size + 1), *buffer = block + shift; /* its end is exact, for the sanitizer */
    struct passwd pw = {0};
    struct group gr = {0};
    int error = UNTOUCHED;
    buffer[size] = 'x';
    errno = UNTOUCHED;
    enum nss_status status = look_up(which, true, &pw, &gr, buffer, size, &error);
    CHECK_INT(errno, UNTOUCHED);
    CHECK(buffer[size] == 'x');
    if (status == NSS_STATUS_SUCCESS) {
      succeeded = true;
      CHECK_INT(error, UNTOUCHED);
      if (which < 2)
        check_passwd(&pw, buffer, size);
      else
        check_group(&gr, buffer, size);
    } else {
      CHECK(!succeeded && status == NSS_STATUS_TRYAGAIN && error == ERANGE);
    }
    CHECK_INT(look_up(which, false, &pw, &gr, buffer, size, &error), NSS_STATUS_NOTFOUND);
    CHECK_INT(error, ENOENT);
    free(block);
  }
  CHECK(succeeded);
}

static void every_buffer_size_and_alignment(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  for (int which = 0; which < 4; which++)
    for (size_t shift = 0; shift < 2 * sizeof(char *); shift++)
      sweep(which, shift);
}

static void initgroups_adds_nothing(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  gid_t list[4] = {UID, 7, 7, 7}, *groups = list;
  long start = 1, size = 4;
  int error = UNTOUCHED;
  errno = UNTOUCHED;
  CHECK_INT(initgroups_jwt("alice", UID, &start, &size, &groups, -1, &error), NSS_STATUS_SUCCESS);
  CHECK_INT(error, UNTOUCHED);
  CHECK_INT(initgroups_jwt("bob", 100, &start, &size, &groups, -1, &error), NSS_STATUS_NOTFOUND);
  CHECK_INT(errno, UNTOUCHED);
  CHECK(start == 1 && size == 4 && groups == list && list[1] == 7);
}

static void names_of_no_account(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  char long_name[5000], buffer[200];
  memset(long_name, 'a', sizeof(long_name) - 1);
  long_name[sizeof(long_name) - 1] = '\0';
  const char *const names[] = {"", "root", "Alice", "alice ", "ali", "alice\n", "../alice", long_name};
  struct passwd pw;
  struct group gr;
  int error;
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    CHECK_INT(getpwnam_jwt(names[i], &pw, buffer, sizeof(buffer), &error), NSS_STATUS_NOTFOUND);
    CHECK_INT(getgrnam_jwt(names[i], &gr, buffer, sizeof(buffer), &error), NSS_STATUS_NOTFOUND);
  }
  const uint32_t ids[] = {0, 999, 65534, UINT32_MAX};
  for (size_t i = 0; i < COUNT_OF(ids); i++) {
    CHECK_INT(getpwuid_jwt(ids[i], &pw, buffer, sizeof(buffer), &error), NSS_STATUS_NOTFOUND);
    CHECK_INT(getgrgid_jwt(ids[i], &gr, buffer, sizeof(buffer), &error), NSS_STATUS_NOTFOUND);
  }
}

/* Runs first: no tables yet. */
static void without_tables_it_is_unavailable(void) {
  struct passwd pw;
  struct group gr;
  char buffer[200];
  gid_t *groups = NULL;
  long start = 0, size = 0;
  for (int which = 0; which < 4; which++) {
    int error = UNTOUCHED;
    errno = UNTOUCHED;
    CHECK_INT(look_up(which, true, &pw, &gr, buffer, sizeof(buffer), &error), NSS_STATUS_UNAVAIL);
    CHECK_INT(error, ENOENT);
    CHECK_INT(errno, UNTOUCHED);
  }
  int error = 0;
  CHECK_INT(initgroups_jwt("alice", UID, &start, &size, &groups, -1, &error), NSS_STATUS_UNAVAIL);
}

/* Runs last. */
static void nothing_stays_after_dlclose(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  struct passwd pw;
  char buffer[200], line[4096];
  int error;
  CHECK_INT(getpwnam_jwt("alice", &pw, buffer, sizeof(buffer), &error), NSS_STATUS_SUCCESS);
  unsigned mapped = 0, left = 0;
  for (int closed = 0; closed < 2; closed++) {
    FILE *maps = fopen("/proc/self/maps", "re");
    while (fgets(line, sizeof(line), maps) != NULL)
      *(closed ? &left : &mapped) += strstr(line, PATH_TABLES) != NULL || strstr(line, "libnss_jwt") != NULL;
    fclose(maps);
    if (!closed) CHECK_INT(dlclose(module), 0);
  }
  CHECK(mapped > 2);
  CHECK_INT(left, 0);
}

int main(void) {
  static const struct unit_test tests[] = {
      {"without tables it is unavailable", without_tables_it_is_unavailable},
      {"every buffer size and alignment", every_buffer_size_and_alignment},
      {"initgroups adds nothing", initgroups_adds_nothing},
      {"names and ids of no account of ours", names_of_no_account},
      {"nothing stays after dlclose", nothing_stays_after_dlclose},
  };
  open_module();
  const char *obstacle = make_private_state();
  if (obstacle != NULL) {
    printf("1..0 # SKIP %s\n", obstacle);
    return EXIT_SUCCESS;
  }
  return unit_run(tests, COUNT_OF(tests));
}
