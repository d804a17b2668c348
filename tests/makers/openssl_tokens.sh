#!/bin/bash
# Tokens and key sets with ML-DSA (AKP keys) by the openssl program, 3.5 or later.
#
# usage: openssl_tokens.sh FOLDER
# Writes N.jwks and N.token there, and to standard output a line for each: N, the first line that `jwtctl verify` is
# to print, its options, and what it is about, between tabs. Under an older openssl no token is of an algorithm that
# is allowed.
set -euo pipefail
. "$(dirname "$0")/ml_dsa.sh"
cd "$1"
number=0
claims='{"iss":"https://issuer.example","aud":"ssh://host","iat":1700000000,"exp":4102444800}'
levels=(ML-DSA-44 ML-DSA-65 ML-DSA-87)
offered=""
! ml_dsa_offered || offered=yes

# token_case VERDICT NAME TOKEN KEY...
token_case() {
  local verdict=$1 name=$2 token=$3 IFS=,
  shift 3
  [ -n "$offered" ] || verdict='reject algorithm-not-allowed'
  number=$((number + 1))
  printf '{"keys":[%s]}' "$*" >"$number.jwks"
  printf %s "$token" >"$number.token"
  printf '%s\t%s\t%s\t%s\n' "$number" "$verdict" '--issuer https://issuer.example --audience ssh://host' "$name"
}

for i in 0 1 2; do
  level=${levels[i]} other=${levels[(i + 1) % 3]}
  new_key "$level" key.pem
  new_key "$level" second.pem
  pub=$(public_key "$level" key.pem)
  key=$(jwk "$level" "$pub")
  token=$(sign "$level" key.pem "$claims")
  IFS=. read -r header payload signature <<<"$token"
  token_case accept "$level" "$token" "$key"
  token_case accept "$level, deterministic" \
    "$(sign "$level" key.pem "$claims" "{\"alg\":\"$level\"}" -pkeyopt deterministic:1)" "$key"
  token_case accept "$level among other keys" "$token" '{"kty":"RSA","kid":"k"}' "$(jwk "$other" AAAA)" "$key"
  token_case accept "$level, bound to signatures" "$token" "$(jwk "$level" "$pub" ',"use":"sig","key_ops":["verify"]')"
  token_case 'reject signature-invalid' "$level, changed payload" "$header.$(base64url <<<"$claims").$signature" "$key"
  token_case 'reject signature-invalid' "$level, changed signature" "$header.$payload.AAAA${signature:4}" "$key"
  token_case 'reject signature-invalid' "$level, a signature cut short" "$header.$payload.${signature:4}" "$key"
  token_case 'reject signature-invalid' "$level, a longer signature" "$header.$payload.AAAA$signature" "$key"
  token_case 'reject signature-invalid' "$level, another key" "$token" \
    "$(jwk "$level" "$(public_key "$level" second.pem)")"
  token_case 'reject signature-invalid' "$level with a context" \
    "$(sign "$level" key.pem "$claims" "{\"alg\":\"$level\",\"kid\":\"k\"}" -pkeyopt context-string:jwt)" "$key"
  token_case 'reject key-unsuitable' "$level under a key of $other" "$token" "$(jwk "$other" "$pub")"
  token_case 'reject key-unsuitable' "$other for a key of $level" \
    "$(sign "$level" key.pem "$claims" "{\"alg\":\"$other\",\"kid\":\"k\"}")" "$key"
  token_case 'reject key-unsuitable' "$level, a public key cut short" "$token" "$(jwk "$level" "${pub:4}")"
  token_case 'reject key-unsuitable' "$level, a longer public key" "$token" "$(jwk "$level" "AAAA$pub")"
  token_case 'reject key-unsuitable' "$level, no alg in the key" "$token" \
    "{\"kty\":\"AKP\",\"pub\":\"$pub\",\"kid\":\"k\"}"
  token_case 'reject key-unsuitable' "$level, a private key" "$token" "$(jwk "$level" "$pub" ',"priv":"AAAA"')"
  token_case 'reject key-unsuitable' "$level in a key of kind OKP" "$token" \
    "{\"kty\":\"OKP\",\"crv\":\"$level\",\"x\":\"$pub\",\"kid\":\"k\"}"
  token_case 'reject algorithm-not-allowed' "$level in lower case" \
    "$(sign "$level" key.pem "$claims" "{\"alg\":\"${level,,}\"}")" "$key"
done
