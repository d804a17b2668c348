#include "loader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One line, printable, whatever the file held. */
static void make_printable(char *text) {
  for (; *text; text++)
    if (*text < ' ' || *text > '~') *text = '?';
}

static bool fail_with(struct loader *loader, const char *file, int line, const char *format, va_list arguments)
    PRINTF_LIKE(4, 0);
static bool fail_with(struct loader *loader, const char *file, int line, const char *format, va_list arguments) {
  struct settings_error *error = loader->error;
  int used = line ? snprintf(error->text, sizeof(error->text), "%s:%d: ", file, line)
                  : snprintf(error->text, sizeof(error->text), "%s: ", file);
  if (used >= 0 && (size_t)used < sizeof(error->text))
    vsnprintf(error->text + used, sizeof(error->text) - (size_t)used, format, arguments);
  make_printable(error->text);
  loader->reason = REASON_SETTINGS_INVALID;
  return false;
}

bool loader_fail(struct loader *loader, const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail_with(loader, file, line, format, arguments);
  va_end(arguments);
  return false;
}

bool option_fail(struct loader *loader, const struct seen_section *section, const char *option, const char *format,
                 ...) {
  const struct seen_option *seen = seen_option(section, option);
  va_list arguments;
  va_start(arguments, format);
  fail_with(loader, seen ? seen->source->name : section->source->name, seen ? seen->line : section->line, format,
            arguments);
  va_end(arguments);
  return false;
}

bool loader_out_of_memory(struct loader *loader) {
  snprintf(loader->error->text, sizeof(loader->error->text), "%s", reason_text(REASON_OUT_OF_MEMORY));
  loader->reason = REASON_OUT_OF_MEMORY;
  return false;
}

const struct seen_option *seen_option(const struct seen_section *section, const char *name) {
  for (const struct seen_option *seen = section->options; seen; seen = seen->next)
    if (strcmp(seen->option->name, name) == 0) return seen;
  return NULL;
}
