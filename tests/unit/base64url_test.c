#include "base64url.h"

#include "unit.h"

static enum reason decode(const char *text, struct bytes *ret) {
  return base64url_decode(text, strlen(text), ret);
}

static void every_length_decodes(void) {
  static const struct {
    const char *text, *bytes;
  } cases[] = {{"", ""},           {"Zg", "f"},          {"Zm8", "fo"},          {"Zm9v", "foo"},
               {"Zm9vYg", "foob"}, {"Zm9vYmE", "fooba"}, {"Zm9vYmFy", "foobar"}, {"-_-_", "\xfb\xff\xbf"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct bytes bytes = {0};
    CHECK_REASON(decode(cases[i].text, &bytes), REASON_OK);
    CHECK_INT(bytes.size, strlen(cases[i].bytes));
    CHECK(bytes.data != NULL && memcmp(bytes.data, cases[i].bytes, bytes.size) == 0);
    bytes_clear(&bytes);
    CHECK(bytes.data == NULL && bytes.size == 0);
  }
}

static void nothing_else_decodes(void) {
  static const char *const cases[] = {"Z",         "Zm9vY",   "Zg==",   "Zm8=", "Zm9v====", "Z g",    " Zg",
                                      "Zg\n",      "Zm9v\r",  "Zm9v\t", "+/+/", "Zm9+",     "Zm/v",   "Zm9v.",
                                      "Zm,v",      "Zm\x80v", "Zh",     "Zm9",  "Zm9vYmF",  "Zm9vYh", "__",
                                      "Z\xc3\xbc", "Zm9v=",   "A",      "Zm9vA"};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct bytes bytes = {0};
    CHECK_REASON(decode(cases[i], &bytes), REASON_TOKEN_MALFORMED);
    CHECK(bytes.data == NULL);
    if (unit_failed) printf("# case %s\n", cases[i]);
  }
}

static void each_sequence_of_two_characters_is_canonical_or_refused(void) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  int accepted = 0;
  for (int a = 0; a < 64; a++) {
    for (int b = 0; b < 64; b++) {
      const char text[] = {alphabet[a], alphabet[b], '\0'};
      struct bytes bytes = {0};
      if (decode(text, &bytes) == REASON_OK) {
        CHECK_INT(bytes.data[0], a << 2 | b >> 4);
        accepted++;
      }
      bytes_clear(&bytes);
    }
  }
  CHECK_INT(accepted, 256);
}

static void a_nul_is_no_end(void) {
  struct bytes bytes = {0};
  CHECK_REASON(base64url_decode("Zm9v\0mFy", 8, &bytes), REASON_TOKEN_MALFORMED);
}

UNIT_MAIN({"every length decodes", every_length_decodes}, {"nothing else decodes", nothing_else_decodes},
          {"each sequence of two characters is canonical or refused",
           each_sequence_of_two_characters_is_canonical_or_refused},
          {"a NUL is no end", a_nul_is_no_end})
