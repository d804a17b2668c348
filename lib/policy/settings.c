/* Loading: list the files, read them, scan them, have libConfuse read them, fill and check, cross-check. */
#include "settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader.h"

struct loaded {
  struct settings settings; /* first: what the caller holds */
  struct arena arena;
};

/* ---- the files ---- */

static bool fail_reason(struct loader *loader, enum reason reason, const char *file, const char *what) {
  loader_fail(loader, file, 0, "%s", what);
  loader->reason = reason;
  return false;
}

static bool add_source(struct loader *loader, const char *name) {
  struct source *grown = reallocarray(loader->sources, loader->source_count + 1, sizeof(*grown));
  if (!grown) return loader_out_of_memory(loader);
  loader->sources = grown;
  char *copy = arena_copy(loader->arena, name, strlen(name));
  if (!copy) return loader_out_of_memory(loader);
  grown[loader->source_count++] = (struct source){.name = copy};
  return true;
}

static int is_conf(const struct dirent *entry) {
  size_t length = strlen(entry->d_name);
  return entry->d_name[0] != '.' && length > strlen(".conf") &&
         strcmp(entry->d_name + length - strlen(".conf"), ".conf") == 0;
}

/* Not alphasort, which follows the locale. */
static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add_names(struct loader *loader, const char *folder, struct dirent **names, int count) {
  bool added = true;
  for (int i = 0; i < count; i++) {
    char *path = NULL;
    added = added && (asprintf(&path, "%s/%s", folder, names[i]->d_name) >= 0 || loader_out_of_memory(loader)) &&
            add_source(loader, path);
    free(path);
    free(names[i]);
  }
  free(names);
  return added;
}

static bool folder_is_safe(int fd, enum file_trust trust) {
  struct stat stat;
  if (fstat(fd, &stat) < 0) return false;
  return trust != FILE_OWNED_BY_ROOT || (stat.st_uid == 0 && !(stat.st_mode & (S_IWGRP | S_IWOTH)));
}

static bool add_folder(struct loader *loader, const char *folder, enum file_trust trust) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return true;
  if (fd < 0) return fail_reason(loader, REASON_FILE_UNSAFE, folder, "is no folder that can be read");
  bool safe = folder_is_safe(fd, trust);
  struct dirent **names = NULL;
  int count = safe ? scandirat(fd, ".", &names, is_conf, by_name) : 0;
  close(fd);
  if (!safe)
    return fail_reason(loader, REASON_FILE_UNSAFE, folder, "must belong to root, and no other may write to it");
  if (count < 0) return fail_reason(loader, REASON_SETTINGS_INVALID, folder, strerror(errno));
  return add_names(loader, folder, names, count);
}

static bool read_source(struct loader *loader, struct source *source, enum file_trust trust) {
  enum reason reason = trusted_file_read(source->name, trust, SETTINGS_FILE_MAX, &source->bytes, &source->size);
  switch (reason) {
  case REASON_OK:
    return true;
  case REASON_OUT_OF_MEMORY:
    return loader_out_of_memory(loader);
  case REASON_SETTINGS_MISSING:
    return fail_reason(loader, reason, source->name, "does not exist");
  case REASON_FILE_UNSAFE:
    return fail_reason(loader, reason, source->name,
                       trust == FILE_OWNED_BY_ROOT
                           ? "must be a regular file (no link, at most 1 MiB) that belongs to root, "
                             "and no other may write to it or to a folder above"
                           : "must be a regular file (no link, at most 1 MiB)");
  default:
    return fail_reason(loader, REASON_SETTINGS_INVALID, source->name, strerror(errno));
  }
}

/* A file that is still to be written. */
struct draft_file {
  const char *name, *text;
};

static bool add_draft(struct loader *loader, const struct draft_file *draft) {
  if (!add_source(loader, draft->name)) return false;
  struct source *source = &loader->sources[loader->source_count - 1];
  source->bytes = strdup(draft->text);
  source->size = strlen(draft->text);
  return source->bytes || loader_out_of_memory(loader);
}

/* Which settings to load. */
struct selection {
  const char *path, *conf_d;
  enum file_trust trust;
  const struct draft_file *draft; /* NULL: none */
};

static bool read_all(struct loader *loader, const struct selection *selection) {
  enum file_trust trust = selection->trust;
  if (!add_source(loader, selection->path) || (selection->conf_d && !add_folder(loader, selection->conf_d, trust)))
    return false;
  for (size_t i = 0; i < loader->source_count; i++)
    if (!read_source(loader, &loader->sources[i], trust)) return false;
  return !selection->draft || add_draft(loader, selection->draft);
}

/* FNV-1a of 64 bits (Fowler, Noll, Vo). */
static uint64_t fnv1a(uint64_t hash, const void *data, size_t size) {
  const unsigned char *bytes = data;
  for (size_t i = 0; i < size; i++)
    hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

static uint64_t fingerprint(const struct loader *loader) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < loader->source_count; i++) {
    const struct source *source = &loader->sources[i];
    uint64_t size = source->size;
    hash = fnv1a(hash, source->name, strlen(source->name) + 1);
    hash = fnv1a(hash, &size, sizeof(size));
    hash = fnv1a(hash, source->bytes, source->size);
  }
  return hash;
}

static bool parse_all(struct loader *loader) {
  loader->top = (struct seen_section){.kind = &kind_top, .source = &loader->sources[0], .line = 1};
  loader->last = &loader->sections;
  for (size_t i = 0; i < loader->source_count; i++)
    if (!scan_source(loader, &loader->sources[i])) return false;
  for (size_t i = 0; i < loader->source_count; i++)
    if (!confuse_parse(loader, &loader->sources[i])) return false;
  return true;
}

static void free_sources(struct loader *loader) {
  for (size_t i = 0; i < loader->source_count; i++) {
    if (loader->sources[i].cfg) cfg_free(loader->sources[i].cfg);
    free(loader->sources[i].bytes);
  }
  free(loader->sources);
}

/* ---- the sections ---- */

static const struct seen_section *next_of(const struct seen_section *section, const struct section_kind *kind) {
  while (section && section->kind != kind)
    section = section->next;
  return section;
}

static size_t count_of(const struct loader *loader, const struct section_kind *kind) {
  size_t count = 0;
  for (const struct seen_section *at = next_of(loader->sections, kind); at; at = next_of(at->next, kind))
    count++;
  return count;
}

static bool same_keys(const struct issuer *a, const struct issuer *b) {
  if (a->key_source != b->key_source) return false;
  return a->key_source == KEYS_DISCOVERED || strcmp(a->key_location, b->key_location) == 0;
}

/* Such an issuer would pass for the other in the log, and in the ledger for what the other was without its own alias.
 */
static bool takes_url_of(const struct issuer *issuer, const struct issuer *other) {
  return issuer->alias && strcmp(issuer->alias, other->url) == 0 && strcmp(issuer->url, other->url) != 0;
}

/* Sections may share a url, as Kubernetes clusters do: their keys tell the tokens apart, their aliases the identities.
 */
static bool check_apart(struct loader *loader, const struct seen_section *section, const struct issuer *first,
                        const struct issuer *second) {
  bool share = strcmp(first->url, second->url) == 0;
  if (share && (!first->alias || !second->alias))
    return option_fail(loader, section, "url",
                       "issuer \"%s\" at %s:%d has this `url` already; to share it, each needs an `alias`",
                       first->title, first->file, first->line);
  if (share && same_keys(first, second))
    return option_fail(loader, section, "keys",
                       "issuer \"%s\" at %s:%d has this `url` and the same `keys`, which have to tell the two apart",
                       first->title, first->file, first->line);
  if (strcmp(issuer_identity(first), issuer_identity(second)) == 0)
    return option_fail(loader, section, "alias", "issuer \"%s\" at %s:%d is known as \"%.80s\" already", first->title,
                       first->file, first->line, issuer_identity(first));
  if (takes_url_of(first, second) || takes_url_of(second, first))
    return option_fail(loader, section, "alias",
                       "this and issuer \"%s\" at %s:%d: the `alias` of one is the `url` of the other", first->title,
                       first->file, first->line);
  return true;
}

static bool issuer_is_apart(struct loader *loader, const struct seen_section *section, const struct issuer *issuers,
                            size_t count, const struct issuer *issuer) {
  for (size_t i = 0; i < count; i++)
    if (!check_apart(loader, section, &issuers[i], issuer)) return false;
  return true;
}

static bool load_issuers(struct loader *loader, struct settings *settings) {
  struct issuer *issuers = arena_alloc(loader->arena, (count_of(loader, &kind_issuer) + 1) * sizeof(*issuers));
  if (!issuers) return loader_out_of_memory(loader);
  size_t count = 0;
  const struct seen_section *at = next_of(loader->sections, &kind_issuer);
  for (; at; at = next_of(at->next, &kind_issuer)) {
    struct issuer_draft draft = {0};
    if (!section_fill(loader, at, &draft) || !issuer_finish(loader, at, settings->hostname, &draft) ||
        !issuer_is_apart(loader, at, issuers, count, &draft.issuer))
      return false;
    issuers[count++] = draft.issuer;
  }
  settings->issuers = issuers;
  settings->issuer_count = count;
  return true;
}

static bool load_rules(struct loader *loader, struct settings *settings) {
  struct rule *rules = arena_alloc(loader->arena, (count_of(loader, &kind_rule) + 1) * sizeof(*rules));
  if (!rules) return loader_out_of_memory(loader);
  size_t count = 0;
  const struct seen_section *at = next_of(loader->sections, &kind_rule);
  for (; at; at = next_of(at->next, &kind_rule)) {
    struct rule_draft draft = {0};
    if (!section_fill(loader, at, &draft) || !rule_finish(loader, at, &draft)) return false;
    if (!settings_issuer(settings, draft.rule.issuer))
      return option_fail(loader, at, "issuer", "`issuer` is \"%.80s\", but there is no such issuer section",
                         draft.rule.issuer);
    rules[count++] = draft.rule;
  }
  settings->rules = rules;
  settings->rule_count = count;
  return true;
}

/* The names that a `create` rule could produce. A literal name is its beginning and one more character or several:
 * wider than need be, but NSS only asks whether a name could be. */
static struct name_pattern pattern_of(const struct rule *rule) {
  struct name_pattern pattern = rule->account_pattern;
  if (!rule->account_is_template) memcpy(pattern.prefix, rule->account, strlen(rule->account) - 1);
  return pattern;
}

static bool load_accounts(struct loader *loader, struct settings *settings) {
  struct seen_section none = {.kind = &kind_accounts, .source = &loader->sources[0]};
  const struct seen_section *section = next_of(loader->sections, &kind_accounts);
  struct accounts_draft draft = {0};
  if (!section) section = &none;
  if (!section_fill(loader, section, &draft) || !accounts_finish(loader, section, &draft)) return false;

  struct name_pattern *patterns = arena_alloc(loader->arena, (settings->rule_count + 1) * sizeof(*patterns));
  if (!patterns) return loader_out_of_memory(loader);
  settings->accounts = draft.accounts;
  settings->accounts.patterns = patterns;
  settings->accounts.fingerprint = settings->fingerprint;
  for (size_t i = 0; i < settings->rule_count; i++)
    if (settings->rules[i].create) patterns[settings->accounts.pattern_count++] = pattern_of(&settings->rules[i]);
  return true;
}

static bool load_declared(struct loader *loader, struct settings *settings) {
  struct account_settings *accounts = &settings->accounts;
  struct declared_account *declared =
      arena_alloc(loader->arena, (count_of(loader, &kind_account) + 1) * sizeof(*declared));
  if (!declared) return loader_out_of_memory(loader);
  accounts->declared = declared;
  const struct seen_section *at = next_of(loader->sections, &kind_account);
  for (; at; at = next_of(at->next, &kind_account)) {
    struct account_draft draft = {0};
    if (!section_fill(loader, at, &draft) || !account_finish(loader, at, settings, &draft)) return false;
    declared[accounts->declared_count++] = draft.account;
  }
  return true;
}

static bool load_groups(struct loader *loader, struct settings *settings) {
  struct account_settings *accounts = &settings->accounts;
  struct group_settings *groups = arena_alloc(loader->arena, (count_of(loader, &kind_group) + 1) * sizeof(*groups));
  if (!groups) return loader_out_of_memory(loader);
  accounts->groups = groups;
  const struct seen_section *at = next_of(loader->sections, &kind_group);
  for (; at; at = next_of(at->next, &kind_group)) {
    struct group_draft draft = {0};
    if (!section_fill(loader, at, &draft) ||
        !group_finish(loader, at, accounts, &draft, &groups[accounts->group_count]))
      return false;
    accounts->group_count++;
  }
  return true;
}

/* The rules were loaded in the order of their sections. */
static bool check_rules(struct loader *loader, const struct settings *settings) {
  const struct seen_section *at = next_of(loader->sections, &kind_rule);
  for (size_t i = 0; at; at = next_of(at->next, &kind_rule), i++)
    if (!rule_fits_sections(loader, at, &settings->rules[i], &settings->accounts)) return false;
  return true;
}

static bool load_top(struct loader *loader, struct settings *settings) {
  struct top_draft draft = {0};
  if (!section_fill(loader, &loader->top, &draft)) return false;
  settings->hostname = draft.hostname;
  return true;
}

static bool load_all(struct loader *loader, const struct selection *selection, struct settings *settings) {
  if (!read_all(loader, selection)) return false;
  settings->fingerprint = fingerprint(loader); /* before the scan blanks the comments */
  return parse_all(loader) && load_top(loader, settings) && load_issuers(loader, settings) &&
         load_rules(loader, settings) && load_accounts(loader, settings) && load_declared(loader, settings) &&
         load_groups(loader, settings) && check_rules(loader, settings);
}

static enum reason load(const struct selection *selection, struct settings **ret, struct settings_error *error) {
  struct loaded *loaded = calloc(1, sizeof(*loaded));
  struct arena scratch = {0};
  struct loader loader = {.arena = loaded ? &loaded->arena : &scratch, .error = error, .reason = REASON_OK};
  if (!loaded) {
    loader_out_of_memory(&loader);
  } else if (load_all(&loader, selection, &loaded->settings)) {
    *ret = &loaded->settings;
  } else {
    settings_free(&loaded->settings);
  }
  free_sources(&loader);
  return loader.reason;
}

enum reason settings_load(const char *path, const char *conf_d, enum file_trust trust, struct settings **ret,
                          struct settings_error *error) {
  const struct selection selection = {path, conf_d, trust, NULL};
  return load(&selection, ret, error);
}

enum reason settings_load_with(const char *path, const char *conf_d, enum file_trust trust, const char *name,
                               const char *text, struct settings **ret, struct settings_error *error) {
  const struct draft_file draft = {name, text};
  const struct selection selection = {path, conf_d, trust, &draft};
  return load(&selection, ret, error);
}

void settings_free(struct settings *settings) {
  if (!settings) return;
  struct loaded *loaded = (struct loaded *)settings;
  arena_free(&loaded->arena);
  free(loaded);
}

const char *issuer_identity(const struct issuer *issuer) {
  return issuer->alias ? issuer->alias : issuer->url;
}

const char *issuer_key_place(const struct issuer *issuer) {
  return issuer->key_location ? issuer->key_location : "discovery";
}

bool issuer_keys_are(const struct issuer *issuer, const char *title, const char *url, const char *place) {
  return strcmp(issuer->title, title) == 0 && strcmp(issuer->url, url) == 0 &&
         strcmp(issuer_key_place(issuer), place) == 0;
}

const struct issuer *settings_issuer(const struct settings *settings, const char *title) {
  for (size_t i = 0; i < settings->issuer_count; i++)
    if (strcmp(settings->issuers[i].title, title) == 0) return &settings->issuers[i];
  return NULL;
}

const struct rule *settings_rule(const struct settings *settings, const char *title) {
  for (size_t i = 0; i < settings->rule_count; i++)
    if (strcmp(settings->rules[i].title, title) == 0) return &settings->rules[i];
  return NULL;
}
