#!/bin/bash
# Other account sources beside ours: one that does not answer, one that is not there, and one that gains a name or an id
# which an account of ours has had for long.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

start_syslog
new_issuer
settings ''
must 'the settings are applied' test $? = 0
install_visitor
start_sshd
must 'sshd runs' test -s /run/sshd.pid
stack cron 'auth required pam_rootok.so' 'account required pam_jwt.so'
for name in ana eve fay gil hal; do person $name $name; done

# turned_away REASON USER: as `refused`, without sshd and its delay
turned_away() {
  log_mark
  visit 1 <(echo "$2 $tokens/$2") /run/visit
  is "$(cut -d' ' -f4 /run/visit)" authenticate && logged "decision=deny reason=$1( .*)? user=$2 "
}
id_of() { # USER: as whom they log in
  visit 1 <(echo "$1 $tokens/$1") /run/visit
  sed -n 's/.* \([0-9]*\) in$/\1/p' /run/visit
}

sources() { sed -i -E "s/^(passwd|group): .*/\1: $*/" /etc/nsswitch.conf; }
library_folder=$(dirname "$(find /usr/lib* -name 'libnss_jwt.so.2' | head -n 1)")
id=$(login ana ana id -u)
record=$(getent passwd ana)
must 'an account is there' test -n "$id"

# ---- a source that does not answer: sssd's, whose daemon is stopped ----

unanswered() { # what holds while a source does not answer
  check "$1: somebody new is refused" refused source-unavailable eve eve
  check "$1: no account was made" refuse getent passwd eve
  check "$1: no account can be imported" refuse jwtctl accounts import <<<'{"name":"carl","issuer":"i","subject":"carl"}'
  check "$1: who is known logs in" is "$(login ana ana id -u)" "$id"
  check "$1: and resolves" is "$(getent passwd ana; getent passwd "$id"; getent group "$id")" \
    "$(printf '%s\n' "$record" "$record" "ana:*:$id:")"
  check "$1: so do local accounts" is "$(getent passwd 0 | cut -d: -f1)" root
}
if [ -n "${JWT_LOGIN_SOURCES-}" ] && sss=$(find "$JWT_LOGIN_SOURCES" -name libnss_sss.so.2) && [ -n "$sss" ]; then
  cp "$sss" "$library_folder"
  sources files sss jwt
  unanswered 'sssd is stopped'
  rm "$library_folder/libnss_sss.so.2"
else
  skip 'sssd is stopped' "no libnss_sss: packaging/install-dependencies sources=$build/sources"
fi
: >"$library_folder/libnss_broken.so.2"
sources files broken jwt
unanswered 'a module that is broken'
sources files jwt
check 'when the source is gone, they are let in' is "$(login eve eve id -un)" eve

# ---- a source that is not there at all: glibc passes over it, so do we ----

sources files nowhere jwt
check 'a module that is not installed has no accounts' is "$(login fay fay id -un)" fay
sources files jwt

# ---- what another source gains later ----

gain() { # FILE LINE
  cp /etc/"$1" "/run/$1"
  echo "$2" >>/etc/"$1"
}
lose() { cat "/run/$1" >/etc/"$1"; }
by_key_alone() { timeout 5 pamtester cron ana acct_mgmt; } # of a service that asks for no token

gained() { # WHAT REASON FILE LINE
  check "$1: before, the account is open" by_key_alone
  gain "$3" "$4"
  check "$1: the account is refused" turned_away "$2" ana
  log_mark
  check "$1: without a token, too" refuse by_key_alone
  check "$1: for the same reason" logged "decision=deny reason=$2 phase=account user=ana "
  check "$1: others go on" is "$(id_of eve)" "$(getent passwd eve | cut -d: -f3)"
  lose "$3"
  check "$1: when that is gone it is as it was" is "$(id_of ana)" "$id"
}
gained 'another has the id as uid' account-id-taken passwd "late:x:$id:100::/:/bin/sh"
gained 'another has the id as gid' account-id-taken group "late:x:$id:"
# It would carry the rights of that group, which sudo looks for by name.
gained 'another has the name as a group' name-reserved group 'ana:x:1700:'

# Where the administrator applies the settings meanwhile, the tables leave the account out.
while_applied() { # WHAT FILE LINE
  gain "$2" "$3"
  check "$1: jwtctl apply leaves the account out" eval 'jwtctl apply 2>&1 | grep -q ana'
  check "$1: it does not resolve" refuse getent passwd ana
  check "$1: it is refused" refuse test -n "$(id_of ana)"
  lose "$2"
  check "$1: when that is gone it is open again" is "$(id_of ana)" "$id"
  check "$1: and resolves for everybody" is "$(getent passwd ana)" "$record"
}
while_applied 'another has the id, and the settings are applied' passwd "late:x:$id:100::/:/bin/sh"
while_applied 'another has the name as a group, and the settings are applied' group 'ana:x:1700:'

# What hid an account may be of the source that does not answer now.
gain passwd 'ana:x:1600:1600::/nonexistent:/bin/sh'
check 'an account whose name another has gained is hidden' eval 'jwtctl apply 2>&1 | grep -q ana'
lose passwd
sources files broken jwt
check 'and stays so while a source is silent' turned_away source-unavailable ana
check 'for everybody' refuse getent passwd ana
sources files jwt
check 'until all answer' is "$(id_of ana)" "$id"
sqlite3 $ledger "UPDATE identities SET hidden = 1 WHERE name = 'ana'"
check 'hidden, and not yet out of the tables, it goes on without a token when all answer' by_key_alone
sources files broken jwt
log_mark
check 'and is refused when not' refuse by_key_alone
check 'for that reason' logged 'decision=deny reason=source-unavailable phase=account user=ana '
sources files jwt
check 'a login ends that' is "$(id_of ana)" "$id"

gain passwd 'ana:x:1600:1600::/nonexistent:/bin/sh'
check 'a local account of the same name is the one that resolves' is "$(getent passwd ana | cut -d: -f3)" 1600
check 'and a template does not open it' turned_away account-local ana
check 'what is ours stays with its id' is "$(ask "SELECT uid FROM identities WHERE name = 'ana'")" "$id"
lose passwd
check 'without it, all is as it was' is "$(id_of ana)" "$id"

# An account to be, whose name or first id is taken at the very last moment.
gain group 'gil:x:1701:'
check 'nobody gets the name of a group' turned_away name-reserved gil
lose group
visit 1 <(echo hal /dev/null) /run/visit
first_id=$(cut -d' ' -f3 /run/visit)
gain passwd "late:x:$first_id:100::/:/bin/sh"
check 'whose first id somebody has by then is told to try again' turned_away account-changed-retry hal
check 'and has the next' is "$(id_of hal)" $((first_id + 1))
lose passwd
check 'for good' is "$(id_of hal)" $((first_id + 1))
check 'ledger and tables agree' ledger_and_tables_agree
tap_end
