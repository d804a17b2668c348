/*
 * One hostile input: bounds CASE. Prints the reason that it ends with; bounds_test.sh counts the instructions of what
 * is `measured` and limits the memory. Without a case, the cases' names.
 */
#include <stdint.h>

#include "token_kit.h"

struct input {
  char *set; /* KIT_SET when NULL */
  size_t set_size;
  bool cached; /* set is in the cached form */
  char *token; /* NULL: the set alone */
};

struct bounds_case {
  const char *name;
  void (*make)(struct input *ret);
};

#define SET_MAX (1024 * 1024)

/* ---- making text ---- */

static char *room(size_t size) {
  char *text = calloc(1, size + 1);
  if (text == NULL) abort();
  return text;
}

static char *repeat(char *out, const char *unit, size_t count) {
  while (count-- > 0)
    out = stpcpy(out, unit);
  return out;
}

/* before, as many units as fit into `size`, after: malloc'd. */
static char *filled(const char *before, const char *unit, const char *after, size_t size) {
  char *text = room(size), *out = stpcpy(text, before);
  out = repeat(out, unit, (size - strlen(before) - strlen(after)) / strlen(unit));
  strcpy(out, after);
  return text;
}

/* A token of 16 KiB takes a payload of this size. */
#define PAYLOAD_SIZE 12150

static void payload(struct input *ret, const char *before, const char *unit, const char *after) {
  char *text = filled(before, unit, after, PAYLOAD_SIZE);
  ret->token = kit_token(KIT_HEADER, text);
  free(text);
}

/* ---- tokens ---- */

static void brackets(struct input *ret) {
  payload(ret, "{\"exp\":2000,\"a\":", "[", "");
}

static void brackets_in_a_string(struct input *ret) {
  payload(ret, "{\"exp\":2000,\"a\":\"", "\\\"[", "\"}");
}

static void backslashes(struct input *ret) {
  payload(ret, "{\"exp\":2000,\"a\":\"", "\\", "\"}");
}

static void empty_objects(struct input *ret) {
  payload(ret, "{\"exp\":2000,\"a\":[{}", ",{}", "]}");
}

static void long_integer(struct input *ret) {
  payload(ret, "{\"exp\":2", "0", "}");
}

static void long_fraction(struct input *ret) {
  payload(ret, "{\"exp\":2000.", "0123456789", "}");
}

static void long_exponent(struct input *ret) {
  payload(ret, "{\"exp\":2e", "0", "3}");
}

/* Bob Jenkins' lookup3, as jansson hashes names of three bytes under a seed. */
static uint32_t hash_of(const unsigned char *name, uint32_t seed) {
#define ROTATE(x, k) ((x) << (k) | (x) >> (32 - (k)))
  uint32_t start = 0xdeadbeef + 3 + seed, a = start, b = start, c = start;
  a += (uint32_t)name[2] << 16 | (uint32_t)name[1] << 8 | name[0];
  c ^= b, c -= ROTATE(b, 14);
  a ^= c, a -= ROTATE(c, 11);
  b ^= a, b -= ROTATE(a, 25);
  c ^= b, c -= ROTATE(b, 16);
  a ^= c, a -= ROTATE(c, 4);
  b ^= a, b -= ROTATE(a, 14);
  c ^= b, c -= ROTATE(b, 24);
  return c;
}

/* Names that share a bucket of a table of 2048, as an attacker would choose who knew the seed. */
static void colliding_names_under(uint32_t seed, struct input *ret) {
  char *text = room(PAYLOAD_SIZE), *out = stpcpy(text, "{\"exp\":2000");
  for (uint32_t n = 0x202020; n < 0x7f7f7f && out < text + PAYLOAD_SIZE - 16; n++) {
    unsigned char name[4] = {n >> 16, n >> 8 & 0xff, n & 0xff};
    if (name[1] < 0x20 || name[1] > 0x7e || name[2] < 0x20 || name[2] > 0x7e || strpbrk((char *)name, "\"\\") != NULL)
      continue;
    if ((hash_of(name, seed) & 2047) == 0) out += sprintf(out, ",\"%s\":1", (char *)name);
  }
  strcpy(out, "}");
  ret->token = kit_token(KIT_HEADER, text);
  free(text);
}

static void colliding_names(struct input *ret) {
  json_object_seed(1); /* so that token_prepare's seed, which nobody can know, is not the one */
  colliding_names_under(1, ret);
}

static void names(struct input *ret) {
  colliding_names_under(1, ret);
}

/* ---- sets ---- */

static void set_of(struct input *ret, const char *header, const char *before, const char *unit, const char *after) {
  ret->set = filled(before, unit, after, SET_MAX);
  ret->set_size = strlen(ret->set);
  ret->token = kit_token(header, "{\"exp\":2000}");
}

static void digits_in_a_key(struct input *ret) {
  set_of(ret, KIT_HEADER, "{\"keys\":[{\"kid\":\"k\",\"kty\":1", "1", "}]}");
}

static void fraction_in_a_key(struct input *ret) {
  set_of(ret, KIT_HEADER, "{\"keys\":[{" KIT_JWK ",\"kid\":\"k\",\"more\":0.1", "1", "}]}");
}

static void brackets_in_a_key(struct input *ret) {
  set_of(ret, KIT_HEADER, "{\"keys\":[{\"kid\":\"k\",\"kty\":", "[", "}]}");
}

static void brackets_before_the_keys(struct input *ret) {
  set_of(ret, KIT_HEADER, "{\"more\":", "[", ",\"keys\":[]}");
}

static void objects_in_a_key(struct input *ret) {
  set_of(ret, KIT_HEADER, "{\"keys\":[{" KIT_JWK ",\"kid\":\"k\",\"more\":[{}", ",{}", "]}]}");
}

static void quotes_in_a_key(struct input *ret) {
  set_of(ret, KIT_HEADER, "{\"keys\":[{" KIT_JWK ",\"kid\":\"k\",\"more\":\"", "\\\\\\\"", "\"}]}");
}

/* Keys of one text each, `count` of them, as many as there is room for. */
static void keys_of(struct input *ret, const char *key, size_t count) {
  char *out = ret->set = room(SET_MAX);
  out = stpcpy(out, "{\"keys\":[");
  for (size_t i = 0; i < count && (size_t)(out - ret->set) + strlen(key) + 4 < SET_MAX; i++)
    out += sprintf(out, "%s%s", i > 0 ? "," : "", key);
  out = stpcpy(out, "]}");
  ret->set_size = (size_t)(out - ret->set);
}

/* A header, a payload, and a signature of this many bytes that is none. */
static char *unsigned_token(const char *header, size_t signature_size) {
  char *text = kit_unsigned(header, strlen(header), "{\"exp\":2000}", 12),
       *token = room(strlen(text) + 2 * signature_size);
  unsigned char signature[1024];
  memset(signature, 0x55, sizeof signature);
  strcat(strcpy(token, text), ".");
  kit_append(token, signature, signature_size);
  free(text);
  return token;
}

/* An RSA key: the top byte of its modulus and all others, and its exponent, of so many bits, all of them set. */
static char *rsa_key(size_t modulus_bits, unsigned char fill, size_t exponent_bits) {
  static unsigned char bytes[4096];
  char *key = room(16384);
  strcpy(key, "{\"kid\":\"k\",\"kty\":\"RSA\",\"n\":\"");
  memset(bytes, fill, sizeof bytes);
  kit_append(key, bytes, modulus_bits / 8);
  strcat(key, "\",\"e\":\"");
  memset(bytes, 0xff, sizeof bytes);
  kit_append(key, bytes, exponent_bits / 8);
  strcat(key, "\"}");
  return key;
}

static void rsa_case(struct input *ret, size_t modulus_bits, unsigned char fill, size_t exponent_bits, size_t count) {
  char *key = rsa_key(modulus_bits, fill, exponent_bits);
  keys_of(ret, key, count);
  ret->token = unsigned_token("{\"alg\":\"RS256\",\"kid\":\"k\"}", modulus_bits <= 8192 ? modulus_bits / 8 : 1024);
  free(key);
}

/* All ones: a multiple of 3, 5, 17 and more, and the dearest exponent there can be. */
static void rsa_dearest(struct input *ret) {
  rsa_case(ret, 8192, 0xff, 64, 4);
}

static void rsa_same_kid(struct input *ret) {
  rsa_case(ret, 8192, 0xff, 64, 5);
}

static void rsa_long_exponent(struct input *ret) {
  rsa_case(ret, 8192, 0xff, 8192, 1);
}

static void rsa_even_modulus(struct input *ret) {
  rsa_case(ret, 8192, 0xfe, 64, 1);
}

static void rsa_long_modulus(struct input *ret) {
  rsa_case(ret, 16384, 0xff, 64, 1000);
}

static void ec_dearest(struct input *ret) {
  static const char key[] =
      "{\"kid\":\"k\",\"kty\":\"EC\",\"crv\":\"P-521\","
      "\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk\","
      "\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\"}";
  keys_of(ret, key, 4);
  ret->token = unsigned_token("{\"alg\":\"ES512\",\"kid\":\"k\"}", 0);
  char *text = room(strlen(ret->token) + 200);
  unsigned char signature[132];
  memset(signature, 0x55, sizeof signature);
  signature[0] = signature[66] = 0; /* below the order */
  strcpy(text, ret->token);
  kit_append(text, signature, sizeof signature);
  free(ret->token);
  ret->token = text;
}

#define NO_POINT "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" KIT_EC_X "\",\"y\":\"" KIT_EC_X "\"}"

static void no_kid_and_no_key_fits(struct input *ret) {
  keys_of(ret, NO_POINT, 1000);
  ret->token = unsigned_token("{\"alg\":\"ES256\"}", 64);
}

static void no_kid_and_all_keys_fit(struct input *ret) {
  keys_of(ret, "{" KIT_JWK "}", 1000);
  ret->token = unsigned_token("{\"alg\":\"EdDSA\"}", 64);
}

/* 1000 keys of a long kid each that differs from the token's in its last byte. */
static void kids_nearly_alike(struct input *ret) {
  char *kid = filled("", "k", "", 900), *key = room(2000), *header = room(2000);
  sprintf(key, "{" KIT_JWK ",\"kid\":\"%sx\"}", kid);
  sprintf(header, "{\"alg\":\"EdDSA\",\"kid\":\"%sy\"}", kid);
  keys_of(ret, key, 1000);
  ret->token = kit_token(header, "{\"exp\":2000}");
  free(kid);
  free(key);
  free(header);
}

/* ---- what is to work ---- */

/* 1 MiB and 1000 keys, of which the last one is the token's. */
static void full(struct input *ret) {
  char *junk = filled("", "x5c=", "", 930), *out = ret->set = room(SET_MAX);
  out = stpcpy(out, "{\"keys\":[");
  for (int i = 0; i < 999; i++)
    out += sprintf(out, "{" KIT_JWK ",\"kid\":\"k%d\",\"x5c\":[\"%s\"]},", i, junk);
  out = stpcpy(out, "{" KIT_JWK ",\"kid\":\"k\"}]}");
  memset(out, ' ', SET_MAX - (size_t)(out - ret->set));
  ret->set_size = SET_MAX;
  ret->token = kit_token(KIT_HEADER, "{\"exp\":2000}");
  free(junk);
}

static void full_cached(struct input *ret) {
  static const struct keyset_head head = {.title = "t", .url = "u", .location = "discovery"};
  struct keyset *keys;
  size_t usable;
  char *plain;
  full(ret);
  plain = ret->set;
  if (keyset_parse(plain, ret->set_size, &keys) != REASON_OK ||
      keyset_encode_cached(keys, &head, &ret->set, &ret->set_size, &usable) != REASON_OK || usable != 1000)
    abort();
  ret->cached = true;
  keyset_free(keys);
  free(plain);
}

#define CASE(name) \
  { #name, name }
static const struct bounds_case cases[] = {
    CASE(brackets),
    CASE(brackets_in_a_string),
    CASE(backslashes),
    CASE(empty_objects),
    CASE(long_integer),
    CASE(long_fraction),
    CASE(long_exponent),
    CASE(names),
    CASE(colliding_names),
    CASE(digits_in_a_key),
    CASE(fraction_in_a_key),
    CASE(brackets_in_a_key),
    CASE(objects_in_a_key),
    CASE(quotes_in_a_key),
    CASE(brackets_before_the_keys),
    CASE(rsa_dearest),
    CASE(rsa_same_kid),
    CASE(rsa_long_exponent),
    CASE(rsa_even_modulus),
    CASE(rsa_long_modulus),
    CASE(ec_dearest),
    CASE(kids_nearly_alike),
    CASE(no_kid_and_no_key_fits),
    CASE(no_kid_and_all_keys_fit),
    CASE(full),
    CASE(full_cached),
};

/* ---- measuring ---- */

enum reason measured(const struct input *input);

__attribute__((noinline)) enum reason measured(const struct input *input) {
  struct keyset *keys = NULL;
  enum reason reason = input->cached ? keyset_parse_cached(input->set, input->set_size, &keys)
                                     : keyset_parse(input->set, input->set_size, &keys);
  if (reason == REASON_OK) reason = kit_verify_under(keys, input->token);
  keyset_free(keys);
  return reason;
}

int main(int argc, char **argv) {
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    if (argc < 2) puts(cases[i].name);
    if (argc < 2 || strcmp(argv[1], cases[i].name) != 0) continue;
    struct input input = {0};
    cases[i].make(&input);
    if (token_prepare() != REASON_OK) return EXIT_FAILURE;
    if (input.set == NULL) {
      input.set = strdup(KIT_SET);
      input.set_size = strlen(KIT_SET);
    }
    puts(reason_code(measured(&input)));
    free(input.set);
    free(input.token);
    return EXIT_SUCCESS;
  }
  return argc < 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
