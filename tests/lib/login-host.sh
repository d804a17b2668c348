# A login host inside a private root: syslog, an issuer, settings, PAM stacks, sshd, and users with tokens.
# To be sourced; tests/lib/tap.sh comes with it.
# shellcheck shell=bash

top=${abs_top_srcdir:?}
build=${abs_top_builddir:?}
. "$top/tests/lib/tap.sh"

host=private.test
log=/var/log/auth.log
tokens=/dev/shm/tokens # in memory, and in no folder that is kept
issuer_keys=/dev/shm/issuer
tree=$top/tests/lib

# enter_private_root SCRIPT [sshd [OPTION]...]: run the script again inside a private root, which has an sshd if it
# needs one, with more options of private-root; returns only there
enter_private_root() {
  [ -z "${PRIVATE_ROOT-}" ] || return 0
  local stage=$build/tests/stage sshd=${JWT_LOGIN_SSHD-$build/sshd}
  [ "$(id -u)" = 0 ] || skip_all 'needs root'
  ! grep -q '^#define SANITIZER_BUILD' "$build/config.h" || skip_all 'a sanitizer build does not fit into another process'
  [ -x "$stage/usr/libexec/jwt-login/jwt-keeper" ] || skip_all 'configured for another prefix than /usr'
  [ -z "${2-}" ] || [ -x /usr/sbin/sshd ] || [ -x "$sshd/usr/sbin/sshd" ] ||
    skip_all "no sshd: packaging/install-dependencies sshd=$build/sshd"
  exec "$tree/private-root" --stage "$stage" --sshd "$sshd" --show "$top" --show "$build" "${@:3}" \
    --keep "$build/tests/kept/$(basename "$1" .sh)" timeout --kill-after 5 "${TEST_SECONDS-400}" bash "$1"
}

# wait_for COMMAND...: until it succeeds, three seconds at most
wait_for() {
  local _
  for _ in {1..60}; do
    ! "$@" || return 0
    sleep 0.05
  done
  return 1
}

# ---- the host ----

start_syslog() {
  "$build/tests/lib/logsink" /dev/log "$log"
}

# add_user NAME UID [PASSWORD]: a local account with its group and home folder
add_user() {
  local hash='*'
  [ -z "${3-}" ] || hash=$(openssl passwd -6 "$3")
  echo "$1:x:$2:$2::/home/$1:/bin/bash" >>/etc/passwd
  echo "$1:x:$2:" >>/etc/group
  echo "$1:$hash:19000:0:99999:7:::" >>/etc/shadow
  install -d -m 755 -o "$2" -g "$2" "/home/$1"
}

# stack SERVICE LINE...: a PAM stack
stack() {
  local service=$1
  shift
  printf '%s\n' "$@" >"/etc/pam.d/$service"
}

# settings [TEXT]: the host's usual settings, and more rules; says what jwtctl says and fails with it
settings() {
  mkdir -p /etc/jwt-login/keys
  cat >/etc/jwt-login/jwt-login.conf <<END
hostname = "$host"

issuer "dev" {
    url        = "https://issuer.test"
    audience   = { "ssh://{hostname}" }
    algorithms = { "ES256" }
    keys       = "file:/etc/jwt-login/keys/dev.json"
}

rule "staff" {
    issuer  = "dev"
    service = { "sshd" }
    when    = { "role == staff" }
    account = "{preferred_username}"
    create  = true
}
${1-}
accounts {
    require_token  = { "sshd" }
    login_programs = { "/usr/sbin/sshd", "/usr/lib/openssh/sshd-session", "/usr/libexec/first-login-view" }
}
END
  jwtctl apply >/dev/null
}

# What a login program sees: getent under a name that the settings list as one.
login_program() {
  cp /usr/bin/getent /usr/libexec/first-login-view
}

# ---- sshd ----

# start_sshd [LINE]...: with these lines before all others in its settings
start_sshd() {
  local option penalties=""
  rm -f /etc/ssh/ssh_host_*
  ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
  printf '%s %s\n' "$host" "$(cat /etc/ssh/ssh_host_ed25519_key.pub)" >/etc/ssh/known_hosts
  stack sshd 'auth [success=done ignore=ignore default=die] pam_jwt.so' 'auth required pam_deny.so' 'account required pam_jwt.so' 'account required pam_unix.so' \
    'session required pam_jwt.so' 'session optional pam_mkhomedir.so umask=0077'
  # Newer servers make a host that fails too often wait.
  option='PerSourcePenalties no'
  printf '%s\n' 'HostKey /etc/ssh/ssh_host_ed25519_key' "$option" >/run/probe_config
  ! /usr/sbin/sshd -t -f /run/probe_config 2>/dev/null || penalties=$option
  printf '%s\n' "$@" >/etc/ssh/sshd_config
  cat >>/etc/ssh/sshd_config <<END
ListenAddress 127.0.0.1
HostKey /etc/ssh/ssh_host_ed25519_key
UsePAM yes
KbdInteractiveAuthentication yes
PasswordAuthentication no
PubkeyAuthentication yes
PermitRootLogin yes
LoginGraceTime 60
MaxStartups 100
LogLevel VERBOSE
UseDNS no
PidFile /run/sshd.pid
$penalties
END
  /usr/sbin/sshd -f /etc/ssh/sshd_config
  wait_for test -s /run/sshd.pid
}

# login USER TOKEN [COMMAND]: the stock client, answered from the token's file part by part
login() {
  ssh_to "$1" "TOKEN_PATH=$tokens/$2" -o PreferredAuthentications=keyboard-interactive "${@:3}"
}

# ssh_to USER VARIABLE=VALUE [OPTION]... [COMMAND]
ssh_to() {
  local user=$1 variable=$2
  shift 2
  local options=()
  while [ "${1-}" = -o ] || [ "${1-}" = -i ]; do
    options+=("$1" "$2")
    shift 2
  done
  env -u SSH_AUTH_SOCK SSH_ASKPASS="${ASKPASS-/usr/local/bin/give-token}" SSH_ASKPASS_REQUIRE=force "$variable" \
    timeout 60 ssh -F none -T "${options[@]}" -o NumberOfPasswordPrompts=1 -o LogLevel=ERROR \
    -o UserKnownHostsFile=/etc/ssh/known_hosts -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes \
    -o IdentitiesOnly=yes "$user@$host" "$@" </dev/null
}

# ---- tokens ----

# new_issuer: a key pair whose public half the host trusts
new_issuer() {
  install -d -m 700 "$tokens" "$issuer_keys"
  install -D -m 755 "$tree/give-token" /usr/local/bin/give-token
  mkdir -p /etc/jwt-login/keys
  jwtctl dev key --out "$issuer_keys" --alg ES256 --kid dev-01 &&
    install -m 644 "$issuer_keys/keys.json" /etc/jwt-login/keys/dev.json
}

# token FILE [OPTION]...: sign a token for this host; options are those of `jwtctl dev token`
token() {
  local file=$tokens/$1
  shift
  [[ " $* " == *' --audience '* ]] || set -- --audience "ssh://$host" "$@"
  jwtctl dev token --key "$issuer_keys/private.jwk" --issuer https://issuer.test "$@" | tr -d '\n' >"$file"
}

# person FILE NAME [OPTION]...: a token of a member of staff
person() {
  local file=$1 name=$2
  shift 2
  token "$file" --subject "$name-at-corp" --claim "preferred_username=$name" --claim role=staff "$@"
}

# Times of a token that was good until two minutes ago, for --claims.
over() {
  local now
  now=$(date +%s)
  echo "{\"iat\": $((now - 420)), \"exp\": $((now - 120))}"
}

# ---- logins without sshd ----

visitor=/usr/libexec/first-login-view # which the settings list as a login program
ledger=/var/lib/jwt-login/ledger.db

# install_visitor: see visitor.c; its service is `visit`
install_visitor() {
  install -m 755 "$build/tests/system/visitor" $visitor
  stack visit 'auth required pam_jwt.so' 'account required pam_jwt.so' 'session required pam_jwt.so'
  sed -i 's/service = { "sshd" }/service = { "sshd", "visit" }/' /etc/jwt-login/jwt-login.conf
  jwtctl apply >/dev/null
}
# visit AT_ONCE FROM TO: a line for each login
visit() { $visitor "$1" visit <"$2" >"$3"; }

# ---- what the ledger and the tables say ----

ask() { sqlite3 -readonly $ledger "$1"; }
ids() { ask "SELECT name || ' ' || uid FROM identities ORDER BY name"; }

# Nobody was let in under another id than the ledger has: FILE of visits
in_as_the_ledger_says() {
  is "$(sed -n 's/^\([^ ]*\) [^ ]* \([0-9]*\) in$/\1 \2/p' "$1" | sort -u | comm -23 - <(ids))" ''
}

# The ledger is whole, and the tables say what it says.
ledger_and_tables_agree() {
  local name id
  is "$(ask "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'")" '' &&
    is "$(ask 'SELECT * FROM pragma_foreign_key_check')" '' &&
    is "$(ask 'SELECT i.name FROM identities i LEFT JOIN used_ids u ON u.id = i.uid WHERE u.name IS NOT i.name')" '' &&
    is "$(ask 'SELECT g.name FROM grants g LEFT JOIN identities i ON i.uid = g.identity WHERE i.name IS NOT g.name')" '' &&
    is "$(ask 'SELECT name FROM grants LEFT JOIN sessions ON grant_id = grants.id
               WHERE (picked_up IS NULL) <> (sessions.id IS NULL)')" '' &&
    is "$(ids | cut -d' ' -f2 | sort | uniq -d)" '' || return
  while read -r name id; do
    is "$(getent passwd "$name" | cut -d: -f1,3,4)" "$name:$id:$id" || return
  done < <(ids)
  is "$(ids | cut -d' ' -f2 | xargs getent passwd | cut -d: -f1,3 | tr : ' ' | sort)" "$(ids | sort)" || return
  while read -r id; do
    is "$(members_of "$id")" "$(ask "SELECT DISTINCT name FROM memberships JOIN identities ON identity = uid
      WHERE gid = $id AND (expires IS NULL OR expires > unixepoch()) ORDER BY name")" || return
  done < <(ask 'SELECT gid FROM groups WHERE NOT local') # a local one shows them with [SUCCESS=merge] alone
}
members_of() { getent group "$1" | cut -d: -f4 | tr , '\n' | sort; }

# ---- the log ----

log_start=0
# log_mark: what is logged from now on is what log_now shows and logged looks at
log_mark() {
  log_start=$(stat -c %s "$log")
}
log_now() {
  tail -c "+$((log_start + 1))" "$log"
}

# Why logins were refused since log_mark, each reason once; the log comes in order, so after a mark all of them are there.
refusals() {
  local mark=mark-$RANDOM-$RANDOM
  logger -t tests "$mark"
  logged " tests: $mark" && log_now | sed -n 's/.*decision=deny reason=\([a-z-]*\) .*/\1/p' | sort -u
}

# logged PATTERN: a line that matches the extended regular expression is there or comes soon
logged() {
  wait_for log_has "$1" || { printf 'not logged: %s; the log says:\n%s\n' "$1" "$(log_now)"; return 1; }
}
log_has() {
  log_now | grep -qE -- "$1"
}

# refused REASON USER TOKEN: the login fails, and the audit says why
refused() {
  log_mark
  refuse login "$2" "$3" true || return
  logged "decision=deny reason=$1( .*)? user=$2( |\$)"
}

# no_token_text PATH...: none of these files has a token in it
no_token_text() {
  local found
  found=$(grep -rlaE 'eyJ[A-Za-z0-9_-]{10,}\.' "$@")
  [ -z "$found" ] || { printf 'token text in:\n%s\n' "$found"; return 1; }
}

# Look at every process's arguments and environment, over and over, for a token.
start_watch() {
  (
    while :; do
      grep -laE 'eyJ[A-Za-z0-9_-]{10,}\.' /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null
      sleep 0.02
    done >/dev/shm/watch
  ) &
}
watch_is_empty() {
  [ ! -s /dev/shm/watch ] || { sort -u /dev/shm/watch; return 1; }
}
