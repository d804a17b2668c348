/* What comes as JSON besides keys: the discovery document of an issuer, and the hint in a SPIFFE bundle. */
#ifndef JWT_LOGIN_FETCH_DISCOVERY_H
#define JWT_LOGIN_FETCH_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "fetch.h"
#include "url.h"

struct discovery {
  char jwks_uri[URL_MAX + 1];
  const char *algorithms[FETCH_ALGORITHMS_MAX + 1]; /* NULL-terminated; those it says and the verifier knows */
};

/*
 * Read the discovery document (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2) of the issuer `url`: its
 * issuer must be that, byte for byte (RFC 8414 section 3.3), and it must name its key set. False when it is not so,
 * with the reason in one clause.
 */
MUST_USE bool discovery_parse(const char *bytes, size_t size, const char *url, struct discovery *ret,
                              struct fetch_error *ret_why);

/* spiffe_refresh_hint of a bundle (SPIFFE Trust Domain and Bundle section 4.1.2), in seconds; -1 when it has none. */
int64_t bundle_hint(const char *bytes, size_t size);

#endif
