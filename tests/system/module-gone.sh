#!/bin/bash
# The stack that pam_jwt(8) shows: tokens, keys and passwords work, and without the module, or without anything of ours,
# everybody but the accounts of tokens still gets in.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
enter_private_root "$0" sshd

start_syslog
add_user worker 1500 'local secret'
new_issuer
settings ''
must 'the settings are applied' test $? = 0
start_sshd
must 'sshd runs' test -s /run/sshd.pid

stack common-auth 'auth required pam_unix.so' 'auth optional pam_group.so'
echo 'sshd;*;worker;Al0000-2400;games' >/etc/security/group.conf
stack common-account 'account required pam_unix.so'
stack common-session 'session required pam_permit.so'
sed -n '/^\.Bd/,/^\.Ed/{/^\(auth\|account\|session\|@include\)/p}' "$top/docs/man/pam_jwt.8" >/etc/pam.d/sshd
must 'the manual shows a stack' test "$(grep -c pam_jwt.so /etc/pam.d/sshd)" = 3
for kind in auth account session; do
  check "the README has the same $kind lines" is "$(sed -n "/pam.d.sshd/,/^7\\./{/^$kind .*pam_\\(jwt\\|succeed_if\\|deny\\|mkhomedir\\)/p}" "$top/README.md" | tr -s ' ')" \
    "$(grep "^$kind .*pam_\(jwt\|succeed_if\|deny\|mkhomedir\)" /etc/pam.d/sshd | tr -s ' ')"
done

ssh-keygen -q -t ed25519 -N '' -f /dev/shm/id
key_for() { # USER HOME
  install -d -m 700 -o "$1" -g "$1" "$2/.ssh"
  install -m 600 -o "$1" -g "$1" /dev/shm/id.pub "$2/.ssh/authorized_keys"
}
by_key() { ssh_to "$1" TOKEN_PATH=/dev/null -o PreferredAuthentications=publickey -i /dev/shm/id id -un; }
install -m 755 /dev/stdin /usr/local/bin/type-secret <<'END'
#!/bin/sh
echo 'local secret'
END
by_password() {
  ASKPASS=/usr/local/bin/type-secret ssh_to worker TOKEN_PATH=/dev/null -o PreferredAuthentications=keyboard-interactive id -un
}
person ana ana
key_for worker /home/worker
key_for root /root
locals_get_in() {
  is "$(by_key worker)" worker && is "$(by_key root)" root && is "$(by_password)" worker
}

groups_of_worker() { ssh_to worker TOKEN_PATH=/dev/null -o PreferredAuthentications=publickey -i /dev/shm/id id -Gn; }
check 'what other modules give is given to local accounts' is "$(groups_of_worker)" 'worker games'
check 'a token opens a new account' is "$(login ana ana id -un)" ana
key_for ana /home/ana
check 'a key alone does not' refuse by_key ana
check 'local accounts get in by key and password' locals_get_in

module=$(find /usr/lib /usr/lib64 -name pam_jwt.so 2>/dev/null | head -n 1)
must 'the module is where the distribution has such' test -n "$module"
mv "$module" /dev/shm/
check 'without the module local accounts get in' locals_get_in
check 'a key alone opens no account of tokens' refuse by_key ana
check 'a token opens nothing' refuse login ana ana true
: >"$module"
check 'with a damaged module local accounts get in' locals_get_in
check 'a key alone opens no account of tokens' refuse by_key ana
rm "$module"
mv /dev/shm/pam_jwt.so "$module"
check 'with the module a token opens the account again' is "$(login ana ana id -un)" ana

rm -rf /usr/libexec/jwt-login /var/lib/jwt-login /etc/jwt-login
check 'without all else local accounts get in' locals_get_in
check 'a key alone opens no account of tokens' refuse by_key ana
check 'sshd runs' kill -0 "$(cat /run/sshd.pid)"
tap_end
