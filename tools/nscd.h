/* A name service cache between programs and the NSS module: it knows nothing of first logins, nor of rights that end.
 */
#ifndef JWT_LOGIN_NSCD_H
#define JWT_LOGIN_NSCD_H

/* What the administrator is to know when nscd(8), or one that speaks its protocol, answers for users or groups on this
 * host: one clause, with the mend. NULL when none does. */
const char *nscd_warning(void);

#endif
