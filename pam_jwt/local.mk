# pam_jwt: the module, jwt-keeper and jwt-judge
noinst_HEADERS += pam_jwt/child.h pam_jwt/judge.h pam_jwt/keeper.h pam_jwt/module.h pam_jwt/protocol.h

pam_LTLIBRARIES += pam_jwt.la
pam_jwt_la_SOURCES = pam_jwt/answer.c pam_jwt/call.c pam_jwt/child.c pam_jwt/host_account.c pam_jwt/module.c \
	pam_jwt/pam_code.c pam_jwt/public.c
pam_jwt_la_CFLAGS = $(AM_CFLAGS) $(PAM_CFLAGS)
pam_jwt_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -export-symbols-regex '^pam_sm_'
pam_jwt_la_LIBADD = lib/tables/libtables.la lib/base/libbase.la $(PAM_LIBS)

helper_PROGRAMS += jwt-keeper jwt-judge
jwt_keeper_SOURCES = pam_jwt/child.c pam_jwt/event.c pam_jwt/keeper.c pam_jwt/keeper_judge.c pam_jwt/keeper_keys.c pam_jwt/keeper_login.c \
	pam_jwt/keeper_proof.c pam_jwt/session_facts.c pam_jwt/verdict.c
jwt_keeper_LDADD = lib/accounts/libaccounts.la lib/tables/libtables.la lib/policy/libsettings.la lib/base/libbase.la

jwt_judge_SOURCES = pam_jwt/judge.c pam_jwt/judge_serve.c
jwt_judge_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
jwt_judge_LDADD = lib/decision/libdecision.la lib/sandbox/libsandbox.la lib/base/libbase.la

INSTALL_HOOKS += install-pam-hook
install-pam-hook:
	rm -f '$(DESTDIR)$(pamdir)/pam_jwt.la'
UNINSTALL_HOOKS += uninstall-pam-hook
uninstall-pam-hook:
	rm -f '$(DESTDIR)$(pamdir)/pam_jwt.so'
