# lib/accounts: the ledger (SQLite) and the host's other account sources
noinst_LTLIBRARIES += lib/accounts/libaccounts.la
lib_accounts_libaccounts_la_SOURCES = lib/accounts/administration.c lib/accounts/admission.c lib/accounts/binding.c \
	lib/accounts/binding.h lib/accounts/compare.c lib/accounts/database.c lib/accounts/database.h lib/accounts/declare.c lib/accounts/grants.c \
	lib/accounts/groups.c lib/accounts/groups.h lib/accounts/identities.c lib/accounts/ids.c lib/accounts/ids.h \
	lib/accounts/known_sources.c lib/accounts/ledger.c lib/accounts/ledger_file.c lib/accounts/ledger_file.h \
	lib/accounts/lock_watch.c lib/accounts/lock_watch.h lib/accounts/memberships.c lib/accounts/memberships.h \
	lib/accounts/nsswitch.c lib/accounts/nsswitch.h lib/accounts/provision.c lib/accounts/publish.c \
	lib/accounts/source.h lib/accounts/sources.c lib/accounts/turn.c lib/accounts/turn.h
lib_accounts_libaccounts_la_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
lib_accounts_libaccounts_la_LIBADD = lib/tables/libtablewriter.la lib/tables/libtables.la lib/base/libbase.la \
	$(SQLITE_LIBS)
