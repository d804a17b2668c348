/* The checks of an issuer section that go beyond the types of its options. */
#include <stdio.h>
#include <string.h>

#include "loader.h"

/* The names of token_algorithms_all; tests/unit compares the two. */
static const char *const algorithms[] = {"RS256", "RS384", "RS512", "PS256",   "PS384", "PS512", "ES256",
                                         "ES384", "ES512", "EdDSA", "Ed25519", "Ed448", NULL};

const char *const *settings_algorithms(void) {
  return algorithms;
}

static bool check_algorithms(struct loader *loader, const struct seen_section *section,
                             const struct issuer_draft *draft) {
  char known[160] = "";
  for (const char *const *name = algorithms; *name; name++)
    snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", *known ? " " : "", *name);
  for (const char *const *name = draft->issuer.algorithms; *name; name++)
    if (!name_is_listed(algorithms, *name))
      return option_fail(loader, section, "algorithms", "`algorithms` names \"%.40s\"; there are %s", *name, known);
  return true;
}

#define HOSTNAME "{hostname}"

/* Replace every {hostname} of `text`; NULL when memory ran out. */
static const char *replace_hostname(struct arena *arena, const char *text, const char *hostname) {
  size_t count = 0;
  for (const char *at = strstr(text, HOSTNAME); at; at = strstr(at + 1, HOSTNAME))
    count++;
  char *replaced = arena_alloc(arena, strlen(text) + count * strlen(hostname) + 1);
  for (char *to = replaced; to && *text;) {
    if (strncmp(text, HOSTNAME, strlen(HOSTNAME)) != 0) {
      *to++ = *text++;
    } else {
      memcpy(to, hostname, strlen(hostname));
      to += strlen(hostname);
      text += strlen(HOSTNAME);
    }
  }
  return replaced;
}

/* True when a brace stands in `text` other than around {hostname}. */
static bool other_braces(const char *text) {
  for (; *(text += strcspn(text, "{}")); text += strlen(HOSTNAME))
    if (strncmp(text, HOSTNAME, strlen(HOSTNAME)) != 0) return true;
  return false;
}

static bool finish_audiences(struct loader *loader, const struct seen_section *section, const char *hostname,
                             struct issuer_draft *draft) {
  size_t count = 0;
  while (draft->issuer.audiences[count])
    count++;
  const char **list = arena_alloc(loader->arena, (count + 1) * sizeof(*list));
  if (!list) return loader_out_of_memory(loader);
  for (size_t i = 0; i < count; i++) {
    const char *audience = draft->issuer.audiences[i];
    if (other_braces(audience))
      return option_fail(loader, section, "audience", "`audience` has \"%.80s\"; {hostname} alone is replaced in it",
                         audience);
    if (!hostname && strstr(audience, HOSTNAME))
      return option_fail(loader, section, "audience",
                         "`audience` has {hostname}, but the `hostname` setting is not set");
    list[i] = replace_hostname(loader->arena, audience, hostname ? hostname : "");
    if (!list[i]) return loader_out_of_memory(loader);
  }
  draft->issuer.audiences = list;
  return true;
}

static bool check_url(struct loader *loader, const struct seen_section *section, const struct issuer_draft *draft) {
  for (const char *c = draft->issuer.url; *c; c++)
    if (*c <= ' ' || *c > '~')
      return option_fail(loader, section, "url",
                         "`url` is \"%.80s\"; expected the token's iss, byte for byte, without blanks",
                         draft->issuer.url);
  return true;
}

static bool finish_keys(struct loader *loader, const struct seen_section *section, struct issuer_draft *draft) {
  static const char prefix[] = "file:/";
  if (strncmp(draft->keys, prefix, strlen(prefix)) != 0 || !draft->keys[strlen(prefix)])
    return option_fail(loader, section, "keys", "`keys` is \"%.80s\"; there is \"file:/absolute/path\" alone",
                       draft->keys);
  draft->issuer.key_file = draft->keys + strlen(prefix) - 1;
  return true;
}

static bool check_required_claims(struct loader *loader, const struct seen_section *section,
                                  const struct issuer_draft *draft) {
  for (const char *const *name = draft->issuer.required_claims; *name; name++)
    if (!claim_name_valid(*name))
      return option_fail(loader, section, "require", "`require` names \"%.80s\", which is no JSON Pointer", *name);
  return true;
}

bool issuer_finish(struct loader *loader, const struct seen_section *section, const char *hostname,
                   struct issuer_draft *draft) {
  draft->issuer.title = section->title;
  draft->issuer.file = section->source->name;
  draft->issuer.line = section->line;
  return check_url(loader, section, draft) && finish_audiences(loader, section, hostname, draft) &&
         check_algorithms(loader, section, draft) && finish_keys(loader, section, draft) &&
         check_required_claims(loader, section, draft);
}
