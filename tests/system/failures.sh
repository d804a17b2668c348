#!/bin/bash
# Whatever breaks, a login is refused with a reason in the log, nothing crashes or hangs, and nobody else is locked out.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

start_syslog
add_user worker 1500 'local secret'
new_issuer
settings ''
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid
# The account line stands in the whole host's stack, so that cron and su meet it too.
stack common-account 'account required pam_jwt.so' 'account required pam_unix.so'
stack cron 'auth required pam_rootok.so' 'account include common-account' 'session required pam_permit.so'
stack su 'auth sufficient pam_rootok.so' 'auth required pam_unix.so' 'account include common-account' \
  'session required pam_unix.so'
stack sudo 'auth required pam_unix.so' 'account include common-account' 'session required pam_unix.so'
echo 'worker ALL=(ALL:ALL) ALL' >/etc/sudoers.d/worker
ssh-keygen -q -t ed25519 -N '' -f /dev/shm/id
install -d -m 700 -o worker -g worker /home/worker/.ssh
install -m 600 -o worker -g worker /dev/shm/id.pub /home/worker/.ssh/authorized_keys

person ana ana
person eve eve
check 'a login works before anything is broken' is "$(login ana ana id -un)" ana
record=$(getent passwd ana)

helpers=/usr/libexec/jwt-login
state=/var/lib/jwt-login
conf=/etc/jwt-login/jwt-login.conf
saved=/dev/shm/saved
mkdir $saved
cp -a $helpers $saved/helpers
cp -a $state $saved/state
cp -a /etc/jwt-login $saved/conf
cp -a /etc/passwd $saved
mend() {
  rm -rf $helpers $state /etc/jwt-login
  cp -a $saved/helpers $helpers
  cp -a $saved/state $state
  cp -a $saved/conf /etc/jwt-login
  cp $saved/passwd /etc/passwd
}

# The others: a login by key, by password with su and sudo, cron's account phase, lookups. Each ends in time.
others_go_on() {
  is "$(ssh_to worker TOKEN_PATH=/dev/null -o PreferredAuthentications=publickey -i /dev/shm/id id -un)" worker &&
    is "$(timeout 5 su worker -c 'id -un' </dev/null)" worker &&
    is "$(echo 'local secret' | setpriv --reuid worker --regid worker --init-groups timeout 5 sudo -k -S -p '' id -u)" 0 &&
    timeout 5 pamtester cron root acct_mgmt >/dev/null && timeout 5 pamtester cron worker acct_mgmt >/dev/null &&
    timeout 5 getent passwd root >/dev/null && timeout 5 id worker >/dev/null && kill -0 "$(cat /run/sshd.pid)"
}

lookup_is_calm() { # getent finds the account or does not; it neither crashes nor hangs
  timeout 5 getent passwd ana nobody-like-this >/dev/null
  [ $? -le 2 ]
}

# broken WHAT REASON: ana, and somebody new, are refused for REASON; the rest goes on; then all is mended
broken() {
  local started=$SECONDS
  check "$1: the login is refused as $2" refused "$2" ana ana
  check "$1: it ends in time" test $((SECONDS - started)) -lt 35
  check "$1: everybody else goes on" others_go_on
  check "$1: lookups are calm" lookup_is_calm
  mend
}

stand_in() { # NAME: standard input becomes the helper
  rm -f "$helpers/$1"
  install -m 755 /dev/stdin "$helpers/$1"
}

# ---- helpers ----

check 'nobody else is in the way of a sound installation' others_go_on
rm $helpers/jwt-judge
broken 'no judge' judge-failed
rm $helpers/jwt-keeper
broken 'no keeper' keeper-failed
for helper in judge keeper; do
  stand_in jwt-$helper <<<'#!/bin/sh
exit 3'
  broken "a $helper that exits" $helper-failed
  # shellcheck disable=SC2016
  stand_in jwt-$helper <<<'#!/bin/sh
kill -SEGV $$'
  broken "a $helper that crashes" $helper-failed
  stand_in jwt-$helper <<<'#!/bin/sh
exec sleep 100'
  broken "a $helper that hangs" $helper-failed
  check "a $helper that hangs is gone afterwards" refuse pgrep -x sleep
  stand_in jwt-$helper <<<'#!/bin/sh
yes nonsense | head -c 200000 >&0'
  broken "a $helper that talks nonsense" "($helper-failed|protocol)"
done

kill_helper() { # NAME: while a login waits in it
  local waiting status
  stand_in jwt-judge <<<'#!/bin/sh
exec sleep 30'
  log_mark
  login ana ana true &
  waiting=$!
  sleep 1.5
  if [ "$1" = jwt-keeper ]; then pkill -KILL -x jwt-keeper; else pkill -KILL -x sleep; fi
  wait "$waiting"
  status=$?
  mend
  test "$status" != 0
}
check 'a judge killed in the middle' kill_helper jwt-judge
check 'is named in the log' logged 'decision=deny reason=judge-failed .*user=ana .*killed by signal 9'
check 'a keeper killed in the middle' kill_helper jwt-keeper
check 'is named in the log' logged 'decision=deny reason=keeper-failed .*user=ana .*killed by signal 9'

sed -i '/^_jwt-login:/d' /etc/passwd
broken 'no user for the judge' sandbox-failed

# ---- the ledger ----

ledger=$state/ledger.db
shorter() { truncate -s "$1" "$ledger" && rm -f "$ledger-wal" "$ledger-shm"; }
rm -f $ledger-wal $ledger-shm
head -c 20000 /dev/urandom >$ledger
broken 'a ledger of random bytes' state-damaged
shorter 5000
broken 'a ledger cut off' '(state-damaged|state-unavailable)'
rm -f $ledger* && mkdir $ledger
broken 'a folder in the place of the ledger' '(state-damaged|state-unavailable|file-unsafe)'
python3 - $ledger <<'END' &
import sqlite3, sys, time
ledger = sqlite3.connect(sys.argv[1])
ledger.execute("begin exclusive")
time.sleep(60)
END
holder=$!
sleep 0.5
broken 'somebody who keeps the ledger locked' state-busy
kill $holder
wait $holder 2>/dev/null
mount -t tmpfs -o size=1m,mode=755 tmpfs $state
cp -a $saved/state/. $state
dd if=/dev/zero of=$state/filler bs=4k 2>/dev/null
check 'a full disk: somebody new is refused' refused 'state-unavailable' eve eve
check 'a full disk: everybody else goes on' others_go_on
check 'a full disk: the account stands' is "$(getent passwd ana)" "$record"
umount $state

# ---- the tables ----

damage() { # EXPRESSION: a python expression over `data`, applied to every table
  python3 - "$1" $state/nss/* <<'END'
import random, sys
for path in sys.argv[2:]:
    data = bytearray(open(path, "rb").read())
    data = eval(sys.argv[1])
    open(path + ".new", "wb").write(bytes(data))
    import os
    os.replace(path + ".new", path)
END
}
damaged_tables() { # WHAT EXPRESSION: lookups are calm, the login is refused or works, others go on; apply mends it
  damage "$2"
  check "$1: lookups are calm" lookup_is_calm
  log_mark
  login ana ana id -un >/run/answer
  check "$1: the login is refused, or is as it should be" answer_is_sound
  check "$1: the log has a reason when it is refused" said_why
  check "$1: everybody else goes on" others_go_on
  check "$1: jwtctl apply mends it" jwtctl apply
  check "$1: as it was" is "$(getent passwd ana)" "$record"
  mend
}
answer_is_sound() {
  [ ! -s /run/answer ] || is "$(cat /run/answer)" ana
}
said_why() {
  [ -s /run/answer ] || logged 'decision=deny|[Ii]nvalid user ana'
}
damaged_tables 'empty tables' 'b""'
damaged_tables 'tables cut off' 'data[:len(data) // 2]'
damaged_tables 'tables of random bytes' 'random.Random(7).randbytes(len(data))'
damaged_tables 'tables with a sound head and random offsets' 'data[:64] + random.Random(8).randbytes(max(0, len(data) - 64))'
damaged_tables 'tables full of the highest numbers' 'data[:16] + b"\xff" * max(0, len(data) - 16)'
rm -rf $state && : >$state
check 'a file in the place of the state folder: the login is refused' refuse login ana ana true
check 'a file in the place of the state folder: everybody else goes on' others_go_on
mend
rm -rf $state/nss
check 'no tables: lookups are calm' lookup_is_calm
check 'no tables: everybody else goes on' others_go_on
check 'no tables: the account is not known' refuse getent passwd ana
check 'no tables: the login is refused' refuse login ana ana true
mend

# ---- settings and keys ----

rm $conf
broken 'no settings' settings-missing
half=$(($(stat -c %s $conf) / 2))
head -c $half $saved/conf/jwt-login.conf >$conf
broken 'settings cut off' settings-invalid
sed '/^accounts/,$d' $saved/conf/jwt-login.conf | sed '$d' | sed '$d' >$conf
broken 'settings cut off inside a section' settings-invalid
cat $saved/conf/jwt-login.conf <(sed -n '/^rule "staff"/,/^}/p' $saved/conf/jwt-login.conf) >$conf
broken 'a repeated title' settings-invalid
# shellcheck disable=SC2016
sed 's|^hostname.*|hostname = "${HOSTNAME}"|' $saved/conf/jwt-login.conf >$conf
broken "the caller's environment in the settings" settings-invalid
chmod 666 $conf
broken 'settings that others may write to' file-unsafe
chown worker $conf
broken 'settings of another owner' file-unsafe
rm /etc/jwt-login/keys/dev.json
broken 'no key file' keys-unavailable
echo '{"keys": [' >/etc/jwt-login/keys/dev.json
broken 'a damaged key file' keys-malformed
chmod 666 /etc/jwt-login/keys/dev.json
broken 'a key file that others may write to' '(keys-unavailable|file-unsafe)'

# ---- nothing left at all ----

rm -rf $helpers $state /etc/jwt-login
check 'without helpers, state and settings root, cron and local users go on' others_go_on
check 'without them lookups are calm' lookup_is_calm
rm -f /usr/lib/*/libnss_jwt.so.2
check 'without the NSS module they go on' others_go_on

check 'no token in logs and state' no_token_text /var/log /var/lib /run
check 'nothing crashed' refuse grep -qiE 'segfault|core dumped|fatal: |assert' "$log"
tap_end
