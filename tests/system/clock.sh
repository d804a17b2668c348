#!/bin/bash
# The host's clock jumps, forward and back: no right lasts longer for it, no token is good twice, and once the clock is right
# everybody is who they were.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0"

start_syslog
new_issuer
settings '
group "team" { }
rule "once" {
    issuer  = "dev"
    service = { "visit" }
    when    = { "once == yes" }
    account = "{preferred_username}"
    create = true
    single_use = true
}'
must 'the settings are applied' test $? = 0
sed -i 's/^    create  = true/&\n    groups  = { "team" }\n    membership = "host"/' /etc/jwt-login/jwt-login.conf
install_visitor

right_now=$(date +%s)
cp "$build/tests/system/.libs/skew.so" /usr/lib/skew.so
echo /usr/lib/skew.so >/etc/ld.so.preload
clock() { # SECONDS ahead; negative: behind
  echo "$1" >/run/skew
}
clock 1000000
must 'the clock is set' test $(($(date +%s) - right_now)) -ge 1000000
clock 0

# comes USER TOKEN: what becomes of a login: `in` and the id, or the reason
comes() {
  log_mark
  visit 1 <(echo "$1 $tokens/$2") /run/visit
  case $(cut -d' ' -f4 /run/visit) in
    in) echo "in $(cut -d' ' -f3 /run/visit)" ;;
    *) refusals ;;
  esac
}
day=86400

# ana's token of the true time, and others that last for long, as somebody has them whose issuer says so
person ana ana
person once once --claim once=yes --omit role
person spare once --claim once=yes --omit role --lifetime 400
id=$(comes ana ana)
must 'an account is there' test "${id#in }" != "$id"
record=$(getent passwd ana)
check 'a token that is good once' is "$(comes once once)" "in $(getent passwd once | cut -d: -f3)"
check 'is not good twice' is "$(comes once once)" replayed

# ---- a membership, which ends by the clock alone ----

member() { is "$(members_of team) $(id -Gn ana)" "$1"; }
check 'while the token is good its account is a member' member 'ana ana team'
clock 301
check 'when the clock says that it is over, no longer' member ' ana'
clock 0
check 'when it does not, again' member 'ana ana team'
clock 301
jwtctl apply >/dev/null
clock 0
check 'which tidying does not change' member 'ana ana team'
clock $((2 * day))
jwtctl apply >/dev/null
clock 0
check 'the tables have it when the ledger forgot it' member 'ana ana team'
jwtctl accounts disable ana >/dev/null
check 'and an account that is disabled then has none' member ' ana'
jwtctl accounts enable ana >/dev/null
check 'nor when it is enabled' member ' ana'
check 'until a login' is "$(comes ana ana)" "$id"
check 'gives it again' member 'ana ana team'

# ---- forward ----

for ahead in 3600 $((3 * day)) $((3650 * day)); do
  clock $ahead
  check "$ahead s ahead: the token is over" is "$(comes ana ana)" token-expired
  person new ana
  check "$ahead s ahead: one of that time opens the account" is "$(comes ana new)" "$id"
  person "late$ahead" "late$ahead"
  late=$(comes "late$ahead" "late$ahead")
  check "$ahead s ahead: lookups go on" is "$(getent passwd ana)" "$record"
  check "$ahead s ahead: what is over is tidied away" jwtctl apply
  clock 0
  check "right again, after $ahead s: the token of before opens the account" is "$(comes ana ana)" "$id"
  check "right again, after $ahead s: one of the future does not" is "$(comes ana new)" issued-in-future
  check "right again, after $ahead s: what was used is used" is "$(comes once once)" replayed
  check "right again, after $ahead s: lookups go on" is "$(getent passwd ana)" "$record"
  person "late$ahead" "late$ahead"
  check "right again, after $ahead s: who came first then is who they were" is "$(comes "late$ahead" "late$ahead")" "$late"
done
check 'a token that was not used is good once' is "$(comes once spare)" "in $(getent passwd once | cut -d: -f3)"
check 'and not twice' is "$(comes once spare)" replayed

# ---- back ----

for behind in 3600 $((3 * day)) $((3650 * day)); do
  clock -$behind
  check "$behind s behind: the token is not good yet" is "$(comes ana ana)" issued-in-future
  person old ana
  check "$behind s behind: one of that time opens the account" is "$(comes ana old)" "$id"
  check "$behind s behind: what was used is used" is "$(comes once once)" issued-in-future
  check "$behind s behind: lookups go on" is "$(getent passwd ana)" "$record"
  check "$behind s behind: tidying does no harm" jwtctl apply
  clock 0
  check "right again, after -$behind s: one of then is over" is "$(comes ana old)" token-expired
  check "right again, after -$behind s: the token opens the account" is "$(comes ana ana)" "$id"
  check "right again, after -$behind s: what was used is used" is "$(comes once once)" replayed
done
check 'ledger and tables agree' ledger_and_tables_agree
tap_end
