# docs
dist_man_MANS += docs/man/jwt-askpass.1 docs/man/jwt-fetch-keys.8 docs/man/jwt-login.conf.5 docs/man/jwt-login.7 docs/man/jwtctl.8 \
	docs/man/nss_jwt.8 docs/man/pam_jwt.8
dist_doc_DATA += docs/ARCHITECTURE.md docs/STANDARDS.md

dist_check_SCRIPTS += tests/docs/pages.sh tests/docs/standards.sh
