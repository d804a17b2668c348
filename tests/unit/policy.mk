# unit/policy
check_PROGRAMS += tests/unit/settings_test tests/unit/policy_test tests/unit/decision_test
tests_unit_settings_test_SOURCES = tests/unit/settings_test.c
tests_unit_settings_test_LDADD = lib/policy/libsettings.la

noinst_HEADERS += tests/unit/login_fixture.h
tests_unit_policy_test_SOURCES = tests/unit/policy_test.c
tests_unit_policy_test_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_policy_test_LDADD = lib/decision/libdecision.la $(CRYPTO_LIBS)
tests_unit_decision_test_SOURCES = tests/unit/decision_test.c
tests_unit_decision_test_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_decision_test_LDADD = lib/decision/libdecision.la $(CRYPTO_LIBS)

dist_check_SCRIPTS += tests/unit/issuers_test.sh tests/unit/settings_tools_test.sh
