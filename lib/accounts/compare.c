/* The accounts and groups that there are, against the other sources of the host. */
#include "config.h"

#include <string.h>

#include "database.h"
#include "ledger.h"
#include "memberships.h"

#define PAGE 1000 /* accounts, between which logins go on */

static const struct kind {
  bool group, local;
  const char *select, *mark;
} kinds[] = {{.group = false,
              .select = "SELECT uid, name, hidden FROM identities WHERE uid > ? ORDER BY uid LIMIT ?",
              .mark = "UPDATE identities SET hidden = ? WHERE uid = ? AND name = ?"},
             {.group = true,
              .select = "SELECT gid, name, hidden FROM groups WHERE gid > ? AND NOT local ORDER BY gid LIMIT ?",
              .mark = "UPDATE groups SET hidden = ? WHERE gid = ? AND name = ?"},
             {.group = true,
              .local = true,
              .select = "SELECT gid, name, hidden FROM groups WHERE gid > ? AND local"
                        " AND EXISTS (SELECT 1 FROM memberships m WHERE m.gid = groups.gid) ORDER BY gid LIMIT ?",
              .mark = "UPDATE groups SET hidden = ? WHERE gid = ? AND name = ?"}};

struct account { /* or group */
  char name[GROUP_NAME_MAX + 1];
  uint32_t id;
  bool was_hidden;
  bool known; /* every source answered, or one has it */
  bool hidden;
  enum comparison result;
};

struct page {
  struct account accounts[PAGE];
  size_t count;
};

static enum reason read_page(struct ledger *ledger, const struct kind *kind, uint32_t after, struct page *ret) {
  sqlite3_stmt *statement CLEANUP(statement_free) = NULL;
  enum reason reason = database_query(ledger, kind->select, WITH(INTEGER(after), INTEGER(PAGE)), &statement);
  bool row = false;
  ret->count = 0;
  if (reason == REASON_OK) reason = database_step(ledger, statement, &row);
  while (reason == REASON_OK && row && ret->count < PAGE) {
    struct account *account = &ret->accounts[ret->count];
    const char *name = column_text(statement, 1);
    if (strlen(name) > GROUP_NAME_MAX) return REASON_STATE_DAMAGED;
    *account = (struct account){.id = (uint32_t)sqlite3_column_int64(statement, 0),
                                .was_hidden = sqlite3_column_int(statement, 2) != 0};
    memcpy(account->name, name, strlen(name) + 1);
    ret->count++;
    reason = database_step(ledger, statement, &row);
  }
  return reason;
}

static void ask_of_local(const struct provisioning *how, struct account *group) {
  enum id_use use = how->group_use(how->context, group->name, group->id);
  group->known = use != ID_UNKNOWN;
  group->hidden = group->known ? use == ID_FREE : group->was_hidden;
  group->result = use == ID_FREE ? COMPARISON_GROUP_LOST : COMPARISON_GROUP_BACK;
}

static void ask(const struct provisioning *how, struct account *account) {
  enum id_use name = how->name_use(how->context, account->name), id = how->id_use(how->context, account->id);
  bool taken = name == ID_TAKEN || id == ID_TAKEN;
  account->known = taken || (name == ID_FREE && id == ID_FREE);
  account->hidden = account->known ? taken : account->was_hidden;
  account->result = !taken ? COMPARISON_FREE_AGAIN : name == ID_TAKEN ? COMPARISON_NAME_TAKEN : COMPARISON_ID_TAKEN;
}

static bool is_news(const struct account *account) {
  return account->hidden != account->was_hidden;
}

/* One that was removed, or made anew, meanwhile is another. */
static enum reason mark(struct ledger *ledger, const struct kind *kind, const struct page *page) {
  struct transaction transaction CLEANUP(transaction_end) = {0};
  enum reason reason = transaction_begin(ledger, TRANSACTION_WRITES, &transaction);
  for (size_t i = 0; reason == REASON_OK && i < page->count; i++)
    if (is_news(&page->accounts[i]))
      reason = database_run(
          ledger, kind->mark,
          WITH(INTEGER(page->accounts[i].hidden), INTEGER(page->accounts[i].id), TEXT(page->accounts[i].name)));
  if (reason == REASON_OK) reason = database_note_behind(ledger);
  return reason == REASON_OK ? transaction_commit(&transaction) : reason;
}

static bool any_news(const struct page *page) {
  for (size_t i = 0; i < page->count; i++)
    if (is_news(&page->accounts[i])) return true;
  return false;
}

static void count(const struct kind *kind, const struct account *account, struct id_range range,
                  struct comparison_count *count) {
  if (account->hidden)
    count->hidden++;
  else if (!kind->group)
    *(id_range_holds(range, account->id) ? &count->inside : &count->outside) += 1;
  if (!account->known) count->unknown++;
}

struct listener {
  void (*tell)(void *context, const struct compared *compared);
  void *context;
};

static enum reason compare_page(struct ledger *ledger, const struct provisioning *how, const struct kind *kind,
                                struct page *page, const struct listener *listener, struct comparison_count *counts) {
  for (size_t i = 0; i < page->count; i++)
    (kind->local ? ask_of_local : ask)(how, &page->accounts[i]);
  enum reason reason = any_news(page) ? mark(ledger, kind, page) : REASON_OK;
  for (size_t i = 0; reason == REASON_OK && i < page->count; i++) {
    const struct account *account = &page->accounts[i];
    struct compared compared = {kind->group, account->name, account->id, account->result, is_news(account)};
    count(kind, account, how->settings->range, counts);
    if (account->known && (account->hidden || account->was_hidden)) listener->tell(listener->context, &compared);
  }
  return reason;
}

static enum reason compare_kind(struct ledger *ledger, const struct provisioning *how, const struct kind *kind,
                                const struct listener *listener, struct comparison_count *counts) {
  struct page page;
  enum reason reason;
  uint32_t after = 0;
  do {
    reason = read_page(ledger, kind, after, &page);
    if (reason == REASON_OK) reason = compare_page(ledger, how, kind, &page, listener, counts);
    if (page.count > 0) after = page.accounts[page.count - 1].id;
    ledger_tell_progress(ledger, counts->inside + counts->outside + counts->hidden);
  } while (reason == REASON_OK && page.count == PAGE);
  return reason;
}

enum reason ledger_compare(struct ledger *ledger, const struct provisioning *how,
                           void (*tell)(void *context, const struct compared *compared), void *context,
                           struct comparison_count *ret) {
  const struct listener listener = {tell, context};
  struct comparison_count counts = {0};
  enum reason reason = REASON_OK;
  for (size_t i = 0; reason == REASON_OK && i < COUNT_OF(kinds); i++)
    reason = compare_kind(ledger, how, &kinds[i], &listener, &counts);
  if (reason == REASON_OK) *ret = counts;
  return reason;
}
