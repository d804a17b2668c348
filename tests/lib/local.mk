# What tests lean on: an installation in a folder, and the private root that carries it.
EXTRA_DIST += tests/lib/host-login-setup tests/lib/login-host.sh tests/lib/nss-host.sh tests/lib/private-root tests/lib/tap.sh tests/lib/give-token tests/run tests/trixie .ci/run
EXTRA_PROGRAMS = tests/lib/logsink
tests_lib_logsink_SOURCES = tests/lib/logsink.c

# Installed anew whenever something that is installed was built anew.
stage = tests/stage
check_DATA = $(stage).stamp
$(stage).stamp: $(pam_LTLIBRARIES) $(nss_LTLIBRARIES) $(helper_PROGRAMS) $(sbin_PROGRAMS) $(bin_PROGRAMS) $(EXTRA_PROGRAMS) \
  $(filled_in) $(dist_systemdunit_DATA) $(dist_sysusers_DATA)
	$(AM_V_GEN)rm -rf $(stage) && $(MAKE) $(AM_MAKEFLAGS) install DESTDIR='$(abs_top_builddir)/$(stage)' >$@.log 2>&1 || \
	  { cat $@.log; exit 1; }
	$(AM_V_at)mv $@.log $@
CLEANFILES += $(stage).stamp $(stage).stamp.log $(EXTRA_PROGRAMS)
CLEAN_HOOKS = clean-stage
clean-stage:
	rm -rf $(stage)
clean-local: $(CLEAN_HOOKS)
