# The rules of the structure, to be sourced. Each function prints what breaks it, a line each, and nothing when all is well.
# shellcheck shell=bash

base_contracts='account_settings.h audit.h compiler.h fleet_key.h fullio.h key_cache.h names.h paths.h reason.h secret.h shared_folder.h system_user.h trace.h trusted_file.h urls.h'
library_headers='confuse.h jansson.h openssl/* seccomp.h security/* sqlite3.h curl/* pcre2.h archive.h zlib.h'

fits() { # WORD PATTERN...
  local word=$1 pattern
  shift
  for pattern; do
    # shellcheck disable=SC2053 # a pattern
    [[ $word == $pattern ]] && return 0
  done
  return 1
}

sources_of() { # TREE [FILE]...: those, or every C file of a room, relative
  local tree=$1
  shift
  [ $# = 0 ] || { printf '%s\n' "$@"; return; }
  (cd "$tree" && find include lib pam_jwt nss_jwt tools -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
}

# An include may name a contract that its room is allowed, a header of its own folder, or an allowed library.
include_violations() { # TREE ROOMS [FILE]...
  local tree=$1 rooms=$2 file kind header
  shift 2
  while read -r file; do
    local files="" contracts="" libraries="" pattern
    while IFS='|' read -r pattern contracts libraries; do
      pattern=${pattern%% *}
      [[ $pattern == '#'* || -z $pattern ]] && continue
      if fits "$file" "$pattern"; then files=$pattern; break; fi
    done <"$rooms"
    [ -n "$files" ] || { echo "$file: belongs to no room of $(basename "$rooms")"; continue; }
    contracts=${contracts/base/$base_contracts}

    set -f
    while read -r kind header; do
      case $kind in
        '"')
          # shellcheck disable=SC2086 # lists of words
          if fits "$header" config.h $contracts; then continue; fi
          if [ "${header##*/}" = "$header" ] && [ -e "$tree/$(dirname "$file")/$header" ]; then continue; fi
          echo "$file: \"$header\" is none of its own folder's headers and none of the contracts its room may use" ;;
        '<')
          # shellcheck disable=SC2086
          if fits "$header" $library_headers && ! fits "$header" $libraries; then
            echo "$file: <$header> is a library that its room may not use"
          fi ;;
      esac
    done < <(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*\(["<]\)\([^">]*\)[">].*/\1 \2/p' "$tree/$file")
    set +f
  done < <(sources_of "$tree" "$@")
}

needed_violations() { # FILE ALLOWED...
  local file=$1 library
  shift
  [ -f "$file" ] || echo "${file:-file} is missing"
  for library in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    fits "$library" "$@" || echo "$(basename "$file"): needs $library"
  done
}

export_violations() { # FILE REGULAR-EXPRESSION
  local names
  names=$(nm -D --defined-only "$1" | awk '{ print $3 }')
  grep -qE "$2" <<<"$names" || echo "$(basename "$1"): exports nothing that matches $2"
  grep -vE "$2" <<<"$names" | sed "s|^|$(basename "$1"): exports |"
  return 0
}

import_violations() { # FILE REGULAR-EXPRESSION: functions of the C library that it must not call
  nm -D --undefined-only "$1" | awk '{ sub(/@.*/, "", $2); print $2 }' | grep -xE "$2" |
    sed "s|^|$(basename "$1"): calls |"
  return 0
}

calls_of() { # FILE: its code without comments and strings
  "${CC:-cc}" -fpreprocessed -dD -E -P -x c "$1" 2>/dev/null | sed -E 's/"([^"\\]|\\.)*"/""/g'
}

banned_everywhere='strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strtok|system|popen|tmpnam|mktemp|tempnam|alloca|atoi|atol|atoll|rand|srand|random'
banned_in_libraries='printf|fprintf|vprintf|vfprintf|puts|perror|syslog|vsyslog|exit|abort|assert|err|errx|warn|warnx'

banned_violations() { # TREE [FILE]...
  local tree=$1 file banned call
  shift
  while read -r file; do
    banned=$banned_everywhere
    case $file in tools/*) ;; *) banned+='|getenv|secure_getenv|setenv|putenv' ;; esac
    case $file in lib/*) banned+="|$banned_in_libraries" ;; esac
    for call in $(calls_of "$tree/$file" | grep -oE "(^|[^A-Za-z0-9_>.])($banned)[[:space:]]*\(" | tr -d ' \t(' | sort -u); do
      echo "$file: calls ${call//[^A-Za-z0-9_]/}, which is banned there"
    done
  done < <(sources_of "$tree" "$@")
}
