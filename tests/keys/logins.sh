#!/bin/bash
# Logins whose keys come over the network: keys arrive, rotate and retire by themselves; whatever the issuer or the cache
# does, the worst that follows is a refusal with its reason.
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
python3 -c 'import ssl, http.server' 2>/dev/null || skip_all 'needs python3 with ssl'
enter_private_root "$0"
. "$top/tests/keys/issuers.sh"

start_syslog
echo 127.0.0.1 issuer.test >>/etc/hosts
add_user worker 1500
stack login 'auth required pam_jwt.so'
new_authority ours
new_certificate good ours issuer.test 30
start_server tls good
must 'there is a server' test $? = 0
ca="ca_file = \"$authority/ours.pem\""
dev=${base[tls]}/dev
# Each section has an issuer of its own, so that no test waits for another's pause.
down=https://issuer.test:1
sections "$(
  section dev "$dev" "$ca"
  section fleet "${base[tls]}/fleet" "$ca"
  section other "${base[tls]}/other" "$ca"
  section down $down/down
  section unheard https://unheard.test "$ca"
  for name in slow drip endless html elsewhere empty unsafe stale large; do section $name "${base[tls]}/$name" "$ca"; done
  section one-cluster "${base[tls]}/cluster" "$ca" "keys = \"${base[tls]}/one/keys\"" 'alias = "one"'
  section two-cluster "${base[tls]}/cluster" "$ca" "keys = \"${base[tls]}/two/keys\"" 'alias = "two"'
  section lost-cluster "${base[tls]}/cluster" "keys = \"$down/keys\"" 'alias = "lost"'
  section domain spiffe://example.org "$ca" "keys = \"${base[tls]}/bundle/keys\""
)"
must 'the settings are applied' test $? = 0
new_key k1 k2 k3

# ---- arriving, rotating, retiring ----

serve dev k1
sign first k1 "$dev"
asked_mark
check 'the first login of all fetches the keys and succeeds' enters first
check 'with one fetch' is "$(asked dev discovery) $(asked dev keys)" '1 1'
check 'the audit says so' logged 'decision=accept .*detail="keys of dev: they were fetched for this login"'
check 'the next needs none' enters first
check 'none was made' is "$(asked dev keys)" 1

serve dev k1 k2
sign second k2 "$dev"
check 'within the pause a new key stays unknown' turned_away key-unknown second 'another login had them'
rested dev
check 'a new key is fetched by the login that brings it' enters second
check 'the old one still serves' enters first
check 'that was one fetch more' is "$(asked dev keys)" 2
serve dev k2
$fetch --issuer dev --force >/dev/null
check 'a key that was withdrawn does not' turned_away key-unknown first
check 'the new one does' enters second
rested dev
check 'nor is it found by asking' turned_away key-unknown first 'they were fetched for this login'
sign forged k1 "$dev"
python3 - "$tokens/forged" "$tokens/second" <<'END'
import sys
header = open(sys.argv[2]).read().split(".")[0]
token = open(sys.argv[1]).read().split(".")
open(sys.argv[1], "w").write(".".join([header] + token[1:]))
END
asked_mark
check 'another key under a known kid' turned_away signature-invalid forged
check 'asks for nothing' is "$(asked dev keys)" 0

# ---- many that ask for what is not there ----

serve fleet k1
sign fleet k1 "${base[tls]}/fleet"
check 'somebody logs in' enters fleet
rested fleet
python3 - "$tokens/fleet" "$tokens" <<'END'
import base64, json, os, sys
payload = open(sys.argv[1]).read().split(".")[1]
for i in range(200):
    header = json.dumps({"alg": "ES256", "kid": os.urandom(8).hex()}).encode()
    parts = [base64.urlsafe_b64encode(header).decode().rstrip("="), payload, base64.urlsafe_b64encode(os.urandom(64)).decode().rstrip("=")]
    open(f"{sys.argv[2]}/fleet{i}", "w").write(".".join(parts))
END
all_refused() {
  [ "$(log_now | grep -c 'decision=deny reason=key-unknown')" = 200 ]
}
fleet() { # 200 logins, 50 at a time; prints how many were let in
  export -f enters
  export tokens
  seq 0 199 | xargs -P 50 -I{} bash -c 'if enters fleet{} >/dev/null 2>&1; then echo in; fi' | wc -l
}
asked_mark
log_mark
started=$EPOCHSECONDS
check 'of 200 logins with random kids none is let in' is "$(fleet)" 0
took=$((EPOCHSECONDS - started))
check 'each is refused for that' is "$(wait_for all_refused; log_now | grep -c 'decision=deny reason=key-unknown')" 200
# The pause is 30 seconds: on a machine that needs longer for 200 logins another may follow.
check "they cause one fetch in 30 seconds (they took $took)" test "$(asked fleet keys)" -le $((1 + took / 30))
check 'and at least one' test "$(asked fleet keys)" -ge 1
check 'who has a known key is not held up by them' enters fleet

# ---- issuers that do not answer as they should ----

for name in slow drip endless html elsewhere empty unsafe stale other; do serve $name k1; done
behave slow 'keys slow'
behave drip 'keys drip'
behave endless 'discovery chunks'
behave html 'discovery html'
behave elsewhere 'discovery issuer https://else.test'
serve empty
sign slow k1 "${base[tls]}/slow"; sign drip k1 "${base[tls]}/drip"; sign endless k1 "${base[tls]}/endless"
sign html k1 "${base[tls]}/html"; sign elsewhere k1 "${base[tls]}/elsewhere"; sign empty k1 "${base[tls]}/empty"
sign down k1 $down/down
started=$SECONDS
check 'an issuer that does not answer' turned_away keys-unavailable slow 'no whole answer in time'
check 'one that sends a byte now and then' turned_away keys-unavailable drip 'no whole answer in time'
check 'do not hold a login up for long' test $((SECONDS - started)) -lt 30
check 'one without end' turned_away keys-unavailable endless 'larger than 1 MiB'
check 'one that sends a web page' turned_away keys-unavailable html 'a web page came'
check 'one that says that it is another' turned_away keys-unavailable elsewhere 'its issuer is'
check 'one without keys' turned_away keys-unavailable empty 'none of its 0 keys'
check 'one that is down' turned_away keys-unavailable down 'no connection'
mv /etc/resolv.conf /run/
echo nameserver 127.0.0.1 >/etc/resolv.conf
sed -i 's/^hosts: files$/& dns/' /etc/nsswitch.conf
python3 -c 'import socket, time
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
open("/run/resolver", "w")
time.sleep(600)' &
resolver=$!
wait_for test -e /run/resolver
sign unheard k1 https://unheard.test
check 'one whose name nobody answers for' turned_away keys-unavailable unheard 'no whole answer in time'
kill $resolver
mv /run/resolv.conf /etc/
sed -i 's/^hosts: files dns$/hosts: files/' /etc/nsswitch.conf
check 'others go on' enters second

# ---- keys that are old ----

sign stale k1 "${base[tls]}/stale"
check 'an issuer is there' enters stale
behave stale 'discovery status 503'
aged stale 80000
rested stale
$fetch >/dev/null 2>&1
check 'while it is down its keys are used' enters stale
aged stale 86500
check 'but not for longer than max_stale' turned_away keys-stale stale 'HTTP status 503'
aged stale -1000
rested stale
check 'nor from the future, where nobody knows how old they are' turned_away keys-stale stale 'HTTP status 503'
behave stale
rested stale
check 'once it is up again the login itself renews them' enters stale
find $cache -name 'stale-*.stamp' -exec touch -d '+1 day' {} +
aged stale 86500
check 'a stamp from the future counts for nothing' enters stale

# ---- a cache that somebody meddled with ----

sign other k1 "${base[tls]}/other"
sign unsafe k1 "${base[tls]}/unsafe"
check 'two issuers' eval 'enters other && enters unsafe'
file=$(cached unsafe)
cp -a "$file" /run/kept
put_back() {
  rm -rf "$file"
  cp -a /run/kept "$file"
}
chmod 664 "$file"
check 'keys that a group may write' turned_away file-unsafe unsafe
put_back
chown worker "$file"
check 'keys of another owner' turned_away file-unsafe unsafe
put_back
mv "$file" "$file.real" && ln -s "$file.real" "$file"
check 'a link' turned_away file-unsafe unsafe
rm "$file.real"
put_back
ln "$file" $cache/second-name
check 'a second name' turned_away file-unsafe unsafe
rm $cache/second-name
chmod 777 $cache
check 'a folder that all may write' turned_away file-unsafe unsafe
chmod 755 $cache
truncate -s 3M "$file"
check 'keys without end' turned_away file-unsafe unsafe
put_back
check 'as it was' enters unsafe
behave unsafe 'discovery status 503'
rested unsafe
cat "$(cached other)" >"$file"
check "another issuer's keys" turned_away keys-unavailable unsafe 'HTTP status 503'
echo garbage >"$file"
check 'garbage' turned_away keys-unavailable unsafe
behave unsafe
rested unsafe
check 'which is fetched anew' enters unsafe

# ---- sections that share a url; a trust domain ----

serve one k1
serve two k2
sign cluster-one k1 "${base[tls]}/cluster"
sign cluster-two k2 "${base[tls]}/cluster"
sign cluster-three k3 "${base[tls]}/cluster"
started=$SECONDS
check 'the keys of all are asked for at once' enters cluster-one
check 'so the other cluster is there, too' enters cluster-two
serve two k2 k3
rested two-cluster
check 'and its new key' enters cluster-three
mkdir -p $issuers/bundle
python3 - "$keys/k1/keys.json" >$issuers/bundle/keys.json <<'END'
import json, sys
bundle = json.load(open(sys.argv[1]))
bundle["keys"][0]["use"] = "jwt-svid"
print(json.dumps(bundle | {"spiffe_sequence": 1, "spiffe_refresh_hint": 600}))
END
sign svid k1 https://ignored.test --subject spiffe://example.org/worker
check 'a SPIFFE workload' enters svid

# ---- a large set ----

mkdir -p $issuers/large
python3 - "$keys/k1/keys.json" "$keys/k2/keys.json" >$issuers/large/keys.json <<'END'
import json, sys
one, two = (json.load(open(path))["keys"][0] for path in sys.argv[1:])
text = json.dumps({"keys": [one | {"kid": f"old-{i}", "x5c": ["A" * 700]} for i in range(999)] + [two]})
print(text + " " * ((1 << 20) - len(text) - 1))
END
sign large k2 "${base[tls]}/large"
check 'a set of 1000 keys and 1 MiB' is "$(stat -c %s $issuers/large/keys.json)" $((1 << 20))
check 'a login with its last key' enters large
echo >>$issuers/large/keys.json
check 'a byte more is too much' refuse $fetch --issuer large --force
check 'and leaves the good set' enters large

# ---- the fetcher ----

serve dev k2 k3
sign third k3 "$dev"
stand_in() {
  rm -f $fetch
  install -m 755 /dev/stdin $fetch
}
cp -a $fetch /run/fetch
rm $fetch
rested dev
check 'no fetcher' turned_away key-unknown third 'could not be run'
stand_in <<<'#!/bin/sh
exit 3'
check 'a fetcher that exits' turned_away key-unknown third 'exit status 3'
# shellcheck disable=SC2016
stand_in <<<'#!/bin/sh
kill -SEGV $$'
check 'a fetcher that crashes' turned_away key-unknown third 'killed by signal 11'
stand_in <<<'#!/bin/sh
exec sleep 100'
check 'a fetcher that hangs' turned_away key-unknown third 'did not answer in time'
check 'is gone afterwards' refuse pgrep -x sleep
stand_in <<<'#!/bin/sh
exec 3>&0
yes nonsense | head -c 200000 >&3'
check 'a fetcher that talks nonsense' turned_away key-unknown third 'no sound answer'
cp -a /run/fetch $fetch
cp /etc/passwd /run/passwd
sed -i '/^_jwt-fetch:/d' /etc/passwd
check 'no user for the fetcher, to whom the cache belongs' turned_away file-unsafe third
rm -rf $cache
check 'no user for the fetcher, and no cache' turned_away keys-unavailable third 'cannot become the user _jwt-fetch, who does not exist'
cp /run/passwd /etc/passwd
check 'all is well again' enters third

stop_servers
check 'no token in logs and cache' no_token_text /var/log /var/lib /var/cache /run
check 'nothing crashed' refuse grep -qiE 'segfault|core dumped|fatal: |assert' "$log"
tap_end
