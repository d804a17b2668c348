/* A token that was split and decoded, as token_parse makes it and token_verify reads it. */
#ifndef JWT_LOGIN_PARSED_H
#define JWT_LOGIN_PARSED_H

#include <jansson.h>

#include "base64url.h"
#include "token.h"

struct token {
  struct bytes text;  /* as received */
  size_t signed_size; /* header, dot and payload stand in front: what the signature covers */
  json_t *header;
  json_t *claims; /* NULL when the payload was taken as any bytes */
  struct bytes signature;
};

#endif
