/* JSON objects as this project takes them: strictly (RFC 8259, RFC 7519 section 4, RFC 8725 sections 2.6 and 3.7). */
#ifndef JWT_LOGIN_STRICT_JSON_H
#define JWT_LOGIN_STRICT_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "reason.h"

#define JSON_DEPTH_MAX 32

/*
 * Parse one object: no duplicate member, no NUL (raw or as \u0000), no more than JSON_DEPTH_MAX levels, UTF-8, nothing
 * after it. Returns `malformed` for anything else, or REASON_OUT_OF_MEMORY.
 */
MUST_USE enum reason strict_json_parse(const void *bytes, size_t size, enum reason malformed, json_t **ret);

/* The quote that ends the string whose first character is at `text`, or `end`. */
const char *json_string_end(const char *text, const char *end);

/* For CLEANUP. */
void json_clear(json_t **json);

#endif
