#!/bin/bash
# Include direction, NEEDED lists, exported symbols and banned calls are what docs/ARCHITECTURE.md says; and each rule
# is broken once, in a scratch copy, to see that it would be noticed.
set -u
top=${abs_top_srcdir:?}
build=${abs_top_builddir:?}
. "$top/tests/lib/tap.sh"
. "$top/tests/structure/rules.sh"
rooms=$top/tests/structure/rooms.txt
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

# ---- the tree as it is ----

nothing() { # COMMAND...: for check; it prints nothing
  is "$("$@")" ""
}

check 'every include goes the way the arrows go' nothing include_violations "$top" "$rooms"
check 'no banned function is called' nothing banned_violations "$top"

# What each installed file may need. libgcc_s, libasan and the like have no place in another's process.
installed() { # NAME: its path below the staged installation
  find "$build/tests/stage" -name "$1" -not -type l
}
if grep -q '^#define SANITIZER_BUILD' "$build/config.h"; then
  skip 'NEEDED lists and exports' 'a sanitizer build needs its run-time library'
else
  module=$(installed pam_jwt.so)
  nss=$(installed 'libnss_jwt.so.2*')
  check 'pam_jwt.so needs libpam and libc only' nothing needed_violations "$module" libpam.so.0 libc.so.6
  check 'libnss_jwt.so.2 needs libc only' nothing needed_violations "$nss" libc.so.6
  check 'jwt-keeper has no JSON, no cryptography, no network' nothing needed_violations "$(installed jwt-keeper)" \
    libc.so.6 'libconfuse.so.*' 'libsqlite3.so.*'
  check 'jwt-judge has no database and no network' nothing needed_violations "$(installed jwt-judge)" \
    libc.so.6 'libconfuse.so.*' 'libcrypto.so.*' 'libjansson.so.*' 'libseccomp.so.*'
  check 'jwt-fetch-keys has no database' nothing needed_violations "$(installed jwt-fetch-keys)" \
    libc.so.6 'libconfuse.so.*' 'libcrypto.so.*' 'libcurl.so.*' 'libjansson.so.*' 'libseccomp.so.*'
  check 'jwtctl has no network' nothing needed_violations "$(installed jwtctl)" \
    libc.so.6 'libconfuse.so.*' 'libcrypto.so.*' 'libjansson.so.*' 'libseccomp.so.*' 'libsqlite3.so.*'
  check 'jwt-askpass has no cryptography of its own and no database' nothing needed_violations "$(installed jwt-askpass)" \
    libc.so.6 'libcurl.so.*' 'libjansson.so.*'
  check 'pam_jwt.so exports pam_sm_* only' nothing export_violations "$module" \
    '^pam_sm_(authenticate|setcred|acct_mgmt|open_session|close_session|chauthtok)$'
  check 'libnss_jwt.so.2 exports _nss_jwt_* only' nothing export_violations "$nss" '^_nss_jwt_[a-z_]+$'
  check 'a lookup cannot wait, ask the environment, run anything or end the process' nothing import_violations "$nss" \
    'socket|connect|poll|select|send.*|recv.*|exec.*|v?fork|posix_spawn.*|system|popen|flock|lockf|sleep|usleep|nanosleep|(secure_)?getenv|pthread_mutex_lock|pthread_rwlock_.*|sem_wait|v?syslog|_?exit|abort'
  check 'pam_jwt.so asks no environment and does not end its host' nothing import_violations "$module" \
    '(secure_)?getenv|setenv|system|popen|exit|abort|signal'
fi

# ---- each rule, broken once ----

noticed() { # TEXT COMMAND...: for check; the violation is printed
  local text=$1
  shift
  "$@" | grep -qF -- "$text" || { echo "not noticed; it says: $("$@")"; return 1; }
}

copy=$scratch/copy
mkdir -p "$copy"
cp -R "$top/include" "$top/lib" "$top/pam_jwt" "$top/nss_jwt" "$top/tools" "$copy"
chmod -R u+w "$copy" # the tree may be read-only

break_include() { # FILE LINE TEXT: a file with that line is noticed
  mkdir -p "$(dirname "$copy/$1")"
  echo "$2" >"$copy/$1"
  check "noticed: $2 in $1" noticed "$3" include_violations "$copy" "$rooms" "$1"
}
break_include lib/token/broken.c '#include "ledger.h"' 'lib/token/broken.c: "ledger.h"'
break_include lib/accounts/broken.c '#include "token.h"' 'lib/accounts/broken.c: "token.h"'
break_include lib/base/broken.c '#include "../../pam_jwt/protocol.h"' 'lib/base/broken.c: "../../pam_jwt/protocol.h"'
break_include lib/base/broken.c '#include "module.h"' 'lib/base/broken.c: "module.h"'
break_include nss_jwt/broken.c '# include  <openssl/evp.h>' 'nss_jwt/broken.c: <openssl/evp.h>'
break_include pam_jwt/keeper_broken.c '#include "verified_claims.h"' 'pam_jwt/keeper_broken.c: "verified_claims.h"'
break_include pam_jwt/public_broken.c '#include <jansson.h>' 'pam_jwt/public_broken.c: <jansson.h>'
break_include lib/attic/broken.c '#include "reason.h"' 'lib/attic/broken.c: belongs to no room'
check 'noticed among all the others too' noticed 'lib/attic/broken.c: belongs to no room' include_violations "$copy" "$rooms"

break_call() { # FILE CODE TEXT
  echo "$2" >"$copy/$1"
  check "noticed: $2 in $1" noticed "$3" banned_violations "$copy" "$1"
}
break_call lib/base/broken.c 'void f(char *a) { strcpy (a, "x"); }' 'lib/base/broken.c: calls strcpy'
break_call lib/policy/broken.c 'void f(void) { fprintf(stderr, "no"); }' 'lib/policy/broken.c: calls fprintf'
break_call pam_jwt/broken.c 'void f(void) { getenv("X"); }' 'pam_jwt/broken.c: calls getenv'
echo 'void f(void) { g("strcpy("); /* strcpy( */ }' >"$copy/lib/base/harmless.c"
check 'a string or a comment is not a call' nothing banned_violations "$copy" lib/base/harmless.c

object() { # NAME CODE LIBRARY...: a shared object that should not pass
  local name=$1 code=$2
  shift 2
  echo "$code" | "${CC:-cc}" -shared -fPIC -x c -o "$scratch/$name" - -x none -Wl,--no-as-needed "$@"
}
object bad.so 'int pam_sm_setcred(void) { return 0; } int helper(void) { return 1; }' -lcrypto
check 'noticed: another library in a NEEDED list' noticed 'bad.so: needs libcrypto' \
  needed_violations "$scratch/bad.so" libpam.so.0 libc.so.6
check 'noticed: another exported symbol' noticed 'bad.so: exports helper' export_violations "$scratch/bad.so" '^pam_sm_'
check 'noticed: no exported symbol' noticed 'exports nothing' export_violations "$scratch/bad.so" '^_nss_jwt_'
object waiting.so 'int socket(int, int, int); int f(void) { return socket(1, 1, 0); }'
check 'noticed: a call that waits' noticed 'waiting.so: calls socket' import_violations "$scratch/waiting.so" 'socket|poll'

tap_end
