#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "decision.h"
#include "input.h"
#include "jwtctl.h"
#include "paths.h"
#include "settings_choice.h"
#include "shed.h"
#include "sources.h"
#include "tables.h"
#include "text.h"

#define AUTH_INFO_MAX (64 * 1024)
#define SHOWN_MAX 240 /* bytes of a value */

static const char name[] = "explain";

static const char usage[] =
    "Usage: jwtctl explain --user NAME --service NAME [OPTION]... < TOKEN\n"
    "\n"
    "Show every step of the decision on a token, as a login takes them, and change nothing.\n"
    "\n"
    "  --config FILE       the settings (default: the host's, which must belong to root)\n"
    "  --conf-dir DIR      further files *.conf (default: the host's, none with --config)\n"
    "  --user NAME         the account that is asked for\n"
    "  --service NAME      the PAM service: sshd, sudo, ...\n"
    "  --rhost HOST        where the login comes from\n"
    "  --now EPOCH         the time to decide for (default: the clock when the command starts)\n"
    "  --ssh-auth-info FILE  what sshd put into SSH_AUTH_INFO_0: the keys that a token may be bound to\n"
    "  --json              print a JSON object\n"
    "\n"
    "Exit status: 0 accept, 1 deny, 2 wrong use or settings.\n"
    "The token is read after all privilege is shed. What a login asks the ledger afterwards (is the account bound\n"
    "to somebody else, disabled; was the token used) is not asked here, nor whether the rule's groups exist.\n"
    "\n"
    "Example:\n"
    "  jwtctl explain --user deploy --service sshd < token\n";

struct explanation {
  struct settings_choice choice;
  struct login_request request;
  const char *auth_info;       /* the file */
  char *auth_info_text;        /* what it holds, unparsed */
  struct ssh_auth_info proved; /* what of it a login would look at */
  bool json;
  bool colour;
  json_t *steps; /* with --json */
};

/* ---- options ---- */

static int take(int option, struct explanation *explanation, char **argv) {
  switch (option) {
  case 'c':
    explanation->choice.config = optarg;
    return EXIT_YES;
  case 'd':
    explanation->choice.conf_dir = optarg;
    return EXIT_YES;
  case 'u':
    explanation->request.account.name = optarg;
    return EXIT_YES;
  case 's':
    explanation->request.service = optarg;
    return EXIT_YES;
  case 'r':
    explanation->request.rhost = optarg;
    return EXIT_YES;
  case 'n':
    if (parse_number(optarg, 0, INT64_MAX, &explanation->request.now)) return EXIT_YES;
    return wrong_use(name, "--now takes seconds since 1970");
  case 'i':
    explanation->auth_info = optarg;
    return EXIT_YES;
  case 'j':
    explanation->json = true;
    return EXIT_YES;
  case ':':
    return wrong_use(name, "%s needs a value", argv[optind - 1]);
  default:
    return wrong_use(name, "%s is not an option, or not a clear one", argv[optind - 1]);
  }
}

static int parse_options(int argc, char **argv, struct explanation *explanation) {
  static const struct option known[] = {
      {"config", required_argument, NULL, 'c'},  {"user", required_argument, NULL, 'u'},
      {"service", required_argument, NULL, 's'}, {"rhost", required_argument, NULL, 'r'},
      {"now", required_argument, NULL, 'n'},     {"ssh-auth-info", required_argument, NULL, 'i'},
      {"json", no_argument, NULL, 'j'},          {NULL, 0, NULL, 0},
  };
  int option;
  while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
    int status = take(option, explanation, argv);
    if (status != EXIT_YES) return status;
  }
  if (optind < argc) return wrong_use(name, "a token is read from standard input, never from the command line");
  if (!explanation->request.account.name) return wrong_use(name, "--user NAME is missing: the account asked for");
  if (!explanation->request.service) return wrong_use(name, "--service NAME is missing: sshd, for example");
  return EXIT_YES;
}

/* ---- steps ---- */

/* On one line of a terminal, whatever it holds. */
static void put_text(const char *text) {
  size_t shown = 0;
  for (; *text && shown < SHOWN_MAX; text++, shown++) {
    unsigned char c = (unsigned char)*text;
    if (c >= ' ' && c <= '~')
      putchar(c);
    else
      printf("\\x%02x", c);
  }
  if (*text) fputs("...", stdout);
}

static void put_labelled(const char *label, const char *text) {
  if (!text) return;
  fputs(label, stdout);
  put_text(text);
}

/* Part of a rule, which is told after its parts. */
static bool is_part(const char *step) {
  static const char *const parts[] = {"service", "condition", "account", "bound", NULL};
  return name_is_listed(parts, step);
}

static void print_step(const struct explanation *explanation, const struct trace_step *step) {
  const char *mark = step->held ? "✔" : "✘", *indent = is_part(step->step) ? "  " : "";
  if (explanation->colour)
    printf("%s\033[%dm%s\033[0m %s", indent, step->held ? 32 : 31, mark, step->step);
  else
    printf("%s%s %s", indent, mark, step->step);
  put_labelled(": ", step->detail);
  put_labelled("; found ", step->found || step->held ? step->found : "nothing");
  put_labelled("; wanted ", step->wanted);
  putchar('\n');
}

static void show_step(void *context, const struct trace_step *step) {
  struct explanation *explanation = context;
  if (!explanation->json) {
    print_step(explanation, step);
    return;
  }
  json_array_append_new(explanation->steps,
                        json_pack("{s:s, s:s?, s:b, s:s?, s:s?}", "step", step->step, "detail", step->detail, "held",
                                  step->held, "found", step->found, "wanted", step->wanted));
}

/* ---- what the host knows ---- */

static bool is_ours(const char *account) {
  char buffer[2 * ACCOUNT_PATH_MAX + 2 * ACCOUNT_NAME_MAX];
  struct table_account found;
  struct tables *tables = tables_new(PATH_TABLES);
  bool ours = tables && tables_account_by_name(tables, account, &found, buffer, sizeof(buffer)) == TABLE_FOUND;
  tables_free(tables);
  return ours;
}

/* A source that does not answer makes a login fail that would create the account; here it counts as without it. */
static void ask_host(struct account_facts *account) {
  if (sources_user_by_name(account->name, &account->uid) == SOURCE_FOUND)
    account->kind = ACCOUNT_LOCAL;
  else if (is_ours(account->name))
    account->kind = ACCOUNT_OURS;
  else
    account->group_of_same_name =
        sources_group_by_name(account->name, NULL) == SOURCE_FOUND || sources_group_lists_member(account->name);
}

static void show_account(struct explanation *explanation) {
  static const char *const kinds[] = {
      [ACCOUNT_ABSENT] = "not there", [ACCOUNT_OURS] = "made for a token", [ACCOUNT_LOCAL] = "of another source"};
  const struct account_facts *account = &explanation->request.account;
  struct trace_step step = {"host", account->name, true, kinds[account->kind], NULL};
  show_step(explanation, &step);
}

/* As sshd writes it, but for a newline that an editor put behind it. */
static int read_auth_info(struct explanation *explanation) {
  size_t size;
  if (!explanation->auth_info) return EXIT_YES;
  if (trusted_file_read(explanation->auth_info, FILE_OF_ANYONE, AUTH_INFO_MAX, &explanation->auth_info_text, &size) !=
      REASON_OK)
    return wrong_use(name, "%s cannot be read: %s", explanation->auth_info, strerror(errno));
  explanation->proved = (struct ssh_auth_info){explanation->auth_info_text, size};
  explanation->request.proved = &explanation->proved;
  return EXIT_YES;
}

/* The first word of each line is a method that sshd has completed. */
static void show_auth_info(struct explanation *explanation) {
  char methods[128] = "";
  if (!explanation->auth_info) return;
  bool fits = explanation->proved.size <= SSH_AUTH_INFO_MAX;
  char *rest = explanation->auth_info_text;
  for (char *line; fits && (line = strsep(&rest, "\n"));) {
    size_t used = strlen(methods), size = strcspn(line, " ");
    if (size > 0 && used < sizeof(methods))
      snprintf(methods + used, sizeof(methods) - used, "%s%.*s", used ? ", " : "", (int)size, line);
    if (rest) rest[-1] = '\n';
  }
  struct trace_step step = {"ssh-auth-info", "methods completed before", fits, methods,
                            fits ? NULL : "at most 16384 bytes: more proves nothing"};
  show_step(explanation, &step);
}

/* ---- answers ---- */

static int tell_json(const struct explanation *explanation, enum reason reason, const struct decision *decision) {
  bool accepted = reason == REASON_OK;
  json_t *answer =
      accepted ? json_pack("{s:s, s:s, s:s, s:O}", "decision", "accept", "rule", decision->rule->title, "account",
                           explanation->request.account.name, "steps", explanation->steps)
               : json_pack("{s:s, s:s, s:s, s:s, s:O}", "decision", "deny", "reason", reason_code(reason), "text",
                           reason_text(reason), "advice", reason_advice(reason), "steps", explanation->steps);
  if (!print_json(answer)) return EXIT_WRONG_USE;
  return accepted ? EXIT_YES : EXIT_NO;
}

static int tell(const struct explanation *explanation, enum reason reason, const struct decision *decision) {
  if (explanation->json) return tell_json(explanation, reason, decision);
  if (reason != REASON_OK) {
    printf("%s: %s\ndecision: deny %s\n", reason_text(reason), reason_advice(reason), reason_code(reason));
    return EXIT_NO;
  }
  struct audit_line line;
  audit_begin(&line);
  audit_add(&line, "rule", decision->rule->title);
  audit_add(&line, "account", explanation->request.account.name);
  printf("decision: accept %s\n", line.text);
  return EXIT_YES;
}

/* Privilege is shed: the token may be read. */
static int decide_and_tell(struct explanation *explanation, const struct settings *settings,
                           const struct key_files *files) {
  CLEANUP(input_clear) struct input input;
  CLEANUP(decision_clear) struct decision decision = {0};
  struct trace trace = {show_step, explanation};
  const char *text = "";
  size_t size = 0;
  input_begin(&input, STDIN_FILENO, INPUT_WHOLE);
  show_auth_info(explanation);
  if (!input_next(&input, &text, &size)) {
    fprintf(stderr, "jwtctl %s: standard input could not be read: %s\n", name, strerror(errno));
    return EXIT_WRONG_USE;
  }
  enum reason reason = decide(settings, files, &explanation->request, text, size, &trace, &decision);
  return tell(explanation, reason, &decision);
}

static int explain(struct explanation *explanation, const struct settings *settings) {
  struct key_files *files;
  if (key_files_read(settings, PATH_KEY_CACHE, choice_trust(&explanation->choice), &files) != REASON_OK)
    return wrong_use(name, "%s", reason_text(REASON_OUT_OF_MEMORY));
  ask_host(&explanation->request.account);
  show_account(explanation);
  int status = read_auth_info(explanation);
  if (status == EXIT_YES)
    status = shed_privilege(name) == REASON_OK ? decide_and_tell(explanation, settings, files) : EXIT_WRONG_USE;
  key_files_free(files);
  return status;
}

static int run(int argc, char **argv) {
  struct explanation explanation = {.request.now = (int64_t)time(NULL), .colour = isatty(STDOUT_FILENO) == 1};
  struct settings_error error;
  struct settings *settings;
  int status = parse_options(argc, argv, &explanation);
  if (status != EXIT_YES) return status;
  if (choice_load(&explanation.choice, &settings, &error) != REASON_OK) {
    fprintf(stderr, "jwtctl %s: %s\n", name, error.text);
    return EXIT_WRONG_USE;
  }
  explanation.steps = json_array();
  status = explain(&explanation, settings);
  json_decref(explanation.steps);
  free(explanation.auth_info_text);
  settings_free(settings);
  return status;
}

const struct command command_explain = {name, "show why a token would be let in or not", usage, run};
