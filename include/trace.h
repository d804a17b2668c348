/* How a decision is explained while it is made: one call a step. A NULL trace says nothing. */
#ifndef JWT_LOGIN_TRACE_H
#define JWT_LOGIN_TRACE_H

#include <stdbool.h>

struct trace_step {
  const char *step;   /* the step of the decision: "header", "signature", "audience", "rule" ... */
  const char *detail; /* what it is about: a rule's title, a condition's text; may be NULL */
  bool held;
  const char *found;  /* the value found, or NULL; hostile text: the receiver escapes it */
  const char *wanted; /* the value wanted, or NULL */
};

struct trace {
  void (*step)(void *context, const struct trace_step *step);
  void *context;
};

void trace_step(const struct trace *trace, const char *step, const char *detail, bool held, const char *found,
                const char *wanted);

#endif
