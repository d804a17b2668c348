# base: libc only
noinst_LTLIBRARIES += lib/base/libbase.la
lib_base_libbase_la_SOURCES = lib/base/account_settings.c lib/base/audit.c lib/base/fleet_key.c lib/base/fullio.c \
	lib/base/key_cache.c lib/base/names.c lib/base/reason.c lib/base/secret.c lib/base/shared_folder.c \
	lib/base/siphash.c lib/base/system_user.c lib/base/trace.c lib/base/trusted_file.c lib/base/urls.c
