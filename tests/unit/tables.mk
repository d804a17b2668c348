tables_tests = tests/unit/tables_test tests/unit/tables_base_test tests/unit/tables_damage_test \
	tests/unit/tables_groups_test tests/unit/tables_merge_test tests/unit/tables_races_test \
	tests/unit/tables_threads_test tests/unit/tables_walk_test
check_PROGRAMS += $(tables_tests)
tables_libs = lib/tables/libtablewriter.la lib/tables/libtables.la lib/base/libbase.la
tests_unit_tables_test_LDADD = $(tables_libs)
tests_unit_tables_base_test_LDADD = $(tables_libs)
tests_unit_tables_damage_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/tables
tests_unit_tables_damage_test_LDADD = $(tables_libs)
tests_unit_tables_groups_test_LDADD = $(tables_libs)
tests_unit_tables_merge_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/tables
tests_unit_tables_merge_test_LDADD = $(tables_libs)
tests_unit_tables_races_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/tables
tests_unit_tables_races_test_LDADD = $(tables_libs)
tests_unit_tables_threads_test_LDADD = $(tables_libs)
tests_unit_tables_threads_test_LDFLAGS = $(AM_LDFLAGS) -pthread
tests_unit_tables_walk_test_LDADD = $(tables_libs)
noinst_HEADERS += tests/unit/tables_fixture.h tests/unit/tables_hostile.h
