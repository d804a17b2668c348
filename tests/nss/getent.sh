#!/bin/bash
# The NSS module under glibc: getent, id and a login program, in a mount namespace in which nsswitch.conf names jwt, the
# loader finds the built module, and the tables are ours. As root or, in a user namespace, as anyone.
set -u
export LC_ALL=C
# shellcheck source=tests/lib/tap.sh
. "${abs_top_srcdir:?}/tests/lib/tap.sh"
tests=${abs_top_builddir:?}/tests/nss
self=$abs_top_srcdir/tests/nss/getent.sh
module=$abs_top_builddir/nss_jwt/.libs/libnss_jwt.so.2

if [ -z "${NSS_TEST_SCRATCH-}" ]; then
  ! grep -q libasan "$module" || skip_all 'a module with sanitizers does not load into getent'
  [ -d "$(dirname "$(dirname "$("$tests/make_tables" path)")")" ] || skip_all 'this host has no folder for the state'
  if [ "$(id -u)" = 0 ]; then user=; else user=-Ur; fi
  # shellcheck disable=SC2086
  unshare $user -m true 2>/dev/null || skip_all 'no private mounts here'
  NSS_TEST_SCRATCH=$(mktemp -d)
  export NSS_TEST_SCRATCH NSS_TEST_ROOT=${user:-yes}
  trap 'rm -rf "$NSS_TEST_SCRATCH"' EXIT
  # shellcheck disable=SC2086
  unshare $user -m --propagation private -- "$self"
  exit
fi

# ---- the private host ----
scratch=$NSS_TEST_SCRATCH
tables=$("$tests/make_tables" path)
state=$(dirname "$tables")
set -e
chmod 755 "$scratch"
mkdir "$scratch/lib"
cp -L "$module" "$scratch/lib/"
cp "$tests/look_up" "$scratch/login"
cp "$tests/look_up" "$scratch/other"
printf '%s\n' "$scratch/lib" 'include /etc/ld.so.conf' >"$scratch/ld.so.conf"
PATH=$PATH:/sbin:/usr/sbin ldconfig -X -C "$scratch/ld.so.cache" -f "$scratch/ld.so.conf"
mount --bind "$scratch/ld.so.cache" /etc/ld.so.cache
printf '%s\n' 'passwd: files jwt' 'group: files jwt' >"$scratch/nsswitch.conf"
mount --bind "$scratch/nsswitch.conf" /etc/nsswitch.conf
mount -t tmpfs -o mode=755 tmpfs "$(dirname "$state")"
mkdir "$state"
set +e

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
  "$tests/make_tables" write "$scratch/login" -- "alice=$uid" carol=1879050003
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
check 'an account is added' "$tests/make_tables" add bob=1879050002
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
if [ "$NSS_TEST_ROOT" = yes ]; then
  check 'a login program of a user' exits 2 setpriv --reuid 65534 --clear-groups "$scratch/login" ci-new
  check 'a login program called by a user as root' exits 2 setpriv --ruid 65534 "$scratch/login" ci-new
  check 'a login program of root as a user' exits 2 setpriv --euid 65534 "$scratch/login" ci-new
else
  skip 'a login program of a user' 'needs root'
fi
check 'the account is stored under that uid' "$tests/make_tables" add "ci-new=$(cut -d: -f3 <<<"$to_be")"
check 'and resolves for all' prints "${to_be/%bash/sh}" getent passwd ci-new

# ---- system calls of warm lookups: glibc's own are its looks at nsswitch.conf and, each hundredth time, for nscd ----
calls() { # KEY TIMES
  strace -o "$scratch/trace" "$scratch/other" "$1" "$2" >/dev/null
  grep -cvE '/etc/nsswitch.conf|^socket\(AF_UNIX|/nscd/socket|^close\([0-9]+\)|^\+\+\+' "$scratch/trace"
}
warm_lookups_ask_nothing() {
  local few many
  few=$(calls "$1" 10) && many=$(calls "$1" 10000)
  # a stat a second, and strace is slow
  [ "$many" -le $((few + 8)) ] || { echo "$few calls became $many"; tail -n 5 "$scratch/trace"; return 1; }
}
echo 'passwd: jwt' >"$scratch/nsswitch.conf"
for key in alice "$uid" bob mallory 1879050099; do
  if strace -o /dev/null true 2>/dev/null; then
    check "10000 warm lookups of $key make no system call" warm_lookups_ask_nothing "$key"
  else
    skip "warm lookups of $key" 'strace is missing or may not trace'
  fi
done
echo 'passwd: files jwt' >"$scratch/nsswitch.conf"
echo 'group: files jwt' >>"$scratch/nsswitch.conf"

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
damaged 'a recent table that is text' cp "$self" recent
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
check 'nor is an account added' is "$("$tests/make_tables" add bob=1879050002 2>&1)" 'make_tables: state-unavailable'
rm "$tables/filler"
check 'with space it is added' "$tests/make_tables" add bob=1879050002
check 'and found' prints "$alice" getent passwd alice

tap_end
