/* libConfuse's part: the values. The scan has settled before what there is, and where. */
#include <stdio.h>
#include <string.h>

#include "loader.h"

#define OPTIONS_MAX 24

static char confuse_message[256]; /* libConfuse's callback has no context */

static void note_error(cfg_t *cfg, const char *format, va_list arguments) PRINTF_LIKE(2, 0);
static void note_error(cfg_t *cfg, const char *format, va_list arguments) {
  (void)cfg;
  vsnprintf(confuse_message, sizeof(confuse_message), format, arguments);
}

/* Everything is text to libConfuse: its own numbers and booleans are too lenient. */
static cfg_opt_t *add_options(const struct section_kind *kind, cfg_opt_t *to) {
  for (size_t i = 0; i < kind->option_count; i++) {
    const char *name = kind->options[i].name;
    if (kind->options[i].type == OPTION_LIST)
      *to++ = (cfg_opt_t)CFG_STR_LIST(name, NULL, CFGF_NODEFAULT);
    else
      *to++ = (cfg_opt_t)CFG_STR(name, NULL, CFGF_NODEFAULT);
  }
  *to = (cfg_opt_t)CFG_END();
  return to;
}

/* libConfuse copies these tables. */
static cfg_t *new_reader(void) {
  cfg_opt_t sections[SECTION_KINDS][OPTIONS_MAX];
  cfg_opt_t top[OPTIONS_MAX];
  cfg_opt_t *to = add_options(&kind_top, top);
  for (size_t i = 0; section_kinds[i]; i++) {
    const struct section_kind *kind = section_kinds[i];
    add_options(kind, sections[i]);
    *to++ = (cfg_opt_t)CFG_SEC(kind->name, sections[i],
                               kind->titled ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES : CFGF_NODEFAULT);
  }
  *to = (cfg_opt_t)CFG_END();
  return cfg_init(top, CFGF_NONE);
}

bool confuse_parse(struct loader *loader, struct source *source) {
  source->cfg = new_reader();
  if (!source->cfg) return loader_out_of_memory(loader);
  cfg_set_error_function(source->cfg, note_error);
  confuse_message[0] = '\0';
  if (cfg_parse_buf(source->cfg, source->bytes) == CFG_SUCCESS) return true;
  return loader_fail(loader, source->name, source->cfg->line, "libConfuse: %s", confuse_message);
}

static cfg_t *find_section(const struct seen_section *section, const struct seen_option *seen) {
  cfg_t *root = seen->source->cfg;
  if (section->kind == &kind_top) return root;
  cfg_t *found = cfg_getnsec(root, section->kind->name, section->index);
  if (!found || !section->title) return found;
  return cfg_title(found) && strcmp(cfg_title(found), section->title) == 0 ? found : NULL;
}

cfg_opt_t *confuse_values(const struct seen_section *section, const struct seen_option *seen) {
  cfg_t *found = find_section(section, seen);
  cfg_opt_t *values = found ? cfg_getopt(found, seen->option->name) : NULL;
  return values && cfg_opt_size(values) == seen->values ? values : NULL;
}
