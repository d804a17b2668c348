#!/bin/sh
# jwt-askpass: which prompts get which part of the token, and which get nothing.
# shellcheck disable=SC2089,SC2090 # commands for sh -c
set -u
askpass=${abs_top_builddir:?}/tools/jwt-askpass
dir=$(mktemp -d "${TMPDIR:-/tmp}/askpass-test.XXXXXX") || exit 1
trap 'rm -rf "$dir"; [ -z "${server-}" ] || kill "$server"' EXIT
unset JWT_TOKEN_FILE JWT_TOKEN_COMMAND JWT_TOKEN_VARIABLE JWT_TOKEN_SERVICE JWT_TOKEN_TIMEOUT JWT_ASKPASS_AUDIENCE \
  XDG_CONFIG_HOME ACTIONS_ID_TOKEN_REQUEST_URL ACTIONS_ID_TOKEN_REQUEST_TOKEN GCE_METADATA_HOST SSH_ASKPASS_PROMPT
export HOME="$dir/home"
count=0

ok() { # ok NAME COMMAND...
  count=$((count + 1))
  name=$1
  shift
  if "$@"; then
    echo "ok $count - $name"
  else
    echo "not ok $count - $name"
    sed 's/^/# stderr: /' "$dir/err"
    head -c 200 "$dir/out" | sed 's/^/# stdout: /'
  fi
}

base64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }

# token SIZE AUD-JSON [LETTER]: a token of that many bytes; its signature is nobody's
token() {
  head=$(printf '{"alg":"ES256"}' | base64url).$(printf '{"sub":"x","aud":%s}' "$2" | base64url).
  printf %s "$head"
  head -c $(($1 - ${#head})) /dev/zero | tr '\0' "${3-S}"
}

# The program as ssh runs it, without a terminal; and as the child of a process named sudo, which asks one thing after
# another.
ask() { setsid "$askpass" "$1" >"$dir/out" 2>"$dir/err" </dev/null; }
cat >"$dir/sudo" <<'END'
#!/bin/sh
askpass=$1 out=$2
shift 2
for prompt; do
  "$askpass" "$prompt" >"$out" || exit
done
END
chmod +x "$dir/sudo"
ask_sudo() { setsid "$dir/sudo" "$askpass" "$dir/out" "$@" 2>"$dir/err" </dev/null; }

# part FIRST SIZE: the last answer is that piece of the token, and a newline
part() {
  { tail -c "+$(($1 + 1))" "$dir/token" | head -c "$2"; echo; } | cmp -s - "$dir/out"
}
gets() { # gets PROMPT FIRST SIZE
  ask "$1" && part "$2" "$3" && [ ! -s "$dir/err" ]
}
sudo_gets() { # sudo_gets PART FIRST SIZE
  ask_sudo 'Password or token: ' "Token (part $1): " && part "$2" "$3" && [ ! -s "$dir/err" ]
}
refused() { # exit 1, nothing on stdout, one line on stderr, with these words in it and no piece of the token
  [ "$1" = 1 ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" = 1 ] && grep -q "$2" "$dir/err" && ! grep -q SSSS "$dir/err"
}
refuses() { # refuses PROMPT WORDS
  ask "$1"
  refused $? "$2"
}
sudo_refuses() {
  ask_sudo "$1"
  refused $? "$2"
}

host=build.example.org
first="(me@$host) Password or token: "
second="(me@$host) Token (part 2): "
third="(me@$host) Token (part 3): "
aud="\"ssh://$host\""
export JWT_TOKEN_FILE="$dir/token"
new_login() { ask "$first"; } # the first part of what is in the file now

# ---- parts ----
token 700 "$aud" >"$dir/token"
ok 'a short token is one answer' gets "$first" 0 700
ok 'it has no part 2' refuses "$second" 'first part was not asked for'
token 2300 "$aud" >"$dir/token"
ok 'a long token: part 1 is 1000 bytes' gets "$first" 0 1000
ok 'a long token: part 2 is 1000 bytes' gets "$second" 1000 1000
ok 'a long token: part 3 is the rest' gets "$third" 2000 300
ok 'after the last part nothing is kept' refuses "$third" 'first part was not asked for'
token 999 "$aud" >"$dir/token"
ok '999 bytes are one answer' gets "$first" 0 999
token 1000 "$aud" >"$dir/token"
ok '1000 bytes: all of it' gets "$first" 0 1000
ok '1000 bytes: part 2 is empty' gets "$second" 1000 0
ok '1000 bytes: there is no part 3' refuses "$third" 'first part was not asked for'
token 2000 "$aud" >"$dir/token"
ok '2000 bytes: part 1 is full' gets "$first" 0 1000
ok '2000 bytes: part 2 is full' gets "$second" 1000 1000
ok '2000 bytes: part 3 is empty' gets "$third" 2000 0
token 16384 "$aud" >"$dir/token"
new_login
ok '16 KiB: part 17 is the rest' gets "(me@$host) Token (part 17): " 16000 384
echo >>"$dir/token"
new_login
ok 'the newline of a file is not part of the token' gets "(me@$host) Token (part 17): " 16000 384
token 1200 "$aud" >"$dir/token"
printf ' \r\n\n' >>"$dir/token"
new_login
ok 'nor is white space at its end' gets "$second" 1000 200
token 800 "$aud" >"$dir/token"
ok 'the file is read at each login' gets "$first" 0 800

# All parts are of one token, though the file has another one meanwhile.
token 1500 "$aud" >"$dir/token"
new_login
cp "$dir/token" "$dir/former"
token 1900 "$aud" T >"$dir/token"
second_of_former() { ask "$second" && { tail -c 500 "$dir/former"; echo; } | cmp -s - "$dir/out"; }
ok 'a file renewed during the login' second_of_former
new_login
token 1700 "$aud" U >"$dir/token"
new_login
ok 'a login that begins anew forgets the token before' gets "$second" 1000 700
new_login
ok 'a part is for the host of the first one' refuses "(me@other) Token (part 2): " 'first part was not asked for'
ok 'which goes on' gets "$second" 1000 700
new_login
elsewhere() {
  sh -c '"$@"; exit $?' sh "$askpass" "$second" >"$dir/out" 2>"$dir/err"
  refused $? 'first part was not asked for'
}
ok 'a part is for the process that asked for the first one' elsewhere
kept_for() { # how many keep a token for process $1
  grep -c "@jwt-askpass[.]$(id -u)[.]$1\$" /proc/net/unix
}
ok 'until then it is kept' [ "$(kept_for $$)" = 1 ]
gone_with_parent() {
  sh -c 'echo $$ >"$1"; shift; "$@"; exit $?' sh "$dir/parent" "$askpass" "$first" >/dev/null
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ "$(kept_for "$(cat "$dir/parent")")" != 0 ] || return 0
    sleep 0.1
  done
  return 1
}
ok 'what is kept goes with the process that asked' gone_with_parent
nobody_waits() { # as with ssh, which leaves its end of the pipe open beside the standard output
  [ "$(timeout 20 python3 - "$askpass" "$first" <<'END'
import os, subprocess, sys
reader, writer = os.pipe()
child = subprocess.Popen(sys.argv[1:], stdout=writer, stderr=writer, pass_fds=[writer])
os.close(writer)
print(sum(iter(lambda: len(os.read(reader, 4096)), 0)))
END
  )" = 1001 ]
}
ok 'nobody waits for what is kept' nobody_waits
if [ "$(id -u)" = 0 ]; then
  cat >"$dir/stranger.py" <<'END'
import os, socket, sys
os.setuid(65534)
client = socket.socket(socket.AF_UNIX)
client.connect(f"\0jwt-askpass.0.{sys.argv[1]}")
try:
    client.sendall(bytes(4) + sys.argv[2].encode().ljust(256, b"\0") + (2).to_bytes(4, "little"))
    data = client.recv(100)
except OSError:
    data = b""
sys.exit(len(data) > 0)
END
  cat >"$dir/squatter.py" <<'END'
import os, socket, sys, time
os.setuid(65534)
server = socket.socket(socket.AF_UNIX)
server.bind(f"\0jwt-askpass.0.{sys.argv[1]}")
server.listen()
print("ready", flush=True)
time.sleep(20)
END
  new_login
  stranger() { python3 - $$ "$host" <"$dir/stranger.py" >"$dir/out" 2>"$dir/err"; }
  ok 'another user gets nothing' stranger
  ok 'and does not end it' gets "$second" 1000 700
  python3 - $$ <"$dir/squatter.py" >"$dir/ready" &
  squatter=$!
  for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s "$dir/ready" ] || sleep 0.1; done
  ok 'who takes the place before is not believed' refuses "$first" 'cannot be kept for its next part'
  kill $squatter
  wait $squatter 2>/dev/null
fi

# ---- the password method ----
password="me@$host's password: "
for size in 300 1000 1023; do
  token $size "$aud" >"$dir/token"
  ok "password: $size bytes in one" gets "$password" 0 $size
done
token 1024 "$aud" >"$dir/token"
ok 'password: a token that would be cut off is not handed over' refuses "$password" 'carries 1023: use keyboard-interactive'
token 700 '"ssh://other.example.org"' >"$dir/token"
ok 'password: the audience counts' refuses "$password" 'aud does not name'
token 700 "$aud" >"$dir/token"

# ---- sudo ----
token 1100 '"another"' >"$dir/token"
first_of_sudo() { ask_sudo 'Password or token: ' && part 0 500; }
ok 'sudo: part 1 is 500 bytes' first_of_sudo
ok 'sudo: part 3 is the rest' sudo_gets 3 1000 100
token 16384 "$aud" >"$dir/token"
ok 'sudo: part 33 of 16 KiB' sudo_gets 33 16000 384
token 1000 "$aud" >"$dir/token"
ok 'sudo: an exact multiple ends with an empty part' sudo_gets 3 1000 0
ok 'sudo: its own prompt is refused' sudo_refuses '[sudo] password for me: ' 'not a prompt for a token'
ok 'without a prefix, and not from sudo' refuses 'Password or token: ' 'user@host'
ok 'without a prefix, part 2' refuses 'Token (part 2): ' 'user@host'

# ---- other prompts ----
for prompt in '' "me@$host's password:" "(me@x) me@$host's password: " "me@evil me@$host's password: " "@$host's password: " \
  "me@'s password: " "me@$host's password: 's password: " "(me@$host) Password: " "(me@$host) Password or token:" \
  "(me@$host) password or token: " "(me@$host) Password or token:  " "(me@$host)  Password or token: " \
  "(me@$host) Token (part 1): " "(me@$host) Token (part 02): " "(me@$host) Token (part 34): " \
  "(me@$host) Token (part 4294967298): " "(me@$host) Token (part -2): " "(me@$host) Token (part ): " \
  "(me@evil.example.org) (me@$host) Password or token: " "(me@evil.example.org) @$host) Password or token: " \
  "(@$host) Password or token: " "(me@) Password or token: " "(me$host) Password or token: " \
  "(me@$host)Password or token: " " (me@$host) Password or token: " \
  "Enter passphrase for key '/home/me/.ssh/id_ed25519': " \
  "The authenticity of host '$host' can't be established. Are you sure you want to continue connecting (yes/no)? "; do
  ok "refused: $prompt" refuses "$prompt" 'not a prompt for a token'
done
newline="(me@$host) Password or token: 
"
ok 'refused: a newline at the end, and it does not reach the terminal' refuses "$newline" 'token: ?$'
long=$(head -c 5000 /dev/zero | tr '\0' h)
ok 'refused: a host of 5000 characters' refuses "(me@$long) Password or token: " 'not a prompt'
long=$(head -c 130000 /dev/zero | tr '\0' h)
ok 'refused: a prompt as large as an argument can be' refuses "(me@$host) $long" 'not a prompt'
escape=$(printf '(me@%s) \033[2J\007Password or token: ' "$host")
ok 'refused: control characters, which do not reach the terminal' refuses "$escape" '?.2J?Password'

# ---- audience ----
for aud in "\"$host\"" '"ssh://BUILD.example.ORG"' "\"ssh://$host:2222\"" "[\"https://x\",\"ssh://$host\"]"; do
  token 900 "$aud" >"$dir/token"
  ok "aud $aud names $host" gets "$first" 0 900
done
for aud in '"ssh://other.example.org"' '"example.org"' "\"ssh://$host.evil.org\"" "\"ssh://x.$host\"" "\"ssh://$host/\"" \
  "\"ssh://$host:\"" "\"ssh://$host:22x\"" "\"https://$host\"" "\"SSH://ssh://$host\"" '""' '[]' 'null' '7' '{}' \
  "{\"$host\":1}" "[[\"$host\"]]" "\"$host\",\"aud\":\"$host\"" "\"$host"; do
  token 900 "$aud" >"$dir/token"
  ok "aud $aud does not" refuses "$first" 'aud does not name'
done
token 900 "\"ssh://$host\"" >"$dir/token"
ok 'the user may have an @' gets "(me@corp@$host) Password or token: " 0 900
ok 'a jump host gets nothing' refuses '(me@jump.example.org) Password or token: ' 'jump.example.org'
for pair in '::1=ssh://[::1]:22' '::1=::1' '::1=[::1]' '192.0.2.7=ssh://192.0.2.7'; do
  token 900 "\"${pair#*=}\"" >"$dir/token"
  ok "an address: $pair" gets "(me@${pair%%=*}) Password or token: " 0 900
done
for aud in '[::1' '[::1]x' '::1:22'; do
  token 900 "\"$aud\"" >"$dir/token"
  ok "no address: $aud" refuses "(me@::1) Password or token: " 'aud does not name'
done

JWT_ASKPASS_AUDIENCE="jump=x  $host=urn:build"
export JWT_ASKPASS_AUDIENCE
token 900 '["urn:build","ssh://other"]' >"$dir/token"
ok 'an audience expected for the host' gets "$first" 0 900
ok 'is not expected for another' refuses '(me@jump) Password or token: ' 'aud does not name jump'
ok 'and a host without a pair goes by its name' gets '(me@other) Password or token: ' 0 900
token 900 "\"ssh://$host\"" >"$dir/token"
ok 'with a pair the name alone does not do' refuses "$first" 'aud does not name'
for pairs in "$host" "$host=" "x$host=urn:build" "=urn:build" "$host=urn:buil" "$host=urn:builds"; do
  token 900 '"urn:build"' >"$dir/token"
  JWT_ASKPASS_AUDIENCE=$pairs
  ok "JWT_ASKPASS_AUDIENCE=$pairs allows nothing" refuses "$first" 'aud does not name'
done
unset JWT_ASKPASS_AUDIENCE

# ---- where the token comes from ----
aud="\"ssh://$host\""
JWT_TOKEN_FILE=$dir/none
ok 'a missing file' refuses "$first" 'No such file'
JWT_TOKEN_FILE=$dir
ok 'a folder' refuses "$first" 'not a regular file'
mkfifo "$dir/fifo"
JWT_TOKEN_FILE=$dir/fifo
ok 'a FIFO does not hang it' refuses "$first" 'not a regular file'
JWT_TOKEN_FILE=$dir/other
: >"$dir/other"
ok 'an empty file' refuses "$first" 'not give a token'
for text in '-----BEGIN PRIVATE KEY-----' 'a.b' 'a.b.c.d' 'a.b c.d' 'a.b=.c' 'hunter2' 'a.b/.c'; do
  echo "$text" >"$dir/other"
  ok "no token: $text" refuses "$first" 'not give a token'
done
printf 'e30.e30\000.c' >"$dir/other"
ok 'no token: a NUL' refuses "$first" 'not give a token'
printf '..' >"$dir/other"
ok 'no token: dots alone' refuses "$first" 'aud does not name'
token 16385 "$aud" >"$dir/other"
ok 'a file one byte too large' refuses "$first" 'more than 16384'
JWT_TOKEN_FILE=/dev/zero
ok 'a device' refuses "$first" 'not a regular file'
JWT_TOKEN_FILE=$dir/other
head -c 300000 /dev/zero >"$dir/other"
ok 'a file far too large' refuses "$first" 'more than 16384'
token 700 "$aud" >"$dir/token"
ln -s token "$dir/link"
JWT_TOKEN_FILE=$dir/link
ok 'a link is followed' gets "$first" 0 700
JWT_TOKEN_FILE=
ok 'no source at all' refuses "$first" 'set JWT_TOKEN_FILE'

export JWT_TOKEN_COMMAND="cat '$dir/token'; echo"
ok 'a command' gets "$first" 0 700
JWT_TOKEN_COMMAND="cat '$dir/token'; exit 3"
ok 'a command that fails' refuses "$first" 'command failed'
JWT_TOKEN_COMMAND="cat '$dir/token'; kill -9 \$\$"
ok 'a command that dies' refuses "$first" 'command failed'
JWT_TOKEN_COMMAND='no-such-command 2>/dev/null'
ok 'a command that is not there' refuses "$first" 'command failed'
JWT_TOKEN_COMMAND='true'
ok 'a command that prints nothing' refuses "$first" 'not give a token'
JWT_TOKEN_COMMAND='cat /dev/zero'
ok 'a command that prints without end' refuses "$first" 'more than 16384'
JWT_TOKEN_COMMAND="cat; cat '$dir/token'"
ok 'a command has nothing to read' gets "$first" 0 700
JWT_TOKEN_COMMAND="[ \$(ulimit -c) = 0 ] && cat '$dir/token'"
ok 'core dumps are off' gets "$first" 0 700
JWT_TOKEN_FILE=$dir/token JWT_TOKEN_COMMAND='exit 1'
ok 'the file goes before the command' gets "$first" 0 700
JWT_TOKEN_FILE=

runs() { # a zombie does not
  grep -q '^[0-9]* (.*) [^Z]' "/proc/$1/stat" 2>/dev/null
}
hangs() { # hangs WORDS: it ends soon, and leaves nothing running
  started=$(date +%s)
  rm -f "$dir/pid"
  refuses "$first" "$1" && [ $(($(date +%s) - started)) -lt 10 ] && ! runs "$(cat "$dir/pid")"
}
export JWT_TOKEN_TIMEOUT=1
JWT_TOKEN_COMMAND="echo \$\$ >'$dir/pid'; sleep 60"
ok 'a command that hangs' hangs 'in time'
JWT_TOKEN_COMMAND="cat '$dir/token'; exec >&-; echo \$\$ >'$dir/pid'; sleep 60"
ok 'a command that hangs after its output' hangs 'failed'
JWT_TOKEN_COMMAND="sleep 60 & echo \$! >'$dir/pid'"
ok 'a command that leaves a child at its output' hangs 'in time'
for seconds in 0 -1 x 1s 301 99999999999999999999; do
  JWT_TOKEN_TIMEOUT=$seconds
  ok "JWT_TOKEN_TIMEOUT=$seconds" refuses "$first" 'expected seconds'
done
unset JWT_TOKEN_TIMEOUT JWT_TOKEN_COMMAND JWT_TOKEN_FILE

# ---- other sources ----
token 1300 "$aud" >"$dir/token"
JOB_TOKEN=$(cat "$dir/token")
export JOB_TOKEN JWT_TOKEN_VARIABLE=JOB_TOKEN
ok 'a variable' gets "$first" 0 1000
JWT_TOKEN_VARIABLE=NO_SUCH
ok 'a variable that is not there' refuses "$first" 'no variable NO_SUCH'
JWT_TOKEN_VARIABLE=HOME
ok 'a variable with something else' refuses "$first" 'not give a token'
unset JWT_TOKEN_VARIABLE JOB_TOKEN
export JWT_TOKEN_COMMAND="[ \"\$JWT_HOST \$JWT_AUDIENCE\" = '$host ssh://$host' ] && cat '$dir/token'"
ok 'a command is told the host and the audience' gets "$first" 0 1000
token 1300 '"ssh://[::1]"' >"$dir/token"
JWT_TOKEN_COMMAND="[ \"\$JWT_HOST \$JWT_AUDIENCE\" = '::1 ssh://[::1]' ] && cat '$dir/token'"
ok 'of an address too' gets '(me@::1) Password or token: ' 0 1000
token 1300 '"urn:x"' >"$dir/token"
JWT_TOKEN_COMMAND="[ \"\$JWT_HOST \$JWT_AUDIENCE\" = '$host urn:x' ] && cat '$dir/token'"
export JWT_ASKPASS_AUDIENCE="$host=urn:x"
ok 'and the audience that stands for a host' gets "$first" 0 1000
unset JWT_TOKEN_COMMAND JWT_ASKPASS_AUDIENCE
cat >"$dir/spire-agent" <<'END'
#!/bin/sh
printf 'token(spiffe://example.org/job):\n\t%s\nbundle(spiffe://example.org):\n\t%s\n' "$(cat "$FAKE_SVID")" '{"keys": []}'
END
chmod +x "$dir/spire-agent"
token 1300 "$aud" >"$dir/token"
export JWT_TOKEN_COMMAND="FAKE_SVID='$dir/token' '$dir/spire-agent' api fetch jwt -audience \"\$JWT_AUDIENCE\" | sed -n '2s/[[:blank:]]//gp'"
ok 'what spire-agent prints' gets "$first" 0 1000
export JWT_TOKEN_COMMAND='echo "$JWT_AUDIENCE" >&2; exit 1'
asks_for_own_host() { ask_sudo 'Password or token: '; grep -qx "ssh://$(uname -n)" "$dir/err"; }
ok 'for sudo it is this host' asks_for_own_host
unset JWT_TOKEN_COMMAND

# ---- services ----
python3 "${abs_top_srcdir:?}/tests/unit/askpass_server.py" "$dir/requests" >"$dir/port" 2>"$dir/server.err" &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -s "$dir/port" ] || sleep 0.1; done
base=http://127.0.0.1:$(cat "$dir/port")
served() { # served BYTES: the whole token of the last login, in parts, is one that the server gave
  ask "$first" && head -c 1000 "$dir/out" >"$dir/token" && ask "$second" && head -c -1 "$dir/out" >>"$dir/token" &&
    [ "$(wc -c <"$dir/token")" = "$1" ] && grep -qxF "$(cat "$dir/token")" "$dir/requests.tokens"
}
asked() { # asked WORDS: in the last request
  tail -n 1 "$dir/requests" | grep -qF -- "$1"
}
export ACTIONS_ID_TOKEN_REQUEST_URL="$base/github?api-version=2.0" ACTIONS_ID_TOKEN_REQUEST_TOKEN=secret-of-the-job
ok 'GitHub Actions, by itself: the parts of one token' served 1300
ok 'it was asked for the audience' asked "/github?api-version=2.0&audience=ssh%3A%2F%2F$host"
ok 'with the secret of the job' asked 'Authorization: Bearer secret-of-the-job'
ok 'once' [ "$(wc -l <"$dir/requests")" = 1 ]
ACTIONS_ID_TOKEN_REQUEST_URL=$base/github
ok 'a URL without a query' served 1300
ok 'gets one' asked "/github?audience=ssh%3A%2F%2F$host"
ok 'another host gets a token of its own' ask '(me@jump.example.org) Password or token: '
ok 'for its own audience' asked 'audience=ssh%3A%2F%2Fjump.example.org'
serves() { # serves PATH WORDS: what the server does there is refused
  ACTIONS_ID_TOKEN_REQUEST_URL=$base/$1
  refuses "$first" "$2"
}
ok 'a web page' serves html 'something else than JSON'
ok 'JSON without a token' serves empty 'something else than JSON'
ok 'JSON with something else in its place' serves words 'not give a token'
ok 'a member twice' serves twice 'something else than JSON'
ok '2 MiB' serves large 'larger than 64 KiB'
ok '2 MiB without a length' serves endless 'larger than 64 KiB'
ok 'a token of 20000 bytes' serves token/20000 'more than 16384'
ok 'a redirection' serves redirect 'redirections are not followed'
ok 'which was not followed' asked /redirect
ok 'a refusal' serves refusal 'HTTP status 403'
ok 'an answer cut off' serves cut "$base/cut: "
export JWT_TOKEN_TIMEOUT=1
ok 'an answer that does not come' serves silence 'no whole answer in time'
unset JWT_TOKEN_TIMEOUT
ok 'no secret of the server in what is said' [ "$(cat "$dir"/err | grep -c secret-of-the-job)" = 0 ]
for url in http://example.org/ ftp://127.0.0.1/ file:///etc/passwd 127.0.0.1 "http://me@127.0.0.1/"; do
  ACTIONS_ID_TOKEN_REQUEST_URL=$url
  ok "no URL to ask: $url" refuses "$first" 'expected an https:// URL'
done
ACTIONS_ID_TOKEN_REQUEST_URL=$base/github ACTIONS_ID_TOKEN_REQUEST_TOKEN='x
y: z'
ok 'no secret to send' refuses "$first" 'is no token'
unset ACTIONS_ID_TOKEN_REQUEST_TOKEN
ok 'a job without the permission' refuses "$first" 'id-token: write'
unset ACTIONS_ID_TOKEN_REQUEST_URL
export JWT_TOKEN_SERVICE=gcp GCE_METADATA_HOST="${base#http://}" http_proxy=http://127.0.0.1:1/
ok "Google's metadata" served 1300
ok 'are asked for the audience' asked "/computeMetadata/v1/instance/service-accounts/default/identity?audience=ssh%3A%2F%2F$host&format=full"
ok 'with the field that they want' asked 'Metadata-Flavor: Google'
unset http_proxy
GCE_METADATA_HOST='127.0.0.1/x'
ok 'a host that is none' refuses "$first" 'GCE_METADATA_HOST'
JWT_TOKEN_SERVICE=gitlab
ok 'an unknown service' refuses "$first" "unknown service 'gitlab'"
unset JWT_TOKEN_SERVICE GCE_METADATA_HOST
kill "$server"
server=

# ---- askpass.conf ----
conf=$HOME/.config/jwt-login/askpass.conf
mkdir -p "$(dirname "$conf")"
(umask 022; printf '# the job\n\n  file=%s  \n audience = jump=x %s=urn:x\ntimeout = 9\r\n' "$dir/token" "$host" >"$conf")
token 1300 '"urn:x"' >"$dir/token"
ok 'askpass.conf: a file and an audience' gets "$first" 0 1000
export JWT_ASKPASS_AUDIENCE="$host=urn:y"
ok 'the environment goes first' refuses "$first" 'aud does not name'
unset JWT_ASKPASS_AUDIENCE
export JWT_TOKEN_COMMAND='exit 1'
ok 'with its source too' refuses "$first" 'command failed'
unset JWT_TOKEN_COMMAND
mkdir -p "$dir/xdg/jwt-login"
export XDG_CONFIG_HOME="$dir/xdg"
ok 'XDG_CONFIG_HOME says where it is' refuses "$first" 'no token: set'
unset XDG_CONFIG_HOME
for line in 'fil = x' 'file' 'file =' '= x' 'file = x;file = y' '[file]'; do
  printf '# first\n%s\n' "$line" | tr ';' '\n' >"$conf"
  ok "askpass.conf: $line" refuses "$first" 'askpass.conf:[23]: '
done
printf 'file = x\0y\n' >"$conf"
ok 'askpass.conf: a NUL' refuses "$first" 'has a NUL'
head -c 9000 /dev/zero | tr '\0' '#' >"$conf"
ok 'askpass.conf: too large' refuses "$first" 'larger than 8191'
printf 'file = %s\n' "$dir/token" >"$conf"
chmod 666 "$conf"
ok 'askpass.conf: others can write it' refuses "$first" 'chmod go-w'
if [ "$(id -u)" = 0 ]; then
  chmod 644 "$conf"
  chown 65534 "$conf"
  ok "askpass.conf: it is somebody else's" refuses "$first" 'belongs to somebody else'
fi
rm "$conf"
mkdir "$conf"
ok 'askpass.conf: a folder' refuses "$first" 'not a regular file'
rmdir "$conf"
mkfifo "$conf"
ok 'askpass.conf: a FIFO does not hang it' refuses "$first" 'not a regular file'
rm "$conf"

# ---- the terminal ----
at_terminal() { # at_terminal TYPED PROMPT: what is shown goes to shown, what is answered to out
  python3 "${abs_top_srcdir:?}/tests/unit/askpass_terminal.py" "$@" >"$dir/out" 2>"$dir/shown"
}
answered() { # answered TYPED PROMPT ANSWER: and not shown
  at_terminal "$1" "$2" && [ "$(cat "$dir/out")" = "$3" ] && ! grep -q -- "$1" "$dir/shown"
}
export JWT_TOKEN_FILE="$dir/token"
ok 'another prompt is asked at the terminal' answered hunter2 "Enter passphrase for key 'id': " hunter2
ok 'and is shown there' grep -q "Enter passphrase for key 'id': " "$dir/shown"
at_terminal yes "$(printf '(me@%s) \033[2J\007Are you sure? ' "$host")"
ok 'without control characters' grep -q "(me@$host) ?\[2J?Are you sure? " "$dir/shown"
ok 'which gets no token' sh -c '! grep -q SSSS "$1"' sh "$dir/out"
interrupted() { at_terminal ^C 'Password: '; [ $? = 130 ] && grep -q 'echo is on' "$dir/shown"; }
ok 'interrupted, the terminal is as it was' interrupted
SSH_ASKPASS_PROMPT=none at_terminal nothing 'Touch the key'
ok 'a notice is shown' grep -q 'Touch the key' "$dir/shown"
ok 'and asks nothing' [ ! -s "$dir/out" ]

# ---- ssh ----
mkdir "$dir/bin"
cat >"$dir/bin/ssh" <<'END'
#!/bin/sh
echo "$SSH_ASKPASS_REQUIRE $SSH_ASKPASS"
printf '%s\n' "$@"
exit 42
END
chmod +x "$dir/bin/ssh"
runs_ssh() {
  PATH=$dir/bin:$PATH "$askpass" --ssh -p 22 me@host 'a b' >"$dir/out" 2>"$dir/err"
  [ $? = 42 ] && [ "$(head -n 1 "$dir/out")" = "force $(readlink -f "$askpass")" ] &&
    [ "$(tail -n 4 "$dir/out" | tr '\n' :)" = '-p:22:me@host:a b:' ] && grep -qx NumberOfPasswordPrompts=1 "$dir/out"
}
ok '--ssh runs ssh with all that it needs, and ends as it does' runs_ssh

# ---- use ----
"$askpass" >"$dir/out" 2>"$dir/err"
ok 'no prompt' refused $? 'expected a prompt'
"$askpass" a b >"$dir/out" 2>"$dir/err"
ok 'two prompts' refused $? 'expected a prompt'
"$askpass" --ssh >"$dir/out" 2>"$dir/err"
ok 'no host' refused $? 'expected a prompt'
ok '--help' sh -c '"$1" --help | grep -q JWT_TOKEN_FILE' sh "$askpass"
token 700 "$aud" >"$dir/token"
: >"$dir/out"
"$askpass" "$first" >/dev/full 2>"$dir/err"
ok 'an answer that cannot be written' refused $? 'could not be written'

echo "1..$count"
