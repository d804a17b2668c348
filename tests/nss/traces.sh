#!/bin/bash
# What the NSS module leaves in a process: no memory, no descriptor, nothing that runs at load or exit.
set -u
export LC_ALL=C
# shellcheck source=tests/lib/tap.sh
. "${abs_top_srcdir:?}/tests/lib/tap.sh"
# shellcheck source=tests/lib/nss-host.sh
. "$abs_top_srcdir/tests/lib/nss-host.sh"
load_module=$nss_programs/load_module
alice=1879050001 ops=1879060000

check 'tables are written' "$nss_programs/make_tables" write --enumerate --group "ops=$ops" "alice=$alice,$ops"
check 'the module can be loaded and unloaded' "$load_module" "$nss_module" 20

no_memory_is_left() {
  local log=$scratch/valgrind
  valgrind --leak-check=full --show-leak-kinds=all --log-file="$log" "$load_module" "$nss_module" 20 ||
    { cat "$log"; return 1; }
  sed -n '/HEAP SUMMARY/,$p' "$log"
  grep -q 'in use at exit: 0 bytes in 0 blocks' "$log" && grep -q 'ERROR SUMMARY: 0 errors' "$log"
}
if [ -n "$(command -v valgrind)" ]; then
  check 'no byte of it is left after dlclose' no_memory_is_left
else
  skip 'no byte of it is left after dlclose' 'there is no valgrind'
fi

opens_close_on_exec() {
  strace -f -e trace=openat,open,creat,dup,dup2,dup3,fcntl,socket,pipe,pipe2,memfd_create,close -o "$scratch/trace" \
    "$load_module" "$nss_module" 3 || return
  grep -F "$tables/" "$scratch/trace" >"$scratch/opens"
  cat "$scratch/opens"
  [ "$(wc -l <"$scratch/opens")" = 6 ] && ! grep -v O_CLOEXEC "$scratch/opens" &&
    [ "$(grep -c '^[0-9 ]*close(' "$scratch/trace")" = "$(grep -cE '^[0-9 ]*open(at)?\(.*= [0-9]+$' "$scratch/trace")" ]
}
if strace -o /dev/null true 2>/dev/null; then
  check 'what it opens is closed on exec, and closed at once' opens_close_on_exec
else
  skip 'what it opens is closed on exec, and closed at once' 'strace is missing or may not trace'
fi

# A module that does nothing has what the compiler itself puts there.
constructors() { # MODULE
  readelf -d "$1" | sed -n 's/.*(INIT_ARRAYSZ) *//p'
}
check 'it has no constructor' is "$(constructors "$nss_module")" "$(constructors "$scratch/lib/libnss_trivial.so.2")"
imports() {
  readelf --dyn-syms -W "$nss_module" | awk '$7 == "UND" {print $8}' | sed 's/@.*//'
}
check 'its imports are listed' grep -qx memcpy <<<"$(imports)"
check 'it registers nothing to run at exit or fork' refuse \
  grep -xE 'atexit|on_exit|__cxa_atexit|__cxa_thread_atexit.*|at_quick_exit|pthread_atfork|__register_atfork' <<<"$(imports)"
check 'it connects to nothing, starts nothing, takes no lock' refuse \
  grep -xE 'socket|connect|fork|vfork|exec.*|posix_spawn.*|system|popen|dlopen|pthread_mutex_lock|pthread_rwlock_.*|flock|lockf' \
  <<<"$(imports)"
tap_end
