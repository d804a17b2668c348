# jwt-fetch-keys: the one program that asks the network
helper_PROGRAMS += jwt-fetch-keys
jwt_fetch_keys_SOURCES = tools/fetch_keys.h tools/fetch_login.c tools/fetch_probe.c tools/fetch_update.c \
	tools/jwt-fetch-keys.c
jwt_fetch_keys_CFLAGS = $(AM_CFLAGS) $(PIE)
jwt_fetch_keys_LDFLAGS = $(AM_LDFLAGS) $(PIE_LINK)
jwt_fetch_keys_LDADD = lib/fetch/libfetch.la lib/token/libtoken.la lib/policy/libsettings.la \
	lib/sandbox/libsandbox.la lib/base/libbase.la
