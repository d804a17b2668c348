#!/bin/bash
# jwtctl apply and jwtctl accounts on a host of their own state: an empty /var/lib, seen by this script alone.
set -u
jwtctl=${abs_top_builddir:?}/tools/jwtctl
# shellcheck source=tests/lib/tap.sh
. "${abs_top_srcdir:?}/tests/lib/tap.sh"
state=/var/lib/jwt-login
ledger=$state/ledger.db
identities="identities (uid, name, issuer, subject, home, shell, state, created, last_login, published, declared)"

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
nsswitch() { printf '%s\n' "passwd: $1" "group: ${2-$1}" >nsswitch.conf; } # in place: it is mounted
nsswitch 'files jwt'
mount --bind nsswitch.conf /etc/nsswitch.conf || exit 1

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
  INSERT INTO $identities VALUES
    (1879048200, 'alice', 'https://issuer.test', 'it''s \\me ' || char(27) || '[31m' || char(10) || 'x y', '/home/alice',
     '/bin/bash', 'enabled', 1800000000, 1800000001, 0, 0),
    (5, 'bob', '', CAST(x'ff41' AS TEXT), '/home/bob', '/bin/sh', 'reserved', 1800000000, NULL, 0, 0);"
run accounts list
check 'a table' is "$status $(cat out)" '0 NAME   UID         STATE     ISSUER               SUBJECT                      CREATED               LAST LOGIN
alice  1879048200  enabled   https://issuer.test  it'"'"'s \x5cme \x1b[31m\x0ax y  2027-01-15T08:00:00Z  2027-01-15T08:00:01Z
bob    5           reserved  -                    \xffA                        2027-01-15T08:00:00Z  never'
run accounts list --json
check 'JSON' is "$status $(cat out)" '0 [{"name":"alice","uid":1879048200,"state":"enabled","issuer":"https://issuer.test","subject":"it'"'"'s \\me \u001B[31m\nx y","home":"/home/alice","shell":"/bin/bash","created":"2027-01-15T08:00:00Z","last_login":"2027-01-15T08:00:01Z","declared":false},{"name":"bob","uid":5,"state":"reserved","issuer":null,"subject":"\\xffA","home":"/home/bob","shell":"/bin/sh","created":"2027-01-15T08:00:00Z","last_login":null,"declared":false}]'
check 'a pipe gets no colour' plain out
TERM=xterm script -qec "'$jwtctl' accounts list" /dev/null </dev/null >out
check 'a terminal does' grep -q $'^\033\\[1mNAME\033\\[0m   ' out
NO_COLOR=1 TERM=xterm script -qec "'$jwtctl' accounts list" /dev/null </dev/null >out
check 'unless NO_COLOR is set' refuse grep -q $'\033' out

sqlite3 $ledger "INSERT INTO used_tokens VALUES ('i', 'old', 1), ('i', 'new', 4000000000)"
run apply --config "$dir/good.conf"
check 'apply removes what is over' is "$(sqlite3 $ledger "SELECT token_id FROM used_tokens WHERE token_id IN ('old', 'new')")" new
check 'apply counts what it published' is "$status $(cat out)" "0 $state/nss: 1 account, ids 1879048192-2147352575"
check 'and tells of what it could not' complained 'account "bob" (uid 5): another source has gained the id'

# A reader of the list that takes its time does not hold the ledger.
for n in $(seq 1000); do
  echo "INSERT INTO used_ids VALUES ($n + 3000, 'n$n', 1);
    INSERT INTO $identities VALUES ($n + 3000, 'n$n', 'i', 's', '/h', '/s', 'enabled', 1, 1, 0, 0);"
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

# ---- one account ----

show() { "$jwtctl" accounts show "$1" --json | grep -o "\"$2\":[^,}]*"; }
boot=$(cat /proc/sys/kernel/random/boot_id)
sqlite3 $ledger "INSERT INTO used_ids VALUES (1879048300, 'carl', 1);
  INSERT INTO $identities VALUES (1879048300, 'carl', 'https://issuer.test', 'carl', '/home/carl', '/bin/bash', 'enabled',
    1800000000, 1800000001, 0, 0);
  INSERT INTO grants VALUES ('0123456789abcdef0123456789abcdef', 1879048300, 'carl', 1879048300, 'sshd',
    'https://issuer.test', 'carl', 'rule', NULL, 1800000000, 4000000000, 1, 1800000001, NULL);
  INSERT INTO sessions VALUES (1, '0123456789abcdef0123456789abcdef', 1, 1, 1, '$boot', NULL, 1800000001, NULL);"
run apply --config "$dir/good.conf"
run accounts show carl
check 'all of one account' is "$status $(cat out)" '0 ACCOUNT        carl
uid            1879048300
state          enabled
issuer         https://issuer.test
subject        carl
home           /home/carl
shell          /bin/bash
created        2027-01-15T08:00:00Z
last login     2027-01-15T08:00:01Z
declared       no
open sessions  1'
run accounts show carl --json
check 'as JSON' is "$status $(cat out)" '0 {"name":"carl","uid":1879048300,"state":"enabled","issuer":"https://issuer.test","subject":"carl","home":"/home/carl","shell":"/bin/bash","created":"2027-01-15T08:00:00Z","last_login":"2027-01-15T08:00:01Z","declared":false,"open_sessions":1,"memberships":[]}'
run accounts disable carl
check 'disable says what is refused, what goes on, and how to undo it' is "$status $(cat out)" \
  "0 carl (uid 1879048300) is disabled: every login, and every right of a grant, is refused from now on.
1 session is open and is not ended by this.
'jwtctl accounts enable carl' opens it again."
check 'it is disabled' is "$(show carl state)" '"state":"disabled"'
run accounts enable carl
check 'enable says so' is "$status $(cat out)" \
  '0 carl (uid 1879048300) is enabled: the next login that a rule admits succeeds.'
check 'it is enabled' is "$(show carl state)" '"state":"enabled"'
run accounts disable carl --json
check 'both in JSON' is "$status $(grep -o '"state":"[a-z]*"' out)" '0 "state":"disabled"'
run accounts rebind carl --issuer https://other.test --subject $'c\xc3\xa4rl'
check 'rebind says whose it is' is "$status $(cat out)" \
  '0 carl (uid 1879048300) belongs to the subject c\xc3\xa4rl of https://other.test now, with its home and its files.
1 session is open and is not ended by this.'
check 'it is theirs, and as disabled as before' is "$(show carl issuer) $(show carl subject) $(show carl state)" \
  $'"issuer":"https://other.test" "subject":"c\\u00E4rl" "state":"disabled"'
check 'what was granted before is over' is "$(sqlite3 $ledger 'SELECT expires < 4000000000 FROM grants')" 1
run accounts rebind carl --issuer https://other.test
check 'rebind needs both' is "$status $(grep -c -- '--subject is missing' err)" '2 1'
run accounts rebind carl --issuer https://other.test --subject $'a\nb'
check 'in printable text' is "$status $(grep -c 'without control characters' err)" '2 1'
run accounts remove carl --config "$dir/good.conf"
check 'an account with open sessions stays' is "$status $(grep -c 'carl has open sessions (1).*--force' err)" '1 1'
touch unsafe.conf
chmod 666 unsafe.conf
run accounts remove carl --force --config "$dir/unsafe.conf"
check 'settings that others may write remove nothing' is "$status $(show carl name)" '2 "name":"carl"'
# No room for the tables: nothing is removed.
cp -a $state "$dir/state"
mount -t tmpfs -o mode=755,size=400k tmpfs $state
cp -a "$dir/state/." $state
dd if=/dev/zero of=$state/filler bs=4k 2>/dev/null
run accounts remove carl --force --config "$dir/good.conf"
check 'on a full disk nothing is removed' is "$status $(grep -c 'state-unavailable' err) $(show carl name)" '1 1 "name":"carl"'
check 'nor from the tables' grep -qa carl $state/nss/base.*
run accounts enable carl
check 'nor enabled' is "$status $(show carl state)" '1 "state":"disabled"'
rm $state/filler
run accounts enable carl
check 'with room again it is' is "$status $(show carl state)" '0 "state":"enabled"'
umount $state
run accounts remove carl --force --config "$dir/good.conf"
check 'remove says what is left' is "$status $(cat out)" \
  "0 carl is removed. Its id, 1879048300, is not given out again: the next login as carl gets another.
1 session is open and is not ended by this.
Its files are left: /home/carl, and what 'find / -xdev -uid 1879048300' shows."
check 'it is gone' is "$("$jwtctl" accounts show carl 2>&1)" \
  "jwtctl accounts show: carl: the ledger has no account of this name; 'jwtctl accounts list' shows those it has"
check 'from the tables too' refuse grep -qa carl $state/nss/base.* $state/nss/recent
check 'its id is not' is "$(sqlite3 $ledger 'SELECT name FROM used_ids WHERE id = 1879048300')" carl
run accounts remove alice --json --config "$dir/good.conf"
check 'in JSON' is "$status $(cat out)" '0 {"name":"alice","uid":1879048200,"state":"removed","open_sessions":0}'
for command in show disable enable 'rebind --issuer i --subject s' "remove --config $dir/good.conf"; do
  # shellcheck disable=SC2086 # words are arguments
  run accounts $command alice
  check "$command: nobody of that name" is "$status $(grep -c 'no account of this name' err)" '1 1'
  # shellcheck disable=SC2086
  run accounts $command
  check "$command: a name is needed" is "$status $(grep -c 'name is missing' err)" '2 1'
  # shellcheck disable=SC2086
  run accounts $command alice bob
  check "$command: and one only" is "$status $(grep -c 'bob is too much' err)" '2 1'
done

# ---- import and export ----

rm -rf $state
conf=$dir/good.conf
import() { run accounts import --config "$conf" "$@"; }
export_all() { "$jwtctl" accounts export; }
cat >new.jsonl <<'EOF'
{"issuer":"https://issuer.test","subject":"ann \u00e9","name":"ann"}

{"name":"bea","subject":"b","issuer":"https://issuer.test","uid":1900000000,"home":"/srv/bea","shell":"/bin/sh","state":"disabled"}
{"issuer":null,"subject":null,"name":"role"}
{"name":"cat","issuer":"i","subject":"c","state":"reserved"}
{"name":"gone","uid":1900000001,"state":"removed"}
EOF
import new.jsonl
check 'an import says what it did' is "$status $(cat out err)" '0 5 added, 0 there already, 0 refused'
check 'with what a first login would give where the line says nothing' is "$(export_all)" \
'{"name":"ann","issuer":"https://issuer.test","subject":"ann \u00E9","uid":1923923277,"home":"/home/ann","shell":"/bin/bash","state":"enabled"}
{"name":"bea","issuer":"https://issuer.test","subject":"b","uid":1900000000,"home":"/srv/bea","shell":"/bin/sh","state":"disabled"}
{"name":"cat","issuer":"i","subject":"c","uid":2106459121,"home":"/home/cat","shell":"/bin/bash","state":"reserved"}
{"name":"role","issuer":null,"subject":null,"uid":2147001918,"home":"/home/role","shell":"/bin/bash","state":"enabled"}
{"name":"gone","uid":1900000001,"state":"removed"}'
check 'the accounts are in the tables' grep -qa /srv/bea $state/nss/base.*
check 'published, all of them' is "$(sqlite3 $ledger 'SELECT min(published), behind FROM identities, tables')" '1|0'
import - <new.jsonl
check 'a file that is not there' is "$status $(grep -c -- '-: No such file' err)" '2 1'
run accounts import --config "$conf" --json <new.jsonl
check 'the same again changes nothing' is "$status $(cat out err)" '0 {"added":0,"present":5,"refused":0}'
export_all >all.jsonl
"$jwtctl" accounts disable ann >/dev/null
import new.jsonl
check 'a line without a state leaves the state' is "$status $(show ann state)" '0 "state":"disabled"'
rm -rf $state
import all.jsonl
check 'what export wrote is imported' is "$status $(cat out err)" '0 5 added, 0 there already, 0 refused'
check 'and exported the same' is "$(export_all)" "$(cat all.jsonl)"
run accounts export --json
check 'in JSON anyhow' is "$status $(cmp all.jsonl out)" '0 '

# Every line that cannot be is told, each with its number, and the others are made.
cat >bad.jsonl <<'EOF'
{"issuer":"i","subject":"s"}
{"issuer":"i","name":"x"}
{"subject":"s","name":"x"}
not json
["x"]
{"issuer":"i","subject":"s","name":"x","name":"y"}
{"issuer":"i","subject":"s","name":"x","group":["docker"]}
{"issuer":7,"subject":"s","name":"x"}
{"issuer":"i","subject":"s","name":"x","uid":"7"}
{"issuer":"i","subject":"s","name":"x","uid":0}
{"issuer":"i","subject":"s","name":"x","state":"root"}
{"issuer":"i","subject":"s","name":"Xavier"}
{"issuer":"i","subject":"s","name":"docker"}
{"issuer":"i","subject":"s","name":"root"}
{"issuer":"i","subject":"s","name":"x","home":"relative"}
{"issuer":"i","subject":"s","name":"x","shell":"/bin/a:b"}
{"issuer":"i\n","subject":"s","name":"x"}
{"issuer":"","subject":"s","name":"x"}
{"issuer":null,"subject":"s","name":"x"}
{"issuer":"i","subject":"s","name":"x","uid":1000}
{"issuer":"i","subject":"s","name":"x","uid":1879048191}
{"issuer":"i","subject":"s","name":"x","uid":1900000000}
{"issuer":"i","subject":"s","name":"x","uid":1900000001}
{"issuer":"i","subject":"s","name":"gone","uid":1900000001}
{"issuer":"i","subject":"somebody else","name":"ann"}
{"issuer":"i","subject":"c","name":"cat","uid":1900000002}
{"issuer":"i","subject":"c","name":"cat","home":"/elsewhere"}
{"issuer":"i","subject":"c","name":"cat","state":"disabled"}
{"name":"other","uid":1900000001,"state":"removed"}
{"name":"bea","uid":1900000000,"state":"removed"}
{"name":"nobody-s","state":"removed"}
{"issuer":"i","subject":"s","name":"localuser"}
{"issuer":"i","subject":"s","name":"localgroup"}
{"issuer":"i","subject":"s","name":"listed"}
{"issuer":"i","subject":"s","name":"x","uid":1900000010}
{"issuer":"i","subject":"s","name":"x","uid":1900000011}
EOF
printf '{"issuer":"i","subject":"s","name":"x\0y"}\n' >>bad.jsonl
printf '{"issuer":"i","subject":"%070000d","name":"x"}\n' 0 >>bad.jsonl
printf '{"issuer":"i","subject":"s","name":"dora"}' >>bad.jsonl
cp /etc/passwd passwd && echo localuser:x:1900000010:1000::/:/bin/sh >>passwd && mount --bind passwd /etc/passwd
cp /etc/group group && printf '%s\n' localgroup:x:1900000011: some:x:70001:listed >>group && mount --bind group /etc/group
lines=$(wc -l <bad.jsonl)
import bad.jsonl
check 'what cannot be is refused, and the rest is done' is "$status $(cat out)" "1 1 added, 0 there already, $lines refused"
check 'a message for each line that is' is "$(grep -o 'bad.jsonl:[0-9]*' err | sort -t: -k2n)" \
  "$(seq -f 'bad.jsonl:%.0f' "$lines")"
check 'and what it says' is "$(sed 's/^jwtctl accounts import: bad.jsonl://; s/is not JSON: .*/is not JSON/' err | sort -n)" "$(cat <<'EOF'
1: "name" is missing
2: "subject" is missing
3: "issuer" is missing
4: this is not JSON
5: this is not a JSON object
6: this is not JSON
7: "group" means nothing here; expected name, issuer, subject, uid, home, shell, state or groups
8: "issuer" should be a string, or null for a role
9: "uid" should be a number from 1 to 4294967294
10: "uid" should be a number from 1 to 4294967294
11: "state" should be enabled, disabled, reserved or removed
12: Xavier: the name is not [a-z_][a-z0-9_-]{0,31}
13: docker: the name is reserved: a group of this name would carry rights
14: root: the name is reserved: a group of this name would carry rights
15: x: home and shell are absolute paths of at most 255 bytes, without colons and control characters
16: x: home and shell are absolute paths of at most 255 bytes, without colons and control characters
17: x: issuer and subject are both null, or both 1 to 16384 bytes without control characters
18: x: issuer and subject are both null, or both 1 to 16384 bytes without control characters
19: x: issuer and subject are both null, or both 1 to 16384 bytes without control characters
20: x: the uid is not within uid_min and uid_max of the settings
21: x: the uid is not within uid_min and uid_max of the settings
22: x: the id belongs to another account or group, or belonged to one, and ids are not given out twice
23: x: the id belongs to another account or group, or belonged to one, and ids are not given out twice
24: gone: the id belongs to another account or group, or belonged to one, and ids are not given out twice
25: ann: the account is there and belongs to another issuer and subject; 'jwtctl accounts rebind' changes that
26: cat: the account is there with another uid, home, shell, state or groups; 'jwtctl accounts show' tells
27: cat: the account is there with another uid, home, shell, state or groups; 'jwtctl accounts show' tells
28: cat: the account is there with another uid, home, shell, state or groups; 'jwtctl accounts show' tells
29: other: the id belongs to another account or group, or belonged to one, and ids are not given out twice
30: bea: the id belongs to another account or group, or belonged to one, and ids are not given out twice
31: "uid" is missing
32: localuser: another source of this host has the name, as a user, as a group or as a member of one
33: localgroup: another source of this host has the name, as a user, as a group or as a member of one
34: listed: another source of this host has the name, as a user, as a group or as a member of one
35: x: another source of this host has the id, as a user's or as a group's
36: x: another source of this host has the id, as a user's or as a group's
37: this is not JSON
38: the line is longer than 65536 bytes
EOF
)"
umount /etc/passwd /etc/group
check 'dora is there, x is not' is "$(export_all | grep -c '"dora"') $(export_all | grep -c '"x"')" '1 0'
check 'what was refused uses no id up' is "$(sqlite3 $ledger 'SELECT count(*) FROM used_ids')" 6

# ---- groups that an import gives ----
rm -rf $state
cp good.conf groups.conf
printf '%s\n' 'group "builders" { gid = 1900000020 }' 'group "unmade" { gid = 1900000021 }' >>groups.conf
cp /etc/group group
printf '%s\n' locals:x:70002: low:x:990: 'in-range:x:1900000022:' unmade:x:70003: >>group
mount --bind group /etc/group
run apply --config "$dir/groups.conf"
check 'the section that can be is made' is "$status $(cat err)" \
  '1 jwtctl apply: group "unmade": another source of this host has the name, as a user, as a group or as a member of one'
with_groups() { # LINE-REST...: a line of an account for each
  local number=0 rest
  for rest; do echo "{\"issuer\":\"i\",\"subject\":\"s\",\"name\":\"g$((++number))\",\"groups\":$rest}"; done
}
with_groups '["locals","builders"]' '[]' '["locals"]' >groups.jsonl
import_groups() { run accounts import --config "$dir/groups.conf" "$1"; }
import_groups groups.jsonl
check 'groups are imported' is "$status $(cat out err)" '0 3 added, 0 there already, 0 refused'
import_groups groups.jsonl
check 'and there already the second time' is "$status $(cat out err)" '0 0 added, 3 there already, 0 refused'
with_groups '["builders"]' '["locals"]' '[]' >other.jsonl
import_groups other.jsonl
check 'others than those differ' is "$status $(cat out) $(grep -c 'another uid, home, shell, state or groups' err)" \
  '1 0 added, 0 there already, 3 refused 3'
with_groups '["locals","builders"]' '["none"]' >mixed.jsonl
sed -i 's/,"groups":\["none"\]//' mixed.jsonl
import_groups mixed.jsonl
check 'a line without groups leaves them' is "$status $(cat out err)" '0 0 added, 2 there already, 0 refused'
check 'export has them' is "$(export_all | grep -o '"name":"g.\|"groups":.*' | tr -d '"' | xargs)" \
  'name:g1 groups:[builders,locals]} name:g2 name:g3 groups:[locals]}'
run accounts show g1
check 'show has them' is "$status $(sed -n '/^member of/,$p' out | xargs)" '0 member of builders member of locals'
check 'as JSON too' is "$(show g1 memberships)" '"memberships":[{"group":"builders"'

# The administrator changes them.
set_groups() { run accounts groups --config "$dir/groups.conf" "$@"; }
are_in() { # NAME GROUPS: so says the ledger, and the tables have been told
  is "$("$jwtctl" accounts show "$1" | sed -n 's/^member of *//p' | xargs) $(sqlite3 $ledger 'SELECT min(published), behind FROM identities, tables')" "$2 1|0"
}
uid=$(sqlite3 $ledger "SELECT uid FROM identities WHERE name = 'g2'")
set_groups g2 locals builders
check 'groups are given' is "$status $(cat out err)" "0 g2 (uid $uid) is in locals, builders for good, as long as it is enabled."
check 'and published' are_in g2 'builders locals'
check 'as an import would have given them' is "$(export_all | grep -c '"name":"g2".*"groups":\["builders","locals"\]')" 1
set_groups g2 locals --json
check 'another choice takes one away' is "$status $(grep -o '"memberships":.*' out)" \
  '0 "memberships":[{"group":"locals","gid":70002,"expires":null}]}'
for wrong in none low unmade in-range; do
  set_groups g2 builders $wrong
  check "$wrong is refused" is "$status $(wc -l <err)" '1 1'
  check "$wrong changes nothing" are_in g2 locals
done
check 'with the reason' complained 'jwtctl accounts groups: the name or gid of a group is that of a group or account of the ledger, and another source has it too'
set_groups g2 low
check 'in the words of an import' complained 'jwtctl accounts groups: group low: it has a gid below 1000, and such groups are not given for good'
set_groups g2 locals locals
check 'twice is once too often' complained 'group locals: it is there twice'
# shellcheck disable=SC2046 # words
set_groups g2 $(seq 65)
check '65 are too many' is "$status $(head -n 1 err)" '2 jwtctl accounts groups: an account is in at most 64 groups'
set_groups nobody-of-ours locals
check 'an account that is not there' is "$status $(grep -c 'no account of this name' err)" '1 1'
cp group group.before
run apply --config "$dir/groups.conf"
check 'apply has nothing to say of a group as it was' refuse complained locals
sed 's/^locals:/others:/' group.before >group # in place: it is mounted
run apply --config "$dir/groups.conf"
check 'a group whose gid is another'"'"'s is told' complained 'jwtctl apply: group "locals" (gid 70002): no other source has it with this gid any more, so nobody is a member by jwt-login'
sed 's/^locals:x:70002:/locals:x:70005:/' group.before >group
run apply --config "$dir/groups.conf"
check 'so is one that has another gid' complained 'group "locals" (gid 70002): no other source has it'
set_groups g2 locals
check 'which can be given again' is "$status $(show g2 memberships)" '0 "memberships":[{"group":"locals"'
set_groups g1
set_groups g3
run apply --config "$dir/groups.conf"
check 'and is told no more' refuse complained locals
cat group.before >group
set_groups g2
check 'without a group it is in none' is "$status $(cat out err)" "0 g2 (uid $uid) is in no group for good."
check 'and that is published' are_in g2 ''
with_groups '["none"]' '["low"]' '["in-range"]' '["unmade"]' '["locals","locals"]' '"locals"' '[7]' '["a\nb"]' \
  "[$(seq -s, 65 | sed 's/[0-9]*/"&"/g')]" | sed 's/"g/"bad/' >bad.jsonl
import_groups bad.jsonl
check 'what cannot be is told' is "$status $(sed 's/^jwtctl accounts import: bad.jsonl://' err)" "1 1: group none: there is no such group: create it, or write a section group and run 'jwtctl apply'
2: group low: it has a gid below 1000, and such groups are not given for good
4: group unmade: its name or gid is ours and another source's: rename or renumber that source's
5: group locals: it is there twice
6: \"groups\" should be an array of at most 64 names of groups
7: \"groups\" should be an array of at most 64 names of groups
8: group a\\x0ab: there is no such group: create it, or write a section group and run 'jwtctl apply'
9: \"groups\" should be an array of at most 64 names of groups
3: bad3: the name or gid of a group is that of a group or account of the ledger, and another source has it too"
check 'and nothing of it is done' refuse grep -q bad <(export_all)
umount /etc/group

echo 'accounts { uid_min = 100000 uid_max = 100002 }' >small.conf
rm -rf $state
seq -f '{"issuer":"i","subject":"s","name":"n%.0f"}' 5 | "$jwtctl" accounts import --config "$dir/small.conf" >out 2>err
check 'a range that is full' is "$? $(cat out) $(grep -c 'no id is free' err)" '1 3 added, 0 there already, 2 refused 2'
check 'and every id once' is "$(export_all | grep -o '"uid":[0-9]*' | sort | xargs)" 'uid:100000 uid:100001 uid:100002'
# Killed at any moment and run again, everything is there once.
rm -rf $state
seq 50000 | sed 's/.*/{"issuer":"i","subject":"s&","name":"n&"}/' >many.jsonl
for moment in 0.05 0.1 0.2 0.4 0.6 0.9; do
  timeout -s KILL $moment "$jwtctl" accounts import --config "$conf" many.jsonl >/dev/null 2>&1
done
import many.jsonl
check 'an interrupted import goes on where it was' is "$status $(cat err)" '0 '
check 'and nobody is there twice' is "$(sqlite3 $ledger 'SELECT count(*), count(DISTINCT name), (SELECT count(*) FROM used_ids),
  behind FROM identities, tables; PRAGMA integrity_check')" '50000|50000|50000|0
ok'
# No room: what is made stays, and the rest is made when there is room.
rm -rf $state
mkdir $state
mount -t tmpfs -o mode=755,size=9m tmpfs $state
import many.jsonl
check 'a full disk stops an import' is "$status $(grep -o state-unavailable err | sort -u) $(grep -c 'run the same import again' err)" \
  '1 state-unavailable 1'
mount -o remount,size=100m $state
import many.jsonl
check 'which goes on when there is room' is "$status $(cat err) $(sqlite3 $ledger 'SELECT count(*), behind FROM identities, tables')" \
  '0  50000|0'
umount $state
run accounts export --jsn
check 'and has no other option' is "$status" 2

# ---- progress ----

# on_terminal COMMAND: what it writes to a terminal's standard error, and its status behind
on_terminal() { TERM=xterm script -qec "exec 2>/dev/tty; $1; echo status \$? >&2" /dev/null </dev/null; }
mkfifo lines
slow_lines() { head -n 10 many.jsonl; sleep 2.1; tail -n +11 many.jsonl; } # more than two seconds, whatever the host
slow_lines >lines &
on_terminal "'$jwtctl' accounts import --config '$conf' <lines >out" >terminal
check 'an import of more than two seconds shows how far it is' grep -q ' lines are [a-z]*, [0-9]* a second' terminal
check 'and in the end no more of it' grep -q $'\r\033\\[Kstatus 0' terminal
slow_lines >lines &
run accounts import --config "$conf" <lines
check 'not where there is no terminal' is "$status $(cat err)" '0 '
(sleep 2.1; cat) <lines >/dev/null &
on_terminal "'$jwtctl' accounts export >lines" >terminal
check 'an export does, too' grep -q ' accounts, [0-9]* a second' terminal
wait

# No room for new tables: the old ones stay in use, and the next apply with room renews them.
rm -rf $state
mkdir $state
mount -t tmpfs -o mode=755,size=30m tmpfs $state
import many.jsonl
dd if=/dev/zero of=$state/filler bs=4k 2>/dev/null
tables=$(cat $state/nss/* | cksum)
run apply --config "$conf"
check 'on a full disk apply says so' is "$status $(grep -c 'No space left on device' err) $(wc -l <err)" '1 1 1'
check 'and the tables are as they were' is "$(cat $state/nss/* | cksum)" "$tables"
rm $state/filler
run apply --config "$conf"
check 'with room it is done' is "$status $(cat out err) $(sqlite3 $ledger 'SELECT behind + building FROM tables')" \
  "0 $state/nss: 50000 accounts, ids 1879048192-2147352575 0"
# On a read-only disk what reads goes on, and what writes says why not.
mount -o remount,ro $state
for command in list 'show n1' export; do
  # shellcheck disable=SC2086 # words are arguments
  run accounts $command
  check "read-only: $command" is "$status $(cat err)" '0 '
done
head -n 5 many.jsonl >few.jsonl
sed 's/"name":"n/"name":"new/' few.jsonl >new.jsonl
for command in 'disable n1' 'enable n1' 'rebind n1 --issuer i --subject s' "remove n1 --config $conf" \
  "import --config $conf new.jsonl"; do
  # shellcheck disable=SC2086
  run accounts $command
  check "read-only: $command" is "$status $(grep -c 'Read-only file system' err) $(grep -vc 'run the same import again' err)" '1 1 1'
done
run apply --config "$conf"
check 'read-only: apply' is "$status $(grep -c 'Read-only file system' err) $(wc -l <err)" '1 1 1'
umount $state

# ---- declared accounts ----

rm -rf $state
cat >declared.conf <<'EOF'
issuer "corp" { url = "https://corp.test" audience = { "a" } algorithms = { "ES256" } keys = "file:/nonexistent" }
account "build" { uid = 1900000100 }
account "anna" { uid = 1900000101 home = "/srv/anna" shell = "/bin/sh" issuer = "corp" subject = "a" }
EOF
conf=$dir/declared.conf
import <<<'{"issuer":"i","subject":"s","name":"other","uid":1900000102}'
run apply --config "$conf"
check 'apply makes declared accounts' is "$status $(cat out err)" "0 $state/nss: 3 accounts, ids 1879048192-2147352575"
check 'as they are declared' is "$(export_all | grep -v other)" \
'{"name":"anna","issuer":"https://corp.test","subject":"a","uid":1900000101,"home":"/srv/anna","shell":"/bin/sh","state":"enabled"}
{"name":"build","issuer":null,"subject":null,"uid":1900000100,"home":"/home/build","shell":"/bin/bash","state":"enabled"}'
check 'and tells them from others' is "$(show build declared) $(show other declared)" '"declared":true "declared":false'
check 'they are in the tables' grep -qa /srv/anna $state/nss/base.*
run accounts rebind build --issuer i --subject mine
sed -i 's,/srv/anna,/srv/a2,; s/subject = "a"/subject = "b"/' declared.conf
run apply --config "$conf"
check 'a changed section changes the account' is "$status $(show anna home) $(show anna subject)" '0 "home":"/srv/a2" "subject":"b"'
check 'in the tables too' grep -qa /srv/a2 $state/nss/base.*
check 'one that says nothing of a binding leaves it' is "$(show build subject)" '"subject":"mine"'
run accounts remove anna --config "$conf"
check 'a declared account is not removed' is "$status $(grep -c 'take its section' err)" '1 1'
cat >>declared.conf <<'EOF'
account "new" { uid = 1900000102 }
account "other" { uid = 1900000103 }
account "localuser" { uid = 1900000104 }
account "fine" { uid = 1900000106 }
account "taken" { uid = 1900000105 }
EOF
cp /etc/passwd passwd && printf '%s\n' localuser:x:70000:70000::/:/bin/sh x:x:1900000105:70000::/:/bin/sh >>passwd
mount --bind passwd /etc/passwd
run apply --config "$conf"
umount /etc/passwd
check 'what is somebody else'"'"'s is told' is "$status $(sort err)" '1 jwtctl apply: account "localuser": another source of this host has the name, as a user, as a group or as a member of one
jwtctl apply: account "new": the id belongs to another account or group, or belonged to one, and ids are not given out twice
jwtctl apply: account "other": the account is there with another uid, home, shell, state or groups; '"'jwtctl accounts show'"' tells
jwtctl apply: account "taken": another source of this host has the id, as a user'"'s or as a group's"
check 'and the rest is made' is "$(show fine uid) $(show other uid)" '"uid":1900000106 "uid":1900000102'
echo 'account "build" { uid = 1900000100 }' >declared.conf
run apply --config "$conf"
check 'an account whose section is gone is disabled' is "$status $(sort err) $(show anna state) $(show anna declared) $(show build state)" \
  "0 jwtctl apply: account \"anna\": it is no longer declared, so it is disabled; 'jwtctl accounts enable' or 'remove' decides
jwtctl apply: account \"fine\": it is no longer declared, so it is disabled; 'jwtctl accounts enable' or 'remove' decides \"state\":\"disabled\" \"declared\":false \"state\":\"enabled\""
run accounts remove anna --config "$conf"
check 'and can be removed' is "$status" 0
run apply --config "$conf"
check 'the same again says nothing' is "$status $(cat err)" '0 '

# ---- what other sources gain ----

rm -rf $state
conf=$dir/good.conf
published() { grep -qa "$1" $state/nss/base.* $state/nss/recent; }
cp /etc/passwd passwd
cp /etc/group group
import <<'EOF'
{"issuer":"i","subject":"a","name":"user-one","uid":1900000000}
{"issuer":"i","subject":"b","name":"user-two","uid":1900000001}
{"issuer":"i","subject":"c","name":"user-three","uid":1900000002}
{"issuer":"i","subject":"d","name":"user-four","uid":1900000003}
{"issuer":"i","subject":"e","name":"user-five","uid":1900000004}
EOF
echo user-one:x:70001:70001::/:/bin/sh >>passwd
echo other:x:1900000001:70001::/:/bin/sh >>passwd
printf '%s\n' user-three:x:70003: other:x:1900000003: some:x:70004:user-five >>group
mount --bind passwd /etc/passwd
mount --bind group /etc/group
run apply --config "$conf"
check 'apply leaves out what another source has gained' is "$status $(cat out)" "0 $state/nss: 1 account, ids 1879048192-2147352575"
check 'and tells each' is "$(sed 's/: it is left out.*//' err)" \
'jwtctl apply: account "user-one" (uid 1900000000): another source has gained the name, as a user'"'"'s or a group'"'"'s
jwtctl apply: account "user-two" (uid 1900000001): another source has gained the id, as a user'"'"'s or a group'"'"'s
jwtctl apply: account "user-three" (uid 1900000002): another source has gained the name, as a user'"'"'s or a group'"'"'s
jwtctl apply: account "user-four" (uid 1900000003): another source has gained the id, as a user'"'"'s or a group'"'"'s'
for user in one two three four; do
  check "user-$user is not in the tables" refuse published user-$user
done
check 'a member of a group is' published user-five
run apply --config "$conf" --json
check 'counted in JSON' is "$status $(cat out)" \
  '0 {"accounts":1,"outside":0,"left_out":4,"unknown":0,"refused":0,"uid_min":1879048192,"uid_max":2147352575}'
check 'and told again' is "$(wc -l <err)" 4
run accounts import --config "$conf" <<<'{"issuer":"i","subject":"a","name":"user-one"}'
check 'an import that has it already does not put it back' is "$status $(cat out)" '0 0 added, 1 there already, 0 refused'
check 'nor does one that writes the tables' refuse published user-one
mkdir libs
echo 'not a library' >libs/libnss_broken.so.2
grep -v '^user-one' passwd >fewer && cat fewer >passwd
nsswitch 'files broken jwt'
LD_LIBRARY_PATH=$dir/libs run apply --config "$conf"
check 'while a source does not answer' is "$status $(cut -d: -f2- err | sed 's/: another.*//')" \
'0  account "user-two" (uid 1900000001)
 account "user-three" (uid 1900000002)
 account "user-four" (uid 1900000003)
 a source of nsswitch.conf did not answer, so 2 accounts stay as before'
check 'no account comes back' refuse published user-one
check 'and none vanishes' published user-five
nsswitch 'files jwt'
run apply --config "$conf"
check 'one that nobody has any more' is "$status $(grep -c 'user-one.*in the tables again' err)" '0 1'
check 'comes back' published user-one
umount /etc/passwd /etc/group
run apply --config "$conf"
check 'and so do the others' is "$status $(cat out)" "0 $state/nss: 5 accounts, ids 1879048192-2147352575"
echo 'accounts { uid_min = 1900000001 }' >narrow.conf
run apply --config "$dir/narrow.conf"
check 'an id that the range no longer holds is warned of' is "$status $(cat out err)" \
  "0 $state/nss: 4 accounts, ids 1900000001-2147352575
warning: 1 account with an id outside 1900000001-2147352575 can no longer be looked up or logged in to"
cp /etc/passwd passwd
seq 30 | sed 's/.*/{"issuer":"i","subject":"&","name":"many&"}/' | "$jwtctl" accounts import --config "$conf" >/dev/null
seq 30 | sed 's/.*/many&:x:7&:7&::\/:\/bin\/sh/' >>passwd
mount --bind passwd /etc/passwd
run apply --config "$conf"
check 'many are not told one by one' is "$status $(wc -l <err) $(tail -n 1 err)" '0 21 jwtctl apply: and 10 more; 30 are left out in all'
umount /etc/passwd
nsswitch 'jwt files' files
run apply --config "$conf"
check 'apply warns of a line that has jwt before others, or not at all' is "$status $(grep -o 'the line of [a-z]* [a-z ]* jwt' err)" \
'0 the line of passwd has jwt
the line of group does not have jwt'
nsswitch 'files jwt'

# ---- what goes wrong ----

rm -rf $state
run apply --config "$dir/good.conf"
sqlite3 $ledger "INSERT INTO used_ids VALUES (5, 'bob', 1);
  INSERT INTO $identities VALUES (5, 'bob', '', 'b', '/home/bob', '/bin/sh', 'reserved', 1800000000, NULL, 0, 0);"

run accounts list --jsn
check 'an unknown option is wrong use' is "$status" 2
run accounts list now
check 'an argument too' is "$status" 2
run apply --config
check 'a missing value too' is "$status" 2
install -m 755 "$jwtctl" /var/lib/jwtctl
setpriv --reuid 65534 --regid 65534 --clear-groups /var/lib/jwtctl accounts list >out 2>err
check 'others may not read the ledger' is "$? $(grep -c 'root' err)" '2 1'
setpriv --reuid 65534 --regid 65534 --clear-groups /var/lib/jwtctl accounts disable bob >out 2>err
check 'nor change it' is "$? $(grep -c 'root' err)" '2 1'
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
