# tools
sbin_PROGRAMS += tools/jwtctl
tools_jwtctl_SOURCES = \
	tools/account_line.c \
	tools/account_line.h \
	tools/group_book.c \
	tools/group_book.h \
	tools/apply.h \
	tools/fetcher.c \
	tools/fetcher.h \
	tools/input.c \
	tools/input.h \
	tools/issuer_choice.c \
	tools/issuer_choice.h \
	tools/issuer_section.c \
	tools/issuer_section.h \
	tools/jwtctl.c \
	tools/jwtctl.h \
	tools/jwtctl_accounts.c \
	tools/jwtctl_accounts.h \
	tools/jwtctl_accounts_change.c \
	tools/jwtctl_accounts_export.c \
	tools/jwtctl_accounts_import.c \
	tools/jwtctl_apply.c \
	tools/jwtctl_check.c \
	tools/jwtctl_check.h \
	tools/jwtctl_check_issuers.c \
	tools/jwtctl_dev.c \
	tools/jwtctl_explain.c \
	tools/jwtctl_issuer_add.c \
	tools/jwtctl_issuer_list.c \
	tools/jwtctl_issuer_test.c \
	tools/jwtctl_keys_list.c \
	tools/jwtctl_keys_refresh.c \
	tools/jwtctl_verify.c tools/nscd.c tools/nscd.h \
	tools/output.c \
	tools/output.h \
	tools/probe.c \
	tools/probe.h \
	tools/progress.c \
	tools/progress.h \
	tools/settings_choice.c \
	tools/settings_choice.h \
	tools/shed.c \
	tools/shed.h \
	tools/signing.c \
	tools/signing.h \
	tools/state.c \
	tools/state.h \
	tools/text.c \
	tools/text.h
tools_jwtctl_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)
tools_jwtctl_CFLAGS = $(AM_CFLAGS) $(PIE)
tools_jwtctl_LDFLAGS = $(AM_LDFLAGS) $(PIE_LINK)
tools_jwtctl_LDADD = \
	lib/token/libtoken.la \
	lib/decision/libdecision.la \
	lib/policy/libpolicy.la \
	lib/policy/libsettings.la \
	lib/accounts/libaccounts.la \
	lib/tables/libtables.la \
	lib/sandbox/libsandbox.la \
	lib/base/libbase.la
