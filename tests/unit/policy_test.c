/* What conditions mean, which accounts a template opens, and what a rule permits. */
#include "policy.h"

#include "login_fixture.h"

#define DEPLOY ((struct account_facts){.name = "deploy", .kind = ACCOUNT_LOCAL, .uid = 1001})

/* ---- conditions ---- */

struct condition_case {
  const char *claims; /* the members beside the usual ones */
  const char *condition;
  bool holds;
};

static const struct condition_case conditions[] = {
    {",\"ref\":\"refs/heads/main\"", "ref == refs/heads/main", true},
    {",\"ref\":\"refs/heads/main\"", "ref == refs/heads/mai", false},
    {",\"ref\":\"refs/heads/main\"", "ref == refs/heads/main2", false},
    {",\"ref\":\"refs/heads/main\"", "ref == REFS/heads/main", false},
    {",\"ref\":\"refs/heads/main\"", "Ref == refs/heads/main", false},
    {",\"ref\":\"refs/heads/main\"", "ref == \"refs/heads/main\"", true},
    {"", "ref == main", false},
    {",\"ref\":null", "ref == \"null\"", false},
    {",\"ref\":\"\"", "ref == \"\"", true},
    {"", "ref == \"\"", false},
    /* types */
    {",\"protected\":true", "protected == true", true},
    {",\"protected\":\"true\"", "protected == true", false},
    {",\"protected\":\"true\"", "protected == \"true\"", true},
    {",\"protected\":true", "protected == \"true\"", false},
    {",\"protected\":1", "protected == true", false},
    {",\"protected\":false", "protected == false", true},
    {",\"protected\":0", "protected == false", false},
    {",\"protected\":null", "protected == false", false},
    {"", "protected == false", false},
    {",\"id\":42", "id == 42", true},
    {",\"id\":42.0", "id == 42", true},
    {",\"id\":42.5", "id == 42", false},
    {",\"id\":\"42\"", "id == 42", false},
    {",\"id\":\"42\"", "id == \"42\"", true},
    {",\"id\":42", "id == \"42\"", false},
    {",\"id\":-7", "id == -7", true},
    {",\"id\":9223372036854775807", "id == 9223372036854775807", true},
    {",\"id\":9223372036854775806", "id == 9223372036854775807", false},
    {",\"id\":9223372036854775807.0", "id == 9223372036854775807", false},
    {",\"id\":\"007\"", "id == 007", true},
    /* arrays and objects equal nothing */
    {",\"g\":[\"a\"]", "g == a", false},
    {",\"g\":{\"a\":1}", "g == a", false},
    {",\"g\":[]", "g == \"\"", false},
    /* unequal: of the same type, there, and another value */
    {",\"ref\":\"dev\"", "ref != main", true},
    {",\"ref\":\"main\"", "ref != main", false},
    {"", "ref != main", false},
    {",\"ref\":null", "ref != main", false},
    {",\"ref\":[\"dev\"]", "ref != main", false},
    {",\"ref\":{}", "ref != main", false},
    {",\"ref\":true", "ref != main", false},
    {",\"bot\":\"true\"", "bot != true", false},
    {",\"bot\":false", "bot != true", true},
    {",\"id\":43", "id != 42", true},
    {",\"id\":42.0", "id != 42", false},
    /* exists */
    {",\"x\":\"\"", "x exists", true},
    {",\"x\":false", "x exists", true},
    {",\"x\":[]", "x exists", true},
    {",\"x\":null", "x exists", false},
    {"", "x exists", false},
    /* absent */
    {"", "x absent", true},
    {",\"x\":null", "x absent", true},
    {",\"x\":false", "x absent", false},
    {",\"x\":\"\"", "x absent", false},
    {",\"x\":{}", "x absent", false},
    {",\"x\":{\"y\":1}", "/x/z absent", true},
    {",\"x\":{\"y\":1}", "/x/y absent", false},
    /* an actor (RFC 8693), required, forbidden, and a certain one */
    {",\"act\":{\"sub\":\"agent\"}", "act exists", true},
    {",\"act\":{\"sub\":\"agent\"}", "act absent", false},
    {"", "act absent", true},
    {",\"act\":{\"sub\":\"agent\"}", "/act/sub == agent", true},
    {",\"act\":{\"sub\":\"agent\",\"act\":{\"sub\":\"b\"}}", "/act/act absent", false},
    {",\"may_act\":{\"sub\":\"agent\"}", "/may_act/sub == agent", true},
    /* has: an array */
    {",\"groups\":[\"a\",\"b c\"]", "groups has a", true},
    {",\"groups\":[\"a\",\"b c\"]", "groups has b c", true},
    {",\"groups\":[\"a\",\"b c\"]", "groups has b", false},
    {",\"groups\":[\"a\",\"b c\"]", "groups has \"\"", false},
    {",\"groups\":[]", "groups has a", false},
    {",\"groups\":[[\"a\"]]", "groups has a", false},
    {",\"groups\":[\"1\",2]", "groups has 1", false},
    {",\"groups\":[\"1\",2]", "groups has 2", true},
    {",\"groups\":[\"true\"]", "groups has true", false},
    {",\"groups\":[null]", "groups has a", false},
    {",\"groups\":[\"/a/b\"]", "groups has /a/b", true},
    {"", "groups has a", false},
    {",\"groups\":null", "groups has a", false},
    /* has: a string of words, one word among them */
    {",\"scope\":\"read write:all\"", "scope has write:all", true},
    {",\"scope\":\"read write:all\"", "scope has write", false},
    {",\"scope\":\"read write:all\"", "scope has read write:all", false},
    {",\"scope\":\"  read  write \"", "scope has write", true},
    {",\"scope\":\"\"", "scope has \"\"", false},
    {",\"scope\":\"read\\twrite\"", "scope has read", false},
    {",\"scope\":\"1 2\"", "scope has 1", false},
    {",\"scope\":\"1 2\"", "scope has \"1\"", true},
    {",\"groups\":\"src1\"", "groups has ssh-users", false},
    {",\"role\":\"ssh-users\"", "role has ssh-users", true},
    /* has: an object's keys */
    {",\"roles\":{\"admin\":{\"1\":\"x\"}}", "roles has admin", true},
    {",\"roles\":{\"admin\":null}", "roles has admin", false},
    {",\"roles\":{\"admin\":1}", "roles has user", false},
    {",\"roles\":{\"1\":1}", "roles has 1", false},
    {",\"n\":5", "n has 5", false},
    /* names of claims, as issuers write them */
    {",\"realm_access\":{\"roles\":[\"ssh-users\"]}", "/realm_access/roles has ssh-users", true},
    {",\"realm_access/roles\":[\"ssh-users\"]", "/realm_access/roles has ssh-users", false},
    {",\"cognito:groups\":[\"a\"]", "cognito:groups has a", true},
    {",\"https://ns/roles\":[\"a\"]", "https://ns/roles has a", true},
    {",\"a b\":\"c\"", "\"a b\" == c", true},
    {",\"kubernetes.io\":{\"namespace\":\"ci\"}", "/kubernetes.io/namespace == ci", true},
    {",\"kubernetes.io\":{\"namespace\":\"ci\"}", "kubernetes.io == ci", false},
    {",\"oidc.circleci.com/context-ids\":[\"x\"]", "oidc.circleci.com/context-ids has x", true},
    {",\"oidc.circleci.com/context-ids\":[\"x\"]", "/oidc.circleci.com~1context-ids has x", true},
    {",\"http://schemas/role\":\"a\"", "http://schemas/role has a", true},
    {",\"http://schemas/role\":[\"b\",\"a\"]", "http://schemas/role has a", true},
    {",\"identities\":{\"email\":[\"e+x\"]}", "/identities/email/0 == e+x", true},
    {",\"identities\":{\"email\":[\"e+x\"]}", "/identities/email/1 == e+x", false},
    {",\"identities\":{\"email\":[\"e+x\"]}", "/identities/email/00 == e+x", false},
    {",\"a~b\":\"c\"", "/a~0b == c", true},
    {",\"\":\"c\"", "/ == c", true},
    {",\"upn\":\"DOM\\\\user\"", "upn == \"DOM\\\\\\\\user\"", true},
    {",\"name\":\"J\\u00fcrgen\"", "name == J\303\274rgen", true},
};

static void conditions_mean_what_the_manual_says(void) {
  for (size_t i = 0; i < COUNT_OF(conditions); i++) {
    struct fixture fixture;
    char settings[1024], claims[512];
    snprintf(settings, sizeof(settings),
             FIXTURE_ISSUER "rule \"r\" { issuer = corp account = deploy when = { '%s' } }\n", conditions[i].condition);
    snprintf(claims, sizeof(claims),
             "{\"iss\":\"https://id.example.org/\",\"sub\":\"s1\",\"aud\":\"here\"," FIXTURE_TIMES "%s}",
             conditions[i].claims);
    if (fixture_begin(&fixture, settings)) {
      enum reason reason = fixture_decide(&fixture, claims, "sshd", DEPLOY);
      CHECK_REASON(reason, conditions[i].holds ? REASON_OK : REASON_NO_RULE);
      if (unit_failed) printf("# %s  on  %s\n", conditions[i].condition, conditions[i].claims);
    }
    fixture_end(&fixture);
  }
}

static void all_conditions_must_hold(void) {
  struct fixture fixture;
  if (fixture_begin(&fixture,
                    FIXTURE_ISSUER "rule \"r\" { issuer = corp account = deploy when = { 'a == 1', 'b == 2' } }\n")) {
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(",\"a\":1,\"b\":2"), "sshd", DEPLOY), REASON_OK);
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(",\"a\":1,\"b\":3"), "sshd", DEPLOY), REASON_NO_RULE);
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(",\"a\":2,\"b\":2"), "sshd", DEPLOY), REASON_NO_RULE);
  }
  fixture_end(&fixture);
}

/* ---- templates ---- */

static void a_template_produces_the_name_to_the_byte(void) {
  static const struct {
    const char *claims, *name;
    enum reason reason;
  } cases[] = {
      {",\"u\":\"alice\"", "ci-alice-x", REASON_OK},
      {",\"u\":\"alice\"", "ci-bob-x", REASON_ACCOUNT_NOT_PERMITTED},
      {",\"u\":\"alice\"", "alice", REASON_ACCOUNT_NOT_PERMITTED},
      {",\"u\":\"alice\"", "ci-alice", REASON_ACCOUNT_NOT_PERMITTED},
      {",\"u\":\"Alice\"", "ci-alice-x", REASON_NAME_INVALID},
      {",\"u\":\"alice@corp\"", "ci-alice-x", REASON_NAME_INVALID},
      {",\"u\":\"alice \"", "ci-alice-x", REASON_NAME_INVALID},
      {",\"u\":\"\"", "ci--x", REASON_NAME_INVALID},
      {",\"u\":\"abcdefghijklmnopqrstuvwxyz0\"", "ci-abcdefghijklmnopqrstuvwxyz0-x", REASON_OK},
      {",\"u\":\"abcdefghijklmnopqrstuvwxyz01\"", "ci-abcdefghijklmnopqrstuvwxyz0-x", REASON_NAME_INVALID},
      {",\"u\":\"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\"",
       "ci-a-x", REASON_NAME_INVALID},
      {",\"u\":[\"alice\"]", "ci-alice-x", REASON_ACCOUNT_NOT_PERMITTED},
      {",\"u\":7", "ci-7-x", REASON_ACCOUNT_NOT_PERMITTED},
      {",\"u\":null", "ci-null-x", REASON_ACCOUNT_NOT_PERMITTED},
      {"", "ci-alice-x", REASON_ACCOUNT_NOT_PERMITTED},
      {",\"u\":\"alice\"", "Ci-alice-x", REASON_ACCOUNT_NOT_PERMITTED},
  };
  struct fixture fixture;
  if (fixture_begin(&fixture,
                    FIXTURE_ISSUER "rule \"r\" { issuer = corp any = true create = true account = \"ci-{u}-x\" }\n"))
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
      char claims[512];
      struct account_facts account = {.name = cases[i].name};
      snprintf(claims, sizeof(claims),
               "{\"iss\":\"https://id.example.org/\",\"sub\":\"s1\",\"aud\":\"here\"," FIXTURE_TIMES "%s}",
               cases[i].claims);
      CHECK_REASON(fixture_decide(&fixture, claims, "sshd", account), cases[i].reason);
    }
  fixture_end(&fixture);
}

/* ---- rule_permits ---- */

enum { TEMPLATE = 1, CREATE = 2, SYSTEM = 4, LOCAL = 8 };

static const char *const no_names[] = {NULL};

static struct rule make_rule(int flags, const char *account) {
  struct rule rule = {.title = "r", .issuer = "corp", .services = no_names, .groups = no_names, .account = account};
  rule.account_is_template = flags & TEMPLATE;
  rule.create = flags & CREATE;
  rule.system = flags & SYSTEM;
  rule.local = flags & LOCAL;
  return rule;
}

static void a_rule_permits_what_it_says_and_no_more(void) {
  static const struct {
    int flags;
    const char *name;
    enum account_kind kind;
    uint32_t uid;
    bool group;
    enum reason reason;
  } cases[] = {
      /* a template without create opens what is ours, and nothing of others */
      {TEMPLATE, "alice", ACCOUNT_OURS, 0, false, REASON_OK},
      {TEMPLATE, "alice", ACCOUNT_ABSENT, 0, false, REASON_ACCOUNT_UNKNOWN},
      {TEMPLATE, "alice", ACCOUNT_LOCAL, 1000, false, REASON_ACCOUNT_LOCAL},
      {TEMPLATE, "root", ACCOUNT_LOCAL, 0, false, REASON_ACCOUNT_LOCAL},
      {TEMPLATE | CREATE, "alice", ACCOUNT_ABSENT, 0, false, REASON_OK},
      {TEMPLATE | CREATE, "alice", ACCOUNT_ABSENT, 0, true, REASON_NAME_RESERVED},
      {TEMPLATE | CREATE, "alice", ACCOUNT_OURS, 0, false, REASON_OK},
      {TEMPLATE | CREATE, "alice", ACCOUNT_OURS, 0, true, REASON_NAME_RESERVED},
      {TEMPLATE | CREATE, "alice", ACCOUNT_LOCAL, 1000, false, REASON_ACCOUNT_LOCAL},
      {TEMPLATE | CREATE, "ubuntu", ACCOUNT_LOCAL, 1000, false, REASON_ACCOUNT_LOCAL},
      {TEMPLATE | CREATE, "postgres", ACCOUNT_LOCAL, 113, false, REASON_ACCOUNT_LOCAL},
      {TEMPLATE | CREATE, "admin", ACCOUNT_ABSENT, 0, false, REASON_NAME_RESERVED},
      {TEMPLATE | CREATE, "docker", ACCOUNT_ABSENT, 0, true, REASON_NAME_RESERVED},
      {TEMPLATE | CREATE, "_x", ACCOUNT_ABSENT, 0, false, REASON_NAME_RESERVED},
      {TEMPLATE | CREATE, "root", ACCOUNT_ABSENT, 0, false, REASON_NAME_RESERVED},
      {TEMPLATE | CREATE | SYSTEM, "root", ACCOUNT_LOCAL, 0, false, REASON_ACCOUNT_LOCAL},
      {TEMPLATE | CREATE, "Alice", ACCOUNT_ABSENT, 0, false, REASON_NAME_INVALID},
      {TEMPLATE | CREATE, "", ACCOUNT_ABSENT, 0, false, REASON_NAME_INVALID},
      /* local opens others' accounts, system accounts never */
      {TEMPLATE | LOCAL, "alice", ACCOUNT_LOCAL, 1000, true, REASON_OK},
      {TEMPLATE | LOCAL, "daemon", ACCOUNT_LOCAL, 999, false, REASON_SYSTEM_ACCOUNT},
      {TEMPLATE | LOCAL | SYSTEM, "daemon", ACCOUNT_LOCAL, 999, false, REASON_SYSTEM_ACCOUNT},
      {TEMPLATE | LOCAL | SYSTEM, "root", ACCOUNT_LOCAL, 0, false, REASON_SYSTEM_ACCOUNT},
      {TEMPLATE | LOCAL, "alice", ACCOUNT_ABSENT, 0, false, REASON_ACCOUNT_UNKNOWN},
      /* a literal */
      {0, "deploy", ACCOUNT_LOCAL, 1000, true, REASON_OK},
      {0, "deploy", ACCOUNT_LOCAL, 999, false, REASON_SYSTEM_ACCOUNT},
      {0, "deploy", ACCOUNT_LOCAL, 0, false, REASON_SYSTEM_ACCOUNT},
      {SYSTEM, "deploy", ACCOUNT_LOCAL, 999, false, REASON_OK},
      {SYSTEM, "deploy", ACCOUNT_LOCAL, 0, false, REASON_OK},
      {0, "deploy", ACCOUNT_OURS, 0, false, REASON_OK},
      {0, "deploy", ACCOUNT_ABSENT, 0, false, REASON_ACCOUNT_UNKNOWN},
      {CREATE, "deploy", ACCOUNT_ABSENT, 0, false, REASON_OK},
      {CREATE, "deploy", ACCOUNT_ABSENT, 0, true, REASON_NAME_RESERVED},
      {0, "other", ACCOUNT_LOCAL, 1000, false, REASON_ACCOUNT_NOT_PERMITTED},
      {SYSTEM, "root", ACCOUNT_LOCAL, 0, false, REASON_ACCOUNT_NOT_PERMITTED},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct rule rule = make_rule(cases[i].flags, "deploy");
    struct account_facts account = {cases[i].name, cases[i].kind, cases[i].uid, cases[i].group};
    CHECK_REASON(rule_permits(&rule, "corp", "sshd", &account), cases[i].reason);
    CHECK_REASON(rule_permits(&rule, "other", "sshd", &account), REASON_NO_RULE);
  }
}

static void a_pattern_needs_its_beginning_its_end_and_something_between(void) {
  struct rule rule = make_rule(TEMPLATE | CREATE, "ci-{u}-x");
  strcpy(rule.account_pattern.prefix, "ci-");
  strcpy(rule.account_pattern.suffix, "-x");
  struct account_facts account = {.name = "ci-a-x"};
  CHECK_REASON(rule_permits(&rule, "corp", "sshd", &account), REASON_OK);
  static const char *const others[] = {"ci--x", "ci-x", "ci-", "x", "ci-a", "a-x", "ci-a-y"};
  for (size_t i = 0; i < COUNT_OF(others); i++) {
    account.name = others[i];
    CHECK_REASON(rule_permits(&rule, "corp", "sshd", &account), REASON_ACCOUNT_NOT_PERMITTED);
  }
}

static void a_rule_is_for_its_services(void) {
  static const char *const services[] = {"sshd", "sudo", NULL};
  struct rule rule = make_rule(0, "deploy");
  struct account_facts account = DEPLOY;
  CHECK_REASON(rule_permits(&rule, "corp", "anything", &account), REASON_OK);
  rule.services = services;
  CHECK_REASON(rule_permits(&rule, "corp", "sudo", &account), REASON_OK);
  CHECK_REASON(rule_permits(&rule, "corp", "sudo-i", &account), REASON_NO_RULE);
  CHECK_REASON(rule_permits(&rule, "corp", "", &account), REASON_NO_RULE);
}

/* ---- several rules ---- */

static void the_first_rule_that_matches_decides(void) {
  struct fixture fixture;
  if (fixture_begin(&fixture,
                    FIXTURE_ISSUER "issuer \"other\" { url = o audience = a algorithms = EdDSA keys = 'file:/k' }\n"
                                   "rule \"of another issuer\" { issuer = other any = true account = deploy }\n"
                                   "rule \"for sudo\" { issuer = corp service = sudo any = true account = deploy }\n"
                                   "rule \"template\" { issuer = corp any = true account = \"{sub}\" }\n"
                                   "rule \"main\" { issuer = corp when = 'ref == main' account = deploy }\n"
                                   "rule \"any\" { issuer = corp any = true account = deploy }\n")) {
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(",\"ref\":\"main\""), "sshd", DEPLOY), REASON_OK);
    CHECK(fixture.decision.rule && strcmp(fixture.decision.rule->title, "main") == 0);
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(""), "sshd", DEPLOY), REASON_OK);
    CHECK(fixture.decision.rule && strcmp(fixture.decision.rule->title, "any") == 0);
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(""), "sudo", DEPLOY), REASON_OK);
    CHECK(fixture.decision.rule && strcmp(fixture.decision.rule->title, "for sudo") == 0);
  }
  fixture_end(&fixture);
}

static void the_furthest_reason_is_told(void) {
  struct fixture fixture;
  struct account_facts ubuntu = {.name = "ubuntu", .kind = ACCOUNT_LOCAL, .uid = 1000};
  if (fixture_begin(&fixture,
                    FIXTURE_ISSUER "rule \"template\" { issuer = corp any = true create = true account = \"{u}\" }\n"
                                   "rule \"literal\" { issuer = corp any = true account = deploy }\n"
                                   "rule \"never\" { issuer = corp when = 'x exists' account = deploy }\n")) {
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(",\"u\":\"ubuntu\""), "sshd", ubuntu), REASON_ACCOUNT_LOCAL);
    CHECK(fixture.decision.rule == NULL);
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(",\"u\":\"bob\""), "sshd", ubuntu),
                 REASON_ACCOUNT_NOT_PERMITTED);
  }
  fixture_end(&fixture);
}

/* ---- bound tokens ---- */

#define THUMBPRINT "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" /* RFC 8037 A.3, of the key below */
#define PROVED "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n"
#define BOUND ",\"cnf\":{\"jkt\":\"" THUMBPRINT "\"}"

static void a_bound_rule_wants_a_proved_key(void) {
  static const struct ssh_auth_info proved = {PROVED, sizeof(PROVED) - 1}, nothing = {"", 0};
  static const struct {
    const struct ssh_auth_info *proved;
    const char *claims;
    const char *rule; /* NULL: refused */
    enum reason reason;
  } cases[] = {
      {&proved, FIXTURE_CLAIMS(BOUND), "bound", REASON_OK},
      {&proved, FIXTURE_CLAIMS(""), NULL, REASON_PROOF_MISSING},
      {NULL, FIXTURE_CLAIMS(""), NULL, REASON_PROOF_MISSING},
      {&nothing, FIXTURE_CLAIMS(BOUND), NULL, REASON_PROOF_MISSING},
      {NULL, FIXTURE_CLAIMS(BOUND), NULL, REASON_PROOF_MISSING},
      {&proved, FIXTURE_CLAIMS(",\"free\":1"), "free", REASON_OK},
      {NULL, FIXTURE_CLAIMS(",\"free\":1" BOUND), NULL, REASON_PROOF_MISSING},
      {&proved, FIXTURE_CLAIMS(",\"free\":1" BOUND), "bound", REASON_OK},
      {&proved, FIXTURE_CLAIMS(",\"cnf\":{\"kid\":\"k\"}"), NULL, REASON_PROOF_MISSING},
  };
  struct fixture fixture;
  if (fixture_begin(&fixture,
                    FIXTURE_ISSUER "rule \"bound\" { issuer = corp any = true account = deploy bound = true }\n"
                                   "rule \"free\" { issuer = corp when = 'free exists' account = deploy }\n")) {
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
      fixture.proved = cases[i].proved;
      CHECK_REASON(fixture_decide(&fixture, cases[i].claims, "sshd", DEPLOY), cases[i].reason);
      CHECK_STRING(fixture.decision.rule ? fixture.decision.rule->title : NULL, cases[i].rule);
    }
  }
  fixture_end(&fixture);
}

static void actors_are_traced(void) {
  struct fixture fixture;
  if (fixture_begin(&fixture, FIXTURE_ISSUER "rule \"any\" { issuer = corp any = true account = deploy }\n")) {
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(",\"act\":{\"sub\":\"a\"}"), "sshd", DEPLOY), REASON_OK);
    CHECK(strstr(fixture.seen, "actor+ ") != NULL);
    CHECK_REASON(fixture_decide(&fixture, FIXTURE_CLAIMS(""), "sshd", DEPLOY), REASON_OK);
    CHECK(strstr(fixture.seen, "actor") == NULL);
  }
  fixture_end(&fixture);
}

UNIT_MAIN({"conditions mean what the manual says", conditions_mean_what_the_manual_says},
          {"all conditions must hold", all_conditions_must_hold},
          {"a template produces the name to the byte", a_template_produces_the_name_to_the_byte},
          {"a rule permits what it says and no more", a_rule_permits_what_it_says_and_no_more},
          {"a pattern needs its beginning, its end and something between",
           a_pattern_needs_its_beginning_its_end_and_something_between},
          {"a rule is for its services", a_rule_is_for_its_services},
          {"the first rule that matches decides", the_first_rule_that_matches_decides},
          {"the furthest reason is told", the_furthest_reason_is_told},
          {"a bound rule wants a proved key", a_bound_rule_wants_a_proved_key},
          {"actors are traced", actors_are_traced})
