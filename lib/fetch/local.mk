# fetch: keys from the network into the cache; libcurl
noinst_LTLIBRARIES += lib/fetch/libfetch.la
lib_fetch_libfetch_la_SOURCES = lib/fetch/discovery.c lib/fetch/discovery.h lib/fetch/fetch.c lib/fetch/freshness.c \
	lib/fetch/freshness.h lib/fetch/head.c lib/fetch/head.h lib/fetch/http.c lib/fetch/http.h lib/fetch/refresh.c \
	lib/fetch/sweep.c lib/fetch/url.c lib/fetch/url.h
lib_fetch_libfetch_la_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS)
lib_fetch_libfetch_la_LIBADD = lib/token/libtoken.la lib/policy/libsettings.la lib/base/libbase.la $(CURL_LIBS) \
	$(JANSSON_LIBS)
