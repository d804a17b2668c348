#!/bin/bash
# The whole path: a token opens an SSH session for an account that did not exist, through the real sshd, and everything
# else is refused with its reason in the log.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

start_syslog
login_program
add_user worker 1500
groupadd -g 2000 builders
groupadd -g 2001 shared
new_issuer
settings '
rule "worker" {
    issuer  = "dev"
    service = { "sshd" }
    when    = { "sub == robot" }
    account = "worker"
    groups  = { "shared" }
    single_use = true
}
'
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid
start_watch

# ---- the first login ----

first_view() { # NAME: the record that a login program gets
  /usr/libexec/first-login-view passwd "$1"
}

person ana ana
check 'before: nobody but a login program sees the account' refuse getent passwd ana
before=$(first_view ana)
check 'before: a login program sees it' test -n "$before"
check 'before: an unprivileged process does not, whatever its name' refuse setpriv --reuid 65534 --clear-groups \
  /usr/libexec/first-login-view passwd ana
check 'before: nothing is stored for it' refuse grep -rqa '\bana\b' /var/lib/jwt-login
uid=$(cut -d: -f3 <<<"$before")

log_mark
# shellcheck disable=SC2016 # for the other side
during=$(login ana ana 'id -un; id -u; id -g; pwd; stat -c "%U %a" .; env | grep -c JWT; echo "$0"')
check 'during: name, uid, gid, home and shell are those of before' is "$during" \
  "$(printf '%s\n' ana "$uid" "$uid" /home/ana 'ana 700' 0 bash)"
check 'the audit says who, by which rule and token' \
  logged 'authpriv\.info jwt-login\[[0-9]+\]: decision=accept reason=ok phase=authenticate user=ana service=sshd rhost=127\.0\.0\.1 .*issuer=https://issuer\.test subject=ana-at-corp .*kid=dev-01 alg=ES256 rule=staff uid='"$uid"
check 'the audit says that the session was opened' logged 'decision=accept reason=ok phase=session-open user=ana'
check 'after: everybody sees the account, as it was before' is "$(getent passwd ana)" "$before"
check 'after: by its uid too' is "$(getent passwd "$uid")" "$before"
check 'after: and its private group' is "$(getent group "$uid")" "ana:*:$uid:"
check 'an unprivileged user sees it' is "$(setpriv --reuid 65534 --clear-groups getent passwd ana)" "$before"
check 'the password field opens nothing' is "$(cut -d: -f2 <<<"$before")" '*'
check 'a second login has the same uid' is "$(login ana ana id -u)" "$uid"
check 'jwtctl accounts list shows it' grep -qE "^ana +.*$uid" <(jwtctl accounts list)

# ---- the token's way ----

person long ben --claim "padding=$(head -c 1600 /dev/zero | tr '\0' x)"
check 'a token in three parts' is "$(login ben long id -un)" ben
exactly() { # SIZE FILE NAME: a token of that many bytes, by a claim that grows
  local size=$1 grow
  person "$2" "$3" --claim p=
  for ((grow = (size - $(stat -c %s "$tokens/$2")) * 3 / 4 - 3; grow > 0; grow++)); do
    person "$2" "$3" --claim "p=$(head -c "$grow" /dev/zero | tr '\0' y)"
    [ "$(stat -c %s "$tokens/$2")" -lt "$size" ] || break
  done
  is "$(stat -c %s "$tokens/$2")" "$size"
}
check 'a token can be made to fill a part' exactly 1000 full carl
check 'and opens, with an empty part after it' is "$(login carl full id -un)" carl
ASKPASS=/usr/bin/jwt-askpass
check 'jwt-askpass answers the stock client' is "$(ssh_to ben "JWT_TOKEN_FILE=$tokens/long" id -un)" ben
printf 'localhost %s\n' "$(cat /etc/ssh/ssh_host_ed25519_key.pub)" >>/etc/ssh/known_hosts
host=localhost check 'jwt-askpass keeps a token from a host that it is not for' \
  refuse ssh_to ben "JWT_TOKEN_FILE=$tokens/long" true
unset ASKPASS

# ---- groups of a rule ----

token robot --subject robot
check 'a literal rule opens a local account, with the groups of the rule' is "$(login worker robot id -nG)" 'worker shared'
check 'its single use is over' refused replayed worker robot
token robot-again --subject robot --omit jti
check 'a token without jti has no single use' refused token-id-missing worker robot-again

# ---- refusals ----

person expired ana --claims "$(over)"
check 'expired' refused token-expired ana expired
person elsewhere ana --audience ssh://elsewhere.test
check 'wrong audience' refused audience-mismatch ana elsewhere
sed 's/.\{9\}$/AAAAAAAAA/' "$tokens/ana" >"$tokens/changed"
check 'changed signature' refused signature-invalid ana changed
check 'the token of another account' refused account-not-permitted dora ana
check 'no such account came of it' refuse getent passwd dora
: >"$tokens/empty"
check 'no token' refused token-missing ana empty
printf 'secret' >"$tokens/password"
check 'a password' refused token-malformed ana password
printf 'eyJhbGciOiJub25lIn0.e30.' >"$tokens/none"
check 'an unsigned token' refused algorithm-not-allowed ana none
head -c 1023 "$tokens/long" >"$tokens/cut"
TOKEN_PART=1023 check 'a token that the client cut off' refused token-truncated ben cut
printf 'eyJ%s' "$(head -c 15000 /dev/urandom | base64 -w 0 | tr '+/' '-_')" >"$tokens/huge"
check 'a token beyond every size' refused token-too-large ana huge
person stranger ana --subject somebody-else
check 'another subject that asserts the name' refused account-bound ana stranger
check 'and the account is as it was' is "$(getent passwd ana)" "$before"
person guest erik --claim role=guest
check 'no rule' refused no-rule erik guest
person root root
check 'root by a template' refused '(account-local|system-account|name-reserved)' root root

# ---- template rules and names of others ----

person worker worker
check 'a template does not open an existing local account' refused account-local worker worker
for name in admin docker wheel _svc systemd-x; do
  person reserved "$name"
  check "the name $name is not created" refuse login "$name" reserved true
  check "$name is nobody, for a login program too" refuse first_view "$name"
done
person builders builders
check 'a name that equals a group' refused name-reserved builders builders
echo 'left-over:x:2999:vera' >>/etc/group
person vera vera
check 'a name that somebody left in a group' refused name-reserved vera vera
explain_vera() { jwtctl explain --user vera --service sshd <"$tokens/vera" | tail -n 1; }
check 'jwtctl explain says the same' is "$(explain_vera)" 'decision: deny name-reserved'

# ---- a public key is not a token ----

ssh-keygen -q -t ed25519 -N '' -f /dev/shm/id
install -d -m 700 -o "$uid" -g "$uid" /home/ana/.ssh
install -m 600 -o "$uid" -g "$uid" /dev/shm/id.pub /home/ana/.ssh/authorized_keys
with_key() { # USER
  ssh_to "$1" TOKEN_PATH=/dev/null -o PreferredAuthentications=publickey -i /dev/shm/id id -un
}
log_mark
check 'a public key alone does not open a created account' refuse with_key ana
check 'and the audit says so' logged 'decision=deny reason=token-required .*user=ana'
install -d -m 700 -o worker -g worker /home/worker/.ssh
install -m 600 -o worker -g worker /dev/shm/id.pub /home/worker/.ssh/authorized_keys
check 'a local account goes on with its key' is "$(with_key worker)" worker
install -d -m 700 /root/.ssh
install -m 600 /dev/shm/id.pub /root/.ssh/authorized_keys
check 'so does root' is "$(with_key root)" root

# ---- many at once ----

rounds=8
[ -z "${TEST_LONG-}" ] || rounds=60
at_once() { # NAME...: first logins of all of them at the same moment; prints what each says of itself
  local name
  for name; do
    login "$name" "$name" id -un &
  done
  wait
}
crowd=()
for ((i = 1; i <= rounds; i++)); do
  crowd+=("crowd$i")
  person "crowd$i" "crowd$i"
done
check 'first logins at the same moment' is "$(at_once "${crowd[@]}" | sort)" "$(printf '%s\n' "${crowd[@]}" | sort)"
check 'each got an id of its own' is "$(getent passwd "${crowd[@]}" | cut -d: -f3 | sort -u | wc -l)" "$rounds"
person twin twin
check 'the same first login several times at once' is "$(at_once twin twin twin twin | sort | uniq -c | xargs)" '4 twin'

# ---- what is left behind ----

check 'no token in any process argument or environment' watch_is_empty
check 'no token in logs and state' no_token_text /var/log /var/lib /run /home /etc
check 'no secret of the log is readable by others' is "$(find /var/lib/jwt-login -name 'ledger*' -perm /077)" ''
tap_end
