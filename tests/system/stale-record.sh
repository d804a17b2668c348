#!/bin/bash
# sshd resolves an account when the connection begins and keeps the record. Where somebody else got that id since, the
# session must not begin, whatever the module and the ledger agree on by then.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

# Under the default range both names have the same first id: found by trying some hundred million names.
first=alice
second=m29105732
id=1945170723

start_syslog
new_issuer
settings ''
must 'the settings are applied' test $? = 0
login_program
start_sshd
# Both methods: sshd minds what pam_setcred says only after keyboard-interactive.
kill "$(cat /run/sshd.pid)"
wait_for refuse test -e /run/sshd.pid
sed -i 's/^PasswordAuthentication no/PasswordAuthentication yes/' /etc/ssh/sshd_config
/usr/sbin/sshd -f /etc/ssh/sshd_config
must 'sshd runs' wait_for test -s /run/sshd.pid
person $first $first
person $second $second

first_id() { /usr/libexec/first-login-view passwd "$1" | cut -d: -f3; }
is_one_id() { is "$(first_id $first)" $id && is "$(first_id $second)" $id; }
check 'before their first logins both names have one id' is_one_id

# An askpass that waits at the first prompt, gives nothing, and gives the token at the second.
install -m 755 /dev/stdin /usr/local/bin/patient <<'END'
#!/bin/sh
if [ ! -e /run/asked ]; then
  touch /run/asked
  while [ ! -e /run/go-on ]; do sleep 0.05; done
  exit 0
fi
cat "$TOKEN_PATH"
END
install -m 755 /dev/stdin /usr/local/bin/at-once <<'END'
#!/bin/sh
cat "$TOKEN_PATH"
END
stubborn() { # METHOD USER [COMMAND]: with three prompts, as the client has by default
  local method=$1 user=$2
  shift 2
  ASKPASS=$askpass ssh_to "$user" "TOKEN_PATH=$tokens/$user" -o PreferredAuthentications="$method" \
    -o NumberOfPasswordPrompts=3 "$@" 2>&1
}
afresh() {
  rm -rf /var/lib/jwt-login "/home/${first:?}" "/home/${second:?}" /run/asked /run/go-on
  jwtctl apply >/dev/null
  sed -i '/^victim:/d' /etc/passwd /etc/group /etc/shadow
}

# ---- a connection opened before the other one's first login ----

overtaken() { # METHOD
  local waiting
  afresh
  askpass=/usr/local/bin/patient
  log_mark
  stubborn "$1" $second 'cat /home/alice/secret; id -u' >/run/stolen &
  waiting=$!
  check "$1: the second one is asked for a token" wait_for test -e /run/asked
  check "$1: meanwhile the first one logs in for the first time" \
    is "$(login $first $first 'umask 077; echo mine-alone >secret; id -u')" $id
  touch /run/go-on
  wait "$waiting"
  check "$1: the session of the second does not begin" refuse grep -qE 'mine-alone|^[0-9]+$' /run/stolen
  check "$1: the log says why" logged "reason=account-changed-retry( .*)? user=$second "
  check "$1: nothing was accepted for it" refuse log_has "decision=accept .*user=$second "
  check "$1: a new connection has the id that the ledger gives" is "$(login $second $second id -u)" $((id + 1))
  check "$1: and goes on having it" is "$(login $second $second id -u)" $((id + 1))
  check "$1: the first one is who it was" \
    is "$(login $first $first 'cat secret; id -u' | tr '\n' ' ')" "mine-alone $id "
}
overtaken keyboard-interactive
overtaken password

# ---- an id that a local account has ----

local_id() { # METHOD
  afresh
  add_user victim $id
  echo 'only mine' >/home/victim/secret
  chown $id /home/victim/secret
  chmod 600 /home/victim/secret
  person $first $first
  askpass=/usr/local/bin/at-once
  log_mark
  stubborn "$1" $first 'id -u; cat /home/victim/secret' >/run/stolen
  check "$1: three prompts on one connection do not open it" refuse grep -qE 'only mine|^[0-9]+$' /run/stolen
  check "$1: the log says why" logged "reason=account-changed-retry( .*)? user=$first "
  check "$1: the next connection has an id of its own" is "$(login $first $first id -u)" $((id + 1))
  check "$1: and nobody reads what is another one's" refuse login $first $first 'cat /home/victim/secret'
}
local_id keyboard-interactive
local_id password

forwarding_alone() { # it would go on for ever if it were let
  local status
  ASKPASS=$askpass TOKEN_PATH=$tokens/$first timeout 10 ssh -F none -N -o NumberOfPasswordPrompts=3 \
    -o UserKnownHostsFile=/etc/ssh/known_hosts -o PreferredAuthentications=keyboard-interactive \
    -L 9999:/home/victim/socket "$first@$host" </dev/null
  status=$?
  test $status != 124
}
afresh
add_user victim $id
log_mark
export SSH_ASKPASS=$askpass SSH_ASKPASS_REQUIRE=force
check 'forwarding alone is no way either' forwarding_alone
check 'the log says why' logged "reason=account-changed-retry( .*)? user=$first "
check 'sshd runs' kill -0 "$(cat /run/sshd.pid)"

# ---- a host that resolved before this process did ----

# What sshd's session process is when it asks for credentials: root still, with the gid that it holds.
afresh
check 'the first one logs in' is "$(login $first $first id -u)" $id
stack holder 'auth required pam_jwt.so'
as_holder_of() { setpriv --regid "$1" --clear-groups pamtester holder $first setcred >/dev/null 2>&1; }
check 'the right gid passes' as_holder_of $id
check 'a gid that is none of ours is no concern' as_holder_of 1500
log_mark
check 'the gid of another account of ours ends it' refuse as_holder_of $((id + 1))
check 'the log says why' logged "reason=account-changed-retry( .*)? user=$first .*another id"
tap_end
