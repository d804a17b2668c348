#!/bin/bash
# 200 first logins at once, most of which want an id that somebody else wants, too: every account gets one id and every id
# one account, and keeps it.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

start_syslog
new_issuer
settings ''
must 'the settings are applied' test $? = 0
install_visitor
afresh() { # UID_MIN UID_MAX
  rm -rf /var/lib/jwt-login
  sed -i -E '/^    uid_m(in|ax) /d' /etc/jwt-login/jwt-login.conf
  sed -i "s/^accounts {/&\n    uid_min = $1\n    uid_max = $2/" /etc/jwt-login/jwt-login.conf
  jwtctl apply >/dev/null
}
# Why logins were refused since log_mark, each once. That the ledger is busy is an honest answer of a busy machine.
reasons() {
  refusals | grep -vx state-busy | tr '\n' ' '
}
outside() { # visits of names that have no account
  grep -vcE "^($(ids | cut -d' ' -f1 | paste -sd '|')) " /run/crowd
}
how() { cut -d' ' -f4 "$1" | sort -u | tr '\n' ' '; } # FILE: of visits

# ---- 200 at once ----

afresh 200000 200239 # for 160 accounts
for i in {0..119}; do
  person "d$i" "d$i"
  echo "d$i $tokens/d$i"
done >/run/visits
for i in {0..19}; do
  person "s$i" "s$i"
  person "c$i" "c$i"
  person "c$i-other" "c$i" --subject "other-$i"
  printf '%s\n' "s$i $tokens/s$i" "s$i $tokens/s$i" "c$i $tokens/c$i" "c$i $tokens/c$i-other"
done >>/run/visits
shuf --random-source=<(yes) /run/visits >/run/crowd

log_mark
check '200 logins at once end' visit 200 /run/crowd /run/first
check 'all of them' is "$(wc -l </run/first)" 200
check 'nobody is let in under an id of somebody else' in_as_the_ledger_says /run/first
check 'the others are refused at once' is "$(how /run/first)" 'authenticate in '
check 'for what they are to be refused for' is "$(reasons)" 'account-bound account-changed-retry '
check 'every account one id, every id one account, in ledger and tables' ledger_and_tables_agree
ids >/run/ids

log_mark
check 'they come again' visit 8 /run/crowd /run/second
check 'under the ids that the ledger has' in_as_the_ledger_says /run/second
check 'every name has an account' is "$(ids | wc -l)" 160
check 'whoever had an id has it' is "$(comm -23 /run/ids <(ids))" ''
check 'those who were to try again are let in' is "$(grep -vc ' in$' /run/second)" 20
check 'of two who assert one name one is refused' \
  is "$(sed -n 's/^\(c[0-9]*\) .* authenticate$/\1/p' /run/second | sort -u | wc -l)" 20
check 'for that' is "$(reasons)" 'account-bound '
ids >/run/ids
visit 200 /run/crowd /run/third
check 'and again all at once' is "$(sort /run/third)" "$(sort /run/second)"
check 'every account has the id that it had' is "$(ids)" "$(cat /run/ids)"
check 'ledger and tables agree' ledger_and_tables_agree

# ---- a range that is too small ----

afresh 200000 200099
log_mark
check 'where there are ids for 100 of them' visit 200 /run/crowd /run/first
visit 8 /run/crowd /run/second
check '100 get one' is "$(ids | wc -l)" 100
# Whose name no id is left for does not resolve any more once the tables have all 100: when the last of those has come
# again, at the latest. One that is asked for in that moment is unknown when PAM asks.
check 'the others are told so' \
  is "$(reasons | sed 's/account-unknown //')" 'account-bound account-changed-retry account-range-full '
check 'nobody is let in under an id of somebody else' in_as_the_ledger_says /run/second
log_mark
visit 8 /run/crowd /run/third
check 'then their names do not resolve' is "$(grep -c ' 0 resolve$' /run/third)" "$(outside)"
check 'nobody else is refused but for the name' is "$(reasons)" 'account-bound '
check 'every account one id, every id one account' ledger_and_tables_agree

# ---- two that want one id ----

# Under the default range both names have the same first id: found by trying some hundred million names.
first=alice
second=m29105732
id=1945170723
person $first $first
person $second $second
printf '%s\n' "$first $tokens/$first" "$second $tokens/$second" >/run/two
two_at_once() {
  afresh 1879048192 2147352575
  log_mark
  visit 2 /run/two /run/first || return
  is "$(cut -d' ' -f3,4 /run/first | sort)" "$(printf '%s\n' "$id authenticate" "$id in")" &&
    is "$(reasons)" 'account-changed-retry ' && in_as_the_ledger_says /run/first || return
  visit 2 /run/two /run/second
  is "$(cut -d' ' -f3,4 /run/second | sort)" "$(printf '%s\n' "$id in" "$((id + 1)) in")" &&
    in_as_the_ledger_says /run/second && ledger_and_tables_agree
}
for i in 1 2 3; do
  check "two who want one id at once, $i: one gets it, the other the next at the second try" two_at_once
done
sed 's/^m29105732/alice/' /run/two >/run/same # another's token
echo "$first $tokens/$first" >>/run/same
person $second $first --subject stranger
one_name() {
  afresh 1879048192 2147352575
  visit 3 /run/same /run/first
  is "$(ids)" "$first $id" && in_as_the_ledger_says /run/first || return
  is "$(sed -n 's/.* \([^ ]*\) [0-9]* in$/\1/p' /run/first | sort -u | wc -l)" 1
}
for i in 1 2 3; do
  check "two who assert one name at once, $i: one has it" one_name
done

# ---- through sshd ----

afresh 200000 200029
start_sshd
must 'sshd runs' test -s /run/sshd.pid
crowd_by_ssh() { # FILE: NAME ID a line, ID as the session has it
  local i
  for i in {0..19}; do
    echo "d$i $(login "d$i" "d$i" id -u 2>/dev/null)" &
  done | sed '/ $/d' | sort >"$1"
  wait
}
log_mark
crowd_by_ssh /run/first
check 'of 20 at once through sshd each who is let in has the id of the ledger' is "$(comm -23 /run/first <(ids))" ''
check 'the others are told to try again' is "$(reasons)" 'account-changed-retry '
crowd_by_ssh /run/second
check 'at the second try all are let in' is "$(cat /run/second)" "$(ids)"
check 'every account one id, every id one account' ledger_and_tables_agree
check 'no token in logs and state' no_token_text /var/log /var/lib
tap_end
