#!/bin/bash
# Tokens and key sets that others made, through jwtctl verify.
set -u
here=${abs_top_srcdir:?}/tests/makers
. "$abs_top_srcdir/tests/lib/tap.sh"
. "$here/node.sh"
jwtctl=${abs_top_builddir:?}/tools/jwtctl
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

verified() { # CASE VERDICT OPTION...
  local number=$1 verdict=$2
  shift 2
  is "$("$jwtctl" verify --jwks "$scratch/$number.jwks" "$@" <"$scratch/$number.token")" "$verdict"
}

# tokens_of MAKER COMMAND...: it writes the cases into a folder, and a line about each
tokens_of() {
  local maker=$1 number verdict options name
  shift
  check "$maker makes tokens" made "$@"
  while IFS=$'\t' read -r number verdict options name; do
    # shellcheck disable=SC2086 # a list of words
    check "$maker: $name" verified "$number" "$verdict" $options
  done <"$scratch/list"
  rm "$scratch"/*.jwks "$scratch"/*.token
}
made() { # COMMAND...
  "$@" "$scratch" >"$scratch/list" && [ "$(wc -l <"$scratch/list")" -gt 40 ]
}

if /usr/bin/python3 -c 'import jwcrypto' 2>/dev/null; then
  tokens_of jwcrypto /usr/bin/python3 "$here/jwcrypto_tokens.py"
else
  skip 'jwcrypto' 'python3-jwcrypto is missing'
fi
tokens_of openssl "$here/openssl_tokens.sh"
if why=$(no_node_module jose); then
  skip 'jose' "$why"
else
  with_node_modules jose_tokens.mjs "$scratch"
  tokens_of jose node "$scratch/jose_tokens.mjs"
fi
tap_end
