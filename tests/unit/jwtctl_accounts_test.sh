#!/bin/bash
# jwtctl apply and jwtctl accounts list on a host of their own state: an empty /var/lib, seen by this script alone.
set -u
jwtctl=${abs_top_builddir:?}/tools/jwtctl
# shellcheck source=tests/lib/tap.sh
. "${abs_top_srcdir:?}/tests/lib/tap.sh"
state=/var/lib/jwt-login
ledger=$state/ledger.db

if [ -z "${JWTCTL_ACCOUNTS_TEST-}" ]; then
  [ "$(id -u)" = 0 ] || skip_all 'needs root'
  [ "$(grep -aoE '[[:print:]]*/ledger\.db' "$jwtctl" | head -n 1)" = "$ledger" ] ||
    skip_all 'configured for another state folder'
  command -v sqlite3 >/dev/null || skip_all 'needs sqlite3'
  unshare --mount --propagation private true || skip_all 'no private mount namespace to be had'
  JWTCTL_ACCOUNTS_TEST=1 exec unshare --mount --propagation private "$0"
fi
mount -t tmpfs -o mode=755 tmpfs /var/lib || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
chmod 755 .

# run ARGUMENT...: status, out and err of jwtctl
run() {
  "$jwtctl" "$@" >out 2>err
  status=$?
}
complained() { grep -qF -- "$1" err; }
# shellcheck disable=SC2317 # called by check
plain() { refuse grep -q '[^ -~]' "$1"; }

# ---- before anything ----

run accounts list
check 'without a ledger there are no accounts' is "$status $(tail -n +2 out)" '0 '
check 'and listing makes none' refuse test -e $state
run accounts list --json
check 'as JSON too' is "$status $(cat out)" '0 []'

# ---- apply ----

run apply --config none.conf
check 'settings that are not there' is "$status" 2
echo 'nonsense = 1' >bad.conf
run apply --config "$dir/bad.conf"
check 'settings that are not valid' is "$status $(grep -c 'bad.conf:1' err)" '2 1'
touch good.conf
chmod 666 good.conf
run apply --config "$dir/good.conf"
check 'settings that others may write' is "$status" 2
check 'change nothing' refuse test -e $state
chmod 644 good.conf
(umask 077 && "$jwtctl" apply --config "$dir/good.conf" >out 2>err)
check 'good ones are applied' is "$? $(cat out)" "0 $state/nss: 0 accounts, ids 1879048192-2147352575"
check 'the state folder and the tables are open to all, the ledger to root' \
  is "$(stat -c %a $state $state/nss $state/nss/recent $ledger | tr '\n' ' ')" '755 755 644 600 '

# ---- accounts ----

sqlite3 $ledger "INSERT INTO used_ids VALUES (1879048200, 'alice', 1), (5, 'bob', 1);
  INSERT INTO identities VALUES
    (1879048200, 'alice', 'https://issuer.test', 'it''s \\me ' || char(27) || '[31m' || char(10) || 'x y', '/home/alice',
     '/bin/bash', 'enabled', 1800000000, 1800000001, 0),
    (5, 'bob', '', CAST(x'ff41' AS TEXT), '/home/bob', '/bin/sh', 'reserved', 1800000000, NULL, 0);"
run accounts list
check 'a table' is "$status $(cat out)" '0 NAME   UID         STATE     ISSUER               SUBJECT                      CREATED               LAST LOGIN
alice  1879048200  enabled   https://issuer.test  it'"'"'s \x5cme \x1b[31m\x0ax y  2027-01-15T08:00:00Z  2027-01-15T08:00:01Z
bob    5           reserved  -                    \xffA                        2027-01-15T08:00:00Z  never'
run accounts list --json
check 'JSON' is "$status $(cat out)" '0 [{"name":"alice","uid":1879048200,"state":"enabled","issuer":"https://issuer.test","subject":"it'"'"'s \\me \u001B[31m\nx y","home":"/home/alice","shell":"/bin/bash","created":"2027-01-15T08:00:00Z","last_login":"2027-01-15T08:00:01Z"},{"name":"bob","uid":5,"state":"reserved","issuer":null,"subject":"\\xffA","home":"/home/bob","shell":"/bin/sh","created":"2027-01-15T08:00:00Z","last_login":null}]'
check 'a pipe gets no colour' plain out
TERM=xterm script -qec "'$jwtctl' accounts list" /dev/null </dev/null >out
check 'a terminal does' grep -q $'^\033\\[1mNAME\033\\[0m   ' out
NO_COLOR=1 TERM=xterm script -qec "'$jwtctl' accounts list" /dev/null </dev/null >out
check 'unless NO_COLOR is set' refuse grep -q $'\033' out

sqlite3 $ledger "INSERT INTO used_tokens VALUES ('i', 'old', 1), ('i', 'new', 4000000000)"
run apply --config "$dir/good.conf"
check 'apply removes what is over' is "$(sqlite3 $ledger 'SELECT token_id FROM used_tokens')" new
check 'apply counts what it published' is "$status $(cat out)" "0 $state/nss: 1 account, ids 1879048192-2147352575"
check 'and warns of what it could not' complained 'warning: 1 account with an id outside'

# A reader of the list that takes its time does not hold the ledger.
for n in $(seq 1000); do
  echo "INSERT INTO used_ids VALUES ($n + 3000, 'n$n', 1);
    INSERT INTO identities VALUES ($n + 3000, 'n$n', 'i', 's', '/h', '/s', 'enabled', 1, 1, 0);"
done >many.sql
sqlite3 $ledger 'BEGIN' '.read many.sql' 'COMMIT'
mkfifo slow
"$jwtctl" accounts list --json >slow &
exec 3<slow
sleep 0.3
check 'a pager does not hold up logins' timeout 3 sqlite3 $ledger "UPDATE identities SET last_login = 2 WHERE uid = 5"
cat <&3 >out
exec 3<&-
wait
check 'and sees them all' is "$(grep -o '"name"' out | wc -l)" 1002

# ---- what goes wrong ----

run accounts list --jsn
check 'an unknown option is wrong use' is "$status" 2
run accounts list now
check 'an argument too' is "$status" 2
run apply --config
check 'a missing value too' is "$status" 2
install -m 755 "$jwtctl" /var/lib/jwtctl
setpriv --reuid 65534 --regid 65534 --clear-groups /var/lib/jwtctl accounts list >out 2>err
check 'others may not read the ledger' is "$? $(grep -c 'root' err)" '2 1'
setpriv --reuid 65534 --regid 65534 --clear-groups /var/lib/jwtctl apply >out 2>err
check 'nor apply' is "$? $(grep -c 'root' err)" '2 1'
chmod 640 $ledger
run accounts list
check 'a ledger that others may read is unsafe' is "$status $(grep -c file-unsafe err)" '1 1'
chmod 600 $ledger
echo damaged >$ledger
run accounts list
check 'a damaged ledger is no empty one' is "$status $(grep -c state-damaged err)" '1 1'
run apply --config "$dir/good.conf"
check 'nor is it replaced' is "$status $(cat $ledger)" '1 damaged'
rm $ledger
run accounts list
check 'a ledger that is gone is no empty one either' is "$status $(grep -c state-damaged err)" '1 1'
run apply --config "$dir/good.conf"
check 'nor is it made anew' is "$status $(grep -c "is gone" err)" '1 1'
check 'while its tables stand' refuse test -e $ledger
rm -r $state/nss
echo 'pages of the old one' >$ledger-journal
run apply --config "$dir/good.conf"
check 'nor while a journal waits to be rolled back into it' is "$status $(grep -c "is gone" err)" '1 1'
: >$ledger-journal
run apply --config "$dir/good.conf"
check 'without them the host starts afresh' is "$status $(cat out)" "0 $state/nss: 0 accounts, ids 1879048192-2147352575"

tap_end
