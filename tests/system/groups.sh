#!/bin/bash
# Groups that a rule gives: for the session, or for the host until the token expires, with nobody sweeping up after it.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

start_syslog
login_program
new_issuer
groupadd -g 2001 shared
echo '%builders ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/builders
stack sudo 'auth required pam_deny.so' 'account required pam_jwt.so' 'account required pam_unix.so' \
  'session required pam_permit.so'
rule() { # TITLE LINE...: a rule for tokens with this role
  local title=$1
  shift
  printf '%s\n' "rule \"$title\" {" "issuer = \"dev\"" "service = { \"sshd\" }" "when = { \"role == $title\" }" "$@" '}'
}
groups_settings=$(
  printf '%s\n' 'group "builders" {}' 'group "testers" { gid = 1900000001 }' 'account "robot" { uid = 1900000002 }'
  rule builder 'account = "{preferred_username}"' 'create = true' 'groups = { "builders", "shared" }' 'membership = "host"'
  rule guest 'account = "{preferred_username}"' 'create = true' 'groups = { "builders" }'
  rule lost 'account = "{preferred_username}"' 'create = true' 'groups = { "no-such-group" }'
  rule robot 'account = "robot"' 'groups = { "testers" }' 'membership = "host"'
)
settings "$groups_settings"
must 'the settings are applied' test $? = 0
start_sshd

with_role() { # ROLE NAME [OPTION]...: a token in a file of the account's name
  local role=$1 name=$2
  shift 2
  token "$name" --subject "$name-at-corp" --claim "preferred_username=$name" --claim "role=$role" "$@"
}
for_seconds() { # SECONDS: the times of a token, for --claims
  local now
  now=$(date +%s)
  echo "{\"iat\": $now, \"exp\": $((now + $1))}"
}
members() { getent group "$1" | cut -d: -f4 | tr , '\n' | sort | paste -sd ,; }
# What cron, su and other programs do that start something for a user.
outside() { setpriv --reuid "$1" --regid "$1" --init-groups "${@:2}"; }

# ---- groups ----

gid=$(getent group builders | cut -d: -f3)
check 'a section is a group, with an id in the range' test "${gid:-0}" -ge 1879048192
check 'by its id as well' is "$(getent group "$gid")" "builders:*:$gid:"
check 'one with a gid has that' is "$(getent group testers)" 'testers:*:1900000001:'

# ---- for the host ----

with_role builder ana
check 'the session has the groups of the rule' is "$(login ana ana id -nG)" 'ana shared builders'
check 'so has whatever is started for the account outside' is "$(outside ana id -nG)" 'ana shared builders'
check 'id NAME shows them' is "$(id -nG ana)" 'ana shared builders'
check 'getent group shows the member' is "$(members builders)" ana
check 'sudo goes by it in the session' is "$(login ana ana sudo -n id -u)" 0
check 'and outside' is "$(outside ana sudo -n id -u)" 0
check 'jwtctl accounts show says until when' grep -qE '^member of +builders until 20' <(jwtctl accounts show ana)

# ---- for the session ----

with_role guest bob
check 'a session of another rule has its group' is "$(login bob bob id -nG)" 'bob builders'
check 'and sudo goes by it there' is "$(login bob bob sudo -n id -u)" 0
check 'outside there is nothing of it' is "$(id -nG bob) $(outside bob id -nG) $(members builders)" 'bob bob ana'
check 'nor does sudo' refuse outside bob sudo -n id -u

# ---- the end, and who has nothing of it ----

person carl carl
with_role builder dora --claims "$(for_seconds 10)"
check 'a token of a few seconds' is "$(login dora dora id -nG)" 'dora shared builders'
check 'gives the groups for as long' is "$(id -nG dora) $(members builders)" 'dora shared builders ana,dora'
ends=$(ask "SELECT max(expires) FROM memberships JOIN identities ON uid = identity WHERE name = 'dora'")
# A process that goes on: what it looks up once it is over must not come from what it looked up before.
outside dora bash -c "before=\$(id -nG dora); until [ \$(date +%s) -gt $ends ]; do sleep 0.2; done
  echo \"\$before, \$(id -nG dora)\"" >/run/dora &
waiting=$!
check 'who logs in meanwhile' is "$(login carl carl id -nG)" carl
check 'has nothing of it' is "$(id -nG carl)" carl
behind=$(ask 'SELECT * FROM tables')
tables=$(sha256sum /var/lib/jwt-login/nss/*)
wait $waiting
check 'when the token is over so are they' is "$(id -nG dora) $(outside dora id -nG) $(members builders)" 'dora dora ana'
check 'in a process that saw them, too' is "$(cat /run/dora)" 'dora shared builders, dora'
check 'sudo refuses' refuse outside dora sudo -n id -u
check 'and nothing had to run for that' is "$(ask 'SELECT * FROM tables') $(sha256sum /var/lib/jwt-login/nss/*)" \
  "$behind $tables"
check 'the other one still has hers' is "$(id -nG ana)" 'ana shared builders'

# A login without the group neither shortens nor lengthens what another token gave.
given() { ask "SELECT count(*), min(expires), max(expires) FROM memberships WHERE identity = $(id -u ana)"; }
before=$(given)
person ana ana
check 'another token of hers gives no group' is "$(login ana ana id -nG)" 'ana shared builders'
with_role guest ana
login ana ana true
check 'what the first gave stays' is "$(given)" "$before"

# ---- declared accounts ----

token robot --subject robot --claim role=robot
check 'a declared account gets its group' is "$(login robot robot id -nG)" 'robot testers'
check 'for the host as well' is "$(id -nG robot) $(members testers)" 'robot testers robot'

# ---- those that the administrator gives ----

echo '{"name":"erik","issuer":"https://issuer.test","subject":"erik-at-corp","groups":["testers","shared"]}' |
  jwtctl accounts import >/dev/null
check 'an imported account is in its groups before it logs in' is "$(id -nG erik | tr ' ' '\n' | sort | xargs)" \
  'erik shared testers'

# ---- refusals ----

with_role lost fay
check 'a group that nobody has' refused group-unknown fay fay
cp /etc/group /run/group
echo 'builders:x:3000:' >>/etc/group
check 'a group that another source has gained' refused group-ambiguous bob bob
cat /run/group >/etc/group
echo "others:x:$gid:" >>/etc/group
check 'or whose id it has' refused group-ambiguous bob bob
cat /run/group >/etc/group
echo 'shared2:x:1900000001:' >>/etc/group
sed -i 's/groups = { "testers" }/groups = { "shared2" }/' /etc/jwt-login/jwt-login.conf
check 'another source'"'"'s group with an id of ours' refused group-ambiguous robot robot
cat /run/group >/etc/group
settings "$groups_settings"
check 'until it is gone' is "$(login bob bob id -nG)" 'bob builders'
person builders builders
check 'no account gets the name of a group' refuse login builders builders true

# ---- a section that nobody applied ----

{
  echo 'group "later" {}'
  rule later 'account = "{preferred_username}"' 'create = true' 'groups = { "later" }' 'membership = "host"'
} >>/etc/jwt-login/jwt-login.conf
with_role later hal
login hal hal true # the settings that sshd goes by are still those without the rule
check 'a login makes the group of a section itself' is "$(login hal hal id -nG)" 'hal later'
check 'for the host as well' is "$(id -nG hal) $(members later)" 'hal later hal'
settings "$groups_settings"

# ---- disabled ----

jwtctl accounts disable ana >/dev/null
check 'a disabled account is in no group' is "$(id -nG ana) $(members builders)" 'ana '
check 'and sudo refuses' refuse outside ana sudo -n id -u
jwtctl accounts disable erik >/dev/null
check 'nor one that was imported with groups' is "$(id -nG erik)" erik
jwtctl accounts enable ana >/dev/null
jwtctl accounts enable erik >/dev/null
login carl carl true
check 'what a token gave does not come back' is "$(id -nG ana)" ana
check 'what the administrator gave does' is "$(id -nG erik | tr ' ' '\n' | sort | xargs)" 'erik shared testers'

# ---- a section that is gone ----

settings "$(sed '/^group "builders"/d' <<<"$groups_settings")"
check 'no rule gives the group of a section that is gone' refused group-unknown bob bob
check 'but it keeps its name and id' is "$(getent group "$gid")" "builders:*:$gid:"
settings "$groups_settings"
check 'and comes back with it' is "$(login bob bob id -nG)" 'bob builders'

# ---- the fleet's own key ----

openssl rand -hex 16 >/etc/jwt-login/fleet.key
chmod 600 /etc/jwt-login/fleet.key
settings "$groups_settings"
sed -i 's,^accounts {,accounts { fleet_key = "/etc/jwt-login/fleet.key",' /etc/jwt-login/jwt-login.conf
jwtctl apply >/dev/null
person alice alice
seen=$(/usr/libexec/first-login-view passwd alice | cut -d: -f3)
check 'ids follow the key' test "${seen:-1945170723}" != 1945170723 # which the public key gives
check 'before the first login and in it' is "$(login alice alice id -u)" "$seen"
check 'those that are there keep theirs' is "$(getent group builders | cut -d: -f3)" "$gid"
chmod 644 /etc/jwt-login/fleet.key
person gus gus
check 'without the key nobody new gets in' refuse login gus gus true
check 'and no account is made' is "$(ask "SELECT count(*) FROM identities WHERE name = 'gus'")" 0
check 'known accounts go on' is "$(login alice alice id -u)" "$seen"
check 'jwtctl check says why' grep -q 'fleet_key.*cannot be used' <(jwtctl check 2>&1)
chmod 600 /etc/jwt-login/fleet.key

# ---- the ledger and the tables ----

check 'ledger and tables agree' ledger_and_tables_agree
check 'on the groups as well' is \
  "$(ask "SELECT name || ':*:' || gid FROM groups WHERE NOT local ORDER BY name")" \
  "$(ask 'SELECT name FROM groups WHERE NOT local ORDER BY name' | xargs getent group | cut -d: -f1-3)"
tap_end
