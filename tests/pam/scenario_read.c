#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "scenario.h"

static char *next_word(char **rest) {
  *rest += strspn(*rest, " \t");
  if (**rest == '\0') return NULL;
  char *word = *rest;
  if (*word == '"') {
    word++;
    *rest = word + strcspn(word, "\"");
  } else {
    *rest += strcspn(*rest, " \t");
  }
  if (**rest != '\0') *(*rest)++ = '\0';
  return word;
}

static char *rest_of(char **rest) {
  *rest += strspn(*rest, " \t");
  return **rest != '\0' ? *rest : NULL;
}

static bool add_to_stack(struct scenario *scenario, const char *type, const char *line) {
  const size_t used = strlen(scenario->stack), room = sizeof(scenario->stack) - used;
  return line != NULL && (size_t)snprintf(scenario->stack + used, room, "%s %s\n", type, line) < room;
}

static bool add_step(struct scenario *scenario, enum step_kind kind, char *rest) {
  if (scenario->step_count == STEPS_MAX) return false;
  struct step *step = &scenario->steps[scenario->step_count++];
  *step = (struct step){.kind = kind, .subject = next_word(&rest), .value = rest_of(&rest)};
  if (kind == STEP_HANDOVER) return true;
  const bool needs_value = kind == STEP_CALL || kind == STEP_ASK || kind == STEP_ENV || kind == STEP_PUTENV;
  return step->subject != NULL && (step->value != NULL || !needs_value);
}

static bool set_item(struct scenario *scenario, const char *name, const char *value) {
  const struct {
    const char *name;
    const char **target;
  } items[] = {
      {"service", &scenario->service}, {"user", &scenario->user}, {"rhost", &scenario->rhost}, {"tty", &scenario->tty}};
  for (size_t i = 0; i < COUNT_OF(items); i++) {
    if (strcmp(items[i].name, name) == 0) return (*items[i].target = value) != NULL;
  }
  return false;
}

static bool take_line(struct scenario *scenario, char *line) {
  static const struct {
    const char *name;
    enum step_kind kind;
  } steps[] = {{"call", STEP_CALL}, {"ask", STEP_ASK},       {"info", STEP_INFO},   {"error", STEP_ERROR},
               {"env", STEP_ENV},   {"putenv", STEP_PUTENV}, {"group", STEP_GROUP}, {"handover", STEP_HANDOVER}};
  char *rest = line;
  const char *name = next_word(&rest);
  if (name == NULL) return true;
  if (name[0] == '#') {
    if (scenario->title == NULL) scenario->title = rest_of(&rest);
    return true;
  }
  if (strcmp(name, "auth") == 0 || strcmp(name, "account") == 0 || strcmp(name, "session") == 0) {
    return add_to_stack(scenario, name, rest_of(&rest));
  }
  if (strcmp(name, "log") == 0 && scenario->log_count < LOGS_MAX) {
    return (scenario->logs[scenario->log_count++] = rest_of(&rest)) != NULL;
  }
  for (size_t i = 0; i < COUNT_OF(steps); i++) {
    if (strcmp(steps[i].name, name) == 0) return add_step(scenario, steps[i].kind, rest);
  }
  return set_item(scenario, name, rest_of(&rest));
}

static char *read_text(const char *path) {
  FILE *file = fopen(path, "re");
  char *text = NULL;
  size_t size = 0;
  if (file == NULL) return NULL;
  if (getdelim(&text, &size, '\0', file) < 0) {
    free(text);
    text = NULL;
  }
  fclose(file);
  return text;
}

bool scenario_read(const char *path, struct scenario *ret) {
  *ret = (struct scenario){.text = read_text(path)};
  if (ret->text == NULL) {
    printf("# %s: cannot be read\n", path);
    return false;
  }
  int number = 0;
  char *rest = ret->text, *line;
  while ((line = strsep(&rest, "\n")) != NULL) {
    number++;
    if (!take_line(ret, line)) {
      printf("# %s:%d: not a line of a scenario\n", path, number);
      return false;
    }
  }
  if (ret->title == NULL || ret->service == NULL || ret->user == NULL || ret->step_count == 0) {
    printf("# %s: title, service, user or calls are missing\n", path);
    return false;
  }
  return true;
}

void scenario_free(struct scenario *scenario) {
  free(scenario->text);
}
