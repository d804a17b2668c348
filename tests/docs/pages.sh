#!/bin/bash
# The documents say what is there: no more, no less.
set -u
source=${abs_top_srcdir:?}
build=${abs_top_builddir:?}
man=$source/docs/man
jwtctl=$build/tools/jwtctl
# shellcheck source=tests/lib/tap.sh
. "$source/tests/lib/tap.sh"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# between FROM TO FILE: the lines after the line FROM up to the first that matches TO, or to the end
between() { awk -v from="$1" -v to="^$2 " '$0 == from {on = 1; next} on && $0 ~ to {exit} on' "$3"; }

# ---- form ----
for page in "$man"/*; do
  name=$(basename "$page")
  if command -v mandoc >/dev/null; then
    check "$name is clean mdoc" mandoc -Tlint -W warning "$page"
  else
    skip "$name is clean mdoc" 'no mandoc'
  fi
  for reference in $(sed -n 's/^\.Xr \([^ ]*jwt[^ ]*\) \([0-9]\).*/\1.\2/p' "$page" | sort -u); do
    check "$name refers to $reference, which exists" test -f "$man/$reference"
  done
done
check 'every page is installed' is "$(grep -o 'docs/man/[^ ]*' "$source/docs/local.mk" | sort)" \
  "$(cd "$source" && printf '%s\n' docs/man/* | sort)"

# ---- jwt-login(7): the reasons, in the order of the decision ----
codes=$(sed -n 's/^  X(REASON_[A-Z_]*, "\([a-z-]*\)".*/\1/p' "$source/include/reason.h")
check 'the codes of include/reason.h are all found' is "$(echo "$codes" | wc -l)" "$(grep -c 'X(REASON_' "$source/include/reason.h")"
check 'jwt-login(7) has exactly the reasons there are' is \
  "$(between '.Sh REASONS' '[.]Sh' "$man/jwt-login.7" | sed -n 's/^\.It Li //p')" "$codes"

# ---- jwt-login.conf(5): the options of each section, with their defaults ----
rows() { # lines "section option required default"; "-" for no, or for a default that the table does not spell out
  awk '
    function text(field) { return match($0, "[.]" field " = \"[^\"]*\"") ? substr($0, RSTART + length(field) + 5, RLENGTH - length(field) - 6) : "" }
    function flush() { if (name) print section, name, required, fallback; name = "" }
    /^static const struct option [a-z]*_options/ { section = $5; sub(/_options.*/, "", section) }
    section && /[.]name = "/ { flush(); name = text("name"); required = fallback = "-" }
    /[.]required = true/ { required = "Required." }
    text("fallback") { fallback = text("fallback") }
    /^};/ { flush(); section = "" }' "$source/lib/policy/options.c"
}
heading() { case $1 in top) echo '.Ss Top level' ;; *) echo ".Ss ${1^}" ;; esac }
item() { # item SECTION OPTION: its text
  between "$(heading "$1")" '[.]S[hs]' "$man/jwt-login.conf.5" |
    awk -v from=".It Ic $2" '$0 == from {on = 1} on && /^\.It/ && text {exit} on && !/^\.It/ {text = 1} on'
}
rows >"$dir/rows"
check 'the option tables are found' test "$(wc -l <"$dir/rows")" -ge 20
check 'jwt-login.conf(5) has exactly the sections there are' is \
  "$(between '.Sh OPTIONS' '[.]Sh' "$man/jwt-login.conf.5" | grep '^\.Ss')" \
  "$(cut -d' ' -f1 "$dir/rows" | uniq | while read -r section; do heading "$section"; done)"
for section in $(cut -d' ' -f1 "$dir/rows" | uniq); do
  check "jwt-login.conf(5), $section: exactly the options there are" is \
    "$(between "$(heading "$section")" '[.]S[hs]' "$man/jwt-login.conf.5" | sed -n 's/^\.It Ic //p')" \
    "$(awk -v section="$section" '$1 == section {print $2}' "$dir/rows")"
done
while read -r section option required default; do
  found=$(item "$section" "$option" | grep -o '^Required[.]' || echo -)
  check "jwt-login.conf(5), $section: whether $option is required" is "$found" "$required"
  [ "$default" = - ] || check "jwt-login.conf(5), $section: the default of $option is $default" grep -qwF -- "$default" \
    <(item "$section" "$option")
done <"$dir/rows"

# ---- jwtctl(8): the commands and their options ----
"$jwtctl" --help >"$dir/help"
commands=$(sed -n 's/^  \([a-z]\+\( [a-z]\+\)\?\)  .*/\1/p' "$dir/help")
check 'jwtctl --help lists commands' test -n "$commands"
check 'jwtctl(8) has exactly the commands there are' is \
  "$(between '.Sh COMMANDS' '[.]Sh' "$man/jwtctl.8" | sed -n 's/^\.Ss //p' | sort)" "$(echo "$commands" | sort)"
while read -r command; do
  # shellcheck disable=SC2086 # two words are two arguments
  "$jwtctl" $command --help >"$dir/help"
  check "jwtctl(8), $command: exactly the options there are" is \
    "$(between ".Ss $command" '[.]S[hs]' "$man/jwtctl.8" | sed -n 's/^\.It Fl -\([a-z-]*\).*/\1/p' | sort)" \
    "$(sed -n 's/^  --\([a-z-]*\).*/\1/p' "$dir/help" | sort)"
done <<<"$commands"

# ---- jwt-askpass(1): its settings ----
askpass_options() { sed -n 's/^    {"\([a-z]*\)", "\([A-Z_]*\)", .*/\'"$1"'/p' "$source/tools/askpass_settings.c"; }
check 'the settings of jwt-askpass are found' test "$(askpass_options 1 | wc -l)" -ge 6
check 'jwt-askpass(1) has exactly the variables there are' is \
  "$(between '.Sh ENVIRONMENT' '[.]Sh' "$man/jwt-askpass.1" | sed -n 's/^\.It Ev //p')" "$(askpass_options 2)"
check 'and the names for its file' is \
  "$(between '.Sh FILES' '[.]Sh' "$man/jwt-askpass.1" | sed -n 's/^\.Cm \([a-z]*\).*/\1/p')" "$(askpass_options 1)"
check 'and the services' is "$(between '.Sh ENVIRONMENT' '[.]Sh' "$man/jwt-askpass.1" | sed -n 's/^\.It Cm //p')" \
  "$(grep -o '{"[a-z]*", ask_[a-z]*}' "$source/tools/askpass_service.c" | cut -d'"' -f2)"

# ---- examples ----
between '.Sh EXAMPLES' '[.]Sh' "$man/jwt-login.conf.5" | awk '/^\.Bd/ {on = 1; next} /^\.Ed/ {exit} on' >"$dir/example.conf"
check 'the example of jwt-login.conf(5) is valid' "$jwtctl" check --config "$dir/example.conf"
awk '/^```$/ {on = 0} on {print} /^``` *conf$/ {on = 1}' "$source/README.md" >"$dir/readme.conf"
check 'the settings in README.md are valid' "$jwtctl" check --config "$dir/readme.conf"

# ---- README.md and ARCHITECTURE.md ----
for command in packaging/quickstart tests/run; do
  check "README.md tells of $command" grep -q "sudo $command" "$source/README.md"
  check "$command can be run" test -x "$source/$command"
done
for file in README.md docs/ARCHITECTURE.md; do
  base=$(dirname "$source/$file")
  for link in $(grep -o '](\([^)#:]*\))' "$source/$file" | tr -d '()]'); do
    check "$file links to $link, which exists" test -e "$base/$link"
  done
done
rooms=$(cd "$source" && ls -d include lib/*/ pam_jwt nss_jwt tools | sed 's,/*$,/,' | sort)
check 'docs/ARCHITECTURE.md tells of every room and of no other' is \
  "$(between '## Rooms' '##' "$source/docs/ARCHITECTURE.md" | sed -n 's/^| `\([a-z_/]*\/\)`.*/\1/p' | sort)" "$rooms"

tap_end
