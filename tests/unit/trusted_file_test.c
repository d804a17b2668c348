#include "trusted_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define ROOM 1000

/* ---- a folder to play in: /tmp, which is sticky and root's, holds it ---- */

static char folder[] = "/tmp/jwt-login-test.XXXXXX";

/* A path in the folder; up to four stand at once. */
static const char *in_folder(const char *name) {
  static char paths[4][512];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

static void put(const char *path, const char *text, mode_t mode) {
  FILE *file = fopen(path, "we");
  CHECK(file != NULL && fputs(text, file) >= 0 && fchmod(fileno(file), mode) == 0 && fclose(file) == 0);
}

static size_t entries(void) {
  size_t count = 0;
  DIR *dir = opendir(folder);
  while (readdir(dir) != NULL)
    count++;
  closedir(dir);
  return count - 2;
}

/* The reason; the bytes are thrown away. */
static enum reason read_reason(const char *path, enum file_trust trust, size_t max_size) {
  char *bytes = NULL;
  size_t size = 4711;
  errno = 0;
  enum reason reason = trusted_file_read(path, trust, max_size, &bytes, &size);
  if (reason != REASON_OK) CHECK(bytes == NULL && size == 4711 && errno != 0);
  int error = errno;
  free(bytes);
  errno = error;
  return reason;
}

static void check_content(const char *path, enum file_trust trust, const char *wanted) {
  char *bytes = NULL;
  size_t size = 0;
  CHECK_REASON(trusted_file_read(path, trust, ROOM, &bytes, &size), REASON_OK);
  CHECK_STRING(bytes, wanted);
  CHECK_INT(size, strlen(wanted));
  free(bytes);
}

/* ---- reading ---- */

static void a_file_is_read_whole(void) {
  put(in_folder("f"), "some text\n", 0644);
  check_content(in_folder("f"), FILE_OF_ANYONE, "some text\n");
  put(in_folder("f"), "", 0644);
  check_content(in_folder("f"), FILE_OF_ANYONE, "");
  unlink(in_folder("f"));
  CHECK_REASON(read_reason("/etc/passwd", FILE_OWNED_BY_ROOT, 1 << 20), REASON_OK);
  CHECK_REASON(read_reason("//etc///passwd", FILE_OWNED_BY_ROOT, 1 << 20), REASON_OK);
}

static void size_is_limited(void) {
  put(in_folder("f"), "12345", 0644);
  CHECK_REASON(read_reason(in_folder("f"), FILE_OF_ANYONE, 5), REASON_OK);
  CHECK_REASON(read_reason(in_folder("f"), FILE_OF_ANYONE, 4), REASON_FILE_UNSAFE);
  CHECK_INT(errno, EFBIG);
  unlink(in_folder("f"));
}

static void what_is_not_there_is_missing(void) {
  CHECK_REASON(read_reason(in_folder("none"), FILE_OF_ANYONE, ROOM), REASON_SETTINGS_MISSING);
  CHECK_REASON(read_reason("/none/none", FILE_OWNED_BY_ROOT, ROOM), REASON_SETTINGS_MISSING);
  CHECK_REASON(read_reason("", FILE_OF_ANYONE, ROOM), REASON_SETTINGS_MISSING);
  CHECK_REASON(read_reason("etc/passwd", FILE_OWNED_BY_ROOT, ROOM), REASON_FILE_UNSAFE);
}

static void make_socket(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
  close(fd);
}

static void only_regular_files_and_no_links(void) {
  static const char *const names[] = {"fifo", "folder", "link", "socket"};
  alarm(30);
  CHECK(mkfifo(in_folder("fifo"), 0644) == 0);
  CHECK(mkdir(in_folder("folder"), 0755) == 0);
  put(in_folder("target"), "text", 0644);
  CHECK(symlink("target", in_folder("link")) == 0);
  make_socket(in_folder("socket"));
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    CHECK_REASON(read_reason(in_folder(names[i]), FILE_OF_ANYONE, ROOM), REASON_FILE_UNSAFE);
    CHECK_REASON(read_reason(in_folder(names[i]), FILE_OWNED_BY_ROOT, ROOM), REASON_FILE_UNSAFE);
    CHECK(remove(in_folder(names[i])) == 0);
  }
  CHECK(unlink(in_folder("target")) == 0);
  CHECK_REASON(read_reason("/dev/zero", FILE_OF_ANYONE, ROOM), REASON_FILE_UNSAFE);
  CHECK_REASON(read_reason("/dev/zero", FILE_OWNED_BY_ROOT, ROOM), REASON_FILE_UNSAFE);
  alarm(0);
}

static void an_unreadable_file_is_unavailable(void) {
  if (geteuid() == 0) SKIP("root reads everything");
  put(in_folder("f"), "text", 0);
  CHECK_REASON(read_reason(in_folder("f"), FILE_OF_ANYONE, ROOM), REASON_STATE_UNAVAILABLE);
  CHECK_INT(errno, EACCES);
  unlink(in_folder("f"));
}

static void a_file_of_somebody_else_is_not_trusted(void) {
  if (geteuid() == 0) SKIP("needs a normal user");
  put(in_folder("f"), "text", 0644);
  check_content(in_folder("f"), FILE_OF_ANYONE, "text");
  CHECK_REASON(read_reason(in_folder("f"), FILE_OWNED_BY_ROOT, ROOM), REASON_FILE_UNSAFE);
  unlink(in_folder("f"));
}

static void owner_and_mode_are_checked(void) {
  if (geteuid() != 0) SKIP("needs root");
  const char *file = in_folder("f");
  put(file, "text", 0644);
  check_content(file, FILE_OWNED_BY_ROOT, "text");
  CHECK(chmod(file, 0664) == 0);
  CHECK_REASON(read_reason(file, FILE_OWNED_BY_ROOT, ROOM), REASON_FILE_UNSAFE);
  CHECK(chmod(file, 0646) == 0);
  CHECK_REASON(read_reason(file, FILE_OWNED_BY_ROOT, ROOM), REASON_FILE_UNSAFE);
  check_content(file, FILE_OF_ANYONE, "text");
  CHECK(chmod(file, 0400) == 0);
  check_content(file, FILE_OWNED_BY_ROOT, "text");
  CHECK(chown(file, 65534, 0) == 0);
  CHECK_REASON(read_reason(file, FILE_OWNED_BY_ROOT, ROOM), REASON_FILE_UNSAFE);
  unlink(file);
}

static void every_folder_above_is_checked(void) {
  if (geteuid() != 0) SKIP("needs root");
  const char *upper = in_folder("upper"), *file = in_folder("upper/lower/f");
  CHECK(mkdir(upper, 0755) == 0 && mkdir(in_folder("upper/lower"), 0755) == 0);
  put(file, "text", 0644);
  check_content(file, FILE_OWNED_BY_ROOT, "text");

  static const mode_t unsafe[] = {0775, 0757, 0777};
  for (size_t i = 0; i < COUNT_OF(unsafe); i++) {
    CHECK(chmod(upper, unsafe[i]) == 0);
    CHECK_REASON(read_reason(file, FILE_OWNED_BY_ROOT, ROOM), REASON_FILE_UNSAFE);
  }
  CHECK(chmod(upper, 01777) == 0);
  check_content(file, FILE_OWNED_BY_ROOT, "text");
  CHECK(chown(upper, 65534, 65534) == 0);
  CHECK_REASON(read_reason(file, FILE_OWNED_BY_ROOT, ROOM), REASON_FILE_UNSAFE);
  CHECK(chmod(upper, 0755) == 0);
  CHECK_REASON(read_reason(file, FILE_OWNED_BY_ROOT, ROOM), REASON_FILE_UNSAFE);

  CHECK(chown(upper, 0, 0) == 0);
  CHECK(symlink("upper", in_folder("link")) == 0);
  CHECK_REASON(read_reason(in_folder("link/lower/f"), FILE_OWNED_BY_ROOT, ROOM), REASON_FILE_UNSAFE);
  check_content(in_folder("link/lower/f"), FILE_OF_ANYONE, "text");
  CHECK(unlink(in_folder("link")) == 0 && unlink(in_folder("upper/lower/f")) == 0);
  CHECK(rmdir(in_folder("upper/lower")) == 0 && rmdir(in_folder("upper")) == 0);
}

static enum reason reason_of(const char *path, uid_t owner) {
  char *bytes = NULL;
  size_t size = 0;
  enum reason reason = trusted_file_read_of(path, owner, ROOM, &bytes, &size);
  free(bytes);
  return reason;
}

/* As a normal user all is one's own, and the owner is that user. */
static void an_owner_may_have_the_file_and_its_folder(void) {
  const uid_t owner = geteuid() != 0 ? geteuid() : 4711, stranger = 4712;
  const char *upper = in_folder("upper"), *lower = in_folder("upper/lower"), *file = in_folder("upper/lower/f");
  CHECK(mkdir(upper, 0755) == 0 && mkdir(lower, 0755) == 0);
  put(file, "text", 0644);
  if (geteuid() == 0) {
    CHECK_REASON(reason_of(file, owner), REASON_OK); /* root's, all of it */
    CHECK(chown(file, owner, 0) == 0 && chown(lower, owner, 0) == 0);
    CHECK_REASON(reason_of(file, owner), REASON_OK);
    CHECK_REASON(reason_of(file, stranger), REASON_FILE_UNSAFE);
    CHECK(chown(file, stranger, 0) == 0);
    CHECK_REASON(reason_of(file, owner), REASON_FILE_UNSAFE);
    CHECK(chown(file, owner, 0) == 0 && chown(upper, owner, 0) == 0); /* a folder above is not for the owner */
    CHECK_REASON(reason_of(file, owner), REASON_FILE_UNSAFE);
    CHECK(chown(upper, 0, 0) == 0);
    CHECK_REASON(reason_of(file, owner), REASON_OK);
    CHECK(chmod(lower, 0775) == 0);
    CHECK_REASON(reason_of(file, owner), REASON_FILE_UNSAFE);
    CHECK(chmod(lower, 0755) == 0 && chmod(file, 0664) == 0);
    CHECK_REASON(reason_of(file, owner), REASON_FILE_UNSAFE);
    CHECK(chmod(file, 0644) == 0 && link(file, in_folder("second")) == 0);
    CHECK_REASON(reason_of(file, owner), REASON_FILE_UNSAFE);
    CHECK(unlink(in_folder("second")) == 0);
    CHECK_REASON(reason_of(file, owner), REASON_OK);
  } else {
    CHECK_REASON(reason_of(file, owner), REASON_FILE_UNSAFE); /* `upper` is not root's */
  }
  CHECK(unlink(in_folder("upper/lower/f")) == 0 && rmdir(in_folder("upper/lower")) == 0 &&
        rmdir(in_folder("upper")) == 0);
}

/* ---- replacing ---- */

static void a_file_is_replaced(void) {
  struct stat st;
  const char *file = in_folder("f");
  mode_t umask_before = umask(077);
  CHECK_REASON(file_replace(file, 0644, "first", 5), REASON_OK);
  check_content(file, FILE_OF_ANYONE, "first");
  CHECK(stat(file, &st) == 0 && (st.st_mode & 07777) == 0644);

  int old = open(file, O_RDONLY);
  CHECK_REASON(file_replace(file, 0600, "second, longer", 14), REASON_OK);
  check_content(file, FILE_OF_ANYONE, "second, longer");
  CHECK(stat(file, &st) == 0 && (st.st_mode & 07777) == 0600);
  char bytes[8] = "";
  CHECK(read(old, bytes, 7) == 5 && strcmp(bytes, "first") == 0);
  close(old);
  umask(umask_before);
  CHECK_INT(entries(), 1);
  unlink(file);
}

static void a_relative_path_is_replaced(void) {
  CHECK(chdir(folder) == 0);
  CHECK_REASON(file_replace("relative", 0644, "text", 4), REASON_OK);
  check_content(in_folder("relative"), FILE_OF_ANYONE, "text");
  CHECK(chdir("/") == 0);
  unlink(in_folder("relative"));
}

static void a_link_is_replaced_and_not_followed(void) {
  struct stat st;
  put(in_folder("target"), "target", 0644);
  CHECK(symlink("target", in_folder("f")) == 0);
  CHECK_REASON(file_replace(in_folder("f"), 0644, "text", 4), REASON_OK);
  CHECK(lstat(in_folder("f"), &st) == 0 && S_ISREG(st.st_mode));
  check_content(in_folder("target"), FILE_OF_ANYONE, "target");
  unlink(in_folder("f"));
  unlink(in_folder("target"));
}

static void failure_leaves_the_old_file(void) {
  put(in_folder("f"), "old", 0644);
  static char big[8192];
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    /* A limit stands in for a full disk: the second half of the write fails. */
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {4096, 4096};
    bool refused = setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                   file_replace(in_folder("f"), 0644, big, sizeof big) == REASON_STATE_UNAVAILABLE && errno == EFBIG;
    _exit(refused ? 0 : 1);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  check_content(in_folder("f"), FILE_OF_ANYONE, "old");
  CHECK_INT(entries(), 1);
  unlink(in_folder("f"));

  CHECK(mkdir(in_folder("d"), 0755) == 0);
  CHECK_REASON(file_replace(in_folder("d"), 0644, "x", 1), REASON_STATE_UNAVAILABLE);
  CHECK_INT(errno, EISDIR);
  CHECK_INT(entries(), 1);
  rmdir(in_folder("d"));
  CHECK_REASON(file_replace("/none/f", 0644, "x", 1), REASON_STATE_UNAVAILABLE);
  CHECK_INT(errno, ENOENT);
}

static void begin(void) {
  CHECK(mkdtemp(folder) != NULL);
}

static void end(void) {
  CHECK(rmdir(folder) == 0);
}

UNIT_MAIN({"a folder to play in", begin}, {"a file is read whole", a_file_is_read_whole},
          {"size is limited", size_is_limited}, {"what is not there is missing", what_is_not_there_is_missing},
          {"only regular files and no links", only_regular_files_and_no_links},
          {"an unreadable file is unavailable", an_unreadable_file_is_unavailable},
          {"a file of somebody else is not trusted", a_file_of_somebody_else_is_not_trusted},
          {"owner and mode are checked", owner_and_mode_are_checked},
          {"every folder above is checked", every_folder_above_is_checked},
          {"an owner may have the file and its folder", an_owner_may_have_the_file_and_its_folder},
          {"a file is replaced", a_file_is_replaced}, {"a relative path is replaced", a_relative_path_is_replaced},
          {"a link is replaced and not followed", a_link_is_replaced_and_not_followed},
          {"failure leaves the old file", failure_leaves_the_old_file}, {"nothing was left over", end})
