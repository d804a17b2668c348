/* What jwtctl takes from jwt-fetch-keys, which a stranger may have got hold of: its form, and what follows from it. */
#include "probe.h"

#include <string.h>

#include "unit.h"

#define RSA "key\tr\tRSA\t-\t2048\t-\tsig\tusable\n"
#define EC "key\te\tEC\tP-256\t256\tES256\t-\tusable\n"
#define OKP "key\to\tOKP\tEd25519\t256\t-\t-\tusable\n"
#define SPOILT "key\ts\tRSA\t-\t1024\tPS256\tsig\ttoo short\n"

static bool parse(const char *text, struct probe *ret) {
  return probe_parse(strdup(text), ret);
}

static void takes_what_it_says(void) {
  struct probe probe;
  CHECK(
      parse("issuer\thttps://i.example\nlocation\thttps://i.example/a\\x20b\nalgorithm\tRS256\nalgorithm\tES256\n"
            "refresh\t3600\nclock\t-7\n" EC SPOILT "key\t\\x2d\t\\x5cx\t-\t0\t-\t-\t\\x1b[31mno\n",
            &probe));
  CHECK_STRING(probe.location, "https://i.example/a b");
  CHECK_STRING(probe.algorithms[1], "ES256");
  CHECK(probe.algorithms[2] == NULL);
  CHECK_INT(probe.refresh, 3600);
  CHECK(probe.dated && probe.clock_ahead == -7);
  CHECK_INT(probe.key_count, 3);
  CHECK_INT(probe.usable, 1);
  CHECK_STRING(probe.keys[0].kid, "e");
  CHECK_STRING(probe.keys[0].crv, "P-256");
  CHECK(probe.keys[0].use == NULL && probe.keys[0].unusable == NULL && probe.keys[0].bits == 256);
  CHECK_STRING(probe.keys[1].unusable, "too short");
  CHECK_STRING(probe.keys[2].kid, "-");
  CHECK_STRING(probe.keys[2].kty, "\\x");
  CHECK_STRING(probe.keys[2].unusable, "\033[31mno");
  probe_clear(&probe);
}

static void refuses_another_form(void) {
  static const char *const bad[] = {
      "nonsense\n",
      "nonsense\tx\n",
      "issuer\n",
      "issuer\ta\tb\n",
      "refresh\t-1\n",
      "refresh\t99999999999\n",
      "refresh\tsoon\n",
      "clock\t--1\n",
      "clock\t\n",
      "clock\t99999999999999999999\n",
      "key\ta\tRSA\t-\t2048\t-\tsig\n",
      "key\ta\tRSA\t-\t2048\t-\tsig\tusable\tx\n",
      "key\ta\tRSA\t-\tbig\t-\tsig\tusable\n",
      "key\ta\tRSA\t-\t99999999\t-\tsig\tusable\n",
      "key\ta\tRSA\t-\t-\t-\tsig\tusable\n",
      "key\ta\tRSA\t-\t2048\t-\tsig\t-\n",
      "-\tx\n",
      "location\t-\n",
      "location\ta\\x00b\n",
      "location\ta\\x0\n",
      "location\ta\\xZZ\n",
      "location\ta\\n\n",
      "location\ta\\",
  };
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    struct probe probe;
    bool taken = parse(bad[i], &probe);
    CHECK(!taken);
    if (taken) printf("# %s\n", bad[i]);
    probe_clear(&probe);
  }
}

static bool parse_many(const char *line, int count) {
  struct probe probe;
  char *text = calloc((size_t)count, strlen(line) + 1), *end = text;
  for (int i = 0; i < count; i++)
    end = stpcpy(end, line);
  bool taken = probe_parse(text, &probe);
  probe_clear(&probe);
  return taken;
}

static void takes_no_more_than_there_can_be(void) {
  CHECK(parse_many(EC, 1000));
  CHECK(!parse_many(EC, 1001));
  CHECK(parse_many("algorithm\tRS256\n", 32));
  CHECK(!parse_many("algorithm\tRS256\n", 33));
}

/* The algorithms that a section could name for these lines, with blanks between. */
static const char *offered(const char *lines) {
  static char names[256];
  struct probe probe;
  CHECK(parse(lines, &probe));
  names[0] = '\0';
  for (const char *const *name = settings_algorithms(); *name != NULL; name++)
    if (probe_offers(&probe, *name)) snprintf(names + strlen(names), sizeof names - strlen(names), "%s ", *name);
  probe_clear(&probe);
  return names;
}

static void offers_what_both_sides_have(void) {
  CHECK_STRING(offered(RSA), "RS256 ");
  CHECK_STRING(offered(EC), "ES256 ");
  CHECK_STRING(offered(OKP), "EdDSA ");
  CHECK_STRING(offered(RSA EC OKP), "RS256 ES256 EdDSA ");
  CHECK_STRING(offered("algorithm\tPS256\nalgorithm\tRS512\nalgorithm\tES256\n" RSA), "RS512 PS256 ");
  CHECK_STRING(offered("algorithm\tEd25519\n" OKP), "Ed25519 ");
  CHECK_STRING(offered("algorithm\tRS256\n" EC), "");
  CHECK_STRING(offered("algorithm\tHS256\nalgorithm\tnone\nalgorithm\tES256\n" EC), "ES256 ");
  CHECK_STRING(offered("algorithm\tES384\n" EC), "");
  CHECK_STRING(offered("algorithm\tPS256\n" SPOILT), "");
  CHECK_STRING(offered("key\tk\tEC\tsecp256k1\t256\t-\t-\tusable\n"), "");
  CHECK_STRING(offered("key\tk\tRSA\t-\t2048\tPS384\t-\tusable\n"), "PS384 ");
  CHECK_STRING(offered(""), "");
}

UNIT_MAIN({"takes what it says", takes_what_it_says}, {"refuses another form", refuses_another_form},
          {"takes no more than there can be", takes_no_more_than_there_can_be},
          {"offers what both sides have", offers_what_both_sides_have})
