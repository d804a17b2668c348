check_PROGRAMS += tests/unit/sandbox_test
tests_unit_sandbox_test_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)
tests_unit_sandbox_test_LDADD = lib/sandbox/libsandbox.la lib/base/libbase.la $(SECCOMP_LIBS)
