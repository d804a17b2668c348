#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "askpass.h"
#include "secret.h"
#include "urls.h"

#define URL_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

/* What is asked by HTTP. */
struct question {
  char *url;
  char *field;
  const char *member; /* of the JSON object that answers; NULL: the answer is the token */
};

static void question_clear(struct question *question) {
  free(question->url);
  secret_free(question->field);
}

static void body_erase(struct http_body *body) {
  ERASE_OBJECT(*body);
}

/* The audience for a query, percent-encoded (RFC 3986, section 2.1). */
static void encode(const char *text, char *ret) {
  static const char digits[] = "0123456789ABCDEF";
  for (; *text != '\0'; text++) {
    bool plain = strchr(URL_CHARACTERS, *text) != NULL;
    *ret++ = plain ? *text : '%';
    if (plain) continue;
    *ret++ = digits[(unsigned char)*text >> 4];
    *ret++ = digits[*text & 0xf];
  }
  *ret = '\0';
}

/* ---- the services ---- */

static bool ask_github(const char *audience, struct question *ret) {
  const char *url = getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), *bearer = getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
  if (url == NULL || bearer == NULL || *bearer == '\0')
    return complain("GitHub Actions gives no token here: the job needs 'permissions: id-token: write'");
  if (!url_is_fetchable(url)) return complain("ACTIONS_ID_TOKEN_REQUEST_URL: expected " URL_FETCHABLE_TEXT);
  for (const char *c = bearer; *c != '\0'; c++)
    if (*c <= ' ' || *c > '~') return complain("ACTIONS_ID_TOKEN_REQUEST_TOKEN is no token");
  ret->member = "value";
  return asprintf(&ret->url, "%s%caudience=%s", url, strchr(url, '?') != NULL ? '&' : '?', audience) >= 0 &&
         asprintf(&ret->field, "Authorization: Bearer %s", bearer) >= 0;
}

static bool ask_gcp(const char *audience, struct question *ret) {
  const char *host = getenv("GCE_METADATA_HOST"); /* as Google's own libraries have it */
  if (host == NULL || *host == '\0') host = "metadata.google.internal";
  if (host[strspn(host, URL_CHARACTERS ":[]")] != '\0')
    return complain("GCE_METADATA_HOST: expected HOST or HOST:PORT");
  return asprintf(&ret->url,
                  "http://%s/computeMetadata/v1/instance/service-accounts/default/identity?audience=%s&format=full",
                  host, audience) >= 0 &&
         (ret->field = strdup("Metadata-Flavor: Google")) != NULL;
}

static bool ask_azure(const char *audience, struct question *ret) {
  ret->member = "access_token";
  return asprintf(&ret->url, "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=%s",
                  audience) >= 0 &&
         (ret->field = strdup("Metadata: true")) != NULL;
}

static const struct service {
  const char *name;
  bool (*ask)(const char *audience, struct question *ret);
} services[] = {{"github", ask_github}, {"gcp", ask_gcp}, {"azure", ask_azure}};

/* ---- the answer ---- */

static bool take_text(const char *name, const char *text, size_t size, struct token_text *ret) {
  if (size > sizeof ret->bytes)
    return complain("%s gives more than %d bytes: no token is that large", name, TOKEN_MAX_SIZE);
  memcpy(ret->bytes, text, size);
  ret->size = size;
  return true;
}

static bool take_member(const char *name, const struct http_body *body, const char *member, struct token_text *ret) {
  json_set_alloc_funcs(malloc, erase_and_free);
  json_t *answer = json_loadb(body->bytes, body->size, JSON_REJECT_DUPLICATES, NULL);
  const json_t *value = json_object_get(answer, member);
  bool taken = json_is_string(value) ? take_text(name, json_string_value(value), json_string_length(value), ret)
                                     : complain("%s answers with something else than JSON with a '%s'", name, member);
  json_decref(answer);
  return taken;
}

bool token_from_service(const char *name, const struct wish *wish, struct token_text *ret) {
  char audience[3 * sizeof(struct audience_text)] = "";
  struct http_body body CLEANUP(body_erase);
  struct question question CLEANUP(question_clear) = {0};
  const struct service *service = NULL;
  for (size_t i = 0; i < COUNT_OF(services); i++)
    if (strcmp(services[i].name, name) == 0) service = &services[i];
  if (service == NULL) return complain("unknown service '%s'; there are github, gcp and azure", name);
  encode(wish->audience, audience);
  if (!service->ask(audience, &question)) return false;
  if (!http_get(question.url, question.field, wish->deadline, &body)) return false;
  return question.member != NULL ? take_member(name, &body, question.member, ret)
                                 : take_text(name, body.bytes, body.size, ret);
}
