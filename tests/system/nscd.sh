#!/bin/bash
# A host on which nscd runs: jwtctl says so, first logins do not work, and everything else is as safe as without.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
[ -x "${JWT_LOGIN_SOURCES-}/usr/sbin/nscd" ] || skip_all 'no nscd: packaging/install-dependencies sources=DIR, and JWT_LOGIN_SOURCES=DIR'
enter_private_root "$0" sshd

start_syslog
add_user worker 1500
new_issuer
settings ''
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid
for name in ana eve; do person $name $name; done
id=$(login ana ana id -u)
must 'an account is there' test -n "$id"

warning='warning: nscd answers for users and groups from memory'
warnings() { jwtctl "$1" 2>&1 | grep -c "^$warning"; }
check 'without nscd there is no warning' is "$(warnings apply) $(warnings check)" '0 0'

install -m 755 "$JWT_LOGIN_SOURCES/usr/sbin/nscd" /usr/sbin/nscd
mkdir -p /run/nscd /var/cache/nscd
start_nscd() { # LINE...: of its settings, after the package's
  { cat "$JWT_LOGIN_SOURCES/etc/nscd.conf"; printf '%s\n' "$@"; } >/etc/nscd.conf
  nscd && wait_for nscd -g
}
stop_nscd() {
  nscd -K && wait_for refuse pgrep -x nscd
}
must 'nscd runs' start_nscd

# ---- what is told ----

check 'apply and check warn in one line' is "$(warnings apply) $(warnings check)" '1 1'
check 'it says the mend' grep -q "enable-cache passwd no.*enable-cache group no.*/etc/nscd.conf" <(jwtctl apply 2>&1)
check 'in JSON, too' grep -q '"nscd answers for users and groups' <(jwtctl check --json)
check 'not of settings that are not the host'"'"'s' refuse grep -q nscd <(jwtctl check --config /etc/jwt-login/jwt-login.conf 2>&1)

# ---- what goes wrong, and what does not ----

check 'who is known logs in' is "$(login ana ana id -u)" "$id"
log_mark
check 'somebody new does not' refuse login eve eve true
check 'since sshd does not see the account' logged 'sshd.*[Ii]nvalid user eve'
check 'nothing was made' is "$(ask "SELECT count(*) FROM identities WHERE name = 'eve'")" 0
seen_by_worker() { setpriv --reuid worker --regid worker --clear-groups getent passwd eve; }
check 'others see nothing of it' refuse seen_by_worker
jwtctl accounts remove ana --force >/dev/null
check 'an account that nscd remembers and the ledger does not is refused' refused account-changed-retry ana ana
check 'again, as long as it remembers' refused account-changed-retry ana ana
nscd -i passwd && nscd -i group
forgotten() { is "$(getent passwd ana | cut -d: -f3)" "$(ask "SELECT uid FROM identities WHERE name = 'ana'")"; }
check 'until it forgets' wait_for forgotten
check 'then it has its new id' is "$(login ana ana 'id -u' 2>/dev/null)" "$(ask "SELECT uid FROM identities WHERE name = 'ana'")"
check 'which is another' refuse test "$(ask "SELECT uid FROM identities WHERE name = 'ana'")" = "$id"

# ---- the mend ----

must 'nscd stops' stop_nscd
must 'nscd runs without these caches' start_nscd 'enable-cache passwd no' 'enable-cache group no'
check 'there is no warning' is "$(warnings apply) $(warnings check)" '0 0'
check 'somebody new logs in' is "$(login eve eve id -un)" eve
stop_nscd >/dev/null
tap_end
