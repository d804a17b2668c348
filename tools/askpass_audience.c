#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "askpass.h"
#include "secret.h"

#define SCHEME "ssh://"

/* Decode base64url without padding; true when every character was one of it. */
static bool decode(const char *text, size_t size, char *ret, size_t *ret_size) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  unsigned bits = 0, held = 0;
  size_t used = 0;
  for (size_t i = 0; i < size; i++) {
    const char *found = memchr(alphabet, text[i], sizeof alphabet - 1);
    if (found == NULL) return false;
    bits = bits << 6 | (unsigned)(found - alphabet);
    held += 6;
    if (held >= 8) ret[used++] = (char)(bits >> (held -= 8) & 0xff);
  }
  *ret_size = used;
  return true;
}

/* The payload as JSON, NULL when it is none. Nothing is verified: that is the server's affair. */
static json_t *payload(const struct token_text *token) {
  char json[TOKEN_MAX_SIZE];
  size_t size;
  const char *first = memchr(token->bytes, '.', token->size);
  const char *last = memrchr(token->bytes, '.', token->size);
  json_set_alloc_funcs(malloc, erase_and_free);
  bool decoded = decode(first + 1, (size_t)(last - first) - 1, json, &size);
  json_t *claims = decoded ? json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
  ERASE_ARRAY(json);
  return claims;
}

static bool only_digits(const char *text) {
  return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Does the audience name this host: [ssh://]HOST[:PORT], a literal IPv6 address with a port in brackets? */
static bool names_host(const char *audience, const char *host) {
  if (strncmp(audience, SCHEME, strlen(SCHEME)) == 0) audience += strlen(SCHEME);
  bool bracketed = *audience == '[';
  if (bracketed) audience++;
  const char *end = bracketed ? strchr(audience, ']') : audience + strcspn(audience, ":");
  if (end == NULL) return false;
  if (!bracketed && strchr(audience, ':') != strrchr(audience, ':')) end = audience + strlen(audience);
  size_t length = (size_t)(end - audience);
  const char *rest = bracketed ? end + 1 : end;
  bool ends_well = *rest == '\0' || (*rest == ':' && only_digits(rest + 1));
  return ends_well && length == strlen(host) && strncasecmp(audience, host, length) == 0;
}

/* Find the pair HOST=AUDIENCE for `host` among `pairs`, which spaces separate: the audience and its length, or NULL. */
static const char *expected_audience(const char *pairs, const char *host, size_t *ret_length) {
  size_t host_length = strlen(host);
  while (pairs != NULL && *pairs != '\0') {
    size_t length = strcspn(pairs, " ");
    if (length > host_length + 1 && pairs[host_length] == '=' && strncasecmp(pairs, host, host_length) == 0) {
      *ret_length = length - host_length - 1;
      return pairs + host_length + 1;
    }
    pairs += length + strspn(pairs + length, " ");
  }
  return NULL;
}

bool audience_wanted(const char *pairs, const char *host, struct audience_text *ret) {
  char own_name[256] = "";
  size_t size = 0;
  if (*host == '\0' && gethostname(own_name, sizeof own_name - 1) == 0) host = own_name;
  const char *expected = expected_audience(pairs, host, &size);
  const bool is_ipv6 = strchr(host, ':') != NULL;
  int length = expected != NULL ? snprintf(ret->text, sizeof ret->text, "%.*s", (int)size, expected)
                                : snprintf(ret->text, sizeof ret->text, is_ipv6 ? SCHEME "[%s]" : SCHEME "%s", host);
  return (length > 0 && (size_t)length < sizeof ret->text) || complain("the audience for %s is too long", host);
}

static bool audience_fits(const json_t *audience, const char *pairs, const char *host) {
  const char *text = json_string_value(audience);
  size_t length;
  if (text == NULL) return false;
  const char *expected = expected_audience(pairs, host, &length);
  if (expected != NULL) return strlen(text) == length && memcmp(text, expected, length) == 0;
  return names_host(text, host);
}

bool audience_allows(const struct token_text *token, const char *pairs, const char *host) {
  json_t *claims = payload(token);
  json_t *audience = json_object_get(claims, "aud"), *entry;
  size_t index;
  bool fits = audience_fits(audience, pairs, host);
  json_array_foreach(audience, index, entry) fits = fits || audience_fits(entry, pairs, host);
  json_decref(claims);
  return fits || complain("the token's aud does not name %s, so %s does not get it", host, host);
}
