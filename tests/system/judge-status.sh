#!/bin/bash
# What the kernel says of the real jwt-judge while it waits for a token: it has shed everything by then.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0"

new_issuer
settings ''
must 'the settings are applied' test $? = 0

# A pipe in the socket's place: the judge says hello into it, takes that for the beginning of a request and waits for the rest.
mkfifo /run/conversation
/usr/libexec/jwt-login/jwt-judge 0<>/run/conversation >/dev/null 2>&1 &
judge=$!
waits() { [ "$(status Seccomp)" = 2 ] && [ "$(cut -d' ' -f1 /proc/$judge/syscall 2>/dev/null)" != running ]; }
status() { sed -n "s/^$1:[[:space:]]*//p" /proc/$judge/status 2>/dev/null | tr -s '[:space:]' ' ' | sed 's/ $//'; }
must 'the judge waits, behind seccomp' wait_for waits

uid=$(id -u _jwt-login)
gid=$(id -g _jwt-login)
four() { echo "$1 $1 $1 $1"; }
check 'its user is its own, in every set' is "$(status Uid)" "$(four "$uid")"
check 'its group too' is "$(status Gid)" "$(four "$gid")"
check 'it has no other groups' is "$(status Groups)" ''
for set in Inh Prm Eff Bnd Amb; do
  check "no capability is in its Cap$set" is "$(status Cap$set)" 0000000000000000
done
check 'it can gain none' is "$(status NoNewPrivs)" 1
check 'every call is filtered' is "$(status Seccomp)" 2
check 'its one descriptor is the conversation' is "$(ls "/proc/$judge/fd")" 0
check 'that is the pipe' is "$(readlink "/proc/$judge/fd/0")" /run/conversation
limit() { sed -n "s/^$1  *\([^ ]*\)  *\([^ ]*\) .*/\1 \2/p" "/proc/$judge/limits"; }
check 'it can open no file' is "$(limit 'Max open files')" '1 1'
check 'it can start no process' is "$(limit 'Max processes')" '0 0'
check 'it can write to no file' is "$(limit 'Max file size')" '0 0'
check 'it leaves no core' is "$(limit 'Max core file size')" '0 0'
check 'its memory is bounded' test "$(limit 'Max address space' | cut -d' ' -f1)" -le $((256 << 20))
check 'its processor time is bounded' test "$(limit 'Max cpu time' | cut -d' ' -f1)" -le 5
nobody_looks_in() { refuse setpriv --reuid "$uid" --regid "$gid" --clear-groups cat "/proc/$judge/environ"; }
check 'not even its own user looks into it' nobody_looks_in
kill "$judge"
tap_end
