#!/bin/bash
# Hostile tokens and key sets end with their reason, in bounded memory and in a bounded number of instructions: no
# clock is asked. Each bound is about twice what the case takes; one verification by RSA takes a third of a million.
set -u
# shellcheck source=tests/lib/tap.sh
. "${abs_top_srcdir:?}/tests/lib/tap.sh"
bounds=${abs_top_builddir:?}/tests/unit/bounds
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

! nm "$bounds" | grep -q __asan_init || skip_all 'a sanitizer takes its own memory and instructions'

reason_in_memory() { # CASE KIB
  (ulimit -v "$2" && "$bounds" "$1")
}

# counted CASE: millions of instructions, begun ones included
counted() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=measured --log-file="$dir/log" "$bounds" "$1" \
    >/dev/null || { cat "$dir/log" >&2; return 1; }
  echo $(($(sed -n 's/^.*Collected : *//p' "$dir/log") / 1000000 + 1))
}

at_most() { # CASE MILLIONS
  local found
  found=$(counted "$1") || return
  [ "$found" -le "$2" ] || { echo "$found million instructions"; return 1; }
}

# Tokens have 16 KiB and sets 1 MiB, or as much of that as the case can use.
while read -r case reason memory millions; do
  [ -n "$case" ] || continue
  seen+=$case$'\n'
  check "$case: $reason within $((memory / 1024)) MiB" is "$(reason_in_memory "$case" "$memory" 2>&1)" "$reason"
  if command -v valgrind >/dev/null; then
    check "$case: at most $millions million instructions" at_most "$case" "$millions"
  else
    skip "$case: at most $millions million instructions" 'no valgrind'
  fi
done <<'CASES'
brackets                  claims-malformed   32768    1
brackets_in_a_string      ok                 32768    8
backslashes               claims-malformed   32768    4
empty_objects             ok                 32768   16
long_integer              claims-malformed   32768    5
long_fraction             ok                 32768    8
long_exponent             ok                 32768    8
names                     ok                 32768    6
colliding_names           ok                 32768    8

digits_in_a_key           key-unsuitable     65536  360
fraction_in_a_key         ok                 65536  360
brackets_in_a_key         keys-malformed     65536   25
brackets_before_the_keys  keys-malformed     65536   25
quotes_in_a_key           ok                 65536  360
objects_in_a_key          ok                262144 1100

rsa_dearest               signature-invalid  65536  160
rsa_same_kid              key-ambiguous      65536    4
rsa_long_exponent         key-unsuitable     65536    2
rsa_even_modulus          key-unsuitable     65536    1
rsa_long_modulus          key-unsuitable     65536  320
ec_dearest                signature-invalid  65536   60
kids_nearly_alike         key-unknown        65536   12
no_kid_and_no_key_fits    key-unsuitable     65536  420
no_kid_and_all_keys_fit   key-ambiguous      65536    4

full                      ok                 65536   18
full_cached               ok                 65536    5
CASES
check 'every case there is was tried' is "$("$bounds" | sort)" "$(printf %s "$seen" | sort)"
tap_end
