/*
 * The ledger: the truth about identities, ids, grants, sessions and used tokens. SQLite, root only, crash-safe at
 * every instruction, many processes at once. Every call is one transaction: it happened wholly or not at all.
 * Times are seconds since the epoch, passed in. Errors common to all calls: REASON_STATE_UNAVAILABLE (I/O,
 * space, permission; errno set where the system said one), REASON_STATE_BUSY, REASON_STATE_DAMAGED,
 * REASON_OUT_OF_MEMORY. A jwt-keeper that holds a lock for 2 to 3 seconds is killed by the call that waits for it (its
 * caller may have frozen it); nothing else is, and the wait ends with REASON_STATE_BUSY after 4.
 */
#ifndef JWT_LOGIN_LEDGER_H
#define JWT_LOGIN_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account_settings.h"
#include "names.h"
#include "reason.h"

#define GRANT_ID_SIZE 33 /* 128 random bits in hex, and a NUL */
#define GRANT_GROUPS_MAX 64
#define GRANT_KEY_SIZE 44        /* the thumbprint of a key, and a NUL */
#define GRANT_PICKUP_SECONDS 120 /* between authentication and open_session */

struct ledger;

enum ledger_mode {
  LEDGER_READ,  /* must exist; no folder or file is made */
  LEDGER_WRITE, /* made when there never was one (folder 0755 root, file 0600) */
};

/*
 * path: PATH_LEDGER, or a test's. An older schema is migrated, step by step. A newer one, or a file that is not a
 * ledger (an empty one, too), is REASON_STATE_DAMAGED, and it is never replaced. A missing one is
 * REASON_STATE_UNAVAILABLE with ENOENT under LEDGER_READ. But when the NSS tables beside it (nss/recent in its folder)
 * (or a journal that is not empty) show that there was one, it is REASON_STATE_DAMAGED with ENOENT (without: EUCLEAN)
 * in either mode, and nothing is made: an empty ledger would give the names and ids of accounts to whoever comes next.
 * The administrator restores a backup, or starts afresh by removing nss as well. REASON_FILE_UNSAFE when somebody else
 * owns or may write the folder or one above it, or may read or write the file, or either is a link.
 */
MUST_USE enum reason ledger_open(const char *path, enum ledger_mode mode, struct ledger **ret);
void ledger_close(struct ledger *ledger);

/* Have `progress` called now and then, outside any transaction, while a call goes through all accounts. */
void ledger_watch(struct ledger *ledger, void (*progress)(void *context, size_t accounts), void *context);

/* What went wrong last, for the log: one line, printable. Never NULL. */
const char *ledger_detail(const struct ledger *ledger);

/* ---- admission: a decision becomes a grant ---- */

/* Is an id taken by something other than the ledger? Asked for every candidate before it is given out. */
enum id_use { ID_FREE, ID_TAKEN, ID_UNKNOWN };
typedef enum id_use (*id_use_function)(void *context, uint32_t id);

/* The passwd record that the host resolved for the name before PAM ran, and will use. */
struct host_record {
  uint32_t uid;
  uint32_t gid;
  const char *home;
  const char *shell;
};

/* A group as the host, or the ledger, has it. */
struct given_group {
  const char *name;
  uint32_t gid;
};

struct admission {
  const char *name;
  const char *service;
  const char *issuer; /* the token's iss */
  const char *subject;
  const char *rule;  /* title */
  const char *rhost; /* NULL when not remote */
  bool local;        /* another source has the account: no identity is made or asked for */
  bool role;         /* the rule names the account literally: whoever it admits may use it, bound or not */
  bool create;       /* an identity may be made */
  bool free_again;   /* every source answered: nobody has the name or id of an account that was hidden any more */
  const struct account_settings *settings;
  struct host_record host;
  id_use_function id_use; /* required when `create` */
  void *id_use_context;
  const struct given_group *groups; /* that the rule gives */
  size_t group_count;
  bool host_membership;  /* they become memberships, too, of an account that is not `local` */
  const char *token_id;  /* single use: what is remembered; NULL when the rule allows more */
  int64_t token_expires; /* the token's exp, the same at each use */
  int64_t expires;       /* the rights end: the same, or later when that is over already */
  bool session_until_expiry;
  const char *unproved; /* thumbprint of the key that is to be proved before the grant counts; NULL: it counts. Until
                         * then a new identity stays reserved, nothing is to be published and no login is noted. */
  int64_t now;
};

struct grant {
  char id[GRANT_ID_SIZE];
  char name[ACCOUNT_NAME_MAX + 1];
  uint32_t uid;
  int64_t expires;     /* the rights end */
  int64_t session_end; /* the session ends; 0: it does not end by itself */
  uint32_t groups[GRANT_GROUPS_MAX];
  size_t group_count;
};

/* Whether the caller is to publish the account. */
enum ledger_change { LEDGER_UNCHANGED, LEDGER_ACCOUNT_ADDED };

/*
 * In one transaction: find, bind or make the identity; check its state; compare it with the record the host
 * resolved; use up the token id; insert the grant.
 *
 * - A control character in issuer or subject: REASON_CLAIMS_MALFORMED.
 * - Bound to another issuer and subject, or made for a role, which binds to nobody, and this is none:
 *   REASON_ACCOUNT_BOUND. A role leaves the binding as it is. Disabled: REASON_ACCOUNT_DISABLED.
 * - Hidden (see ledger_compare): it comes back with free_again, and is REASON_SOURCE_UNAVAILABLE without.
 * - Not there and !create: REASON_ACCOUNT_UNKNOWN. REASON_NAME_RESERVED when a group of the ledger has the name.
 *   REASON_SETTINGS_INVALID when the fleet key cannot be read. Made: the id is the first probe of its name
 * (account_id_probe) that neither the ledger (tombstones included) nor id_use has taken; ID_UNKNOWN is
 * REASON_SOURCE_UNAVAILABLE; none left is REASON_ACCOUNT_RANGE_FULL. id_use is asked outside the transaction: it may be
 * slow, and asked again.
 * - The identity's uid, gid, home or shell is not what the host resolved: REASON_ACCOUNT_CHANGED_RETRY, and the
 *   identity is kept, reserved under its right id (*ret_change says so: publish it), so that the next try succeeds.
 * - token_id used before: REASON_REPLAYED, and nothing is made. ACCOUNT_CHANGED_RETRY does not use it up.
 *
 * - host_membership: until the rights end, whatever becomes of the grant's session, the identity is in these groups for
 *   the whole host. REASON_GROUP_AMBIGUOUS when one is of another source and has an id in settings->range, or a name or
 *   an id that the ledger gave.
 *
 * *ret_change is set also on these refusals. It says ADDED at every login while anything is left to publish, so that a
 * crash between the two is made good.
 */
MUST_USE enum reason ledger_admit(struct ledger *ledger, const struct admission *admission, struct grant *ret,
                                  enum ledger_change *ret_change);

/* ---- grants and sessions ---- */

/*
 * The grant, if it is for this account and service and neither over nor (with `unused`) picked up. It is over at its
 * expiry, and GRANT_PICKUP_SECONDS after it was given unless a session picked it up. Its groups come in order of gid.
 * Checks the identity's state again. REASON_GRANT_UNKNOWN, REASON_GRANT_EXPIRED, REASON_GRANT_USED,
 * REASON_ACCOUNT_DISABLED; REASON_PROOF_MISSING while its key is to be proved.
 */
MUST_USE enum reason ledger_grant(struct ledger *ledger, const char *id, const char *name, const char *service,
                                  bool unused, int64_t now, struct grant *ret);

/* The thumbprint of the key that is yet to be proved for the grant. Errors as ledger_grant's, but for
 * REASON_PROOF_MISSING; REASON_GRANT_USED when there is none to prove. */
MUST_USE enum reason ledger_grant_unproved(struct ledger *ledger, const char *id, const char *name, const char *service,
                                           int64_t now, char ret[GRANT_KEY_SIZE]);

/* The key of this thumbprint was proved: the grant counts from now on, and its identity has logged in; *ret_change as
 * ledger_admit's. REASON_GRANT_UNKNOWN when none waits for it. */
MUST_USE enum reason ledger_grant_proved(struct ledger *ledger, const char *id, const char *thumbprint, int64_t now,
                                         enum ledger_change *ret_change);

struct session_facts {
  int64_t pid;            /* of the process that opens it */
  uint64_t pid_start;     /* its start time, /proc/PID/stat field 22 */
  uint32_t audit_session; /* 4294967295 when unset */
  const char *boot_id;
  const char *tty; /* NULL when there is none */
};

/* Pick the grant up, once, and register the session; *ret_session is its number (> 0). Sessions of another boot_id are
 * marked as ended. Errors as ledger_grant's. */
MUST_USE enum reason ledger_session_open(struct ledger *ledger, const char *grant_id, const char *name,
                                         const char *service, const struct session_facts *facts, int64_t now,
                                         int64_t *ret_session, struct grant *ret);

/* Mark the session as ended. REASON_SESSION_UNKNOWN when it is not there or over. */
MUST_USE enum reason ledger_session_close(struct ledger *ledger, int64_t session, int64_t now);

/*
 * An account that asks in without a grant (a public key, cron): REASON_OK when it is enabled, REASON_ACCOUNT_DISABLED,
 * REASON_ACCOUNT_UNKNOWN when the ledger does not have this name with this id, or nobody has logged in as it yet.
 * Whether it needs a token is the caller's question.
 */
MUST_USE enum reason ledger_account_state(struct ledger *ledger, const char *name, uint32_t uid);

/* The id of the identity of this name if it is hidden, see ledger_compare; 0 when it is not, or there is none. */
MUST_USE enum reason ledger_hidden_id(struct ledger *ledger, const char *name, uint32_t *ret);

/* ---- identities ---- */

struct identity {
  const char *name;
  const char *issuer; /* "" for a role: an account that a rule names literally */
  const char *subject;
  const char *home;
  const char *shell;
  const char *state; /* "enabled", "disabled", "reserved" (no login yet) */
  uint32_t uid;
  int64_t created;
  int64_t last_login; /* 0: never */
  bool declared;      /* by an account section of the settings */
  bool is_member;     /* of some group: see ledger_each_membership */
};

/*
 * Call `visit` for every identity in the order of names; it stops when `visit` returns false. Strings live for the
 * call. Logins wait meanwhile: `visit` must not (on a terminal or a pipe, say).
 */
MUST_USE enum reason ledger_each_identity(struct ledger *ledger,
                                          bool (*visit)(void *context, const struct identity *identity), void *context);

/*
 * The same for at most `limit` identities whose names come after `after` ("" for the first). Between two calls logins
 * go on, so a caller may write what it got.
 */
MUST_USE enum reason ledger_identities_after(struct ledger *ledger, const char *after, size_t limit,
                                             bool (*visit)(void *context, const struct identity *identity),
                                             void *context);

/* The same for the ids above `after` whose account was removed: its last name, its id, the state "removed", and ""
 * else.
 */
MUST_USE enum reason ledger_removed_after(struct ledger *ledger, uint32_t after, size_t limit,
                                          bool (*visit)(void *context, const struct identity *identity), void *context);

/* The same for the one identity of this name. REASON_ACCOUNT_UNKNOWN when there is none. `visit` may be NULL. */
MUST_USE enum reason ledger_identity(struct ledger *ledger, const char *name,
                                     bool (*visit)(void *context, const struct identity *identity), void *context);

/* How many sessions of the identity are registered under this boot and not marked as ended; 0 for an unknown name. */
MUST_USE enum reason ledger_open_sessions(struct ledger *ledger, const char *name, const char *boot_id, int64_t *ret);

struct membership {
  const char *group;
  uint32_t gid;
  int64_t expires; /* 0: it does not end by itself */
};

/* Call `visit` for every group that the identity is in for the whole host, in the order of names; it stops when `visit`
 * returns false. Strings live for the call. A disabled account's are listed, and do not count. */
MUST_USE enum reason ledger_each_membership(struct ledger *ledger, uint32_t uid, int64_t now,
                                            bool (*visit)(void *context, const struct membership *membership),
                                            void *context);

/* The gid of a group that a section of the settings made. REASON_GROUP_UNKNOWN when the ledger has no such group. */
MUST_USE enum reason ledger_group(struct ledger *ledger, const char *name, uint32_t *ret_gid);

/* Whether a group of another source has the name of a group or an account of the ledger, or an id that the ledger gave
 * at whatever time. */
MUST_USE enum reason ledger_has_group(struct ledger *ledger, const char *name, uint32_t gid, bool *ret);

/* ---- what only the administrator changes; REASON_ACCOUNT_UNKNOWN when there is no identity of this name ---- */

/*
 * Disable the identity, or enable it, whatever it was. It takes effect at the next decision of every kind: no login, no
 * session and no right of a grant while it is disabled, and no membership; those that tokens gave do not come back.
 * Sessions that are open go on; so does its NSS entry, for its files are still its own.
 *
 * Its memberships go out of the tables in `directory` at once; what is left of them comes back with the next
 * publishing, at the next login of anybody at the latest. When the tables could not be written (ledger_publish's
 * errors) the ledger is changed all the same.
 */
MUST_USE enum reason ledger_set_enabled(struct ledger *ledger, const char *directory, const char *name, bool enabled);

/*
 * Bind the identity to this issuer and subject. When that is another than before, the grants given until now and their
 * memberships are over. The tables: see ledger_set_enabled.
 * REASON_CLAIMS_MALFORMED for an empty text, one with a control character, or one that is longer than a token.
 */
MUST_USE enum reason ledger_rebind(struct ledger *ledger, const char *directory, const char *name, const char *issuer,
                                   const char *subject);

/*
 * The identity is in these groups for good, and no others; those that tokens give go on. Published at once; when the
 * tables could not be written (ledger_publish's errors) the ledger is changed all the same, and the next login
 * publishes it. REASON_GROUP_AMBIGUOUS: see ledger_admit.
 */
MUST_USE enum reason ledger_set_groups(struct ledger *ledger, const struct account_settings *settings,
                                       const char *directory, const char *name, const struct given_group *groups,
                                       size_t count, int64_t now);

/*
 * Remove the identity, its grants and its sessions, and publish all that is left. Its id stays used for good: whoever
 * has the name next, the same subject too, gets another. Cut off at any moment it is removed wholly or is still there,
 * in the tables at anybody's next login at the latest. Errors also: ledger_publish's.
 */
MUST_USE enum reason ledger_remove(struct ledger *ledger, const struct account_settings *settings,
                                   const char *directory, const char *name);

/* ---- accounts that the administrator makes ---- */

/* Is a name taken by something other than the ledger: a user, a group, or a member that a group lists? */
typedef enum id_use (*name_use_function)(void *context, const char *name);

enum provision_result {
  PROVISION_WAITING,
  PROVISION_ADDED,
  PROVISION_PRESENT, /* it was there already, just so */
  /* refused; nothing of it was done */
  PROVISION_NAME_INVALID,
  PROVISION_NAME_RESERVED,
  PROVISION_NAME_LOCAL, /* another source has the name */
  PROVISION_NAME_BOUND, /* the ledger has the name for another issuer and subject */
  PROVISION_DIFFERS,    /* the ledger has the account with another id, home, shell, state or groups */
  PROVISION_BINDING,    /* issuer or subject: one without the other, too long, or not printable */
  PROVISION_PATH,       /* home or shell does not fit into a passwd line */
  PROVISION_ID_OUTSIDE, /* not in the range */
  PROVISION_ID_USED,    /* the ledger gave it to another name, at whatever time */
  PROVISION_ID_LOCAL,   /* another source has it as uid or gid */
  PROVISION_RANGE_FULL,
  PROVISION_SOURCE_UNAVAILABLE,
  PROVISION_NAME_GROUP,      /* the ledger has a group of the name */
  PROVISION_NAME_ACCOUNT,    /* of a group: the ledger has an account of the name */
  PROVISION_GID_DIFFERS,     /* of a group: the ledger has it with another gid */
  PROVISION_GROUP_AMBIGUOUS, /* see ledger_admit */
  PROVISION_KEY_UNREADABLE,  /* the fleet key */
  PROVISION_WITHDRAWN,       /* it was declared and is no longer: it is disabled now */
};

/* What is wrong, in one clause; NULL for the first three. */
const char *provision_text(enum provision_result result);

enum provision_state { PROVISION_ENABLED, PROVISION_DISABLED, PROVISION_RESERVED, PROVISION_REMOVED };

/* An account to be made. */
struct provision {
  const char *name;
  const char *issuer; /* "" with an empty subject: a role; NULL, so is subject: what is there, or else a role */
  const char *subject;
  const char *home; /* NULL: what the settings say; so is shell */
  const char *shell;
  uint32_t uid;                     /* 0: the first probe of the name that nobody has */
  const struct given_group *groups; /* it is in for good, at most GRANT_GROUPS_MAX; NULL: what is there, or else none */
  size_t group_count;
  /* PROVISION_REMOVED: no account, only its id, which must be given, is reserved for good. */
  enum provision_state state;
  bool any_state;               /* `state` was not asked for: an account that is there may have another */
  enum provision_result result; /* set by ledger_provision */
  uint32_t probe, candidate;    /* the ledger's own */
};

/* Has another source the group of this name with this gid? */
typedef enum id_use (*group_use_function)(void *context, const char *name, uint32_t gid);

struct provisioning {
  const struct account_settings *settings;
  id_use_function id_use;
  name_use_function name_use;
  group_use_function group_use; /* required by ledger_compare alone */
  void *context;                /* of all three */
  int64_t now;
};

/*
 * Make these accounts, each that can be; the results say which. They are made in the order of their ids, some thousands
 * in a transaction, between which logins go on. The two functions are asked outside of them. Nothing is published yet;
 * if the caller does not come to it, the next login does. After an error some may be made and the results say nothing;
 * to do the same again does no harm.
 */
MUST_USE enum reason ledger_provision(struct ledger *ledger, const struct provisioning *how, struct provision *accounts,
                                      size_t count);

/* `kind` is "account" or "group". */
typedef void (*declared_teller)(void *context, const char *kind, const char *name, enum provision_result result);

/*
 * Make the accounts that the settings declare, with their ids, and give those that are there their home, shell and,
 * where the settings say it, binding; then make the groups of the group sections. `tell` hears of each that cannot be,
 * and of each account that is no longer declared; a group stays. Nothing is published yet. `tell` and the functions of
 * `how` are called outside a transaction.
 */
MUST_USE enum reason ledger_declare(struct ledger *ledger, const struct provisioning *how, declared_teller tell,
                                    void *context);

/* ---- what other sources have gained ---- */

enum comparison {
  COMPARISON_NAME_TAKEN, /* a user or a group of another source has the name */
  COMPARISON_ID_TAKEN,   /* as a uid or a gid */
  COMPARISON_FREE_AGAIN, /* nobody has either any more */
  COMPARISON_GROUP_LOST, /* no other source has this local group with this gid any more */
  COMPARISON_GROUP_BACK, /* one has it again */
};

/* What a comparison found of one account or group. Strings live for the call. */
struct compared {
  bool group; /* one that the settings declare, or a local one that has members of ours */
  const char *name;
  uint32_t id;
  enum comparison result;
  bool news; /* it was not so at the last comparison */
};

struct comparison_count {
  size_t inside, outside; /* accounts: whose id is in the range, and whose is not; without those */
  size_t hidden;  /* accounts and groups that another source stands in the way of, and local groups that are lost */
  size_t unknown; /* those that a source which does not answer was not asked of; they stay as they were */
};

/*
 * Ask the other sources of every account, and of every group that the settings declare. One whose name or id another
 * source has gained is hidden: the tables are without it from the next publication on, whoever makes that, so that it
 * never stands in front of the other. It comes back when a comparison finds that nobody has them any more. A local
 * group that has members of ours is hidden, with their memberships, when it is gone or has another gid, which may be
 * another group's by now: until a source has it as it was, or a membership is given in it as it is. `tell` hears of
 * each that is hidden or comes back. Nothing is published yet. `how->name_use` answers for users and groups alone here:
 * our accounts may be members of groups. `tell` and the functions of `how` are called outside a transaction.
 */
MUST_USE enum reason ledger_compare(struct ledger *ledger, const struct provisioning *how,
                                    void (*tell)(void *context, const struct compared *compared), void *context,
                                    struct comparison_count *ret);

/* ---- the NSS tables ---- */

/*
 * Publish to the NSS tables in `directory`: all identities (name == NULL), or the one that was just made and those that
 * were not come to before (which writes all when the tables are missing, damaged, from other settings or behind by
 * more). All are written beside the logins, whose accounts are not lost, and put in use under the ledger's write lock,
 * so that tables never go back in time. While another process is at it, or imports, this waits for it some seconds at
 * most, and one account is put into the tables that there are. An identity whose id settings->range does not hold is
 * left out: the NSS module answers for its range alone. Errors also: tables_build's; REASON_ACCOUNT_UNKNOWN when there
 * is no `name`.
 */
MUST_USE enum reason ledger_publish(struct ledger *ledger, const struct account_settings *settings,
                                    const char *directory, const char *name);

/* Remove grants never picked up and over, used token ids and memberships a day past their expiry (leeway, clocks set
 * back), sessions that ended more than a week ago with their grants; at most a thousand of each. */
MUST_USE enum reason ledger_tidy(struct ledger *ledger, int64_t now);

#endif
