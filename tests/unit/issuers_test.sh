#!/bin/bash
# Tokens as real issuers make them, and near misses of each, by `jwtctl explain`.
set -u
jwtctl=${abs_top_builddir:?}/tools/jwtctl
# shellcheck source=tests/lib/tap.sh
. "${abs_top_srcdir:?}/tests/lib/tap.sh"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

me=$(id -un)
for name in one two td other plain; do
  "$jwtctl" dev key --out $name --kid $name-key || exit 1
done
# The bundle of a trust domain: a key for X.509 beside the one for JWT.
for name in td other; do
  printf '{"spiffe_sequence":1,"spiffe_refresh_hint":300,"keys":[%s,%s]}' \
    "$(sed -n '/^    {/,/^    }/p' plain/keys.json | sed 's/"sig"/"x509-svid"/; s/plain-key/x509-key/')" \
    "$(sed -n '/^    {/,/^    }/p' $name/keys.json | sed 's/"sig"/"jwt-svid"/')" >bundle
  mv bundle $name/keys.json
done

# section NAME URL OPTION...: an issuer and a rule for it
section() {
  local name=$1 url=$2
  shift 2
  printf 'issuer "%s" {\n url = "%s"\n audience = here\n algorithms = { ES256 }\n keys = "file:%s"\n' "$name" "$url" \
    "$dir/${keys-plain}/keys.json"
  printf ' %s\n' "$@"
  printf '}\nrule "of %s" { issuer = "%s" service = sshd system = true %s account = "%s" }\n' "$name" "$name" \
    "${when-any = true}" "$me"
}
{
  when="when = '/kubernetes.io/namespace == ci'" keys=one section one https://kubernetes.default.svc 'alias = one.example'
  when="when = '/kubernetes.io/namespace == ci'" keys=two section two https://kubernetes.default.svc 'alias = two.example'
  section cognito https://cognito.example/pool 'audience_claim = client_id'
  section legacy legacy 'max_lifetime = 15m' 'issued_at = optional'
  section strict strict 'max_lifetime = 15m'
  section access https://as.example 'type = "at+jwt"'
  section secret kubernetes/serviceaccount 'issued_at = optional'
  keys=td section spire spiffe://td
  keys=other section neighbour spiffe://td.example
} >x.conf
"$jwtctl" check --config x.conf >/dev/null 2>check.err
check 'the settings are valid' is "$? $(grep -cv '^warning: .*does not exist' check.err)" '0 0'

# token KEY CLAIMS [OPTION]...: a token of this issuer
token() {
  local key=$1 claims=$2
  shift 2
  "$jwtctl" dev token --key "$key/private.jwk" --claims "$claims" "$@"
}
# decided WHAT DECISION [RULE] <TOKEN: the last line of explain
decided() {
  "$jwtctl" explain --config x.conf --user "$me" --service sshd >out
  local wanted="decision: deny $2"
  [ "$2" != accept ] || wanted="decision: accept rule=\"of $3\" account=$me"
  check "$1: $2" is "$(tail -n 1 out)" "$wanted"
}

# ---- Kubernetes: a service account's token of today; two clusters with one url ----
pod='{"iss":"https://kubernetes.default.svc","sub":"system:serviceaccount:ci:runner","aud":["https://kubernetes.default.svc","here"],
  "nbf":1700000000,"kubernetes.io":{"namespace":"ci","pod":{"name":"p","uid":"7"},"serviceaccount":{"name":"runner","uid":"9"},"warnafter":1700003607}}'
decided 'a pod of the one cluster' accept one < <(token one "$pod")
check 'its identity is the alias' grep -qxF '✔ subject: one.example; found system:serviceaccount:ci:runner' out
decided 'a pod of the other cluster' accept two < <(token two "$pod")
check 'its identity is another' grep -qxF '✔ subject: two.example; found system:serviceaccount:ci:runner' out
check 'the other cluster was asked for the kid first' grep -qxF \
  "✘ kid: one; found two-key; wanted a kid of this issuer's keys" out
decided 'a pod of a third cluster' key-unknown < <(token plain "$pod")
sed 's/"one-key"/"two-key"/' one/private.jwk >forged.jwk && mkdir forged && mv forged.jwk forged/private.jwk
decided 'a pod of the one that says it is of the other' signature-invalid < <(token forged "$pod")
decided 'a pod of another namespace' no-rule < <(token one "${pod/\"namespace\":\"ci\"/\"namespace\":\"dev\"}")
decided 'a pod whose token is for the API server alone' audience-mismatch < <(token one "${pod/,\"here\"/}")
cp two/keys.json two.kept && cp one/keys.json two/keys.json
decided 'a kid that both clusters have' key-ambiguous < <(token one "$pod")
cp two.kept two/keys.json

# ---- Kubernetes: the flat token of a secret, without exp ----
secret='{"iss":"kubernetes/serviceaccount","sub":"system:serviceaccount:ci:runner","kubernetes.io/serviceaccount/namespace":"ci"}'
decided 'the token of a secret' audience-mismatch < <(token plain "$secret" --omit exp --omit iat)
decided 'the token of a secret with an aud' expiry-missing < <(token plain "$secret" --audience here --omit exp --omit iat)

# ---- Amazon Cognito: no aud, but client_id and token_use ----
cognito='{"iss":"https://cognito.example/pool","sub":"u1","username":"u","cognito:groups":["ops"],"scope":"openid"}'
decided 'an access token of Cognito' accept cognito \
  < <(token plain "$cognito" --claim client_id=here --claim token_use=access)
decided 'one of another client' audience-mismatch \
  < <(token plain "$cognito" --claim client_id=there --claim token_use=access)
check 'explain shows the client' grep -q '^✘ audience.*; found there; wanted here$' out
decided 'an ID token of Cognito' audience-mismatch \
  < <(token plain "$cognito" --audience here --claim client_id=here --claim token_use=id)
decided 'one without token_use' audience-mismatch < <(token plain "$cognito" --claim client_id=here)
decided 'one with an aud that is another' audience-mismatch \
  < <(token plain "$cognito" --audience there --claim client_id=here --claim token_use=access)
decided 'one with a fitting aud too' accept cognito \
  < <(token plain "$cognito" --audience here --claim client_id=here --claim token_use=access)

# ---- SPIFFE: the issuer is the trust domain in sub ----
svid() { token td '{"aud":["here"]}' --omit iat --omit jti "$@"; }
sed -i 's/^ url = "spiffe:.*/&\n issued_at = optional/' x.conf # iat is no claim of a JWT-SVID
decided 'a JWT-SVID' accept spire < <(svid --subject spiffe://td/ns/ci/sa/runner)
check 'its identity is the trust domain' grep -qxF '✔ subject: spiffe://td; found spiffe://td/ns/ci/sa/runner' out
decided 'a JWT-SVID with an iss that is not compared' accept spire \
  < <(svid --subject spiffe://td/ns/ci/sa/runner --issuer https://spire.example)
decided 'a JWT-SVID of typ JOSE' accept spire < <(svid --subject spiffe://td/a --type JOSE)
decided 'a JWT-SVID of another typ' type-not-allowed < <(svid --subject spiffe://td/a --type at+jwt)
decided 'a JWT-SVID that names another issuer of ours' signature-invalid \
  < <(sed 's/td-key/plain-key/' td/private.jwk >forged/private.jwk
    token forged '{"aud":"here","iss":"strict","sub":"spiffe://td/a"}')
decided 'a JWT-SVID for a neighbour by our authority' key-unknown < <(svid --subject spiffe://td.example/a)
decided 'a JWT-SVID of a trust domain that nobody knows' issuer-unknown < <(svid --subject spiffe://elsewhere/a)
decided 'a JWT-SVID signed by the key for X.509' key-unsuitable \
  < <(sed 's/plain-key/x509-key/' plain/private.jwk >forged/private.jwk; token forged '{"aud":"here","sub":"spiffe://td/a"}')
for bad in spiffe://td spiffe://td/ spiffe://td//a spiffe://td/a/ spiffe://td/./a spiffe://td/../a spiffe://td/a%2fb \
  'spiffe://td/a?b' 'spiffe://td/a#b' spiffe://TD/a spiffe://td:80/a spiffe://user@td/a SPIFFE://td/a "spiffe://td/$(printf '%02100d' 0)"; do
  decided "no SPIFFE ID: ${bad:0:24}" issuer-unknown < <(svid --subject "$bad")
done
decided 'a JWT-SVID without sub' issuer-unknown < <(svid)
decided 'a JWT-SVID without exp' expiry-missing < <(svid --subject spiffe://td/a --omit exp)
decided 'a JWT-SVID without aud' audience-mismatch < <(svid --subject spiffe://td/a --omit aud)

# ---- tokens without iat ----
legacy='{"sub":"s","aud":"here"}'
decided 'a token without iat' issued-at-missing < <(token plain "$legacy" --issuer strict --omit iat)
decided 'one where that is optional' accept legacy < <(token plain "$legacy" --issuer legacy --omit iat)
decided 'one that lives for longer than max_lifetime' lifetime-too-long \
  < <(token plain "$legacy" --issuer legacy --omit iat --lifetime 1000)
decided 'one with iat that lived for longer' lifetime-too-long \
  < <(token plain "{\"sub\":\"s\",\"aud\":\"here\",\"iat\":$(($(date +%s) - 900))}" --issuer legacy)

# ---- RFC 9068 ----
access='{"iss":"https://as.example","sub":"s","aud":"here"}'
decided 'an access token' accept access < <(token plain "$access" --type at+jwt --claim client_id=c)
decided 'an access token by its media type' accept access < <(token plain "$access" --type application/AT+JWT --claim client_id=c)
decided 'one without client_id' claim-missing < <(token plain "$access" --type at+jwt)
decided 'an ID token in its place' type-not-allowed < <(token plain "$access" --claim client_id=c)
decided 'an access token where an ID token is due' type-not-allowed < <(token plain "$legacy" --issuer strict --type at+jwt)
tap_end
