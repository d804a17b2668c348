#include "trace.h"

#include <stddef.h>

void trace_step(const struct trace *trace, const char *step, const char *detail, bool held, const char *found,
                const char *wanted) {
  if (trace == NULL || trace->step == NULL) return;
  struct trace_step made = {.step = step, .detail = detail, .held = held, .found = found, .wanted = wanted};
  trace->step(trace->context, &made);
}
