/*
 * The scan before libConfuse. It accepts a part of libConfuse's language that reads the same to a person, to this
 * file and to libConfuse, and refuses the rest: what libConfuse 3.3 would repair, replace, expand or pass over.
 */
#include <stdio.h>
#include <string.h>

#include "loader.h"
#include "nearest.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_STRING, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_EQUAL, TOKEN_COMMA };

struct lexeme {
  enum token_kind kind;
  int line;
  const char *text; /* of a word or string, without its quotes, escapes and all */
  size_t size;
};

struct scanner {
  struct loader *loader;
  struct source *source;
  size_t at;
  int line;
  struct lexeme token; /* the current one */
};

#define WORD_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

#define SCAN_FAIL(scanner, line, ...) loader_fail((scanner)->loader, (scanner)->source->name, line, __VA_ARGS__)

/* ---- bytes ---- */

/* The length of the UTF-8 sequence (RFC 3629) at `at`, 0 when there is none. The NUL at the end stops it. */
static size_t utf8_length(const unsigned char *at) {
  if (at[0] < 0x80) return 1;
  if (at[0] < 0xc2 || at[0] > 0xf4) return 0;
  size_t length = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
  unsigned char low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
  unsigned char high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
  if (at[1] < low || at[1] > high) return 0;
  for (size_t i = 2; i < length; i++)
    if ((at[i] & 0xc0) != 0x80) return 0;
  return length;
}

static bool check_bytes(struct scanner *scanner) {
  const unsigned char *bytes = (const unsigned char *)scanner->source->bytes;
  int line = 1;
  for (size_t at = 0, length; at < scanner->source->size; at += length) {
    unsigned char byte = bytes[at];
    length = utf8_length(bytes + at);
    if (byte == '\n')
      line++;
    else if (byte == '\0')
      return SCAN_FAIL(scanner, line, "a NUL byte; settings are text");
    else if (byte == '\r')
      return SCAN_FAIL(scanner, line, "a carriage return; lines end in a line feed alone");
    else if ((byte < ' ' && byte != '\t') || byte == 0x7f)
      return SCAN_FAIL(scanner, line, "a control byte (0x%02x); settings are text", byte);
    else if (length == 0)
      return SCAN_FAIL(scanner, line, "a byte (0x%02x) that is not UTF-8; settings are UTF-8 text", byte);
  }
  return true;
}

/* ---- lexemes ---- */

static char *here(const struct scanner *scanner) {
  return scanner->source->bytes + scanner->at;
}

/* Blank `size` bytes of comment, so that libConfuse, which takes comments in some places only, sees none. */
static void blank(struct scanner *scanner, size_t size) {
  for (char *c = here(scanner), *end = c + size; c < end; c++) {
    if (*c == '\n')
      scanner->line++;
    else
      *c = ' ';
  }
  scanner->at += size;
}

static bool skip_blanks(struct scanner *scanner) {
  for (;;) {
    char *c = here(scanner);
    if (*c == ' ' || *c == '\t' || *c == '\n') {
      blank(scanner, 1);
    } else if (*c == '#' || strncmp(c, "//", 2) == 0) {
      blank(scanner, strcspn(c, "\n"));
    } else if (strncmp(c, "/*", 2) == 0) {
      const char *end = strstr(c + 2, "*/");
      if (!end) return SCAN_FAIL(scanner, scanner->line, "the file ends inside the comment that begins here");
      blank(scanner, (size_t)(end + 2 - c));
    } else {
      return true;
    }
  }
}

static bool check_escape(struct scanner *scanner, const char *c, char quote) {
  if (quote == '\'' || c[1] == '\\' || c[1] == '"') return true;
  return SCAN_FAIL(
      scanner, scanner->line,
      "`\\%c` in double quotes; there are \\\\ and \\\" alone, and single quotes keep a lone backslash as it is", c[1]);
}

static bool lex_string(struct scanner *scanner) {
  const char *start = here(scanner);
  char quote = *start;
  const char *c = start + 1;
  for (; *c != quote; c++) {
    bool escape = *c == '\\' && c[1] != '\n' && c[1] != '\0';
    if (*c == '\n' || *c == '\0')
      return SCAN_FAIL(scanner, scanner->line, "the string that begins with %.20s is not closed on its line", start);
    if (quote == '"' && strncmp(c, "${", 2) == 0)
      return SCAN_FAIL(scanner, scanner->line,
                       "`${` in double quotes; the environment is never read, and single quotes keep it as text");
    if (escape && !check_escape(scanner, c, quote)) return false;
    if (escape) c++;
  }
  scanner->token = (struct lexeme){TOKEN_STRING, scanner->line, start + 1, (size_t)(c - start - 1)};
  scanner->at += (size_t)(c + 1 - start);
  return true;
}

static bool lex_unknown(struct scanner *scanner) {
  const char *c = here(scanner);
  if (*c == '$') return SCAN_FAIL(scanner, scanner->line, "`$` outside quotes; the environment is never read");
  if (strncmp(c, "+=", 2) == 0)
    return SCAN_FAIL(scanner, scanner->line, "`+=`; an option is set once, with `=` and the whole list");
  if (*c == '(' || *c == ')')
    return SCAN_FAIL(scanner, scanner->line, "`%c`; there are no functions, and further files belong into conf.d", *c);
  return SCAN_FAIL(scanner, scanner->line, "unexpected `%c`; text with other than letters, digits, _ . - needs quotes",
                   *c);
}

/* Make the next token the current one. */
static bool advance(struct scanner *scanner) {
  static const char signs[] = "{}=,";
  static const enum token_kind kinds[] = {TOKEN_OPEN, TOKEN_CLOSE, TOKEN_EQUAL, TOKEN_COMMA};
  if (!skip_blanks(scanner)) return false;
  const char *c = here(scanner);
  const char *sign = *c ? strchr(signs, *c) : NULL;
  size_t word = strspn(c, WORD_CHARACTERS);
  if (*c == '"' || *c == '\'') return lex_string(scanner);
  if (*c != '\0' && !sign && word == 0) return lex_unknown(scanner);
  enum token_kind kind = word ? TOKEN_WORD : sign ? kinds[sign - signs] : TOKEN_END;
  scanner->token = (struct lexeme){kind, scanner->line, c, word};
  scanner->at += word ? word : sign ? 1 : 0;
  return true;
}

/* A word's or string's text as libConfuse will read it. */
static char *lexeme_text(struct scanner *scanner) {
  const struct lexeme *token = &scanner->token;
  char *text = arena_copy(scanner->loader->arena, token->text, token->size);
  if (!text) {
    loader_out_of_memory(scanner->loader);
    return NULL;
  }
  char quote = token->kind == TOKEN_STRING ? token->text[-1] : '\0';
  char *to = text;
  for (const char *from = text; *from; from++) {
    if (quote && *from == '\\' && (from[1] == '\\' || from[1] == quote)) from++;
    *to++ = *from;
  }
  *to = '\0';
  return text;
}

/* ---- grammar ---- */

static bool is_value(const struct scanner *scanner) {
  return scanner->token.kind == TOKEN_WORD || scanner->token.kind == TOKEN_STRING;
}

static const char *section_name(const struct section_kind *kind) {
  return *kind->name ? kind->name : "the top level";
}

static bool scan_list(struct scanner *scanner, struct seen_option *seen) {
  const char *name = seen->option->name;
  for (;;) {
    if (!advance(scanner)) return false;
    if (scanner->token.kind == TOKEN_CLOSE) break;
    if (!is_value(scanner))
      return SCAN_FAIL(scanner, scanner->token.line, "the list of `%s` is cut off or lacks a value", name);
    seen->values++;
    if (!advance(scanner)) return false;
    if (scanner->token.kind == TOKEN_CLOSE) break;
    if (scanner->token.kind != TOKEN_COMMA)
      return SCAN_FAIL(scanner, scanner->token.line, "the list of `%s` lacks a comma or its closing brace", name);
  }
  if (seen->values == 0)
    return SCAN_FAIL(scanner, seen->line, "`%s` is an empty list; leave it out or name something", name);
  return true;
}

/* The current token is the one after the `=`. Leaves the last token of the value. */
static bool scan_option_value(struct scanner *scanner, struct seen_option *seen) {
  const char *name = seen->option->name;
  if (is_value(scanner)) {
    seen->values = 1;
    return true;
  }
  if (scanner->token.kind != TOKEN_OPEN)
    return SCAN_FAIL(scanner, scanner->token.line, "`%s` has no value after its `=`", name);
  if (seen->option->type != OPTION_LIST)
    return SCAN_FAIL(scanner, scanner->token.line, "`%s` takes one value, not a list", name);
  return scan_list(scanner, seen);
}

static bool unknown_option(struct scanner *scanner, const struct section_kind *kind, const char *name, int line) {
  const char *nearest = NULL;
  size_t distance = NEAREST_MAX + 1;
  for (size_t i = 0; i < kind->option_count; i++)
    nearest_try(name, kind->options[i].name, &nearest, &distance);
  for (const struct section_kind *const *other = section_kinds; kind == &kind_top && *other; other++)
    nearest_try(name, (*other)->name, &nearest, &distance);
  if (nearest)
    return SCAN_FAIL(scanner, line, "`%.60s` is not known in %s; did you mean `%s`?", name, section_name(kind),
                     nearest);
  return SCAN_FAIL(scanner, line, "`%.60s` is not known in %s; see jwt-login.conf(5)", name, section_name(kind));
}

static bool scan_option(struct scanner *scanner, struct seen_section *section, const char *name, int line) {
  const struct option *option = option_find(section->kind, name);
  if (!option) return unknown_option(scanner, section->kind, name, line);
  const struct seen_option *before = seen_option(section, name);
  if (before)
    return SCAN_FAIL(scanner, line, "`%s` is set twice; the first is at %s:%d", name, before->source->name,
                     before->line);
  struct seen_option *seen = arena_alloc(scanner->loader->arena, sizeof(*seen));
  if (!seen) return loader_out_of_memory(scanner->loader);
  *seen = (struct seen_option){option, scanner->source, line, 0, section->options};
  section->options = seen;
  return advance(scanner) && scan_option_value(scanner, seen);
}

static bool scan_statements(struct scanner *scanner, struct seen_section *section, bool inside);

static bool check_title(struct scanner *scanner, const struct seen_section *section) {
  const char *kind = section->kind->name;
  if (section->title && !*section->title) return SCAN_FAIL(scanner, section->line, "the title of `%s` is empty", kind);
  if (section->title && strlen(section->title) > SETTINGS_TITLE_MAX)
    return SCAN_FAIL(scanner, section->line, "the title of `%s` is longer than %d bytes", kind, SETTINGS_TITLE_MAX);
  for (const struct seen_section *other = scanner->loader->sections; other; other = other->next) {
    if (other->kind != section->kind) continue;
    if (!section->title)
      return SCAN_FAIL(scanner, section->line, "a second `%s` section; the first is at %s:%d", kind,
                       other->source->name, other->line);
    if (strcmp(other->title, section->title) == 0)
      return SCAN_FAIL(scanner, section->line, "a second %s \"%s\"; the first is at %s:%d", kind, section->title,
                       other->source->name, other->line);
  }
  return true;
}

static unsigned index_in_source(const struct scanner *scanner, const struct section_kind *kind) {
  unsigned index = 0;
  for (const struct seen_section *other = scanner->loader->sections; other; other = other->next)
    if (other->kind == kind && other->source == scanner->source) index++;
  return index;
}

/* The current token is the one after the section's name. */
static bool scan_section(struct scanner *scanner, const struct section_kind *kind, int line) {
  struct seen_section *section = arena_alloc(scanner->loader->arena, sizeof(*section));
  if (!section) return loader_out_of_memory(scanner->loader);
  *section = (struct seen_section){.kind = kind, .source = scanner->source, .line = line};
  if (kind->titled != is_value(scanner))
    return SCAN_FAIL(scanner, line, kind->titled ? "`%s` needs a title: %s \"name\" {" : "`%s` takes no title: %s {",
                     kind->name, kind->name);
  if (kind->titled && (!(section->title = lexeme_text(scanner)) || !advance(scanner))) return false;
  if (scanner->token.kind != TOKEN_OPEN)
    return SCAN_FAIL(scanner, scanner->token.line, "`%s` lacks its opening brace", kind->name);
  if (!check_title(scanner, section)) return false;
  section->index = index_in_source(scanner, kind);
  *scanner->loader->last = section;
  scanner->loader->last = &section->next;
  return scan_statements(scanner, section, true);
}

static const struct section_kind *kind_find(const char *name) {
  for (const struct section_kind *const *kind = section_kinds; *kind; kind++)
    if (strcmp((*kind)->name, name) == 0) return *kind;
  return NULL;
}

/* The current token is a name. */
static bool scan_statement(struct scanner *scanner, struct seen_section *section, bool inside) {
  int line = scanner->token.line;
  const char *name = lexeme_text(scanner);
  if (!name || !advance(scanner)) return false;
  if (scanner->token.kind == TOKEN_EQUAL) return scan_option(scanner, section, name, line);
  const struct section_kind *kind = kind_find(name);
  if (kind && !inside) return scan_section(scanner, kind, line);
  if (kind && (scanner->token.kind == TOKEN_OPEN || is_value(scanner)))
    return SCAN_FAIL(scanner, line, "`%s` inside the section that begins at line %d; is a closing brace missing?", name,
                     section->line);
  if (option_find(section->kind, name))
    return SCAN_FAIL(scanner, line, "`%s` is not followed by `=` and its value", name);
  return unknown_option(scanner, section->kind, name, line);
}

static bool scan_statements(struct scanner *scanner, struct seen_section *section, bool inside) {
  for (;;) {
    if (!advance(scanner)) return false;
    int line = scanner->token.line;
    switch (scanner->token.kind) {
    case TOKEN_WORD:
      if (!scan_statement(scanner, section, inside)) return false;
      break;
    case TOKEN_END:
      if (!inside) return true;
      return SCAN_FAIL(scanner, line, "the file ends inside the section that begins at line %d", section->line);
    case TOKEN_CLOSE:
      if (inside) return true;
      return SCAN_FAIL(scanner, line, "a closing brace too many");
    default:
      return SCAN_FAIL(scanner, line, "the name of an option or section was expected");
    }
  }
}

bool scan_source(struct loader *loader, struct source *source) {
  struct scanner scanner = {.loader = loader, .source = source, .line = 1};
  return check_bytes(&scanner) && scan_statements(&scanner, &loader->top, false);
}
