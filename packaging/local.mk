# packaging
EXTRA_DIST += packaging/install-dependencies packaging/quickstart

# For pam-auth-update(8); only packages install them, as only those run it when they come and go.
EXTRA_DIST += packaging/pam-configs/jwt-login packaging/pam-configs/jwt-login-homes

# ---- systemd: snippets that take effect where it is, and harm nobody where it is not ----
systemdunitdir = $(prefix)/lib/systemd/system
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d

filled_in = packaging/systemd/jwt-fetch-keys.service packaging/systemd/tmpfiles.d/jwt-login.conf
nodist_systemdunit_DATA = packaging/systemd/jwt-fetch-keys.service
dist_systemdunit_DATA = packaging/systemd/jwt-fetch-keys.timer
dist_sysusers_DATA = packaging/systemd/sysusers.d/jwt-login.conf
nodist_tmpfiles_DATA = packaging/systemd/tmpfiles.d/jwt-login.conf
EXTRA_DIST += $(filled_in:=.in)
CLEANFILES += $(filled_in)

$(filled_in): %: %.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's|@helperdir[@]|$(helperdir)|g' -e 's|@confdir[@]|$(confdir)|g' \
	  -e 's|@cachedir[@]|$(cachedir)|g' -e 's|@statedir[@]|$(statedir)|g' '$(srcdir)/$@.in' >$@.new && mv $@.new $@
