#include "url.h"

#include <stdio.h>
#include <string.h>

#include "urls.h"

bool url_split(const char *text, struct url *ret) {
  if (strlen(text) > URL_MAX || !url_is_fetchable(text)) return false;
  const char *host = strchr(text, ':') + strlen("://");
  const char *path = host + strcspn(host, "/?");
  *ret = (struct url){.text = text,
                      .https = strncmp(text, "https:", strlen("https:")) == 0,
                      .origin_size = (size_t)(path - text),
                      .path = path};
  return true;
}

bool url_same_origin(const struct url *a, const struct url *b) {
  return a->origin_size == b->origin_size && strncmp(a->text, b->text, a->origin_size) == 0;
}

bool url_discovery(const struct url *url, enum discovery_form form, char ret[URL_MAX + 1]) {
  static const char *const suffixes[DISCOVERY_FORMS] = {
      [DISCOVERY_OPENID] = "/.well-known/openid-configuration",
      [DISCOVERY_OAUTH] = "/.well-known/oauth-authorization-server",
      [DISCOVERY_OPENID_INSERTED] = "/.well-known/openid-configuration",
  };
  int origin_size = (int)url->origin_size, path_size = (int)strlen(url->path);
  if (path_size > 0 && url->path[path_size - 1] == '/') path_size--;
  if (form == DISCOVERY_OPENID_INSERTED && path_size == 0) return false; /* the first again */
  const char *suffix = suffixes[form];
  int length = form == DISCOVERY_OPENID
                   ? snprintf(ret, URL_MAX + 1, "%.*s%s", origin_size + path_size, url->text, suffix)
                   : snprintf(ret, URL_MAX + 1, "%.*s%s%.*s", origin_size, url->text, suffix, path_size, url->path);
  return length <= URL_MAX;
}
