#!/bin/bash
# jwtctl issuer add|list|test and keys list|refresh, against issuers that behave and issuers that do not.
# shellcheck disable=SC2016 # messages have backticks
set -u
. "${abs_top_srcdir:?}/tests/lib/login-host.sh"
python3 -c 'import ssl, http.server' 2>/dev/null || skip_all 'needs python3 with ssl'
enter_private_root "$0"
. "$top/tests/keys/issuers.sh"

echo 127.0.0.1 issuer.test >>/etc/hosts
add_user worker 1500
new_authority ours
new_certificate good ours issuer.test 30
stack login 'auth required pam_jwt.so'
start_server tls good && start_server plain
must 'there are servers' test $? = 0
tls=${base[tls]} plain=${base[plain]}
new_key one two
ca=$authority/ours.pem
conf_d=/etc/jwt-login/conf.d
sections ''

# run ARGUMENT...: status, out and err of jwtctl
run() {
  jwtctl "$@" >/run/out 2>/run/err
  status=$?
}
# said STATUS TEXT: of the last run; the text stands in what it printed, out or err
said() {
  { [ "$status" = "$1" ] && cat /run/out /run/err | grep -qF -- "$2"; } ||
    { printf 'status %s, wanted %s; wanted: %s\n' "$status" "$1" "$2"; cat /run/out /run/err; return 1; }
}
# nothing_left: no file is in conf.d, hidden or not
nothing_left() {
  [ -z "$(ls -A $conf_d 2>/dev/null)" ] || { ls -lA $conf_d; return 1; }
}
json() { # EXPRESSION: of the last run's JSON, as `j`
  python3 -c 'import json, sys; j = json.load(open("/run/out")); print(eval(sys.argv[1]))' "$1"
}

# ---- issuer add: what works ----

serve dev one two
python3 - "$issuers/dev/keys.json" <<'END'
import json, sys
keys = json.load(open(sys.argv[1]))
keys["keys"].append({"kty": "oct", "k": "AAAA", "kid": "bad\u001b[31m\tkid"})
json.dump(keys, open(sys.argv[1], "w"))
END
run issuer add "$tls/dev" --ca-file "$ca" --dry-run
check 'a dry run shows the section' said 0 'algorithms  = { "ES256" }'
check 'and writes nothing' nothing_left
check 'the key set is shown, whatever is in it' grep -qE '^bad\\x1b\[31m\\x09kid +oct +- +- +- +unusable: ' /run/out
check 'all of it is printable' is "$(tr -d ' -~\n' </run/out | wc -c)" 0
run issuer add "$tls/dev" --ca-file "$ca" --title dev
file=$conf_d/issuer-dev.conf
check 'an issuer is added' said 0 'Its tokens open nothing until a rule is for it'
check 'what it offers is shown' said 0 'usable      2 of 3 keys'
check 'the section is as written' is "$(cat $file)" "issuer \"dev\" {
    url         = \"$tls/dev\"
    audience    = { \"ssh://{hostname}\" }
    algorithms  = { \"ES256\" }
    ca_file     = \"$ca\"
}"
check 'its file is for all to read and for root to write' is "$(stat -c '%U %a' $file)" 'root 644'
check 'nothing else was left' is "$(ls -A $conf_d)" issuer-dev.conf
check 'its keys are there' test -s "$(cached dev)"
check 'the settings are sound' jwtctl check
check 'they are applied: the tables are newer than the settings' test /var/lib/jwt-login/nss -nt $file
cat >>/etc/jwt-login/jwt-login.conf <<END
rule "robots" { issuer = "dev" service = "login" any = true account = "worker" }
END
sign good one "$tls/dev"
check 'with a rule, its tokens let in' enters good

# ---- issuer add: what is refused, and leaves nothing ----

kept=$(cat $file)
refuses() { # TEXT STATUS ARGUMENT...: fails so, and changes nothing
  local text=$1 wanted=$2
  shift 2
  run issuer add "$@"
  check "issuer add: $text" said "$wanted" "$text"
  check 'and nothing changed' is "$(ls -A $conf_d; cat $conf_d/*)" "issuer-dev.conf
$kept"
}
refuses 'has this url already' 2 "$tls/dev" --title again
refuses 'the issuer "dev" is there already' 2 "$tls/other" --title dev
refuses 'URL is "dev.example"; expected an https:// URL' 2 dev.example
refuses 'expected an https:// URL' 2 http://issuer.test/dev
refuses '--keys is "http://issuer.test/k"; expected' 2 https://issuer.test --keys http://issuer.test/k
refuses 'SPIFFE has no discovery' 2 spiffe://td
refuses 'URL is missing' 2 --title x
refuses 'b is too much' 2 https://a.test b
refuses 'has a quote' 2 https://a.test --title 'a" {} rule "x'
refuses 'has a quote' 2 https://a.test --audience 'a" } keys = "file:/k'
refuses 'has a quote' 2 https://a.test --audience '${HOME}'
refuses 'has a quote' 2 https://a.test --alias $'a\nb'
refuses '--title takes 1 to 128 characters' 2 https://a.test --title "$(printf '%0129d' 0)"
serve low one
refuses 'the new section would not be valid' 2 "$plain/low" --audience 'a{b}' --title low
refuses '`ca_file` is "ca.pem"; expected an absolute path' 2 "$plain/low" --title low --ca-file ca.pem
echo "$kept" >"/etc/jwt-login/broken.conf" && echo 'nonsense' >>/etc/jwt-login/broken.conf
refuses '/etc/jwt-login/broken.conf:' 2 "$plain/low" --config /etc/jwt-login/broken.conf --conf-dir /run/elsewhere
refuses 'needs --conf-dir DIR' 2 "$plain/low" --config /etc/jwt-login/jwt-login.conf
refuses 'certificate' 1 "$tls/low" # of a CA that the system does not know
refuses '404' 1 "$plain/nobody"
behave low "discovery issuer $plain/other"
refuses 'issuer' 1 "$plain/low"
behave low 'keys html'
refuses 'a web page came instead of JSON' 1 "$plain/low"
behave low
mkdir -p $issuers/empty && echo '{"keys":[]}' >$issuers/empty/keys.json
refuses 'can verify a token' 1 "$plain/empty"
sed 's/"ES256"/"ES512"/' "$keys/one/keys.json" | tr -d '\n' >"$issuers/empty/keys.json"
refuses 'can verify a token' 1 "$plain/empty"
jwtctl dev key --out $keys/ed --alg EdDSA --kid ed && serve eddy ed
refuses "none of the issuer's keys serves an algorithm that it names" 1 "$plain/eddy"
touch $conf_d/issuer-taken.conf && kept_names=$(ls -A $conf_d)
run issuer add "$plain/low" --title taken
check 'a file that is there is not overwritten' said 1 'is there already; --title gives another name'
check 'it is as it was' is "$(ls -A $conf_d; stat -c %s $conf_d/issuer-taken.conf)" "$kept_names
0"
rm $conf_d/issuer-taken.conf
run issuer add "$plain/low" --title a/../b
check 'a title is no path' test -f $conf_d/issuer-a_.._b.conf
rm -f $conf_d/issuer-a_.._b.conf
mv /var/lib/jwt-login/ledger.db /run/
refuses 'issuer-low.conf was removed again' 1 "$plain/low" --title low
mv /run/ledger.db /var/lib/jwt-login/
sed -i '/^_jwt-fetch:/s/^/x/' /etc/passwd
refuses 'cannot become the user _jwt-fetch' 1 "$plain/low" --title low
sed -i '/^x_jwt-fetch:/s/^x//' /etc/passwd
chmod -x $fetch
refuses 'could not be run' 1 "$plain/low"
chmod +x $fetch
mv $fetch $fetch.real
printf '#!/bin/sh\nprintf "location\\thttp://x\\nkey\\t\\033]0;x\\007\\n"' >$fetch && chmod 755 $fetch
refuses 'said what it never says' 1 "$plain/low"
printf '#!/bin/sh\nyes | head -c 9000000' >$fetch
refuses 'said more than was asked' 1 "$plain/low"
printf '#!/bin/sh\necho "key	a	b"' >$fetch
refuses 'answered in another form' 1 "$plain/low"
printf '#!/bin/sh\nexit 1' >$fetch
refuses 'failed without a word' 1 "$plain/low"
printf '#!/bin/sh\nkill -9 $$' >$fetch
refuses 'could not be run, or died' 1 "$plain/low"
printf '#!/bin/sh\n: >/dev/tty && : >/run/terminal' >$fetch
script -qec 'jwtctl keys refresh dev' /dev/null >/dev/null
check 'the terminal is not handed on' test ! -e /run/terminal
mv $fetch.real $fetch
sed -i 's/^hostname.*//' /etc/jwt-login/jwt-login.conf && sed -i 's,ssh://{hostname},here,' $file && kept=$(cat $file)
refuses 'put `hostname = "NAME"` into /etc/jwt-login/jwt-login.conf, or say --audience' 2 "$plain/low"
run issuer add "$plain/low" --title low --audience here --audience there --json
check 'without hostname, --audience will do' said 0 '"written":true'
check 'the JSON has what was found' is "$(json 'j["title"], j["usable"], j["keys"][0]["kid"], j["file"]')" \
  "('low', 1, 'one', '$conf_d/issuer-low.conf')"
check 'both audiences are in the section' grep -qF 'audience    = { "here", "there" }' $conf_d/issuer-low.conf
rm -f $conf_d/issuer-low.conf
sed -i "1s/^/hostname = \"$host\"\n/" /etc/jwt-login/jwt-login.conf

# ---- issuer add: clusters, SPIFFE, another folder ----

serve one one && serve two two && : >/run/bearer && chmod 644 /run/bearer && echo secret >/run/bearer
behave two 'keys bearer secret'
run issuer add https://kubernetes.test --keys "$plain/one/keys" --alias one --title one
check 'a cluster by the URL of its keys' said 0 "$plain/one/keys"
run issuer add https://kubernetes.test --keys "$plain/two/keys" --alias two --title two --bearer-file /run/bearer
check 'a second cluster with the same url' said 0 'alias       = "two"'
check 'both are sound together' jwtctl check
run issuer add https://kubernetes.test --keys "$plain/one/keys" --alias three --title three
check 'a third with the keys of the first is none' said 2 'the same `keys`'
serve one one ed && sed -i 's/"sig"/"jwt-svid"/g' $issuers/one/keys.json
run issuer add spiffe://td.test --keys "$plain/one/keys"
check 'a trust domain by its bundle' said 0 'issuer "td.test" {'
check 'with the algorithms that JWT-SVID has' grep -qF 'algorithms  = { "ES256" }' $conf_d/issuer-td.test.conf
echo 'hostname = "elsewhere"' >/run/elsewhere.conf
run issuer add "$plain/low" --config /run/elsewhere.conf --conf-dir /run/elsewhere --title elsewhere
check 'for another host' said 0 "have to follow"
rm -r /run/elsewhere && (umask 077 && run issuer add "$plain/low" --config /run/elsewhere.conf --conf-dir /run/elsewhere \
  --title elsewhere)
check 'the folder is for all to read, whatever the umask' is "$(stat -c %a /run/elsewhere)" 755
check 'its file is there, and nothing was fetched' is "$(ls -A /run/elsewhere; find $cache -name 'elsewhere-*')" \
  issuer-elsewhere.conf

# ---- issuer list, keys list, keys refresh ----

cat >>/etc/jwt-login/jwt-login.conf <<END
issuer "filed" { url = "filed" audience = here algorithms = { ES256, RS256 } keys = "file:/etc/jwt-login/filed.json" }
issuer "never" { url = "$plain/never" audience = here algorithms = ES256 }
END
cp "$keys/two/keys.json" /etc/jwt-login/filed.json
run issuer list
row() { sed -n "s/^$1  *//p" /run/out | tr -s ' '; }
check 'issuer list: a discovered one' grep -qE "^$tls/dev discovery ES256 2 20..-..-..T..:..:..Z fresh 1$" <(row dev)
check 'issuer list: by its alias' grep -qE "^two $plain/two/keys ES256 1 .*Z fresh 0$" <(row two)
check 'issuer list: a file' grep -qE "^filed /etc/jwt-login/filed.json ES256 RS256 1 - in a file 0$" <(row filed)
check 'issuer list: one never asked' grep -qE "^$plain/never discovery ES256 0 - keys-unavailable 0$" <(row never)
due dev -10
run issuer list
check 'issuer list: keys that are due' grep -qE ' due 1$' <(row dev)
aged dev 90000
run issuer list --json
check 'issuer list --json: keys that are stale' is \
  "$(json '[(i["title"], i["state"], i["usable"]) for i in j if i["title"] in ("dev", "two")]')" \
  "[('dev', 'keys-stale', 0), ('two', 'fresh', 1)]"
run keys list dev
check 'keys list: of stale keys it says so' said 1 'dev: discovery: keys-stale: '
asked_mark
run keys refresh dev
check 'keys refresh says what came' said 0 'dev: 2 keys, fetched; due again in'
check 'it asked this issuer' is "$(asked dev keys) $(asked two keys)" '1 0'
run keys list dev
check 'keys list: when they were confirmed' grep -qE '^dev: discovery, confirmed 20.*Z \(0 min ago\), due 20.*Z$' /run/out
check 'keys list: a key' grep -qE '^one +P-256 +256 +ES256 +sig +usable$' /run/out
check 'keys list: a skipped key' grep -qE '^bad\\x1b\[31m\\x09kid +- +- +- +- +unusable: it is a shared secret' /run/out
check 'keys list: all is printable' is "$(tr -d ' -~\n' </run/out | wc -c)" 0
run keys list --json dev filed
check 'keys list --json' is "$(json '[(i["title"], i["reason"], [(k["kid"], k["usable"]) for k in i["keys"]]) for i in j]')" \
  "[('filed', 'ok', [('two', True)]), ('dev', 'ok', [('one', True), ('two', True), ('bad\\x1b[31m\\tkid', False)])]"
run keys list
check 'keys list: all, of which one is not there' said 1 'never: discovery: keys-unavailable'
run keys refresh
check 'keys refresh: one of all fails, with the reason' said 1 'never: '
check 'keys refresh: what is in files is passed by' refuse grep -q 'nothing to fetch' /run/out
check 'keys refresh: the others are fetched' is "$(grep -c ', fetched; \|, unchanged; ' /run/out)" 4
sed 's/"dev"/"b\xc3\xbcro"/; s,^    url .*,    url = "bureau"\n    keys = "'"$tls/dev/keys"'",' $file >$conf_d/bureau.conf
run keys refresh büro
check 'keys refresh: a title beyond ASCII' said 0 'b\xc3\xbcro: 2 keys, fetched'
rm $conf_d/bureau.conf
run keys refresh filed
check 'keys refresh: a file is not fetched' said 0 'nothing to fetch, its keys are in the file'
for command in 'keys refresh' 'keys list' 'issuer test'; do
  # shellcheck disable=SC2086 # two words
  run $command nobody
  check "$command: an issuer that is not there" said 2 "there is no issuer section \"nobody\""
done
check 'without privilege: keys refresh says that it needs root' is \
  "$(setpriv --reuid 1500 --clear-groups jwtctl keys refresh 2>&1 | head -n 1)" \
  'jwtctl keys refresh: only root may have keys fetched: jwt-fetch-keys becomes another user'
check 'without privilege: keys list works' setpriv --reuid 1500 --clear-groups jwtctl keys list dev

# ---- issuer test ----

tested() { # STATUS LINE
  { [ "$status" = "$1" ] && grep -qE -- "$2" /run/out; } ||
    { printf 'status %s, wanted %s; wanted: %s\n' "$status" "$1" "$2"; cat /run/out /run/err; return 1; }
}
run issuer test dev
check 'issuer test: reachable' tested 0 "^✔ reachable: its keys are at $tls/dev/keys$"
check 'issuer test: is who it says' tested 0 '^✔ issuer: '
check 'issuer test: keys' tested 0 '^✔ keys: 2 of 3 can verify tokens$'
check 'issuer test: algorithms' tested 0 '^✔ algorithms: ES256$'
run issuer test two
check 'issuer test: sends the bearer token' tested 0 '^✔ reachable: '
echo wrong >/run/bearer
run issuer test two
check 'issuer test: a wrong bearer token' tested 1 '^✘ reachable: .*401'
behave dev "discovery issuer $tls/dev/"
run issuer test dev
check 'issuer test: another issuer' tested 1 '^✘ reachable: .*issuer'
behave dev
sed -i 's/"ES256"/"RS256"/' $file
run issuer test dev
check 'issuer test: algorithms that are not those of the keys' tested 1 \
  '^✘ algorithms: the section allows RS256, the issuer signs with ES256; set `algorithms`'
sed -i 's/"RS256"/"RS256", "ES256"/' $file
run issuer test dev
check 'issuer test: an algorithm too many' tested 0 '^✔ algorithms: ES256; nothing is signed with RS256$'
run issuer test dev --json
check 'issuer test --json' is "$(json 'j["passed"], [c["check"] for c in j["checks"]]')" \
  "(True, ['reachable', 'issuer', 'keys', 'algorithms', 'clock', 'refresh'])"
behave dev "keys header Date:$(LC_ALL=C date -u -d '-90 seconds' '+%a, %d %b %Y %H:%M:%S GMT')"
run issuer test dev
check 'issuer test: clocks that are apart' tested 1 \
  "^✘ clock: the issuer's is [0-9]+s behind this host's; the section's leeway is 30s: "
behave dev 'keys header Age:90'
run issuer test dev
check 'issuer test: the time in a cache counts' tested 1 "^✘ clock: the issuer's is [0-9]+s ahead of this host's"
behave dev
stop_servers
run issuer test dev
check 'issuer test: nobody there' tested 1 '^✘ reachable: '
run issuer test filed
check 'issuer test: a file' said 2 "the keys of \"filed\" are in the file /etc/jwt-login/filed.json"

# ---- check ----

run check
check 'check: an issuer whose keys were never fetched' said 0 'issuer "never": its keys were not fetched yet'
check 'check: none for one whose keys are there' refuse grep -q 'issuer "dev": its keys' /run/err
chmod 600 "$ca" /run/bearer
run check
check 'check: a ca_file that cannot be read' said 0 "issuer \"dev\": the user _jwt-fetch cannot read its ca_file $ca"
check 'check: a bearer_file that cannot be read' said 0 'issuer "two": the user _jwt-fetch cannot read its bearer_file /run/bearer'
rm "$ca" && setpriv --reuid 1500 --clear-groups jwtctl check --config /etc/jwt-login/jwt-login.conf --conf-dir $conf_d 2>/run/err
check 'check: one that is not there, by anybody' grep -q "cannot read its ca_file $ca" /run/err
sed -i '/^_jwt-fetch:/d' /etc/passwd
run check
check 'check: no user _jwt-fetch' said 0 'there is no user _jwt-fetch, so no keys are fetched'

no_token_text /var/log $cache /etc/jwt-login && check 'no token anywhere' true
tap_end
