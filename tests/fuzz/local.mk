# fuzz: one program a target. They replay their corpus with the other tests; configured with --enable-fuzzing they are
# for libFuzzer or AFL instead, and `make fuzz` searches.
FUZZ_TARGETS = conditions judge_pipe keyset settings ssh_auth_info tables token
FUZZ_SECONDS = 120
FUZZ_FLAGS = -max_len=4096 -timeout=10
fuzz_programs = tests/fuzz/conditions_fuzz tests/fuzz/judge_pipe_fuzz tests/fuzz/keyset_fuzz tests/fuzz/settings_fuzz \
	tests/fuzz/ssh_auth_info_fuzz tests/fuzz/tables_fuzz tests/fuzz/token_fuzz
noinst_HEADERS += tests/fuzz/fuzz.h
EXTRA_DIST += tests/fuzz/README.md tests/fuzz/words.dict tests/fuzz/corpus

if FUZZING
EXTRA_PROGRAMS += $(fuzz_programs)
fuzz_main =
else
check_PROGRAMS += $(fuzz_programs)
fuzz_main = tests/fuzz/fuzz-main.c
endif
FUZZ_LINK = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_conditions_fuzz_SOURCES = tests/fuzz/conditions_fuzz.c $(fuzz_main)
tests_fuzz_conditions_fuzz_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS) -I$(top_srcdir)/lib/policy -DFUZZ_TARGET='"conditions"'
tests_fuzz_conditions_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_conditions_fuzz_LDADD = lib/policy/libpolicy.la $(TOKEN_TEST_LDADD)

tests_fuzz_judge_pipe_fuzz_SOURCES = tests/fuzz/judge_pipe_fuzz.c pam_jwt/judge_serve.c pam_jwt/verdict.c $(fuzz_main)
tests_fuzz_judge_pipe_fuzz_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS) -I$(top_srcdir)/pam_jwt -I$(top_srcdir)/tests/unit \
	-DFUZZ_TARGET='"judge_pipe"'
tests_fuzz_judge_pipe_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_judge_pipe_fuzz_LDADD = lib/decision/libdecision.la $(CRYPTO_LIBS)

tests_fuzz_keyset_fuzz_SOURCES = tests/fuzz/keyset_fuzz.c $(fuzz_main)
tests_fuzz_keyset_fuzz_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS) -DFUZZ_TARGET='"keyset"'
tests_fuzz_keyset_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_keyset_fuzz_LDADD = $(TOKEN_TEST_LDADD)

tests_fuzz_settings_fuzz_SOURCES = tests/fuzz/settings_fuzz.c $(fuzz_main)
tests_fuzz_settings_fuzz_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_TARGET='"settings"'
tests_fuzz_settings_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_settings_fuzz_LDADD = lib/policy/libsettings.la

tests_fuzz_ssh_auth_info_fuzz_SOURCES = tests/fuzz/ssh_auth_info_fuzz.c $(fuzz_main)
tests_fuzz_ssh_auth_info_fuzz_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS) -DFUZZ_TARGET='"ssh_auth_info"'
tests_fuzz_ssh_auth_info_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_ssh_auth_info_fuzz_LDADD = $(TOKEN_TEST_LDADD)

tests_fuzz_tables_fuzz_SOURCES = tests/fuzz/tables_fuzz.c $(fuzz_main)
tests_fuzz_tables_fuzz_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/tables -I$(top_srcdir)/tests/unit \
	-DFUZZ_TARGET='"tables"'
tests_fuzz_tables_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_tables_fuzz_LDADD = lib/tables/libtablewriter.la lib/tables/libtables.la lib/base/libbase.la

tests_fuzz_token_fuzz_SOURCES = tests/fuzz/token_fuzz.c $(fuzz_main)
tests_fuzz_token_fuzz_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS) -I$(top_srcdir)/tests/unit -DFUZZ_TARGET='"token"'
tests_fuzz_token_fuzz_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_token_fuzz_LDADD = $(TOKEN_TEST_LDADD)

# What is found stays in fuzz/ of the build folder: inputs that reach further in fuzz/TARGET, broken promises beside it.
fuzz-programs: $(fuzz_programs)
fuzz: fuzz-programs
	@test -n '$(FUZZ_LDFLAGS)' || { echo 'fuzzing needs a build configured with --enable-fuzzing CC=clang' >&2; exit 1; }
	for target in $(FUZZ_TARGETS); do \
	  mkdir -p fuzz/$$target && \
	  tests/fuzz/$${target}_fuzz -max_total_time=$(FUZZ_SECONDS) $(FUZZ_FLAGS) -dict='$(srcdir)/tests/fuzz/words.dict' \
	    -artifact_prefix=fuzz/$$target- fuzz/$$target '$(srcdir)/tests/fuzz/corpus/'$$target || exit; \
	done
.PHONY: fuzz fuzz-programs
