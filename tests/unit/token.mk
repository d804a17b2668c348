# unit/token
noinst_HEADERS += tests/unit/rfc_examples.h tests/unit/ssh_keys.h tests/unit/token_kit.h
TOKEN_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/lib/token $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)
TOKEN_TEST_LDADD = lib/token/libtoken.la lib/base/libbase.la $(JANSSON_LIBS) $(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/algorithms_test tests/unit/base64url_test tests/unit/claims_test tests/unit/keyset_test tests/unit/proof_test tests/unit/signature_test \
	tests/unit/token_test tests/unit/vectors_test
tests_unit_algorithms_test_SOURCES = tests/unit/algorithms_test.c
tests_unit_algorithms_test_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_algorithms_test_LDADD = $(TOKEN_TEST_LDADD)
tests_unit_base64url_test_SOURCES = tests/unit/base64url_test.c
tests_unit_base64url_test_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_base64url_test_LDADD = $(TOKEN_TEST_LDADD)
tests_unit_claims_test_SOURCES = tests/unit/claims_test.c
tests_unit_claims_test_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_claims_test_LDADD = $(TOKEN_TEST_LDADD)
tests_unit_keyset_test_SOURCES = tests/unit/keyset_test.c
tests_unit_keyset_test_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_keyset_test_LDADD = $(TOKEN_TEST_LDADD)
tests_unit_proof_test_SOURCES = tests/unit/proof_test.c
tests_unit_proof_test_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_proof_test_LDADD = $(TOKEN_TEST_LDADD)
tests_unit_signature_test_SOURCES = tests/unit/signature_test.c
tests_unit_signature_test_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_signature_test_LDADD = $(TOKEN_TEST_LDADD)
tests_unit_token_test_SOURCES = tests/unit/token_test.c
tests_unit_token_test_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_token_test_LDADD = $(TOKEN_TEST_LDADD)
tests_unit_vectors_test_SOURCES = tests/unit/vectors_test.c
tests_unit_vectors_test_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_vectors_test_LDADD = $(TOKEN_TEST_LDADD)
EXTRA_tests_unit_vectors_test_DEPENDENCIES = tools/jwtctl

EXTRA_PROGRAMS += tests/unit/bounds
tests_unit_bounds_SOURCES = tests/unit/bounds.c
tests_unit_bounds_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_bounds_LDADD = $(TOKEN_TEST_LDADD)

dist_check_SCRIPTS += tests/unit/bounds_test.sh tests/unit/jwtctl_token_test.sh
