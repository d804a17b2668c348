#!/bin/bash
# A token of any length that is real opens a session through every client as it is; one that was cut off, or is too
# large, is refused with words that help.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

sizes=(300 999 1000 1001 1023 1024 2000 2100 4095 11200 16384)
some=(1000 2100 16384)
[ -z "${TEST_LONG-}" ] || some=("${sizes[@]}")
tools=$top/tests/system

start_syslog
printf '#!/bin/sh\nexec id -un\n' >/usr/local/bin/who
chmod 755 /usr/local/bin/who
echo /usr/local/bin/who >>/etc/shells
add_user worker 1500
add_user guest 1501
sed -i '/^worker:/s,/bin/bash,/usr/local/bin/who,' /etc/passwd
echo 'worker ALL=(ALL:ALL) ALL' >/etc/sudoers.d/worker
echo 'Defaults:worker passwd_tries=1' >>/etc/sudoers.d/worker
new_issuer
# With this header and signature a payload can make up any of the sizes.
jwtctl dev key --out /dev/shm/short --alg ES384 --kid kk
install -m 644 /dev/shm/short/keys.json /etc/jwt-login/keys/short.json
settings '
issuer "short" {
    url          = "https://i"
    audience     = { "{hostname}" }
    algorithms   = { "ES384" }
    keys         = "file:/etc/jwt-login/keys/short.json"
}
rule "long" {
    issuer  = "short"
    service = { "sshd", "sudo", "su", "login", "long" }
    any     = true
    account = "worker"
}
'
must 'the settings are applied' test $? = 0
jwt='required pam_jwt.so'
for service in sudo su login long; do
  stack $service "auth $jwt" "account $jwt" "session $jwt"
done
start_sshd 'MaxAuthTries 1'
must 'sshd runs' test -s /run/sshd.pid
sed 's/^PasswordAuthentication no/PasswordAuthentication yes/; s,/run/sshd.pid,/run/sshd-password.pid,' /etc/ssh/sshd_config >/run/sshd_password
echo 'Port 2222' >>/run/sshd_password
/usr/sbin/sshd -f /run/sshd_password
must 'another sshd, which takes passwords, runs' wait_for test -s /run/sshd-password.pid
sed 's/^MaxAuthTries 1/Port 2223/; s,/run/sshd.pid,/run/sshd-tries.pid,' /etc/ssh/sshd_config >/run/sshd_tries
/usr/sbin/sshd -f /run/sshd_tries
must 'another sshd, with the usual number of attempts, runs' wait_for test -s /run/sshd-tries.pid
key=$(cut -d' ' -f2- /etc/ssh/known_hosts)
printf '[%s]:%s %s\n' "$host" 2222 "$key" "$host" 2223 "$key" >>/etc/ssh/known_hosts
start_watch

# ---- tokens of exact sizes ----

made() { # FILE SUBJECT [OPTION]...: its size
  local file=$tokens/$1 subject=$2
  shift 2
  jwtctl dev token --key /dev/shm/short/private.jwk --issuer https://i --subject "$subject" --audience "$host" \
    --lifetime 3000 --omit jti "$@" | tr -d '\n' >"$file"
  stat -c %s "$file"
}
letters() { # COUNT: no part of a token is like the one before, which would end it
  seq -f 'u%g' 5000 | tr -d '\n' | head -c "$1"
}
exactly() { # SIZE: the token $tokens/SIZE
  local size pad
  size=$(made "$1" u --claim p=)
  if [ "$size" -le "$1" ]; then
    size=$(made "$1" u --claim p="$(letters $((($1 - size + 1) * 3 / 4)))")
    [ "$size" = "$1" ] || size=$(made "$1" u --claim p="$(letters $((($1 - size + 1) * 3 / 4 + 1)))")
  else
    size=$(made "$1" u)
    for ((pad = 1; size < $1 && pad < 9; pad++)); do
      size=$(made "$1" "$(letters $pad)")
    done
  fi
  is "$size" "$1"
}
for size in "${sizes[@]}" 16385; do
  check "a token of $size bytes can be made" exactly "$size"
done

# ---- the clients: each prints who it has become ----

asked_by_ssh() { # SIZE [OPTION]...: the stock client with jwt-askpass
  ASKPASS=/usr/bin/jwt-askpass ssh_to worker "JWT_TOKEN_FILE=$tokens/$1" "${@:2}" true
}
by_ssh() { asked_by_ssh "$1" -o PreferredAuthentications=keyboard-interactive; }
by_ssh_password() { asked_by_ssh "$1" -o Port=2222 -o PreferredAuthentications=password; }
by_jwt_askpass_ssh() {
  env "JWT_TOKEN_FILE=$tokens/$1" jwt-askpass --ssh -F none -T -o UserKnownHostsFile=/etc/ssh/known_hosts "worker@$host" </dev/null
}
by_sshpass() {
  sshpass -f "$tokens/$1" ssh -F none -T -o PreferredAuthentications=keyboard-interactive -o NumberOfPasswordPrompts=1 \
    -o UserKnownHostsFile=/etc/ssh/known_hosts "worker@$host"
}
as() { # USER COMMAND...
  setpriv --reuid "$1" --regid "$1" --init-groups env "HOME=/home/$1" "${@:2}"
}
cut_in_lines() { # SIZE PART
  fold -w "$2" "$tokens/$1"
  echo
  echo
}
by_sudo_askpass() { as worker SUDO_ASKPASS=/usr/bin/jwt-askpass "JWT_TOKEN_FILE=$tokens/$1" sudo -k -A who; }
by_sudo_stdin() { cut_in_lines "$1" 500 | as worker sudo -k -S -p '' who; }
by_su() { typed "$1" "${2-1000}" setpriv --reuid guest --regid guest --init-groups su worker; }
by_login() { typed "$1" "${2-1000}" login worker; }
by_pamtester() { typed "$1" "${2-1000}" pamtester long worker authenticate acct_mgmt; }
typed() { # SIZE PART COMMAND...: the last line that the terminal shows
  /usr/bin/python3 "$tools/type_token.py" "$tokens/$1" "${@:2}" | tr -d '\r' | tee /run/shown | tail -n 1
}
chmod 711 "$tokens"
chown worker "$tokens"/*

becomes() { # CLIENT WHO SIZE
  is "$("by_$1" "$3" 2>/run/said)" "$2" || { cat /run/said; return 1; }
}
opens() { # CLIENT WHO SIZE...
  local client=$1 who=$2 size
  shift 2
  for size; do
    check "$client: $size bytes" becomes "$client" "$who" "$size"
  done
}
opens ssh worker "${sizes[@]}"
opens ssh_password worker 300 999 1000 1001 1023
opens jwt_askpass_ssh worker 2100
opens sshpass worker 300 999 1001
opens sudo_askpass root "${some[@]}"
opens sudo_stdin root "${some[@]}"
opens su worker "${some[@]}"
opens login worker "${some[@]}"
opens pamtester 'pamtester: account management done.' "${some[@]}"

# Libraries hand over the whole token at once. To one of exactly 1000 bytes another part would belong: paramiko sends
# the same again, which is the end as well; asyncssh has no answer to a second question.
by_library() { # LOGIN PORT SIZE...: in one process
  /usr/bin/python3 "$tools/python_client.py" "$1" "$host" "$2" worker "${@:3}"
}
all_open() { # LOGIN PORT SIZE...
  is "$(by_library "$@")" "$(printf '%s worker\n' "${@:3}")"
}
check 'paramiko, keyboard-interactive: all sizes' all_open paramiko 22 "${sizes[@]}"
check 'paramiko, connect: all sizes, where one attempt may go to a password' all_open paramiko_connect 2223 "${some[@]}"
check 'asyncssh: all sizes but 1000' all_open asyncssh 22 "${sizes[@]/#1000/999}"

# ---- what is cut off, or too large ----

# turned_away REASON WORDS COMMAND...: the audit has the reason, whoever tried hears the words
turned_away() {
  local reason=$1 words=$2
  log_mark
  shift 2
  "$@" >/run/heard 2>&1
  grep -qF "$words" /run/heard || { cat /run/heard; return 1; }
  logged "decision=deny reason=$reason .*user="
}
cut='The token was probably cut off: use jwt-askpass' large='The token is too large: '
pasted() { # SIZE COMMAND...: in one go, at a terminal
  typed "$1" 20000 "${@:2}" >/dev/null
  cat /run/shown
}
ssh_at_terminal() { # USER
  pasted 2100 ssh -F none -T -o PreferredAuthentications=keyboard-interactive -o NumberOfPasswordPrompts=1 \
    -o UserKnownHostsFile=/etc/ssh/known_hosts "$1@$host"
}
check 'ssh at a terminal cuts at 1023' turned_away token-truncated "$cut" ssh_at_terminal worker
check 'an account that does not exist hears the same' turned_away account-unknown "$cut" ssh_at_terminal Nobody
check 'sshpass: the same' turned_away token-truncated "$cut" by_sshpass 2100
head -c 511 "$tokens/2100" >"$tokens/511"
in_one_line() { { cat "$tokens/$1"; echo; } | as worker sudo -k -S -p '' who; }
check 'sudo cuts at 511' turned_away token-truncated "$cut" in_one_line 511
refused_with() { # WORDS COMMAND...
  local words=$1
  shift
  refuse "$@" >/run/heard 2>&1 && grep -qF "$words" /run/heard || { cat /run/heard; return 1; }
}
check 'or does not take more at all' refused_with 'onversation error' in_one_line 1024
check 'su cuts at 4095' turned_away token-truncated "$cut" pasted 11200 setpriv --reuid guest --regid guest --init-groups su worker
check 'the password method: jwt-askpass does not send what would be cut off' \
  refused_with 'carries 1023: use keyboard-interactive' by_ssh_password 1024
check 'jwt-askpass does not send what no host takes' refused_with 'more than 16384 bytes' by_ssh 16385
too_large() { ssh_to worker "TOKEN_PATH=$tokens/16385" -o PreferredAuthentications=keyboard-interactive -o LogLevel=INFO true; }
check 'ssh: 16385 bytes' turned_away token-too-large "$large" too_large
check 'sudo -S: 16385 bytes' turned_away token-too-large "$large" by_sudo_stdin 16385
check 'paramiko: 16385 bytes' turned_away token-too-large 'AuthenticationException' by_library paramiko 22 16385

# ---- hosts that the token is not for ----

printf '%s %s\n' localhost "$key" '[localhost]:2224' "$key" >>/etc/ssh/known_hosts
mkfifo /run/ready
/usr/bin/python3 "$tools/hostile_server.py" 2224 /run/collected >/run/ready 2>/run/hostile.err &
hostile=$!
must 'a hostile server runs' read -r -t 60 _ </run/ready
host=localhost asked_by_ssh 2100 -o Port=2224 -o PreferredAuthentications=keyboard-interactive >/run/heard 2>&1
check 'a hostile server asks all that it can think of' is "$(tail -n 1 /run/collected)" end
check 'and is told nothing' is "$(grep -vc '^$' /run/collected)" 1
kill $hostile
jump() { # SIZE TARGET: through a jump host that asks for a token too
  env "JWT_TOKEN_FILE=$tokens/$1" timeout 30 jwt-askpass --ssh -F /run/jump_config -T "$2" </dev/null
}
cat >/run/jump_config <<END
UserKnownHostsFile /etc/ssh/known_hosts
User worker
Host $host
ProxyJump localhost
END
log_mark
check 'a jump host gets no token that is for the host behind it' refused_with "aud does not name localhost" jump 2100 "$host"
check 'not even a part of it' refuse log_has 'decision='

# ---- what is left behind ----

check 'no token in any process argument or environment' watch_is_empty
check 'no token in logs and state' no_token_text /var/log /var/lib /run /home /etc
check 'nobody keeps a token' is "$(grep -c '@jwt-askpass' /proc/net/unix)" 0
tap_end
