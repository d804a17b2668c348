# jwt-askpass
bin_PROGRAMS += tools/jwt-askpass
tools_jwt_askpass_SOURCES = tools/jwt-askpass.c tools/askpass_prompt.c tools/askpass_token.c \
	tools/askpass_audience.c tools/askpass.h
tools_jwt_askpass_CFLAGS = $(AM_CFLAGS) $(PIE) $(JANSSON_CFLAGS)
tools_jwt_askpass_LDFLAGS = $(AM_LDFLAGS) $(PIE_LINK)
tools_jwt_askpass_LDADD = lib/base/libbase.la $(JANSSON_LIBS)
noinst_HEADERS += include/prompts.h

dist_check_SCRIPTS += tests/unit/askpass_test.sh
