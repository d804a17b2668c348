#!/bin/bash
# A keeper that is killed, or whose files fail, at every step of a login: this login ends in order, the next one works, and
# afterwards ledger, tables and grants agree.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
command -v strace >/dev/null || skip_all 'needs strace'
[ -z "${TEST_LONG-}" ] || TEST_SECONDS=1500 # at every call, not at some
enter_private_root "$0"

start_syslog
new_issuer
settings 'group "team" { }'
must 'the settings are applied' test $? = 0
sed -i 's/^    create  = true/&\n    groups  = { "team" }\n    membership = "host"/' /etc/jwt-login/jwt-login.conf
install_visitor
person ana ana
echo "ana $tokens/ana" >/run/ana
visit 1 /run/ana /run/first
must 'a login works before anything is broken' is "$(cut -d' ' -f4 /run/first)" in
record=$(getent passwd ana)

# ---- a keeper with a fault ----

# A login starts five keepers. The one whose number is in /run/target runs under strace with the arguments in /run/fault.
keeper=/usr/libexec/jwt-login/jwt-keeper
mv $keeper /run/keeper
install -m 755 /dev/stdin $keeper <<'END_OF_KEEPER'
#!/bin/sh
read number </run/number
number=$((number + 1))
echo $number >/run/number
read target </run/target
[ $number = "$target" ] || exec /run/keeper
read fault </run/fault
exec strace -qq -o /run/trace $fault /run/keeper
END_OF_KEEPER
phases=(- authenticate account credentials session-open session-close)

# traced USER CALL FAULT: a login of the user during which that keeper has the fault; how it ended
traced() {
  echo 0 >/run/number
  echo "$2" >/run/target
  echo "$3" >/run/fault
  echo "$1 $tokens/$1" | timeout 60 $visitor 1 visit | cut -d' ' -f3,4
}

# New people, one after the other.
echo 0 >/run/people
somebody_new() {
  local number
  read -r number </run/people
  echo $((number + 1)) >/run/people
  user=p$number
  person "$user" "$user"
}

known_accounts_resolve() { is "$(getent passwd ana)" "$record"; }

# next USER ID: they log in, under the id
next() {
  echo "$1 $tokens/$1" >/run/visit
  visit 1 /run/visit /run/next
  is "$(cut -d' ' -f1,3,4 /run/next)" "$1 $2 in" && in_as_the_ledger_says /run/next
}

# try CALL FAULT: somebody's first login has it; the next succeeds, under the same id
try() {
  local how
  somebody_new
  how=$(traced "$user" "$1" "$2")
  echo "${phases[$1]}: ${how#* }, $2" >>/run/outcomes
  known_accounts_resolve && next "$user" "${how% *}"
}

# How often the keeper of CALL makes a system call in a first login
times() { # CALL SYSTEM-CALL
  grep -c "^$2(" "/run/calls.$1"
}
for call in 1 2 3 4 5; do
  somebody_new
  traced "$user" $call '' >/dev/null
  cp /run/trace /run/calls.$call
done
must 'the calls of a login are counted' test "$(times 1 pwrite64)" -gt 20

# try_each WHAT EVERY CALL SYSTEM-CALL...: with the fault at each of these calls in turn, or at every EVERYth
try_each() {
  local what=$1 every=$2 call=$3 name i
  shift 3
  [ -z "${TEST_LONG-}" ] || every=1
  for name; do
    for ((i = 1 + every / 2; i <= $(times "$call" "$name"); i += every)); do
      try "$call" "-e trace=$name -e inject=$name:$what:when=$i$further" || { echo "at $name $i of ${phases[$call]}"; return 1; }
    done
  done
}
further=""

# ended_as HOW...: in these ways, and in no other
ended_as() {
  local ways
  ways=$(sed 's/.*: \([a-z]*\),.*/\1/' /run/outcomes | sort -u | tr '\n' ' ')
  rm /run/outcomes
  is "$ways" "$* "
}
ended_both_ways() { # some refused, some not
  local ways
  ways=$(cat /run/outcomes)
  rm /run/outcomes
  [[ $ways == *': authenticate,'* && $ways == *': in,'* ]]
}
# refused_for REASON...: for no other, and always with a word on what the ledger says
refused_for() {
  is "$(refusals | grep -vxF "$(printf '%s\n' "$@")")" '' &&
    is "$(log_now | grep ' reason=state-' | grep -v ' detail=')" ''
}

# ---- killed ----

# What lies on the disk changes at these alone, so to be killed before each of them is to be killed anywhere.
changes='write fsync fdatasync ftruncate rename unlink link mkdir fchmod sendto'
log_mark
for call in 1 2 3 4 5; do
  # shellcheck disable=SC2086 # a list of words
  check "killed in ${phases[$call]}, at every change" try_each signal=KILL 1 $call $changes
  check "killed in ${phases[$call]}, at writes to the ledger" try_each signal=KILL 4 $call pwrite64
done
check 'each was a refusal' ended_as account authenticate close credentials open
check 'with its reason' refused_for keeper-failed
check 'ledger, tables and grants agree' ledger_and_tables_agree

# ---- a disk with errors ----

changes=${changes% sendto}
log_mark
for call in 1 2 3 4 5; do
  # shellcheck disable=SC2086 # a list of words
  check "EIO in ${phases[$call]}, at every change" try_each error=EIO 1 $call $changes
  check "EIO in ${phases[$call]}, at other calls" try_each error=EIO 5 $call pwrite64 pread64 openat read newfstatat
  further=+ check "EIO in ${phases[$call]}, from then on" try_each error=EIO 9 $call pwrite64 fdatasync
done
check 'each was a refusal, or made no difference' ended_as account authenticate close credentials in open
check 'with its reason' refused_for judge-failed keeper-failed settings-invalid source-unavailable state-damaged \
  state-unavailable
check 'ledger, tables and grants agree' ledger_and_tables_agree

# ---- a full disk, one that nobody may write to ----

state=/var/lib/jwt-login
put_on() { # OPTIONS: the state onto a disk of its own
  cp -a $state /run/state
  mount -t tmpfs -o "mode=755,$1" tmpfs $state
  cp -a /run/state/. $state
}
put_back() { # what is on that disk
  rm -rf /run/state
  cp -a $state /run/state
  umount $state
  rm -rf $state
  mv /run/state $state
}
full() { # PAGES that are left
  local how
  somebody_new
  dd if=/dev/zero of=$state/filler bs=4k 2>/dev/null
  truncate -s "-$((4 * $1))k" $state/filler
  how=$(traced "$user" 0 '')
  echo "full: ${how#* }, $1" >>/run/outcomes
  known_accounts_resolve || return
  rm $state/filler
  next "$user" "${how% *}"
}
put_on size=4m
for ((pages = 0; pages <= 64; pages += 8)); do
  check "a disk with $pages pages left" full $pages
done
put_back
check 'little was too little, and enough was enough' ended_both_ways
check 'ledger, tables and grants agree' ledger_and_tables_agree

read_only() {
  local how
  somebody_new
  mount -o remount,bind,ro $state
  how=$(traced "$user" 0 '')
  is "${how#* }" authenticate && known_accounts_resolve || return
  mount -o remount,bind,rw $state
  next "$user" "${how% *}"
}
log_mark
mount --bind $state $state
check 'a state that is read-only: refused, until it is not' read_only
umount $state
check 'with its reason' refused_for state-unavailable

# ---- the administrator's commands on a disk with errors ----

command_each() { # COMMAND...: it fails at each change in turn, with a message; then it is done
  local name i count
  rm -f /run/trace
  strace -qq -o /run/trace jwtctl "$@" >/dev/null || return
  for name in fsync fdatasync ftruncate rename write pwrite64; do
    count=$(grep -c "^$name(" /run/trace)
    for ((i = 1; i <= count; i++)); do
      strace -qq -o /dev/null -e trace=$name -e inject=$name:error=EIO:when=$i jwtctl "$@" >/run/said 2>&1
      case $? in
        0) ;;
        1 | 2) test -s /run/said || [ $name = write ] || { echo "nothing was said at $name $i"; return 1; } ;;
        *) echo "at $name $i:"; cat /run/said; return 1 ;;
      esac
      known_accounts_resolve || return
    done
  done
  jwtctl "$@" >/dev/null
}
echo '{"name":"carl","issuer":"i","subject":"carl"}' >/run/carl
check 'jwtctl apply' command_each apply
check 'jwtctl accounts disable' command_each accounts disable ana
check 'the account is disabled' is "$(jwtctl accounts show ana | sed -n 's/^state *//p')" disabled
check 'jwtctl accounts enable' command_each accounts enable ana
check 'jwtctl accounts import' command_each accounts import /run/carl
check 'the account is there' getent passwd carl
check 'ledger and tables agree' ledger_and_tables_agree
check 'a login works' next ana "$(cut -d: -f3 <<<"$record")"
check 'no token in logs and state' no_token_text /var/log /var/lib
tap_end
