#!/bin/bash
# What the administrator does to accounts, and what other sources and damage do to them, as logins see it.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

# Under the default range both names have the same first id: found by trying some hundred million names.
first=alice
second=m29105732
id=1945170723

start_syslog
new_issuer
settings ''
must 'the settings are applied' test $? = 0
start_sshd
person $first $first
person $second $second
ledger=/var/lib/jwt-login/ledger.db

# ---- a collision ----

check 'the first one has the first id' is "$(login $first $first id -u)" $id
log_mark
login $second $second id -u >/dev/null 2>&1
check 'the other has the next' is "$(login $second $second id -u)" $((id + 1))
check 'and the log says why' logged "user=$second .*detail=\"id $((id + 1)), because $id is taken\""

# ---- disabled, enabled, rebound, removed ----

jwtctl accounts disable $first >/dev/null
check 'a disabled account is refused' refused account-disabled $first $first
jwtctl accounts enable $first >/dev/null
check 'an enabled one is not' is "$(login $first $first id -u)" $id
jwtctl accounts rebind $first --issuer https://issuer.test --subject somebody-else >/dev/null
check 'a rebound account is refused to whose it was' refused account-bound $first $first
jwtctl accounts rebind $first --issuer https://issuer.test --subject $first-at-corp >/dev/null
check 'and open to whose it is' is "$(login $first $first id -u)" $id
check 'a removed account' jwtctl accounts remove $first --force
check 'does not resolve' refuse getent passwd $first
login $first $first id -u >/dev/null 2>&1
check 'and gets another id when it comes back' is "$(login $first $first id -u)" $((id + 2))

# ---- made before the first login ----

echo '{"name":"carl","issuer":"'https://issuer.test'","subject":"carl"}' | jwtctl accounts import >/dev/null
check 'an imported account resolves' getent passwd carl

# ---- an id that another source gains ----

cp /etc/passwd /run/passwd
echo "late:x:$((id + 1)):100::/:/bin/sh" >>/etc/passwd
check 'an account whose id another source has is refused' refused account-id-taken $second $second
cat /run/passwd >/etc/passwd
check 'until the id is free again' is "$(login $second $second id -u)" $((id + 1))

# ---- a damaged ledger ----

cp $ledger /run/ledger.db
record=$(getent passwd $second)
printf 'damaged, and longer than a header of SQLite would be, so that it is looked at as one ------------------------' >$ledger
cp $ledger /run/damaged
check 'with a damaged ledger nobody gets in' refused state-damaged $second $second
check 'known accounts go on resolving' is "$(getent passwd $second)" "$record"
check 'and it is left as it is' cmp $ledger /run/damaged
rm $ledger
check 'nor without it' refused state-damaged $second $second
check 'and none is made' refuse test -e $ledger
install -m 600 /run/ledger.db $ledger
check 'with the old one back they get in' is "$(login $second $second id -u)" $((id + 1))
tap_end
