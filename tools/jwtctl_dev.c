#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "compiler.h"
#include "jwtctl.h"
#include "secret.h"
#include "signing.h"
#include "text.h"
#include "token.h"
#include "trusted_file.h"

#define KEY_FILE_MAX 65536
#define CLAIMS_FILE_MAX 65536
#define LIFETIME_DEFAULT 300

static void text_clear(char **text) {
  secret_free(*text);
}

static void json_clear(json_t **json) {
  json_decref(*json);
}

/* ---- dev key ---- */

static const char key_name[] = "dev key";

static const char key_usage[] =
    "Usage: jwtctl dev key --out DIR [--alg ALG] [--kid KID]\n"
    "\n"
    "Make a local issuer for trying out: DIR/private.jwk, which signs tokens (mode 0600), and DIR/keys.json, the key\n"
    "set that verifies them (mode 0644). DIR is made when missing; a file that is there is not overwritten.\n"
    "\n"
    "  --out DIR    where to put both files\n"
    "  --alg ALG    RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519 Ed448 (default ES256)\n"
    "  --kid KID    the key's name (default: its RFC 7638 thumbprint)\n"
    "\n"
    "Exit status: 0 made, 1 not made, 2 wrong use.\n"
    "\n"
    "Example:\n"
    "  jwtctl dev key --out issuer\n"
    "  jwtctl dev token --key issuer/private.jwk --subject alice | jwtctl verify --jwks issuer/keys.json\n";

static bool write_all(int fd, const char *text) {
  size_t size = strlen(text);
  while (size > 0) {
    ssize_t put = write(fd, text, size);
    if (put < 0 && errno != EINTR) return false;
    if (put < 0) continue;
    text += put;
    size -= (size_t)put;
  }
  return true;
}

/* Make DIR/NAME with exactly this mode and content. On failure nothing of it stays, and it was told. */
static bool make_file(const char *directory, const char *file, mode_t mode, const json_t *content) {
  CLEANUP(text_clear) char *path = NULL;
  CLEANUP(text_clear) char *text = json_dumps(content, JSON_INDENT(2));
  if (asprintf(&path, "%s/%s", directory, file) < 0) path = NULL;
  if (path == NULL || text == NULL) return false;
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  if (fd < 0) {
    const char *advice = errno == EEXIST ? "; take another folder, or remove it if no token of it is needed" : "";
    fprintf(stderr, "jwtctl %s: %s: %s%s\n", key_name, path, strerror(errno), advice);
    return false;
  }
  bool written = fchmod(fd, mode) == 0 && write_all(fd, text) && write_all(fd, "\n");
  if (close(fd) != 0) written = false;
  if (!written) {
    fprintf(stderr, "jwtctl %s: %s: %s\n", key_name, path, strerror(errno));
    unlink(path);
  }
  return written;
}

static void remove_file(const char *directory, const char *file) {
  CLEANUP(text_clear) char *path = NULL;
  if (asprintf(&path, "%s/%s", directory, file) < 0) path = NULL;
  if (path != NULL) unlink(path);
}

static int make_issuer(const char *directory, const char *alg, const char *kid) {
  CLEANUP(json_clear) json_t *private = signing_key_new(alg, kid);
  CLEANUP(json_clear) json_t *set = private != NULL ? json_pack("{s:[o]}", "keys", signing_key_public(private)) : NULL;
  if (set == NULL) {
    fprintf(stderr, "jwtctl %s: OpenSSL makes no key for %s on this host; take another --alg\n", key_name, alg);
    return EXIT_NO;
  }
  if (mkdir(directory, 0755) != 0 && errno != EEXIST) {
    fprintf(stderr, "jwtctl %s: %s: %s\n", key_name, directory, strerror(errno));
    return EXIT_NO;
  }
  if (!make_file(directory, "private.jwk", 0600, private)) return EXIT_NO;
  if (!make_file(directory, "keys.json", 0644, set)) {
    remove_file(directory, "private.jwk");
    return EXIT_NO;
  }
  return EXIT_YES;
}

static int run_key(int argc, char **argv) {
  static const struct option known[] = {{"out", required_argument, NULL, 'o'},
                                        {"alg", required_argument, NULL, 'g'},
                                        {"kid", required_argument, NULL, 'k'},
                                        {NULL, 0, NULL, 0}};
  const char *directory = NULL, *alg = "ES256", *kid = NULL;
  int option;
  while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
    if (option == 'o') {
      directory = optarg;
    } else if (option == 'g') {
      alg = optarg;
    } else if (option == 'k') {
      kid = optarg;
    } else {
      return wrong_use(key_name, "%s is not an option, or lacks its value", argv[optind - 1]);
    }
  }
  if (optind < argc) return wrong_use(key_name, "%s is not an option", argv[optind]);
  if (directory == NULL) return wrong_use(key_name, "--out DIR is missing: where to put the files");
  if (!signing_algorithm_known(alg)) return wrong_use(key_name, "--alg takes one of %s", signing_algorithms());
  return make_issuer(directory, alg, kid);
}

const struct command command_dev_key = {key_name, "make a local issuer's key, for trying out", key_usage, run_key};

/* ---- dev token ---- */

static const char token_name[] = "dev token";

static const char token_usage[] =
    "Usage: jwtctl dev token --key FILE [OPTION]...\n"
    "\n"
    "Print a token signed with a key of 'jwtctl dev key'. It has iat, exp and a random jti, unless said otherwise.\n"
    "\n"
    "  --key FILE            private.jwk\n"
    "  --claims JSON         claims to begin with, a JSON object\n"
    "  --claims-file FILE    the same from a file\n"
    "  --issuer URL          iss\n"
    "  --subject S           sub\n"
    "  --audience A          aud; several become a list\n"
    "  --lifetime S          exp is so many seconds from now (default 300)\n"
    "  --bind FILE           cnf with the thumbprint of this OpenSSH public key, id_ed25519.pub for example: the "
    "token\n"
    "                        then opens nothing but a connection that has proved the key\n"
    "  --claim NAME=VALUE    a claim whose value is a string; NAME ends at the first '='\n"
    "  --type TYPE           typ in the header (default JWT)\n"
    "  --omit NAME           leave out a claim, exp for example\n"
    "\n"
    "Later lines of this list win over earlier ones. Exit status: 0 printed, 1 not signed, 2 wrong use.\n"
    "\n"
    "Example:\n"
    "  jwtctl dev token --key issuer/private.jwk --issuer https://dev.example --subject alice \\\n"
    "      --audience ssh://build --claims '{\"groups\": [\"staff\"]}' > token\n";

/* A JSON object from text, or NULL and the complaint. */
static json_t *claims_from(const char *text, size_t size) {
  json_error_t error;
  json_t *claims = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
  if (json_is_object(claims)) return claims;
  wrong_use(token_name, "the claims are not a JSON object: %s", claims == NULL ? error.text : "it is another value");
  json_decref(claims);
  return NULL;
}

/* A JSON object from a file that the person named, or NULL and the complaint. */
static json_t *object_from_file(const char *path, size_t max_size) {
  char *bytes;
  size_t size;
  enum reason reason = trusted_file_read(path, FILE_OF_ANYONE, max_size, &bytes, &size);
  if (reason != REASON_OK) {
    wrong_use(token_name, "%s cannot be read: %s", path,
              reason == REASON_FILE_UNSAFE ? "it is not a regular file, or too large" : strerror(errno));
    return NULL;
  }
  json_t *object = claims_from(bytes, size);
  secret_erase(bytes, size);
  free(bytes);
  return object;
}

struct request {
  json_t *claims;    /* to begin with; NULL when not given */
  json_t *overrides; /* what single options say */
  json_t *audiences;
  json_t *omitted; /* names as members */
  const char *key;
  const char *type;
  int64_t lifetime;
};

static void request_clear(struct request *request) {
  json_decref(request->claims);
  json_decref(request->overrides);
  json_decref(request->audiences);
  json_decref(request->omitted);
}

static int take_string(json_t *object, const char *claim, const char *value) {
  if (json_object_set_new(object, claim, json_string(value)) == 0) return EXIT_YES;
  return wrong_use(token_name, "%s: the text is not UTF-8", claim);
}

static int take_claim(struct request *request, const char *text) {
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text) return wrong_use(token_name, "--claim takes NAME=VALUE");
  CLEANUP(text_clear) char *claim = strndup(text, (size_t)(equals - text));
  return claim != NULL ? take_string(request->overrides, claim, equals + 1) : EXIT_WRONG_USE;
}

/* RFC 9449 section 6.1. */
static int take_key(struct request *request, const char *path) {
  char *line, thumbprint[THUMBPRINT_SIZE];
  size_t size;
  if (trusted_file_read(path, FILE_OF_ANYONE, SSH_AUTH_INFO_MAX, &line, &size) != REASON_OK)
    return wrong_use(token_name, "%s cannot be read: %s", path, strerror(errno));
  const char *why = token_prepare() == REASON_OK ? ssh_key_thumbprint(line, strcspn(line, "\n"), thumbprint)
                                                 : "OpenSSL does not start";
  free(line);
  if (why != NULL) return wrong_use(token_name, "%s is no public key of OpenSSH: %s", path, why);
  json_t *cnf = json_pack("{s:s}", "jkt", thumbprint);
  return json_object_set_new(request->overrides, "cnf", cnf) == 0 ? EXIT_YES : EXIT_NO;
}

static int take_base(struct request *request, json_t *claims) {
  if (claims == NULL) return EXIT_WRONG_USE;
  json_decref(request->claims);
  request->claims = claims;
  return EXIT_YES;
}

static int take(int option, struct request *request, char **argv) {
  switch (option) {
  case 'k':
    request->key = optarg;
    return EXIT_YES;
  case 'c':
    return take_base(request, claims_from(optarg, strlen(optarg)));
  case 'f':
    return take_base(request, object_from_file(optarg, CLAIMS_FILE_MAX));
  case 'i':
    return take_string(request->overrides, "iss", optarg);
  case 's':
    return take_string(request->overrides, "sub", optarg);
  case 'a':
    if (json_array_append_new(request->audiences, json_string(optarg)) == 0) return EXIT_YES;
    return wrong_use(token_name, "--audience: the text is not UTF-8");
  case 'l':
    if (!parse_number(optarg, 0, INT32_MAX, &request->lifetime))
      return wrong_use(token_name, "--lifetime takes seconds");
    return EXIT_YES;
  case 'b':
    return take_key(request, optarg);
  case 'n':
    return take_claim(request, optarg);
  case 't':
    request->type = optarg;
    return EXIT_YES;
  case 'o':
    return take_string(request->omitted, optarg, "");
  default:
    return wrong_use(token_name, "%s is not an option, or lacks its value", argv[optind - 1]);
  }
}

static json_t *random_id(void) {
  unsigned char bytes[16];
  char text[2 * sizeof bytes + 1] = "";
  if (RAND_bytes(bytes, sizeof bytes) != 1) return NULL;
  for (size_t i = 0; i < sizeof bytes; i++)
    snprintf(text + 2 * i, 3, "%02x", bytes[i]);
  return json_string(text);
}

/* Everything the request says, the later winning. NULL when memory ran out. */
static json_t *assemble(const struct request *request) {
  json_int_t now = (json_int_t)time(NULL);
  int64_t lifetime = request->lifetime >= 0 ? request->lifetime : LIFETIME_DEFAULT;
  json_t *claims = json_pack("{s:I, s:I, s:o}", "iat", now, "exp", now + lifetime, "jti", random_id());
  if (claims == NULL) return NULL;
  if (request->claims != NULL) json_object_update(claims, request->claims);
  size_t audiences = json_array_size(request->audiences);
  if (audiences > 0) {
    json_t *only = json_array_get(request->audiences, 0);
    json_object_set(claims, "aud", audiences == 1 ? only : request->audiences);
  }
  if (request->lifetime >= 0) json_object_set_new(claims, "exp", json_integer(now + lifetime));
  json_object_update(claims, request->overrides);
  const char *name;
  json_t *ignored;
  json_object_foreach(request->omitted, name, ignored) {
    json_object_del(claims, name);
  }
  return claims;
}

static int print_token(const struct request *request) {
  CLEANUP(json_clear) json_t *key = object_from_file(request->key, KEY_FILE_MAX);
  if (key == NULL) return EXIT_WRONG_USE;
  const char *wrong = signing_key_wrong(key);
  if (wrong != NULL) return wrong_use(token_name, "%s is no key of 'jwtctl dev key': %s", request->key, wrong);
  CLEANUP(json_clear) json_t *claims = assemble(request);
  CLEANUP(text_clear) char *token = claims != NULL ? sign_token(key, request->type, claims) : NULL;
  if (token == NULL) {
    fprintf(stderr, "jwtctl %s: OpenSSL does not sign with %s; make a new key\n", token_name, request->key);
    return EXIT_NO;
  }
  puts(token);
  return EXIT_YES;
}

static int run_token(int argc, char **argv) {
  static const struct option known[] = {
      {"key", required_argument, NULL, 'k'},         {"claims", required_argument, NULL, 'c'},
      {"claims-file", required_argument, NULL, 'f'}, {"issuer", required_argument, NULL, 'i'},
      {"subject", required_argument, NULL, 's'},     {"audience", required_argument, NULL, 'a'},
      {"lifetime", required_argument, NULL, 'l'},    {"bind", required_argument, NULL, 'b'},
      {"claim", required_argument, NULL, 'n'},       {"type", required_argument, NULL, 't'},
      {"omit", required_argument, NULL, 'o'},        {NULL, 0, NULL, 0}};
  CLEANUP(request_clear)
  struct request request = {
      .overrides = json_object(), .audiences = json_array(), .omitted = json_object(), .type = "JWT", .lifetime = -1};
  int option;
  while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
    int status = take(option, &request, argv);
    if (status != EXIT_YES) return status;
  }
  if (optind < argc) return wrong_use(token_name, "%s is not an option", argv[optind]);
  if (request.key == NULL) return wrong_use(token_name, "--key FILE is missing: private.jwk of 'jwtctl dev key'");
  return print_token(&request);
}

const struct command command_dev_token = {token_name, "sign a token as the local issuer", token_usage, run_token};
