/* The text of an issuer's section, and the file of conf.d that it stands in. */
#ifndef JWT_LOGIN_ISSUER_SECTION_H
#define JWT_LOGIN_ISSUER_SECTION_H

#include <stdbool.h>

#include "settings.h"

/* True for text that means itself between double quotes: printable ASCII, but no quote, backslash or dollar sign. */
bool section_can_hold(const char *text);

/*
 * The section that says what `issuer` has: title, url, audiences, algorithms, and key_location (a URL), ca_file,
 * bearer_file and alias where they are not NULL. To be freed with section_free; NULL when memory ran out.
 */
char *section_text(const struct issuer *issuer);

/* FOLDER/issuer-TITLE.conf with what is no letter, digit, '.', '_' or '-' as '_'. As section_text. */
char *section_path(const char *folder, const char *title);

/* For CLEANUP. */
void section_free(char **text);

/*
 * Write a file that is not there yet, with mode 0644; its folder is made when missing. It appears whole or not at all.
 * False with errno: EEXIST when there is one.
 */
MUST_USE bool section_write(const char *path, const char *text);

#endif
