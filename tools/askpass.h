/* jwt-askpass: from a prompt to the part of the token that answers it. */
#ifndef JWT_LOGIN_ASKPASS_H
#define JWT_LOGIN_ASKPASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "token.h"

/* Print "jwt-askpass: MESSAGE" on stderr, unprintable bytes replaced; returns false. */
bool complain(const char *format, ...) PRINTF_LIKE(1, 2);

/* Free what malloc gave, erased; NULL is allowed. The second is realloc with the same care. */
void erase_and_free(void *pointer);
void *erasing_realloc(void *pointer, size_t size);

/* ---- the prompt ---- */

enum asker { ASKER_SSH, ASKER_SSH_PASSWORD, ASKER_SUDO };

struct prompt {
  enum asker asker;
  char host[256]; /* as the ssh client names it, without a port; "" from sudo */
  unsigned part;  /* from 1 */
};

enum prompt_kind {
  PROMPT_TOKEN,   /* *ret is set */
  PROMPT_OTHER,   /* it asks for something else */
  PROMPT_REFUSED, /* it asks for a token, and nobody knows for whom; complains */
};

/*
 * Tell what `text` asks for. A token is asked for by the module's prompts, after ssh's own "(user@host) " or bare when
 * the parent process is sudo, and by ssh's "user@host's password: ".
 */
MUST_USE enum prompt_kind prompt_parse(const char *text, struct prompt *ret);

/* Ask the person at the terminal and print the answer. Complains, and is false, when there is no terminal. */
MUST_USE bool terminal_ask(const char *text);

/* Run ssh(1) with these arguments, set up to ask this program. Returns only when that fails; complains. */
bool ssh_run(char *const *arguments, size_t count);

/* ---- the settings ---- */

/* From the environment and from askpass.conf; NULL where neither says anything. At most one source is looked at. */
struct askpass_settings {
  const char *file;
  const char *command;
  const char *variable;
  const char *service;
  const char *timeout;
  const char *audience;
  char text[8192]; /* askpass.conf, which the others point into */
};

/* Complains when askpass.conf is not sound. */
MUST_USE bool askpass_settings_load(struct askpass_settings *ret);

/* ---- the token ---- */

struct token_text {
  char bytes[TOKEN_MAX_SIZE + 16]; /* room for a file's last newline */
  size_t size;
};

void token_text_erase(struct token_text *token);

/*
 * Bring the token for `host` ("" for this one) from the source that the settings choose. Complains when there is none
 * of the right shape.
 */
MUST_USE bool token_find(const struct askpass_settings *settings, const char *host, struct token_text *ret);

/* For whom a token is wanted, and until when (monotonic_ms) it may take. */
struct wish {
  const char *host;
  const char *audience;
  int64_t deadline;
};

/* What `command` prints, run by sh(1) with JWT_HOST and JWT_AUDIENCE in its environment. Complains. */
MUST_USE bool token_from_command(const char *command, const struct wish *wish, struct token_text *ret);

/* What the service `name` gives by HTTP. Complains. */
MUST_USE bool token_from_service(const char *name, const struct wish *wish, struct token_text *ret);

/*
 * Read `fd` to its end. False with errno, which is EFBIG when there is more than a token could be, and ETIMEDOUT past
 * the deadline.
 */
MUST_USE bool token_read(int fd, int64_t deadline, struct token_text *ret);

struct http_body {
  char bytes[65536];
  size_t size;
};

/*
 * GET `url` with one more header field, and without following it elsewhere. Complains about anything but a whole answer
 * of status 200.
 */
MUST_USE bool http_get(const char *url, const char *field, int64_t deadline, struct http_body *ret);

/* ---- the parts ---- */

/* The bytes that answer the prompt: from `ret_start`, `ret_size` of them. False when the token has no such part. */
MUST_USE bool part_of(const struct token_text *token, const struct prompt *prompt, size_t *ret_start, size_t *ret_size);

/*
 * A source may give another token each time, and one login takes the parts of one. So a process keeps it for the parts
 * to come, in memory and for our parent process alone: until the last part, the end of our parent, or for a minute.
 * parts_begin: `prompt` asks for the first part of `token`. parts_recall: it asks for a later one. Both complain.
 */
MUST_USE bool parts_begin(const struct token_text *token, const struct prompt *prompt);
MUST_USE bool parts_recall(const struct prompt *prompt, struct token_text *ret);

/* ---- the audience ---- */

/* The audience that a token for `host` should have: what the settings' pairs HOST=AUDIENCE say, or ssh://HOST. */
struct audience_text {
  char text[512];
};
MUST_USE bool audience_wanted(const char *pairs, const char *host, struct audience_text *ret);

/*
 * Whether the token's (unverified) aud allows handing it to `host`: it names the host, or `pairs` (may be NULL) has
 * HOST=AUDIENCE for it and the aud has that audience. Complains when not.
 */
MUST_USE bool audience_allows(const struct token_text *token, const char *pairs, const char *host);

#endif
