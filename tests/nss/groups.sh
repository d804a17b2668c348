#!/bin/bash
# Groups, memberships that end, and lists of all, by getent and id under glibc.
set -u
export LC_ALL=C
# shellcheck source=tests/lib/tap.sh
. "${abs_top_srcdir:?}/tests/lib/tap.sh"
# shellcheck source=tests/lib/nss-host.sh
. "$abs_top_srcdir/tests/lib/nss-host.sh"
make_tables=$nss_programs/make_tables

prints() { # WANTED COMMAND...
  local wanted=$1
  shift
  is "$("$@" 2>&1)" "$wanted"
}

alice=1879050001 bob=1879050003 ops=1879060000 local=4321
past=1000 future=$(($(date +%s) + 100000))
# Local names: nobody but these, whatever this host has.
local_files() {
  printf '%s\n' 'root:x:0:0::/root:/bin/sh' 'lisa:x:4000:4000::/:/bin/sh' >"$scratch/passwd"
  printf '%s\n' 'root:x:0:' "lab:x:$local:lisa" 'lisa:x:4000:' >"$scratch/group"
}
local_files
mount --bind "$scratch/passwd" /etc/passwd && mount --bind "$scratch/group" /etc/group || skip_all 'no mounts'

write() { # ARGUMENT...
  "$make_tables" write --group "ops=$ops" --group "lab=$local" "$@"
}
groups_of() { # NAME: gids, in order
  id -G "$1" | tr ' ' '\n' | sort -n | tr '\n' ' '
}
initgroups() { # NAME: as getent shows them, in order
  getent initgroups "$1" | tr -s ' ' '\n' | tail -n +2 | sort -n | tr '\n' ' '
}

# ---- members ----
check 'tables are written' write "alice=$alice,$ops@$future,$local" "bob=$bob,$ops@$past,$local@$future"
check 'a group of ours by name, with its members' prints "ops:*:$ops:alice" getent group ops
check 'a group of ours by gid' prints "ops:*:$ops:alice" getent group "$ops"
check 'a private group has no members' prints "alice:*:$alice:" getent group alice
check 'id: groups that have not ended' prints "$local $alice $ops " groups_of alice
check 'id: none that has ended' prints "$local $bob " groups_of bob
check 'id shows names' prints "uid=$alice(alice) gid=$alice(alice) groups=$alice(alice),$ops(ops),$local(lab)" id alice
check 'getent initgroups' prints "$local $ops " initgroups alice
check 'another account joins' "$make_tables" put "carol=1879050005,$ops"
check 'and is a member' prints "ops:*:$ops:carol,alice" getent group ops
check 'an account leaves' "$make_tables" put "alice=$alice,$local"
check 'and is none any more' prints "ops:*:$ops:carol" getent group ops
check 'nor has it the group' prints "$local $alice " groups_of alice

# ---- local groups ----
check 'a local group is the local one' prints "lab:x:$local:lisa" getent group lab
printf '%s\n' 'passwd: files jwt' 'group: files [SUCCESS=merge] jwt' >"$scratch/nsswitch.conf"
check 'with merge it has our members as well' prints "lab:x:$local:lisa,alice,bob" getent group lab
check 'by gid, too' prints "lab:x:$local:lisa,alice,bob" getent group "$local"
check 'a local group without members of ours stays as it is' prints 'root:x:0:' getent group root
check 'id is the same under merge' prints "$local $alice " groups_of alice
check 'a local account has nothing of ours' prints "4000 $local " groups_of lisa
names_come_from files jwt

# ---- what another source has ----
printf '%s\n' 'alice:x:4001:4001::/:/bin/sh' >>"$scratch/passwd"
printf '%s\n' 'alice:x:4001:' 'ops:x:4002:' >>"$scratch/group"
check 'a name that a local account has gained is the local one' prints 'alice:x:4001:4001::/:/bin/sh' getent passwd alice
check 'it gets no group of ours' prints '4001 ' groups_of alice
check 'a group name that a local group has gained is the local one' prints 'ops:x:4002:' getent group ops
printf '%s\n' 'group: files [SUCCESS=merge] jwt' 'passwd: files jwt' >"$scratch/nsswitch.conf"
check 'and merges nothing of ours, whose gid is another' prints 'ops:x:4002:' getent group ops
check 'still no group of ours' prints '4001 ' groups_of alice
names_come_from files jwt
printf '%s\n' "erin:x:$bob:$bob::/:/bin/sh" >>"$scratch/passwd"
printf '%s\n' "erin:x:$bob:" >>"$scratch/group"
check 'a uid that a local account has gained is the local one' prints "erin:x:$bob:$bob::/:/bin/sh" getent passwd "$bob"
check 'a gid, too' prints "erin:x:$bob:" getent group "$bob"
local_files

# ---- a membership ends while nothing runs ----
end=$(($(date +%s) + 3))
check 'a membership that ends in a moment' write "alice=$alice,$ops@$end"
if [ "$(groups_of alice)" = "$alice $ops " ] && [ "$(date +%s)" -lt "$end" ]; then
  check 'it counts until then' true
else
  check 'it counts until then' [ "$(date +%s)" -ge "$end" ]
fi
while [ "$(date +%s)" -le "$end" ]; do sleep 0.1; done # the coarse clock is a tick behind
check 'then id does not have it' prints "$alice " groups_of alice
check 'nor getent group' prints "ops:*:$ops:" getent group ops
check 'nor initgroups' prints '' initgroups alice

# ---- a big group ----
check 'a thousand members' write --many 1000
count_members() {
  getent group "$1" | cut -d: -f4 | tr ',' '\n' | sort -u | grep -c '^account'
}
check 'all are listed' prints 1000 count_members ops
check 'by gid, too' prints 1000 count_members "$ops"
printf '%s\n' 'passwd: files jwt' 'group: files [SUCCESS=merge] jwt' >"$scratch/nsswitch.conf"
check 'and merged with a local one' prints 1000 count_members lab
names_come_from files jwt

# ---- all accounts, all groups ----
all() { # DATABASE
  getent "$1" | sort
}
check 'accounts are not listed' prints "$(sort "$scratch/passwd")" all passwd
check 'nor groups' prints "$(sort "$scratch/group")" all group
check 'to list none is no error' getent passwd
check 'tables that may be listed' write --enumerate "alice=$alice,$ops,$local" "bob=$bob,$ops@$past"
check 'one more account' "$make_tables" put 'carol=1879050005'
check 'accounts are listed' prints "$({ cat "$scratch/passwd"
  printf '%s:*:%s:%s::/home/%s:/bin/sh\n' alice $alice $alice alice bob $bob $bob bob \
    carol 1879050005 1879050005 carol; } | sed 's/^\([a-z]*\):\*:\([0-9]*\):\2/\1:*:\2:\2/' | sort)" all passwd
check 'groups are listed, private ones too' prints "$({ cat "$scratch/group"
  printf '%s\n' "ops:*:$ops:alice" "lab:*:$local:alice" "alice:*:$alice:" "bob:*:$bob:" 'carol:*:1879050005:'; } |
  sort)" all group
check 'a thousand accounts' write --enumerate --many 1000
count_accounts() {
  getent passwd | cut -d: -f1 | sort -u | grep -c '^account'
}
check 'all are listed, each once' prints 1000 count_accounts
count_lines() {
  getent passwd | grep -c '^account'
}
check 'and no more than once' prints 1000 count_lines
check 'a big group is listed whole' prints 1000 sh -c 'getent group | grep ^ops: | tr "," "\n" | wc -l'

# ---- the fleet's key ----
cp "$nss_programs/look_up" "$scratch/login"
if [ "$NSS_HOST" = root ]; then
  uid_of() {
    "$scratch/login" "$1" | cut -d: -f3
  }
  check 'with the built-in key' write --login "$scratch/login"
  built_in=$(uid_of ci-new)
  check 'an account to be has an id' [ -n "$built_in" ]
  # Below /root, for every folder of its path must be root's alone.
  key=$(mktemp -d /root/fleet.XXXXXX)/key
  trap 'rm -r "$(dirname "$key")"' EXIT
  (umask 077 && echo 000102030405060708090a0b0c0d0e0f >"$key")
  check 'with the key of a fleet' write --login "$scratch/login" --fleet-key "$key"
  of_fleet=$(uid_of ci-new)
  check 'it has another id' [ -n "$of_fleet" -a "$of_fleet" != "$built_in" ]
  check 'and the same again' prints "$of_fleet" uid_of ci-new
  chmod 644 "$key"
  check 'a key that others may read makes no account' prints '' uid_of ci-new
  rm "$key"
  check 'nor one that is missing' prints '' uid_of ci-new
else
  skip 'ids under the key of a fleet' 'needs root'
fi

tap_end
