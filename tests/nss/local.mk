# nss: the module as glibc calls it
check_PROGRAMS += tests/nss/module_test
tests_nss_module_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
tests_nss_module_test_LDADD = $(tables_libs) -ldl
noinst_PROGRAMS += tests/nss/make_tables tests/nss/look_up tests/nss/load_module
tests_nss_make_tables_LDADD = $(tables_libs)
tests_nss_load_module_LDADD = -ldl
check_LTLIBRARIES += tests/nss/libnss_trivial.la
tests_nss_libnss_trivial_la_SOURCES = tests/nss/trivial.c
tests_nss_libnss_trivial_la_LDFLAGS = $(AM_LDFLAGS) -shared -version-info 2:0:0 -rpath /nowhere
dist_check_SCRIPTS += tests/nss/getent.sh tests/nss/groups.sh tests/nss/traces.sh
