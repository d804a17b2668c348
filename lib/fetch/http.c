#include "config.h"

#include "http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fullio.h"
#include "secret.h"

#define CONNECT_MS 5000
#define SLOW_BYTES 50 /* a second, on average over the next */
#define SLOW_SECONDS 10
#define HEAD_MAX 65536 /* bytes */

struct http {
  CURL *curl;
  const char *ca_file;
  const struct fetch_terms *terms;
};

/* What one question goes through. */
struct question {
  const struct http *http;
  const struct url *url;
  struct http_answer answer;
  size_t head_size;
  bool too_large;
  int64_t asked_ms;
  char message[CURL_ERROR_SIZE];
};

static void PRINTF_LIKE(2, 0) say(struct fetch_error *error, const char *format, va_list arguments) {
  vsnprintf(error->text, sizeof(error->text), format, arguments);
  for (char *c = error->text; *c != '\0'; c++)
    if (*c < ' ' || *c > '~') *c = '?';
}

bool fetch_say(struct fetch_error *error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(error, format, arguments);
  va_end(arguments);
  return false;
}

enum reason fetch_fail(struct fetch_error *error, enum reason reason, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(error, format, arguments);
  va_end(arguments);
  return reason;
}

enum reason fetch_prepare(void) {
  return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? token_prepare() : REASON_INTERNAL;
}

struct http *http_new(const char *ca_file, const struct fetch_terms *terms) {
  struct http *http = malloc(sizeof(*http));
  if (http == NULL) return NULL;
  *http = (struct http){.ca_file = ca_file, .terms = terms};
  http->curl = curl_easy_init();
  if (http->curl != NULL) return http;
  free(http);
  return NULL;
}

void http_free(struct http *http) {
  if (http == NULL) return;
  curl_easy_cleanup(http->curl);
  free(http);
}

void http_answer_clear(struct http_answer *answer) {
  free(answer->bytes);
  *answer = (struct http_answer){0};
}

/* ---- what comes ---- */

static size_t take_head(char *line, size_t one, size_t count, void *context) {
  struct question *question = context;
  size_t size = one * count;
  question->head_size += size;
  if (question->head_size > HEAD_MAX) question->too_large = true;
  if (question->too_large) return 0;
  answer_head_take(&question->answer.head, line, size);
  question->answer.came = (int64_t)time(NULL);
  return question->answer.head.packed ? 0 : size; /* libcurl would unpack it, asked or not */
}

/* The room is KEYSET_MAX_SIZE and a NUL, whatever the length that the answer claims. */
static size_t take_body(char *bytes, size_t one, size_t count, void *context) {
  struct question *question = context;
  struct http_answer *answer = &question->answer;
  size_t size = one * count;
  if (size > KEYSET_MAX_SIZE - answer->size) question->too_large = true;
  if (question->too_large) return 0;
  memcpy(answer->bytes + answer->size, bytes, size);
  answer->size += size;
  answer->bytes[answer->size] = '\0';
  return size;
}

static int tell_progress(void *context, curl_off_t total UNUSED, curl_off_t received, curl_off_t a UNUSED,
                         curl_off_t b UNUSED) {
  const struct question *question = context;
  const struct fetch_progress *progress = question->http->terms->progress;
  progress->tell(progress->context, question->url->text, monotonic_ms() - question->asked_ms, (size_t)received);
  return 0;
}

/* ---- how it is asked ---- */

/* Trust what the settings say, and ask nobody in between. */
static CURLcode set_trust(CURL *curl, const struct http *http, bool https) {
  CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, https ? "https" : "http");
  const struct {
    CURLoption option;
    long value;
  } numbers[] = {
      {CURLOPT_SSL_VERIFYPEER, 1}, {CURLOPT_SSL_VERIFYHOST, 2},         {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
      {CURLOPT_FOLLOWLOCATION, 0}, {CURLOPT_NETRC, CURL_NETRC_IGNORED}, {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
      {CURLOPT_PATH_AS_IS, 1}};
  for (size_t i = 0; i < COUNT_OF(numbers) && code == CURLE_OK; i++)
    code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  if (code != CURLE_OK || http->ca_file == NULL) return code;
  code = curl_easy_setopt(curl, CURLOPT_CAINFO, http->ca_file);
  return code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* the system's, built in */
}

static CURLcode set_limits(CURL *curl, int64_t left_ms) {
  const struct {
    CURLoption option;
    long value;
  } numbers[] = {{CURLOPT_NOSIGNAL, 1},
                 {CURLOPT_QUICK_EXIT, 1}, /* the deadline holds though the resolver hangs: its thread is left behind */
                 {CURLOPT_TIMEOUT_MS, left_ms},
                 {CURLOPT_CONNECTTIMEOUT_MS, left_ms < CONNECT_MS ? left_ms : CONNECT_MS},
                 {CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES},
                 {CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS},
                 {CURLOPT_MAXFILESIZE, KEYSET_MAX_SIZE}};
  CURLcode code = CURLE_OK;
  for (size_t i = 0; i < COUNT_OF(numbers) && code == CURLE_OK; i++)
    code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
  return code;
}

static CURLcode set_question(CURL *curl, struct question *question, const struct curl_slist *fields) {
  CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, question->url->text);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, question->message);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_HEADERDATA, question);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, question);
  if (code != CURLE_OK || question->http->terms->progress == NULL) return code;
  code = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, tell_progress);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_XFERINFODATA, question);
  return code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static void fields_free(struct curl_slist **fields) {
  for (struct curl_slist *field = *fields; field != NULL; field = field->next)
    secret_erase(field->data, strlen(field->data));
  curl_slist_free_all(*fields);
}

/* Add "NAME: VALUE"; no `value` adds nothing. The copy that is made on the way is erased. */
static bool add_field(struct curl_slist **fields, const char *name, const char *value) {
  char *field = NULL;
  if (value == NULL) return true;
  if (asprintf(&field, "%s%s", name, value) < 0) return false;
  struct curl_slist *longer = curl_slist_append(*fields, field);
  secret_free(field);
  if (longer == NULL) return false;
  *fields = longer;
  return true;
}

static CURLcode ask(struct question *question, const char *bearer, const char *etag) {
  const struct http *http = question->http;
  struct curl_slist *fields CLEANUP(fields_free) = NULL;
  if (!add_field(&fields, "Accept: ", "application/json, application/jwk-set+json") ||
      !add_field(&fields, "Authorization: Bearer ", bearer) || !add_field(&fields, "If-None-Match: ", etag)) {
    return CURLE_OUT_OF_MEMORY;
  }
  int64_t left_ms = http->terms->deadline_ms - question->asked_ms;
  if (left_ms <= 0) return CURLE_OPERATION_TIMEDOUT; /* 0 would mean for ever */
  curl_easy_reset(http->curl);
  CURLcode code = set_trust(http->curl, http, question->url->https);
  if (code == CURLE_OK) code = set_limits(http->curl, left_ms);
  if (code == CURLE_OK) code = set_question(http->curl, question, fields);
  if (code == CURLE_OK) code = curl_easy_perform(http->curl);
  if (code == CURLE_OK) code = curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &question->answer.status);
  return code;
}

/* ---- what is said when it fails ---- */

static enum reason explain_failure(const struct question *question, CURLcode code, struct fetch_error *error) {
  const char *url = question->url->text, *ca_file = question->http->ca_file;
  const char *message = question->message[0] != '\0' ? question->message : curl_easy_strerror(code);
  if (question->too_large || code == CURLE_FILESIZE_EXCEEDED)
    return fetch_fail(error, REASON_FETCH_REFUSED, "%s: the answer is larger than 1 MiB; is this the right URL?", url);
  if (question->answer.head.packed)
    return fetch_fail(error, REASON_FETCH_REFUSED, "%s: the answer is compressed, unasked; tell the issuer", url);
  switch (code) {
  case CURLE_COULDNT_RESOLVE_HOST:
    return fetch_fail(error, REASON_FETCH_FAILED, "%s: the host is not found (%s); check its name and /etc/resolv.conf",
                      url, message);
  case CURLE_COULDNT_CONNECT:
    return fetch_fail(error, REASON_FETCH_FAILED,
                      "%s: no connection (%s); is the issuer up, and does a firewall let this host out?", url, message);
  case CURLE_OPERATION_TIMEDOUT:
    return fetch_fail(error, REASON_FETCH_FAILED, "%s: no whole answer in time; try again when the issuer is faster",
                      url);
  case CURLE_PEER_FAILED_VERIFICATION:
    return fetch_fail(error, REASON_FETCH_FAILED,
                      "%s: its certificate is not accepted (%s); for a private CA set `ca_file`, else check its host "
                      "name and this host's clock",
                      url, message);
  case CURLE_SSL_CACERT_BADFILE:
    return fetch_fail(error, REASON_FETCH_FAILED,
                      "%s: the CA certificates in %s cannot be read; the file must be PEM, and readable for the user "
                      "that fetches",
                      url, ca_file != NULL ? ca_file : "the system's store");
  case CURLE_PARTIAL_FILE:
  case CURLE_GOT_NOTHING:
  case CURLE_RECV_ERROR:
    return fetch_fail(error, REASON_FETCH_FAILED, "%s: the answer was cut off (%s); try again", url, message);
  default:
    return fetch_fail(error, REASON_FETCH_FAILED, "%s: %s", url, message);
  }
}

static enum reason look_at_answer(const struct question *question, struct fetch_error *error) {
  const char *url = question->url->text;
  const struct http_answer *answer = &question->answer;
  if (answer->status >= 300 && answer->status < 400 && answer->status != 304)
    return fetch_fail(error, REASON_FETCH_REFUSED,
                      "%s: it redirects to %s, and redirections are not followed; set the final address", url,
                      answer->head.location[0] != '\0' ? answer->head.location : "nowhere");
  if (answer->status >= 500 || answer->status < 200)
    return fetch_fail(error, REASON_FETCH_FAILED, "%s: HTTP status %ld; the issuer has a problem, try again later", url,
                      answer->status);
  if (answer->status == 200 && answer->head.html)
    return fetch_fail(error, REASON_FETCH_REFUSED,
                      "%s: a web page came instead of JSON; is this the right URL, or is a portal in between?", url);
  if (answer->status != 200 && answer->status != 304 && answer->status < 400)
    return fetch_fail(error, REASON_FETCH_REFUSED, "%s: HTTP status %ld instead of 200", url, answer->status);
  return REASON_OK;
}

enum reason http_get(struct http *http, const struct url *url, const char *bearer, const char *etag,
                     struct http_answer *ret, struct fetch_error *error) {
  struct question question = {.http = http, .url = url, .asked_ms = monotonic_ms()};
  question.answer.head.max_age = -1;
  question.answer.bytes = malloc(KEYSET_MAX_SIZE + 1);
  if (question.answer.bytes == NULL) return fetch_fail(error, REASON_OUT_OF_MEMORY, "memory ran out");
  question.answer.bytes[0] = '\0';
  CURLcode code = ask(&question, bearer, etag);
  enum reason reason = code == CURLE_OK ? look_at_answer(&question, error) : explain_failure(&question, code, error);
  if (reason == REASON_OK) {
    *ret = question.answer;
    return REASON_OK;
  }
  http_answer_clear(&question.answer);
  return reason;
}
