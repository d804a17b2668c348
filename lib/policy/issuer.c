/* The checks of an issuer section that go beyond the types of its options. */
#include <stdio.h>
#include <string.h>

#include "loader.h"

/* The names that the verifier knows where OpenSSL offers all of them; tests/unit compares the two. RFC 9864 registers
 * ESP256 and its kin for COSE alone: JOSE has ES256. */
static const char *const algorithms[] = {"RS256",     "RS384",     "RS512",     "PS256", "PS384",   "PS512",
                                         "ES256",     "ES384",     "ES512",     "EdDSA", "Ed25519", "Ed448",
                                         "ML-DSA-44", "ML-DSA-65", "ML-DSA-87", NULL};

const char *const *settings_algorithms(void) {
  return algorithms;
}

/* The first nine: those that SPIFFE's JWT-SVID, section 2, allows. */
#define SPIFFE_ALGORITHMS 9

static bool check_algorithms(struct loader *loader, const struct seen_section *section,
                             const struct issuer_draft *draft) {
  const char *allowed[COUNT_OF(algorithms)] = {NULL};
  char text[200] = "";
  for (size_t i = 0; algorithms[i] && !(draft->issuer.trust_domain && i == SPIFFE_ALGORITHMS); i++) {
    allowed[i] = algorithms[i];
    snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", algorithms[i]);
  }
  for (const char *const *name = draft->issuer.algorithms; *name; name++)
    if (!name_is_listed(allowed, *name))
      return option_fail(loader, section, "algorithms", "`algorithms` names \"%.40s\"; there are %s%s", *name, text,
                         draft->issuer.trust_domain ? " for SPIFFE" : "");
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

#define TRUST_DOMAIN_MAX 255 /* bytes */

static bool is_visible_ascii(const char *text) {
  while (*text > ' ' && *text <= '~')
    text++;
  return *text == '\0';
}

/* SPIFFE-ID, section 2.1: the characters and the size of a trust domain. */
static bool finish_url(struct loader *loader, const struct seen_section *section, struct issuer_draft *draft) {
  static const char spiffe[] = "spiffe://", trust_domain[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
  const char *url = draft->issuer.url, *rest = url + strlen(spiffe);
  if (!is_visible_ascii(url) || strlen(url) > ISSUER_URL_MAX)
    return option_fail(loader, section, "url",
                       "`url` is \"%.80s\"; expected the token's iss, byte for byte, at most %d and no blanks", url,
                       ISSUER_URL_MAX);
  if (strncmp(url, spiffe, strlen(spiffe)) != 0) return true;
  size_t size = strspn(rest, trust_domain);
  if (size == 0 || size > TRUST_DOMAIN_MAX || rest[size])
    return option_fail(loader, section, "url",
                       "`url` is \"%.80s\"; expected spiffe://TRUSTDOMAIN, at most %d of a-z 0-9 - . _", url,
                       TRUST_DOMAIN_MAX);
  draft->issuer.trust_domain = rest;
  return true;
}

static bool check_alias(struct loader *loader, const struct seen_section *section, const struct issuer_draft *draft) {
  const char *alias = draft->issuer.alias;
  return !alias || (is_visible_ascii(alias) && strlen(alias) <= SETTINGS_TITLE_MAX) ||
         option_fail(loader, section, "alias", "`alias` is \"%.80s\"; expected at most %d ASCII characters, no blanks",
                     alias, SETTINGS_TITLE_MAX);
}

/* One of two words: true for the second. */
static bool read_choice(struct loader *loader, const struct seen_section *section, const char *option, const char *text,
                        const char *const words[2], bool *ret) {
  *ret = strcmp(text, words[1]) == 0;
  return *ret || strcmp(text, words[0]) == 0 ||
         option_fail(loader, section, option, "`%s` is \"%.60s\"; expected \"%s\" or \"%s\"", option, text, words[0],
                     words[1]);
}

static bool finish_choices(struct loader *loader, const struct seen_section *section, struct issuer_draft *draft) {
  static const char *const issued_at[2] = {"required", "optional"}, *const audience_claim[2] = {"aud", "client_id"};
  return read_choice(loader, section, "issued_at", draft->issued_at, issued_at, &draft->issuer.issued_at_optional) &&
         read_choice(loader, section, "audience_claim", draft->audience_claim, audience_claim,
                     &draft->issuer.audience_is_client_id);
}

/* The JWT-SVID specification says what these are. */
static bool check_spiffe(struct loader *loader, const struct seen_section *section, const struct issuer_draft *draft) {
  static const char *const settled[] = {"type", "authorized_party", "audience_claim"};
  if (!draft->issuer.trust_domain) return true;
  for (size_t i = 0; i < COUNT_OF(settled); i++)
    if (seen_option(section, settled[i]))
      return option_fail(loader, section, settled[i], "`%s` is not for a spiffe:// issuer: JWT-SVID settles it",
                         settled[i]);
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
  return finish_url(loader, section, draft) && check_alias(loader, section, draft) &&
         finish_audiences(loader, section, hostname, draft) && check_algorithms(loader, section, draft) &&
         issuer_finish_keys(loader, section, draft) && finish_choices(loader, section, draft) &&
         check_spiffe(loader, section, draft) && check_required_claims(loader, section, draft);
}
