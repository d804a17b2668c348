# sandbox: base, libseccomp
noinst_LTLIBRARIES += lib/sandbox/libsandbox.la
lib_sandbox_libsandbox_la_SOURCES = lib/sandbox/filter.c lib/sandbox/parts.h lib/sandbox/privileges.c \
	lib/sandbox/sandbox.c
lib_sandbox_libsandbox_la_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)
lib_sandbox_libsandbox_la_LIBADD = lib/base/libbase.la $(SECCOMP_LIBS)
