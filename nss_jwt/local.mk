# nss_jwt: libnss_jwt.so.2, which glibc opens by that name; needs libc alone and exports _nss_jwt_* alone
nss_LTLIBRARIES += nss_jwt/libnss_jwt.la
nss_jwt_libnss_jwt_la_SOURCES = nss_jwt/nss_jwt.c
nss_jwt_libnss_jwt_la_LIBADD = lib/tables/libtables.la lib/base/libbase.la
# What a lookup does not use of base stays out.
nss_jwt_libnss_jwt_la_LDFLAGS = $(AM_LDFLAGS) -Wl,--gc-sections -shared -version-info 2:0:0 -export-symbols-regex '^_nss_jwt_'

# Nobody links with it, so what libtool installs for that goes; without the .la libtool does not know what to remove.
INSTALL_HOOKS += nss-install-hook
nss-install-hook:
	rm -f $(DESTDIR)$(nssdir)/libnss_jwt.la $(DESTDIR)$(nssdir)/libnss_jwt.so
UNINSTALL_HOOKS += nss-uninstall-hook
nss-uninstall-hook:
	rm -f $(DESTDIR)$(nssdir)/libnss_jwt.so.2*
