/* Strict base64url (RFC 7515 section 2, RFC 4648 section 5), and bytes that are erased when they are let go. */
#ifndef JWT_LOGIN_BASE64URL_H
#define JWT_LOGIN_BASE64URL_H

#include <stddef.h>

#include "reason.h"

struct bytes {
  unsigned char *data; /* never NULL once decoded, also when size is 0 */
  size_t size;
};

void bytes_clear(struct bytes *bytes);

/*
 * No padding, no white space, no other alphabet, no length that cannot be, and no set bits after the last byte: each
 * sequence of bytes has exactly one text. Errors: REASON_TOKEN_MALFORMED, REASON_OUT_OF_MEMORY.
 */
MUST_USE enum reason base64url_decode(const char *text, size_t size, struct bytes *ret);

#define BASE64URL_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* The room that `size` bytes need as text, with the NUL. */
#define BASE64URL_ROOM(size) (((size)*4 + 2) / 3 + 1)

/* The one text of these bytes; `ret` has BASE64URL_ROOM(size). */
void base64url_encode(const unsigned char *bytes, size_t size, char *ret);

#endif
