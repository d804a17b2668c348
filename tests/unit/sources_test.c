/* The host's account sources, in a mount namespace where they say what the test wants. */
#include "config.h"

#include "sources.h"

#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static const char *folder;

static const char *in_folder(const char *name) {
  static char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

/* Written in place: /etc/NAME is mounted on it. */
static void put(const char *name, const char *text) {
  FILE *file = fopen(in_folder(name), "w");
  CHECK(file != NULL && fputs(text, file) >= 0);
  if (file != NULL) CHECK_INT(fclose(file), 0);
}

#define PASSWD "root:x:0:0:root:/root:/bin/bash\n\nbroken line\nalice:x:1001:1002::/home/alice:/bin/sh\n"
#define GROUP "root:x:0:\nstaff:x:50:alice\n"

static void files_are_read(void) {
  uint32_t id = 7;
  put("nsswitch.conf", "passwd: files\ngroup: files\n");
  CHECK_INT(sources_user_by_name("alice", &id), SOURCE_FOUND);
  CHECK_INT(id, 1001);
  CHECK_INT(sources_user_by_name("bob", &id), SOURCE_ABSENT);
  CHECK_INT(id, 1001);
  CHECK_INT(sources_user_by_name("broken line", NULL), SOURCE_ABSENT);
  CHECK_INT(sources_user_by_uid(1001), SOURCE_FOUND);
  CHECK_INT(sources_user_by_uid(1002), SOURCE_ABSENT);
  CHECK_INT(sources_group_by_name("staff", &id), SOURCE_FOUND);
  CHECK_INT(id, 50);
  CHECK_INT(sources_group_by_name("alice", NULL), SOURCE_ABSENT);
  CHECK_INT(sources_group_by_gid(50), SOURCE_FOUND);
  CHECK_INT(sources_group_by_gid(1002), SOURCE_ABSENT);
}

static void a_long_line_is_no_obstacle(void) {
  put("nsswitch.conf", "group: files\n");
  FILE *file = fopen(in_folder("group"), "w");
  fputs("large:x:70:u0", file);
  for (int i = 1; i < 50000; i++)
    fprintf(file, ",u%d", i);
  fputs("\nafter:x:71:\n", file);
  fclose(file);
  CHECK_INT(sources_group_by_gid(70), SOURCE_FOUND);
  CHECK_INT(sources_group_by_name("after", NULL), SOURCE_FOUND);
  CHECK_INT(sources_group_by_gid(72), SOURCE_ABSENT);
  put("group", GROUP);
}

static void a_module_is_asked_and_understood(void) {
  uint32_t id = 7;
  put("nsswitch.conf", "passwd: files fake\ngroup: files fake\n");
  CHECK_INT(sources_user_by_name("alice", NULL), SOURCE_FOUND);
  CHECK_INT(sources_user_by_name("found", &id), SOURCE_FOUND);
  CHECK_INT(id, 4242);
  CHECK_INT(sources_user_by_name("big", NULL), SOURCE_FOUND);
  CHECK_INT(sources_user_by_name("nobody", NULL), SOURCE_ABSENT);
  CHECK_INT(sources_user_by_name("down", NULL), SOURCE_UNAVAILABLE);
  CHECK_INT(sources_user_by_name("busy", NULL), SOURCE_UNAVAILABLE);
  CHECK_INT(sources_user_by_name("odd", NULL), SOURCE_UNAVAILABLE);
  CHECK_INT(sources_user_by_name("endless", NULL), SOURCE_UNAVAILABLE);
  CHECK_INT(sources_user_by_uid(4242), SOURCE_FOUND);
  CHECK_INT(sources_user_by_uid(4243), SOURCE_UNAVAILABLE);
  CHECK_INT(sources_user_by_uid(4244), SOURCE_ABSENT);
  CHECK_INT(sources_group_by_name("found", &id), SOURCE_FOUND);
  CHECK_INT(id, 4244);
  /* It has no function for this question. */
  CHECK_INT(sources_group_by_gid(4244), SOURCE_ABSENT);
}

static void one_that_is_down_hides_no_find(void) {
  put("nsswitch.conf", "passwd: fake files\n");
  put("passwd", PASSWD "down:x:1003:1003::/:/bin/sh\n");
  CHECK_INT(sources_user_by_name("down", NULL), SOURCE_FOUND);
  put("passwd", PASSWD);
  CHECK_INT(sources_user_by_name("down", NULL), SOURCE_UNAVAILABLE);
}

static void a_module_that_is_not_installed_is_passed_over(void) {
  put("nsswitch.conf", "passwd: files nosuchthing\n");
  CHECK_INT(sources_user_by_name("bob", NULL), SOURCE_ABSENT);
  CHECK_INT(sources_user_by_name("alice", NULL), SOURCE_FOUND);
}

static void a_module_that_is_broken_is_unavailable(void) {
  put("nsswitch.conf", "passwd: files broken\n");
  CHECK_INT(sources_user_by_name("bob", NULL), SOURCE_UNAVAILABLE);
  CHECK_INT(sources_user_by_name("alice", NULL), SOURCE_FOUND);
}

static void ours_is_never_asked(void) {
  put("nsswitch.conf", "passwd: jwt files\ngroup: jwt files\n");
  CHECK_INT(sources_user_by_name("bob", NULL), SOURCE_ABSENT); /* libnss_jwt.so.2 is broken here */
  CHECK_INT(sources_group_by_gid(4242), SOURCE_ABSENT);
}

static void an_unclear_configuration_is_unavailable(void) {
  put("nsswitch.conf", "passwd: files ../../evil\n");
  CHECK_INT(sources_user_by_name("alice", NULL), SOURCE_UNAVAILABLE);
  FILE *file = fopen(in_folder("nsswitch.conf"), "w");
  for (int i = 0; i < 70000; i++)
    fputc('\n', file);
  fclose(file);
  CHECK_INT(sources_user_by_name("alice", NULL), SOURCE_UNAVAILABLE);
  put("nsswitch.conf", "group: files\n");
  CHECK_INT(sources_user_by_name("alice", NULL), SOURCE_FOUND);
}

static void the_place_of_ours_is_known(void) {
  static const struct {
    const char *line;
    enum our_place place;
  } lines[] = {{"passwd: files systemd jwt\n", OURS_LAST},
               {"passwd: files jwt systemd\n", OURS_BEFORE_OTHERS},
               {"passwd: jwt files jwt\n", OURS_BEFORE_OTHERS},
               {"passwd: files\n", OURS_NOWHERE},
               {"passwd: jwt\n", OURS_LAST},
               {"", OURS_NOWHERE},
               {"passwd: files [SUCCESS=merge] jwt\n", OURS_LAST}};
  for (size_t i = 0; i < COUNT_OF(lines); i++) {
    enum our_place place = OURS_LAST;
    put("nsswitch.conf", lines[i].line);
    CHECK(sources_our_place("passwd", &place));
    CHECK_INT(place, lines[i].place);
  }
  enum our_place place = OURS_LAST;
  put("nsswitch.conf", "passwd: files ../../evil\n");
  CHECK(!sources_our_place("passwd", &place));
}

static void what_is_known_is_told_apart(void) {
  put("nsswitch.conf", "passwd: files fake\ngroup: files fake\n");
  put("group", GROUP "team:x:4300:bob\n");
  struct known_sources *known = sources_remember();
  CHECK(known != NULL);
  if (known == NULL) return;
  CHECK_INT(sources_have_owner(known, "alice"), SOURCE_FOUND);
  CHECK_INT(sources_have_owner(known, "team"), SOURCE_FOUND);
  CHECK_INT(sources_have_owner(known, "found"), SOURCE_FOUND);
  CHECK_INT(sources_have_owner(known, "bob"), SOURCE_ABSENT);
  CHECK_INT(sources_have_name(known, "bob"), SOURCE_FOUND); /* as a member */
  CHECK_INT(sources_have_id(known, 4300), SOURCE_FOUND);
  CHECK_INT(sources_have_id(known, 4242), SOURCE_FOUND);
  CHECK_INT(sources_have_owner(known, "down"), SOURCE_UNAVAILABLE);
  /* It did not answer, so it is not asked any more: the next question of a million would take as long. */
  CHECK_INT(sources_have_owner(known, "found"), SOURCE_UNAVAILABLE);
  CHECK_INT(sources_have_owner(known, "alice"), SOURCE_FOUND);
  sources_forget(known);
  put("group", GROUP);
}

static const struct unit_test tests[] = {
    {"files are read", files_are_read},
    {"a long line is no obstacle", a_long_line_is_no_obstacle},
    {"a module is asked and understood", a_module_is_asked_and_understood},
    {"one that is down hides no find", one_that_is_down_hides_no_find},
    {"a module that is not installed is passed over", a_module_that_is_not_installed_is_passed_over},
    {"a module that is broken is unavailable", a_module_that_is_broken_is_unavailable},
    {"ours is never asked", ours_is_never_asked},
    {"an unclear configuration is unavailable", an_unclear_configuration_is_unavailable},
    {"the place of ours is known", the_place_of_ours_is_known},
    {"what is known is told apart", what_is_known_is_told_apart},
};

static bool mount_ours(const char *name, const char *text) {
  char etc[64];
  snprintf(etc, sizeof etc, "/etc/%s", name);
  put(name, text);
  return mount(in_folder(name), etc, "none", MS_BIND, NULL) == 0;
}

static bool enter_namespace(void) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  return mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 && mount_ours("nsswitch.conf", "") &&
         mount_ours("passwd", PASSWD) && mount_ours("group", GROUP);
}

static int run_tests(void) {
  if (!enter_namespace()) {
    puts("1..0 # SKIP no private mount namespace to be had");
    return EXIT_SUCCESS;
  }
  return unit_run(tests, COUNT_OF(tests));
}

static int remove_one(const char *path, const struct stat *st UNUSED, int kind UNUSED, struct FTW *ftw UNUSED) {
  return remove(path);
}

/* The loader reads LD_LIBRARY_PATH when a program starts: so the tests run in a second one. */
static int run_with_modules(const char *program) {
  char made[] = "/tmp/jwt-sources-XXXXXX", module[PATH_MAX];
  const char *build = getenv("abs_top_builddir");
  snprintf(module, sizeof module, "%s/tests/unit/.libs/libnss_fake.so.2", build != NULL ? build : ".");
  folder = mkdtemp(made);
  if (folder == NULL || symlink(module, in_folder("libnss_fake.so.2")) != 0) return EXIT_FAILURE;
  put("libnss_broken.so.2", "not a library");
  put("libnss_jwt.so.2", "not a library");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    setenv("LD_LIBRARY_PATH", folder, 1);
    setenv("SOURCES_TEST_FOLDER", folder, 1);
    execl("/proc/self/exe", program, (char *)NULL);
    _exit(EXIT_FAILURE);
  }
  int status = -1;
  waitpid(child, &status, 0);
  nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

int main(int argc UNUSED, char **argv) {
  if (unit_valgrind_cannot("the test starts itself anew, which valgrind does not follow")) return 0;
  folder = getenv("SOURCES_TEST_FOLDER");
  return folder != NULL ? run_tests() : run_with_modules(argv[0]);
}
