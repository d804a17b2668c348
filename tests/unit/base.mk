check_PROGRAMS += tests/unit/reason_test
tests_unit_reason_test_SOURCES = tests/unit/reason_test.c
tests_unit_reason_test_LDADD = lib/base/libbase.la
