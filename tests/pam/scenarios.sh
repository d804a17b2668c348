#!/bin/bash
# Every login case in scenarios/: what the user is asked, what the host is told, and every line of the log.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0"

start_syslog
add_user worker 1500
add_user root-like 900
groupadd -g 2000 builders
groupadd -g 990 lowgroup
new_issuer
clusters="" # two with one url, and the trust domain of a third
for name in one two td; do
  jwtctl dev key --out "/dev/shm/$name" --alg ES256 --kid $name-01
  sed 's/"sig"/"jwt-svid"/' /dev/shm/$name/keys.json >/etc/jwt-login/keys/$name.json
  url=https://kubernetes.test
  [ $name != td ] || url=spiffe://td.test
  clusters+="
issuer \"$name\" {
    url        = \"$url\"
    alias      = \"cluster-$name\"
    audience   = { \"ssh://{hostname}\" }
    algorithms = { \"ES256\" }
    keys       = \"file:/etc/jwt-login/keys/$name.json\"
    issued_at  = \"optional\"
}
rule \"pods of $name\" {
    issuer  = \"$name\"
    service = { \"sshd\" }
    any     = true
    account = \"{$([ $name = td ] && echo preferred_username || echo /kubernetes.io/namespace)}\"
    create  = true
}
"
done
install -m 755 "$build/tests/pam/scenario-runner" /usr/libexec/first-login-view # it sees what a login program sees
settings "$clusters"'
rule "worker" {
    issuer  = "dev"
    when    = { "sub == robot" }
    account = "worker"
    groups  = { "builders" }
    session = "unlimited"
}
rule "once" {
    issuer  = "dev"
    when    = { "once == yes" }
    account = "worker"
    single_use = true
}
rule "low group" {
    issuer  = "dev"
    when    = { "sub == low" }
    account = "worker"
    groups  = { "lowgroup" }
}
rule "lost group" {
    issuer  = "dev"
    when    = { "sub == lost" }
    account = "worker"
    groups  = { "no-such-group" }
}
rule "system account" {
    issuer  = "dev"
    when    = { "sub == system" }
    account = "root-like"
}
rule "only those there" {
    issuer  = "dev"
    when    = { "sub == late" }
    account = "{preferred_username}"
}
' || skip_all 'the settings could not be applied'

person ana ana
person ana-stranger ana --subject stranger
person ben ben --claim "padding=$(head -c 1500 /dev/zero | tr '\0' x)"
person expired ana --claims "$(over)"
person elsewhere ana --audience ssh://elsewhere.test
person worker-as-staff worker
person late late --subject late --omit role
token robot --subject robot
token once --subject once --claim once=yes
token once-no-id --subject once --claim once=yes --omit jti
token low --subject low
token lost --subject lost
token system --subject system
token nobody --subject nobody --claim "padding=$(head -c 300 /dev/zero | tr '\0' x)"
pod='{"sub":"system:serviceaccount:ci:runner","kubernetes.io":{"namespace":"ci"}}'
issuer_keys=/dev/shm/one token pod-of-one --issuer https://kubernetes.test --claims "$pod"
issuer_keys=/dev/shm/two token pod-of-two --issuer https://kubernetes.test --claims "$pod"
issuer_keys=/dev/shm/td token workload --subject spiffe://td.test/a --claim preferred_username=work --omit iss --omit iat
head -c -4 "$tokens/ana" >"$tokens/changed" && printf AAAA >>"$tokens/changed"
head -c 1023 "$tokens/ben" >"$tokens/cut"

stacks=/run/stacks
mkdir -p $stacks
exec /usr/libexec/first-login-view "$tokens" "$log" $stacks "$top"/tests/pam/scenarios/*.scn
