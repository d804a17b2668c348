/* Who acts for a token's subject: RFC 8693 section 4.1. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "verified_claims.h"

#define CUT "..."

struct out {
  char *at;
  size_t left; /* without the sign that something was cut, and the NUL */
  bool cut;
};

static void put_char(struct out *out, unsigned char c, bool plain) {
  char text[4];
  size_t size = (size_t)snprintf(text, sizeof text, plain ? "%c" : "%%%02X", c);
  out->cut = out->cut || size > out->left;
  if (out->cut) return;
  memcpy(out->at, text, size);
  out->at += size;
  out->left -= size;
}

/* A word of the text: what would end it, or is not printable, is written as in a URL. */
static void put_word(struct out *out, const char *word) {
  for (const unsigned char *c = (const unsigned char *)word; *c != '\0' && !out->cut; c++)
    put_char(out, *c, *c > ' ' && *c <= '~' && strchr(",%\"\\", *c) == NULL);
}

static void put_actor(struct out *out, const json_t *actor) {
  const char *issuer = json_string_value(json_object_get(actor, "iss"));
  const char *subject = json_string_value(json_object_get(actor, "sub"));
  if (issuer != NULL) put_word(out, issuer);
  if (issuer != NULL) put_char(out, ' ', true);
  put_word(out, subject != NULL && *subject != '\0' ? subject : "?");
}

void verified_claims_actors(const struct verified_claims *claims, char ret[ACTORS_SIZE]) {
  struct out out = {ret, ACTORS_SIZE - sizeof CUT, false};
  const json_t *actor = verified_claims_find(claims, "act");
  for (bool first = true; actor != NULL && !json_is_null(actor) && !out.cut; first = false) {
    if (!first) put_char(&out, ',', true);
    put_actor(&out, actor);
    actor = json_object_get(actor, "act");
  }
  memcpy(out.at, out.cut ? CUT : "", out.cut ? sizeof CUT : 1);
}
