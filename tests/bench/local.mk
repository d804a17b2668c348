# bench: what verifications, logins and lookups cost, over what they would cost at least
noinst_HEADERS += tests/bench/bench.h
EXTRA_DIST += tests/bench/accounts tests/bench/run tests/bench/cold tests/bench/nss

BENCH_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)
BENCH_LIBS = $(JANSSON_LIBS) $(CRYPTO_LIBS)
bench_programs = tests/bench/add_accounts tests/bench/bare tests/bench/cache_keys tests/bench/cold_login tests/bench/cost tests/bench/minimal tests/bench/nss_lookups \
  tests/bench/ours
EXTRA_PROGRAMS += $(bench_programs)
tests_bench_add_accounts_SOURCES = tests/bench/add_accounts.c
tests_bench_add_accounts_LDADD = lib/accounts/libaccounts.la $(SQLITE_LIBS)
tests_bench_cost_SOURCES = tests/bench/cost.c
tests_bench_bare_SOURCES = tests/bench/bare.c tests/bench/bench.c
tests_bench_bare_CPPFLAGS = $(BENCH_CPPFLAGS)
tests_bench_bare_LDADD = $(BENCH_LIBS)
tests_bench_minimal_SOURCES = tests/bench/minimal.c tests/bench/bench.c
tests_bench_minimal_CPPFLAGS = $(BENCH_CPPFLAGS)
tests_bench_minimal_LDADD = $(BENCH_LIBS)
tests_bench_ours_SOURCES = tests/bench/ours.c tests/bench/bench.c
tests_bench_ours_CPPFLAGS = $(BENCH_CPPFLAGS)
tests_bench_ours_LDADD = lib/token/libtoken.la lib/base/libbase.la $(BENCH_LIBS)
tests_bench_cache_keys_SOURCES = tests/bench/cache_keys.c
tests_bench_cache_keys_CPPFLAGS = $(BENCH_CPPFLAGS)
tests_bench_cache_keys_LDADD = lib/token/libtoken.la lib/base/libbase.la $(BENCH_LIBS)
tests_bench_cold_login_SOURCES = tests/bench/cold_login.c
tests_bench_cold_login_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_bench_cold_login_LDADD = lib/base/libbase.la
if WITH_CJOSE
bench_programs += tests/bench/cjose
endif
if WITH_LIBJWT
bench_programs += tests/bench/libjwt
endif
tests_bench_cjose_SOURCES = tests/bench/cjose.c tests/bench/bench.c
tests_bench_cjose_CPPFLAGS = $(BENCH_CPPFLAGS) $(CJOSE_CFLAGS)
tests_bench_cjose_LDADD = $(CJOSE_LIBS) $(BENCH_LIBS)
tests_bench_libjwt_SOURCES = tests/bench/libjwt.c tests/bench/bench.c
tests_bench_libjwt_CPPFLAGS = $(BENCH_CPPFLAGS) $(LIBJWT_CFLAGS)
tests_bench_libjwt_LDADD = $(LIBJWT_LIBS) $(BENCH_LIBS)

check_LTLIBRARIES += tests/bench/stand_in.la
tests_bench_stand_in_la_SOURCES = tests/bench/stand_in.c
tests_bench_stand_in_la_CPPFLAGS = $(AM_CPPFLAGS) -DBENCH_PROFILES='"/dev/shm/profiles"'
tests_bench_stand_in_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -rpath /nowhere
tests_bench_stand_in_la_LIBADD = -ldl

# One after the other: `all` is a make of its own, and two that build one file at a time spoil it.
bench: all
	@$(MAKE) $(AM_MAKEFLAGS) bench-all-built
bench-all-built: $(stage).stamp $(bench_programs) tests/bench/stand_in.la tests/nss/libnss_trivial.la
	@abs_top_srcdir='$(abs_top_srcdir)' abs_top_builddir='$(abs_top_builddir)' $(top_srcdir)/tests/bench/run $(BENCH_FLAGS)
.PHONY: bench bench-all-built
