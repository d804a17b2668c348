# tables: the reader (libc and base alone: it is part of the NSS and the PAM module), and the writer in a library of its own
noinst_LTLIBRARIES += lib/tables/libtables.la lib/tables/libtablewriter.la
lib_tables_libtables_la_SOURCES = lib/tables/tables.c lib/tables/view.c
lib_tables_libtablewriter_la_SOURCES = lib/tables/writer.c
noinst_HEADERS += lib/tables/format.h lib/tables/view.h
