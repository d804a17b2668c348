#!/bin/bash
# Every place and every test that docs/STANDARDS.md names is there.
set -u
source=${abs_top_srcdir:?}
# shellcheck source=tests/lib/tap.sh
. "$source/tests/lib/tap.sh"
page=$source/docs/STANDARDS.md

# The words in backquotes of the tables' rows.
# shellcheck disable=SC2016 # backquotes, and no command
named() { # REGULAR-EXPRESSION
  grep '^|' "$page" | grep -o '`[^`]*`' | tr -d '`' | grep -xE "$1" | sort -u
}

# A definition begins a line with its type, and has its name before a parenthesis.
is_defined() { # FILE FUNCTION
  grep -qE "^[a-z].*\b$2\(.*[{,]$" "$1"
}

has_test() { # PROGRAM NAME
  if [ -e "$source/tests/unit/$1.c" ]; then
    grep -qF "{\"$2\", " <(tr -s ' \n' ' ' <"$source/tests/unit/$1.c")
  else
    grep -qE "^$2 " "$source/tests/unit/$1"
  fi
}

places=$(named '[a-z0-9_/]+\.c:[a-z0-9_]+')
tests=$(named '[a-z0-9_]+_test(\.sh)?: .*')
check 'there are places' test "$(wc -l <<<"$places")" -ge 40
check 'there are tests' test "$(wc -l <<<"$tests")" -ge 60
while IFS=: read -r file function; do
  [[ $file = */* ]] || file=lib/token/$file
  check "$file defines $function" is_defined "$source/$file" "$function"
done <<<"$places"
while read -r line; do
  check "${line%%: *} has the test: ${line#*: }" has_test "${line%%: *}" "${line#*: }"
done <<<"$tests"
check 'every row but those of algorithms names a place' is \
  "$(awk '/^## Algorithms/ {skip = 1} /^## RFC 9068/ {skip = 0} /^\|/ && !skip && !/^\|-/ && !/\| test \|$/ && !/\.c:/' "$page")" ''
check 'every row names a test' is "$(grep '^|' "$page" | grep -v '^|-' | grep -v '| test |$' | grep -v '_test[a-z.]*: ')" ''
tap_end
