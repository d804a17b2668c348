#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply.h"
#include "compiler.h"
#include "fetcher.h"
#include "issuer_section.h"
#include "jwtctl.h"
#include "output.h"
#include "paths.h"
#include "probe.h"
#include "settings_choice.h"
#include "text.h"
#include "trusted_file.h"
#include "urls.h"

static const char name[] = "issuer add";

static const char usage[] =
    "Usage: jwtctl issuer add URL [OPTION]...\n"
    "\n"
    "Ask the issuer URL what it offers, show it, and write a section for it into a file of conf.d: checked\n"
    "together with all other settings, applied as by 'jwtctl apply', its keys fetched. When anything fails,\n"
    "nothing is left behind. Its tokens open nothing until a rule is for it.\n"
    "\n"
    "  --title TITLE       the section's title (default: the host's name in URL)\n"
    "  --audience A        what its tokens must be meant for (default: ssh://{hostname}); several become a list\n"
    "  --keys URL          its key set is here (default: discovery says where)\n"
    "  --alias NAME        what it is called in place of its url; where issuers share one, each needs it\n"
    "  --ca-file FILE      trust these CAs (PEM) in place of the system's\n"
    "  --bearer-file FILE  send the token in this file when fetching keys\n"
    "  --config FILE       write for these settings, in place of the host's, and apply nothing\n"
    "  --conf-dir DIR      write into this folder, and apply nothing\n"
    "  --dry-run           write nothing\n"
    "  --json              print a JSON object\n"
    "\n"
    "Exit status: 0 done, 1 the issuer offers nothing that can be used or the file could not be written, 2\n"
    "wrong use or settings.\n"
    "\n"
    "Example:\n"
    "  jwtctl issuer add https://token.actions.githubusercontent.com --title github\n";

#define AUDIENCES_MAX 16

struct order {
  struct settings_choice choice;
  struct issuer issuer; /* what was said of it, and then what was found */
  const char *audiences[AUDIENCES_MAX + 1];
  const char *algorithms[PROBE_ALGORITHMS_MAX + 1];
  char title[SETTINGS_TITLE_MAX + 1];
  bool dry_run, json;
};

/* ---- options ---- */

static int add_audience(struct order *order, const char *audience) {
  size_t count = 0;
  while (order->audiences[count] != NULL)
    count++;
  if (count == AUDIENCES_MAX) return wrong_use(name, "--audience is given more than %d times", AUDIENCES_MAX);
  order->audiences[count] = audience;
  return EXIT_YES;
}

static int take(int option, struct order *order, char **argv) {
  switch (option) {
  case 't':
    order->issuer.title = optarg;
    return EXIT_YES;
  case 'a':
    return add_audience(order, optarg);
  case 'k':
    order->issuer.key_source = KEYS_AT_URL;
    order->issuer.key_location = optarg;
    return EXIT_YES;
  case 'l':
    order->issuer.alias = optarg;
    return EXIT_YES;
  case 'f':
    order->issuer.ca_file = optarg;
    return EXIT_YES;
  case 'b':
    order->issuer.bearer_file = optarg;
    return EXIT_YES;
  case 'c':
    order->choice.config = optarg;
    return EXIT_YES;
  case 'd':
    order->choice.conf_dir = optarg;
    return EXIT_YES;
  case 'n':
    order->dry_run = true;
    return EXIT_YES;
  case 'j':
    order->json = true;
    return EXIT_YES;
  case ':':
    return wrong_use(name, "%s needs a value", argv[optind - 1]);
  default:
    return wrong_use(name, "%s is not an option, or not a clear one", argv[optind - 1]);
  }
}

/* ---- what can be said before the issuer is asked ---- */

static int check_url(const struct order *order) {
  static const char spiffe[] = "spiffe://";
  const struct issuer *issuer = &order->issuer;
  if (issuer->key_location != NULL && !url_is_fetchable(issuer->key_location))
    return wrong_use(name, "--keys is \"%s\"; expected %s", issuer->key_location, URL_FETCHABLE_TEXT);
  if (issuer->key_location != NULL || url_is_fetchable(issuer->url)) return EXIT_YES;
  if (strncmp(issuer->url, spiffe, strlen(spiffe)) == 0)
    return wrong_use(name, "SPIFFE has no discovery; say with --keys URL where the trust domain's bundle is");
  return wrong_use(name, "URL is \"%s\"; expected %s, or --keys URL beside it", issuer->url, URL_FETCHABLE_TEXT);
}

/* The host's name, or the whole where there is none. */
static int settle_title(struct order *order) {
  const char *url = order->issuer.url, *host = strstr(url, "://");
  host = host != NULL ? host + strlen("://") : url;
  if (order->issuer.title == NULL)
    snprintf(order->title, sizeof order->title, "%.*s", (int)strcspn(host, "/?"), host);
  else if (strlen(order->issuer.title) <= SETTINGS_TITLE_MAX)
    memcpy(order->title, order->issuer.title, strlen(order->issuer.title) + 1);
  order->issuer.title = order->title;
  return order->title[0] != '\0' ? EXIT_YES : wrong_use(name, "--title takes 1 to %d characters", SETTINGS_TITLE_MAX);
}

/* What stands in quotes means what it says. */
static int check_texts(const struct order *order) {
  const char *const texts[] = {order->issuer.url,          order->title,          order->issuer.alias,
                               order->issuer.key_location, order->issuer.ca_file, order->issuer.bearer_file};
  for (size_t i = 0; i < COUNT_OF(texts); i++)
    if (texts[i] != NULL && !section_can_hold(texts[i]))
      return wrong_use(name, "\"%s\" has a quote, a backslash, a dollar sign or what is not printable", texts[i]);
  for (size_t i = 0; order->audiences[i] != NULL; i++)
    if (!section_can_hold(order->audiences[i]))
      return wrong_use(name, "--audience has a quote, a backslash, a dollar sign or what is not printable");
  return EXIT_YES;
}

static int check_settings(struct order *order, const struct settings *settings) {
  const struct issuer *issuer = &order->issuer, *same = settings_issuer(settings, issuer->title);
  if (same != NULL)
    return wrong_use(name, "the issuer \"%s\" is there already, at %s:%d; --title gives another title", issuer->title,
                     same->file, same->line);
  for (size_t i = 0; issuer->alias == NULL && i < settings->issuer_count; i++)
    if (strcmp(settings->issuers[i].url, issuer->url) == 0)
      return wrong_use(name, "the issuer \"%s\", at %s:%d, has this url already; 'jwtctl issuer test' asks it",
                       settings->issuers[i].title, settings->issuers[i].file, settings->issuers[i].line);
  if (order->audiences[0] == NULL && settings->hostname == NULL)
    return wrong_use(name,
                     "tokens are to be meant for this host: put `hostname = \"NAME\"` into %s, or say --audience A",
                     order->choice.config != NULL ? order->choice.config : PATH_CONF);
  if (order->audiences[0] == NULL) order->audiences[0] = "ssh://{hostname}";
  return EXIT_YES;
}

/* ---- what the issuer offers ---- */

static bool choose_algorithms(struct order *order, const struct probe *probe) {
  bool svid = strncmp(order->issuer.url, "spiffe://", strlen("spiffe://")) == 0;
  size_t count = 0;
  for (const char *const *algorithm = settings_algorithms(); *algorithm != NULL; algorithm++) {
    bool fits = !svid || (*algorithm)[1] == 'S'; /* RS, PS and ES */
    if (fits && probe_offers(probe, *algorithm) && count < PROBE_ALGORITHMS_MAX)
      order->algorithms[count++] = *algorithm;
  }
  order->issuer.algorithms = order->algorithms;
  order->issuer.audiences = order->audiences;
  return count > 0;
}

static bool ask(struct order *order, struct probe *probe) {
  char error[FETCHER_ERROR_SIZE];
  if (!probe_issuer(&order->issuer, probe, error)) {
    fprintf(stderr, "jwtctl %s: %s\n", name, error);
    return false;
  }
  if (choose_algorithms(order, probe)) return true;
  fprintf(stderr, "jwtctl %s: none of the issuer's keys serves an algorithm that it names and that is verified here\n",
          name);
  return false;
}

static bool show_offer(const struct order *order, const struct probe *probe) {
  char location[PRINTABLE_SIZE];
  struct table *table = table_new(key_heads);
  bool whole = table != NULL;
  for (size_t i = 0; whole && i < probe->key_count; i++)
    whole = key_add_row(table, &probe->keys[i]);
  if (whole) {
    printf("%s\n  keys at     %s\n  algorithms ", order->issuer.url, printable(probe->location, location));
    for (const char *const *algorithm = order->algorithms; *algorithm != NULL; algorithm++)
      printf(" %s", *algorithm);
    printf("\n  usable      %zu of %zu keys\n\n", probe->usable, probe->key_count);
    table_print(table, stdout, wants_colour(stdout));
  }
  table_free(table);
  return whole;
}

/* ---- the file ---- */

/* The fetcher reads the host's settings alone, so only for them more can be done than to write. */
static bool is_for_this_host(const struct order *order) {
  return order->choice.config == NULL && order->choice.conf_dir == NULL;
}

static bool bring_to_life(const struct order *order, const struct settings *settings) {
  const char *const arguments[] = {"--issuer", order->title, "--force", NULL};
  struct fetcher_answer answer;
  struct apply_count count;
  bool fetched = fetcher_run(arguments, &answer);
  if (!fetched) fprintf(stderr, "jwtctl %s: %s\n", name, answer.error);
  fetcher_clear(&answer);
  if (!fetched) return false;
  return apply_settings(name, settings, &count);
}

/* Put the section where no file is yet, and take it back when it cannot be brought to life. */
static int put_in_place(const struct order *order, const char *path, const char *text,
                        const struct settings *settings) {
  if (!section_write(path, text)) {
    fprintf(stderr, "jwtctl %s: %s: %s\n", name, path,
            errno == EEXIST ? "is there already; --title gives another name" : strerror(errno));
    return EXIT_NO;
  }
  if (!is_for_this_host(order) || bring_to_life(order, settings)) return EXIT_YES;
  unlink(path);
  fprintf(stderr, "jwtctl %s: %s was removed again\n", name, path);
  return EXIT_NO;
}

static int tell(const struct order *order, const struct probe *probe, const char *path, const char *text) {
  if (order->json) {
    json_t *keys = json_array();
    for (size_t i = 0; i < probe->key_count; i++)
      json_array_append_new(keys, key_json(&probe->keys[i]));
    json_t *answer = json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:b}", "title", json_text(order->title), "url",
                               json_text(order->issuer.url), "location", json_text(probe->location), "usable",
                               (json_int_t)probe->usable, "keys", keys, "section", json_text(text), "file",
                               json_text(path), "written", !order->dry_run);
    return print_json(answer) ? EXIT_YES : EXIT_WRONG_USE;
  }
  printf("\n%s%s:\n%s", path, order->dry_run ? ", which was not written" : "", text);
  if (order->dry_run) return EXIT_YES;
  printf(
      "\nIts tokens open nothing until a rule is for it, such as:\n\n"
      "rule \"NAME\" {\n    issuer  = \"%s\"\n    service = \"sshd\"\n    when    = { 'sub == SUBJECT' }\n"
      "    account = \"ACCOUNT\"\n}\n\nSee jwt-login.conf(5); 'jwtctl explain' shows what a token lacks.\n%s",
      order->title,
      is_for_this_host(order) ? ""
                              : "On the host itself, 'jwtctl apply' and 'jwtctl keys refresh' "
                                "have to follow.\n");
  return EXIT_YES;
}

static int write_section(const struct order *order, const struct probe *probe) {
  CLEANUP(section_free) char *text = section_text(&order->issuer);
  CLEANUP(section_free)
  char *path = section_path(order->choice.conf_dir != NULL ? order->choice.conf_dir : PATH_CONF_D, order->title);
  struct settings *settings;
  struct settings_error error;
  if (text == NULL || path == NULL) return wrong_use(name, "%s", reason_text(REASON_OUT_OF_MEMORY));
  if (choice_load_with(&order->choice, path, text, &settings, &error) != REASON_OK) {
    fprintf(stderr, "jwtctl %s: the new section would not be valid: %s\n", name, error.text);
    return EXIT_WRONG_USE;
  }
  int status = order->dry_run ? EXIT_YES : put_in_place(order, path, text, settings);
  settings_free(settings);
  return status == EXIT_YES ? tell(order, probe, path, text) : status;
}

/* ---- the order of things ---- */

static int ask_and_write(struct order *order) {
  struct probe probe;
  int status = EXIT_NO;
  if (ask(order, &probe) && (order->json || show_offer(order, &probe))) status = write_section(order, &probe);
  probe_clear(&probe);
  return status;
}

static int check_order(struct order *order) {
  struct settings *settings;
  struct settings_error error;
  int status = check_url(order);
  if (status == EXIT_YES) status = settle_title(order);
  if (status == EXIT_YES) status = check_texts(order);
  if (status != EXIT_YES) return status;
  if (order->choice.config != NULL && order->choice.conf_dir == NULL && !order->dry_run)
    return wrong_use(name, "--config needs --conf-dir DIR beside it: where to write");
  if (is_for_this_host(order) && !order->dry_run && geteuid() != 0)
    return wrong_use(name, "only root may change the host's settings; --dry-run shows what would be written");
  if (choice_load(&order->choice, &settings, &error) != REASON_OK) {
    fprintf(stderr, "jwtctl %s: %s\n", name, error.text);
    return EXIT_WRONG_USE;
  }
  status = check_settings(order, settings);
  settings_free(settings);
  return status;
}

static int run(int argc, char **argv) {
  static const struct option known[] = {{"title", required_argument, NULL, 't'},
                                        {"audience", required_argument, NULL, 'a'},
                                        {"keys", required_argument, NULL, 'k'},
                                        {"alias", required_argument, NULL, 'l'},
                                        {"ca-file", required_argument, NULL, 'f'},
                                        {"bearer-file", required_argument, NULL, 'b'},
                                        {"config", required_argument, NULL, 'c'},
                                        {"conf-dir", required_argument, NULL, 'd'},
                                        {"dry-run", no_argument, NULL, 'n'},
                                        {"json", no_argument, NULL, 'j'},
                                        {NULL, 0, NULL, 0}};
  struct order order = {0};
  int option;
  while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
    int status = take(option, &order, argv);
    if (status != EXIT_YES) return status;
  }
  if (optind >= argc) return wrong_use(name, "URL is missing: the issuer's, as in its tokens' iss");
  if (optind + 1 < argc) return wrong_use(name, "%s is too much", argv[optind + 1]);
  order.issuer.url = argv[optind];
  int status = check_order(&order);
  return status == EXIT_YES ? ask_and_write(&order) : status;
}

const struct command command_issuer_add = {name, "trust an issuer: ask it, check, write its section", usage, run};
