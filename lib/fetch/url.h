/* The parts of a URL that keys are fetched from, and where an issuer's discovery document is. */
#ifndef JWT_LOGIN_FETCH_URL_H
#define JWT_LOGIN_FETCH_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"

#define URL_MAX 2048 /* bytes */

struct url {
  const char *text;
  bool https;
  size_t origin_size; /* bytes of scheme, host and port */
  const char *path;   /* with the query; may be "" */
};

/* Take `text` apart; *ret points into it. False when it is not fetchable (urls.h) or too long. */
MUST_USE bool url_split(const char *text, struct url *ret);

/* True when both have the same scheme, host and port, as written. */
bool url_same_origin(const struct url *a, const struct url *b);

/*
 * Where issuer `url` has its discovery document: behind its path (OpenID Connect Discovery 1.0 section 4.1), or between
 * host and path (RFC 8414 sections 3.1 and 5). The path's last slash goes. False when the form says nothing new for
 * this url, or the result is too long.
 */
enum discovery_form { DISCOVERY_OPENID, DISCOVERY_OAUTH, DISCOVERY_OPENID_INSERTED, DISCOVERY_FORMS };
MUST_USE bool url_discovery(const struct url *url, enum discovery_form form, char ret[URL_MAX + 1]);

#endif
