/* The words and sizes by which the PAM module asks for a long token in parts and jwt-askpass answers. */
#ifndef JWT_LOGIN_PROMPTS_H
#define JWT_LOGIN_PROMPTS_H

#define PROMPT_FIRST "Password or token: "
#define PROMPT_NEXT "Token (part %u): " /* from 2 */

/* An answer of exactly this size means that another part follows; any other, an empty one included, is the last. */
#define PART_SIZE 1000
#define PART_SIZE_SUDO 500 /* sudo reads no more than 511 bytes */

#endif
