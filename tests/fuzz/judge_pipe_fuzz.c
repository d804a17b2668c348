/*
 * Both ends of the conversation between jwt-keeper and jwt-judge, each against a liar. A line each:
 *   answer    user service kind uid group, then the judge's answer: what the keeper lets pass is within some rule
 *   request   user service rhost kind uid group now magic size cut, then the token, raw: the judge answers soundly
 *   login     the same, then the token's header and behind it its payload, which are signed: the judge's yes is one
 *             that the keeper lets pass; the connection has proved the key of RFC 8037 A.1
 */
#include <fcntl.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "judge.h"
#include "keeper.h"
#include "key_cache.h"
#include "login_fixture.h"

#define ISSUER(title, url, rest) \
  "issuer \"" title "\" { url = \"" url "\" audience = here algorithms = { \"EdDSA\", \"ES256\" } " rest " }\n"
#define RULE(title, issuer, rest) "rule \"" title "\" { issuer = " issuer " " rest " }\n"
#define YEAR (INT64_C(365) * 24 * 60 * 60)
#define KEYS "keys = \"file:@/keys.json\""
/* clang-format off */
static const char settings_text[] =
    FIXTURE_ISSUER
    ISSUER("other", "https://other.example/", KEYS " alias = the-other issued_at = optional audience_claim = client_id")
    ISSUER("one", "https://kubernetes.default.svc", KEYS " alias = first")
    ISSUER("two", "https://kubernetes.default.svc", "alias = second keys = \"file:@/none.json\"")
    "issuer \"workloads\" { url = \"spiffe://td.example\" audience = here algorithms = ES256 " KEYS " }\n"
    ISSUER("fetched", "https://fetched.example", "keys = \"https://fetched.example/keys\"")
    RULE("fetched", "fetched", "any = true account = deploy")
    RULE("elsewhere", "other", "any = true account = \"{sub}\" create = true")
    RULE("cluster", "one", "service = sshd any = true account = deploy groups = { docker }")
    RULE("svid", "workloads", "service = sshd any = true account = deploy")
    RULE("staff", "corp", "service = sshd when = { 'team == a' } account = \"{name}\" create = true")
    RULE("local", "corp", "when = { 'team == b' } account = \"x-{/user/name}\" local = true")
    RULE("deploy", "corp", "service = { sshd, sudo } when = { 'groups has deploy' } account = deploy single_use = true")
    RULE("bound", "corp", "when = { 'team == c' } account = deploy bound = true")
    RULE("root", "corp", "service = sudo when = { 'root exists' } account = root system = true");
/* clang-format on */

/* Made once; what it needs of the disk is gone before the first input. */
static struct fixture fixture;

/* The keys of one issuer come from the cache. */
static void add_cached(void) {
  static const struct keyset_head head = {.title = "fetched",
                                          .url = "https://fetched.example",
                                          .location = "https://fetched.example/keys",
                                          .fetched = FIXTURE_NOW};
  struct keyset *plain = NULL;
  char *bytes, path[KEY_CACHE_PATH_SIZE];
  size_t size, usable;
  MUST_HOLD(keyset_parse(KIT_SET, strlen(KIT_SET), &plain) == REASON_OK);
  MUST_HOLD(keyset_encode_cached(plain, &head, &bytes, &size, &usable) == REASON_OK && usable == 1);
  MUST_HOLD(key_cache_path(fixture.folder, head.title, KEY_CACHE_KEYS, path));
  fixture_write(path, bytes);
  key_files_free(fixture.files);
  MUST_HOLD(key_files_read(fixture.settings, fixture.folder, FILE_OF_ANYONE, &fixture.files) == REASON_OK);
  unlink(path);
  free(bytes);
  keyset_free(plain);
}

static void get_ready(void) {
  if (fixture.settings != NULL) return;
  MUST_HOLD(fixture_begin(&fixture, settings_text));
  add_cached();
  MUST_HOLD(!unit_failed);
  unlink(fixture.conf);
  unlink(fixture.keys);
  rmdir(fixture.folder);
}

/* ---- lines into fields: a line that is too long leaves its field without an end ---- */

static void take_field(struct fuzz_input *input, char *field, size_t size) {
  struct fuzz_input line = fuzz_line(input);
  memset(field, 0, size);
  if (line.left > 0) memcpy(field, line.at, line.left < size ? line.left : size);
}
#define TAKE(input, field) take_field((input), (field), sizeof(field))

static long long take_number(struct fuzz_input *input) {
  CLEANUP(fuzz_text_free) char *text = fuzz_text(fuzz_line(input));
  return strtoll(text, NULL, 10);
}

/* ---- the keeper's end ---- */

static void check_times(const struct judge_answer *answer, const struct issuer *issuer, int64_t now) {
  MUST_HOLD(answer->expires > now - issuer->leeway);
  int64_t start = answer->issued_at != 0 ? answer->issued_at : now + issuer->leeway;
  MUST_HOLD(answer->expires - start <= issuer->max_lifetime);
  MUST_HOLD(answer->issued_at <= now + issuer->leeway);
  MUST_HOLD(answer->issued_at > 0 || (answer->issued_at == 0 && issuer->issued_at_optional));
}

static void check_permitted(const struct rule *rule, const char *service, const struct account_facts *account) {
  bool system = account->kind == ACCOUNT_LOCAL && account->uid < SYSTEM_ID_END;
  MUST_HOLD(name_is_strict(account->name));
  MUST_HOLD(rule->services[0] == NULL || name_is_listed(rule->services, service));
  MUST_HOLD(rule->account_is_template || strcmp(rule->account, account->name) == 0);
  MUST_HOLD(!system || (rule->system && !rule->account_is_template));
  MUST_HOLD(account->kind != ACCOUNT_LOCAL || !rule->account_is_template || rule->local);
  MUST_HOLD(account->kind != ACCOUNT_ABSENT || rule->create);
  MUST_HOLD(account->kind == ACCOUNT_LOCAL || !name_is_reserved(account->name));
}

/* As the keeper treats what it read. True when it lets the answer pass. */
static bool keeper_lets_pass(const struct judge_answer *answer, const char *service, int64_t now,
                             const struct account_facts *account) {
  const struct rule *rule = NULL;
  if (!verdict_strings_end(answer)) return false;
  enum reason reason = verdict_check(fixture.settings, account, service, now, answer, &rule);
  MUST_HOLD(reason == REASON_OK || reason == REASON_JUDGE_REFUSED);
  MUST_HOLD((reason == REASON_OK) == (rule != NULL));
  if (rule == NULL) return false;

  const struct issuer *issuer = settings_issuer(fixture.settings, rule->issuer);
  MUST_HOLD(strcmp(rule->title, answer->rule) == 0 && strcmp(issuer->title, answer->issuer_title) == 0);
  MUST_HOLD(strcmp(issuer_identity(issuer), answer->issuer) == 0 &&
            name_is_listed(issuer->algorithms, answer->algorithm));
  MUST_HOLD(answer->subject[0] != '\0' && strpbrk(answer->subject, "\n\r\t\033\177") == NULL);
  MUST_HOLD(issuer->trust_domain == NULL || strncmp(answer->subject, "spiffe://td.example/", 20) == 0);
  check_times(answer, issuer, now);
  check_permitted(rule, service, account);
  MUST_HOLD(!rule->bound || strlen(answer->proof) == THUMBPRINT_SIZE - 1);
  MUST_HOLD(rule_permits(rule, issuer->title, service, account) == REASON_OK);
  return true;
}

static void fuzz_answer(struct fuzz_input *input) {
  CLEANUP(fuzz_text_free) char *user = fuzz_text(fuzz_line(input));
  CLEANUP(fuzz_text_free) char *service = fuzz_text(fuzz_line(input));
  struct account_facts account = {.name = user, .kind = (enum account_kind)(take_number(input) & 3)};
  account.uid = (uint32_t)take_number(input);
  account.group_of_same_name = take_number(input) != 0;
  if (account.kind > ACCOUNT_LOCAL) return; /* that is the keeper's own */
  struct judge_answer answer = {.magic = PROTOCOL_MAGIC, .reason = REASON_OK};
  TAKE(input, answer.issuer_title);
  TAKE(input, answer.rule);
  TAKE(input, answer.issuer);
  TAKE(input, answer.subject);
  TAKE(input, answer.token_id);
  TAKE(input, answer.kid);
  TAKE(input, answer.algorithm);
  answer.expires = take_number(input);
  answer.issued_at = take_number(input);
  keeper_lets_pass(&answer, service, FIXTURE_NOW, &account);
}

/* ---- the judge's end ---- */

static struct judge_request take_request(struct fuzz_input *input) {
  struct judge_request request = {0};
  TAKE(input, request.user);
  TAKE(input, request.service);
  TAKE(input, request.rhost);
  request.account_kind = (uint32_t)take_number(input);
  request.uid = (uint32_t)take_number(input);
  request.group_of_same_name = (uint32_t)take_number(input);
  request.now = take_number(input);
  request.magic = PROTOCOL_MAGIC ^ (uint32_t)take_number(input);
  request.token_size = (uint32_t)take_number(input);
  return request;
}

static void read_whole(int fd, void *to, size_t size) {
  MUST_HOLD(recv(fd, to, size, MSG_DONTWAIT) == (ssize_t)size);
}

/* Whatever was asked, the answer is one that the keeper can read; false when the request was too short for any. */
static bool converse(const void *bytes, size_t size, struct judge_answer *ret) {
  int fds[2];
  struct judge_hello hello;
  char more;
  MUST_HOLD(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  MUST_HOLD(send(fds[0], bytes, size, MSG_DONTWAIT) == (ssize_t)size && shutdown(fds[0], SHUT_WR) == 0);
  bool answered = judge_serve(fds[1], REASON_OK, fixture.settings, fixture.files);
  MUST_HOLD(answered == (size >= sizeof(struct judge_request)));
  read_whole(fds[0], &hello, sizeof hello);
  MUST_HOLD(hello.magic == PROTOCOL_MAGIC && hello.reason == REASON_OK);
  MUST_HOLD(hello.fingerprint == fixture.settings->fingerprint);
  if (answered) read_whole(fds[0], ret, sizeof *ret);
  MUST_HOLD(recv(fds[0], &more, 1, MSG_DONTWAIT) < 0); /* nothing behind it */
  close(fds[0]);
  close(fds[1]);
  return answered;
}

static const char auth_info[] =
    "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n";

static bool is_sound(const struct judge_request *request, size_t left) {
  return request->magic == PROTOCOL_MAGIC && (size_t)request->token_size + request->auth_info_size <= left &&
         request->token_size <= TOKEN_MAX_SIZE && IS_STRING(request->user) && IS_STRING(request->service) &&
         IS_STRING(request->rhost) && request->account_kind <= ACCOUNT_LOCAL;
}

static void fuzz_request(struct judge_request request, const char *token, size_t token_size, size_t cut,
                         bool is_signed) {
  static char bytes[sizeof(struct judge_request) + 2 * TOKEN_MAX_SIZE];
  struct judge_answer answer;
  request.auth_info_size = is_signed ? sizeof auth_info - 1 : 0;
  size_t size = sizeof request + token_size + request.auth_info_size;
  if (size > sizeof bytes) return;
  char *end = mempcpy(bytes, &request, sizeof request);
  end = mempcpy(end, token, token_size);
  memcpy(end, auth_info, request.auth_info_size);
  size -= cut < size ? cut : size;
  if (!converse(bytes, size, &answer)) return;

  MUST_HOLD(answer.magic == PROTOCOL_MAGIC && answer.reason < REASON_COUNT && verdict_strings_end(&answer));
  bool sound = is_sound(&request, size - sizeof request);
  MUST_HOLD((answer.reason == REASON_PROTOCOL) == !sound);
  if (answer.reason != REASON_OK) return;
  struct account_facts account = {.name = request.user,
                                  .kind = (enum account_kind)request.account_kind,
                                  .uid = request.uid,
                                  .group_of_same_name = request.group_of_same_name != 0};
  MUST_HOLD(is_signed);
  if (request.now < YEAR || request.now > 10000 * YEAR) return; /* no clock of a keeper's */
  MUST_HOLD(keeper_lets_pass(&answer, request.service, request.now, &account));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {(const char *)data, size};
  get_ready();
  CLEANUP(fuzz_text_free) char *kind = fuzz_text(fuzz_line(&input));
  if (strcmp(kind, "answer") == 0) {
    fuzz_answer(&input);
    return 0;
  }
  bool login = strcmp(kind, "login") == 0;
  if (!login && strcmp(kind, "request") != 0) return 0;
  struct judge_request request = take_request(&input);
  size_t cut = (size_t)take_number(&input);
  struct fuzz_input header = login ? fuzz_line(&input) : (struct fuzz_input){0};
  CLEANUP(fuzz_text_free)
  char *token = login ? kit_token_bytes(header.at, header.left, input.at, input.left) : fuzz_text(input);
  size_t token_size = login ? strlen(token) : input.left;
  if (request.token_size == 0) request.token_size = (uint32_t)token_size; /* 0 stands for the truth */
  fuzz_request(request, token, token_size, cut, login);
  return 0;
}
