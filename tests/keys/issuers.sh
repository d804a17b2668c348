# Issuers with a certificate authority of their own, inside a private root. To be sourced behind login-host.sh.
# shellcheck shell=bash

issuers=/run/issuers # what the servers serve
authority=/run/authority
keys=/dev/shm/keys # key pairs; in memory, and in no folder that is kept
cache=/var/cache/jwt-login/keys
fetch=/usr/libexec/jwt-login/jwt-fetch-keys
server_pids=()
declare -A base

# ---- servers ----

# new_authority NAME
new_authority() {
  mkdir -p "$authority"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$authority/$1.key" \
    -out "$authority/$1.pem" -days 30 -subj "/CN=$1" 2>/dev/null
}

# new_certificate NAME AUTHORITY HOST DAYS
new_certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$authority/$1.key" -out "$authority/$1.csr" \
    -subj "/CN=$3" 2>/dev/null
  openssl x509 -req -in "$authority/$1.csr" -CA "$authority/$2.pem" -CAkey "$authority/$2.key" -CAcreateserial \
    -days "$4" -extfile <(echo "subjectAltName=DNS:$3") -out "$authority/$1.pem" 2>/dev/null
}

# start_server NAME [CERTIFICATE [HOST]]: without one it speaks plain HTTP; its address is then ${base[NAME]}
start_server() {
  local name=$1 port=/run/port.$1 address=http://localhost pair=()
  [ -z "${2-}" ] || { address=https://${3-issuer.test} pair=("$authority/$2.pem" "$authority/$2.key"); }
  mkdir -p "$issuers"
  python3 "$top/tests/keys/issuer-server.py" "$issuers" "$port" "${pair[@]}" &
  server_pids+=($!)
  wait_for test -s "$port" && base[$name]=$address:$(cat "$port")
}

stop_servers() {
  kill "${server_pids[@]}"
  wait "${server_pids[@]}" 2>/dev/null
  server_pids=()
}

# behave NAME [LINE]...: see issuer-server.py
behave() {
  local name=$1
  shift
  mkdir -p "$issuers/$name"
  printf '%s\n' "$@" >"$issuers/$name/behaviour"
}

# asked_mark, asked NAME PART: how often it was asked for since
asked_start=1
asked_mark() {
  : >>"$issuers/log"
  asked_start=$(($(wc -l <"$issuers/log") + 1))
}
asked() {
  tail -n "+$asked_start" "$issuers/log" | grep -c "^$1 $2 "
}

# ---- keys ----

# new_key NAME...: a key pair with that kid
new_key() {
  local name
  mkdir -p "$keys"
  for name; do
    jwtctl dev key --out "$keys/$name" --alg ES256 --kid "$name" >/dev/null || return
  done
}

# serve ISSUER [KEY]...: its key set is now that of these
serve() {
  local issuer=$1 set=()
  shift
  [ $# = 0 ] || set=("${@/#/$keys/}")
  mkdir -p "$issuers/$issuer"
  python3 -c 'import json, sys
print(json.dumps({"keys": [key for path in sys.argv[1:] for key in json.load(open(path + "/keys.json"))["keys"]]}))' \
    "${set[@]}" >"$issuers/$issuer/new" && mv "$issuers/$issuer/new" "$issuers/$issuer/keys.json"
}

# sign FILE KEY URL [OPTION]...: a token for this host
sign() {
  mkdir -p "$tokens"
  jwtctl dev token --key "$keys/$2/private.jwk" --issuer "$3" --audience "ssh://$host" --subject robot "${@:4}" |
    tr -d '\n' >"$tokens/$1"
}

# section NAME URL [OPTION]...: an issuer's section and a rule that lets its people be `worker`
section() {
  printf 'issuer "%s" {\n    url = "%s"\n    audience = "ssh://%s"\n    algorithms = { "ES256" }\n' "$1" "$2" "$host"
  [ $# = 2 ] || printf '    %s\n' "${@:3}"
  printf '}\nrule "%s" {\n    issuer = "%s"\n    any = true\n    account = "worker"\n}\n' "$1" "$1"
}

# sections TEXT: these are the settings
sections() {
  mkdir -p /etc/jwt-login
  printf 'hostname = "%s"\n%s\n' "$host" "$1" >/etc/jwt-login/jwt-login.conf
  jwtctl apply >/dev/null
}

# cached NAME: the file of its keys in the cache, which is there or comes to be
cached() {
  find "$cache" -name "$1-*.keys"
}

# aged NAME SECONDS: its keys were fetched so long ago
aged() {
  local file
  file=$(cached "$1")
  sed -i -E "1s/\"fetched\":[0-9]+/\"fetched\":$(($(date +%s) - $2))/" "$file"
  chown _jwt-fetch: "$file"
}

# due NAME SECONDS: its keys are due in so long
due() {
  local file
  file=$(cached "$1")
  sed -i -E "1s/\"due\":[0-9]+/\"due\":$(($(date +%s) + $2))/" "$file"
  chown _jwt-fetch: "$file"
}

# rested NAME: the pause after a fetch for a login is over
rested() {
  find "$cache" -name "$1-*.stamp" -exec touch -d '-31 seconds' {} +
}

# ---- logins through the module ----

# enters TOKEN [USER]: the login succeeds
enters() {
  timeout 60 pamtester login "${2-worker}" authenticate <"$tokens/$1"
}

# turned_away REASON TOKEN [DETAIL]: it fails, and the audit says why
turned_away() {
  log_mark
  refuse enters "$2" || return
  logged "decision=deny reason=$1( .*)?${3:+ detail=\".*$3}"
}
