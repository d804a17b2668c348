# makers: tokens and key sets that others made; tests/run installs what npm has for them
dist_check_SCRIPTS += tests/makers/makers.sh
EXTRA_DIST += tests/makers/jose_tokens.mjs tests/makers/jwcrypto_tokens.py tests/makers/ml_dsa.sh tests/makers/node.sh \
	tests/makers/openssl_tokens.sh tests/makers/package.json tests/makers/package-lock.json tests/makers/provider.mjs
