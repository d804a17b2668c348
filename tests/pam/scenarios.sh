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
rule "members" {
    issuer  = "dev"
    when    = { "sub == member" }
    account = "mia"
    create  = true
    groups  = { "builders" }
    membership = "host"
}
rule "keyed" {
    issuer  = "dev"
    when    = { "sub == keyed" }
    account = "worker"
    bound   = true
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
rule "own group" {
    issuer  = "dev"
    when    = { "sub == tester" }
    account = "worker"
    groups  = { "testers" }
}
rule "two groups" {
    issuer  = "dev"
    when    = { "sub == twice" }
    account = "worker"
    groups  = { "twice" }
}
group "testers" { gid = 1900000001 }
group "twice" { gid = 1900000002 }
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
token tester --subject tester
token twice --subject twice
echo twice:x:2002: >>/etc/group # which the settings have, too
token system --subject system
# The key of RFC 8037 A.1, which the scenarios prove.
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea' >/dev/shm/key.pub
person bound ana --bind /dev/shm/key.pub
token once-bound --subject once --claim once=yes --bind /dev/shm/key.pub
token free-for-bound --subject keyed
token bound-for-bound --subject keyed --bind /dev/shm/key.pub
token member --subject member --bind /dev/shm/key.pub
token acted --subject robot --claims '{"act":{"sub":"agent-7","act":{"iss":"https://idp.test","sub":"planner"}}}'
token nobody --subject nobody --claim "padding=$(head -c 300 /dev/zero | tr '\0' x)"
pod='{"sub":"system:serviceaccount:ci:runner","kubernetes.io":{"namespace":"ci"}}'
issuer_keys=/dev/shm/one token pod-of-one --issuer https://kubernetes.test --claims "$pod"
issuer_keys=/dev/shm/two token pod-of-two --issuer https://kubernetes.test --claims "$pod"
issuer_keys=/dev/shm/td token workload --subject spiffe://td.test/a --claim preferred_username=work --omit iss --omit iat
head -c -4 "$tokens/ana" >"$tokens/changed" && printf AAAA >>"$tokens/changed"
head -c 1023 "$tokens/ben" >"$tokens/cut"

stacks=/run/stacks
mkdir -p $stacks
# What sshd says is looked at up to 16 KiB; with one byte more, the key that it begins with is not proved.
info='publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea '
info+=$(head -c $((16384 - ${#info})) /dev/zero | tr '\0' x)
cat >/run/75-too-long.scn <<END
# What sshd says of the connection has at most 16 KiB
service sshd
user ana
auth required pam_jwt.so
putenv SSH_AUTH_INFO_0 $info
call authenticate PAM_SUCCESS
ask "Password or token: " @bound
putenv SSH_AUTH_INFO_0 ${info}x
call authenticate PAM_AUTH_ERR
ask "Password or token: " @bound
log authpriv.info jwt-login: decision=accept reason=ok phase=authenticate user=ana * proof=kPrK_*
log authpriv.notice jwt-login: decision=deny reason=proof-missing phase=authenticate user=ana service=sshd ms=* detail="SSH_AUTH_INFO_0 has more than 16384 bytes: use a smaller key or certificate"
END
exec /usr/libexec/first-login-view "$tokens" "$log" $stacks "$top"/tests/pam/scenarios/*.scn /run/75-too-long.scn
