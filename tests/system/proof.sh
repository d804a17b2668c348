#!/bin/bash
# Tokens that are bound to a key, through the real sshd: worth something only on the connection that proved that key.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

keys=/dev/shm/keys
authorized=/etc/ssh/authorized
mkdir -p $keys $authorized
start_syslog
login_program
add_user worker 1500
new_issuer
settings '
rule "bound" {
    issuer  = "dev"
    service = { "sshd" }
    when    = { "role == bound" }
    account = "worker"
    bound   = true
}
rule "robots" {
    issuer  = "dev"
    service = { "sshd" }
    when    = { "role == robot" }
    account = "worker"
}
rule "agents" {
    issuer  = "dev"
    service = { "sshd" }
    when    = { "role == agent", "/act/sub == agent-7", "/act/act absent" }
    account = "worker"
}
rule "persons" {
    issuer  = "dev"
    service = { "sshd" }
    when    = { "role == person", "act absent" }
    account = "worker"
}
'
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid

# methods LIST...: what the server asks for, from now on
methods() {
  kill "$(cat /run/sshd.pid)"
  wait_for test ! -e /run/sshd.pid
  sed -i '/^AuthenticationMethods\|^AuthorizedKeysFile\|^TrustedUserCAKeys/d' /etc/ssh/sshd_config
  printf '%s\n' "AuthenticationMethods $*" "AuthorizedKeysFile $authorized/%u" "TrustedUserCAKeys $keys/ca.pub" \
    >>/etc/ssh/sshd_config
  /usr/sbin/sshd -f /etc/ssh/sshd_config
  wait_for test -s /run/sshd.pid
}

# key NAME OPTION...: of which the server knows the public half
key() {
  ssh-keygen -q -N '' -C '' -f "$keys/$1" "${@:2}"
  cat "$keys/$1.pub" >>$authorized/worker
}
key rsa -t rsa -b 2048
key p256 -t ecdsa -b 256
key p384 -t ecdsa -b 384
key p521 -t ecdsa -b 521
key ed25519 -t ed25519
key other -t ed25519
ssh-keygen -q -t rsa -b 2048 -N '' -C '' -f $keys/ca
for name in rsa p256 ed25519; do # the server knows them by their authority alone
  ssh-keygen -q -t "$(cut -d' ' -f1 <$keys/$name.pub)" -N '' -C '' -f $keys/$name-certified
  ssh-keygen -q -s $keys/ca -I "$name" -n worker $keys/$name-certified.pub
done

# jkt FILE: the thumbprint by which a token would be bound to this key
jkt() {
  jwtctl dev token --key "$issuer_keys/private.jwk" --bind "$1" | cut -d. -f2 | tr -- -_ +/ | base64 -d 2>/dev/null |
    grep -o '"jkt":"[^"]*"' | cut -d'"' -f4
}

# with_keys USER TOKEN KEY...: prove these keys, then give the token
with_keys() {
  local user=$1 token=$2 options=() name
  shift 2
  for name; do
    options+=(-i "$keys/$name")
  done
  ssh_to "$user" "TOKEN_PATH=$tokens/$token" -o PreferredAuthentications=publickey,keyboard-interactive \
    "${options[@]}" id -un
}

# refused_with REASON USER TOKEN KEY...
refused_with() {
  log_mark
  refuse with_keys "${@:2}" || return
  logged "decision=deny reason=$1( .*)? user=$2( |\$)"
}

# ---- a key, then the token that is bound to it ----

methods publickey,keyboard-interactive
token free --subject robot --claim role=robot
for name in rsa p256 p384 p521 ed25519 rsa-certified p256-certified ed25519-certified; do
  token "$name" --subject robot --claim role=bound --bind "$keys/$name.pub"
  check "$name: its token opens" is "$(with_keys worker "$name" "$name")" worker
  check "$name: the same token beside another key does not" refused_with proof-mismatch worker "$name" other
done
log_mark
check 'a certificate proves the key that it certifies' is "$(with_keys worker rsa-certified rsa-certified)" worker
check 'whose thumbprint is in the log' logged "decision=accept .* proof=$(jkt $keys/rsa-certified.pub) "
check 'a token is bound by a certificate to that key' is "$(jkt $keys/rsa-certified-cert.pub)" "$(jkt $keys/rsa-certified.pub)"
check 'a token that is bound to nothing goes on' is "$(with_keys worker free other)" worker
token unbound --subject robot --claim role=bound
check 'but not by a rule with bound = true' refused_with proof-missing worker unbound other
token elsewhere --subject robot --claim role=robot --claims '{"cnf":{"x5t#S256":"'"$(head -c 43 /dev/zero | tr '\0' A)"'"}}'
check 'a token that is bound in another way is refused' refused_with proof-missing worker elsewhere other
person ana ana --bind $keys/ed25519.pub
cp $keys/ed25519.pub $authorized/ana
check 'a first login with a bound token' is "$(with_keys ana ana ed25519)" ana

# ---- several keys ----

methods publickey,publickey,keyboard-interactive
check 'of two keys the first' is "$(with_keys worker p256 p256 other)" worker
check 'of two keys the second' is "$(with_keys worker p256 other p256)" worker
check 'neither of two keys' refused_with proof-mismatch worker p256 other ed25519

# ---- a stolen token ----

methods keyboard-interactive publickey,keyboard-interactive keyboard-interactive,publickey
log_mark
check 'alone it is worth nothing' refused proof-missing worker ed25519
check 'and the log says what was missing' logged 'reason=proof-missing .*detail="SSH_AUTH_INFO_0 names no key'
check 'a token that is bound to nothing opens alone' is "$(login worker free id -un)" worker

# ---- with the password method sshd tells what was proved in the account phase alone ----

cat >/usr/local/bin/give-whole-token <<'END'
#!/bin/sh
cat "$TOKEN_PATH"
END
chmod 755 /usr/local/bin/give-whole-token
sed -i 's/^PasswordAuthentication.*/PasswordAuthentication yes/' /etc/ssh/sshd_config
by_password() { # USER TOKEN [OPTION]... [COMMAND]
  ASKPASS=/usr/local/bin/give-whole-token ssh_to "$1" "TOKEN_PATH=$tokens/$2" "${@:3}"
}
refused_by_password() { # REASON PHASE USER TOKEN [OPTION]...
  log_mark
  refuse by_password "${@:3}" true || return
  logged "decision=deny reason=$1 phase=$2 user=$3 "
}
methods publickey,password
log_mark
check 'a key, then its token as a password' is "$(by_password worker ed25519 -i $keys/ed25519 id -un)" worker
check 'the grant waits for the key' logged 'decision=defer reason=ok phase=authenticate .*detail="the key is to be proved in the account phase"'
check 'which the account phase finds proved' logged 'decision=accept reason=ok phase=account user=worker .*proof='
check 'a certificate, then its token' is "$(by_password worker p256-certified -i $keys/p256-certified id -un)" worker
check 'a free token' is "$(by_password worker free -i $keys/other id -un)" worker
check 'a first login' is "$(by_password ana ana -i $keys/ed25519 id -un)" ana
person ben ben --bind $keys/ed25519.pub
cp $keys/ed25519.pub $authorized/ben
check 'a first login of somebody new' is "$(by_password ben ben -i $keys/ed25519 id -un)" ben
check 'who is in the tables then' getent passwd ben
check 'another key' refused_by_password proof-mismatch account worker ed25519 -i $keys/other
check 'a rule with bound = true and a free token' refused_by_password proof-missing authenticate worker unbound -i $keys/other
methods password
check 'a stolen token alone' refused_by_password proof-missing account worker ed25519
person cleo cleo --bind $keys/ed25519.pub
check 'nor for somebody new' refused_by_password proof-missing account cleo cleo
check 'of whom there is no account then' refuse getent passwd cleo
check 'only a reserved id' is "$(ask "SELECT state, last_login IS NULL FROM identities WHERE name = 'cleo'")" 'reserved|1'
check 'a free token alone' is "$(by_password worker free id -un)" worker
grep -v '^account.*pam_jwt' /etc/pam.d/sshd >/run/stack
cp /etc/pam.d/sshd /run/whole-stack
cp /run/stack /etc/pam.d/sshd
check 'a stack without our account phase' refused_by_password proof-missing credentials worker ed25519
grep '^auth\|unix' /run/whole-stack >/etc/pam.d/sshd
check 'and without our session' refused_by_password proof-missing credentials worker ed25519
cat >/usr/local/bin/end-grants <<'END'
#!/bin/sh
sqlite3 -cmd '.timeout 4000' /var/lib/jwt-login/ledger.db 'UPDATE grants SET expires = 1'
END
chmod 755 /usr/local/bin/end-grants
echo 'account required pam_exec.so /usr/local/bin/end-grants' >>/etc/pam.d/sshd
check 'nor when the token ends in between' refused_by_password grant-expired credentials worker ed25519
cp /run/whole-stack /etc/pam.d/sshd
sed -i 's/^PasswordAuthentication.*/PasswordAuthentication no/' /etc/ssh/sshd_config

# ---- a program whose word does not count ----

sed -i 's,"/usr/sbin/sshd"\, "/usr/lib/openssh/sshd-session"\, ,,' /etc/jwt-login/jwt-login.conf
check 'settings without sshd among the login programs' jwtctl apply
methods publickey,keyboard-interactive
check 'then sshd proves no key' refused_with proof-missing worker ed25519 ed25519
check 'and the log says so' logged 'detail="SSH_AUTH_INFO_0 counts from a program of login_programs alone"'
methods keyboard-interactive

# ---- who acts ----

token agent --subject ana --claim role=agent --claims '{"act":{"sub":"agent-7"}}'
token agents --subject ana --claim role=agent --claims '{"act":{"sub":"agent-7","act":{"sub":"agent-8"}}}'
token person --subject ana --claim role=person
token acted --subject ana --claim role=person --claims '{"act":{"sub":"agent-7"}}'
log_mark
check 'an agent that the rule names' is "$(login worker agent id -un)" worker
check 'the log says who acted for whom' logged 'decision=accept .* subject=ana actor=agent-7 '
check 'not when another acts through it' refused no-rule worker agents
check 'a person' is "$(login worker person id -un)" worker
check 'nobody for her, where the rule forbids it' refused no-rule worker acted

check 'no token in logs and state' no_token_text /var/log /var/lib /run /home /etc
tap_end
