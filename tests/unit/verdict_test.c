/* The keeper against a judge that lies: whatever the answer says, no more than a rule grants. */
#include <string.h>

#include "keeper.h"
#include "unit.h"

#define NOW 1800000000

static const char *const none[] = {NULL};
static const char *const es256[] = {"ES256", NULL};
static const char *const sshd[] = {"sshd", NULL};

static const struct issuer issuers[] = {
    {.title = "corp", .url = "https://corp.example", .algorithms = es256, .max_lifetime = 900, .leeway = 30},
    {.title = "legacy",
     .url = "https://kubernetes.default.svc",
     .alias = "prod",
     .algorithms = es256,
     .max_lifetime = 900,
     .leeway = 30,
     .issued_at_optional = true},
    {.title = "spiffe",
     .url = "spiffe://td",
     .trust_domain = "td",
     .algorithms = es256,
     .max_lifetime = 900,
     .leeway = 30},
    {.title = "other", .url = "https://other.example", .algorithms = es256, .max_lifetime = 900, .leeway = 30},
};
static const struct rule rules[] = {
    {.title = "staff",
     .issuer = "corp",
     .services = sshd,
     .account = "{name}",
     .account_is_template = true,
     .account_claim = "name",
     .groups = none,
     .create = true},
    {.title = "pods", .issuer = "legacy", .services = sshd, .account = "alice", .groups = none, .create = true},
    {.title = "workloads", .issuer = "spiffe", .services = sshd, .account = "alice", .groups = none, .create = true},
    {.title = "deploy", .issuer = "corp", .services = sshd, .account = "deploy", .groups = none},
    {.title = "bound", .issuer = "corp", .services = sshd, .account = "deploy", .groups = none, .bound = true},
};
static const struct settings settings = {
    .issuers = issuers, .issuer_count = COUNT_OF(issuers), .rules = rules, .rule_count = COUNT_OF(rules)};

static struct judge_answer honest(void) {
  return (struct judge_answer){.magic = PROTOCOL_MAGIC,
                               .reason = REASON_OK,
                               .issuer_title = "corp",
                               .rule = "staff",
                               .issuer = "https://corp.example",
                               .subject = "u-1",
                               .algorithm = "ES256",
                               .expires = NOW + 600,
                               .issued_at = NOW - 10};
}

static enum reason check(struct judge_answer answer, const char *name, enum account_kind kind, uint32_t uid,
                         const char *service) {
  const struct account_facts account = {.name = name, .kind = kind, .uid = uid};
  const struct rule *rule = NULL;
  enum reason reason = verdict_check(&settings, &account, service, NOW, &answer, &rule);
  CHECK((reason == REASON_OK) == (rule != NULL));
  return reason;
}

#define REFUSED(answer) CHECK_REASON(check((answer), "alice", ACCOUNT_ABSENT, 0, "sshd"), REASON_JUDGE_REFUSED)

static void an_honest_answer_passes(void) {
  CHECK_REASON(check(honest(), "alice", ACCOUNT_ABSENT, 0, "sshd"), REASON_OK);
  struct judge_answer answer = honest();
  strcpy(answer.rule, "deploy");
  CHECK_REASON(check(answer, "deploy", ACCOUNT_LOCAL, 1500, "sshd"), REASON_OK);
}

static void it_cannot_claim_root_or_another_account(void) {
  CHECK_REASON(check(honest(), "root", ACCOUNT_LOCAL, 0, "sshd"), REASON_JUDGE_REFUSED);
  CHECK_REASON(check(honest(), "ubuntu", ACCOUNT_LOCAL, 1000, "sshd"), REASON_JUDGE_REFUSED);
  CHECK_REASON(check(honest(), "admin", ACCOUNT_ABSENT, 0, "sshd"), REASON_JUDGE_REFUSED);
  struct judge_answer answer = honest();
  strcpy(answer.rule, "deploy");
  CHECK_REASON(check(answer, "alice", ACCOUNT_ABSENT, 0, "sshd"), REASON_JUDGE_REFUSED);
  CHECK_REASON(check(answer, "deploy", ACCOUNT_LOCAL, 500, "sshd"), REASON_JUDGE_REFUSED);
}

static void it_cannot_invent_a_rule_or_issuer(void) {
  struct judge_answer answer = honest();
  strcpy(answer.rule, "everything");
  REFUSED(answer);
  answer = honest();
  answer.rule[0] = '\0';
  REFUSED(answer);
  answer = honest();
  strcpy(answer.issuer_title, "other");
  strcpy(answer.issuer, "https://other.example");
  REFUSED(answer);
  answer = honest();
  strcpy(answer.issuer, "https://corp.example/");
  REFUSED(answer);
  answer = honest();
  strcpy(answer.issuer_title, "nobody");
  REFUSED(answer);
}

static void it_cannot_widen_the_service(void) {
  CHECK_REASON(check(honest(), "alice", ACCOUNT_ABSENT, 0, "sudo"), REASON_JUDGE_REFUSED);
}

static void it_cannot_stretch_time(void) {
  struct judge_answer answer = honest();
  answer.expires = NOW + 961;
  answer.issued_at = NOW + 30;
  REFUSED(answer);
  answer = honest();
  answer.expires = NOW - 31;
  REFUSED(answer);
  answer = honest();
  answer.expires = INT64_MAX;
  REFUSED(answer);
  answer = honest();
  answer.expires = INT64_MAX;
  answer.issued_at = INT64_MAX;
  REFUSED(answer);
  answer = honest();
  answer.expires = INT64_MIN;
  answer.issued_at = INT64_MIN;
  REFUSED(answer);
  answer = honest();
  answer.issued_at = NOW + 31;
  REFUSED(answer);
  answer = honest();
  answer.issued_at = NOW - 301;
  REFUSED(answer);
}

#define PASSES(answer) CHECK_REASON(check((answer), "alice", ACCOUNT_ABSENT, 0, "sshd"), REASON_OK)

static struct judge_answer of_section(const char *title, const char *identity, const char *rule, const char *subject) {
  struct judge_answer answer = honest();
  strcpy(answer.issuer_title, title);
  strcpy(answer.issuer, identity);
  strcpy(answer.rule, rule);
  strcpy(answer.subject, subject);
  return answer;
}

static void it_cannot_leave_out_iat_where_it_is_required(void) {
  struct judge_answer answer = honest();
  answer.issued_at = 0;
  REFUSED(answer);
  answer = of_section("legacy", "prod", "pods", "pod");
  answer.issued_at = 0;
  PASSES(answer);
  answer.expires = NOW + 930;
  PASSES(answer);
  answer.expires = NOW + 931;
  REFUSED(answer);
  answer.expires = NOW - 30;
  REFUSED(answer);
  answer.expires = NOW + 600;
  answer.issued_at = -1;
  REFUSED(answer);
  answer.issued_at = NOW - 301;
  REFUSED(answer);
}

static void it_cannot_pass_one_cluster_off_as_another(void) {
  PASSES(of_section("legacy", "prod", "pods", "pod"));
  REFUSED(of_section("legacy", "https://kubernetes.default.svc", "pods", "pod"));
  REFUSED(of_section("legacy", "staging", "pods", "pod"));
  REFUSED(of_section("legacy", "", "pods", "pod"));
  REFUSED(of_section("corp", "prod", "staff", "pod"));
}

static void it_cannot_leave_the_trust_domain(void) {
  static const char *const outside[] = {
      "spiffe://td2/a", "spiffe://td",   "spiffe://td/", "spiffe://TD/a", "a", "https://td/a", "",
      "td/a",           " spiffe://td/a"};
  PASSES(of_section("spiffe", "spiffe://td", "workloads", "spiffe://td/a"));
  for (size_t i = 0; i < COUNT_OF(outside); i++)
    REFUSED(of_section("spiffe", "spiffe://td", "workloads", outside[i]));
}

static void it_cannot_leave_out_who_it_was(void) {
  struct judge_answer answer = honest();
  answer.subject[0] = '\0';
  REFUSED(answer);
  answer = honest();
  strcpy(answer.algorithm, "none");
  REFUSED(answer);
  answer = honest();
  strcpy(answer.subject, "u-1\nroot");
  REFUSED(answer);
  strcpy(answer.subject, "u-1\x1b[2J");
  REFUSED(answer);
}

static void it_cannot_pass_an_unbound_token_off_as_bound(void) {
  static const char thumbprint[] = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
  struct judge_answer answer = of_section("corp", "https://corp.example", "bound", "u-1");
  CHECK_REASON(check(answer, "deploy", ACCOUNT_LOCAL, 1500, "sshd"), REASON_JUDGE_REFUSED);
  strcpy(answer.proof, thumbprint);
  CHECK_REASON(check(answer, "deploy", ACCOUNT_LOCAL, 1500, "sshd"), REASON_OK);
  answer.proof[42] = '\0';
  CHECK_REASON(check(answer, "deploy", ACCOUNT_LOCAL, 1500, "sshd"), REASON_JUDGE_REFUSED);
  answer = honest();
  strcpy(answer.proof, thumbprint);
  PASSES(answer);
  strcpy(answer.proof, "yes");
  REFUSED(answer);
  answer = honest();
  strcpy(answer.actors, "agent\ndecision=accept");
  REFUSED(answer);
}

static void a_string_without_an_end_is_seen(void) {
  struct judge_answer answer = honest();
  CHECK(verdict_strings_end(&answer));
  memset(answer.subject, 'x', sizeof(answer.subject));
  CHECK(!verdict_strings_end(&answer));
  answer = honest();
  memset(answer.kid, 'x', sizeof(answer.kid));
  CHECK(!verdict_strings_end(&answer));
  answer = honest();
  memset(answer.proof, 'x', sizeof(answer.proof));
  CHECK(!verdict_strings_end(&answer));
  answer = honest();
  memset(answer.actors, 'x', sizeof(answer.actors));
  CHECK(!verdict_strings_end(&answer));
}

UNIT_MAIN({"an honest answer passes", an_honest_answer_passes},
          {"it cannot claim root or another account", it_cannot_claim_root_or_another_account},
          {"it cannot invent a rule or issuer", it_cannot_invent_a_rule_or_issuer},
          {"it cannot widen the service", it_cannot_widen_the_service},
          {"it cannot stretch time", it_cannot_stretch_time},
          {"it cannot leave out iat where it is required", it_cannot_leave_out_iat_where_it_is_required},
          {"it cannot pass one cluster off as another", it_cannot_pass_one_cluster_off_as_another},
          {"it cannot leave the trust domain", it_cannot_leave_the_trust_domain},
          {"it cannot leave out who it was", it_cannot_leave_out_who_it_was},
          {"it cannot pass an unbound token off as bound", it_cannot_pass_an_unbound_token_off_as_bound},
          {"a string without an end is seen", a_string_without_an_end_is_seen})
