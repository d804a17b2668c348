#include "names.h"

#include "unit.h"

static void strict_names(void) {
  static const char *const good[] = {"a", "_", "deploy", "a-b_c9", "a1234567890123456789012345678901"};
  static const char *const bad[] = {"",    "-a",  "9a",  "A",        "aB", "a.b",
                                    "a b", "a/b", "a\n", "\xc3\xa4", "a$", "a12345678901234567890123456789012"};
  for (size_t i = 0; i < COUNT_OF(good); i++)
    CHECK(name_is_strict(good[i]));
  for (size_t i = 0; i < COUNT_OF(bad); i++)
    CHECK(!name_is_strict(bad[i]));
  CHECK(!name_is_strict(NULL));
}

static void reserved_names(void) {
  static const char *const reserved[] = {
      "root", "admin",  "wheel",           "sudo",       "adm", "docker",   "lxd", "libvirt",
      "disk", "shadow", "systemd-journal", "_jwt-login", "_",   "jwt-login"};
  static const char *const free_names[] = {"deploy", "roots", "systemd", "alice", "git", "docker-build", "a_"};
  for (size_t i = 0; i < COUNT_OF(reserved); i++)
    CHECK(name_is_reserved(reserved[i]));
  for (size_t i = 0; i < COUNT_OF(free_names); i++)
    CHECK(!name_is_reserved(free_names[i]));
}

static void patterns(void) {
  static const struct name_pattern any = {"", ""}, ci = {"ci-", ""}, both = {"ab", "ba"};
  CHECK(name_pattern_allows(&any, "alice"));
  CHECK(!name_pattern_allows(&any, "root"));
  CHECK(!name_pattern_allows(&any, "Alice"));
  CHECK(!name_pattern_allows(&any, NULL));
  CHECK(name_pattern_allows(&ci, "ci-x"));
  CHECK(!name_pattern_allows(&ci, "ci-"));
  CHECK(!name_pattern_allows(&ci, "alice"));
  CHECK(name_pattern_allows(&both, "abxba"));
  CHECK(!name_pattern_allows(&both, "abba"));
  CHECK(!name_pattern_allows(&both, "aba"));
  CHECK(!name_pattern_allows(&both, "abxbx"));
}

static void ranges(void) {
  static const struct id_range unset, one = {5, 5}, reversed = {9, 5}, with_root = {0, 9},
                                      with_minus_one = {5, UINT32_MAX};
  CHECK(!id_range_holds(unset, 0));
  CHECK(id_range_holds(one, 5));
  CHECK(!id_range_holds(one, 4) && !id_range_holds(one, 6));
  CHECK(!id_range_holds(reversed, 7));
  CHECK(!id_range_holds(with_root, 5));
  CHECK(!id_range_holds(with_minus_one, 5));
}

/* The authors' vectors: key 00 01 .. 0f, data 00 01 .. of each length from 0 to 63. */
static void siphash_of_the_authors(void) {
  static const uint64_t vectors[] = {
      0x726fdb47dd0e0e31u, 0x74f839c593dc67fdu, 0x0d6c8009d9a94f5au, 0x85676696d7fb7e2du, 0xcf2794e0277187b7u,
      0x18765564cd99a68du, 0xcbc9466e58fee3ceu, 0xab0200f58b01d137u, 0x93f5f5799a932462u, 0x9e0082df0ba9e4b0u,
      0x7a5dbbc594ddb9f3u, 0xf4b32f46226bada7u, 0x751e8fbc860ee5fbu, 0x14ea5627c0843d90u, 0xf723ca908e7af2eeu,
      0xa129ca6149be45e5u, 0x3f2acc7f57c29bdbu, 0x699ae9f52cbe4794u, 0x4bc1b3f0968dd39cu, 0xbb6dc91da77961bdu,
      0xbed65cf21aa2ee98u, 0xd0f2cbb02e3b67c7u, 0x93536795e3a33e88u, 0xa80c038ccd5ccec8u, 0xb8ad50c6f649af94u,
      0xbce192de8a85b8eau, 0x17d835b85bbb15f3u, 0x2f2e6163076bcfadu, 0xde4daaaca71dc9a5u, 0xa6a2506687956571u,
      0xad87a3535c49ef28u, 0x32d892fad841c342u, 0x7127512f72f27cceu, 0xa7f32346f95978e3u, 0x12e0b01abb051238u,
      0x15e034d40fa197aeu, 0x314dffbe0815a3b4u, 0x027990f029623981u, 0xcadcd4e59ef40c4du, 0x9abfd8766a33735cu,
      0x0e3ea96b5304a7d0u, 0xad0c42d6fc585992u, 0x187306c89bc215a9u, 0xd4a60abcf3792b95u, 0xf935451de4f21df2u,
      0xa9538f0419755787u, 0xdb9acddff56ca510u, 0xd06c98cd5c0975ebu, 0xe612a3cb9ecba951u, 0xc766e62cfcadaf96u,
      0xee64435a9752fe72u, 0xa192d576b245165au, 0x0a8787bf8ecb74b2u, 0x81b3e73d20b49b6fu, 0x7fa8220ba3b2eceau,
      0x245731c13ca42499u, 0xb78dbfaf3a8d83bdu, 0xea1ad565322a1a0bu, 0x60e61c23a3795013u, 0x6606d7e446282b93u,
      0x6ca4ecb15c5f91e1u, 0x9f626da15c9625f3u, 0xe51b38608ef25f57u, 0x958a324ceb064572u,
  };
  uint8_t key[16], data[64];
  for (size_t i = 0; i < sizeof key; i++)
    key[i] = (uint8_t)i;
  for (size_t i = 0; i < COUNT_OF(vectors); i++) {
    data[i] = (uint8_t)i;
    CHECK(siphash24(key, data, i) == vectors[i]);
  }
}

static void probes_visit_every_id_once(void) {
  static const struct id_range range = {1000, 1006};
  bool seen[7] = {false};
  for (uint32_t probe = 0; probe < 7; probe++) {
    uint32_t id = account_id_probe("alice", range, NULL, probe);
    CHECK(id_range_holds(range, id));
    if (!id_range_holds(range, id)) return;
    CHECK(!seen[id - range.min]);
    seen[id - range.min] = true;
  }
  CHECK_INT(account_id_probe("alice", range, NULL, 7), 0);
  CHECK_INT(account_id_probe("alice", (struct id_range){0, 0}, NULL, 0), 0);
}

/* Ids stand on disks: these may never change. */
static void ids_are_the_same_everywhere(void) {
  static const struct id_range range = {1879048192u, 2147352575u};
  static const uint8_t key[16] = "a site's own key";
  CHECK_INT(account_id_probe("alice", range, NULL, 0), 1945170723u);
  CHECK_INT(account_id_probe("alice", range, NULL, 1), 1945170723u + 1);
  CHECK_INT(account_id_probe("bob", range, NULL, 0), 1920533399u);
  CHECK_INT(account_id_probe("alice", range, key, 0), 1915134865u);
}

UNIT_MAIN({"strict names", strict_names}, {"reserved names", reserved_names}, {"patterns", patterns},
          {"ranges", ranges}, {"SipHash-2-4 gives the authors' values", siphash_of_the_authors},
          {"probes visit every id of the range once", probes_visit_every_id_once},
          {"ids are the same everywhere, for ever", ids_are_the_same_everywhere})
