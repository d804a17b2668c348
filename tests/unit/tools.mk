# unit/tools: parts of jwtctl
check_PROGRAMS += tests/unit/probe_test
tests_unit_probe_test_SOURCES = tests/unit/probe_test.c tools/fetcher.c tools/fetcher.h tools/output.c tools/output.h \
	tools/probe.c tools/probe.h tools/text.c tools/text.h
tests_unit_probe_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tools -I$(top_srcdir)/tests/unit $(JANSSON_CFLAGS)
tests_unit_probe_test_LDADD = lib/policy/libsettings.la lib/base/libbase.la $(JANSSON_LIBS)
