# token: jansson and libcrypto
noinst_LTLIBRARIES += lib/token/libtoken.la
lib_token_libtoken_la_SOURCES = lib/token/actors.c lib/token/algorithms.c lib/token/algorithms.h lib/token/base64url.c \
	lib/token/base64url.h lib/token/claim_checks.c lib/token/claims.c lib/token/claims.h lib/token/key.c \
	lib/token/key.h lib/token/keyset.c lib/token/keyset.h lib/token/keyset_cache.c \
	lib/token/keyset_plain.c lib/token/parsed.h lib/token/proof.c lib/token/proof.h \
	lib/token/signature.c lib/token/ssh_key.c lib/token/strict_json.c lib/token/strict_json.h \
	lib/token/thumbprint.c lib/token/token.c lib/token/verify.c
lib_token_libtoken_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)
lib_token_libtoken_la_LIBADD = lib/base/libbase.la $(CRYPTO_LIBS) $(JANSSON_LIBS)
