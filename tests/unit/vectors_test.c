/* Independent vectors, where the folder is there: each row through `jwtctl verify --signature-only`, a thumbprint by
 * itself. */
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "token.h"
#include "unit.h"

static char folder[PATH_MAX], jwtctl[PATH_MAX], scratch[] = "/tmp/jwt-login-vectors.XXXXXX";

static char *scratch_file(const char *name) {
  static char path[sizeof scratch + 32];
  snprintf(path, sizeof path, "%s/%s", scratch, name);
  return path;
}

static void write_file(const char *name, const void *bytes, size_t size) {
  FILE *file = fopen(scratch_file(name), "w");
  CHECK(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

/* A set that is a string is written byte for byte. */
static void write_set(const json_t *set) {
  if (json_is_string(set)) {
    write_file("jwks", json_string_value(set), json_string_length(set));
    return;
  }
  char *text = json_dumps(set, JSON_COMPACT);
  write_file("jwks", text, strlen(text));
  free(text);
}

static void redirect(const char *name, int flags, int fd) {
  int opened = open(scratch_file(name), flags, 0600);
  if (opened < 0 || dup2(opened, fd) < 0) _exit(126);
}

/* The exit status, and the first line of standard output. */
static int run(char *line, int size) {
  pid_t child = fork();
  if (child == 0) {
    redirect("token", O_RDONLY, STDIN_FILENO);
    redirect("output", O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    execl(jwtctl, jwtctl, "verify", "--signature-only", "--jwks", scratch_file("jwks"), (char *)NULL);
    _exit(126);
  }
  int status = -1;
  waitpid(child, &status, 0);
  FILE *file = fopen(scratch_file("output"), "r");
  if (fgets(line, size, file) == NULL) line[0] = '\0';
  fclose(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *verdict(int status, const char *line) {
  if (status == 0 && strcmp(line, "accept\n") == 0) return "accept";
  if (status == 1 && strncmp(line, "reject ", 7) == 0) return "reject";
  return "neither";
}

static void check_row(const json_t *row) {
  char line[256];
  const json_t *token = json_object_get(row, "token");
  const char *expect = json_string_value(json_object_get(row, "expect"));
  CHECK_STRING(json_string_value(json_object_get(row, "kind")), "jws");
  write_set(json_object_get(row, "jwks"));
  write_file("token", json_string_value(token), json_string_length(token));
  const char *found = verdict(run(line, sizeof line), line);
  if (strcmp(found, "neither") != 0 && (strcmp(expect, "either") == 0 || strcmp(expect, found) == 0)) return;
  CHECK_STRING(found, expect);
  printf("# %s: %s# %s\n", json_string_value(json_object_get(row, "id")), line,
         json_string_value(json_object_get(row, "note")));
}

static void check_thumbprint(const json_t *row) {
  char found[THUMBPRINT_SIZE] = "";
  CHECK_STRING(json_string_value(json_object_get(row, "kind")), "thumbprint");
  CHECK(jwk_thumbprint(json_object_get(row, "jwk"), found));
  CHECK_STRING(found, json_string_value(json_object_get(row, "expect")));
}

static void check_file(const char *name, int rows_wanted, void (*check)(const json_t *row)) {
  char path[PATH_MAX + 64], *line = NULL;
  size_t size = 0;
  int rows = 0;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "r");
  if (file == NULL) SKIP("the folder ../shared/vectors is not beside this tree");
  while (getline(&line, &size, file) > 0) {
    json_t *row = json_loads(line, JSON_ALLOW_NUL, NULL);
    CHECK(json_is_object(row));
    if (json_is_object(row)) check(row);
    json_decref(row);
    rows++;
  }
  CHECK(rows >= rows_wanted);
  free(line);
  fclose(file);
}

static void rfc_vectors(void) {
  check_file("rfc_vectors.jsonl", 47, check_row);
}

static void wycheproof(void) {
  check_file("wycheproof_jws.jsonl", 615, check_row);
}

static void thumbprints(void) {
  check_file("thumbprint.jsonl", 2, check_thumbprint);
}

int main(void) {
  static const struct unit_test tests[] = {{"the RFCs' vectors", rfc_vectors},
                                           {"Wycheproof's vectors", wycheproof},
                                           {"vectors of thumbprints", thumbprints}};
  const char *source = getenv("abs_top_srcdir"), *build = getenv("abs_top_builddir");
  snprintf(folder, sizeof folder, "%s/../shared/vectors", source != NULL ? source : ".");
  snprintf(jwtctl, sizeof jwtctl, "%s/tools/jwtctl", build != NULL ? build : ".");
  if (mkdtemp(scratch) == NULL) {
    puts("Bail out! no scratch folder");
    return EXIT_FAILURE;
  }
  int status = unit_run(tests, COUNT_OF(tests));
  static const char *const files[] = {"jwks", "token", "output"};
  for (size_t i = 0; i < COUNT_OF(files); i++)
    unlink(scratch_file(files[i]));
  rmdir(scratch);
  return status;
}
