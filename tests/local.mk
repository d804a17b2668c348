# tests: unit tests stand in TAP; every check program and check script is run
noinst_HEADERS += tests/unit/unit.h

include tests/lib/local.mk
include tests/unit/base.mk
include tests/unit/sandbox.mk
include tests/unit/token.mk
include tests/unit/policy.mk
include tests/unit/accounts.mk
include tests/unit/fetch.mk
include tests/unit/tables.mk
include tests/unit/tools.mk
include tests/unit/pam.mk
include tests/pam/local.mk
include tests/keys/local.mk
include tests/nss/local.mk
include tests/makers/local.mk
include tests/system/local.mk
include tests/bench/local.mk
include tests/fuzz/local.mk
include tests/structure/local.mk
