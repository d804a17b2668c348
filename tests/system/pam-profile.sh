#!/bin/bash
# The profiles for Debian's pam-auth-update: the stacks that it makes of them and of what the host has enabled, logins
# through these, and that it takes them out again without a trace.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
command -v pam-auth-update >/dev/null || skip_all 'no pam-auth-update: the profiles are for Debian and its like'
[ -s /var/lib/pam/auth ] || skip_all 'pam-auth-update does not look after the stacks of this host'
# With an empty database of its questions it would not know what the host has enabled, and write stacks that let
# everybody in.
enter_private_root "$0" sshd --copy /var/lib/pam --copy /var/cache/debconf --copy /var/lib/dpkg/info

export DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes
profiles=(jwt-login jwt-login-homes)
keep_stacks() { mkdir "$1" && cp -r /etc/pam.d/common-* /var/lib/pam "$1" && rm "$1/pam/seen"; }
as_before() {
  rm -rf /dev/shm/now
  keep_stacks /dev/shm/now && diff -r /dev/shm/before /dev/shm/now
}
lines() { tr -s '\t ' ' ' <"/etc/pam.d/common-$1" | sed -n 's/ *$//; /^[a-z]/p'; }
at() { lines "$1" | grep -n "$2" | head -n 1 | cut -d: -f1; } # where it stands, nothing if it does not
in_order() { # STACK MODULE MODULE: both are there, in this order
  local first second
  first=$(at "$1" "$2") second=$(at "$1" "$3")
  [ "${first:-0}" -gt 0 ] && [ "${second:-0}" -gt "$first" ] || { lines "$1"; return 1; }
}

pam-auth-update --package --remove "${profiles[@]}"
rm -f /usr/share/pam-configs/jwt-login*
keep_stacks /dev/shm/before
must 'nothing of ours stands in the stacks' refuse grep -l pam_jwt /etc/pam.d/common-*
must 'pam-auth-update knows what the host has enabled' in_order auth pam_unix pam_permit

start_syslog
add_user worker 1500 'local secret'
add_user homeless 1501
add_user daemonic 901
rmdir /home/homeless /home/daemonic
new_issuer
settings ''
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid
stack sshd '@include common-auth' 'account required pam_nologin.so' '@include common-account' '@include common-session'

# ---- what a package does when it comes ----

install -m 644 "$top"/packaging/pam-configs/* /usr/share/pam-configs
check 'pam-auth-update takes the profiles' pam-auth-update --package
check 'a token is looked at before a password' in_order auth pam_jwt pam_unix
check 'accounts of tokens are looked at first' in_order account pam_jwt pam_unix
if [ -n "$(at session pam_systemd)" ]; then
  check 'the session stands before that of logind' in_order session pam_jwt pam_systemd
else
  skip 'the session stands before that of logind' 'pam_systemd is not enabled here'
fi
check 'a home is made once the session is allowed' in_order session pam_jwt pam_mkhomedir
check 'sudo and cron have the session, too' in_order session-noninteractive pam_permit pam_jwt
check 'but make no homes' is "$(at session-noninteractive pam_mkhomedir)" ''
of_the_manual() { sed -n '/^\.Bd/,/^\.Ed/p' "$top/docs/man/pam_jwt.8" | grep "^$1 .*pam_\\(jwt\\|succeed_if\\|deny\\)" | tr -s ' '; }
check 'the account lines are those of pam_jwt(8)' is "$(lines account | head -n 3)" "$(of_the_manual account)"
check 'and so is that of the session' is "$(lines session | grep pam_jwt)" "$(of_the_manual session)"

# ---- logins ----

install -m 755 /dev/stdin /usr/local/bin/type-secret <<'END'
#!/bin/sh
cat /run/secret
END
by_password() { # SECRET
  echo "$1" >/run/secret
  ASKPASS=/usr/local/bin/type-secret ssh_to worker TOKEN_PATH=/dev/null -o PreferredAuthentications=keyboard-interactive id -un
}
ssh-keygen -q -t ed25519 -N '' -f /dev/shm/id
key_for() { # USER
  install -d -m 700 -o "$1" -g "$1" "/home/$1/.ssh"
  install -m 600 -o "$1" -g "$1" /dev/shm/id.pub "/home/$1/.ssh/authorized_keys"
}
by_key() { ssh_to "$1" TOKEN_PATH=/dev/null -o PreferredAuthentications=publickey -i /dev/shm/id id -un; }
key_for worker
person ana ana
person late ana --claims "$(over)"
sed 's/.\{8\}$/AAAAAAAA/' "$tokens/ana" >"$tokens/forged"

log_mark
check 'a token opens a new account' is "$(login ana ana 'id -un; pwd')" "$(printf '%s\n' ana /home/ana)"
check 'its home is its own' is "$(stat -c '%U:%G %a' /home/ana)" 'ana:ana 700'
check 'the token is over: no' refused token-expired ana late
check 'the token is forged: no' refused signature-invalid ana forged
check 'nor for a local account' refused signature-invalid worker forged
log_start=0
refusals >/dev/null # all that was logged is there
check 'no token has reached pam_unix' refuse log_has 'pam_unix\(sshd:auth\)'
check 'a password opens a local account' is "$(by_password 'local secret')" worker
check 'a wrong one does not' refuse by_password 'other secret'
check 'it was pam_unix that looked' logged 'pam_unix\(sshd:auth\): authentication failure.*user=worker'
check 'an empty one does not' refuse by_password ''
check 'a key opens a local account' is "$(by_key worker)" worker
key_for ana
check 'a key alone opens no account of tokens' refuse by_key ana
no_home_of() { su -s /bin/sh -c true "$1" && refuse test -e "/home/$1"; } # a session works, and has no home made
check 'no home is made for local accounts' no_home_of homeless
check 'nor for those of the system' no_home_of daemonic

module=$(find /usr/lib /usr/lib64 -name pam_jwt.so 2>/dev/null | head -n 1)
check 'the module is where the distribution has such' mv "$module" /dev/shm/
check 'without the module a password opens a local account' is "$(by_password 'local secret')" worker
check 'a wrong one does not' refuse by_password 'other secret'
check 'a key alone opens no account of tokens' refuse by_key ana
check 'a token opens nothing' refuse login ana ana true
mv /dev/shm/pam_jwt.so "$module"

# ---- what the administrator changes ----

sed -i 's/1879048192/1979048192/' /etc/pam.d/common-account /etc/pam.d/common-session
check 'another uid_min in the stacks' pam-auth-update --package
check 'stays' is "$(cat /etc/pam.d/common-{account,session} | grep -c 'uid < 1979048192')" 2
check 'homes can be left to others' pam-auth-update --disable jwt-login-homes
check 'their line is gone' is "$(at session pam_mkhomedir)" ''
check 'a token still opens an account' is "$(login ana ana id -un)" ana
check 'all of it can be shut off' pam-auth-update --disable jwt-login
check 'then the stacks are as before' as_before
check 'and enabled again' pam-auth-update --enable jwt-login
check 'a token opens the account' is "$(login ana ana id -un)" ana
check 'a password still opens a local one' is "$(by_password 'local secret')" worker
check 'homes come back' pam-auth-update --enable jwt-login-homes
check 'behind the session' in_order session pam_jwt pam_mkhomedir

# ---- what a package does when it goes ----

check 'pam-auth-update takes the profiles out' pam-auth-update --package --remove "${profiles[@]}"
check 'the stacks are what they were' as_before
check 'a password opens a local account' is "$(by_password 'local secret')" worker
check 'a wrong one does not' refuse by_password 'other secret'
check 'a token opens nothing' refuse login ana ana true
tap_end
