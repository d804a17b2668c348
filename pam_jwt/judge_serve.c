#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "judge.h"
#include "protocol.h"
#include "secret.h"

/* The sandbox has read and write, not poll: the keeper keeps the deadline. */
static bool read_all(int fd, void *buffer, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t count = read(fd, (char *)buffer + done, size - done);
    if (count <= 0) return false;
    done += (size_t)count;
  }
  return true;
}

static bool write_all(int fd, const void *buffer, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t count = write(fd, (const char *)buffer + done, size - done);
    if (count <= 0) return false;
    done += (size_t)count;
  }
  return true;
}

/* ---- the answer ---- */

/* False when the text is too long; absent text is "". */
static bool put(char *field, size_t size, const char *text) {
  size_t length = text != NULL ? strlen(text) : 0;
  if (length >= size) return false;
  if (length > 0) memcpy(field, text, length);
  return true;
}

static void put_token_id(char field[TOKEN_ID_SIZE], const char *token_id) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  if (token_id == NULL || (text_is_printable(token_id) && put(field, TOKEN_ID_SIZE, token_id))) return;
  SHA256((const unsigned char *)token_id, strlen(token_id), digest);
  int used = snprintf(field, TOKEN_ID_SIZE, "sha256:");
  for (size_t i = 0; i < sizeof(digest); i++, used += 2) {
    snprintf(field + used, TOKEN_ID_SIZE - (size_t)used, "%02x", digest[i]);
  }
}

/* What the keeper and the audit need. A kid, unlike an issuer or subject, is for the audit alone and may be cut. */
static bool describe(const struct decision *decision, struct judge_answer *ret) {
  const struct verified_claims *claims = decision->claims;
  bool fits = decision->issuer == NULL || put(ret->issuer_title, sizeof(ret->issuer_title), decision->issuer->title);
  if (decision->rule != NULL) fits = put(ret->rule, sizeof(ret->rule), decision->rule->title) && fits;
  if (claims == NULL) return fits;
  fits = put(ret->issuer, sizeof(ret->issuer), issuer_identity(decision->issuer)) &&
         put(ret->subject, sizeof(ret->subject), verified_claims_subject(claims)) &&
         put(ret->algorithm, sizeof(ret->algorithm), verified_claims_alg(claims)) && fits;
  const char *kid = verified_claims_kid(claims);
  if (kid != NULL) snprintf(ret->kid, sizeof(ret->kid), "%s", kid);
  const char *proof = verified_claims_proof(claims);
  if (proof != NULL) snprintf(ret->proof, sizeof(ret->proof), "%s", proof);
  verified_claims_actors(claims, ret->actors);
  put_token_id(ret->token_id, verified_claims_token_id(claims));
  ret->expires = verified_claims_expiry(claims);
  ret->issued_at = verified_claims_issued_at(claims);
  return fits;
}

static void judge(const struct settings *settings, const struct key_files *files, const struct judge_request *request,
                  const char *token, const char *auth_info, struct judge_answer *ret) {
  const struct ssh_auth_info proved = {auth_info, request->auth_info_size};
  const struct login_request login = {
      .account = {.name = request->user,
                  .kind = (enum account_kind)request->account_kind,
                  .uid = request->uid,
                  .group_of_same_name = request->group_of_same_name != 0},
      .service = request->service,
      .rhost = request->rhost[0] != '\0' ? request->rhost : NULL,
      .now = request->now,
      .proved = &proved,
      .proof_later = request->proof_later != 0,
  };
  struct decision decision = {0};
  enum reason reason = decide(settings, files, &login, token, request->token_size, NULL, &decision);
  bool fits = describe(&decision, ret);
  ret->reason = reason == REASON_OK && !fits ? REASON_CLAIMS_MALFORMED : reason;
  decision_clear(&decision);
}

static enum reason judge_proof(const struct judge_request *request, const char *auth_info) {
  const struct ssh_auth_info proved = {auth_info, request->auth_info_size};
  return ssh_proof_check(&proved, request->proof, NULL);
}

static bool request_is_sound(const struct judge_request *request) {
  return request->magic == PROTOCOL_MAGIC && request->token_size <= TOKEN_MAX_SIZE &&
         request->auth_info_size <= SSH_AUTH_INFO_MAX && IS_STRING(request->user) && IS_STRING(request->service) &&
         IS_STRING(request->rhost) && IS_STRING(request->proof) && request->account_kind <= ACCOUNT_LOCAL;
}

static bool say_hello(int fd, enum reason ready, const struct settings *settings) {
  struct judge_hello hello = {.magic = PROTOCOL_MAGIC, .reason = ready};
  if (ready == REASON_OK) hello.fingerprint = settings->fingerprint;
  return write_all(fd, &hello, sizeof(hello)) && ready == REASON_OK;
}

bool judge_serve(int fd, enum reason ready, const struct settings *settings, const struct key_files *files) {
  static char token[TOKEN_MAX_SIZE + 1], auth_info[SSH_AUTH_INFO_MAX];
  struct judge_request request;
  struct judge_answer answer = {.magic = PROTOCOL_MAGIC, .reason = REASON_PROTOCOL};
  if (!say_hello(fd, ready, settings) || !read_all(fd, &request, sizeof(request))) return false;
  bool sound = request_is_sound(&request) && read_all(fd, token, request.token_size) &&
               read_all(fd, auth_info, request.auth_info_size);
  if (sound && request.proof[0] != '\0') {
    answer.reason = judge_proof(&request, auth_info);
  } else if (sound) {
    judge(settings, files, &request, token, auth_info, &answer);
  }
  ERASE_ARRAY(token);
  return write_all(fd, &answer, sizeof(answer));
}
