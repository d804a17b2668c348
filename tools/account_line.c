#include "account_line.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

static const char *const states[] = {[PROVISION_ENABLED] = "enabled",
                                     [PROVISION_DISABLED] = "disabled",
                                     [PROVISION_RESERVED] = "reserved",
                                     [PROVISION_REMOVED] = "removed"};

/* ---- members: what to do with the value, or what it should have been ---- */

static const char *take_text(const json_t *value, const char **ret) {
  if (!json_is_string(value)) return "a string";
  *ret = json_string_value(value);
  return NULL;
}

/* Null says that the account is a role, which has neither. */
static const char *take_binding(const json_t *value, const char **ret) {
  if (!json_is_null(value)) return take_text(value, ret) == NULL ? NULL : "a string, or null for a role";
  *ret = "";
  return NULL;
}

static const char *take_state(const json_t *value, struct provision *ret) {
  for (size_t i = 0; json_is_string(value) && i < COUNT_OF(states); i++)
    if (strcmp(json_string_value(value), states[i]) == 0) {
      ret->state = (enum provision_state)i;
      ret->any_state = false;
      return NULL;
    }
  return "enabled, disabled, reserved or removed";
}

static const char *take_uid(const json_t *value, struct provision *ret) {
  json_int_t uid = json_integer_value(value);
  if (!json_is_integer(value) || uid < 1 || uid >= UINT32_MAX) return "a number from 1 to 4294967294";
  ret->uid = (uint32_t)uid;
  return NULL;
}

/* Names, that are looked up when the rest of the line is read. */
static const char *take_groups(const json_t *value, struct provision *ret) {
  bool names = json_is_array(value) && json_array_size(value) <= GRANT_GROUPS_MAX;
  for (size_t i = 0; names && i < json_array_size(value); i++)
    names = json_is_string(json_array_get(value, i));
  ret->group_count = json_array_size(value);
  return names ? NULL : "an array of at most 64 names of groups";
}

/* NULL, or what was expected; *ret_known is false for a member that means nothing here. */
static const char *take_member(const char *key, const json_t *value, struct provision *ret, bool *ret_known) {
  if (strcmp(key, "name") == 0) return take_text(value, &ret->name);
  if (strcmp(key, "issuer") == 0) return take_binding(value, &ret->issuer);
  if (strcmp(key, "subject") == 0) return take_binding(value, &ret->subject);
  if (strcmp(key, "home") == 0) return take_text(value, &ret->home);
  if (strcmp(key, "shell") == 0) return take_text(value, &ret->shell);
  if (strcmp(key, "uid") == 0) return take_uid(value, ret);
  if (strcmp(key, "state") == 0) return take_state(value, ret);
  if (strcmp(key, "groups") == 0) return take_groups(value, ret);
  *ret_known = false;
  return NULL;
}

/* ---- the line ---- */

static bool take_members(json_t *object, struct provision *ret, char *wrong, size_t size) {
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    char shown[PRINTABLE_SIZE];
    bool known = true;
    const char *expected = take_member(key, value, ret, &known);
    if (!known)
      snprintf(wrong, size,
               "\"%s\" means nothing here; expected name, issuer, subject, uid, home, shell, state or groups",
               printable(key, shown));
    else if (expected != NULL)
      snprintf(wrong, size, "\"%s\" should be %s", key, expected);
    if (!known || expected != NULL) return false;
  }
  return true;
}

static const char *what_is_missing(const struct provision *account) {
  if (account->name == NULL) return "\"name\" is missing";
  if (account->issuer == NULL) return "\"issuer\" is missing";
  if (account->subject == NULL) return "\"subject\" is missing";
  return account->state == PROVISION_REMOVED && account->uid == 0 ? "\"uid\" is missing" : NULL;
}

/* Each had two quotes in the line, so with their NULs they are no longer than that. */
static size_t copy_texts(struct provision *account, char *room) {
  const char **texts[] = {&account->name, &account->issuer, &account->subject, &account->home, &account->shell};
  size_t used = 0;
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    if (*texts[i] == NULL) continue;
    size_t size = strlen(*texts[i]) + 1;
    *texts[i] = memcpy(room + used, *texts[i], size);
    used += size;
  }
  return used;
}

/* ---- groups ---- */

/* The bytes of `room` up to where an array of groups may begin. */
static size_t padding(const char *room) {
  size_t past = (uintptr_t)room % _Alignof(struct given_group);
  return past != 0 ? _Alignof(struct given_group) - past : 0;
}

/* Put the groups into `room`, *ret_used bytes of it. False when one cannot be given. */
static bool find_groups(const json_t *object, struct group_book *book, struct provision *ret, char *room,
                        size_t *ret_used, char *wrong, size_t size) {
  const json_t *names = json_object_get(object, "groups");
  *ret_used = 0;
  if (names == NULL) return true;
  struct given_group *groups = (struct given_group *)(void *)(room + padding(room));
  for (size_t i = 0; i < ret->group_count; i++) {
    const char *name = json_string_value(json_array_get(names, i)), *why;
    char shown[PRINTABLE_SIZE];
    if (group_book_add(book, name, groups, i, &why)) continue;
    snprintf(wrong, size, "group %s: %s", printable(name, shown), why);
    return false;
  }
  ret->groups = groups;
  *ret_used = padding(room) + ret->group_count * sizeof *groups;
  return true;
}

/* NULL, or what is wrong. What *ret borrows is the object's. */
static const char *read_object(json_t *object, struct provision *ret, char *wrong, size_t size) {
  if (!json_is_object(object)) return "this is not a JSON object";
  *ret = (struct provision){.any_state = true};
  if (!take_members(object, ret, wrong, size)) return wrong;
  if (ret->state == PROVISION_REMOVED) ret->issuer = ret->subject = "";
  return what_is_missing(ret);
}

const char *account_line_read(const char *line, size_t length, struct group_book *book, struct provision *ret,
                              char *room, size_t *ret_used, char *wrong, size_t size) {
  json_error_t error;
  json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
  if (object == NULL) {
    snprintf(wrong, size, "this is not JSON: %s", error.text);
    return wrong;
  }
  struct provision account;
  size_t used = 0;
  const char *refused = read_object(object, &account, wrong, size);
  if (refused == NULL && !find_groups(object, book, &account, room, &used, wrong, size)) refused = wrong;
  if (refused == NULL) {
    *ret_used = used + copy_texts(&account, room + used);
    *ret = account;
  }
  json_decref(object);
  return refused;
}

/* ---- writing ---- */

/* NULL, which the caller's json_pack refuses, for bytes that are not UTF-8: an escaped text would be another subject.
 */
static json_t *binding(const char *text) {
  return *text != '\0' ? json_string(text) : json_null();
}

json_t *account_line_json(const struct identity *identity, json_t *groups) {
  if (json_array_size(groups) == 0) {
    json_decref(groups);
    groups = NULL;
  }
  if (strcmp(identity->state, states[PROVISION_REMOVED]) == 0)
    return json_pack("{s:s, s:I, s:s}", "name", identity->name, "uid", (json_int_t)identity->uid, "state",
                     identity->state);
  return json_pack("{s:s, s:o, s:o, s:I, s:s, s:s, s:s, s:o*}", "name", identity->name, "issuer",
                   binding(identity->issuer), "subject", binding(identity->subject), "uid", (json_int_t)identity->uid,
                   "home", identity->home, "shell", identity->shell, "state", identity->state, "groups", groups);
}
