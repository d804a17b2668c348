# decision: the one pipeline from token to decision; joins token and policy
noinst_LTLIBRARIES += lib/decision/libdecision.la
lib_decision_libdecision_la_SOURCES = lib/decision/decision.c lib/decision/key_files.c
lib_decision_libdecision_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
lib_decision_libdecision_la_LIBADD = lib/token/libtoken.la lib/policy/libpolicy.la lib/base/libbase.la
