/* The checks of an issuer section that are about its key set: where it is, how it is fetched, for how long it is good.
 */
#include <string.h>

#include "loader.h"
#include "urls.h"

#define KEYS_FAIL(option, ...) option_fail(loader, section, option, __VA_ARGS__)

static bool check_path(struct loader *loader, const struct seen_section *section, const char *option,
                       const char *path) {
  return path == NULL || path[0] == '/' ||
         KEYS_FAIL(option, "`%s` is \"%.80s\"; expected an absolute path", option, path);
}

/* RFC 8414, section 2, and OpenID Discovery 1.0, section 3: an issuer has neither query nor fragment. */
static bool finish_discovery(struct loader *loader, const struct seen_section *section, struct issuer_draft *draft) {
  draft->issuer.key_source = KEYS_DISCOVERED;
  if (url_is_fetchable(draft->issuer.url) && !strchr(draft->issuer.url, '?')) return true;
  return KEYS_FAIL("url",
                   "keys cannot be discovered at the `url` \"%.80s\", which is not %s; say with `keys` where they are",
                   draft->issuer.url, URL_FETCHABLE_TEXT);
}

static bool finish_source(struct loader *loader, const struct seen_section *section, struct issuer_draft *draft) {
  static const char file[] = "file:/";
  if (strcmp(draft->keys, "discovery") == 0) return finish_discovery(loader, section, draft);
  if (strncmp(draft->keys, file, strlen(file)) == 0 && draft->keys[strlen(file)]) {
    draft->issuer.key_source = KEYS_IN_FILE;
    draft->issuer.key_location = draft->keys + strlen(file) - 1;
    return true;
  }
  draft->issuer.key_source = KEYS_AT_URL;
  draft->issuer.key_location = draft->keys;
  return url_is_fetchable(draft->keys) ||
         KEYS_FAIL("keys", "`keys` is \"%.80s\"; expected \"discovery\", \"file:/absolute/path\" or %s", draft->keys,
                   URL_FETCHABLE_TEXT);
}

/* A setting without effect would look like one that protects. */
static bool check_fetching(struct loader *loader, const struct seen_section *section,
                           const struct issuer_draft *draft) {
  static const char *const of_fetching[] = {"ca_file", "bearer_file", "max_stale"};
  for (size_t i = 0; draft->issuer.key_source == KEYS_IN_FILE && i < COUNT_OF(of_fetching); i++)
    if (seen_option(section, of_fetching[i]))
      return KEYS_FAIL(of_fetching[i], "`%s` has no effect on keys in a file, which nothing fetches; remove it",
                       of_fetching[i]);
  return true;
}

bool issuer_finish_keys(struct loader *loader, const struct seen_section *section, struct issuer_draft *draft) {
  return finish_source(loader, section, draft) && check_fetching(loader, section, draft) &&
         check_path(loader, section, "ca_file", draft->issuer.ca_file) &&
         check_path(loader, section, "bearer_file", draft->issuer.bearer_file);
}
