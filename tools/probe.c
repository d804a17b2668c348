#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetcher.h"
#include "text.h"

/* ---- taking the lines apart ---- */

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \xNN back to its byte, in place. False for another escape and for NUL. */
static bool unescape(char *text) {
  char *to = text;
  while (*text != '\0') {
    if (*text != '\\') {
      *to++ = *text++;
      continue;
    }
    int high = text[1] == 'x' ? hex_digit(text[2]) : -1, low = high < 0 ? -1 : hex_digit(text[3]);
    if (low < 0 || (high == 0 && low == 0)) return false;
    *to++ = (char)(high << 4 | low);
    text += 4;
  }
  *to = '\0';
  return true;
}

#define CELLS 8

/* The cells of a line, NULL for one that is "-"; returns their number, 0 when there are too many or one is not well
 * formed. */
static size_t split(char *line, const char *cells[CELLS]) {
  size_t count = 0;
  for (char *cell; (cell = strsep(&line, "\t")) != NULL; count++) {
    if (count == CELLS) return 0;
    cells[count] = strcmp(cell, "-") == 0 ? NULL : cell;
    if (!unescape(cell)) return 0;
  }
  return count;
}

static bool take_key(const char *const cells[CELLS], struct probe *probe) {
  enum { KID = 1, KTY, CRV, BITS, ALG, USE, STATE };
  int64_t bits;
  if (probe->key_count == PROBE_KEYS_MAX || cells[BITS] == NULL || cells[STATE] == NULL ||
      !parse_number(cells[BITS], 0, 1 << 20, &bits))
    return false;
  bool usable = strcmp(cells[STATE], "usable") == 0;
  probe->keys[probe->key_count++] = (struct key_info){.kid = cells[KID],
                                                      .kty = cells[KTY] != NULL ? cells[KTY] : "",
                                                      .crv = cells[CRV],
                                                      .alg = cells[ALG],
                                                      .use = cells[USE],
                                                      .unusable = usable ? NULL : cells[STATE],
                                                      .bits = (int)bits};
  probe->usable += usable;
  return true;
}

static bool take_algorithm(const char *name, struct probe *probe) {
  size_t count = 0;
  while (probe->algorithms[count] != NULL)
    count++;
  if (count == PROBE_ALGORITHMS_MAX) return false;
  if (name_is_listed(settings_algorithms(), name)) probe->algorithms[count] = name;
  return true;
}

static bool take_clock(const char *seconds, struct probe *probe) {
  bool behind = seconds[0] == '-';
  probe->dated = parse_number(seconds + behind, 0, INT64_MAX, &probe->clock_ahead);
  if (behind) probe->clock_ahead = -probe->clock_ahead;
  return probe->dated;
}

static bool take_line(char *line, struct probe *probe) {
  const char *cells[CELLS];
  size_t count = split(line, cells);
  if (count == 0 || cells[0] == NULL) return false;
  if (count == CELLS && strcmp(cells[0], "key") == 0) return take_key(cells, probe);
  if (count != 2 || cells[1] == NULL) return false;
  if (strcmp(cells[0], "algorithm") == 0) return take_algorithm(cells[1], probe);
  if (strcmp(cells[0], "refresh") == 0) return parse_number(cells[1], 0, INT32_MAX, &probe->refresh);
  if (strcmp(cells[0], "clock") == 0) return take_clock(cells[1], probe);
  if (strcmp(cells[0], "location") == 0) probe->location = cells[1];
  return strcmp(cells[0], "location") == 0 || strcmp(cells[0], "issuer") == 0;
}

bool probe_parse(char *text, struct probe *ret) {
  *ret = (struct probe){.location = "", .text = text};
  ret->keys = calloc(PROBE_KEYS_MAX, sizeof *ret->keys);
  if (ret->keys == NULL) return false;
  for (char *line; (line = strsep(&text, "\n")) != NULL;)
    if (*line != '\0' && !take_line(line, ret)) return false;
  return true;
}

void probe_clear(struct probe *probe) {
  free(probe->keys);
  free(probe->text);
  *probe = (struct probe){0};
}

/* ---- asking ---- */

static size_t add_option(const char **arguments, size_t count, const char *option, const char *value) {
  if (value == NULL) return count;
  arguments[count++] = option;
  arguments[count++] = value;
  return count;
}

bool probe_issuer(const struct issuer *issuer, struct probe *ret, char *error) {
  const char *arguments[9] = {0};
  struct fetcher_answer answer;
  size_t count = add_option(arguments, 0, "--probe", issuer->url);
  count = add_option(arguments, count, "--keys", issuer->key_location);
  count = add_option(arguments, count, "--ca-file", issuer->ca_file);
  add_option(arguments, count, "--bearer-file", issuer->bearer_file);
  *ret = (struct probe){.location = ""};

  bool done = fetcher_run(arguments, &answer);
  bool parsed = answer.output == NULL || probe_parse(answer.output, ret);
  if (ret->text != NULL) answer.output = NULL;
  snprintf(error, FETCHER_ERROR_SIZE, "%s",
           parsed ? answer.error
                  : "jwt-fetch-keys answered in another form; are all "
                    "parts of one version?");
  fetcher_clear(&answer);
  return done && parsed;
}

/* ---- what it means ---- */

/* What a key without alg serves: the first is what is usual. */
static bool type_serves(const struct key_info *key, const char *algorithm, bool usual_only) {
  static const struct {
    const char *type; /* the curve, or else the type */
    const char *algorithms[7];
  } types[] = {
      {"RSA", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}},
      {"P-256", {"ES256"}},
      {"P-384", {"ES384"}},
      {"P-521", {"ES512"}},
      {"Ed25519", {"EdDSA", "Ed25519"}},
      {"Ed448", {"EdDSA", "Ed448"}},
  };
  const char *type = key->crv != NULL ? key->crv : key->kty;
  for (size_t i = 0; i < COUNT_OF(types); i++)
    if (strcmp(types[i].type, type) == 0)
      return usual_only ? strcmp(types[i].algorithms[0], algorithm) == 0
                        : name_is_listed(types[i].algorithms, algorithm);
  return false;
}

bool probe_offers(const struct probe *probe, const char *algorithm) {
  bool named = probe->algorithms[0] != NULL;
  if (named && !name_is_listed(probe->algorithms, algorithm)) return false;
  for (size_t i = 0; i < probe->key_count; i++) {
    const struct key_info *key = &probe->keys[i];
    if (key->unusable != NULL) continue;
    if (key->alg != NULL ? strcmp(key->alg, algorithm) == 0 : type_serves(key, algorithm, !named)) return true;
  }
  return false;
}

/* ---- showing ---- */

const char *const key_heads[] = {"KID", "TYPE", "BITS", "ALG", "USE", "STATE", NULL};

bool key_add_row(struct table *table, const struct key_info *key) {
  char bits[16] = "", state[160] = "usable";
  if (key->bits > 0) snprintf(bits, sizeof bits, "%d", key->bits);
  if (key->unusable != NULL) snprintf(state, sizeof state, "unusable: %s", key->unusable);
  const char *cells[] = {key->kid, key->crv != NULL ? key->crv : key->kty, bits, key->alg, key->use, state};
  return table_add(table, cells);
}

json_t *key_json(const struct key_info *key) {
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:i, s:b, s:o}", "kid", json_text(key->kid), "kty", json_text(key->kty),
                   "crv", json_text(key->crv), "alg", json_text(key->alg), "use", json_text(key->use), "bits",
                   key->bits, "usable", key->unusable == NULL, "why_not", json_text(key->unusable));
}
