#!/bin/bash
# jwt-fetch-keys against servers that behave and servers that do not: what it keeps, what it says, and that a good set
# stays whatever comes.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
python3 -c 'import ssl, http.server' 2>/dev/null || skip_all 'needs python3 with ssl'
enter_private_root "$0"
. "$top/tests/keys/issuers.sh"

echo 127.0.0.1 issuer.test other.test >>/etc/hosts
add_user worker 1500
new_authority ours
new_authority theirs
new_certificate good ours issuer.test 30
new_certificate other ours other.test 30
new_certificate foreign theirs issuer.test 30
new_certificate expired ours issuer.test 0
start_server tls good && start_server other other other.test && start_server misnamed other &&
  start_server foreign foreign && start_server expired expired && start_server plain
must 'there are servers' test $? = 0
new_key one two
serve dev one
ca="ca_file = \"$authority/ours.pem\""
dev() { # [OPTION]...: the settings are one section
  sections "$(section dev "${base[tls]}/dev" "$ca" "$@")"
}
update() {
  $fetch --issuer dev --force
}

# complains TEXT COMMAND...: it fails with one line on standard error, with TEXT in it
complains() {
  local text=$1 said
  shift
  if said=$("$@" 2>&1 >/dev/null); then echo "succeeded: $*"; return 1; fi
  { [ "$(wc -l <<<"$said")" = 1 ] && grep -qF -- "$text" <<<"$said"; } ||
    { printf 'said:   %s\nwanted: %s\n' "$said" "$text"; return 1; }
}

# ---- what works ----

dev
must 'keys are fetched by discovery' update
check 'they are in the cache, which _jwt-fetch owns and all may read' is \
  "$(stat -c '%U %a %h' "$(cached dev)"; stat -c '%U %a' $cache; stat -c '%U %a' ${cache%/*})" \
  "$(printf '%s\n' '_jwt-fetch 644 1' '_jwt-fetch 755' 'root 755')"
check 'the head says whose they are' \
  grep -qF "\"issuer\":\"dev\",\"url\":\"${base[tls]}/dev\",\"location\":\"discovery\"" "$(cached dev)"
check 'it says what it did' grep -qE '^dev: 1 key, fetched; due again in (59|60) min$' <(update)

asked_mark
$fetch
check 'keys that are not due are not asked for' is "$(asked dev keys)" 0
due dev -1
check 'nothing is said of what goes well' is "$($fetch 2>&1)" ''
check 'keys that are due are asked for' is "$(asked dev keys)" 1
due dev -1
asked_mark
for _ in 1 2 3 4 5; do $fetch & fetchers+=($!); done
wait "${fetchers[@]}"
check 'by one process, however many would' is "$(asked dev keys)" 1
aged dev -1000
asked_mark
$fetch
check 'keys from the future are asked for: the clock was set back' is "$(asked dev keys)" 1
due dev 1000000
$fetch
check 'so are keys that are due when no clock could have said so' is "$(asked dev keys)" 2
rm -r $cache
$fetch
check 'an emptied cache is filled again' test -s "$(cached dev)"

behave dev 'keys etag' 'keys header Cache-Control:max-age=7200'
update >/dev/null
check 'Cache-Control is honoured' grep -qE 'due again in (119|120) min$' <($fetch --issuer dev)
due dev -1
aged dev 600
check 'an ETag spares the keys' grep -qE '^dev: 1 key, unchanged; due again in (119|120) min$' <($fetch --issuer dev)
check 'so the server was asked' grep -qE '^dev keys 304 "' <(tail -n 1 $issuers/log)
check 'keys that are confirmed are as new' test \
  "$(($(date +%s) - $(grep -oP '"fetched":\K[0-9]+' "$(cached dev)")))" -lt 60
serve dev one two
due dev -1
check 'other keys have another ETag' grep -q '^dev: 2 keys, fetched' <($fetch --issuer dev)
serve dev two
update >/dev/null
check 'withdrawn keys are gone' refuse grep -q '"one"' "$(cached dev)"
serve dev one
for form in oauth inserted; do
  behave dev "discovery form $form"
  check "discovery in the form of RFC 8414, $form" update
done
behave dev

sections "$(section dev "${base[tls]}/nowhere" "keys = \"${base[tls]}/dev/keys\"" "$ca")"
asked_mark
check 'an explicit URL needs no discovery' $fetch --issuer dev
check 'and another place has keys of its own' is "$(asked dev keys) $(asked nowhere discovery)" '1 0'
sections "$(section dev "${base[plain]}/dev")"
check 'loopback may be asked without TLS' $fetch --issuer dev
sections "$(section dev spiffe://example.org "keys = \"${base[tls]}/dev/keys\"" "$ca")"
python3 -c 'import json, sys
path = sys.argv[1]
bundle = json.load(open(path))
for key in bundle["keys"]: key["use"] = "jwt-svid"
bundle.update(spiffe_sequence=1, spiffe_refresh_hint=600)
json.dump(bundle, open(path, "w"))' $issuers/dev/keys.json
check 'a SPIFFE bundle, due by its own hint' grep -q '^dev: 1 key, fetched; due again in 10 min$' <($fetch --issuer dev)
sections "$(section dev https://x.test "keys = \"file:/etc/hosts\"")"
check 'keys in a file are not fetched, and it says so' grep -q '^dev: nothing to fetch' <($fetch --issuer dev)
serve dev one
dev
update >/dev/null
export https_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 OPENSSL_CONF=/nowhere SSL_CERT_FILE=/nowhere
check 'nothing of the environment counts' update
unset https_proxy ALL_PROXY OPENSSL_CONF SSL_CERT_FILE

# ---- what an issuer may do wrong ----

good=$(sha256sum "$(cached dev)")
# bad WHAT TEXT: the fetch fails with TEXT, and the good set stays; then the server is mended
bad() {
  check "$1" complains "$2" update
  check "$1: the good set stays" is "$(sha256sum "$(cached dev)")" "$good"
  behave dev
  serve dev one
}
behave dev 'keys status 500'; bad 'HTTP status 500' 'HTTP status 500; the issuer has a problem'
behave dev 'keys status 404'; bad 'HTTP status 404' 'HTTP status 404; check the URL'
behave dev 'discovery status 503'; bad 'discovery with 503' 'HTTP status 503; the issuer has a problem'
behave dev 'discovery status 404'; bad 'no discovery' 'no other form of discovery is there'
behave dev 'keys status 304'; bad 'an answer to another question' 'HTTP status 304'
behave dev "keys redirect ${base[tls]}/dev/keys"; bad 'a redirection' 'redirections are not followed'
behave dev 'keys html'; bad 'a web page' 'a web page came instead of JSON'
behave dev 'discovery html'; bad 'a web page for discovery' 'a web page came instead of JSON'
behave dev 'keys big'; bad 'two MiB' 'larger than 1 MiB'
behave dev 'keys endless'; bad 'no end' 'larger than 1 MiB'
behave dev 'keys chunks'; bad 'no end, in chunks' 'larger than 1 MiB'
behave dev 'discovery chunks'; bad 'discovery without end' 'larger than 1 MiB'
behave dev 'keys header Transfer-Encoding:gzip'; bad 'an answer that is packed' 'the answer is compressed, unasked'
behave dev 'keys short'; bad 'less than was said' 'cut off'
behave dev 'discovery issuer https://other.test'; bad 'discovery of another issuer' 'its issuer is "https://other.test"'
behave dev "discovery issuer ${base[tls]}/dev/"; bad 'a slash too many' "its issuer is \"${base[tls]}/dev/\""
for lie in file:///etc/passwd http://other.test/keys http://127.0.0.1:1/keys //other.test/keys \
  https://user@other.test/keys gopher://other.test/; do
  behave dev "discovery jwks $lie"; bad "discovery that names $lie" 'which is no https URL'
done
serve dev; bad 'no keys' 'none of its 0 keys can verify a token'
echo '{"keys": [{"kty": "oct", "kid": "one", "k": "AAAA"}]}' >$issuers/dev/keys.json
bad 'keys that cannot serve' 'none of its 1 keys can verify a token'
echo '{}' >$issuers/dev/keys.json; bad 'no key set' 'not a JWK Set'
head -c 90 "$keys/one/keys.json" >$issuers/dev/keys.json; bad 'a key set cut off' 'not a JWK Set'
printf '{"keys": [], "keys": []}' >$issuers/dev/keys.json; bad 'a member twice' 'not a JWK Set'

behave dev 'keys slow'
script -qec "$fetch --issuer dev --force 9</etc/shadow" /dev/null >/run/said &
waiting=$!
wait_for pgrep -u _jwt-fetch -f jwt-fetch-keys >/dev/null
fetcher=$(pgrep -u _jwt-fetch -f jwt-fetch-keys)
check 'who talks to strangers has no privilege' is \
  "$(grep -E '^(CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp|Groups):' "/proc/$fetcher/status" | tr -d ' \t' | sort)" \
  "$(printf '%s\n' CapAmb:0000000000000000 CapBnd:0000000000000000 CapEff:0000000000000000 CapPrm:0000000000000000 \
    Groups: NoNewPrivs:1 Seccomp:2)"
check 'nor anything that its caller had open' test -e "/proc/$fetcher/fd/2" -a ! -e "/proc/$fetcher/fd/9"
check 'and cannot be looked into by its own user' is "$(stat -c %U "/proc/$fetcher/status")" root
wait $waiting
check 'a server that does not answer' grep -q 'no whole answer in time' /run/said
check 'a wait is told to a terminal' grep -q "waiting for ${base[tls]}/dev/keys: [0-9]* s" /run/said
behave dev

# ---- whom to trust ----

at() { # BASE [OPTION]...
  sections "$(section dev "$1/dev" "${@:2}")"
}
refused_certificate='its certificate is not accepted'
at "${base[foreign]}" "$ca"; check 'a certificate of another authority' complains "$refused_certificate" update
at "${base[misnamed]}" "$ca"; check 'a certificate for another name' complains "$refused_certificate" update
at "${base[expired]}" "$ca"; check 'a certificate that is over' complains 'certificate has expired' update
at "${base[tls]}"; check 'an authority that the system does not know' complains "$refused_certificate" update
cp "$authority/theirs.pem" "/etc/ssl/certs/$(openssl x509 -noout -hash -in "$authority/theirs.pem").0"
at "${base[foreign]}"; check 'an authority that it does know' update
at "${base[foreign]}" "$ca"; check 'which ca_file takes the place of' complains "$refused_certificate" update
for spoil in 'chmod 664' 'chmod 646' 'chown worker'; do
  cp -p "$authority/ours.pem" /etc/jwt-login/ca.pem
  $spoil /etc/jwt-login/ca.pem
  at "${base[tls]}" 'ca_file = "/etc/jwt-login/ca.pem"'
  check "a ca_file after $spoil" complains 'others than root may write the CA certificates' update
  rm /etc/jwt-login/ca.pem
done
at "${base[tls]}" 'ca_file = "/nowhere"'; check 'no ca_file' complains '/nowhere cannot be read' update
at https://issuer.test:1 "$ca"; check 'nobody there' complains 'no connection' update
at https://nowhere.test "$ca"; check 'no such host' complains 'the host is not found' update

# ---- the bearer token ----

bearer="bearer_file = \"/etc/jwt-login/bearer\""
put_bearer() { # TEXT
  printf '%s\n' "$1" >/etc/jwt-login/bearer
  chown _jwt-fetch /etc/jwt-login/bearer
  chmod 400 /etc/jwt-login/bearer
}
behave dev 'discovery bearer s.e-c_r3t' 'keys bearer s.e-c_r3t'
dev
check 'without a token' complains 'HTTP status 401; it wants a `bearer_file`' update
dev "$bearer"
put_bearer s.e-c_r3t
check 'with it' update
put_bearer wrong
check 'with another' complains 'HTTP status 401' update
put_bearer "$(printf 's.e-c_r3t\r\nX-Evil: yes')"
check 'a line is all of it' update
put_bearer 'two words'
check 'what is no token is not sent' complains 'holds no bearer token' update
chown root: /etc/jwt-login/bearer
check 'a token that the fetcher may not read' complains 'cannot be read (Permission denied)' update
put_bearer s.e-c_r3t
behave dev "discovery jwks ${base[other]}/dev/keys"
asked_mark
update >/dev/null
check 'another server does not get it' is "$(tail -n 2 $issuers/log)" \
  "$(printf '%s\n' 'dev discovery 200 - bearer' 'dev keys 200 - -')"
behave dev "discovery jwks ${base[other]}/dev/keys" 'keys bearer s.e-c_r3t'
check 'and that is said' complains 'the bearer token was not sent' update
behave dev

# ---- the host ----

dev
update >/dev/null
good=$(sha256sum "$(cached dev)")
{ strace -f -o /dev/null -e trace=fsync -e inject=fsync:signal=KILL $fetch --issuer dev --force >/dev/null; } 2>/dev/null
check 'killed while it writes' test "$(find $cache -name 'dev-*.keys.??????' | wc -l)" = 1
check 'the good set stays' is "$(sha256sum "$(cached dev)")" "$good"
check 'nothing is in the way of the next' update
find $cache -name 'dev-*.keys.??????' -exec touch -d '-2 hours' {} +
$fetch
check 'which sweeps up what was left' is "$(find $cache -name 'dev-*.keys.??????')" ''

cp -a $cache /run/saved
mount -t tmpfs -o size=64k,mode=755 tmpfs $cache
cp -a /run/saved/. $cache
chown _jwt-fetch: $cache
dd if=/dev/zero of=$cache/filler bs=1k 2>/dev/null
good=$(sha256sum "$(cached dev)")
check 'a full disk' complains 'No space left on device' update
check 'a full disk: the good set stays' is "$(sha256sum "$(cached dev)")" "$good"
umount $cache

check 'a stranger may not write' complains 'run this as root or as _jwt-fetch' \
  setpriv --reuid 65534 --clear-groups $fetch --issuer dev --force
check 'its own user may' setpriv --reuid _jwt-fetch --regid _jwt-fetch --clear-groups $fetch --issuer dev --force
cp /etc/passwd /run/passwd
sed -i '/^_jwt-fetch:/d' /etc/passwd
check 'without the user nothing is fetched' complains 'cannot become the user _jwt-fetch' update
cp /run/passwd /etc/passwd
chmod 600 /etc/jwt-login/jwt-login.conf
check 'settings that are not for everybody' complains 'jwt-login.conf' update
chmod 644 /etc/jwt-login/jwt-login.conf
ln -sf "$keys/one/keys.json" "$(cached dev)"
check 'a link in the cache is replaced' update
check 'and not followed' test ! -L "$(cached dev)"

# ---- asking without keeping ----

probe() {
  $fetch --probe "${base[tls]}/dev" --ca-file "$authority/ours.pem" "$@"
}
before=$(ls -l --time-style=full-iso $cache)
check 'a probe says what is there' is "$(probe | grep -v ^clock)" "$(printf '%s\t%s\n' issuer "${base[tls]}/dev" location "${base[tls]}/dev/keys" \
  algorithm RS256 algorithm ES256 refresh 3600
printf 'key\tone\tEC\tP-256\t256\tES256\tsig\tusable\n')"
check "and how far the issuer's clock is ahead" grep -qP '^clock\t-?[0-9]+$' <(probe)
check 'at a URL' grep -qP "^location\t${base[tls]}/dev/keys$" <(probe --keys "${base[tls]}/dev/keys")
check 'and keeps nothing' is "$(ls -l --time-style=full-iso $cache)" "$before"
check 'a normal user may' setpriv --reuid 65534 --clear-groups $fetch --probe "${base[plain]}/dev"
check 'a probe of what is no URL' complains 'is not an https:// URL' $fetch --probe 'ftp://x'
echo '{"keys": [{"kty": "oct", "kid": "\u001b[31m \\", "k": "AAAA"}]}' >$issuers/dev/keys.json
check 'hostile text is made harmless' grep -qP '^key\t\\x1b\[31m\\x20\\x5c\toct\t-\t0\t-\t-\t[^\t]+$' <(probe 2>/dev/null)
check 'no usable key is a failure' complains 'none of these keys can verify a token' probe

wrong_use() {
  local status
  "$@" >/dev/null 2>&1
  status=$?
  is $status 2
}
check 'wrong use: force alone' wrong_use $fetch --force
check 'wrong use: a probe with a title' wrong_use $fetch --probe https://x --issuer dev
check 'wrong use: an unknown option' wrong_use $fetch --frobnicate
check 'wrong use: an argument' wrong_use $fetch dev
check 'no such section' wrong_use $fetch --issuer nobody

stop_servers
check 'no bearer token and no private key is left' refuse grep -rqE 's\.e-c_r3t|"d":' /var/log /var/cache /var/lib
tap_end
