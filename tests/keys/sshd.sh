#!/bin/bash
# Through the real sshd: the login that brings a key which nobody has seen yet succeeds, and a withdrawn key opens nothing.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
python3 -c 'import ssl, http.server' 2>/dev/null || skip_all 'needs python3 with ssl'
enter_private_root "$0" sshd
. "$top/tests/keys/issuers.sh"

start_syslog
login_program
echo 127.0.0.1 issuer.test >>/etc/hosts
add_user worker 1500
new_issuer
new_authority ours
new_certificate good ours issuer.test 30
start_server tls good
must 'there is an issuer' test $? = 0
net=${base[tls]}/net
settings "
$(section net "$net" "ca_file = \"$authority/ours.pem\"")
rule \"people\" {
    issuer  = \"net\"
    any     = true
    account = \"{preferred_username}\"
    create  = true
}"
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid
start_watch
new_key k1 k2

serve net k1
sign robot k1 "$net"
sign ana k1 "$net" --subject ana --claim preferred_username=ana
check 'the first login of all brings the keys' is "$(login worker robot id -un)" worker
check 'somebody new is there at once' is "$(login ana ana id -un)" ana

serve net k1 k2
rested net
sign robot-anew k2 "$net"
asked_mark
check 'a login with a new key' is "$(login worker robot-anew id -un)" worker
check 'fetches it once' is "$(asked net keys)" 1
check 'and the audit says so' logged 'decision=accept .*kid=k2 .*detail="keys of net: they were fetched for this login"'
check 'a login with the old one needs nothing' is "$(login worker robot id -un; asked net keys)" "$(printf '%s\n' worker 1)"

serve net k2
$fetch --issuer net --force >/dev/null
check 'a withdrawn key opens nothing' refused key-unknown worker robot
check 'nor for somebody known' refused key-unknown ana ana
check 'the new key does' is "$(login worker robot-anew id -un)" worker
stop_servers
rested net
check 'while the issuer is down logins go on' is "$(login worker robot-anew id -un)" worker
check 'a login of nobody does not hold them up' refused key-unknown worker robot

check 'no token in any process argument or environment' watch_is_empty
check 'no token in logs, state and cache' no_token_text /var/log /var/lib /var/cache /run /home /etc
tap_end
