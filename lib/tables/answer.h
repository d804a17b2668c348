/* Rows as callers get them: copied into their buffer. */
#ifndef JWT_LOGIN_TABLES_ANSWER_H
#define JWT_LOGIN_TABLES_ANSWER_H

#include "view.h"

/* *ret is set only on success; the buffer is written in any case. */
MUST_USE enum table_status answer_account(const struct table_view *view, const struct table_row_view *row,
                                          struct table_account *ret, char *buffer, size_t size);

/* The group that a row stands for, whether found in the recent table or in the base. */
MUST_USE enum table_status answer_group(const struct table_view *view, const struct table_row_view *row, int64_t now,
                                        struct table_group_view *ret, char *buffer, size_t size);

#endif
