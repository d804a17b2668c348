# unit/accounts
ACCOUNTS_TESTS = tests/unit/ledger_test tests/unit/ledger_file_test tests/unit/ledger_race_test \
	tests/unit/ledger_lock_test tests/unit/ledger_publish_test tests/unit/ledger_groups_test tests/unit/ledger_admin_test \
	tests/unit/ledger_compare_test tests/unit/ledger_kill_test tests/unit/ledger_migration_test tests/unit/nsswitch_test tests/unit/sources_test
check_PROGRAMS += $(ACCOUNTS_TESTS)
noinst_HEADERS += tests/unit/ledger_fixture.h
EXTRA_DIST += tests/unit/ledger_v1.sql tests/unit/ledger_v2.sql

tests_unit_ledger_test_SOURCES = tests/unit/ledger_test.c
tests_unit_ledger_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/accounts $(SQLITE_CFLAGS)
tests_unit_ledger_test_LDADD = lib/accounts/libaccounts.la $(SQLITE_LIBS)

tests_unit_ledger_file_test_SOURCES = tests/unit/ledger_file_test.c
tests_unit_ledger_file_test_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
tests_unit_ledger_file_test_LDADD = lib/accounts/libaccounts.la $(SQLITE_LIBS)

tests_unit_ledger_race_test_SOURCES = tests/unit/ledger_race_test.c
tests_unit_ledger_race_test_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
tests_unit_ledger_race_test_LDADD = lib/accounts/libaccounts.la $(SQLITE_LIBS)

tests_unit_ledger_lock_test_SOURCES = tests/unit/ledger_lock_test.c
tests_unit_ledger_lock_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/accounts $(SQLITE_CFLAGS)
tests_unit_ledger_lock_test_LDADD = lib/accounts/libaccounts.la $(SQLITE_LIBS)

tests_unit_ledger_publish_test_SOURCES = tests/unit/ledger_publish_test.c
tests_unit_ledger_publish_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/accounts $(SQLITE_CFLAGS)
tests_unit_ledger_publish_test_LDADD = lib/accounts/libaccounts.la $(SQLITE_LIBS)

tests_unit_ledger_groups_test_SOURCES = tests/unit/ledger_groups_test.c
tests_unit_ledger_groups_test_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
tests_unit_ledger_groups_test_LDADD = lib/accounts/libaccounts.la $(SQLITE_LIBS)

tests_unit_ledger_admin_test_SOURCES = tests/unit/ledger_admin_test.c
tests_unit_ledger_admin_test_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
tests_unit_ledger_admin_test_LDADD = lib/accounts/libaccounts.la $(SQLITE_LIBS)

tests_unit_ledger_compare_test_SOURCES = tests/unit/ledger_compare_test.c
tests_unit_ledger_compare_test_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
tests_unit_ledger_compare_test_LDADD = lib/accounts/libaccounts.la $(SQLITE_LIBS)

tests_unit_ledger_kill_test_SOURCES = tests/unit/ledger_kill_test.c
tests_unit_ledger_kill_test_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
tests_unit_ledger_kill_test_LDADD = lib/accounts/libaccounts.la $(SQLITE_LIBS)

tests_unit_ledger_migration_test_SOURCES = tests/unit/ledger_migration_test.c
tests_unit_ledger_migration_test_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
tests_unit_ledger_migration_test_LDADD = lib/accounts/libaccounts.la $(SQLITE_LIBS)

tests_unit_nsswitch_test_SOURCES = tests/unit/nsswitch_test.c
tests_unit_nsswitch_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/accounts
tests_unit_nsswitch_test_LDADD = lib/accounts/libaccounts.la

# A module that answers as the test asks it to; found through LD_LIBRARY_PATH, never installed.
check_LTLIBRARIES = tests/unit/libnss_fake.la
tests_unit_libnss_fake_la_SOURCES = tests/unit/nss_fake.c
tests_unit_libnss_fake_la_LDFLAGS = $(AM_LDFLAGS) -module -version-info 2:0:0 -rpath /nowhere
tests_unit_sources_test_SOURCES = tests/unit/sources_test.c
tests_unit_sources_test_LDADD = lib/accounts/libaccounts.la

dist_check_SCRIPTS += tests/unit/jwtctl_accounts_test.sh
