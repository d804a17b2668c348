/* Which URLs key sets are fetched from. */
#ifndef JWT_LOGIN_URLS_H
#define JWT_LOGIN_URLS_H

#include <stdbool.h>

/* What url_is_fetchable asks for, in one clause, for messages. */
#define URL_FETCHABLE_TEXT "an https:// URL (http:// to this host's loopback only) without user, fragment and blanks"

/*
 * True for https://HOST[:PORT][/PATH][?QUERY], and for the same with http:// where HOST is localhost, [::1] or an
 * IPv4 address in 127.0.0.0/8 written with its four numbers. The scheme is in lower case, the characters are those of
 * RFC 3986; a user, a fragment, a port that is none and a percent sign in HOST are refused. NULL is false.
 */
bool url_is_fetchable(const char *url);

#endif
