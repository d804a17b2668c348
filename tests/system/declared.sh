#!/bin/bash
# Accounts that the settings declare, through the real sshd: there before anybody logged in, made by the login that finds the
# settings newer, and closed once their section is gone.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

start_syslog
new_issuer
rules='
rule "build" {
    issuer  = "dev"
    service = { "sshd" }
    when    = { "role == build" }
    account = "{preferred_username}"
}'
build_account='
account "build" { uid = 1900000100 home = "/home/made/build" shell = "/bin/sh" issuer = "dev" subject = "robot" }'
role_account='
account "ops" { uid = 1900000200 }
rule "ops" {
    issuer  = "dev"
    service = { "sshd" }
    when    = { "role == ops" }
    account = "ops"
}'
settings "$rules$build_account"
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid
token robot --subject robot --claim role=build --claim preferred_username=build
token stranger --subject stranger --claim role=build --claim preferred_username=build
token one --subject one --claim role=ops
token two --subject two --claim role=ops
groupadd -g 3000 builders

# As it would be after an editor: nobody runs `jwtctl apply`.
edit_settings() {
  cp -a /var/lib/jwt-login /run/state
  settings "$1" 2>/dev/null
  rm -rf /var/lib/jwt-login
  mv /run/state /var/lib/jwt-login
}
who='echo $(id -u) $(id -g) $(id -un) $HOME $PWD $(id -Gn)'

# ---- declared before ----

record='build:*:1900000100:1900000100::/home/made/build:/bin/sh'
check 'it resolves before anybody logged in' is "$(getent passwd build; getent passwd 1900000100)" "$(printf '%s\n' "$record" "$record")"
check 'the first login has its id, home and shell' is "$(login build robot "$who; echo \$0" | tr '\n' ' ')" \
  '1900000100 1900000100 build /home/made/build /home/made/build build sh '
check 'nobody else gets in' refused account-bound build stranger
edit_settings "${rules%\}}    groups  = { \"builders\" }
}$build_account"
check 'it has the groups of a rule' is "$(login build robot 'id -Gn')" 'build builders'

# ---- declared now: the keeper does it ----

edit_settings "$rules$build_account$role_account"
check 'one that is declared now does not resolve yet' refuse getent passwd ops
login build robot true # whose keeper finds the tables older than the settings
check 'the next login of anybody makes it' is "$(getent passwd ops)" 'ops:*:1900000200:1900000200::/home/ops:/bin/bash'
check 'it opens to whom its rule admits' is "$(login ops one "$who")" '1900000200 1900000200 ops /home/ops /home/ops ops'
check 'to all of them' is "$(login ops two 'id -u')" 1900000200

edit_settings "$rules${build_account/made\/build/made\/moved}$role_account"
check 'one whose home is another now is told to try again' refused account-changed-retry build robot
check 'its home is the other' is "$(getent passwd build | cut -d: -f6)" /home/made/moved
check 'of the same account' is "$(login build robot 'id -u; echo $HOME' | tr '\n' ' ')" '1900000100 /home/made/moved '

# ---- one that cannot be ----

groupadd -g 1900000300 late
edit_settings "$rules$build_account$role_account
account \"more\" { uid = 1900000300 }"
log_mark
check 'one whose id somebody has stands in nobody else'"'"'s way' is "$(login ops one 'id -u')" 1900000200
check 'the log says so' logged 'account "more": another source of this host has the id'
check 'it does not resolve' refuse getent passwd more

# ---- withdrawn ----

edit_settings "$rules"
log_mark
check 'one whose section is gone is refused' refused account-disabled build robot
check 'the log says why' logged 'account "build": it is no longer declared, so it is disabled'
check 'its id stays its own' is "$(getent passwd build | cut -d: -f3)" 1900000100
edit_settings "$rules$build_account"
check 'declared again, it stays disabled' refused account-disabled build robot
jwtctl accounts enable build >/dev/null
check 'until the administrator enables it' is "$(login build robot 'id -u')" 1900000100
check 'ledger and tables agree' ledger_and_tables_agree
tap_end
