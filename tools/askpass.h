/* jwt-askpass: from a prompt to the part of the token that answers it. */
#ifndef JWT_LOGIN_ASKPASS_H
#define JWT_LOGIN_ASKPASS_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"
#include "token.h"

/* Print "jwt-askpass: MESSAGE" on stderr, unprintable bytes replaced; returns false. */
bool complain(const char *format, ...) PRINTF_LIKE(1, 2);

/* ---- the prompt ---- */

enum asker { ASKER_SSH, ASKER_SUDO };

struct prompt {
  enum asker asker;
  char host[256]; /* as the ssh client names it, without a port; "" from sudo */
  unsigned part;  /* from 1 */
};

/*
 * Tell what `text` asks for. True only for the module's prompts: after ssh's own "(user@host) ", or bare
 * when the parent process is sudo. Complains otherwise.
 */
MUST_USE bool prompt_parse(const char *text, struct prompt *ret);

/* ---- the token ---- */

struct token_text {
  char bytes[TOKEN_MAX_SIZE + 16]; /* room for a file's last newline */
  size_t size;
};

void token_text_erase(struct token_text *token);

/* Read the token from $JWT_TOKEN_FILE, else from $JWT_TOKEN_COMMAND. Complains when there is none of the right shape.
 */
MUST_USE bool token_find(struct token_text *ret);

/* ---- the audience ---- */

/*
 * Whether the token's (unverified) aud allows handing it to `host`: it names the host, or $JWT_ASKPASS_AUDIENCE has a
 * pair HOST=AUDIENCE for it and the aud has that audience. Complains when not.
 */
MUST_USE bool audience_allows(const struct token_text *token, const char *host);

#endif
