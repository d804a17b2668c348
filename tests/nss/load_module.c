/* load_module MODULE TIMES: load our NSS module, look up, list, unload, again and again. Nothing may be left of it. */
#include <dlfcn.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdlib.h>

typedef enum nss_status get_by_name(const char *, struct passwd *, char *, size_t, int *);
typedef enum nss_status get_group(const char *, struct group *, char *, size_t, int *);
typedef enum nss_status get_next(struct passwd *, char *, size_t, int *);
typedef enum nss_status init_groups(const char *, gid_t, long *, long *, gid_t **, long, int *);

static void *module;

static void *symbol(const char *name) {
  void *found = dlsym(module, name);
  if (found == NULL) abort();
  return found;
}

static int use(void) {
  get_by_name *by_name;
  get_group *group;
  get_next *next;
  init_groups *groups_of;
  *(void **)&by_name = symbol("_nss_jwt_getpwnam_r");
  *(void **)&group = symbol("_nss_jwt_getgrnam_r");
  *(void **)&next = symbol("_nss_jwt_getpwent_r");
  *(void **)&groups_of = symbol("_nss_jwt_initgroups_dyn");
  struct passwd pw;
  struct group gr;
  char buffer[1000];
  gid_t room[64], *groups = room;
  long used = 0, size = 64;
  int error;
  return by_name("alice", &pw, buffer, sizeof(buffer), &error) == NSS_STATUS_SUCCESS &&
         group("ops", &gr, buffer, sizeof(buffer), &error) == NSS_STATUS_SUCCESS &&
         groups_of("alice", pw.pw_gid, &used, &size, &groups, -1, &error) == NSS_STATUS_SUCCESS &&
         next(&pw, buffer, sizeof(buffer), &error) == NSS_STATUS_SUCCESS;
}

int main(int argc, char **argv) {
  int used = argc == 3;
  for (int times = argc == 3 ? atoi(argv[2]) : 0; used && times > 0; times--) {
    module = dlopen(argv[1], RTLD_NOW);
    used = module != NULL && use();
    if (module == NULL || dlclose(module) != 0) return EXIT_FAILURE;
  }
  return used ? EXIT_SUCCESS : EXIT_FAILURE;
}
