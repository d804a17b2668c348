# nss: the module as glibc calls it
check_PROGRAMS += tests/nss/module_test
tests_nss_module_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
tests_nss_module_test_LDADD = $(tables_libs) -ldl
noinst_PROGRAMS += tests/nss/make_tables tests/nss/look_up
tests_nss_make_tables_LDADD = $(tables_libs)
dist_check_SCRIPTS += tests/nss/getent.sh
