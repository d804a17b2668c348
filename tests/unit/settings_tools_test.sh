#!/bin/bash
# jwtctl check and jwtctl explain: what they print, their exit codes, and what hostile text does to them.
set -u
jwtctl=${abs_top_builddir:?}/tools/jwtctl
# shellcheck source=tests/lib/tap.sh
. "${abs_top_srcdir:?}/tests/lib/tap.sh"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

me=$(id -un)
cat >good.conf <<EOF
hostname = "build.example.org"
issuer "corp" {
  url = "https://id.example.org/"
  audience = { "ssh://{hostname}" }
  algorithms = { "ES256" }
  keys = "file:$dir/keys.json"
}
rule "main branch" {
  issuer = "corp"
  service = { "sshd" }
  when = { "ref == refs/heads/main", "groups has ops team" }
  account = "$me"
  system = true
}
rule "staff" {
  issuer = "corp"
  service = { "sshd" }
  when = { "/realm_access/roles has ssh" }
  account = "{preferred_username}"
  create = true
}
EOF
sed 's/when = { "ref/wehn = { "ref/' good.conf >typo.conf
head -c 300 good.conf >cut.conf
"$jwtctl" dev key --out . || exit 1

# run ARGUMENT...: status, out and err of jwtctl; out goes through a pipe, as the sandbox lets no file grow
run() {
  "$jwtctl" "$@" 2>err | cat >out
  status=${PIPESTATUS[0]}
}
token() { "$jwtctl" dev token --key private.jwk --issuer https://id.example.org/ --subject s1 --audience ssh://build.example.org "$@"; }
# explain STATUS LAST [ARGUMENT]... <TOKEN: checks the exit code and the last line
explain() {
  local wanted_status=$1 wanted_last=$2
  shift 2
  run explain --config good.conf --service sshd "$@"
  check "explain: $wanted_last" is "$status $(tail -n 1 out)" "$wanted_status $wanted_last"
}

# ---- check ----
run check --config good.conf
check 'check: a summary' is "$status $(cat out)" '0 1 issuer, 2 rules, ids 1879048192-2147352575'
check 'check: no warning' is "$(cat err)" ''
sed '/rule "staff"/,$ { /service/d }' good.conf >broad.conf
run check --config broad.conf
# shellcheck disable=SC2016 # the message has backticks
check 'check: a rule without service is pointed out' is "$status $(cat err)" \
  '0 warning: broad.conf:15: rule "staff": without `service` it serves every program, sudo and su included'
run check --config typo.conf
# shellcheck disable=SC2016 # the message has backticks
check 'check: an unknown option' is "$status $(cat out err)" '2 typo.conf:11: `wehn` is not known in rule; did you mean `when`?'
run check --config cut.conf
check 'check: a file cut off' is "$status $(grep -c 'cut.conf:[0-9]*: .*' err)" '2 1'
run check --config missing.conf
check 'check: no file' is "$status $(cat out err)" '2 missing.conf: does not exist'
run check --config typo.conf --json
check 'check --json: an error' grep -qF '"valid":false' out
run check --config good.conf --json
check 'check --json: a summary' grep -qF '"issuers":1' out
mkdir more && echo 'rule "more" { issuer = corp any = true account = "{sub}" groups = "no-such-group" }' >more/a.conf
run check --config good.conf --conf-dir more
check 'check: a further file' is "$status $(cat out)" '0 1 issuer, 3 rules, ids 1879048192-2147352575'
check 'check: a group that is not there' grep -q '^warning: more/a.conf:1: rule "more": the group no-such-group' err
echo 'hostname = h' >nobody.conf
run check --config nobody.conf
check 'check: nobody can log in' is "$status $(cat err)" '0 warning: there is no issuer section: nobody can log in with a token'
sed "s,$dir/keys.json,$dir/gone.json," good.conf >gone.conf
run check --config gone.conf
check 'check: a key file that is not there' grep -q "^warning: gone.conf:2: .*$dir/gone.json is missing" err
{
  cat good.conf
  echo 'group "builders" {}'
  echo 'rule "b" { issuer = corp service = sshd any = true account = "b-{sub}" create = true groups = builders membership = host }'
} >group.conf
run check --config group.conf
check 'check: the group of a section is one' is "$status $(cat err)" '0 '
sed '/^group/d' group.conf >none.conf
run check --config none.conf
check 'check: without the section it is not' grep -q 'the group builders does not exist' err

# fleet_key STATUS OUTPUT: what check says with the key file as it is
fleet_key() {
  run check --config key.conf
  check "check: a fleet key, $1: status $2" is "$status" "$2"
  check "check: a fleet key, $1: one line" is "$(grep -c . err) $(grep -c -- "$3" err)" "$4 $4"
}
{
  cat good.conf
  echo "accounts { fleet_key = \"$dir/fleet\" }"
} >key.conf
fleet_key 'not there' 2 '^accounts: .*fleet cannot be used (No such file or directory); expected .*openssl rand -hex 16' 1
if [ "$(id -u)" = 0 ]; then
  (umask 077 && openssl rand -hex 16 >fleet)
  fleet_key 'as it should be' 0 . 0
  chmod 640 fleet
  fleet_key 'that a group may read' 2 '(Operation not permitted); expected' 1
  run check --config key.conf --json
  check 'check --json: a fleet key that cannot be used' grep -q '"valid":false,"reason":"settings-invalid","error":"accounts: ' out
  chmod 600 fleet
  echo 12 >fleet
  fleet_key 'that is too short' 2 '(Invalid argument); expected' 1
  rm fleet
else
  skip 'check: fleet keys' 'needs root'
fi
for wrong in '--frobnicate' 'good.conf' '--config'; do
  run check $wrong
  check "check $wrong: wrong use" is "$status $(wc -c <out)" '2 0'
done

# ---- explain ----
explain 0 "decision: accept rule=\"main branch\" account=$me" --user "$me" \
  < <(token --claims '{"ref":"refs/heads/main","groups":["ops team"]}')
for line in '✔ signature' '  ✔ condition: ref == refs/heads/main; found "refs/heads/main"; wanted "refs/heads/main"' \
  '  ✔ condition: groups has ops team; found ["ops team"]; wanted "ops team"' '✔ rule: main branch; found ok'; do
  check "explain shows: $line" grep -qxF -- "$line" out
done
explain 1 'decision: deny no-rule' --user "$me" < <(token --claims '{"ref":"refs/heads/dev"}')
check 'explain shows the condition that failed' grep -qxF -- \
  '  ✘ condition: ref == refs/heads/main; found "refs/heads/dev"; wanted "refs/heads/main"' out
check 'explain shows the condition whose claim is absent' grep -qxF -- \
  '  ✘ condition: groups has ops team; found nothing; wanted "ops team"' out
explain 0 'decision: accept rule=staff account=nobody-yet' --user nobody-yet \
  < <(token --claims '{"preferred_username":"nobody-yet","realm_access":{"roles":["ssh"]}}')
explain 1 'decision: deny account-local' --user "$me" \
  < <(token --claims "{\"preferred_username\":\"$me\",\"realm_access\":{\"roles\":[\"ssh\"]}}")
explain 1 'decision: deny name-reserved' --user docker \
  < <(token --claims '{"preferred_username":"docker","realm_access":{"roles":["ssh"]}}')
explain 1 'decision: deny account-not-permitted' --user nobody-yet \
  < <(token --claims '{"preferred_username":"other","realm_access":{"roles":["ssh"]}}')
explain 1 'decision: deny token-expired' --user "$me" --now 4000000000 < <(token)
explain 1 'decision: deny issuer-unknown' --user "$me" < <(token --issuer https://id.example.org)
explain 1 'decision: deny audience-mismatch' --user "$me" < <(token --omit aud)
explain 1 'decision: deny token-missing' --user "$me" </dev/null
explain 1 'decision: deny token-malformed' --user "$me" < <(echo no.token)
explain 1 'decision: deny token-too-large' --user "$me" < <(head -c 20000 /dev/zero | tr '\0' x)

hostile='{"preferred_username":"\u001b[31m\nadmin\u009b","realm_access":{"roles":["ssh"]}}'
harmless() { # of the last explain's output
  is "$(LC_ALL=C sed 's/✔//g;s/✘//g' out | LC_ALL=C tr -d ' -~\n' | wc -c) $(grep -c '^decision:' out)" '0 1'
}
explain 1 'decision: deny name-invalid' --user nobody-yet < <(token --claims "$hostile")
check 'hostile text comes out printable and on its line' harmless
explain 1 'decision: deny claims-malformed' --user nobody-yet < <(token --claim $'sub=\033]0;x\007\ndecision: accept')
check 'so does a hostile sub' harmless
check 'without a terminal there is no colour' is "$(grep -c $'\033' out)" 0

printf 'publickey ssh-ed25519 AAAA\n' >info
explain 1 'decision: deny no-rule' --user "$me" --rhost 192.0.2.1 --ssh-auth-info info < <(token)
check 'the methods that sshd completed are shown' grep -q '^✔ ssh-auth-info.*found publickey$' out
explain 1 'decision: deny proof-missing' --user "$me" --ssh-auth-info info \
  < <(token --claims '{"cnf":{"jkt":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}}')
check 'a key that proves nothing says why' grep -qxF '✔ proved-key: ssh-ed25519; found its blob is damaged' out
printf 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea me\n' >key.pub
{ echo password && sed 's/^/publickey /' key.pub; } >info
bound=(--bind key.pub --claims '{"ref":"refs/heads/main","groups":["ops team"],"act":{"sub":"agent-7"}}')
explain 0 "decision: accept rule=\"main branch\" account=$me" --user "$me" --ssh-auth-info info < <(token "${bound[@]}")
check 'explain shows the keys that were proved' grep -qxF \
  '✔ proved-key: ssh-ed25519; found kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k' out
check 'explain shows what the token is bound to' grep -qF '✔ proof; found {"jkt":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}; ' out
check 'explain shows who acts' grep -qxF '✔ actor; found agent-7' out
explain 1 'decision: deny proof-missing' --user "$me" < <(token "${bound[@]}")
sed -i 's/AAAAINdam/AAAAINdaM/' info
explain 1 'decision: deny proof-mismatch' --user "$me" --ssh-auth-info info < <(token "${bound[@]}")
head -c 16385 /dev/zero | tr '\0' '\n' >info
explain 1 'decision: deny proof-missing' --user "$me" --ssh-auth-info info < <(token "${bound[@]}")
check 'explain says that more than 16 KiB prove nothing' grep -q '^✘ ssh-auth-info: .*wanted at most 16384 bytes' out
printf 'publickey ssh-ed25519 AAAA\n' >info
run explain --config good.conf --service sshd --user "$me" --json < <(token)
check 'explain --json' is "$status $(grep -c '^{"decision":"deny","reason":"no-rule",.*"steps":\[{' out)" '1 1'

run explain --config typo.conf --service sshd --user "$me" </dev/null
check 'explain: settings with an error' is "$status $(wc -c <out)" '2 0'
for wrong in '--user x' '--service sshd' '--user x --service sshd --now soon' '--user x --service sshd token' '--user x --service sshd --ssh-auth-info gone'; do
  # shellcheck disable=SC2086 # several arguments
  run explain --config good.conf $wrong </dev/null
  check "explain $wrong: wrong use" is "$status" 2
done
tap_end
