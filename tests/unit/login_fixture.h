/* A login from the settings' text and the claims' text to the decision, through the same calls as the judge's. */
#ifndef JWT_LOGIN_LOGIN_FIXTURE_H
#define JWT_LOGIN_LOGIN_FIXTURE_H

#include <unistd.h>

#include "decision.h"
#include "token_kit.h"

#define FIXTURE_TEXT_MAX 4096
#define FIXTURE_NOW 1800000000
#define FIXTURE_TIMES "\"iat\":1800000000,\"exp\":1800000060"
#define FIXTURE_CLAIMS(more) \
  "{\"iss\":\"https://id.example.org/\",\"sub\":\"s1\",\"aud\":\"here\"," FIXTURE_TIMES more "}"
#define FIXTURE_ISSUER                                                                             \
  "issuer \"corp\" { url = \"https://id.example.org/\" audience = here algorithms = { \"EdDSA\" }" \
  " keys = \"file:@/keys.json\" }\n"

struct fixture {
  char folder[32];
  char conf[48], keys[48];
  struct settings *settings;
  struct key_files *files;
  struct decision decision;
  const struct ssh_auth_info *proved; /* NULL, or what the connection has proved */
  char seen[FIXTURE_TEXT_MAX];        /* the traced steps: "step:detail+" or "-", in a row */
};

static inline void fixture_write(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* `text` with each @ replaced by the fixture's folder. */
static inline void fixture_expand(const struct fixture *fixture, const char *text, char ret[FIXTURE_TEXT_MAX]) {
  for (char *to = ret; (*to = *text) != '\0'; text++) {
    if (*text == '@')
      to = stpcpy(to, fixture->folder);
    else
      to++;
  }
}

static inline bool fixture_begin(struct fixture *fixture, const char *settings) {
  char text[FIXTURE_TEXT_MAX];
  struct settings_error error = {.text = ""};
  *fixture = (struct fixture){.folder = "/tmp/login_test.XXXXXX"};
  CHECK(mkdtemp(fixture->folder) != NULL && token_prepare() == REASON_OK);
  snprintf(fixture->conf, sizeof(fixture->conf), "%s/x.conf", fixture->folder);
  snprintf(fixture->keys, sizeof(fixture->keys), "%s/keys.json", fixture->folder);
  fixture_expand(fixture, settings, text);
  fixture_write(fixture->conf, text);
  fixture_write(fixture->keys, KIT_SET);
  bool loaded = settings_load(fixture->conf, NULL, FILE_OF_ANYONE, &fixture->settings, &error) == REASON_OK &&
                key_files_read(fixture->settings, fixture->folder, FILE_OF_ANYONE, &fixture->files) == REASON_OK;
  CHECK(loaded);
  if (!loaded) printf("# %s\n", error.text);
  return loaded;
}

static inline void fixture_end(struct fixture *fixture) {
  decision_clear(&fixture->decision);
  key_files_free(fixture->files);
  settings_free(fixture->settings);
  unlink(fixture->conf);
  unlink(fixture->keys);
  rmdir(fixture->folder);
}

static inline void fixture_note(void *context, const struct trace_step *step) {
  struct fixture *fixture = context;
  size_t used = strlen(fixture->seen);
  snprintf(fixture->seen + used, sizeof(fixture->seen) - used, "%s%s%s%s ", step->step, step->detail ? ":" : "",
           step->detail ? step->detail : "", step->held ? "+" : "-");
}

/* The decision on a token with this header and these claims. */
static inline enum reason fixture_decide_token(struct fixture *fixture, const char *header, const char *claims,
                                               const char *service, struct account_facts account) {
  char *token = kit_token(header, claims);
  struct trace trace = {fixture_note, fixture};
  struct login_request request = {
      .account = account, .service = service, .now = FIXTURE_NOW, .proved = fixture->proved};
  decision_clear(&fixture->decision);
  fixture->seen[0] = '\0';
  enum reason reason =
      decide(fixture->settings, fixture->files, &request, token, strlen(token), &trace, &fixture->decision);
  free(token);
  return reason;
}

static inline enum reason fixture_decide(struct fixture *fixture, const char *claims, const char *service,
                                         struct account_facts account) {
  return fixture_decide_token(fixture, KIT_HEADER, claims, service, account);
}

#endif
