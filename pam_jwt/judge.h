/* jwt-judge's end of the conversation, apart from how it gets ready. */
#ifndef JWT_LOGIN_JUDGE_H
#define JWT_LOGIN_JUDGE_H

#include <stdbool.h>

#include "decision.h"

/*
 * On `fd`: say `ready` and, where that is REASON_OK, read one request and its token, decide, answer. Makes no system
 * call but read and write. `settings` and `files` are not looked at unless ready.
 * False when the conversation broke off before the answer.
 */
MUST_USE bool judge_serve(int fd, enum reason ready, const struct settings *settings, const struct key_files *files);

#endif
