/*
 * A judge that a token has taken over: stands in for jwt-judge and answers what /run/lie says, a `key value` a line:
 *   hello N, fingerprint N            change the greeting (N is added to the true value)
 *   reason N, magic N                 change the answer
 *   issuer-title, rule, issuer, subject, token-id, algorithm, proof, actors TEXT   what it claims; %n is a newline
 *   unterminated FIELD                fill that field wholly, without a NUL
 *   expires N, issued N               seconds from now
 *   short N, more N                   leave out, or add, N bytes of answer
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fullio.h"
#include "pam_jwt/protocol.h"
#include "paths.h"

static struct judge_hello hello = {.magic = PROTOCOL_MAGIC};
static struct judge_answer answer = {.magic = PROTOCOL_MAGIC};
static size_t answer_size = sizeof(answer);

static const struct {
  const char *key;
  char *text;
  size_t size;
} texts[] = {
    {"issuer-title", answer.issuer_title, sizeof(answer.issuer_title)},
    {"rule", answer.rule, sizeof(answer.rule)},
    {"issuer", answer.issuer, sizeof(answer.issuer)},
    {"subject", answer.subject, sizeof(answer.subject)},
    {"token-id", answer.token_id, sizeof(answer.token_id)},
    {"algorithm", answer.algorithm, sizeof(answer.algorithm)},
    {"proof", answer.proof, sizeof(answer.proof)},
    {"actors", answer.actors, sizeof(answer.actors)},
};

static void say(const char *key, const char *text) {
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    if (strcmp(key, "unterminated") == 0 && strcmp(texts[i].key, text) == 0) memset(texts[i].text, 'x', texts[i].size);
    if (strcmp(texts[i].key, key) != 0) continue;
    snprintf(texts[i].text, texts[i].size, "%s", text);
    char *newline = strstr(texts[i].text, "%n");
    if (newline != NULL) memcpy(newline, "\n ", 2);
  }
}

static void take_line(const char *key, const char *text) {
  const long number = strtol(text, NULL, 10);
  if (strcmp(key, "hello") == 0) hello.reason += (uint32_t)number;
  if (strcmp(key, "fingerprint") == 0) hello.fingerprint += (uint64_t)number;
  if (strcmp(key, "reason") == 0) answer.reason = (uint32_t)number;
  if (strcmp(key, "magic") == 0) answer.magic += (uint32_t)number;
  if (strcmp(key, "expires") == 0) answer.expires = time(NULL) + number;
  if (strcmp(key, "issued") == 0) answer.issued_at = time(NULL) + number;
  if (strcmp(key, "short") == 0) answer_size -= (size_t)number;
  if (strcmp(key, "more") == 0) answer_size += (size_t)number;
  say(key, text);
}

static bool read_lie(void) {
  char line[512];
  FILE *file = fopen("/run/lie", "re");
  if (file == NULL) return false;
  while (fgets(line, sizeof(line), file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *space = strchr(line, ' ');
    if (space == NULL) continue;
    *space = '\0';
    take_line(line, space + 1);
  }
  fclose(file);
  return true;
}

int main(void) {
  static char token[TOKEN_MAX_SIZE + SSH_AUTH_INFO_MAX], reply[2 * sizeof(answer)];
  struct judge_request request;
  struct settings *settings = NULL;
  struct settings_error error;
  const int64_t deadline = monotonic_ms() + 3000;

  if (settings_load(PATH_CONF, PATH_CONF_D, FILE_OWNED_BY_ROOT, &settings, &error) != REASON_OK) return 1;
  hello.fingerprint = settings->fingerprint;
  settings_free(settings);
  if (!read_lie() || !write_full(0, &hello, sizeof(hello), deadline) ||
      !read_full(0, &request, sizeof(request), deadline) ||
      !read_full(0, token, request.token_size + request.auth_info_size, deadline)) {
    return 1;
  }
  memcpy(reply, &answer, sizeof(answer));
  return write_full(0, reply, answer_size, deadline) ? 0 : 1;
}
