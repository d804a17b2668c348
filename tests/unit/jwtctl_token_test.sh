#!/bin/sh
# jwtctl verify, keys list, dev key and dev token, as a person at the command line meets them.
# shellcheck disable=SC2016,SC2238
jwtctl=${abs_top_builddir:-.}/tools/jwtctl
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
number=0

# check NAME STATUS OUTPUT COMMAND...: the command's exit status and standard output
check() {
  name=$1 status=$2 output=$3
  shift 3
  found=$("$@" 2>stderr)
  found_status=$?
  number=$((number + 1))
  if [ "$found_status" = "$status" ] && [ "$found" = "$output" ]; then
    echo "ok $number - $name"
  else
    echo "not ok $number - $name"
    echo "# status $found_status, wanted $status; output: $found; wanted: $output"
    sed 's/^/# stderr: /' stderr
  fi
}

# The same for a token that stands in a file.
check_token() {
  name=$1 status=$2 output=$3 token=$4
  shift 4
  check "$name" "$status" "$output" from "$token" "$jwtctl" verify --jwks issuer/keys.json "$@"
}

from() {
  file=$1
  shift
  "$@" <"$file"
}

# Whether standard error of the last command holds this text.
check_stderr() {
  check "$1" 0 '' grep -q -e "$2" stderr.kept
}

dev_token() {
  "$jwtctl" dev token --key issuer/private.jwk "$@"
}

# ---- a local issuer ----
check 'dev key makes an issuer' 0 '' "$jwtctl" dev key --out issuer --kid first
check 'its private key is private' 0 600 stat -c %a issuer/private.jwk
check 'its key set is public' 0 644 stat -c %a issuer/keys.json
check 'its key set holds no private key' 1 '' grep '"d"' issuer/keys.json
check 'dev key overwrites nothing' 1 '' "$jwtctl" dev key --out issuer
check 'nothing is left of a half-made issuer' 1 '' sh -c 'mkdir half && echo {} >half/keys.json &&
  { "$0" dev key --out half; code=$?; ls half | grep -v keys.json; exit $code; }' "$jwtctl"
check 'dev key knows which algorithms sign' 2 '' "$jwtctl" dev key --out other --alg HS256

dev_token --issuer https://dev.example --subject alice --audience ssh://build --audience x >token
check_token 'a token of that issuer verifies' 0 accept token
check_token 'with everything asked for' 0 accept token --issuer https://dev.example --audience ssh://build \
  --audience other --alg ES256 --leeway 30 --max-lifetime 300
for alg in RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519 Ed448; do
  "$jwtctl" dev key --out "$alg" --alg "$alg" 2>stderr
  "$jwtctl" dev token --key "$alg/private.jwk" >"$alg/token"
  check "$alg signs and verifies" 0 accept from "$alg/token" "$jwtctl" verify --jwks "$alg/keys.json" --alg "$alg"
done
check_token 'a token under another issuer does not' 1 'reject key-unknown' RS256/token

# ---- each check ----
check_token 'issuer' 1 'reject issuer-unknown' token --issuer https://dev.example/
check_token 'audience' 1 'reject audience-mismatch' token --audience ssh://other
check_token 'algorithm' 1 'reject algorithm-not-allowed' token --alg RS256 --alg PS256
check_token 'lifetime' 1 'reject lifetime-too-long' token --max-lifetime 299
check_token 'time' 1 'reject token-expired' token --now 4000000000
check_token 'time, backwards' 1 'reject issued-in-future' token --now 1000
dev_token --claims '{"exp": 2000, "nbf": 1000, "iat": 1000}' >fixed
check_token 'at nbf' 0 accept fixed --now 1000
check_token 'a second before' 1 'reject token-not-yet-valid' fixed --now 999
check_token 'a second before, with leeway' 0 accept fixed --now 999 --leeway 1
check_token 'a second before exp' 0 accept fixed --now 1999
check_token 'at exp' 1 'reject token-expired' fixed --now 2000
check_token 'at exp, with leeway' 0 accept fixed --now 2000 --leeway 1
dev_token --omit exp >no-exp
check_token 'no exp' 1 'reject expiry-missing' no-exp
check_token 'no claim is checked for the signature alone' 0 accept no-exp --signature-only
dev_token --omit iat >no-iat
check_token 'no iat is fine' 0 accept no-iat
check_token 'unless the lifetime counts' 1 'reject issued-at-missing' no-iat --max-lifetime 300
dev_token --claims '{"cnf": {"jkt": "x"}}' >bound
check_token 'a bound token' 1 'reject proof-missing' bound
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea me@here' >key.pub
cnf() {
  dev_token --bind "$1" | cut -d. -f2 | tr -- -_ +/ | base64 -d 2>/dev/null | grep -o '"cnf":{[^}]*}'
}
check 'dev token binds to a key of OpenSSH' 0 '"cnf":{"jkt":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}' cnf key.pub
check 'and to nothing else' 2 '' dev_token --bind issuer/keys.json
check 'nor to what is not there' 2 '' dev_token --bind none.pub

# ---- tampering ----
IFS=. read -r header payload signature <token
flip() {
  case $1 in
  ????????????A*) printf %s "$1" | sed 's/^\(.\{12\}\)A/\1B/' ;;
  *) printf %s "$1" | sed 's/^\(.\{12\}\)./\1A/' ;;
  esac
}
printf '%s.%s.%s' "$header" "$(flip "$payload")" "$signature" >tampered
check_token 'a changed payload' 1 'reject signature-invalid' tampered --signature-only
printf '%s.%s.%s' "$header" "$payload" "$(flip "$signature")" >tampered
check_token 'a changed signature' 1 'reject signature-invalid' tampered
printf '%s.%s.' "$header" "$payload" >tampered
check_token 'no signature' 1 'reject signature-invalid' tampered
printf '%s.%s' "$header" "$payload" >tampered
check_token 'two parts' 1 'reject token-malformed' tampered
printf '%s.%s.%s.' "$header" "$payload" "$signature" >tampered
check_token 'four parts' 1 'reject token-malformed' tampered
printf '%s.%s.%s=' "$header" "$payload" "$signature" >tampered
check_token 'padding' 1 'reject token-malformed' tampered
printf '%s.%s.%s' eyJhbGciOiJub25lIn0 "$payload" '' >tampered
check_token 'alg none' 1 'reject algorithm-not-allowed' tampered
printf '%s.%s.%s' eyJhbGciOiJFUzI1NiIsImNyaXQiOltdfQ "$payload" "$signature" >tampered
check_token 'crit' 1 'reject critical-header' tampered

# ---- how a token is read ----
printf '%s.%s.%s' "$header" "$payload" "$signature" >no-newline
check_token 'no newline' 0 accept no-newline
{ cat token && echo; } >two-newlines
check_token 'two newlines' 1 'reject token-malformed' two-newlines
{ echo && cat token; } >leading-newline
check_token 'a newline in front' 1 'reject token-malformed' leading-newline
printf '%s\0\n' "$(cat token)" >nul
check_token 'a NUL' 1 'reject token-malformed' nul
check_token 'nothing' 1 'reject token-missing' /dev/null
head -c 16384 /dev/zero | tr '\0' a >large
check_token '16 KiB are read' 1 'reject token-malformed' large
echo >>large
check_token 'and a newline' 1 'reject token-malformed' large
head -c 16385 /dev/zero | tr '\0' a >large
check_token 'one byte more is too large' 1 'reject token-too-large' large
head -c 1000000 /dev/zero | tr '\0' a >large
check_token 'and so is a megabyte' 1 'reject token-too-large' large
check_token 'a folder for a token' 2 '' .
check 'standard output may be a file' 0 'accept' sh -c '"$0" verify --jwks issuer/keys.json <token >out && cat out' "$jwtctl"
check 'a full disk is no success' 2 '' sh -c '"$0" verify --jwks issuer/keys.json <token >/dev/full' "$jwtctl"

# ---- batch ----
cat token token >batch
check_token 'a batch' 0 'accept
accept' batch --batch
{ cat token && echo && cat large && echo && cat no-exp && echo x && cat no-newline; } >batch
check_token 'a batch with refusals' 1 'accept
reject token-missing
reject token-too-large
reject expiry-missing
reject token-malformed
accept' batch --batch
check_token 'a batch of none' 0 '' /dev/null --batch
{ head -c 16384 /dev/zero | tr '\0' a && echo && cat token; } >batch
check_token 'a line of 16 KiB' 1 'reject token-malformed
accept' batch --batch
{ head -c 16386 /dev/zero | tr '\0' a && echo && cat token; } >batch
check_token 'a line that just fills the buffer' 1 'reject token-too-large
accept' batch --batch
i=0
while [ $i -lt 200 ]; do
  cat token
  i=$((i + 1))
done >batch
check 'a batch of 200' 0 200 sh -c '"$0" verify --jwks issuer/keys.json --batch <batch | grep -c "^accept$"' "$jwtctl"

# ---- JSON ----
check_token 'JSON for a refusal' 1 '{"result":"reject","reason":"token-missing","text":"no token was given","advice":"give a token at the prompt; over SSH use jwt-askpass or paste it"}' \
  /dev/null --json
dev_token --claims '{"exp": 2000, "iat": 1000, "jti": "id"}' --issuer i --subject 'zoë"' >fixed
check_token 'JSON for a token' 0 '{"result":"accept","kid":"first","alg":"ES256","issuer":"i","subject":"zo\u00EB\"","token_id":"id","expires":2000}' \
  fixed --json --now 1000
check_token 'JSON for a signature' 0 '{"result":"accept"}' fixed --json --signature-only

# ---- key sets ----
check 'keys list' 0 'first  P-256  256  ES256  sig  usable' "$jwtctl" keys list --jwks issuer/keys.json
cat >mixed.json <<'EOF'
{"keys": [{"kty": "oct", "k": "AAAA", "kid": "evil\n\u001b[31m\\"},
          {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
EOF
check 'keys list, aligned and escaped' 0 'evil\x0a\x1b[31m\x5c  oct      -    -  -  unusable: it is a shared secret, which is never used here
-                     Ed25519  256  -  -  usable' "$jwtctl" keys list --jwks mixed.json
check 'keys list in JSON' 0 '{"keys":[{"kid":"evil\n\u001B[31m\\","kty":"oct","crv":null,"alg":null,"use":null,"bits":0,"usable":false,"why_not":"it is a shared secret, which is never used here"},{"kid":null,"kty":"OKP","crv":"Ed25519","alg":null,"use":null,"bits":256,"usable":true,"why_not":null}]}' \
  "$jwtctl" keys list --jwks mixed.json --json
echo '{"keys": []}' >empty.json
check 'no key is a no' 1 '' "$jwtctl" keys list --jwks empty.json
echo '[]' >wrong.json
check 'no key set is a no' 1 '' "$jwtctl" keys list --jwks wrong.json
check 'and rejects every token' 1 'reject keys-malformed' from token "$jwtctl" verify --jwks wrong.json
head -c 1048577 /dev/zero | tr '\0' ' ' >huge.json
check 'so does one that is too large' 1 'reject keys-malformed' from token "$jwtctl" verify --jwks huge.json

# ---- wrong use ----
check 'a missing key set' 2 '' from token "$jwtctl" verify --jwks nowhere.json
check 'a folder for a key set' 2 '' from token "$jwtctl" verify --jwks .
check 'no key set' 2 '' from token "$jwtctl" verify
check 'a token on the command line' 2 '' "$jwtctl" verify --jwks issuer/keys.json "$(cat token)"
cp stderr stderr.kept
check 'it is not repeated' 1 '' grep -qFe "$signature" stderr.kept
check_stderr 'and the message says what to do' 'standard input'
check_token 'an unknown algorithm' 2 '' token --alg HS256
check_token 'a leeway of more than 300 s' 2 '' token --leeway 301
check_token 'a negative leeway' 2 '' token --leeway -1
check_token 'a lifetime of nothing' 2 '' token --max-lifetime 0
check_token 'a number with a tail' 2 '' token --now 1000s
check_token 'a number that is too large' 2 '' token --now 9223372036854775808
check_token 'an unknown option' 2 '' token --jkws
check_token 'an option without its value' 2 '' token --issuer
check 'an unknown command' 2 '' "$jwtctl" frobnicate
check 'no command' 2 '' "$jwtctl"
check 'half a command' 2 '' "$jwtctl" dev
check 'dev token without a key' 2 '' "$jwtctl" dev token
check 'dev token with a public key' 2 '' "$jwtctl" dev token --key issuer/keys.json
check 'dev token with claims that are none' 2 '' "$jwtctl" dev token --key issuer/private.jwk --claims '[]'
for command in verify 'keys list' 'dev key' 'dev token'; do
  # shellcheck disable=SC2086
  check "$command --help has an example" 0 1 sh -c '"$0" "$@" --help | grep -c "^Example:"' "$jwtctl" $command
done
check '--help lists the commands' 0 1 sh -c '"$0" --help | grep -c "^  verify  *[a-z]"' "$jwtctl"
check '--version' 0 1 sh -c '"$0" --version | grep -c "^jwtctl (jwt-login) [0-9]"' "$jwtctl"

echo "1..$number"
