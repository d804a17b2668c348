#!/bin/bash
# The NSS module under glibc: getent, id and a login program, in a mount namespace in which nsswitch.conf names jwt, the
# loader finds the built module, and the tables are ours. As root or, in a user namespace, as anyone.
set -u
export LC_ALL=C
# shellcheck source=tests/lib/tap.sh
. "${abs_top_srcdir:?}/tests/lib/tap.sh"
# shellcheck source=tests/lib/nss-host.sh
. "$abs_top_srcdir/tests/lib/nss-host.sh"
make_tables=$nss_programs/make_tables
cp "$nss_programs/look_up" "$scratch/login"
cp "$nss_programs/look_up" "$scratch/other"

# ---- checks ----
prints() { # WANTED COMMAND...
  local wanted=$1
  shift
  is "$("$@" 2>&1)" "$wanted"
}

exits() { # STATUS COMMAND...: and says nothing
  local wanted=$1 output status=0
  shift
  output=$("$@" 2>&1) || status=$?
  is "$status $output" "$wanted "
}

lacks() { # PATTERN COMMAND...: succeeds without a line of that pattern
  local pattern=$1 output
  shift
  output=$("$@") && ! grep "$pattern" <<<"$output"
}

uid=1879050001
alice="alice:*:$uid:$uid::/home/alice:/bin/sh"
write() {
  "$make_tables" write --login "$scratch/login" "alice=$uid" carol=1879050003
}

check 'without tables nobody is found' exits 2 getent passwd alice
check 'without tables the others resolve' prints "$(grep ^root: /etc/passwd)" getent passwd root

check 'tables are written' write
check 'passwd by name' prints "$alice" getent passwd alice
check 'passwd by uid' prints "$alice" getent passwd "$uid"
check 'group by name' prints "alice:*:$uid:" getent group alice
check 'group by gid' prints "alice:*:$uid:" getent group "$uid"
check 'id' prints "uid=$uid(alice) gid=$uid(alice) groups=$uid(alice)" id alice
check 'initgroups' prints alice sh -c 'getent initgroups alice | sed "s/ *$//"'
check 'an unknown name' exits 2 getent passwd mallory
check 'an unknown uid' exits 2 getent passwd 1879050002
check 'an unknown group' exits 2 getent group mallory
check 'an unknown gid' exits 2 getent group 1879050002
check 'local accounts come first' prints "$(grep ^root: /etc/passwd)" getent passwd 0
check 'passwd is not enumerated' lacks alice getent passwd
check 'group is not enumerated' lacks alice getent group
check 'an account is added' "$make_tables" put bob=1879050002
check 'the added account is found' prints "bob:*:1879050002:1879050002::/home/bob:/bin/sh" getent passwd bob
check 'the one before as well' prints "$alice" getent passwd alice

# ---- accounts before their first login ----
check 'no first login in getent' exits 2 getent passwd ci-new
check 'no first login in another program' exits 2 "$scratch/other" ci-new
check 'a login program sees known accounts' prints "$alice" "$scratch/login" alice
to_be=$("$scratch/login" ci-new)
check 'a login program sees an account to be' grep -qE '^ci-new:\*:([0-9]+):\1::/home/ci-new:/bin/bash$' <<<"$to_be"
check 'and nothing is stored' exits 2 getent passwd ci-new
check 'nor does its uid resolve' exits 2 "$scratch/login" "$(cut -d: -f3 <<<"$to_be")"
check 'a name that no rule can produce' exits 2 "$scratch/login" other-new
check 'a name that is not well formed' exits 2 "$scratch/login" ci-New
ln "$scratch/login" "$scratch/hard"
ln -s login "$scratch/soft"
check 'a hard link is another program' exits 2 "$scratch/hard" ci-new
check 'a symbolic link is the same program' prints "$to_be" "$scratch/soft" ci-new
if [ "$NSS_HOST" = root ]; then
  check 'a login program of a user' exits 2 setpriv --reuid 65534 --clear-groups "$scratch/login" ci-new
  check 'a login program called by a user as root' exits 2 setpriv --ruid 65534 "$scratch/login" ci-new
  check 'a login program of root as a user' exits 2 setpriv --euid 65534 "$scratch/login" ci-new
else
  skip 'a login program of a user' 'needs root'
fi
check 'the account is stored under that uid' "$make_tables" put "ci-new=$(cut -d: -f3 <<<"$to_be")"
check 'and resolves for all' prints "${to_be/%bash/sh}" getent passwd ci-new

# ---- what it costs a process ----
warm_lookups_ask_nothing() { # KEY: but a stat of ours a second
  local seconds calls
  read -r seconds calls < <(own_calls "$1") && [ "$calls" -le "$seconds" ] ||
    { echo "$calls calls in $seconds seconds:"; tail -n 5 "$scratch/trace.10000"; return 1; }
}
names_come_from jwt
for key in alice "$uid" bob mallory 1879050099; do
  if strace -o /dev/null true 2>/dev/null; then
    check "10000 warm lookups of $key make no system call but a stat a second" warm_lookups_ask_nothing "$key"
  else
    skip "warm lookups of $key" 'strace is missing or may not trace'
  fi
done
dirties_little() {
  local own least
  own=$(private_dirty alice) && names_come_from trivial && least=$(private_dirty alice)
  names_come_from files jwt
  echo "private: $own KiB, with a module that does nothing: $least KiB"
  [ "$own" -gt 0 ] && [ "$own" -le $((least + 16)) ]
}
check 'a process gets at most 16 KiB of its own more than with a module that does nothing' dirties_little

# ---- damage ----
damaged() { # WHAT COMMAND...: after it nobody of ours is found and nothing breaks
  local what=$1
  shift
  write && (cd "$tables" && "$@")
  check "$what: not found by name" exits 2 getent passwd alice
  check "$what: not found by uid" exits 2 getent passwd "$uid"
  check "$what: no group" exits 2 getent group alice
  check "$what: id fails" refuse id alice
  check "$what: no first login" exits 2 "$scratch/login" ci-another
  check "$what: others resolve" prints 'uid=0(root) gid=0(root) groups=0(root)' id root
}
damaged 'an empty recent table' cp /dev/null recent
damaged 'a recent table of zeros' dd if=/dev/zero of=recent bs=1000 count=1 status=none
damaged 'a recent table that is text' cp /etc/passwd recent
damaged 'a recent table cut short' truncate -s -8 recent
damaged 'a base cut short' sh -c 'truncate -s 100 base.*'
damaged 'no base' sh -c 'rm base.*'
damaged 'a base of another generation' sh -c 'cp base.* x; rm base.*; mv x base.00000000000000ff'
damaged 'a FIFO' sh -c 'rm recent; mkfifo recent'
damaged 'a recent table that others may write' chmod 666 recent
damaged 'a symbolic link' sh -c 'mv recent x; ln -s x recent'
check 'new tables mend it' write
check 'and the account is found' prints "$alice" getent passwd alice

# ---- a full disk ----
rm -r "$tables" && mkdir "$tables"
page=$(getconf PAGESIZE)
mount -t tmpfs -o "mode=755,size=$((3 * page))" tmpfs "$tables"
check 'tables fit' write
fill() {
  dd if=/dev/zero of="$tables/filler" bs="$page" count="$1" status=none
}
for pages in 0 1; do
  fill "$pages"
  check "with $pages pages used up no tables are written" is "$(write 2>&1)" 'make_tables: state-unavailable'
  check 'the old ones stay in use' prints "$alice" getent passwd alice
  check 'nothing half written stays' is "$(cd "$tables" && echo *)" 'base.0000000000000001 filler recent'
done
check 'nor is an account added' is "$("$make_tables" put bob=1879050002 2>&1)" 'make_tables: state-unavailable'
rm "$tables/filler"
check 'with space it is added' "$make_tables" put bob=1879050002
check 'and found' prints "$alice" getent passwd alice

tap_end
