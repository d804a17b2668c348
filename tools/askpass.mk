# jwt-askpass
bin_PROGRAMS += tools/jwt-askpass
tools_jwt_askpass_SOURCES = tools/askpass.h tools/askpass_audience.c tools/askpass_command.c tools/askpass_http.c \
	tools/askpass_memory.c tools/askpass_parts.c tools/askpass_prompt.c tools/askpass_service.c \
	tools/askpass_settings.c tools/askpass_ssh.c tools/askpass_terminal.c tools/askpass_token.c tools/jwt-askpass.c
tools_jwt_askpass_CFLAGS = $(AM_CFLAGS) $(PIE) $(JANSSON_CFLAGS) $(CURL_CFLAGS)
tools_jwt_askpass_LDFLAGS = $(AM_LDFLAGS) $(PIE_LINK)
tools_jwt_askpass_LDADD = lib/base/libbase.la $(JANSSON_LIBS) $(CURL_LIBS)
noinst_HEADERS += include/prompts.h

dist_check_SCRIPTS += tests/unit/askpass_test.sh
EXTRA_DIST += tests/unit/askpass_server.py tests/unit/askpass_terminal.py
