# ML-DSA keys and tokens by the openssl program, to be sourced; noise of the right size under one older than 3.5.
# shellcheck shell=bash

declare -A ml_dsa_key_size=([ML-DSA-44]=1312 [ML-DSA-65]=1952 [ML-DSA-87]=2592) # FIPS 204, table 2
declare -A ml_dsa_signature_size=([ML-DSA-44]=2420 [ML-DSA-65]=3309 [ML-DSA-87]=4627)

ml_dsa_offered() {
  openssl genpkey -algorithm ML-DSA-44 >/dev/null 2>&1
}

base64url() {
  openssl base64 -A | tr '+/' '-_' | tr -d '='
}

new_key() { # LEVEL FILE
  ! ml_dsa_offered || openssl genpkey -algorithm "$1" -out "$2"
}

# public_key LEVEL FILE: the end of its SubjectPublicKeyInfo
public_key() {
  if ml_dsa_offered; then
    openssl pkey -in "$2" -pubout -outform DER | tail -c "${ml_dsa_key_size[$1]}" | base64url
  else
    head -c "${ml_dsa_key_size[$1]}" /dev/urandom | base64url
  fi
}

jwk() { # LEVEL PUB [MEMBER]...
  printf '{"kty":"AKP","alg":"%s","pub":"%s","kid":"k"%s}' "$1" "$2" "${*:3}"
}

# sign LEVEL FILE CLAIMS [HEADER [OPTION]...]: a token
sign() {
  local level=$1 file=$2 claims=$3 header=${4-"{\"alg\":\"$1\",\"kid\":\"k\"}"} text message
  text=$(printf %s "$header" | base64url).$(printf %s "$claims" | base64url)
  message=$(mktemp)
  printf %s "$text" >"$message"
  printf '%s.' "$text"
  if ml_dsa_offered; then
    openssl pkeyutl -sign -rawin -in "$message" -inkey "$file" "${@:5}" | base64url
  else
    head -c "${ml_dsa_signature_size[$level]}" /dev/urandom | base64url
  fi
  rm "$message"
}
