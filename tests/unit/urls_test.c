/* Which URLs may be fetched, by example. */
#include "urls.h"

#include "unit.h"

static void takes_https_and_loopback(void) {
  static const char *const good[] = {
      "https://id.example.org",
      "https://id.example.org/",
      "https://id.example.org:8443/realms/a%20b/keys.json?v=1&w=@",
      "https://id.example.org?v=1",
      "https://10.0.0.1/keys",
      "https://[2001:db8::1]:6443/openid/v1/jwks",
      "https://a_b.example/keys",
      "http://localhost/keys",
      "http://localhost:8080",
      "http://127.0.0.1:8080/keys",
      "http://127.255.255.254/",
      "http://[::1]:80/",
      "https://h:65535/",
  };
  for (size_t i = 0; i < COUNT_OF(good); i++) {
    CHECK(url_is_fetchable(good[i]));
    if (!url_is_fetchable(good[i])) printf("# %s\n", good[i]);
  }
}

static void refuses_all_else(void) {
  static const char *const bad[] = {
      "",
      "https",
      "https://",
      "https:///keys",
      "https:/id.example.org/",
      "https:id.example.org",
      "//id.example.org/",
      "id.example.org",
      "HTTPS://id.example.org/",
      "ftp://id.example.org/",
      "file:///etc/passwd",
      "spiffe://td",
      /* plain http to anywhere but loopback, and what only looks like it */
      "http://id.example.org/",
      "http://10.0.0.1/",
      "http://127.0.0.1.example.org/",
      "http://127.1/",
      "http://2130706433/",
      "http://0x7f.0.0.1/",
      "http://0177.0.0.1/",
      "http://127.0.0.1.",
      "http://126.0.0.1/",
      "http://localhost.example.org/",
      "http://localhost./",
      "http://LOCALHOST/",
      "http://[::2]/",
      "http://[::ffff:127.0.0.1]/",
      "http://127.0.0.1\\@evil.example/",
      "http://127.0.0.1@evil.example/",
      "http://127.0.0.1:80@evil.example/",
      /* user, fragment, blanks, bytes that are no URL's */
      "https://user@id.example.org/",
      "https://user:pass@id.example.org/",
      "https://id.example.org/#f",
      "https://id.example.org#",
      "https://id.example.org/ a",
      " https://id.example.org/",
      "https://id.example.org/\n",
      "https://id.example.org/\t",
      "https://id.example.org/\177",
      "https://id.example.org/\303\244",
      "https://id.example.org/\"",
      "https://id.example.org/{a}",
      "https://id.example.org\\/",
      "https://id%2eexample.org/",
      /* ports and brackets */
      "https://id.example.org:/",
      "https://id.example.org:0/",
      "https://id.example.org:65536/",
      "https://id.example.org:123456/",
      "https://id.example.org:4294967376/", /* 80 in 32 bits */
      "https://id.example.org:8a/",
      "https://id.example.org:-1/",
      "https://[::1/",
      "https://::1/",
      "https://[]/",
      "https://[::1]x/",
      "https://[id.example.org]/",
  };
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    CHECK(!url_is_fetchable(bad[i]));
    if (url_is_fetchable(bad[i])) printf("# %s\n", bad[i]);
  }
  CHECK(!url_is_fetchable(NULL));
}

static void a_host_has_253_characters_at_most(void) {
  char url[400];
  int used = snprintf(url, sizeof(url), "https://%0253d/", 0);
  CHECK(url_is_fetchable(url));
  CHECK(used == 8 + 253 + 1);
  snprintf(url, sizeof(url), "https://%0300d/", 0);
  CHECK(!url_is_fetchable(url));
}

UNIT_MAIN({"takes https, and http to loopback", takes_https_and_loopback}, {"refuses all else", refuses_all_else},
          {"a host has 253 characters at most", a_host_has_253_characters_at_most})
