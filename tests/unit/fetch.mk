# unit/fetch
check_PROGRAMS += tests/unit/key_cache_test
tests_unit_key_cache_test_SOURCES = tests/unit/key_cache_test.c
tests_unit_key_cache_test_LDADD = lib/base/libbase.la
