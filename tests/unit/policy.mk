# unit/policy
check_PROGRAMS += tests/unit/settings_test tests/unit/policy_test tests/unit/decision_test
tests_unit_settings_test_SOURCES = tests/unit/settings_test.c
tests_unit_settings_test_LDADD = lib/policy/libsettings.la

signed_test_headers = tests/unit/signed.h tests/unit/login_fixture.h
signed_test_cflags = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_policy_test_SOURCES = tests/unit/policy_test.c $(signed_test_headers)
tests_unit_policy_test_CFLAGS = $(signed_test_cflags)
tests_unit_policy_test_LDADD = lib/decision/libdecision.la $(CRYPTO_LIBS)
tests_unit_decision_test_SOURCES = tests/unit/decision_test.c $(signed_test_headers)
tests_unit_decision_test_CFLAGS = $(signed_test_cflags)
tests_unit_decision_test_LDADD = lib/decision/libdecision.la $(CRYPTO_LIBS)
