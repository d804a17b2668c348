/* Whether verified claims fulfil a condition. */
#ifndef JWT_LOGIN_POLICY_CONDITION_H
#define JWT_LOGIN_POLICY_CONDITION_H

#include <stdbool.h>

#include "settings.h"
#include "trace.h"
#include "verified_claims.h"

/* trace: may be NULL; one step. */
bool condition_holds(const struct condition *condition, const struct verified_claims *claims,
                     const struct trace *trace);

/* Trace a step whose found value is a claim (NULL: absent), shown as short JSON in ASCII. */
void trace_claim(const struct trace *trace, const char *step, const char *detail, bool held, const json_t *found,
                 const char *wanted);

#endif
