# policy: settings (libConfuse, neither jansson nor libcrypto: jwt-keeper links it), and rules on verified claims
noinst_LTLIBRARIES += lib/policy/libsettings.la lib/policy/libpolicy.la

lib_policy_libsettings_la_SOURCES = lib/policy/accounts.c lib/policy/arena.c lib/policy/arena.h \
	lib/policy/condition_text.c lib/policy/confuse_reader.c lib/policy/issuer.c lib/policy/issuer_keys.c lib/policy/loader.c \
	lib/policy/loader.h lib/policy/nearest.c lib/policy/nearest.h lib/policy/options.c lib/policy/permits.c \
	lib/policy/rule.c lib/policy/scan.c lib/policy/settings.c
lib_policy_libsettings_la_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS)
lib_policy_libsettings_la_LIBADD = lib/base/libbase.la $(CONFUSE_LIBS)

lib_policy_libpolicy_la_SOURCES = lib/policy/condition.c lib/policy/condition.h lib/policy/policy.c
lib_policy_libpolicy_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
lib_policy_libpolicy_la_LIBADD = lib/policy/libsettings.la lib/base/libbase.la $(JANSSON_LIBS)
