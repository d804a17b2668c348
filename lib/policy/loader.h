/* What the parts of the settings loader share: the files, what was seen in them and where, and the first error. */
#ifndef JWT_LOGIN_POLICY_LOADER_H
#define JWT_LOGIN_POLICY_LOADER_H

#include <confuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "compiler.h"
#include "settings.h"

#define SETTINGS_FILE_MAX (1024 * 1024) /* bytes */

enum option_type { OPTION_TEXT, OPTION_LIST, OPTION_FLAG, OPTION_DURATION, OPTION_NUMBER };

/* One row of a section's table. The field that it fills has the type of the option: const char *, const char *const *,
 * bool, int64_t, int64_t. */
struct option {
  const char *name;
  enum option_type type;
  size_t offset;           /* of the field in the section's draft */
  bool required;           /* else unset is `fallback`, `list`, 0, NULL or the empty list */
  const char *fallback;    /* as it would be written */
  const char *const *list; /* the fallback of a list */
  int64_t min;             /* of durations (seconds) and numbers */
  int64_t max;
};

struct section_kind {
  const char *name; /* "issuer"; "" for what stands outside every section */
  bool titled;
  const struct option *options;
  size_t option_count;
};

/* A file of the settings. */
struct source {
  const char *name;
  char *bytes; /* NUL-terminated; the scan blanks comments in it */
  size_t size;
  cfg_t *cfg;
};

/* Where an option stands. */
struct seen_option {
  const struct option *option;
  const struct source *source;
  int line;
  size_t values;
  struct seen_option *next;
};

/* Where a section stands. */
struct seen_section {
  const struct section_kind *kind;
  const char *title; /* NULL when the kind has none */
  const struct source *source;
  int line;
  unsigned index; /* among the sections of this kind in this file */
  struct seen_option *options;
  struct seen_section *next;
};

struct loader {
  struct arena *arena;
  struct settings_error *error;
  enum reason reason; /* of the first failure */
  struct source *sources;
  size_t source_count;
  struct seen_section top; /* outside every section, in all files */
  struct seen_section *sections;
  struct seen_section **last;
};

/* Note the failure; both return false. The text is made printable. line 0: none. */
bool loader_fail(struct loader *loader, const char *file, int line, const char *format, ...) PRINTF_LIKE(4, 5);
bool loader_out_of_memory(struct loader *loader);

/* Note a failure at an option's own line; at the section's when the option is not set. */
bool option_fail(struct loader *loader, const struct seen_section *section, const char *option, const char *format, ...)
    PRINTF_LIKE(4, 5);

const struct seen_option *seen_option(const struct seen_section *section, const char *name);

/* ---- the tables (options.c) ---- */

struct issuer_draft {
  struct issuer issuer;
  const char *keys;
  const char *issued_at;
  const char *audience_claim;
};

struct rule_draft {
  struct rule rule;
  const char *const *when;
  bool any;
  const char *session;
  const char *membership;
};

struct accounts_draft {
  struct account_settings accounts;
  int64_t uid_min;
  int64_t uid_max;
};

struct account_draft {
  struct declared_account account;
  int64_t uid;
  const char *issuer; /* a section's title */
};

struct group_draft {
  int64_t gid; /* 0: not set */
};

struct top_draft {
  const char *hostname;
};

extern const struct section_kind kind_top, kind_issuer, kind_rule, kind_accounts, kind_account, kind_group;

/* The sections that may stand in a file, NULL-terminated. */
#define SECTION_KINDS 5
extern const struct section_kind *const section_kinds[SECTION_KINDS + 1];

/* By name; NULL when there is none. */
const struct option *option_find(const struct section_kind *kind, const char *name);

/* Fill a section's draft from what libConfuse read, and from the defaults. */
bool section_fill(struct loader *loader, const struct seen_section *section, void *draft);

/* ---- the steps ---- */

/*
 * Go through a file with libConfuse's lexical rules and none of its leniency: note every section and option with its
 * line, blank the comments, and refuse what is cut off, repeated, unknown or would be read otherwise than it looks.
 */
bool scan_source(struct loader *loader, struct source *source);

/* Have libConfuse read a scanned source. */
bool confuse_parse(struct loader *loader, struct source *source);

/* What libConfuse read of an option; NULL when it does not agree with the scan on what there is. */
cfg_opt_t *confuse_values(const struct seen_section *section, const struct seen_option *seen);

/* Check the drafts and make of them what the settings hold. */
bool issuer_finish(struct loader *loader, const struct seen_section *section, const char *hostname,
                   struct issuer_draft *draft);
bool issuer_finish_keys(struct loader *loader, const struct seen_section *section, struct issuer_draft *draft);
bool rule_finish(struct loader *loader, const struct seen_section *section, struct rule_draft *draft);
bool accounts_finish(struct loader *loader, const struct seen_section *section, struct accounts_draft *draft);
bool account_finish(struct loader *loader, const struct seen_section *section, const struct settings *settings,
                    struct account_draft *draft);
bool group_finish(struct loader *loader, const struct seen_section *section, const struct account_settings *accounts,
                  const struct group_draft *draft, struct group_settings *ret);

/* Whether what the rule says of accounts and groups fits the account and group sections. */
bool rule_fits_sections(struct loader *loader, const struct seen_section *section, const struct rule *rule,
                        const struct account_settings *accounts);

/* Parse `CLAIM OP VALUE`. On failure *ret_wrong says in one clause what is wrong, NULL for memory. */
bool condition_parse(struct arena *arena, const char *text, struct condition *ret, const char **ret_wrong);

/* True when no token can fulfil both. */
bool conditions_contradict(const struct condition *a, const struct condition *b);

/* False for a JSON Pointer (what starts with '/') that is not well formed, and for no name at all. */
bool claim_name_valid(const char *name);

#endif
