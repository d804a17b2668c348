/* What fetching keys is made of, as far as it needs no network: places, heads, times, documents, the cache. */
#include "fetch.h"

#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "discovery.h"
#include "freshness.h"
#include "head.h"
#include "key_cache.h"
#include "unit.h"
#include "url.h"

/* ---- where discovery documents are ---- */

static const char *place(const char *text, enum discovery_form form) {
  static char places[DISCOVERY_FORMS][URL_MAX + 1];
  struct url url;
  return url_split(text, &url) && url_discovery(&url, form, places[form]) ? places[form] : NULL;
}

static void the_forms_of_discovery(void) {
  static const char issuer[] = "https://id.example.org:8443/a/b";
  CHECK_STRING(place(issuer, DISCOVERY_OPENID), "https://id.example.org:8443/a/b/.well-known/openid-configuration");
  CHECK_STRING(place(issuer, DISCOVERY_OAUTH),
               "https://id.example.org:8443/.well-known/oauth-authorization-server/a/b");
  CHECK_STRING(place(issuer, DISCOVERY_OPENID_INSERTED),
               "https://id.example.org:8443/.well-known/openid-configuration/a/b");
}

static void a_last_slash_goes(void) {
  CHECK_STRING(place("https://h/", DISCOVERY_OPENID), "https://h/.well-known/openid-configuration");
  CHECK_STRING(place("https://h", DISCOVERY_OPENID), "https://h/.well-known/openid-configuration");
  CHECK_STRING(place("https://h/t/", DISCOVERY_OPENID), "https://h/t/.well-known/openid-configuration");
  CHECK_STRING(place("https://h/t/", DISCOVERY_OAUTH), "https://h/.well-known/oauth-authorization-server/t");
  CHECK_STRING(place("https://h/", DISCOVERY_OAUTH), "https://h/.well-known/oauth-authorization-server");
}

static void without_a_path_no_place_is_asked_twice(void) {
  CHECK_STRING(place("https://h/", DISCOVERY_OPENID_INSERTED), NULL);
  CHECK_STRING(place("https://h", DISCOVERY_OPENID_INSERTED), NULL);
}

static void a_place_that_is_too_long_is_none(void) {
  char issuer[URL_MAX + 2];
  memset(issuer, 'p', sizeof(issuer) - 1);
  memcpy(issuer, "https://h/", 10);
  issuer[sizeof(issuer) - 1] = '\0';
  CHECK_STRING(place(issuer, DISCOVERY_OPENID), NULL);
  issuer[URL_MAX] = '\0';
  for (enum discovery_form form = DISCOVERY_OPENID; form < DISCOVERY_FORMS; form++)
    CHECK_STRING(place(issuer, form), NULL);
}

static void origins_are_compared_as_written(void) {
  static const struct {
    const char *one, *other;
    bool same;
  } cases[] = {
      {"https://h/a", "https://h/b?c", true},      {"https://h", "https://h/", true},
      {"https://h", "https://h.evil.test", false}, {"https://h:443", "https://h", false},
      {"https://h:1", "https://h:11", false},      {"http://localhost", "https://localhost", false},
      {"https://h?x", "https://h", true},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct url one, other;
    CHECK(url_split(cases[i].one, &one) && url_split(cases[i].other, &other));
    CHECK_INT(url_same_origin(&one, &other), cases[i].same);
  }
}

/* ---- heads of answers ---- */

static struct answer_head head_of(const char *const *lines) {
  struct answer_head head = {.max_age = 4711};
  answer_head_take(&head, "HTTP/1.1 200 OK\r\n", 17);
  for (; *lines != NULL; lines++)
    answer_head_take(&head, *lines, strlen(*lines));
  return head;
}

static int64_t date(const char *line) {
  struct answer_head head = {.max_age = -1};
  answer_head_take(&head, line, strlen(line));
  return head.date;
}

static void the_issuer_says_what_time_it_is(void) {
  static const char *const bad[] = {"Date:",
                                    "Date: now",
                                    "Date: 784111777",
                                    "Date: Sun, 06 Nov 1994 08:49:37",
                                    "Date: Sun, 06 Nov 1994 08:49:37 GMT x",
                                    "Date: Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
                                    "Date: Sun, 99 Nov 1994 08:49:37 GMT",
                                    "Date: \001",
                                    "Dates: Sun, 06 Nov 1994 08:49:37 GMT"};
  CHECK_INT(date("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), 784111777); /* RFC 9110 section 5.6.7 */
  CHECK_INT(date("date:Tue, 24 Nov 2026 23:00:00 GMT"), 1795561200);
  for (size_t i = 0; i < COUNT_OF(bad); i++)
    CHECK_INT(date(bad[i]), 0);
}

static int64_t max_age(const char *line) {
  struct answer_head head = head_of((const char *const[]){line, NULL});
  return head.max_age;
}

static void cache_control_is_read(void) {
  CHECK_INT(max_age("X: y\r\n"), -1);
  CHECK_INT(max_age("Cache-Control: max-age=600\r\n"), 600);
  CHECK_INT(max_age("cache-control:public,MAX-AGE = 600 , must-revalidate"), 600);
  CHECK_INT(max_age("Cache-Control: max-age=\"600\"\r\n"), 600);
  CHECK_INT(max_age("Cache-Control: s-maxage=5, x-max-age=6\r\n"), -1);
  CHECK_INT(max_age("Cache-Control: max-age=600, no-store\r\n"), 0);
  CHECK_INT(max_age("Cache-Control: no-cache, max-age=600\r\n"), 0);
  CHECK_INT(max_age("Cache-Control: max-age=99999999999999999999999999\r\n"), INT64_C(1) << 31);
  static const char *const nonsense[] = {"max-age=",    "max-age", "max-age=-1", "max-age=1x",
                                         "max-age=0x1", ",,=,",    "=1"};
  for (size_t i = 0; i < COUNT_OF(nonsense); i++) {
    char line[64];
    snprintf(line, sizeof(line), "Cache-Control: %s\r\n", nonsense[i]);
    CHECK_INT(max_age(line), -1);
  }
}

static void the_rest_of_a_head_is_read(void) {
  struct answer_head head =
      head_of((const char *const[]){"ETag: W/\"a b\"\r\n", "Age:  30 \r\n", "Content-Type: Text/HTML ; charset=x\r\n",
                                    "Location: https://elsewhere.test/\r\n", "\r\n", NULL});
  CHECK_STRING(head.etag, "W/\"a b\"");
  CHECK_INT(head.age, 30);
  CHECK(head.html);
  CHECK_STRING(head.location, "https://elsewhere.test/");
  answer_head_take(&head, "HTTP/1.1 200 OK\r\n", 17); /* behind a 100 Continue */
  CHECK(head.etag[0] == '\0' && !head.html && head.max_age == -1 && head.age == 0 && head.date == 0);
}

static void only_chunks_are_no_packing(void) {
  CHECK(!head_of((const char *const[]){"Transfer-Encoding: Chunked\r\n", NULL}).packed);
  CHECK(head_of((const char *const[]){"Transfer-Encoding: gzip, chunked\r\n", NULL}).packed);
  CHECK(head_of((const char *const[]){"Transfer-Encoding: br\r\n", "Transfer-Encoding: chunked\r\n", NULL}).packed);
}

static void an_etag_is_kept_whole_or_not_at_all(void) {
  char line[ETAG_MAX + 16];
  memset(line, 'e', sizeof(line));
  memcpy(line, "ETag:", 5);
  struct answer_head head = {.max_age = -1};
  answer_head_take(&head, line, 5 + ETAG_MAX + 1);
  CHECK_STRING(head.etag, "");
  answer_head_take(&head, line, 5 + ETAG_MAX);
  CHECK_INT(strlen(head.etag), ETAG_MAX);
  answer_head_take(&head, "ETag: \"a\x01\"", 10);
  CHECK_STRING(head.etag, "");
}

static void no_line_is_read_beyond_its_size(void) {
  struct answer_head head = {.max_age = -1};
  char *line = malloc(18);
  memcpy(line, "Cache-Control: max", 18);
  answer_head_take(&head, line, 18);
  answer_head_take(&head, line, 0);
  answer_head_take(&head, line, 5);
  free(line);
  CHECK_INT(head.max_age, -1);
}

/* ---- when to ask again ---- */

#define NOW INT64_C(1800000000)
#define DAY 86400

static int64_t wait_for(int64_t max_age_said, int64_t age, int64_t hint, int64_t max_stale) {
  const struct answer_head head = {.max_age = max_age_said, .age = age};
  return refresh_due(&head, hint, max_stale, NOW) - NOW;
}

static void keys_are_due_in_time(void) {
  CHECK_INT(wait_for(-1, 0, -1, DAY), 3600);
  CHECK_INT(wait_for(7200, 0, -1, DAY), 7200);
  CHECK_INT(wait_for(7200, 200, -1, DAY), 7000);
  CHECK_INT(wait_for(0, 0, -1, DAY), 300);
  CHECK_INT(wait_for(600, 900, -1, DAY), 300);
  CHECK_INT(wait_for(INT64_C(1) << 31, 0, -1, 30 * DAY), DAY);
  CHECK_INT(wait_for(7200, 0, 900, DAY), 900);
  CHECK_INT(wait_for(7200, 0, 1, DAY), 300);
  CHECK_INT(wait_for(7200, 0, 7200, 3600), 1800); /* before max_stale is reached */
  CHECK_INT(wait_for(-1, 0, -1, 60), 30);
}

static void the_clock_may_be_set(void) {
  CHECK(!refresh_is_due(NOW, NOW + 3600, NOW));
  CHECK(!refresh_is_due(NOW, NOW + 3600, NOW + 3599));
  CHECK(refresh_is_due(NOW, NOW + 3600, NOW + 3600));
  CHECK(!refresh_is_due(NOW, NOW + 3600, NOW - 300));
  CHECK(refresh_is_due(NOW, NOW + 3600, NOW - 301));        /* fetched in the future */
  CHECK(refresh_is_due(NOW, NOW + 3 * DAY, NOW));           /* due when no clock could have said so */
  CHECK(refresh_is_due(NOW, NOW + 3600, NOW + 1000 * DAY)); /* set forward */
}

/* ---- documents ---- */

static const char *discovery_error(const char *text, struct discovery *ret) {
  static struct fetch_error why;
  char *copy = malloc(strlen(text)); /* without a NUL behind it */
  memcpy(copy, text, strlen(text));
  bool sound = discovery_parse(copy, strlen(text), "https://h/", ret, &why);
  free(copy);
  return sound ? NULL : why.text;
}

static void a_discovery_document_is_read(void) {
  struct discovery discovery;
  CHECK_STRING(discovery_error("{\"issuer\":\"https://h/\",\"jwks_uri\":\"https://x/k\","
                               "\"id_token_signing_alg_values_supported\":[\"none\",\"HS256\",\"ES256\",7,\"RS256\"]}",
                               &discovery),
               NULL);
  CHECK_STRING(discovery.jwks_uri, "https://x/k");
  CHECK_STRING(discovery.algorithms[0], "RS256");
  CHECK_STRING(discovery.algorithms[1], "ES256");
  CHECK(discovery.algorithms[2] == NULL);
}

static void a_discovery_document_is_refused(void) {
  static const struct {
    const char *text, *why;
  } cases[] = {
      {"", "it is not a JSON object"},
      {"[]", "it is not a JSON object"},
      {"<html>", "it is not a JSON object"},
      {"{}", "it names no issuer"},
      {"{\"issuer\":7}", "it names no issuer"},
      {"{\"issuer\":\"https://h/\",\"issuer\":\"https://h/\",\"jwks_uri\":\"https://x\"}", "it is not a JSON object"},
      {"{\"issuer\":\"https://h\",\"jwks_uri\":\"https://x\"}",
       "its issuer is \"https://h\", and `url` must be that, byte for byte"},
      {"{\"issuer\":\"https://h/\\u0000\",\"jwks_uri\":\"https://x\"}", "it is not a JSON object"},
      {"{\"issuer\":\"\\u001b[31m\",\"jwks_uri\":\"https://x\"}",
       "its issuer is \"?[31m\", and `url` must be that, byte for byte"},
      {"{\"issuer\":\"https://h/\"}", "it names no key set (jwks_uri)"},
      {"{\"issuer\":\"https://h/\",\"jwks_uri\":[]}", "it names no key set (jwks_uri)"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct discovery discovery;
    CHECK_STRING(discovery_error(cases[i].text, &discovery), cases[i].why);
  }
  struct discovery discovery;
  struct fetch_error why;
  static const char nul[] = "{\"issuer\":\"https://h/\",\"jwks_uri\":\"https://x\",\"n\":1\0}";
  CHECK(!discovery_parse(nul, sizeof(nul) - 1, "https://h/", &discovery, &why));
}

static int64_t hint(const char *text) {
  return bundle_hint(text, strlen(text));
}

static void the_hint_of_a_bundle_is_read(void) {
  CHECK_INT(hint("{\"keys\":[],\"spiffe_refresh_hint\":600}"), 600);
  CHECK_INT(hint("{\"keys\":[]}"), -1);
  CHECK_INT(hint("{\"spiffe_refresh_hint\":\"600\"}"), -1);
  CHECK_INT(hint("{\"spiffe_refresh_hint\":-5}"), -1);
  CHECK_INT(hint("nonsense"), -1);
}

/* ---- the cache ---- */

static void a_head_gets_new_times(void) {
  static const char set[] =
      "{\"version\":1,\"issuer\":\"t\",\"url\":\"https://h/\",\"location\":\"discovery\",\"fetched\":1,\"due\":2,"
      "\"etag\":\"e\"}\n{\"kid\":\"k\"}\n";
  char *renewed = NULL;
  size_t size = 0;
  CHECK(head_renew(set, strlen(set), 10, 20, &renewed, &size));
  CHECK(size == strlen(set) + 2 &&
        strstr(renewed, "\"fetched\":10,\"due\":20,\"etag\":\"e\"}\n{\"kid\":\"k\"}\n") != NULL);
  free(renewed);
  CHECK(!head_renew("{}", 2, 10, 20, &renewed, &size));
  CHECK(!head_renew("nonsense\n", 9, 10, 20, &renewed, &size));
}

static char folder[] = "/tmp/jwt-login-test.XXXXXX";

static void put(const char *path, int64_t modified) {
  FILE *file = fopen(path, "w");
  const struct utimbuf times = {modified, modified};
  CHECK(file != NULL && fclose(file) == 0 && utime(path, &times) == 0);
}

static bool is_there(const char *path) {
  return access(path, F_OK) == 0;
}

static void what_no_section_owns_is_swept(void) {
  const struct issuer issuers[] = {{.title = "a", .key_source = KEYS_DISCOVERED},
                                   {.title = "b", .key_source = KEYS_IN_FILE}};
  const struct settings settings = {.issuers = issuers, .issuer_count = COUNT_OF(issuers)};
  char paths[5][KEY_CACHE_PATH_SIZE + 8], path[KEY_CACHE_PATH_SIZE];
  CHECK(mkdtemp(folder) != NULL);
  CHECK(key_cache_path(folder, "a", KEY_CACHE_KEYS, path));
  snprintf(paths[0], sizeof(paths[0]), "%s", path);
  snprintf(paths[1], sizeof(paths[1]), "%s.Ab12Cd", path); /* left by one that was killed */
  snprintf(paths[2], sizeof(paths[2]), "%s.Xy34Zq", path); /* being written */
  CHECK(key_cache_path(folder, "b", KEY_CACHE_KEYS, path));
  snprintf(paths[3], sizeof(paths[3]), "%s", path);
  CHECK(key_cache_path(folder, "gone", KEY_CACHE_STAMP, path));
  snprintf(paths[4], sizeof(paths[4]), "%s", path);
  for (size_t i = 0; i < COUNT_OF(paths); i++)
    put(paths[i], i == 2 ? NOW - 60 : NOW - 7200);
  fetch_sweep(folder, &settings, NOW);
  CHECK(is_there(paths[0]));
  CHECK(!is_there(paths[1]));
  CHECK(is_there(paths[2]));
  CHECK(!is_there(paths[3]));
  CHECK(!is_there(paths[4]));
  fetch_sweep("/nonexistent", &settings, NOW);
  unlink(paths[0]);
  unlink(paths[2]);
  rmdir(folder);
}

int main(void) {
  static const struct unit_test tests[] = {
      {"the forms of discovery", the_forms_of_discovery},
      {"a last slash goes", a_last_slash_goes},
      {"without a path no place is asked twice", without_a_path_no_place_is_asked_twice},
      {"a place that is too long is none", a_place_that_is_too_long_is_none},
      {"origins are compared as written", origins_are_compared_as_written},
      {"Cache-Control is read", cache_control_is_read},
      {"the rest of a head is read", the_rest_of_a_head_is_read},
      {"the issuer says what time it is", the_issuer_says_what_time_it_is},
      {"only chunks are no packing", only_chunks_are_no_packing},
      {"an ETag is kept whole or not at all", an_etag_is_kept_whole_or_not_at_all},
      {"no line is read beyond its size", no_line_is_read_beyond_its_size},
      {"keys are due in time", keys_are_due_in_time},
      {"the clock may be set", the_clock_may_be_set},
      {"a discovery document is read", a_discovery_document_is_read},
      {"a discovery document is refused", a_discovery_document_is_refused},
      {"the hint of a bundle is read", the_hint_of_a_bundle_is_read},
      {"a head gets new times", a_head_gets_new_times},
      {"what no section owns is swept", what_no_section_owns_is_swept},
  };
  if (fetch_prepare() != REASON_OK) return EXIT_FAILURE;
  return unit_run(tests, COUNT_OF(tests));
}
