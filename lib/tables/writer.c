#include <stdlib.h>
#include <sys/random.h>

#include "recent.h"
#include "shared_folder.h"

static enum reason append_source(struct build *build, const struct account_settings *settings,
                                 const struct table_source *source) {
  const struct build_rules rules = {build->header.key, settings->range,
                                    table_defaults_of(settings->home, settings->shell)};
  enum reason reason = build_groups(build, source->groups, source->group_count, settings->range), failure = REASON_OK;
  struct table_row row;
  while (reason == REASON_OK && source->next(source->context, &row, &failure)) {
    union row_bytes bytes;
    reason = build_make_row(&rules, &row, &bytes);
    if (reason == REASON_OK) reason = build_row(build, &bytes.head);
  }
  return reason == REASON_OK ? failure : reason;
}

static enum reason build_base(struct build *build, const char *directory, const struct account_settings *settings,
                              const struct table_source *source) {
  uint8_t key[TABLE_KEY_SIZE];
  if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key)) return REASON_STATE_UNAVAILABLE;
  enum reason reason = build_open(build, directory, NEW_BASE, TABLE_BASE, key);
  if (reason == REASON_OK) reason = build_settings(build, settings);
  if (reason == REASON_OK) reason = append_source(build, settings, source);
  if (reason == REASON_OK) reason = build_finish(build);
  return reason == REASON_OK ? build_sync(build, 0) : reason;
}

enum reason tables_build(const char *directory, const struct account_settings *settings,
                         const struct table_source *source, struct table_base **ret) {
  struct table_base *base = calloc(1, sizeof(*base));
  if (base == NULL) return REASON_OUT_OF_MEMORY;
  enum reason reason = shared_folder_make(directory) ? REASON_OK : REASON_STATE_UNAVAILABLE;
  if (reason == REASON_OK) reason = build_base(&base->build, directory, settings, source);
  if (reason == REASON_OK) {
    *ret = base;
    return REASON_OK;
  }
  tables_drop(base);
  folder_clean(directory);
  return reason;
}

void tables_drop(struct table_base *base) {
  if (base == NULL) return;
  build_close(&base->build);
  free(base);
}

static void drop(struct table_base **base) {
  tables_drop(*base);
}

enum reason tables_write_all(const char *directory, const struct account_settings *settings,
                             const struct table_source *source) {
  struct table_base *base CLEANUP(drop) = NULL;
  enum reason reason = tables_build(directory, settings, source, &base);
  return reason == REASON_OK ? tables_use(base, NULL) : reason;
}
