/*
 * What sshd says that a connection has proved. Behind a first byte `0` and up come a type of the list below and a blob,
 * raw, which are put into a line here; anything else is SSH_AUTH_INFO_0 as it stands.
 */
#include <openssl/evp.h>

#include "base64url.h"
#include "fuzz.h"
#include "proof.h"

static const char *const types[] = {
    "ssh-rsa",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa-cert-v01@openssh.com",
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
};

static void see(void *context, const struct trace_step *step) {
  MUST_HOLD(step->held && step->detail != NULL && step->found != NULL && *step->found != '\0');
  ++*(int *)context;
}

/* Traced or not, it is the same. */
static enum reason check(struct fuzz_input info, const char *thumbprint) {
  int keys = 0;
  const struct trace trace = {see, &keys};
  const struct ssh_auth_info proved = {info.at, info.left};
  enum reason reason = ssh_proof_check(&proved, thumbprint, NULL);
  MUST_HOLD(ssh_proof_check(&proved, thumbprint, &trace) == reason);
  MUST_HOLD(reason == REASON_PROOF_MISSING || keys > 0);
  return reason;
}

/* A key has one thumbprint, whatever stands behind it on its line; and it is proved by that line alone. */
static bool check_key(struct fuzz_input info, struct fuzz_input key) {
  char thumbprint[THUMBPRINT_SIZE], again[THUMBPRINT_SIZE];
  const char *why = ssh_key_thumbprint(key.at, key.left, thumbprint);
  MUST_HOLD(why == NULL || *why != '\0');
  if (why != NULL) return false;
  MUST_HOLD(strlen(thumbprint) == THUMBPRINT_SIZE - 1);
  MUST_HOLD(strspn(thumbprint, BASE64URL_ALPHABET) == THUMBPRINT_SIZE - 1);
  char *longer = malloc(key.left + 8);
  MUST_HOLD(longer != NULL);
  memcpy(mempcpy(longer, key.at, key.left), " comment", 8);
  MUST_HOLD(ssh_key_thumbprint(longer, key.left + 8, again) == NULL && strcmp(thumbprint, again) == 0);
  free(longer);
  MUST_HOLD(check(info, thumbprint) == REASON_OK);
  return true;
}

static void fuzz_info(struct fuzz_input info) {
  static const char method[] = "publickey ", nobody[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  struct fuzz_input rest = info;
  size_t keys = 0;
  while (rest.left > 0) {
    struct fuzz_input line = fuzz_line(&rest);
    if (line.left <= sizeof method - 1 || memcmp(line.at, method, sizeof method - 1) != 0) continue;
    keys += check_key(info, (struct fuzz_input){line.at + sizeof method - 1, line.left - (sizeof method - 1)});
  }
  MUST_HOLD(check(info, nobody) == (keys > 0 ? REASON_PROOF_MISMATCH : REASON_PROOF_MISSING));
}

static void fuzz_blob(const char *type, struct fuzz_input blob) {
  char *text = malloc(2 * blob.left + 128);
  MUST_HOLD(text != NULL);
  int used = sprintf(text, "password\npublickey %s ", type);
  int size = EVP_EncodeBlock((unsigned char *)text + used, (const unsigned char *)blob.at, (int)blob.left);
  fuzz_info((struct fuzz_input){text, (size_t)(used + size)});
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static bool ready;
  if (!ready) MUST_HOLD(token_prepare() == REASON_OK);
  ready = true;
  if (size > 8192) return 0; /* all of it is looked at */
  bool raw = size > 0 && data[0] >= '0' && data[0] < '0' + COUNT_OF(types);
  if (raw)
    fuzz_blob(types[data[0] - '0'], (struct fuzz_input){(const char *)data + 1, size - 1});
  else
    fuzz_info((struct fuzz_input){(const char *)data, size});
  return 0;
}
