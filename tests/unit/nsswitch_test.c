#include "config.h"

#include "nsswitch.h"

#include "unit.h"

/* The names, each followed by a space; NULL when the line is refused. */
static const char *sources(const char *text) {
  static char list[SOURCES_MAX * (SOURCE_NAME_MAX + 1) + 1];
  struct source_names names;
  if (!nsswitch_sources(text, "passwd", &names)) return NULL;
  size_t used = 0;
  list[0] = '\0';
  for (size_t i = 0; i < names.count; i++)
    used += (size_t)snprintf(list + used, sizeof list - used, "%s ", names.names[i]);
  return list;
}

static void names_are_read_in_order_without_ours(void) {
  CHECK_STRING(sources("passwd: files systemd\n"), "files systemd ");
  CHECK_STRING(sources("passwd:files jwt\tsss"), "files sss ");
  CHECK_STRING(sources("group: x\n  passwd  :  jwt files\nshadow: y\n"), "files ");
  CHECK_STRING(sources("passwd: files jwtx xjwt"), "files jwtx xjwt ");
  CHECK_STRING(sources("passwd: files sss files"), "files sss ");
}

static void actions_and_comments_do_not_matter(void) {
  CHECK_STRING(sources("passwd: files [NOTFOUND=return] sss"), "files sss ");
  CHECK_STRING(sources("passwd: files[!SUCCESS = merge  UNAVAIL=return]sss # ldap"), "files sss ");
  CHECK_STRING(sources("# passwd: ldap\npasswd: files#sss\n"), "files ");
  CHECK_STRING(sources("passwdx: ldap\npasswd_compat: nis\npasswd: compat\r\n"), "compat ");
}

static void without_a_line_there_are_files(void) {
  CHECK_STRING(sources(""), "files ");
  CHECK_STRING(sources("group: sss\n"), "files ");
  CHECK_STRING(sources("passwd: jwt\n"), "");
  CHECK_STRING(sources("passwd:\n"), "");
}

static void every_line_counts(void) {
  CHECK_STRING(sources("passwd: files\npasswd: sss\n"), "files sss ");
}

static void what_is_not_understood_is_refused(void) {
  CHECK_STRING(sources("passwd: files ../x"), NULL);
  CHECK_STRING(sources("passwd: files [NOTFOUND=return\nsss]"), NULL);
  CHECK_STRING(sources("passwd: a12345678901234567890123456789012"), NULL);
  CHECK_STRING(sources("passwd: a1234567890123456789012345678901"), "a1234567890123456789012345678901 ");
  CHECK_STRING(sources("passwd: a b c d e f g h i j k l m n o p q"), NULL);
  CHECK_STRING(sources("passwd: a b c d e f g h i j k l m n o p jwt a"), "a b c d e f g h i j k l m n o p ");
}

UNIT_MAIN({"names are read in order, without ours", names_are_read_in_order_without_ours},
          {"actions and comments do not matter", actions_and_comments_do_not_matter},
          {"without a line there are files", without_a_line_there_are_files}, {"every line counts", every_line_counts},
          {"what is not understood is refused", what_is_not_understood_is_refused})
