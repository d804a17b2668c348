/* What commands that work on the host's accounts share: its settings, its ledger, and the words when they fail. */
#ifndef JWT_LOGIN_STATE_H
#define JWT_LOGIN_STATE_H

#include <stdbool.h>

#include "ledger.h"
#include "settings_choice.h"
#include "sources.h"

/* Tell on stderr what failed, in the name of `command`, with errno where the system said why; returns EXIT_NO.
 * detail: "" or a clause more. */
int state_fail(const char *command, const char *path, enum reason reason, const char *detail);

/* Open the host's ledger. False when it cannot be, which was told. */
MUST_USE bool state_open(const char *command, enum ledger_mode mode, struct ledger **ret);

/* Load settings that are to be acted on: they must belong to root, also where the command line names them. False when
 * they are not valid, which was told. */
MUST_USE bool state_settings(const char *command, const struct settings_choice *choice, struct settings **ret);

/* For struct provisioning: what the other sources have. `known` is a struct known_sources. */
enum id_use known_id_use(void *known, uint32_t id);
enum id_use known_name_use(void *known, const char *account);
/* For ledger_compare: members of groups do not matter. */
enum id_use known_owner_use(void *known, const char *account);

/* For ledger_compare, too: a local group. */
enum id_use known_group_use(void *known, const char *name, uint32_t gid);

/* What is wrong with the place of jwt in the line of a database ("passwd") of nsswitch.conf; NULL when nothing is. */
const char *nsswitch_wrong(const char *database);

#endif
