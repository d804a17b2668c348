#!/bin/sh
# jwt-askpass: which prompts get which part of the token, and which get nothing.
set -u
askpass=${abs_top_builddir:?}/tools/jwt-askpass
dir=$(mktemp -d "${TMPDIR:-/tmp}/askpass-test.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
unset JWT_TOKEN_FILE JWT_TOKEN_COMMAND JWT_TOKEN_TIMEOUT JWT_ASKPASS_AUDIENCE
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

# token SIZE AUD-JSON: a token of that many bytes; its signature is nobody's
token() {
  head=$(printf '{"alg":"ES256"}' | base64url).$(printf '{"sub":"x","aud":%s}' "$2" | base64url).
  printf %s "$head"
  head -c $(($1 - ${#head})) /dev/zero | tr '\0' S
}

# The program as ssh runs it, and as a child of a process named sudo.
ask() { "$askpass" "$1" >"$dir/out" 2>"$dir/err" </dev/null; }
cat >"$dir/sudo" <<'END'
#!/bin/sh
"$@"
exit $?
END
chmod +x "$dir/sudo"
ask_sudo() { "$dir/sudo" "$askpass" "$1" >"$dir/out" 2>"$dir/err" </dev/null; }

# part FIRST SIZE: the last answer is that piece of the token, and a newline
part() {
  { tail -c "+$(($1 + 1))" "$dir/token" | head -c "$2"; echo; } | cmp -s - "$dir/out"
}
gets() { # gets PROMPT FIRST SIZE
  ask "$1" && part "$2" "$3" && [ ! -s "$dir/err" ]
}
sudo_gets() {
  ask_sudo "$1" && part "$2" "$3" && [ ! -s "$dir/err" ]
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

# ---- parts ----
token 700 "$aud" >"$dir/token"
ok 'a short token is one answer' gets "$first" 0 700
ok 'it has no part 2' refuses "$second" 'no part 2'
token 2300 "$aud" >"$dir/token"
ok 'a long token: part 1 is 1000 bytes' gets "$first" 0 1000
ok 'a long token: part 2 is 1000 bytes' gets "$second" 1000 1000
ok 'a long token: part 3 is the rest' gets "$third" 2000 300
token 999 "$aud" >"$dir/token"
ok '999 bytes are one answer' gets "$first" 0 999
token 1000 "$aud" >"$dir/token"
ok '1000 bytes: all of it' gets "$first" 0 1000
ok '1000 bytes: part 2 is empty' gets "$second" 1000 0
ok '1000 bytes: there is no part 3' refuses "$third" 'no part 3'
token 2000 "$aud" >"$dir/token"
ok '2000 bytes: part 2 is full' gets "$second" 1000 1000
ok '2000 bytes: part 3 is empty' gets "$third" 2000 0
token 16384 "$aud" >"$dir/token"
ok '16 KiB: part 17 is the rest' gets "(me@$host) Token (part 17): " 16000 384
echo >>"$dir/token"
ok 'the newline of a file is not part of the token' gets "(me@$host) Token (part 17): " 16000 384
token 1200 "$aud" >"$dir/token"
printf ' \r\n\n' >>"$dir/token"
ok 'nor is white space at its end' gets "$second" 1000 200
token 800 "$aud" >"$dir/token"
ok 'the file is read each time' gets "$first" 0 800

# ---- sudo ----
token 1100 '"another"' >"$dir/token"
ok 'sudo: part 1 is 500 bytes' sudo_gets 'Password or token: ' 0 500
ok 'sudo: part 3 is the rest' sudo_gets 'Token (part 3): ' 1000 100
token 16384 "$aud" >"$dir/token"
ok 'sudo: part 33 of 16 KiB' sudo_gets 'Token (part 33): ' 16000 384
token 1000 "$aud" >"$dir/token"
ok 'sudo: an exact multiple ends with an empty part' sudo_gets 'Token (part 3): ' 1000 0
ok 'sudo: its own prompt is refused' sudo_refuses '[sudo] password for me: ' 'not a prompt for a token'
ok 'without a prefix, and not from sudo' refuses 'Password or token: ' 'user@host'
ok 'without a prefix, part 2' refuses 'Token (part 2): ' 'user@host'

# ---- other prompts ----
for prompt in '' "me@$host's password: " "(me@$host) Password: " "(me@$host) Password or token:" \
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
ok 'an empty file' refuses "$first" 'does not give a token'
for text in '-----BEGIN PRIVATE KEY-----' 'a.b' 'a.b.c.d' 'a.b c.d' 'a.b=.c' 'hunter2' 'a.b/.c'; do
  echo "$text" >"$dir/other"
  ok "no token: $text" refuses "$first" 'does not give a token'
done
printf 'e30.e30\000.c' >"$dir/other"
ok 'no token: a NUL' refuses "$first" 'does not give a token'
printf '..' >"$dir/other"
ok 'no token: dots alone' refuses "$first" 'aud does not name'
token 16385 "$aud" >"$dir/other"
ok 'a file one byte too large' refuses "$first" 'more than 16384'
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
ok 'a command that fails' refuses "$first" 'JWT_TOKEN_COMMAND failed'
JWT_TOKEN_COMMAND="cat '$dir/token'; kill -9 \$\$"
ok 'a command that dies' refuses "$first" 'JWT_TOKEN_COMMAND failed'
JWT_TOKEN_COMMAND='no-such-command 2>/dev/null'
ok 'a command that is not there' refuses "$first" 'JWT_TOKEN_COMMAND failed'
JWT_TOKEN_COMMAND='true'
ok 'a command that prints nothing' refuses "$first" 'does not give a token'
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

# ---- use ----
"$askpass" >"$dir/out" 2>"$dir/err"
ok 'no prompt' refused $? 'expected one argument'
"$askpass" a b >"$dir/out" 2>"$dir/err"
ok 'two prompts' refused $? 'expected one argument'
JWT_TOKEN_FILE=$dir/token
: >"$dir/out"
"$askpass" "$first" >/dev/full 2>"$dir/err"
ok 'an answer that cannot be written' refused $? 'could not be written'

echo "1..$count"
