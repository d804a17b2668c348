#!/bin/bash
# sudo and su hand their user's environment, limits and signals on to the module. None of it may reach the helpers.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0"

start_syslog
add_user worker 1500
add_user other 1501
new_issuer
settings '
rule "worker" {
    issuer  = "dev"
    service = { "sudo", "su", "login" }
    when    = { "sub == robot" }
    account = "worker"
}
'
must 'the settings are applied' test $? = 0
echo 'worker ALL=(ALL:ALL) ALL' >/etc/sudoers.d/worker
printf '%s\n' 'Defaults !lecture' 'Defaults timestamp_timeout=0' 'Defaults:worker !env_reset' >/etc/sudoers.d/defaults
stack sudo 'auth required pam_jwt.so' 'account required pam_jwt.so' 'account required pam_unix.so' \
  'session required pam_jwt.so'
stack su 'auth required pam_jwt.so' 'account required pam_jwt.so' 'account required pam_unix.so' \
  'session required pam_jwt.so'

mine=/dev/shm/worker # what the user has to play with
install -d -m 700 -o worker -g worker $mine
token robot --subject robot
token stranger --subject stranger
install -m 400 -o worker -g worker "$tokens/robot" "$tokens/stranger" $mine

as() { # USER COMMAND...: with nothing but a PATH
  local user=$1
  shift
  setpriv --reuid "$user" --regid "$user" --init-groups env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"
}

with_sudo() { # [VARIABLE=VALUE]... COMMAND...: as the user, answered by askpass
  as worker SUDO_ASKPASS=/usr/local/bin/give-token TOKEN_PATH="${TOKEN-$mine/robot}" TOKEN_PART=500 \
    timeout -k 1 60 env "$@"
}

# ---- it works when nothing is wrong ----

log_mark
check 'sudo with a token' is "$(with_sudo sudo -A id -u)" 0
check 'the audit says so' logged 'decision=accept reason=ok phase=authenticate user=worker service=sudo .*subject=robot'
TOKEN=$mine/stranger check 'sudo with another token' refuse with_sudo sudo -A id -u
check 'the audit says why' logged 'decision=deny reason=no-rule .*user=worker service=sudo'
check 'jwt-askpass answers sudo' is \
  "$(as worker SUDO_ASKPASS=/usr/bin/jwt-askpass JWT_TOKEN_FILE=$mine/robot sudo -A id -u)" 0
with_su() { # [VARIABLE=VALUE]...: another user becomes worker
  (cat "$tokens/robot" && echo) | as other timeout -k 1 60 env "$@" su worker -c 'id -un'
}
check 'su with a token' is "$(with_su A=b)" worker

stack login 'auth required pam_jwt.so' 'account required pam_jwt.so' 'session required pam_jwt.so'
check 'pamtester goes all the way of a login' pamtester login worker authenticate acct_mgmt open_session \
  close_session <<<"$(cat "$tokens/robot")"

# ---- a hostile environment ----

cat >$mine/evil.c <<'END'
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void evil(void) {
  open(geteuid() == 0 ? "/dev/shm/worker/ran-as-root" : "/dev/shm/worker/ran", O_CREAT | O_WRONLY, 0666);
}
END
cc -shared -fPIC -o $mine/evil.so $mine/evil.c
cat >$mine/evil.cnf <<END
openssl_conf = start
[start]
providers = list
[list]
evil = one
[one]
module = $mine/evil.so
activate = 1
END
chown worker:worker $mine/*
# shellcheck disable=SC2206 # the folder has no blanks
hostile=(OPENSSL_CONF=$mine/evil.cnf OPENSSL_MODULES=$mine OPENSSL_ENGINES=$mine SSL_CERT_FILE=$mine/evil.cnf
  LD_PRELOAD=$mine/evil.so LD_LIBRARY_PATH=$mine LD_AUDIT=$mine/evil.so GCONV_PATH=$mine LOCPATH=$mine NLSPATH=$mine
  MALLOC_PERTURB_=85 MALLOC_ARENA_MAX=1 MALLOC_TRACE=$mine/trace GLIBC_TUNABLES=glibc.malloc.check=3
  TMPDIR=$mine HOME=$mine SQLITE_TMPDIR=$mine IFS=/ BASH_ENV=$mine/evil.cnf ENV=$mine/evil.cnf HOSTALIASES=$mine/evil.cnf
  RES_OPTIONS=debug JWT_LOGIN_GRANT=0123456789abcdef0123456789abcdef JWT_LOGIN_CONF=$mine/evil.cnf JANSSON=1)
as worker OPENSSL_CONF=$mine/evil.cnf openssl dgst /dev/null >/dev/null 2>&1
check 'the trap works where somebody steps into it' test -e $mine/ran
check 'sudo under a hostile environment' is "$(with_sudo "${hostile[@]}" sudo -A /usr/bin/id -u)" 0
check 'su under a hostile environment' is "$(with_su "${hostile[@]}")" worker
check 'no code of the user ran with the privilege' test ! -e $mine/ran-as-root
check 'nothing of the user was written to' is "$(find $mine -name trace)" ''

# ---- what a helper gets: a stand-in writes it down ----

keeper=/usr/libexec/jwt-login/jwt-keeper
cp $keeper /usr/libexec/real-keeper
stand_in() { # PROGRAM: a script as helper
  install -m 755 /dev/stdin "$1"
}
install -m 755 "$build/tests/pam/onlooker" $keeper
# The user's shell: signals ignored and blocked, odd limits, an odd umask, a folder of their own.
cat >$mine/odd.sh <<'END'
cd "$(dirname "$TOKEN_PATH")"
trap '' CHLD PIPE ALRM TERM INT HUP USR1
umask 0
ulimit -c unlimited
ulimit -S -n 20
ulimit -S -f 1
exec 7</etc/passwd 8</dev/null
exec sudo -A /usr/bin/id -u
END
with_sudo "${hostile[@]}" /bin/bash $mine/odd.sh >/dev/null 2>&1
seen=/run/onlooker
seen_of() { # FIELD...: of /proc/PID/status, blanks made single
  local field
  for field; do
    grep "^$field:" $seen/status | tr -s '\t ' ' '
  done
}
check 'a helper has a constant environment' is "$(tr '\0' '\n' <$seen/environment | sort)" \
  "$(printf '%s\n' LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin)"
check 'it has uid and gid 0 wholly' is "$(seen_of Uid Gid)" "$(printf '%s\n' 'Uid: 0 0 0 0' 'Gid: 0 0 0 0')"
# 32 and 33 are the C library's own, which it lets nobody touch; some build hosts ignore them.
check 'no signal is blocked, ignored or caught' is "$(seen_of SigBlk SigIgn SigCgt | sed 's/ 0000000180000000/ 0000000000000000/')" \
  "$(printf '%s: 0000000000000000\n' SigBlk SigIgn SigCgt)"
check 'its umask is 077' is "$(seen_of Umask)" 'Umask: 0077'
check 'no core is dumped' grep -qE '^Max core file size +0 +0' $seen/limits
check 'it may write files' grep -qE '^Max file size +unlimited' $seen/limits
check 'its folder is /' is "$(cat $seen/folder)" /
check 'its descriptors: the socket, and nowhere' is "$(sed 's/\[.*//' $seen/descriptors)" \
  "$(printf '%s\n' '0 socket:' '1 /dev/null' '2 /dev/null')"
check 'it leads a session and a group of its own' is "$(awk '{ print $5 == $1, $6 == $1 }' $seen/stat)" '1 1'
check 'no token in its arguments' is "$(tr '\0' '\n' <$seen/arguments)" $keeper
cp /usr/libexec/real-keeper $keeper
check 'odd limits and signals do not hinder a login' is "$(with_sudo /bin/bash $mine/odd.sh)" 0
closed() {
  with_sudo /bin/bash -c 'sudo -A touch /run/closed <&- >&- 2>&-'
  test -e /run/closed
}
check 'closed descriptors do not hinder a login' closed

# ---- signals from the user ----

stand_in /usr/libexec/jwt-login/jwt-judge <<'END'
#!/bin/bash
echo $$ >/run/judge.pid
exec sleep 60
END
helpers() {
  pgrep -f '^/usr/libexec/jwt-login/jwt-keeper'
  cat /run/judge.pid
}
kill_from_user() { # SIGNAL: to every helper, as the user who called sudo; passes when each is refused
  local pid
  for pid in $(helpers); do
    if as worker kill -s "$1" "$pid" 2>/dev/null; then echo "could send $1 to $pid"; return 1; fi
    kill -0 "$pid" || return
  done
}
for program in sudo su; do
  rm -f /run/judge.pid
  log_mark
  if [ $program = sudo ]; then with_sudo sudo -A id -u >/dev/null 2>&1 & else
    as worker timeout 60 su worker -c true <"$tokens/robot" >/dev/null 2>&1 & fi
  waiting=$!
  check "$program: the helpers are there" wait_for test -s /run/judge.pid
  check "$program: its user cannot kill them" kill_from_user KILL
  check "$program: nor stop them" kill_from_user STOP
  check "$program: nor look into them" refuse as worker cat /proc/"$(helpers | head -1)"/environ
  wait $waiting
  check "$program: a hanging judge is a refusal" test $? != 0
  check "$program: with its reason" logged 'decision=deny reason=judge-failed .*user=worker .*did not answer in time'
done
check 'no helper is left' refuse pgrep -f '^/usr/libexec/jwt-login'
check 'no token in logs and state' no_token_text /var/log /var/lib /run
tap_end
