#!/bin/bash
# The home folders that pam_mkhomedir makes, under the stack that pam_jwt(8) shows.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

start_syslog
add_user worker 1500
new_issuer
settings ''
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid
stack common-auth 'auth required pam_unix.so'
stack common-account 'account required pam_unix.so'
stack common-session 'session required pam_permit.so'
sed -n '/^\.Bd/,/^\.Ed/{/^\(auth\|account\|session\|@include\)/p}' "$top/docs/man/pam_jwt.8" >/etc/pam.d/sshd
must 'the manual shows a stack' grep -q pam_mkhomedir.so /etc/pam.d/sshd
rm -rf /etc/skel
mkdir -p /etc/skel/bin
echo hello >/etc/skel/.profile
echo 'echo hi' >/etc/skel/bin/hi
chmod 755 /etc/skel/bin/hi
# What a session sees of its home.
look='stat -c "%U:%G %a" $HOME; cd $HOME && find . -mindepth 1 ! -name ".z*" -printf "%P %u:%g %m\n" | sort'
whole_of() { printf '%s\n' "$1:$1 700" ".profile $1:$1 600" "bin $1:$1 700" "bin/hi $1:$1 700"; }
parent() { stat -c '%U:%G %a' /home; }

# ---- the first session ----

person ana ana
before=$(parent)
check 'the very first session has a home of its own, with what belongs into it' is "$(login ana ana "$look")" "$(whole_of ana)"
check 'it begins there' is "$(login ana ana pwd)" /home/ana
check 'the next one finds it as it was' is "$(login ana ana 'echo mine >own; ls')" "$(printf '%s\n' bin own)"
check 'the folder above is as it was' is "$(parent)" "$before"
login ana ana 'rm own; chmod 750 .'
check 'what its owner made of it stays' is "$(login ana ana 'stat -c %a .; ls')" "$(printf '%s\n' 750 bin)"

# ---- several at once ----

person cee cee
many() { # pam_mkhomedir gives the folder away once it is filled
  local i
  for i in 1 2 3 4 5 6; do
    login cee cee 'stat -c "%U:%G %a" $HOME' 2>/dev/null &
  done | sort -u >/run/seen
  wait
  is "$(grep -vxE 'cee:cee 700|root:root 700' /run/seen)" '' && grep -qx 'cee:cee 700' /run/seen
}
for i in {0..500}; do echo "$i" >/etc/skel/.z$i; done
check 'of first sessions at once each has a home that is its own, or closed' many
check 'and then it is whole' is "$(login cee cee "$look")" "$(whole_of cee)"
check 'all of it is its owner'"'"'s' is "$(find /home/cee ! -user cee -o ! -group cee)" ''
check 'and all is there' is "$(find /home/cee -name '.z*' | wc -l)" 501
rm /etc/skel/.z*

# ---- homes that are there and somebody else's ----

untouched() { # USER WHAT: the login works, and the home stays as it is
  local before after
  before=$(find "/home/$1" /home/worker -printf '%p %l %u:%g %m %y\n')
  person "$1" "$1"
  check "$2: the login works" is "$(login "$1" "$1" 'id -un' 2>/dev/null)" "$1"
  after=$(find "/home/$1" /home/worker -printf '%p %l %u:%g %m %y\n')
  check "$2: nothing in it is changed, nothing given away" is "$after" "$before"
}
echo secret >/home/worker/secret
chmod 700 /home/worker
install -d -o worker -g worker -m 755 /home/dan
untouched dan "a home of somebody else"
ln -s /home/worker /home/eva
untouched eva "a link to somebody's home"
check 'a link to somebody'"'"'s home: opens nothing' refuse login eva eva 'cat ~/secret 2>&1'
: >/home/fay
untouched fay 'a file in the place of the home'

id=$(login ana ana 'id -u')
jwtctl accounts remove ana --force >/dev/null
login ana ana true 2>/dev/null
check 'an account that was removed comes back with another id' refuse test "$(login ana ana 'id -u' 2>/dev/null)" = "$id"
check 'the home stays that of the former id' is "$(stat -c '%u:%g %a' /home/ana)" "$id:$id 750"
tap_end
