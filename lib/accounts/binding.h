/* Whose an account is: an issuer and a subject, as the ledger holds them. */
#ifndef JWT_LOGIN_ACCOUNTS_BINDING_H
#define JWT_LOGIN_ACCOUNTS_BINDING_H

#include <stdbool.h>

/* Who binds an account is shown on terminals and in logs, for as long as the account lives: no control characters. */
bool binding_is_printable(const char *issuer, const char *subject);

/* The same, and neither is empty or longer than a token. */
bool binding_is_whole(const char *issuer, const char *subject);

#endif
