#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "input.h"
#include "jwtctl.h"
#include "shed.h"
#include "text.h"
#include "token.h"

#define LEEWAY_MAX 300

static const char name[] = "verify";

static const char usage[] =
    "Usage: jwtctl verify --jwks FILE [OPTION]... < TOKEN\n"
    "\n"
    "Check a token against a key set, as a login would, and print 'accept' or 'reject REASON'.\n"
    "What is not asked for is not checked; the signature and exp always are.\n"
    "\n"
    "  --jwks FILE         the issuer's key set (JWK Set)\n"
    "  --issuer URL        iss must be this, byte for byte\n"
    "  --audience A        aud must hold this, or another one given so\n"
    "  --alg ALG           allow this algorithm, or another one given so (default: all)\n"
    "  --leeway S          seconds of clock difference to tolerate, 0-300 (default 0)\n"
    "  --max-lifetime S    exp - iat may not be more than this\n"
    "  --now EPOCH         the time to check against (default: the clock when the command starts)\n"
    "  --signature-only    check no claim and take any payload\n"
    "  --batch             one token per line of input, one line of output for each\n"
    "  --json              print JSON objects\n"
    "\n"
    "Exit status: 0 accepted, 1 rejected (with --batch: at least one), 2 wrong use.\n"
    "Needs no settings file. The token is read after all privilege is shed.\n"
    "\n"
    "Example:\n"
    "  jwtctl verify --jwks keys.json --issuer https://idp.example.com --audience ssh://build < token\n";

struct options {
  const char *jwks;
  const char **audiences;
  const char **algorithms;
  struct token_expectation expectation;
  bool batch;
  bool json;
};

static void options_clear(struct options *options) {
  free(options->audiences);
  free(options->algorithms);
}

static void append(const char **list, const char *text) {
  while (*list != NULL)
    list++;
  *list = text;
}

/* Whether OpenSSL offers it here is for the verdict on the token. */
static bool is_algorithm(const char *alg) {
  for (const char *const *known = token_algorithms_all(); *known != NULL; known++) {
    if (strcmp(*known, alg) == 0) return true;
  }
  return false;
}

/* Take one option; EXIT_YES when it is well formed. */
static int take(int option, struct options *options, char **argv) {
  struct token_expectation *wanted = &options->expectation;
  switch (option) {
  case 'k':
    options->jwks = optarg;
    return EXIT_YES;
  case 'i':
    wanted->issuer = optarg;
    return EXIT_YES;
  case 'a':
    append(options->audiences, optarg);
    return EXIT_YES;
  case 'g':
    if (!is_algorithm(optarg)) return wrong_use(name, "--alg: '%s' is not an algorithm that is verified here", optarg);
    append(options->algorithms, optarg);
    return EXIT_YES;
  case 'l':
    if (!parse_number(optarg, 0, LEEWAY_MAX, &wanted->leeway))
      return wrong_use(name, "--leeway takes seconds from 0 to %d", LEEWAY_MAX);
    return EXIT_YES;
  case 'm':
    if (!parse_number(optarg, 1, INT64_MAX, &wanted->max_lifetime))
      return wrong_use(name, "--max-lifetime takes seconds, at least 1");
    return EXIT_YES;
  case 'n':
    if (!parse_number(optarg, 0, INT64_MAX, &wanted->now)) return wrong_use(name, "--now takes seconds since 1970");
    return EXIT_YES;
  case 's':
    wanted->signature_only = true;
    return EXIT_YES;
  case 'b':
    options->batch = true;
    return EXIT_YES;
  case 'j':
    options->json = true;
    return EXIT_YES;
  case ':':
    return wrong_use(name, "%s needs a value", argv[optind - 1]);
  default:
    return wrong_use(name, "%s is not an option, or not a clear one", argv[optind - 1]);
  }
}

static int parse_options(int argc, char **argv, struct options *options) {
  static const struct option known[] = {
      {"jwks", required_argument, NULL, 'k'},
      {"issuer", required_argument, NULL, 'i'},
      {"audience", required_argument, NULL, 'a'},
      {"alg", required_argument, NULL, 'g'},
      {"leeway", required_argument, NULL, 'l'},
      {"max-lifetime", required_argument, NULL, 'm'},
      {"now", required_argument, NULL, 'n'},
      {"signature-only", no_argument, NULL, 's'},
      {"batch", no_argument, NULL, 'b'},
      {"json", no_argument, NULL, 'j'},
      {NULL, 0, NULL, 0},
  };
  options->expectation.now = (int64_t)time(NULL);
  options->audiences = calloc((size_t)argc + 1, sizeof *options->audiences);
  options->algorithms = calloc((size_t)argc + 1, sizeof *options->algorithms);
  if (options->audiences == NULL || options->algorithms == NULL) return wrong_use(name, "memory ran out");
  int option;
  while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
    int status = take(option, options, argv);
    if (status != EXIT_YES) return status;
  }
  if (optind < argc) return wrong_use(name, "a token is read from standard input, never from the command line");
  if (options->jwks == NULL) return wrong_use(name, "--jwks FILE is missing: the issuer's key set");
  return EXIT_YES;
}

/* What was not given is not checked. */
static void complete(struct options *options, const struct keyset *keys) {
  struct token_expectation *wanted = &options->expectation;
  wanted->keys = keys;
  wanted->algorithms = options->algorithms[0] != NULL ? options->algorithms : token_algorithms_all();
  wanted->audiences = options->audiences[0] != NULL ? options->audiences : NULL;
  wanted->any_issuer = wanted->issuer == NULL;
  wanted->any_audience = wanted->audiences == NULL;
  wanted->any_lifetime = wanted->max_lifetime == 0;
}

static json_t *claims_as_json(const struct verified_claims *claims) {
  return json_pack("{s:s, s:s?, s:s, s:s?, s:s?, s:s?, s:I}", "result", "accept", "kid", verified_claims_kid(claims),
                   "alg", verified_claims_alg(claims), "issuer", verified_claims_issuer(claims), "subject",
                   verified_claims_subject(claims), "token_id", verified_claims_token_id(claims), "expires",
                   (json_int_t)verified_claims_expiry(claims));
}

/* One line, at once: the other end may wait for it. False when it could not be written. */
static bool answer(const struct options *options, enum reason reason, const struct verified_claims *claims) {
  bool written = true;
  if (!options->json) {
    written = reason == REASON_OK ? puts("accept") >= 0 : printf("reject %s\n", reason_code(reason)) >= 0;
  } else if (reason != REASON_OK) {
    written = print_json(json_pack("{s:s, s:s, s:s, s:s}", "result", "reject", "reason", reason_code(reason), "text",
                                   reason_text(reason), "advice", reason_advice(reason)));
  } else {
    written = print_json(claims != NULL ? claims_as_json(claims) : json_pack("{s:s}", "result", "accept"));
  }
  return fflush(stdout) == 0 && written;
}

static enum reason verify(const struct options *options, const char *text, size_t size, struct verified_claims **ret) {
  struct token *token;
  enum reason reason = token_parse(text, size, options->expectation.signature_only, &token);
  if (reason != REASON_OK) return reason;
  reason = token_verify(token, &options->expectation, NULL, ret);
  token_free(token);
  return reason;
}

/* `unusable`: why the key set itself rejects every token, or REASON_OK. */
static int verify_all(const struct options *options, enum reason unusable, struct input *input) {
  const char *text;
  size_t size;
  int status = EXIT_YES;
  while (input_next(input, &text, &size)) {
    struct verified_claims *claims = NULL;
    enum reason reason = unusable != REASON_OK ? unusable : verify(options, text, size, &claims);
    bool answered = answer(options, reason, claims);
    verified_claims_free(claims);
    if (!answered) return EXIT_WRONG_USE;
    if (reason != REASON_OK) status = EXIT_NO;
  }
  if (!input->failed) return status;
  fprintf(stderr, "jwtctl %s: standard input could not be read: %s\n", name, strerror(errno));
  return EXIT_WRONG_USE;
}

static int run(int argc, char **argv) {
  CLEANUP(options_clear) struct options options = {0};
  int status = parse_options(argc, argv, &options);
  if (status != EXIT_YES) return status;

  struct keyset *keys = NULL;
  enum reason unusable;
  status = load_key_set(name, options.jwks, &keys, &unusable);
  if (status != EXIT_YES) return status;
  complete(&options, keys);
  static struct input input;
  input_begin(&input, STDIN_FILENO, options.batch ? INPUT_LINES : INPUT_WHOLE);
  status = verify_all(&options, unusable, &input);
  input_clear(&input);
  keyset_free(keys);
  return status;
}

const struct command command_verify = {name, "check a token against a key set", usage, run};
