#!/bin/bash
# A judge that a token has taken over answers whatever it likes. The keeper asks the settings again and refuses what no
# rule grants; the most that a lie can gain is a claim within a rule.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

start_syslog
add_user worker 1500
new_issuer
settings '
issuer "corp" {
    url        = "https://corp.test"
    audience   = { "x" }
    algorithms = { "RS256" }
    keys       = "file:/etc/jwt-login/keys/dev.json"
}
rule "corp staff" {
    issuer  = "corp"
    when    = { "role == staff" }
    account = "corp-{preferred_username}"
    create  = true
}
rule "sudo only" {
    issuer  = "dev"
    service = { "sudo" }
    any     = true
    account = "worker"
}
rule "worker" {
    issuer  = "dev"
    service = { "sshd" }
    when    = { "sub == robot" }
    account = "worker"
}
'
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid
install -m 755 "$build/tests/system/liar" /usr/libexec/jwt-login/jwt-judge
token any --subject any

tell() { # LINE...: an answer within the rules, and what is changed in it
  printf '%s\n' 'reason 0' 'issuer-title dev' 'rule staff' 'issuer https://issuer.test' 'subject liar' \
    'algorithm ES256' 'issued 0' 'expires 300' "$@" >/run/lie
}
lie_is_refused() { # USER REASON LINE...
  local user=$1 reason=$2
  shift 2
  tell "$@"
  refused "$reason" "$user" any
}

tell 'subject liar'
check 'within a rule a lie about claims passes: the stand-in works' is "$(login ivan any id -un)" ivan

check 'root under a template' lie_is_refused root judge-refused 'subject liar'
check 'root under a rule that names another' lie_is_refused root judge-refused 'rule worker'
check 'a local account under a template' lie_is_refused worker judge-refused 'subject liar'
check 'another account than the rule names' lie_is_refused igor judge-refused 'rule worker'
check 'a rule of another service' lie_is_refused worker judge-refused 'rule sudo only'
check 'a rule of another issuer' lie_is_refused corp-igor judge-refused 'rule corp staff'
check 'another issuer under its own rule, with the wrong algorithm' lie_is_refused corp-igor judge-refused \
  'rule corp staff' 'issuer-title corp' 'issuer https://corp.test'
check 'a rule that does not exist' lie_is_refused igor judge-refused 'rule nowhere'
check 'no rule at all' lie_is_refused igor judge-refused 'rule '
check 'an issuer that does not exist' lie_is_refused igor judge-refused 'issuer-title nowhere'
check 'an issuer that is not the one of the section' lie_is_refused igor judge-refused 'issuer https://corp.test'
check 'an algorithm that is not allowed' lie_is_refused igor judge-refused 'algorithm none'
check 'no subject' lie_is_refused igor judge-refused 'subject '
check 'a token that is over' lie_is_refused igor judge-refused 'issued -900' 'expires -600'
check 'a token that lives for ever' lie_is_refused igor judge-refused 'expires 99999999'
check 'a token from the future' lie_is_refused igor judge-refused 'issued 9000' 'expires 9300'
for field in issuer-title rule issuer subject token-id algorithm; do
  check "a $field without an end" lie_is_refused igor judge-refused "unterminated $field"
done
check 'a reason that does not exist' lie_is_refused igor judge-refused 'reason 9999'
check 'another protocol' lie_is_refused igor judge-refused 'magic 1'
check 'half an answer' lie_is_refused igor judge-failed 'short 100'
check 'other settings' lie_is_refused igor settings-changed-retry 'fingerprint 1'
check 'a greeting that makes no sense' lie_is_refused igor protocol 'hello 9999'
check 'another subject for an account that is bound' lie_is_refused ivan account-bound 'subject other'
check 'a line break in the subject is one line of audit' lie_is_refused igor 'judge-refused' \
  'subject x%ndecision=accept reason=ok user=root'
check 'nothing came of it all' refuse getent passwd igor
check 'no lie was taken for root' refuse grep -qE '\]: decision=accept .*user=(root|worker|igor) ' "$log"
check 'sshd runs' kill -0 "$(cat /run/sshd.pid)"
tap_end
