#include "urls.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* RFC 3986, section 2, without the # that begins a fragment. */
static const char url_characters[] = ALPHANUMERIC "-._~:/?[]@!$&'()*+,;=%";

/* Copy the host, with its brackets, and say where it ends; NULL when it is none. */
static const char *read_host(const char *text, char *ret, size_t size) {
  bool bracketed = text[0] == '[';
  size_t length = bracketed ? 1 + strspn(text + 1, "0123456789abcdefABCDEF:.") : strspn(text, ALPHANUMERIC "-._");
  if (bracketed && (length < strlen("[::") || text[length++] != ']')) return NULL;
  if (length == 0 || length >= size) return NULL;
  memcpy(ret, text, length);
  ret[length] = '\0';
  return text + length;
}

static bool is_loopback(const char *host) {
  struct in_addr address;
  if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0) return true;
  return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* Past ":PORT"; NULL when it is no port. */
static const char *skip_port(const char *text) {
  if (*text != ':') return text;
  unsigned port = 0;
  size_t digits = strspn(++text, "0123456789");
  if (digits > 5) return NULL;
  for (size_t i = 0; i < digits; i++)
    port = 10 * port + (unsigned)(text[i] - '0');
  return port >= 1 && port <= 65535 ? text + digits : NULL;
}

bool url_is_fetchable(const char *url) {
  static const char secure[] = "https://", plain[] = "http://";
  char host[256]; /* RFC 1035: at most 253 characters */
  if (url == NULL || url[strspn(url, url_characters)] != '\0') return false;
  bool encrypted = strncmp(url, secure, strlen(secure)) == 0;
  if (!encrypted && strncmp(url, plain, strlen(plain)) != 0) return false;
  const char *rest = read_host(url + strlen(encrypted ? secure : plain), host, sizeof(host));
  if (rest != NULL) rest = skip_port(rest);
  return rest != NULL && strchr("/?", *rest) != NULL && (encrypted || is_loopback(host));
}
