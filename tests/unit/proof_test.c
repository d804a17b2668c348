/* Keys that a token may be bound to: thumbprints, the blobs of OpenSSH, cnf, and what sshd says was proved. */
#include "proof.h"

#include <stdint.h>

#include "ssh_keys.h"
#include "token_kit.h"

#define P256_X "y_izBrBFHDZA6hLZU6EKlPfeDXSHDy-1Bj4c64V6tRY" /* of the third of ssh_examples */
#define P256_Y "xVvBNNqKe_7Ru_b4fjoxpUR98xVwpIEd8bbI_8j5V6s"
#define P256_THUMBPRINT "U0apU47jDGtdhEpnoZoimqeoyGTIKA8KQR-gz1sd4nU"
#define KIT_THUMBPRINT "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" /* RFC 8037 A.3, of KIT_JWK */

/* ---- thumbprints ---- */

static const char *thumbprint_of(const char *jwk) {
  static char thumbprint[THUMBPRINT_SIZE];
  json_t *json = json_loads(jwk, 0, NULL);
  CHECK(json != NULL);
  bool made = jwk_thumbprint(json, thumbprint);
  json_decref(json);
  return made ? thumbprint : NULL;
}

static void thumbprints(void) {
  CHECK_STRING(thumbprint_of("{" KIT_JWK "}"), KIT_THUMBPRINT);
  CHECK_STRING(thumbprint_of("{\"use\":\"sig\",\"kid\":\"k\"," KIT_JWK ",\"d\":\"AAAA\"}"), KIT_THUMBPRINT);
  CHECK_STRING(thumbprint_of("{\"kty\":\"RSA\",\"n\":"
                             "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc"
                             "_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
                             "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4"
                             "vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\",\"e\":"
                             "\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}"),
               "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"); /* RFC 7638 section 3.1 */
  CHECK_STRING(thumbprint_of("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}"),
               P256_THUMBPRINT);
  CHECK(thumbprint_of("{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AAAA\"}") != NULL);
}

static void what_has_no_thumbprint(void) {
  static const char *const cases[] = {
      "{}",
      "[]",
      "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
      "{\"kty\":1}",
      "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}",
      "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}",
      "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":7}",
      "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\\\"AA\"}",
      "{\"kty\":\"OKP\",\"crv\":\"Ed 25519\",\"x\":\"AAAA\"}",
      "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA+A\"}",
      "{\"kty\":\"RSA\",\"n\":\"AAAA\"}",
      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\"}",
      "{\"kty\":\"AKP\",\"pub\":\"AAAA\"}",
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    CHECK_STRING(thumbprint_of(cases[i]), NULL);
}

/* ---- keys of OpenSSH ---- */

static const char *ssh_thumbprint(const char *line) {
  static char thumbprint[THUMBPRINT_SIZE];
  CHECK_REASON(token_prepare(), REASON_OK);
  const char *why = ssh_key_thumbprint(line, strlen(line), thumbprint);
  CHECK(why == NULL || *why != '\0');
  return why == NULL ? thumbprint : NULL;
}

static void keys_of_ssh_keygen(void) {
  for (size_t i = 0; i < COUNT_OF(ssh_examples); i++) {
    char line[2048];
    CHECK_STRING(ssh_thumbprint(ssh_examples[i].line), ssh_examples[i].thumbprint);
    snprintf(line, sizeof line, "%s ana@laptop and more", ssh_examples[i].line);
    CHECK_STRING(ssh_thumbprint(line), ssh_examples[i].thumbprint);
  }
}

struct blob {
  unsigned char bytes[8192];
  size_t size;
};

static void add(struct blob *blob, const void *bytes, size_t size) {
  memcpy(blob->bytes + blob->size, bytes, size);
  blob->size += size;
}

static void add_number(struct blob *blob, size_t number) {
  const unsigned char bytes[] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
                                 (unsigned char)(number >> 8), (unsigned char)number};
  add(blob, bytes, sizeof bytes);
}

static void add_bytes(struct blob *blob, const void *bytes, size_t size) {
  add_number(blob, size);
  add(blob, bytes, size);
}

static void add_text(struct blob *blob, const char *text) {
  add_bytes(blob, text, strlen(text));
}

static void add_zeros(struct blob *blob, size_t size) {
  memset(blob->bytes + blob->size, 0, size);
  blob->size += size;
}

static void add_base64url(struct blob *blob, const char *prefix, size_t prefix_size, const char *first,
                          const char *second) {
  CLEANUP(bytes_clear) struct bytes x = {0};
  CLEANUP(bytes_clear) struct bytes y = {0};
  CHECK_REASON(base64url_decode(first, strlen(first), &x), REASON_OK);
  CHECK_REASON(base64url_decode(second, strlen(second), &y), REASON_OK);
  add_number(blob, prefix_size + x.size + y.size);
  add(blob, prefix, prefix_size);
  add(blob, x.data, x.size);
  add(blob, y.data, y.size);
}

/* The line with this blob. */
static const char *line_of(const char *type, const struct blob *blob) {
  static char line[2 * sizeof blob->bytes];
  int used = snprintf(line, sizeof line, "%s ", type);
  EVP_EncodeBlock((unsigned char *)line + used, blob->bytes, (int)blob->size);
  return line;
}

static struct blob ed25519(const char *type) {
  struct blob blob = {.size = 0};
  add_text(&blob, type);
  add_base64url(&blob, "", 0, KIT_X, "");
  return blob;
}

static struct blob p256(const char *type) {
  struct blob blob = {.size = 0};
  add_text(&blob, type);
  add_text(&blob, "nistp256");
  add_base64url(&blob, "\4", 1, P256_X, P256_Y);
  return blob;
}

static void keys_in_hardware(void) {
  static const char ed[] = "sk-ssh-ed25519@openssh.com", ec[] = "sk-ecdsa-sha2-nistp256@openssh.com";
  struct blob blob = ed25519(ed);
  CHECK_STRING(ssh_thumbprint(line_of(ed, &blob)), NULL);
  add_text(&blob, "ssh:");
  CHECK_STRING(ssh_thumbprint(line_of(ed, &blob)), KIT_THUMBPRINT);
  add_text(&blob, "");
  CHECK_STRING(ssh_thumbprint(line_of(ed, &blob)), NULL);
  blob = p256(ec);
  add_text(&blob, "ssh:work");
  CHECK_STRING(ssh_thumbprint(line_of(ec, &blob)), P256_THUMBPRINT);
}

/* What stands behind a certified key. */
static void add_certificate_rest(struct blob *blob, size_t type) {
  add_zeros(blob, 8);
  add_number(blob, type);
  add_text(blob, "key id");
  add_text(blob, "principals");
  add_zeros(blob, 16);
  for (int i = 0; i < 5; i++)
    add_text(blob, "x");
}

static struct blob sk_certificate(const char *type, size_t kind) {
  struct blob blob = {.size = 0};
  add_text(&blob, type);
  add_text(&blob, "nonce");
  add_base64url(&blob, "", 0, KIT_X, "");
  add_text(&blob, "ssh:");
  add_certificate_rest(&blob, kind);
  return blob;
}

static void certificates_of_keys_in_hardware(void) {
  static const char type[] = "sk-ssh-ed25519-cert-v01@openssh.com";
  struct blob blob = sk_certificate(type, 1);
  CHECK_STRING(ssh_thumbprint(line_of(type, &blob)), KIT_THUMBPRINT);
  blob.bytes[blob.size++] = 0;
  CHECK_STRING(ssh_thumbprint(line_of(type, &blob)), NULL);
  for (blob.size -= 2; blob.size > 0; blob.size--)
    CHECK_STRING(ssh_thumbprint(line_of(type, &blob)), NULL);
  blob = sk_certificate(type, 2); /* a host's */
  CHECK_STRING(ssh_thumbprint(line_of(type, &blob)), NULL);
}

static const char *rsa_thumbprint(const char *e, size_t e_size, const char *n, size_t n_size) {
  struct blob blob = {.size = 0};
  add_text(&blob, "ssh-rsa");
  add_bytes(&blob, e, e_size);
  add_bytes(&blob, n, n_size);
  return ssh_thumbprint(line_of("ssh-rsa", &blob));
}

static void numbers_are_positive_and_have_one_form(void) {
  CHECK_STRING(rsa_thumbprint("\1\0\1", 3, "\0\x80\1", 3), thumbprint_of("{\"kty\":\"RSA\",\"e\":\"AQAB\","
                                                                         "\"n\":\"gAE\"}"));
  CHECK(rsa_thumbprint("#", 1, "\x7f", 1) != NULL); /* 35, which old keys of OpenSSH have */
  CHECK_STRING(rsa_thumbprint("\1\0\1", 3, "\x80\1", 2), NULL);
  CHECK_STRING(rsa_thumbprint("\1\0\1", 3, "\0\x7f\1", 3), NULL);
  CHECK_STRING(rsa_thumbprint("\1\0\1", 3, "\0\0\x80", 3), NULL);
  CHECK_STRING(rsa_thumbprint("\1\0\1", 3, "\0", 1), NULL);
  CHECK_STRING(rsa_thumbprint("\1\0\1", 3, "", 0), NULL);
  CHECK_STRING(rsa_thumbprint("\0\1\0\1", 4, "\x7f", 1), NULL);
  CHECK_STRING(rsa_thumbprint("\xff", 1, "\x7f", 1), NULL);
  CHECK_STRING(rsa_thumbprint("", 0, "\x7f", 1), NULL);
}

static void the_largest_keys_fit(void) {
  char n[2049];
  memset(n, 0xee, sizeof n);
  n[0] = 0;
  CHECK(rsa_thumbprint("\1\0\1", 3, n, sizeof n) != NULL);
}

static const char *ec_thumbprint(const char *curve, const char *prefix, const char *x, const char *y) {
  struct blob blob = {.size = 0};
  add_text(&blob, "ecdsa-sha2-nistp256");
  add_text(&blob, curve);
  add_base64url(&blob, prefix, strlen(prefix), x, y);
  return ssh_thumbprint(line_of("ecdsa-sha2-nistp256", &blob));
}

static void points_are_on_their_curve(void) {
  CHECK_STRING(ec_thumbprint("nistp256", "\4", P256_X, P256_Y), P256_THUMBPRINT);
  CHECK_STRING(ec_thumbprint("nistp384", "\4", P256_X, P256_Y), NULL);
  CHECK_STRING(ec_thumbprint("nistp256", "\4", P256_X, P256_X), NULL);
  CHECK_STRING(ec_thumbprint("nistp256", "\4", P256_Y, P256_X), NULL);
  CHECK_STRING(ec_thumbprint("nistp256", "\3", P256_X, ""), NULL); /* compressed */
  CHECK_STRING(ec_thumbprint("nistp256", "\2", P256_X, ""), NULL);
  CHECK_STRING(ec_thumbprint("nistp256", "\6", P256_X, P256_Y), NULL); /* hybrid */
  CHECK_STRING(ec_thumbprint("nistp256", "", P256_X, P256_Y), NULL);
  CHECK_STRING(ec_thumbprint("nistp256", "\4", P256_X, ""), NULL);
  CHECK_STRING(ec_thumbprint("nistp256", "", "", ""), NULL);
}

/* Whatever a length says, nothing behind the end is read, and nothing is left over. */
static void lengths_that_lie(void) {
  static const size_t lies[] = {0, 1, 31, 33, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc};
  const struct blob sound = ed25519("ssh-ed25519");
  CHECK_STRING(ssh_thumbprint(line_of("ssh-ed25519", &sound)), KIT_THUMBPRINT);
  for (size_t i = 0; i < COUNT_OF(lies); i++) {
    struct blob blob = {.size = 0};
    add_text(&blob, "ssh-ed25519");
    add_number(&blob, lies[i]);
    add_zeros(&blob, 32);
    CHECK_STRING(ssh_thumbprint(line_of("ssh-ed25519", &blob)), NULL);
    blob = (struct blob){.size = 0};
    add_number(&blob, lies[i]);
    add(&blob, sound.bytes + 4, sound.size - 4);
    CHECK_STRING(ssh_thumbprint(line_of("ssh-ed25519", &blob)), NULL);
  }
  for (size_t size = 0; size < sound.size; size++) {
    struct blob blob = sound;
    blob.size = size;
    CHECK_STRING(ssh_thumbprint(line_of("ssh-ed25519", &blob)), NULL);
  }
  struct blob longer = sound;
  longer.bytes[longer.size++] = 0;
  CHECK_STRING(ssh_thumbprint(line_of("ssh-ed25519", &longer)), NULL);
}

static void types_that_do_not_count(void) {
  const struct blob key = ed25519("ssh-ed25519"), dss = ed25519("ssh-dss"), point = p256("ecdsa-sha2-nistp256");
  CHECK_STRING(ssh_thumbprint(line_of("ssh-dss", &dss)), NULL);
  CHECK_STRING(ssh_thumbprint(line_of("ssh-ed25519-cert-v01@openssh.com", &key)), NULL);
  CHECK_STRING(ssh_thumbprint(line_of("sk-ssh-ed25519@openssh.com", &key)), NULL);
  CHECK_STRING(ssh_thumbprint(line_of("ecdsa-sha2-nistp384", &point)), NULL);
  CHECK_STRING(ssh_thumbprint(line_of("SSH-ED25519", &key)), NULL);
  CHECK_STRING(ssh_thumbprint(""), NULL);
  CHECK_STRING(ssh_thumbprint("ssh-ed25519"), NULL);
  CHECK_STRING(ssh_thumbprint("ssh-ed25519 "), NULL);
}

static void base64_has_one_form(void) {
  static const char good[] = "ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAAF/";
  CHECK(ssh_thumbprint(good) != NULL);
  CHECK_STRING(ssh_thumbprint("ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAAF_"), NULL);
  CHECK_STRING(ssh_thumbprint("ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAAF/="), NULL);
  CHECK_STRING(ssh_thumbprint("ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAAF/===="), NULL);
  CHECK_STRING(ssh_thumbprint("ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAAF/\r"), NULL);
  CHECK_STRING(ssh_thumbprint("ssh-rsa ===="), NULL);
  CHECK_STRING(ssh_thumbprint("ssh-rsa ="), NULL);
  CHECK_STRING(ssh_thumbprint("ssh-rsa AA=A"), NULL);
  char with_nul[sizeof good];
  memcpy(with_nul, good, sizeof good);
  with_nul[20] = '\0';
  char ignored[THUMBPRINT_SIZE];
  CHECK(ssh_key_thumbprint(with_nul, sizeof good - 1, ignored) != NULL);
}

/* ---- cnf ---- */

#define BOUND(cnf) "{\"exp\":2000,\"cnf\":" cnf "}"

static enum reason verify_with(const char *payload, const struct ssh_auth_info *proved) {
  struct token_expectation asked = {
      .any_issuer = true, .any_audience = true, .any_lifetime = true, .now = 1000, .proved = proved};
  return kit_verify(KIT_HEADER, payload, asked);
}

static enum reason verify(const char *payload, const char *auth_info) {
  const struct ssh_auth_info proved = {auth_info, strlen(auth_info)};
  return verify_with(payload, &proved);
}

/* The key of KIT_JWK was proved. */
static const char *proved_line(void) {
  static char line[256];
  const struct blob blob = ed25519("ssh-ed25519");
  stpcpy(stpcpy(stpcpy(line, "publickey "), line_of("ssh-ed25519", &blob)), "\n");
  return line;
}

static void a_cnf_names_one_key(void) {
  static const struct {
    const char *payload;
    enum reason wanted;
  } cases[] = {
      {"{\"exp\":2000}", REASON_OK},
      {BOUND("{\"jkt\":\"" KIT_THUMBPRINT "\"}"), REASON_OK},
      {BOUND("{\"jwk\":{" KIT_JWK "}}"), REASON_OK},
      {BOUND("{\"jwk\":{" KIT_JWK ",\"kid\":\"k\",\"use\":\"sig\"}}"), REASON_OK},
      {BOUND("{\"jwk\":{" KIT_JWK "},\"jkt\":\"" KIT_THUMBPRINT "\"}"), REASON_OK},
      {BOUND("{\"jkt\":\"" P256_THUMBPRINT "\"}"), REASON_PROOF_MISMATCH},
      {BOUND("{\"jwk\":{" KIT_EC_JWK "}}"), REASON_PROOF_MISMATCH},
      /* they disagree */
      {BOUND("{\"jwk\":{" KIT_JWK "},\"jkt\":\"" P256_THUMBPRINT "\"}"), REASON_PROOF_MISSING},
      {BOUND("{\"jwk\":{" KIT_EC_JWK "},\"jkt\":\"" KIT_THUMBPRINT "\"}"), REASON_PROOF_MISSING},
      {BOUND("{\"jwk\":7,\"jkt\":\"" KIT_THUMBPRINT "\"}"), REASON_PROOF_MISSING},
      {BOUND("{\"jwk\":{" KIT_JWK "},\"jkt\":null}"), REASON_PROOF_MISSING},
      /* other ways of binding, alone or beside */
      {BOUND("{}"), REASON_PROOF_MISSING},
      {BOUND("null"), REASON_PROOF_MISSING},
      {BOUND("[]"), REASON_PROOF_MISSING},
      {BOUND("\"" KIT_THUMBPRINT "\""), REASON_PROOF_MISSING},
      {BOUND("{\"kid\":\"" KIT_THUMBPRINT "\"}"), REASON_PROOF_MISSING},
      {BOUND("{\"x5t#S256\":\"" KIT_THUMBPRINT "\"}"), REASON_PROOF_MISSING},
      {BOUND("{\"jkt\":\"" KIT_THUMBPRINT "\",\"x5t#S256\":\"" KIT_THUMBPRINT "\"}"), REASON_PROOF_MISSING},
      {BOUND("{\"jwe\":\"x\"}"), REASON_PROOF_MISSING},
      {BOUND("{\"jku\":\"https://x\"}"), REASON_PROOF_MISSING},
      /* what is no thumbprint */
      {BOUND("{\"jkt\":\"\"}"), REASON_PROOF_MISSING},
      {BOUND("{\"jkt\":1}"), REASON_PROOF_MISSING},
      {BOUND("{\"jkt\":[\"" KIT_THUMBPRINT "\"]}"), REASON_PROOF_MISSING},
      {BOUND("{\"jkt\":\"" KIT_THUMBPRINT "=\"}"), REASON_PROOF_MISSING},
      {BOUND("{\"jkt\":\"kPrK+qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k\"}"), REASON_PROOF_MISSING},
      /* what is no public key */
      {BOUND("{\"jwk\":{}}"), REASON_PROOF_MISSING},
      {BOUND("{\"jwk\":{" KIT_JWK ",\"d\":\"" KIT_D "\"}}"), REASON_PROOF_MISSING},
      {BOUND("{\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}"), REASON_PROOF_MISSING},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    CHECK_REASON(verify(cases[i].payload, proved_line()), cases[i].wanted);
    if (unit_failed) printf("# %s\n", cases[i].payload);
  }
}

static const char bound[] = BOUND("{\"jkt\":\"" KIT_THUMBPRINT "\"}");

static void nothing_proved_is_no_match(void) {
  CHECK_REASON(verify_with(bound, NULL), REASON_PROOF_MISSING);
  CHECK_REASON(verify(bound, ""), REASON_PROOF_MISSING);
  CHECK_REASON(verify(bound, "\n"), REASON_PROOF_MISSING);
  CHECK_REASON(verify(bound, "password\n"), REASON_PROOF_MISSING);
  CHECK_REASON(verify(bound, "publickey\n"), REASON_PROOF_MISSING);
  CHECK_REASON(verify(bound, "publickey \n"), REASON_PROOF_MISSING);
  CHECK_REASON(verify(bound, "publickey ssh-ed25519 AAAA\n"), REASON_PROOF_MISSING);
  CHECK_REASON(verify(bound, "publickey " KIT_THUMBPRINT "\n"), REASON_PROOF_MISSING);
}

/* cnf must name a key all the same, and claims say which. */
static void a_key_may_be_proved_later(void) {
  const struct token_expectation later = {
      .any_issuer = true, .any_audience = true, .any_lifetime = true, .now = 1000, .proof_later = true};
  struct verified_claims *claims = NULL;
  char *text = kit_token(KIT_HEADER, bound);
  CHECK_REASON(kit_verify_text(KIT_SET, text, strlen(text), later, &claims), REASON_OK);
  CHECK_STRING(claims != NULL ? verified_claims_proof(claims) : NULL, KIT_THUMBPRINT);
  verified_claims_free(claims);
  free(text);
  CHECK_REASON(kit_verify(KIT_HEADER, BOUND("{\"kid\":\"k\"}"), later), REASON_PROOF_MISSING);
  CHECK_REASON(kit_verify(KIT_HEADER, BOUND("{\"jwk\":{" KIT_JWK "},\"jkt\":\"" P256_THUMBPRINT "\"}"), later),
               REASON_PROOF_MISSING);
}

/* Only `publickey` is the user's: hostbased proves the key of a host. */
static void only_a_proved_key_counts(void) {
  char text[4096];
  const char *key = proved_line() + strlen("publickey ");
  const char *const methods[] = {"hostbased ",  "Publickey ",  "publickey  x",
                                 " publickey ", "xpublickey ", "publickey/"};
  CHECK_REASON(verify(bound, proved_line()), REASON_OK);
  for (size_t i = 0; i < COUNT_OF(methods); i++) {
    snprintf(text, sizeof text, "%s%s", methods[i], key);
    CHECK_REASON(verify(bound, text), REASON_PROOF_MISSING);
  }
  snprintf(text, sizeof text, "publickey %s\npublickey %s\n", ssh_examples[0].line, ssh_examples[1].line);
  CHECK_REASON(verify(bound, text), REASON_PROOF_MISMATCH);
}

static void any_of_several_keys_matches(void) {
  char text[4096];
  const char *other = ssh_examples[0].line, *damaged = "publickey ssh-ed25519 AAAA\n";
  snprintf(text, sizeof text, "publickey %s\npassword\n%s", other, proved_line());
  CHECK_REASON(verify(bound, text), REASON_OK);
  snprintf(text, sizeof text, "%s%spublickey %s", proved_line(), damaged, other);
  CHECK_REASON(verify(bound, text), REASON_OK);
  snprintf(text, sizeof text, "publickey %s\n%s", other, damaged);
  CHECK_REASON(verify(bound, text), REASON_PROOF_MISMATCH);
}

static void what_sshd_says_is_bounded(void) {
  static char text[SSH_AUTH_INFO_MAX + 2];
  memset(text, '\n', sizeof text - 1);
  size_t size = strlen(proved_line());
  memcpy(text + SSH_AUTH_INFO_MAX - size, proved_line(), size);
  struct ssh_auth_info proved = {text, SSH_AUTH_INFO_MAX};
  CHECK_REASON(verify_with(bound, &proved), REASON_OK);
  proved.size++;
  CHECK_REASON(verify_with(bound, &proved), REASON_PROOF_MISSING);
}

static void certificates_prove_the_key_they_certify(void) {
  char text[2048], payload[256];
  for (size_t i = 0; i < COUNT_OF(ssh_examples); i++) {
    snprintf(text, sizeof text, "publickey %s\n", ssh_examples[i].line);
    snprintf(payload, sizeof payload, BOUND("{\"jkt\":\"%s\"}"), ssh_examples[i].thumbprint);
    CHECK_REASON(verify(payload, text), REASON_OK);
    CHECK_REASON(verify(bound, text), REASON_PROOF_MISMATCH);
  }
}

/* ---- what verified claims tell ---- */

static struct verified_claims *verified(const char *payload) {
  const struct ssh_auth_info proved = {proved_line(), strlen(proved_line())};
  struct token_expectation asked = {
      .any_issuer = true, .any_audience = true, .any_lifetime = true, .now = 1000, .proved = &proved};
  struct verified_claims *claims = NULL;
  char *text = kit_token(KIT_HEADER, payload);
  CHECK_REASON(kit_verify_text(KIT_SET, text, strlen(text), asked, &claims), REASON_OK);
  free(text);
  return claims;
}

static void the_proved_key_is_told(void) {
  struct verified_claims *by_jwk = verified(BOUND("{\"jwk\":{" KIT_JWK "}}")), *free_one = verified("{\"exp\":2000}");
  CHECK_STRING(verified_claims_proof(by_jwk), KIT_THUMBPRINT);
  CHECK_STRING(verified_claims_proof(free_one), NULL);
  verified_claims_free(by_jwk);
  verified_claims_free(free_one);
}

static const char *actors_of(const char *act) {
  static char actors[ACTORS_SIZE];
  char payload[8192];
  snprintf(payload, sizeof payload, "{\"exp\":2000%s%s}", *act ? ",\"act\":" : "", act);
  struct verified_claims *claims = verified(payload);
  memset(actors, 'x', sizeof actors);
  verified_claims_actors(claims, actors);
  verified_claims_free(claims);
  return actors;
}

static void who_acts_is_told(void) {
  CHECK_STRING(actors_of(""), "");
  CHECK_STRING(actors_of("null"), "");
  CHECK_STRING(actors_of("{\"sub\":\"agent-7\"}"), "agent-7");
  CHECK_STRING(actors_of("{\"sub\":\"agent\",\"act\":{\"sub\":\"planner\",\"iss\":\"https://idp\",\"act\":null}}"),
               "agent,https://idp planner");
  CHECK_STRING(actors_of("{}"), "?");
  CHECK_STRING(actors_of("\"agent\""), "?");
  CHECK_STRING(actors_of("[{\"sub\":\"agent\"}]"), "?");
  CHECK_STRING(actors_of("{\"sub\":\"\"}"), "?");
  CHECK_STRING(actors_of("{\"sub\":7,\"act\":{\"sub\":\"b\"}}"), "?,b");
  CHECK_STRING(actors_of("{\"sub\":\"a,b c\\n%\\\"\\\\\\u00e9\"}"), "a%2Cb%20c%0A%25%22%5C%C3%A9");
}

static void long_chains_are_cut(void) {
  char act[4096] = "", wanted[ACTORS_SIZE + 8] = "";
  for (int i = 0; i < 20; i++)
    strcat(act, "{\"sub\":\"0123456789012345678901234567890123456789\",\"act\":");
  strcat(act, "null");
  for (int i = 0; i < 20; i++)
    strcat(act, "}");
  const char *found = actors_of(act);
  CHECK_INT(strlen(found), ACTORS_SIZE - 1);
  CHECK_STRING(found + ACTORS_SIZE - 4, "...");
  snprintf(act, sizeof act, "{\"sub\":\"%0*d\"}", ACTORS_SIZE - 4, 0);
  snprintf(wanted, sizeof wanted, "%0*d", ACTORS_SIZE - 4, 0);
  CHECK_STRING(actors_of(act), wanted);
}

UNIT_MAIN({"thumbprints", thumbprints}, {"what has no thumbprint", what_has_no_thumbprint},
          {"keys of ssh-keygen", keys_of_ssh_keygen}, {"keys in hardware", keys_in_hardware},
          {"certificates of keys in hardware", certificates_of_keys_in_hardware},
          {"numbers are positive and have one form", numbers_are_positive_and_have_one_form},
          {"the largest keys fit", the_largest_keys_fit}, {"points are on their curve", points_are_on_their_curve},
          {"lengths that lie", lengths_that_lie}, {"types that do not count", types_that_do_not_count},
          {"base64 has one form", base64_has_one_form}, {"a cnf names one key", a_cnf_names_one_key},
          {"nothing proved is no match", nothing_proved_is_no_match},
          {"a key may be proved later", a_key_may_be_proved_later},
          {"only a proved key counts", only_a_proved_key_counts},
          {"any of several keys matches", any_of_several_keys_matches},
          {"what sshd says is bounded", what_sshd_says_is_bounded},
          {"certificates prove the key they certify", certificates_prove_the_key_they_certify},
          {"the proved key is told", the_proved_key_is_told}, {"who acts is told", who_acts_is_told},
          {"long chains are cut", long_chains_are_cut})
