# system: the real sshd in a private root
EXTRA_PROGRAMS += tests/system/liar tests/system/visitor
tests_system_liar_SOURCES = tests/system/liar.c
tests_system_liar_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_system_liar_LDADD = lib/policy/libsettings.la lib/base/libbase.la

tests_system_visitor_SOURCES = tests/system/visitor.c
tests_system_visitor_CFLAGS = $(AM_CFLAGS) $(PAM_CFLAGS)
tests_system_visitor_LDADD = $(PAM_LIBS)

# A clock that is wrong, through /etc/ld.so.preload of a private root; never installed.
check_LTLIBRARIES += tests/system/skew.la
tests_system_skew_la_SOURCES = tests/system/skew.c
tests_system_skew_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -rpath /nowhere

dist_check_SCRIPTS += tests/system/accounts.sh tests/system/clock.sh tests/system/declared.sh \
	tests/system/failures.sh tests/system/faults.sh tests/system/first-logins.sh tests/system/groups.sh tests/system/homes.sh \
	tests/system/judge-status.sh tests/system/lying-judge.sh tests/system/ml-dsa.sh tests/system/module-gone.sh \
	tests/system/nscd.sh tests/system/pam-profile.sh tests/system/proof.sh tests/system/provider.sh tests/system/sources.sh \
	tests/system/sshd.sh tests/system/stale-record.sh

# Tokens of any length, through clients of others
dist_check_SCRIPTS += tests/system/long-tokens.sh
EXTRA_DIST += tests/system/hostile_server.py tests/system/python_client.py tests/system/type_token.py
