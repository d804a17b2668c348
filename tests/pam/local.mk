# pam: the installed module, driven by scenarios, sudo, su and pamtester
EXTRA_PROGRAMS += tests/pam/scenario-runner tests/pam/onlooker
tests_pam_onlooker_SOURCES = tests/pam/onlooker.c
tests_pam_scenario_runner_SOURCES = tests/pam/scenario.h tests/pam/scenario_log.c tests/pam/scenario_play.c \
	tests/pam/scenario_read.c tests/pam/scenario_runner.c
tests_pam_scenario_runner_CFLAGS = $(AM_CFLAGS) $(PAM_CFLAGS)
tests_pam_scenario_runner_LDADD = $(PAM_LIBS)

dist_check_SCRIPTS += tests/pam/scenarios.sh tests/pam/hazards.sh
EXTRA_DIST += tests/pam/scenarios
