#!/bin/bash
# Tokens that are signed with ML-DSA open SSH sessions: several parts of a prompt, and the judge's sandbox, hold them.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
. "$top/tests/makers/ml_dsa.sh"
ml_dsa_offered || skip_all "OpenSSL 3.5 brings ML-DSA, here is $(openssl version)"
enter_private_root "$0" sshd

start_syslog
login_program
new_issuer
settings '
issuer "quantum" {
    url        = "https://quantum.test"
    audience   = { "ssh://{hostname}" }
    algorithms = { "ML-DSA-44", "ML-DSA-65", "ML-DSA-87" }
    keys       = "file:/etc/jwt-login/keys/quantum.json"
}
rule "quantum" {
    issuer  = "quantum"
    any     = true
    account = "{sub}"
    create  = true
}
'
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid

now=$(date +%s)
for level in ML-DSA-44 ML-DSA-65 ML-DSA-87; do
  name=user${level##*-}
  claims=$(printf '{"iss":"https://quantum.test","aud":"ssh://%s","sub":"%s","iat":%d,"exp":%d}' \
    "$host" "$name" "$now" $((now + 600)))
  new_key "$level" /dev/shm/key.pem
  printf '{"keys":[%s]}' "$(jwk "$level" "$(public_key "$level" /dev/shm/key.pem)")" >/etc/jwt-login/keys/quantum.json
  sign "$level" /dev/shm/key.pem "$claims" >"$tokens/$level"
  log_mark
  check "$level opens" is "$(login "$name" "$level" id -un)" "$name"
  check "and the audit says so" logged "decision=accept reason=ok phase=authenticate user=$name .* alg=$level"
  sed 's/.\{9\}$/AAAAAAAAA/' "$tokens/$level" >"$tokens/changed"
  check "$level, changed, does not" refused signature-invalid "$name" changed
done
tap_end
