#!/bin/bash
# What is installed for systemd: the unit is shut in as far as it goes, the timer spreads a fleet, the users and folders
# come to be.
set -u
top=${abs_top_srcdir:?}
build=${abs_top_builddir:?}
. "$top/tests/lib/tap.sh"
units=$build/tests/stage/usr/lib/systemd/system
[ -d "$units" ] || skip_all 'configured for another prefix than /usr'
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
chmod 755 "$scratch"

check 'no place is left to fill in' refuse grep -rqE '@[a-z]+@' "$build/tests/stage/usr/lib"
check 'the service runs the installed program' grep -qx 'ExecStart=/usr/libexec/jwt-login/jwt-fetch-keys' \
  "$units/jwt-fetch-keys.service"

# With a program that every host has in its place, for the analysis looks for it.
sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$units/jwt-fetch-keys.service" >"$scratch/jwt-fetch-keys.service"
cp "$units/jwt-fetch-keys.timer" "$scratch"
analyze() { # as nobody, for root's run would leave a file in /run
  local as=()
  [ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --clear-groups)
  "${as[@]}" systemd-analyze "$@"
}
verify() { # FILE...
  analyze verify --man=no --recursive-errors=no "$@" 2>&1
}
exposure() { # FILE: ten times what systemd-analyze says of it
  analyze security --offline=true --no-pager "$1" | sed -n 's/.*Overall exposure level.*: \([0-9]*\)\.\([0-9]\).*/\1\2/p'
}
if ! command -v systemd-analyze >/dev/null; then
  skip 'the units are sound and shut in' 'no systemd-analyze'
elif [ -z "$(exposure "$scratch/jwt-fetch-keys.service" 2>/dev/null)" ]; then
  skip 'the units are sound and shut in' 'this systemd-analyze cannot look at a unit that does not run'
else
  check 'the exposure of the service is at most 1.5' test "$(exposure "$scratch/jwt-fetch-keys.service")" -le 15
  sed '/^SystemCallFilter=/d' "$scratch/jwt-fetch-keys.service" >"$scratch/open.service"
  check 'a filter less would be noticed' test "$(exposure "$scratch/open.service")" -gt 15
  check 'both units are sound' is "$(verify "$scratch"/jwt-fetch-keys.* | grep jwt-fetch)" ''
  echo 'Frobnicate=yes' >>"$scratch/jwt-fetch-keys.timer"
  check 'one that is not would be noticed' grep -q Frobnicate <(verify "$scratch"/jwt-fetch-keys.*)
fi

snippets=$build/tests/stage/usr/lib
if [ "$(id -u)" != 0 ] || ! command -v systemd-sysusers systemd-tmpfiles >/dev/null; then
  skip 'users and folders' 'needs root, systemd-sysusers and systemd-tmpfiles'
else
  mkdir -p "$scratch/root/etc" "$scratch/root/usr"
  check 'users are made' systemd-sysusers --root="$scratch/root" "$snippets/sysusers.d/jwt-login.conf"
  check 'they are two, who cannot log in' is "$(grep -cE '^_jwt-(login|fetch):.*/nologin$' "$scratch/root/etc/passwd")" 2
  check 'folders are made' systemd-tmpfiles --root="$scratch/root" --create "$snippets/tmpfiles.d/jwt-login.conf"
  fetcher=$(sed -n 's/^_jwt-fetch:[^:]*:\([0-9]*\):.*/\1/p' "$scratch/root/etc/passwd")
  check 'the cache belongs to the fetcher, the folder above it to root' is \
    "$(stat -c '%u %a' "$scratch/root/var/cache/jwt-login/keys" "$scratch/root/var/cache/jwt-login" \
      "$scratch/root/var/lib/jwt-login")" "$(printf '%s\n' "$fetcher 755" '0 755' '0 755')"
fi
tap_end
