# For scripts that look at the NSS module through glibc, to be sourced first of all with tests/lib/tap.sh: they go on in a
# mount namespace in which the loader finds the built modules, $scratch/nsswitch.conf stands for nsswitch.conf, and
# the folder of the state is new and empty. As root or, in a user namespace, as anyone ($NSS_HOST is `root` or `user`).
# shellcheck shell=bash
# shellcheck disable=SC2034 # for who sources this

nss_programs=${abs_top_builddir:?}/tests/nss
nss_module=$abs_top_builddir/nss_jwt/.libs/libnss_jwt.so.2
tables=$("$nss_programs/make_tables" path)

enter_nss_host() { # SCRIPT ARGUMENT...
  ! grep -q libasan "$nss_module" || skip_all 'a module with sanitizers does not load into other programs'
  [ -d "$(dirname "$(dirname "$tables")")" ] || skip_all 'this host has no folder for the state'
  local unshare=(unshare -m --propagation private) who=root status=0
  if [ "$(id -u)" != 0 ]; then unshare+=(-Ur) who=user; fi
  "${unshare[@]}" true 2>/dev/null || skip_all 'no private mounts here'
  scratch=$(mktemp -d)
  NSS_HOST=$who NSS_SCRATCH=$scratch "${unshare[@]}" -- "$@" || status=$?
  rm -rf "$scratch"
  exit "$status"
}

# names_come_from SERVICE...: what nsswitch.conf says from now on
names_come_from() {
  printf '%s\n' "passwd: $*" "group: $*" >"$scratch/nsswitch.conf"
}

make_nss_host() {
  chmod 755 "$scratch" && mkdir "$scratch/lib" && cp -L "$nss_module" "$scratch/lib/" &&
    cp -L "$nss_programs/.libs/libnss_trivial.so.2" "$scratch/lib/" &&
    printf '%s\n' "$scratch/lib" 'include /etc/ld.so.conf' >"$scratch/ld.so.conf" &&
    PATH=$PATH:/sbin:/usr/sbin ldconfig -X -C "$scratch/ld.so.cache" -f "$scratch/ld.so.conf" &&
    mount --bind "$scratch/ld.so.cache" /etc/ld.so.cache &&
    names_come_from files jwt && mount --bind "$scratch/nsswitch.conf" /etc/nsswitch.conf &&
    mount -t tmpfs -o mode=755 tmpfs "$(dirname "$(dirname "$tables")")" && mkdir "$(dirname "$tables")"
}

[ -n "${NSS_HOST-}" ] || enter_nss_host "$0" "$@"
scratch=$NSS_SCRATCH
make_nss_host || { echo 'Bail out! no private host'; exit 1; }

# ---- measuring, for tests and bench alike ----

# own_calls KEY: system calls that the first 100 lookups of KEY cost less than the first 10,000, apart from glibc's own:
# its looks at nsswitch.conf and, each hundredth time, for nscd. The seconds that went by stand in front.
own_calls() {
  local times
  for times in 100 10000; do
    strace -ttt -o "$scratch/trace.$times" "$nss_programs/look_up" "$1" "$times" >/dev/null
    [ -s "$scratch/trace.$times" ] || return
  done
  awk '{count[FILENAME] += $0 !~ /"\/etc\/nsswitch.conf"|socket\(AF_UNIX|\/nscd\/socket|close\([0-9]+\)|\+\+\+/}
    FNR == 1 {first = $1}
    END {printf "%d %d\n", $1 - first + 1, count[FILENAME] - count[ARGV[1]]}' "$scratch"/trace.{100,10000}
}

# private_dirty KEY: KiB that a process has written for itself alone after lookups of KEY. (Private_Dirty has pages of
# files in it as well that nobody has written back yet: the module's, just copied.)
private_dirty() {
  "$nss_programs/look_up" "$1" 100 /proc/self/smaps_rollup | sed -n 's/^Anonymous: *\([0-9]*\) kB/\1/p'
}
