/*
 * The NSS module as glibc calls it: every buffer size, alignment, errno, threads and forks, tables that come and go,
 * and what is left after dlclose. It runs in a mount namespace of its own, in which the folder that the module was
 * built for is an empty one.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "paths.h"
#include "table_writer.h"
#include "unit.h"

enum { UID = 1879050000, OPS = UID + 50, LAB = 4321, UNTOUCHED = 4242, NOBODY = 65534 };

static void *module;
static bool is_root; /* of the host, not of a namespace */
static enum nss_status (*getpwnam_jwt)(const char *, struct passwd *, char *, size_t, int *);
static enum nss_status (*getpwuid_jwt)(uid_t, struct passwd *, char *, size_t, int *);
static enum nss_status (*getgrnam_jwt)(const char *, struct group *, char *, size_t, int *);
static enum nss_status (*getgrgid_jwt)(gid_t, struct group *, char *, size_t, int *);
static enum nss_status (*setpwent_jwt)(int);
static enum nss_status (*getpwent_jwt)(struct passwd *, char *, size_t, int *);
static enum nss_status (*endpwent_jwt)(void);
static enum nss_status (*setgrent_jwt)(int);
static enum nss_status (*getgrent_jwt)(struct group *, char *, size_t, int *);
static enum nss_status (*endgrent_jwt)(void);
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
  *(void **)&setpwent_jwt = dlsym(module, "_nss_jwt_setpwent");
  *(void **)&getpwent_jwt = dlsym(module, "_nss_jwt_getpwent_r");
  *(void **)&endpwent_jwt = dlsym(module, "_nss_jwt_endpwent");
  *(void **)&setgrent_jwt = dlsym(module, "_nss_jwt_setgrent");
  *(void **)&getgrent_jwt = dlsym(module, "_nss_jwt_getgrent_r");
  *(void **)&endgrent_jwt = dlsym(module, "_nss_jwt_endgrent");
  *(void **)&initgroups_jwt = dlsym(module, "_nss_jwt_initgroups_dyn");
}

static int64_t in_seconds(int seconds) {
  return (int64_t)time(NULL) + seconds;
}

static const struct table_group groups[] = {{"ops", OPS}, {"lab", LAB}};

/* alice is in both groups; anna in one, and was in the other. */
struct rows {
  unsigned given;
  const char *shell;
  struct table_membership memberships[2];
};

static bool next_row(void *context, struct table_row *ret, enum reason *failure) {
  struct rows *rows = context;
  (void)failure;
  static const char *const names[] = {"alice", "anna"}, *const homes[] = {"/home/alice", "/home/anna"};
  if (rows->given == COUNT_OF(names)) return false;
  rows->memberships[0] = (struct table_membership){OPS, TABLE_FOREVER};
  rows->memberships[1] = (struct table_membership){LAB, rows->given == 0 ? in_seconds(1000) : in_seconds(-1)};
  *ret = (struct table_row){.name = names[rows->given],
                            .home = homes[rows->given],
                            .shell = rows->shell,
                            .uid = UID + rows->given,
                            .memberships = rows->memberships,
                            .membership_count = COUNT_OF(rows->memberships)};
  rows->given++;
  return true;
}

static enum reason write_tables_with(const char *shell, bool enumerate) {
  static const char *const programs[] = {"/usr/sbin/sshd", NULL};
  static const struct name_pattern any = {"", ""};
  const struct account_settings settings = {.range = {ACCOUNT_UID_MIN_DEFAULT, ACCOUNT_UID_MAX_DEFAULT},
                                            .home = ACCOUNT_HOME_DEFAULT,
                                            .shell = ACCOUNT_SHELL_DEFAULT,
                                            .login_programs = programs,
                                            .patterns = &any,
                                            .pattern_count = 1,
                                            .enumerate = enumerate};
  struct rows rows = {.shell = shell};
  return tables_write_all(PATH_TABLES, &settings, &(struct table_source){next_row, &rows, groups, COUNT_OF(groups)});
}

static enum reason write_tables(void) {
  return write_tables_with("/bin/zsh", true);
}

/* ---- the sweep ---- */

enum lookup { PWNAM, PWUID, PWENT, GRNAM, GRGID, OPSNAM, OPSGID, GRENT, LOOKUPS };

/* One of the lookups into a buffer, of who is there or of who is not. A list is over for the latter. */
static enum nss_status look_up(enum lookup which, bool known, struct passwd *pw, struct group *gr, char *buffer,
                               size_t size, int *error) {
  enum nss_status status = NSS_STATUS_SUCCESS;
  switch (which) {
  case PWNAM:
    return getpwnam_jwt(known ? "alice" : "bob", pw, buffer, size, error);
  case PWUID:
    return getpwuid_jwt(known ? UID : UID + 9, pw, buffer, size, error);
  case PWENT:
    while (!known && status == NSS_STATUS_SUCCESS)
      status = getpwent_jwt(pw, (char[200]){0}, 200, error);
    return status == NSS_STATUS_SUCCESS ? getpwent_jwt(pw, buffer, size, error) : status;
  case GRNAM:
    return getgrnam_jwt(known ? "alice" : "bob", gr, buffer, size, error);
  case GRGID:
    return getgrgid_jwt(known ? UID : UID + 9, gr, buffer, size, error);
  case OPSNAM:
    return getgrnam_jwt(known ? "ops" : "opsx", gr, buffer, size, error);
  case OPSGID:
    return getgrgid_jwt(known ? OPS : OPS + 1, gr, buffer, size, error);
  case GRENT:
  case LOOKUPS:
    break;
  }
  while (!known && status == NSS_STATUS_SUCCESS)
    status = getgrent_jwt(gr, (char[200]){0}, 200, error);
  return status == NSS_STATUS_SUCCESS ? getgrent_jwt(gr, buffer, size, error) : status;
}

/* What lists begin with anew. */
static void rewind_lists(void) {
  errno = UNTOUCHED;
  CHECK_INT(setpwent_jwt(0), NSS_STATUS_SUCCESS);
  CHECK_INT(setgrent_jwt(0), NSS_STATUS_SUCCESS);
  CHECK_INT(errno, UNTOUCHED);
}

static bool inside(const void *pointer, size_t length, const char *buffer, size_t size) {
  const char *at = pointer;
  return at >= buffer && at + length <= buffer + size;
}

static bool string_inside(const char *string, const char *buffer, size_t size) {
  return inside(string, strnlen(string, 100) + 1, buffer, size);
}

static void check_passwd(enum lookup which, const struct passwd *pw, const char *buffer, size_t size) {
  if (which != PWENT) CHECK_STRING(pw->pw_name, "alice");
  bool alice = strcmp(pw->pw_name, "alice") == 0;
  CHECK_STRING(pw->pw_name, alice ? "alice" : "anna");
  CHECK_STRING(pw->pw_passwd, "*");
  CHECK_STRING(pw->pw_gecos, "");
  CHECK_STRING(pw->pw_dir, alice ? "/home/alice" : "/home/anna");
  CHECK_STRING(pw->pw_shell, "/bin/zsh");
  CHECK_INT(pw->pw_uid, alice ? UID : UID + 1);
  CHECK_INT(pw->pw_gid, pw->pw_uid);
  CHECK(string_inside(pw->pw_name, buffer, size) && string_inside(pw->pw_passwd, buffer, size) &&
        string_inside(pw->pw_gecos, buffer, size) && string_inside(pw->pw_dir, buffer, size) &&
        string_inside(pw->pw_shell, buffer, size));
}

static bool has_member(const struct group *gr, const char *name) {
  for (char **member = gr->gr_mem; *member != NULL; member++)
    if (strcmp(*member, name) == 0) return true;
  return false;
}

static void check_group(enum lookup which, const struct group *gr, const char *buffer, size_t size) {
  if (which == GRNAM || which == GRGID) CHECK_STRING(gr->gr_name, "alice");
  if (which == OPSNAM || which == OPSGID) CHECK_STRING(gr->gr_name, "ops");
  CHECK_STRING(gr->gr_passwd, "*");
  CHECK((uintptr_t)gr->gr_mem % alignof(char *) == 0);
  size_t count = 0;
  while (inside(gr->gr_mem + count, sizeof(char *), buffer, size) && gr->gr_mem[count] != NULL)
    CHECK(string_inside(gr->gr_mem[count++], buffer, size));
  CHECK(inside(gr->gr_mem, (count + 1) * sizeof(char *), buffer, size));
  CHECK(string_inside(gr->gr_name, buffer, size) && string_inside(gr->gr_passwd, buffer, size));
  bool ops = strcmp(gr->gr_name, "ops") == 0, lab = strcmp(gr->gr_name, "lab") == 0;
  CHECK_INT(count, ops ? 2 : lab ? 1 : 0);
  CHECK(!ops || (gr->gr_gid == OPS && has_member(gr, "alice") && has_member(gr, "anna")));
  CHECK(!lab || (gr->gr_gid == LAB && has_member(gr, "alice")));
}

/* With too small a buffer: TRYAGAIN and ERANGE, and not a byte past it; from some size on: success, errno untouched. A
 * list does not go on while the buffer is too small. */
static void sweep(enum lookup which, size_t shift) {
  enum { MOST = 160, CANARY = 16 };
  bool succeeded = false;
  for (size_t size = 0; size < MOST; size++) {
    char *block = aligned_alloc(16, 16 * ((CANARY + shift + size + CANARY + 15) / 16)),
         *buffer = block + CANARY + shift;
    struct passwd pw = {0};
    struct group gr = {0};
    int error = UNTOUCHED;
    memset(block, 'x', CANARY + shift + size + CANARY);
    if (succeeded) rewind_lists();
    errno = UNTOUCHED;
    enum nss_status status = look_up(which, true, &pw, &gr, buffer, size, &error);
    CHECK_INT(errno, UNTOUCHED);
    if (status == NSS_STATUS_SUCCESS) {
      succeeded = true;
      CHECK_INT(error, UNTOUCHED);
      if (which <= PWENT)
        check_passwd(which, &pw, buffer, size);
      else
        check_group(which, &gr, buffer, size);
    } else {
      CHECK(!succeeded && status == NSS_STATUS_TRYAGAIN && error == ERANGE);
    }
    for (size_t i = 0; i < CANARY; i++)
      CHECK(buffer[-1 - (ptrdiff_t)i] == 'x' && buffer[size + i] == 'x');
    if (succeeded || (which != PWENT && which != GRENT)) {
      CHECK_INT(look_up(which, false, &pw, &gr, buffer, size, &error), NSS_STATUS_NOTFOUND);
      CHECK_INT(error, ENOENT);
    }
    free(block);
  }
  CHECK(succeeded);
}

static void every_buffer_size_and_alignment(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  for (enum lookup which = 0; which < LOOKUPS; which++)
    for (size_t shift = 0; shift < 16; shift++) {
      rewind_lists();
      sweep(which, shift);
    }
  CHECK_INT(endpwent_jwt(), NSS_STATUS_SUCCESS);
  CHECK_INT(endgrent_jwt(), NSS_STATUS_SUCCESS);
}

/* What ends exactly at the end of its block, for the sanitizer and for valgrind. */
static void nothing_is_read_or_written_past_the_buffer(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  for (enum lookup which = 0; which < LOOKUPS; which++)
    for (size_t size = 0; size < 160; size++) {
      char *buffer = malloc(size);
      struct passwd pw;
      struct group gr;
      int error;
      rewind_lists();
      enum nss_status status = look_up(which, true, &pw, &gr, buffer, size, &error);
      CHECK(status == NSS_STATUS_SUCCESS || status == NSS_STATUS_TRYAGAIN);
      free(buffer);
    }
}

/* ---- lists ---- */

static void lists_are_empty_unless_the_settings_say_otherwise(void) {
  CHECK_REASON(write_tables_with("/bin/zsh", false), REASON_OK);
  rewind_lists();
  struct passwd pw;
  struct group gr;
  char buffer[200];
  for (enum lookup which = PWENT; which <= GRENT; which += GRENT - PWENT) {
    int error = UNTOUCHED;
    errno = UNTOUCHED;
    CHECK_INT(look_up(which, true, &pw, &gr, buffer, sizeof(buffer), &error), NSS_STATUS_NOTFOUND);
    CHECK_INT(error, ENOENT);
    CHECK_INT(errno, UNTOUCHED);
  }
}

static void a_list_shows_each_once(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  rewind_lists();
  struct passwd pw;
  struct group gr;
  char buffer[200];
  int error;
  unsigned accounts = 0, seen = 0, listed = 0;
  for (; getpwent_jwt(&pw, buffer, sizeof(buffer), &error) == NSS_STATUS_SUCCESS; accounts++)
    seen |= 1u << (pw.pw_uid - UID);
  CHECK_INT(accounts, 2);
  CHECK_INT(seen, 3);
  while (getgrent_jwt(&gr, buffer, sizeof(buffer), &error) == NSS_STATUS_SUCCESS)
    listed++;
  CHECK_INT(listed, 4);
  CHECK_INT(getpwent_jwt(&pw, buffer, sizeof(buffer), &error), NSS_STATUS_NOTFOUND);
  rewind_lists();
  CHECK_INT(getpwent_jwt(&pw, buffer, sizeof(buffer), &error), NSS_STATUS_SUCCESS);
}

/* ---- initgroups ---- */

struct list {
  gid_t *groups;
  long used, size;
};

/* As glibc begins: room for `size`, the primary group in it. */
static enum nss_status init_groups(const char *name, gid_t primary, long size, long limit, struct list *ret) {
  *ret = (struct list){calloc((size_t)size, sizeof(gid_t)), 1, size};
  ret->groups[0] = primary;
  int error = UNTOUCHED;
  errno = UNTOUCHED;
  enum nss_status status = initgroups_jwt(name, primary, &ret->used, &ret->size, &ret->groups, limit, &error);
  CHECK_INT(errno, UNTOUCHED);
  CHECK_INT(error, status == NSS_STATUS_SUCCESS ? UNTOUCHED : ENOENT);
  CHECK(ret->used <= ret->size && ret->groups[0] == primary);
  return status;
}

static void check_groups(const char *name, gid_t primary, long size, long limit, const gid_t *wanted, long count) {
  struct list list;
  CHECK_INT(init_groups(name, primary, size, limit, &list), NSS_STATUS_SUCCESS);
  CHECK_INT(list.used, 1 + count);
  CHECK(limit <= 0 || list.size <= (limit > size ? limit : size));
  for (long i = 0; i < count && i + 1 < list.used; i++)
    CHECK_INT(list.groups[i + 1], wanted[i]);
  free(list.groups);
}

static void initgroups_gives_what_has_not_ended(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  const gid_t both[] = {OPS, LAB};
  for (long size = 1; size < 6; size++) {
    check_groups("alice", UID, size, -1, both, 2);
    check_groups("alice", UID, size, 100, both, 2);
    check_groups("anna", UID + 1, size, -1, both, 1);
    check_groups("alice", (gid_t)-1, size, -1, both, 2);
  }
}

static void initgroups_keeps_to_the_limit(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  const gid_t both[] = {OPS, LAB};
  check_groups("alice", UID, 1, 1, both, 0);
  check_groups("alice", UID, 1, 2, both, 1);
  check_groups("alice", UID, 2, 2, both, 1);
  check_groups("alice", UID, 1, 3, both, 2);
}

/* A local account of the same name has another primary group. */
static void initgroups_gives_nothing_to_others(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  const struct {
    const char *name;
    gid_t primary;
  } others[] = {{"bob", 100}, {"alice", 1000}, {"alice", UID + 1}, {"root", 0}, {"ops", OPS}};
  for (size_t i = 0; i < COUNT_OF(others); i++) {
    struct list list;
    CHECK_INT(init_groups(others[i].name, others[i].primary, 1, -1, &list), NSS_STATUS_NOTFOUND);
    CHECK(list.used == 1 && list.size == 1);
    free(list.groups);
  }
}

/* ---- names and ids of others ---- */

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
  rewind_lists();
  for (enum lookup which = 0; which < LOOKUPS; which++) {
    int error = UNTOUCHED;
    errno = UNTOUCHED;
    CHECK_INT(look_up(which, true, &pw, &gr, buffer, sizeof(buffer), &error), NSS_STATUS_UNAVAIL);
    CHECK_INT(error, ENOENT);
    CHECK_INT(errno, UNTOUCHED);
  }
  struct list list;
  CHECK_INT(init_groups("alice", UID, 1, -1, &list), NSS_STATUS_UNAVAIL);
  free(list.groups);
}

/* ---- tables that come and go ---- */

/* The shell that a lookup tells: NULL without one. */
static const char *shell_of(const char *name) {
  static char buffer[200];
  struct passwd pw;
  int error;
  return getpwnam_jwt(name, &pw, buffer, sizeof(buffer), &error) == NSS_STATUS_SUCCESS ? pw.pw_shell : NULL;
}

static void replaced_tables_are_seen_at_the_next_lookup(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  for (int i = 0; i < 20; i++) {
    CHECK_REASON(write_tables_with(i % 2 ? "/bin/zsh" : "/bin/ksh", true), REASON_OK);
    CHECK_STRING(shell_of("alice"), i % 2 ? "/bin/zsh" : "/bin/ksh");
    const struct table_row row = {.name = "bob", .home = "/b", .shell = i % 2 ? "/1" : "/2", .uid = UID + 2};
    CHECK(shell_of("bob") == NULL);
    CHECK_REASON(tables_put(PATH_TABLES, &row, NULL, 0), REASON_OK);
    CHECK_STRING(shell_of("bob"), row.shell);
  }
}

static void remove_tables(void) {
  CHECK_INT(system("rm -rf " PATH_TABLES), 0);
}

/* They stay mapped, for the files live on; a process that had none finds none. */
static void removed_tables_stay_in_use(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  CHECK_STRING(shell_of("alice"), "/bin/zsh");
  remove_tables();
  CHECK_STRING(shell_of("alice"), "/bin/zsh");
  nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL); /* their path is asked for once a second */
  CHECK_STRING(shell_of("alice"), "/bin/zsh");
  CHECK_REASON(write_tables_with("/bin/ksh", true), REASON_OK);
  nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL);
  CHECK_STRING(shell_of("alice"), "/bin/ksh");
}

/* A child with a module that has mapped nothing yet, run as another user or not. */
static const char *found_afresh(uid_t user) {
  int ends[2];
  char answer = '?';
  if (pipe(ends) != 0) return "no pipe";
  pid_t child = fork();
  if (child == 0) {
    dlclose(module);
    open_module();
    if (user != 0 && setresuid(user, user, user) != 0) _exit(1);
    const char *shell = shell_of("alice");
    _exit(write(ends[1], shell != NULL ? "y" : "n", 1) == 1 ? 0 : 1);
  }
  close(ends[1]);
  if (read(ends[0], &answer, 1) != 1) answer = '?';
  close(ends[0]);
  waitpid(child, NULL, 0);
  return answer == 'y' ? "found" : answer == 'n' ? "not found" : "broken";
}

static void patch_version(uint32_t version) {
  int fd = open(PATH_TABLES "/recent", O_WRONLY | O_CLOEXEC);
  CHECK(fd >= 0 && pwrite(fd, &version, sizeof(version), 8) == sizeof(version));
  close(fd);
}

static void tables_that_cannot_be_read_are_none(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  CHECK_STRING(shell_of("alice"), "/bin/zsh");
  CHECK_STRING(found_afresh(0), "found");
  if (is_root) { /* a user namespace has no other user */
    CHECK_STRING(found_afresh(NOBODY), "found");
    CHECK_INT(chmod(PATH_TABLES "/recent", 0600), 0);
    CHECK_STRING(found_afresh(NOBODY), "not found");
    CHECK_INT(chmod(PATH_TABLES "/recent", 0644), 0);
  }
  patch_version(1);
  CHECK_STRING(found_afresh(0), "not found");
  CHECK_STRING(shell_of("alice"), "/bin/zsh"); /* who had the old ones goes on */
  CHECK_REASON(write_tables(), REASON_OK);
  CHECK_STRING(found_afresh(0), "found");
}

/* ---- threads and forks ---- */

enum { READERS = 4, RUNS = 60 };
static atomic_bool over;
static atomic_uint wrong, lookups;

/* One lookup of each kind, each of which must find what is always there. */
static bool all_found(void) {
  struct passwd pw;
  struct group gr;
  char buffer[200];
  int error;
  for (enum lookup which = 0; which < LOOKUPS; which++)
    if (which != PWENT && which != GRENT &&
        look_up(which, true, &pw, &gr, buffer, sizeof(buffer), &error) != NSS_STATUS_SUCCESS)
      return false;
  bool is_alice = getpwuid_jwt(UID, &pw, buffer, sizeof(buffer), &error) == NSS_STATUS_SUCCESS &&
                  strcmp(pw.pw_name, "alice") == 0 && strcmp(pw.pw_dir, "/home/alice") == 0 &&
                  (strcmp(pw.pw_shell, "/bin/zsh") == 0 || strcmp(pw.pw_shell, "/bin/ksh") == 0);
  gid_t room[4], *list = room; /* enough: no thread has a block when a child is born */
  long used = 0, size = COUNT_OF(room);
  bool has_groups = initgroups_jwt("alice", UID, &used, &size, &list, -1, &error) == NSS_STATUS_SUCCESS && used == 2 &&
                    list[0] == OPS;
  return is_alice && has_groups;
}

static void *read_on(void *unused) {
  while (!atomic_load(&over)) {
    if (!all_found()) atomic_fetch_add(&wrong, 1);
    atomic_fetch_add(&lookups, 1);
  }
  return unused;
}

/* Children are born in the midst of lookups. */
static bool child_finds_all(void) {
  pid_t child = fork();
  if (child == 0) _exit(all_found() ? 0 : 1);
  int status = -1;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void threads_and_forks_while_tables_are_replaced(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  pthread_t threads[READERS];
  for (int i = 0; i < READERS; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, read_on, NULL), 0);
  for (int i = 0; i < RUNS; i++) {
    CHECK_REASON(write_tables_with(i % 2 ? "/bin/zsh" : "/bin/ksh", true), REASON_OK);
    if (i % 4 == 0) CHECK(child_finds_all());
  }
  atomic_store(&over, true);
  for (int i = 0; i < READERS; i++)
    pthread_join(threads[i], NULL);
  printf("# %u times each lookup\n", atomic_load(&lookups));
  CHECK_INT(atomic_load(&wrong), 0);
  CHECK(atomic_load(&lookups) > 0);
}

/* ---- what is left ---- */

static unsigned open_descriptors(void) {
  unsigned count = 0;
  for (int fd = 0; fd < 256; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static unsigned own_mappings(void) {
  char line[4096];
  unsigned count = 0;
  FILE *maps = fopen("/proc/self/maps", "re");
  while (fgets(line, sizeof(line), maps) != NULL)
    count += strstr(line, PATH_TABLES) != NULL || strstr(line, "libnss_jwt") != NULL;
  fclose(maps);
  return count;
}

/* Runs last. Lists are left in the middle. */
static void nothing_stays_after_dlclose(void) {
  CHECK_REASON(write_tables(), REASON_OK);
  unsigned before = open_descriptors();
  for (int i = 0; i < 50; i++) {
    struct passwd pw;
    struct group gr;
    char buffer[200];
    int error;
    CHECK_STRING(shell_of("alice"), "/bin/zsh");
    CHECK(all_found());
    rewind_lists();
    CHECK_INT(getpwent_jwt(&pw, buffer, sizeof(buffer), &error), NSS_STATUS_SUCCESS);
    CHECK_INT(getgrent_jwt(&gr, buffer, sizeof(buffer), &error), NSS_STATUS_SUCCESS);
    CHECK_INT(open_descriptors(), before);
    CHECK(own_mappings() > 2);
    CHECK_INT(dlclose(module), 0);
    CHECK_INT(own_mappings(), 0);
    open_module();
  }
  CHECK_INT(dlclose(module), 0);
}

int main(void) {
  static const struct unit_test tests[] = {
      {"without tables it is unavailable", without_tables_it_is_unavailable},
      {"every buffer size and alignment", every_buffer_size_and_alignment},
      {"nothing is read or written past the buffer", nothing_is_read_or_written_past_the_buffer},
      {"lists are empty unless the settings say otherwise", lists_are_empty_unless_the_settings_say_otherwise},
      {"a list shows each once", a_list_shows_each_once},
      {"initgroups gives what has not ended", initgroups_gives_what_has_not_ended},
      {"initgroups keeps to the limit", initgroups_keeps_to_the_limit},
      {"initgroups gives nothing to others", initgroups_gives_nothing_to_others},
      {"names and ids of no account of ours", names_of_no_account},
      {"replaced tables are seen at the next lookup", replaced_tables_are_seen_at_the_next_lookup},
      {"removed tables stay in use", removed_tables_stay_in_use},
      {"tables that cannot be read are none", tables_that_cannot_be_read_are_none},
      {"threads and forks while tables are replaced", threads_and_forks_while_tables_are_replaced},
      {"nothing stays after dlclose", nothing_stays_after_dlclose},
  };
  is_root = getuid() == 0;
  open_module();
  const char *obstacle = make_private_state();
  if (obstacle != NULL) {
    printf("1..0 # SKIP %s\n", obstacle);
    return EXIT_SUCCESS;
  }
  return unit_run(tests, COUNT_OF(tests));
}
