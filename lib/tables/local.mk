# tables: the reader (libc and base alone: it is part of the NSS and the PAM module), and the writer in a library of its own
noinst_LTLIBRARIES += lib/tables/libtables.la lib/tables/libtablewriter.la
lib_tables_libtables_la_SOURCES = lib/tables/answer.c lib/tables/tables.c lib/tables/view.c lib/tables/visit.c lib/tables/walk.c
lib_tables_libtablewriter_la_SOURCES = lib/tables/build.c lib/tables/folder.c lib/tables/merge.c lib/tables/recent.c \
	lib/tables/writer.c
noinst_HEADERS += lib/tables/answer.h lib/tables/build.h lib/tables/folder.h lib/tables/format.h lib/tables/merge.h \
	lib/tables/recent.h lib/tables/view.h lib/tables/visit.h
