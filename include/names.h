/* Account names: which are well formed, which are reserved, and which id a name gets first; and other small texts. */
#ifndef JWT_LOGIN_NAMES_H
#define JWT_LOGIN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACCOUNT_NAME_MAX 32 /* characters, without the NUL */

/* True for [a-z_][a-z0-9_-]{0,31} (useradd(8)); NULL is false. Nothing is folded or cut. */
bool name_is_strict(const char *name);

/*
 * True for a name that no created account may have, because a private group of that name would carry
 * rights or confuse: root, admin, wheel, sudo, adm, docker, lxd, libvirt, every `_*` and `systemd-*`, and the rest
 * of the list in lib/base/names.c. An existing group's name is the caller's to check.
 */
bool name_is_reserved(const char *name);

/* True when no byte of the text is a control character: what a terminal or a log shows as it stands. */
bool text_is_printable(const char *text);

/* True when `word` stands in the NULL-terminated list. */
bool name_is_listed(const char *const *list, const char *word);

/* An inclusive range of ids. Unset is min = max = 0 and holds nothing; so does one with 0 (root) or 2^32 - 1 in it. */
struct id_range {
  uint32_t min;
  uint32_t max;
};

bool id_range_holds(struct id_range range, uint32_t id);

/*
 * The id that `name` tries at its `probe`-th attempt (from 0): min + (SipHash-2-4(key, name) + probe) mod size.
 * The same on every host with the same range and key. `key` is 16 bytes (see fleet_key.h), or NULL for the built-in
 * one. Returns 0 for an empty range or when probe is not below the range's size.
 */
uint32_t account_id_probe(const char *name, struct id_range range, const uint8_t *key, uint32_t probe);

/* Public, so that every host computes the same ids; a site that needs them unpredictable gives its own. */
extern const uint8_t account_id_key[16];

/* SipHash-2-4 (Aumasson, Bernstein 2012) of `size` bytes under a 16-byte key. */
uint64_t siphash24(const uint8_t key[16], const void *data, size_t size);

/*
 * A template with one placeholder, as far as names go: what stands before it and after it. A created
 * account's name must begin and end so, with at least one character between.
 */
struct name_pattern {
  char prefix[ACCOUNT_NAME_MAX + 1];
  char suffix[ACCOUNT_NAME_MAX + 1];
};

/* True when `name` is strict, not reserved, and could come from the pattern. */
bool name_pattern_allows(const struct name_pattern *pattern, const char *name);

#endif
