/*
 * What jwt-keeper asks of jwt-fetch-keys: one struct each way on descriptor 0, between processes of one host and one
 * build. Neither trusts the other: magic, NULs and ranges are checked before use.
 */
#ifndef JWT_LOGIN_FETCH_PROTOCOL_H
#define JWT_LOGIN_FETCH_PROTOCOL_H

#include <stdint.h>

#define FETCH_MAGIC 0x4a574631u /* "JWF1": the last digit is the version */
#define FETCH_FOR_LOGIN "--for-login"
#define FETCH_SECONDS 5      /* for one section, whatever its issuer does */
#define FETCH_WAIT_SECONDS 6 /* for the answer to that */

struct fetch_request {
  uint32_t magic;
  char title[132]; /* of the issuer's section; room for SETTINGS_TITLE_MAX and a NUL */
};

struct fetch_answer {
  uint32_t magic;
  uint32_t reason; /* enum reason; REASON_OK: the cache is as new as it may be */
  char text[512];  /* what was done, or what went wrong and what helps */
};

#endif
