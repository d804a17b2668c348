check_PROGRAMS += tests/unit/answer_test tests/unit/child_test tests/unit/verdict_test

tests_unit_answer_test_SOURCES = tests/unit/answer_test.c pam_jwt/answer.c
tests_unit_answer_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/pam_jwt
tests_unit_answer_test_CFLAGS = $(AM_CFLAGS) $(PAM_CFLAGS)
tests_unit_answer_test_LDADD = lib/base/libbase.la

tests_unit_child_test_SOURCES = tests/unit/child_test.c pam_jwt/child.c
tests_unit_child_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/pam_jwt
tests_unit_child_test_LDADD = lib/base/libbase.la

tests_unit_verdict_test_SOURCES = tests/unit/verdict_test.c pam_jwt/verdict.c
tests_unit_verdict_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/pam_jwt
tests_unit_verdict_test_LDADD = lib/policy/libsettings.la lib/base/libbase.la
