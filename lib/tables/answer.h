/* Rows as callers get them: copied into their buffer. */
#ifndef JWT_LOGIN_TABLES_ANSWER_H
#define JWT_LOGIN_TABLES_ANSWER_H

#include "view.h"

/* `strings`: name, home, shell. */
MUST_USE enum table_status answer_account(uint32_t uid, const char *const strings[3], struct table_account *ret,
                                          char *buffer, size_t size);
MUST_USE enum table_status answer_account_row(const struct table_row_view *row, struct table_account *ret, char *buffer,
                                              size_t size);

/* The group that a row stands for, whether found in the recent table or in the base. */
MUST_USE enum table_status answer_group(const struct table_view *view, const struct table_row_view *row, int64_t now,
                                        struct table_group_view *ret, char *buffer, size_t size);

#endif
