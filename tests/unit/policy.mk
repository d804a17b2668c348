# unit/policy
check_PROGRAMS += tests/unit/settings_test
tests_unit_settings_test_SOURCES = tests/unit/settings_test.c
tests_unit_settings_test_LDADD = lib/policy/libsettings.la
