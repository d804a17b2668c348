#include "config.h"

#include "ids.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "database.h"
#include "fleet_key.h"
#include "secret.h"

enum reason id_was_used(struct ledger *ledger, uint32_t id, bool *ret) {
  int64_t used = 0;
  enum reason reason = database_integer(ledger, "SELECT 1 FROM used_ids WHERE id = ?", WITH(INTEGER(id)), 0, &used);
  if (reason == REASON_OK) *ret = used != 0;
  return reason;
}

enum reason id_use_up(struct ledger *ledger, uint32_t id, const char *name, int64_t now) {
  return database_run(ledger, "INSERT INTO used_ids (id, name, since) VALUES (?, ?, ?)",
                      WITH(INTEGER(id), TEXT(name), INTEGER(now)));
}

static enum reason choose(struct ledger *ledger, const char *name, struct id_range range,
                          const uint8_t key[FLEET_KEY_SIZE], id_use_function id_use, void *context, uint32_t *ret) {
  for (uint32_t probe = 0;; probe++) {
    uint32_t id = account_id_probe(name, range, key, probe);
    if (id == 0) return REASON_ACCOUNT_RANGE_FULL;
    bool used = false;
    enum reason reason = id_was_used(ledger, id, &used);
    if (reason != REASON_OK) return reason;
    if (used) continue;
    switch (id_use(context, id)) {
    case ID_FREE:
      *ret = id;
      return REASON_OK;
    case ID_TAKEN:
      continue;
    case ID_UNKNOWN:
      return REASON_SOURCE_UNAVAILABLE;
    }
  }
}

enum reason id_choose(struct ledger *ledger, const char *name, const struct account_settings *settings,
                      id_use_function id_use, void *context, uint32_t *ret) {
  uint8_t key[FLEET_KEY_SIZE];
  if (!fleet_key_read(settings->fleet_key, key)) {
    snprintf(ledger->detail, sizeof ledger->detail, "the fleet key %s cannot be used: %s", settings->fleet_key,
             strerror(errno));
    return REASON_SETTINGS_INVALID;
  }
  enum reason reason = choose(ledger, name, settings->range, key, id_use, context, ret);
  ERASE_ARRAY(key);
  return reason;
}
