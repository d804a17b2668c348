# Test Anything Protocol for bash tests, to be sourced: `check` once per fact, `tap_end` at the end.
# shellcheck shell=bash

tap_count=0
tap_failures=0

# note TEXT...: a line of explanation
note() {
  printf '%s\n' "$*" | sed 's/^/# /'
}

# check WHAT COMMAND [ARGUMENT]...: passes when the command succeeds; else its output is shown
check() {
  local what=$1 output
  shift
  tap_count=$((tap_count + 1))
  if output=$("$@" 2>&1); then
    printf 'ok %d - %s\n' "$tap_count" "$what"
  else
    tap_failures=$((tap_failures + 1))
    printf 'not ok %d - %s\n' "$tap_count" "$what"
    note "failed: $*"
    [ -z "$output" ] || note "$output"
  fi
}

# must WHAT COMMAND...: a check without which the others make no sense
must() {
  check "$@"
  [ "$tap_failures" = 0 ] || { echo "Bail out! $1"; exit 1; }
}

# is FOUND WANTED: for check
is() {
  [ "$1" = "$2" ] || { printf 'found:  %s\nwanted: %s\n' "$1" "$2"; return 1; }
}

# refuse COMMAND...: for check; succeeds when the command fails
refuse() {
  if "$@"; then echo "succeeded, which it should not: $*"; return 1; fi
}

# skip WHAT WHY
skip() {
  tap_count=$((tap_count + 1))
  printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

# skip_all WHY: the whole script
skip_all() {
  printf '1..0 # SKIP %s\n' "$1"
  exit 0
}

tap_end() {
  printf '1..%d\n' "$tap_count"
  [ "$tap_failures" = 0 ]
}
