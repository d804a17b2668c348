# unit/fetch
check_PROGRAMS += tests/unit/fetch_test tests/unit/key_cache_test
tests_unit_fetch_test_SOURCES = tests/unit/fetch_test.c
tests_unit_fetch_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/fetch
tests_unit_fetch_test_LDADD = lib/fetch/libfetch.la
tests_unit_key_cache_test_SOURCES = tests/unit/key_cache_test.c
tests_unit_key_cache_test_LDADD = lib/base/libbase.la
