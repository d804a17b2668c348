# keys: fetching them, from servers of our own
dist_check_SCRIPTS += tests/keys/fetch.sh tests/keys/jwtctl.sh tests/keys/logins.sh tests/keys/sshd.sh tests/keys/units.sh
EXTRA_DIST += tests/keys/issuer-server.py tests/keys/issuers.sh
