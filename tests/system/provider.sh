#!/bin/bash
# A real issuer, npm's oidc-provider: its discovery document leads to its keys, its access tokens open sessions, and
# its keys rotate and are withdrawn while people log in.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
. "$top/tests/makers/node.sh"
! why=$(no_node_module oidc-provider) || skip_all "$why"
enter_private_root "$0" sshd

issuer=https://localhost:8443
cache=/var/cache/jwt-login/keys
work=/run/provider
fetch=/usr/libexec/jwt-login/jwt-fetch-keys
mkdir -p "$work" "$tokens"
with_node_modules provider.mjs "$work"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$work/tls.key" -out "$work/tls.pem" 2>/dev/null

# start_provider KEY...: the first signs, all are published
start_provider() {
  : >"$work/log"
  (cd "$work" && exec node provider.mjs serve "$issuer" tls.pem tls.key "$@" >log 2>&1) &
  echo $! >"$work/pid"
  for _ in {1..400}; do # node takes its time
    ! grep -q listens "$work/log" || return 0
    sleep 0.05
  done
  cat "$work/log"
  return 1
}
stop_provider() {
  kill "$(cat "$work/pid")" && wait_for provider_is_gone
}
provider_is_gone() {
  ! kill -0 "$(cat "$work/pid")" 2>/dev/null
}

# granted FILE CLIENT [RESOURCE]: the provider's access token for this host
granted() {
  NODE_EXTRA_CA_CERTS=$work/tls.pem node "$work/provider.mjs" token "$issuer" "$2" "${3-ssh://$host}" \
    >"$tokens/$1" 2>"$work/client.log" || { cat "$work/client.log"; return 1; }
}
opens() { # USER TOKEN
  is "$(login "$1" "$2" id -un)" "$1"
}

start_syslog
login_program
new_issuer
settings '
issuer "provider" {
    url        = "'$issuer'"
    audience   = { "ssh://{hostname}" }
    algorithms = { "RS256", "ES256" }
    type       = "at+jwt"
    ca_file    = "'$work/tls.pem'"
}
rule "provider" {
    issuer  = "provider"
    when    = { "scope has login", "client_id exists" }
    account = "{sub}"
    create  = true
}
'
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid

# ---- discovery ----

must 'the provider runs' start_provider one.jwk
check 'its keys are found by discovery' "$fetch"
check 'it grants a token' granted ana ana
check 'which opens' opens ana ana
check 'it grants one for another resource' granted elsewhere ana ssh://elsewhere.test
check 'which does not' refused audience-mismatch ana elsewhere
check 'nor does it open the account of another client' refused account-not-permitted ben ana
person typ ana --issuer "$issuer"
check 'nor does a token of another type' refused type-not-allowed ana typ

# ---- rotation ----

stop_provider
check 'the provider signs with a new key' start_provider two.jwk one.jwk
check 'it grants a token with it' granted ben ben
check 'which opens at once' opens ben ben
check 'the old one still does' opens ana ana
stop_provider
check 'the provider withdraws the old key' start_provider two.jwk
check 'until the next fetch its tokens open' opens ana ana
check 'the keys are fetched' "$fetch" --issuer provider --force
check 'then they do not' refused key-unknown ana ana
check 'the others do' opens ben ben

# ---- the provider is gone ----

check 'it stops' stop_provider
check 'fetching says so' refuse "$fetch" --issuer provider --force
check 'logins go on with the keys that are there' opens ben ben
check 'a token of a withdrawn key is still refused' refused key-unknown ana ana
find "$cache" -type f -delete
check 'without keys nobody gets in' refused keys-unavailable ben ben
check 'the provider is back' start_provider two.jwk
find "$cache" -name '*.stamp' -delete # half a minute passes
check 'a login fetches what it needs' opens ben ben
tap_end
