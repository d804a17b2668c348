# What npm installed for the tests, to be sourced.
# shellcheck shell=bash

npm=${JWT_LOGIN_NPM-${abs_top_builddir:?}/npm}

# no_node_module NAME: says why it cannot be used; false when it can
no_node_module() {
  if ! command -v node >/dev/null; then echo 'there is no node here'
  elif [ ! -d "$npm/node_modules/$1" ]; then echo "npm did not install $1 into $npm"
  else return 1
  fi
}

# with_node_modules SCRIPT FOLDER: a copy of ours in the folder, where node finds what npm installed
with_node_modules() {
  cp "${abs_top_srcdir:?}/tests/makers/$1" "$2/" && ln -sfn "$npm/node_modules" "$2/node_modules"
}
