base_tests = tests/unit/audit_test tests/unit/base_test tests/unit/fleet_key_test tests/unit/fullio_test \
	tests/unit/names_test tests/unit/reason_test tests/unit/trusted_file_test tests/unit/urls_test
check_PROGRAMS += $(base_tests)
tests_unit_audit_test_LDADD = lib/base/libbase.la
tests_unit_base_test_LDADD = lib/base/libbase.la
tests_unit_fleet_key_test_LDADD = lib/base/libbase.la
tests_unit_fullio_test_LDADD = lib/base/libbase.la
tests_unit_names_test_LDADD = lib/base/libbase.la
tests_unit_reason_test_LDADD = lib/base/libbase.la
tests_unit_trusted_file_test_LDADD = lib/base/libbase.la
tests_unit_urls_test_LDADD = lib/base/libbase.la
