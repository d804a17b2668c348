#include "config.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "askpass.h"
#include "fullio.h"

#define CONNECT_MS 5000

static size_t take_body(char *bytes, size_t one, size_t count, void *context) {
  struct http_body *body = context;
  size_t size = one * count;
  if (size > sizeof body->bytes - body->size) return 0;
  memcpy(body->bytes + body->size, bytes, size);
  body->size += size;
  return size;
}

static CURLcode set_limits(CURL *curl, int64_t left_ms) {
  const struct {
    CURLoption option;
    long value;
  } numbers[] = {{CURLOPT_NOSIGNAL, 1},
                 {CURLOPT_QUICK_EXIT, 1}, /* the deadline holds though the resolver hangs */
                 {CURLOPT_TIMEOUT_MS, left_ms},
                 {CURLOPT_CONNECTTIMEOUT_MS, left_ms < CONNECT_MS ? left_ms : CONNECT_MS},
                 {CURLOPT_MAXFILESIZE, (long)sizeof(((struct http_body *)NULL)->bytes)},
                 {CURLOPT_FOLLOWLOCATION, 0},
                 {CURLOPT_NETRC, CURL_NETRC_IGNORED},
                 {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2}};
  CURLcode code = CURLE_OK;
  for (size_t i = 0; i < COUNT_OF(numbers) && code == CURLE_OK; i++)
    code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
  return code;
}

/* What is asked without encryption is close by, and nobody in between is told. */
static CURLcode set_question(CURL *curl, const char *url, struct curl_slist *fields, struct http_body *body) {
  bool https = strncmp(url, "https:", 6) == 0;
  CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, url);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, https ? "https" : "http");
  if (code == CURLE_OK && !https) code = curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
  return code;
}

static bool look_at(const char *url, CURLcode code, long status) {
  int shown = (int)strcspn(url, "?");
  if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED)
    return complain("%.*s: the answer is larger than 64 KiB: no token is that large", shown, url);
  if (code == CURLE_OPERATION_TIMEDOUT) return complain("%.*s: no whole answer in time", shown, url);
  if (code != CURLE_OK) return complain("%.*s: %s", shown, url, curl_easy_strerror(code));
  if (status >= 300 && status < 400)
    return complain("%.*s: it redirects elsewhere, and redirections are not followed", shown, url);
  return status == 200 || complain("%.*s: HTTP status %ld instead of 200", shown, url, status);
}

bool http_get(const char *url, const char *field, int64_t deadline, struct http_body *ret) {
  long status = 0;
  int64_t left_ms = deadline - monotonic_ms();
  ret->size = 0;
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, erase_and_free, erasing_realloc, strdup, calloc) != CURLE_OK)
    return complain("libcurl cannot be used");
  struct curl_slist *fields = curl_slist_append(NULL, field);
  CURL *curl = curl_easy_init();
  CURLcode code = curl != NULL && fields != NULL ? CURLE_OK : CURLE_OUT_OF_MEMORY;
  if (code == CURLE_OK) code = set_limits(curl, left_ms > 0 ? left_ms : 1); /* 0 would mean for ever */
  if (code == CURLE_OK) code = set_question(curl, url, fields, ret);
  if (code == CURLE_OK) code = curl_easy_perform(curl);
  if (code == CURLE_OK) code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_cleanup(curl);
  curl_slist_free_all(fields);
  curl_global_cleanup();
  return look_at(url, code, status);
}
