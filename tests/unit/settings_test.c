/* Every strictness of the settings by name: what is written, and the message with its line. */
#include "settings.h"

#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define ISSUER                                 \
  "issuer \"corp\" {\n"                        \
  "  url = \"https://id.example.org/\"\n"      \
  "  audience = { \"ssh://a.example.org\" }\n" \
  "  algorithms = { \"ES256\" }\n"             \
  "  keys = \"file:/etc/keys.json\"\n"         \
  "}\n"
#define ISSUER_WITH(line) \
  "issuer \"corp\" {\nurl = \"u\"\naudience = \"a\"\nalgorithms = \"RS256\"\nkeys = \"file:/k\"\n" line "\n}\n"
#define SHARED(title, rest) \
  "issuer \"" title "\" {\nurl = \"u\"\naudience = \"a\"\nalgorithms = \"RS256\"\n" rest "\n}\n" /* 6 lines */
#define DISCOVERED(url, line) "issuer \"d\" {\nurl = \"" url "\" audience = a algorithms = RS256\n" line "\n}\n"
#define SPIFFE(url, line) "issuer \"s\" {\nurl = \"" url "\" audience = a keys = \"https://s.example/\"\n" line "\n}\n"
#define RULE_WITH(line) ISSUER "rule \"r\" {\n  issuer = \"corp\"\n" line "\n}\n"    /* the line is 9 */
#define WHEN(condition) RULE_WITH("  account = \"deploy\" when = { " condition " }") /* line 9 */
#define ACCOUNT(rest) RULE_WITH("  any = true account = " rest)                      /* line 9 */
#define ACCOUNTS(line) "accounts {\n" line "\n}\n"                                   /* line 2 */

struct bad {
  const char *name;
  const char *text;
  int line;
  const char *message;
};

static const struct bad lexical[] = {
    {"cut off inside a section", "issuer \"corp\" {\n  url = \"u\"\n", 3,
     "the file ends inside the section that begins at line 1"},
    {"cut off inside a list", "issuer \"corp\" {\n audience = { \"a\",\n", 3, "the list of `audience` is cut off"},
    {"cut off inside a string", "hostname = \"build", 1, "is not closed on its line"},
    {"cut off inside a single-quoted string", "\nhostname = 'build\n", 2, "is not closed on its line"},
    {"cut off after a backslash", "hostname = 'build\\", 1, "is not closed on its line"},
    {"cut off inside a comment", "\n/* never\n\n", 2, "the file ends inside the comment"},
    {"cut off after the equal sign", "hostname =", 1, "no value after its `=`"},
    {"cut off after the title", "issuer \"a\"", 1, "lacks its opening brace"},
    {"a section in a section that is not closed", "issuer \"a\" {\n url = \"u\"\nrule \"r\" {\n}\n", 3,
     "is a closing brace missing"},
    {"a closing brace too many", "hostname = a\n}\n", 2, "a closing brace too many"},
    {"a repeated title", ISSUER ISSUER, 7, "a second issuer \"corp\"; the first is at "},
    {"a repeated title that is written otherwise", ISSUER "issuer 'corp' {\n}\n", 7, "a second issuer \"corp\""},
    {"a repeated section without title", ACCOUNTS("") ACCOUNTS(""), 4, "a second `accounts` section"},
    {"a repeated option", ISSUER_WITH("url = \"v\""), 6, "`url` is set twice; the first is at "},
    {"a repeated option outside sections", "hostname = a\nhostname = b\n", 2, "`hostname` is set twice"},
    {"the environment in double quotes", "hostname = \"${HOME}\"\n", 1, "`${` in double quotes"},
    {"the environment in double quotes, unclosed", "hostname = \"${HOME\"\n", 1, "`${` in double quotes"},
    {"the environment in bare text", "hostname = ${HOME}\n", 1, "`$` outside quotes"},
    {"an unknown escape", "hostname = \"\\d\"\n", 1, "`\\d` in double quotes"},
    {"an octal escape", "hostname = \"\\101\"\n", 1, "`\\1` in double quotes"},
    {"a hexadecimal escape", "hostname = \"\\x41\"\n", 1, "`\\x` in double quotes"},
    {"a control byte", "\n\nhostname = \"a\001\"\n", 3, "a control byte (0x01)"},
    {"a carriage return", "hostname = a\r\n", 1, "a carriage return"},
    {"a delete", "# \177\n", 1, "a control byte (0x7f)"},
    {"bytes that are not UTF-8", "# \303(\n", 1, "(0xc3) that is not UTF-8"},
    {"an overlong sequence", "# \300\200\n", 1, "(0xc0) that is not UTF-8"},
    {"a surrogate", "# \355\240\200\n", 1, "(0xed) that is not UTF-8"},
    {"a cut sequence at the end", "# \360\237\230", 1, "(0xf0) that is not UTF-8"},
    {"an include", "include(\"other.conf\")\n", 1, "there are no functions"},
    {"an append", "issuer \"a\" {\n  audience += { \"b\" }\n", 2, "`+=`"},
    {"bare text with a slash", "hostname = /etc\n", 1, "needs quotes"},
    {"a stray star", "hostname = *\n", 1, "needs quotes"},
    {"a list for one value", "hostname = { \"a\" }\n", 1, "takes one value"},
    {"an empty list", "accounts {\n\n require_token = { }\n}\n", 3, "is an empty list"},
    {"a list without a comma", "issuer \"a\" {\n audience = { \"a\" \"b\" }\n}\n", 2, "lacks a comma"},
    {"a list of a comma", "issuer \"a\" {\n audience = { , }\n}\n", 2, "lacks a value"},
    {"an option without an equal sign", "hostname \"a\"\n", 1, "is not followed by `=`"},
    {"a quoted option name", "\"hostname\" = a\n", 1, "the name of an option"},
    {"a section without title", "issuer {\n}\n", 1, "`issuer` needs a title"},
    {"a section with a title that takes none", "accounts \"a\" {\n}\n", 1, "`accounts` takes no title"},
    {"an empty title", "issuer \"\" {\n}\n", 1, "is empty"},
    {"a long title",
     "issuer "
     "\"012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
     "1234567890123456789\" {\n}\n",
     1, "longer than 128 bytes"},
    {"an unknown option near a known one", "hostnam = a\n", 1, "did you mean `hostname`?"},
    {"an unknown option near one of a section", ISSUER_WITH("audiences = { \"b\" }"), 6,
     "`audiences` is not known in issuer; did you mean `audience`?"},
    {"an unknown section near a known one", "\nrules \"r\" {\n}\n", 2, "did you mean `rule`?"},
    {"an unknown option near none", "frobnicate = a\n", 1, "not known in the top level; see"},
    {"an option of another section", ISSUER_WITH("account = \"a\""), 6, "`account` is not known in issuer"},
    {"hostile bytes in the message", "issuer \"\302\233\" {\n}\n", 1, "issuer \"??\" has no `url`"},
};

static const struct bad issuers[] = {
    {"no url", "\nissuer \"a\" {\n audience = a\n}\n", 2, "issuer \"a\" has no `url`"},
    {"no audience", "issuer \"a\" {\n url = u\n}\n", 1, "issuer \"a\" has no `audience`"},
    {"no algorithms", "issuer \"a\" {\n url = u audience = a\n}\n", 1, "issuer \"a\" has no `algorithms`"},
    {"an empty url", "issuer \"a\" {\n url = \"\"\n}\n", 2, "`url` has an empty value"},
    {"an empty member of a list", "issuer \"a\" {\n url = u\n audience = { \"\" }\n}\n", 3,
     "`audience` has an empty value"},
    {"a url with a blank", "issuer \"a\" {\n url = \"u v\" audience = a algorithms = RS256 keys = \"file:/k\"\n}\n", 2,
     "byte for byte"},
    {"one url twice",
     ISSUER_WITH("") "issuer \"b\" {\n\nurl = \"u\" audience = a algorithms = RS256 keys = \"file:/k\"\n}\n", 10,
     "issuer \"corp\" at "},
    {"an HMAC algorithm",
     "issuer \"a\" {\n url = u audience = a keys = \"file:/k\"\n algorithms = { RS256, HS256 }\n}\n", 3,
     "\"HS256\"; there are RS256"},
    {"a name of COSE's (RFC 9864)",
     "issuer \"a\" {\n url = u audience = a keys = \"file:/k\"\n algorithms = ESP256\n}\n", 3, "\"ESP256\"; there are"},
    {"no algorithm at all", "issuer \"a\" {\n url = u audience = a keys = \"file:/k\"\n algorithms = none\n}\n", 3,
     "\"none\"; there are"},
    {"an algorithm in lower case", "issuer \"a\" {\n url = u audience = a keys = \"file:/k\"\n algorithms = rs256\n}\n",
     3, "\"rs256\"; there are"},
    {"{hostname} without hostname",
     "issuer \"a\" {\n url = u algorithms = RS256 keys = \"file:/k\"\n audience = \"ssh://{hostname}\"\n}\n", 3,
     "`hostname` setting is not set"},
    {"another placeholder in the audience",
     "hostname = h\nissuer \"a\" {\n url = u algorithms = RS256 keys = \"file:/k\"\n audience = \"ssh://{host}\"\n}\n",
     4, "{hostname} alone is replaced"},
    {"keys at a relative path", DISCOVERED("https://d.example", "keys = \"file:k\""), 3,
     "expected \"discovery\", \"file:/absolute/path\" or an https:// URL"},
    {"keys in a file without a name", DISCOVERED("https://d.example", "keys = \"file:/\""), 3,
     "expected \"discovery\""},
    {"keys over plain http", DISCOVERED("https://d.example", "keys = \"http://d.example/k\""), 3,
     "(http:// to this host's loopback only)"},
    {"keys at a URL with a user", DISCOVERED("https://d.example", "keys = \"https://a:b@d.example/k\""), 3,
     "without user"},
    {"keys at a URL with a fragment", DISCOVERED("https://d.example", "keys = \"https://d.example/k#f\""), 3,
     "fragment"},
    {"keys at a URL with a blank", DISCOVERED("https://d.example", "keys = \"https://d.example/k f\""), 3,
     "and blanks"},
    {"discovery without https", DISCOVERED("http://d.example", ""), 2, "keys cannot be discovered at the `url`"},
    {"discovery at what is no URL", DISCOVERED("d.example", "keys = discovery"), 2, "say with `keys` where they are"},
    {"discovery with a query", DISCOVERED("https://d.example/?a", ""), 2, "keys cannot be discovered"},
    {"a relative ca_file", DISCOVERED("https://d.example", "ca_file = ca.pem"), 3,
     "`ca_file` is \"ca.pem\"; expected an abs"},
    {"a relative bearer_file", DISCOVERED("https://d.example", "bearer_file = token"), 3, "`bearer_file` is \"token\""},
    {"a ca_file for keys in a file", ISSUER_WITH("ca_file = '/ca'"), 6, "`ca_file` has no effect on keys in a file"},
    {"a bearer_file for keys in a file", ISSUER_WITH("bearer_file = '/b'"), 6, "`bearer_file` has no effect"},
    {"a max_stale for keys in a file", ISSUER_WITH("max_stale = 1h"), 6, "`max_stale` has no effect"},
    {"a max_stale below a minute", DISCOVERED("https://d.example", "max_stale = 59s"), 3, "expected 60 to 2592000"},
    {"a max_stale of a year", DISCOVERED("https://d.example", "max_stale = 365d"), 3, "expected 60 to 2592000"},
    {"a wrong issued_at", ISSUER_WITH("issued_at = never"), 6, "expected \"required\" or \"optional\""},
    {"a wrong audience_claim", ISSUER_WITH("audience_claim = azp"), 6, "expected \"aud\" or \"client_id\""},
    {"an alias with a blank", ISSUER_WITH("alias = \"a b\""), 6, "no blanks"},
    {"one url with one alias", SHARED("a", "keys = \"file:/k\"") SHARED("b", "keys = \"file:/l\" alias = b"), 8,
     "to share it, each needs an `alias`"},
    {"one url with the alias of the first alone",
     SHARED("a", "keys = \"file:/k\" alias = a") SHARED("b", "keys = \"file:/l\""), 8, "each needs an `alias`"},
    {"one url with one key file",
     SHARED("a", "keys = \"file:/k\" alias = a") SHARED("b", "keys = \"file:/k\" alias = b"), 11,
     "the same `keys`, which have to tell"},
    {"one url discovered twice",
     DISCOVERED("https://d.example", "alias = d") "issuer e { url = 'https://d.example'\n"
                                                  "audience = a algorithms = RS256\nkeys = discovery alias = e }",
     7, "the same `keys`"},
    {"one alias twice", SHARED("a", "keys = \"file:/k\" alias = x") SHARED("b", "keys = \"file:/l\" alias = x"), 11,
     "is known as \"x\" already"},
    {"another's url as alias", ISSUER_WITH("") DISCOVERED("https://d.example", "alias = u"), 10,
     "is known as \"u\" already"},
    {"another's alias as url", ISSUER_WITH("alias = 'https://d.example'") DISCOVERED("https://d.example", ""), 8,
     "is known as \"https://d.example\" already"},
    {"the url of another that has an alias", ISSUER_WITH("alias = x") DISCOVERED("https://d.example", "alias = u"), 10,
     "the `alias` of one is the `url` of the other"},
    {"an alias that is the url of another that has one",
     ISSUER_WITH("alias = 'https://d.example'") DISCOVERED("https://d.example", "alias = d"), 10,
     "the `alias` of one is the `url` of the other"},
    {"a trust domain with capitals", SPIFFE("spiffe://TD", "algorithms = RS256"), 2, "expected spiffe://TRUSTDOMAIN"},
    {"a trust domain with a path", SPIFFE("spiffe://td/", "algorithms = RS256"), 2, "expected spiffe://TRUSTDOMAIN"},
    {"a trust domain with a port", SPIFFE("spiffe://td:80", "algorithms = RS256"), 2, "expected spiffe://TRUSTDOMAIN"},
    {"no trust domain", SPIFFE("spiffe://", "algorithms = RS256"), 2, "expected spiffe://TRUSTDOMAIN"},
    {"a SPIFFE algorithm that is none", SPIFFE("spiffe://td", "algorithms = { RS256, EdDSA }"), 3,
     "\"EdDSA\"; there are RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 for SPIFFE"},
    {"a type for SPIFFE", SPIFFE("spiffe://td", "algorithms = RS256\ntype = JWT"), 4, "`type` is not for a spiffe://"},
    {"an authorized_party for SPIFFE", SPIFFE("spiffe://td", "algorithms = RS256\nauthorized_party = a"), 4,
     "`authorized_party` is not for"},
    {"an audience_claim for SPIFFE", SPIFFE("spiffe://td", "algorithms = RS256\naudience_claim = aud"), 4,
     "`audience_claim` is not for"},
    {"SPIFFE by discovery", DISCOVERED("spiffe://td", "keys = discovery"), 2, "say with `keys` where they are"},
    {"SPIFFE without keys", DISCOVERED("spiffe://td", ""), 2, "say with `keys` where they are"},
    {"a lifetime without a unit", ISSUER_WITH("max_lifetime = 900"), 6, "expected a decimal number and its unit"},
    {"a lifetime of zero", ISSUER_WITH("max_lifetime = 0s"), 6, "expected 1 to 2592000 seconds"},
    {"a lifetime of a year", ISSUER_WITH("max_lifetime = \"365d\""), 6, "expected 1 to 2592000 seconds"},
    {"a lifetime past all numbers", ISSUER_WITH("max_lifetime = \"99999999999999999999d\""), 6,
     "expected a decimal number"},
    {"a lifetime whose seconds overflow", ISSUER_WITH("max_lifetime = \"9223372036854775807d\""), 6,
     "expected a decimal number"},
    {"an octal lifetime", ISSUER_WITH("max_lifetime = 010m"), 6, "expected a decimal number"},
    {"a lifetime with a blank", ISSUER_WITH("max_lifetime = \"15 m\""), 6, "expected a decimal number"},
    {"a negative leeway", ISSUER_WITH("leeway = -1s"), 6, "expected a decimal number"},
    {"a large leeway", ISSUER_WITH("leeway = 301s"), 6, "expected 0 to 300 seconds"},
    {"a bad pointer in require", ISSUER_WITH("require = { \"/a~2\" }"), 6, "no JSON Pointer"},
};

static const struct bad rules[] = {
    {"an unknown issuer", "rule \"r\" {\n\n issuer = \"x\"\n any = true account = a\n}\n", 3,
     "there is no such issuer section"},
    {"no issuer", ISSUER "rule \"r\" {\n}\n", 7, "rule \"r\" has no `issuer`"},
    {"no account", RULE_WITH("any = true"), 7, "rule \"r\" has no `account`"},
    {"no when", RULE_WITH("  account = a"), 7, "say `any = true`"},
    {"any = false without when", RULE_WITH("  any = false\naccount = a"), 9, "say `any = true`"},
    {"any beside when", RULE_WITH("  account = a when = 'a exists'\nany = true"), 10, "`any = true` beside `when`"},
    {"a flag that is not true or false", RULE_WITH("  account = a any = yes"), 9, "expected true or false"},
    {"a flag in capitals", RULE_WITH("  account = a any = True"), 9, "expected true or false"},
    {"a service in capitals", RULE_WITH("  account = a any = true\nservice = { \"SSHD\" }"), 10, "in lower case"},
    {"a service that is a path", RULE_WITH("  account = a any = true service = \"../sshd\""), 9, "in lower case"},
    {"an empty list of services", RULE_WITH("  account = a any = true\n service = {}"), 10, "is an empty list"},
    {"a condition without operator", WHEN("'ref==main'"), 9, "there are ==, !=, has, exists and absent"},
    {"a glob", WHEN("'sub matches a*'"), 9, "there are ==, !=, has, exists and absent"},
    {"a regular expression", WHEN("'sub =~ a.*'"), 9, "there are ==, !=, has, exists and absent"},
    {"a condition without value", WHEN("'ref == '"), 9, "the value is missing"},
    {"exists with a value", WHEN("'ref exists 1'"), 9, "take no value"},
    {"absent with a value", WHEN("'ref absent 1'"), 9, "take no value"},
    {"absent and exists", WHEN("'act absent', 'act exists'"), 9, "no token can fulfil both"},
    {"absent and a value", WHEN("'act == a', 'act absent'"), 9, "no token can fulfil both"},
    {"null as a value", WHEN("'ref == null'"), 9, "counts as absent"},
    {"a number past 64 bits", WHEN("'id == 9223372036854775808'"), 9, "does not fit 64 bits"},
    {"a quoted value that is not closed", WHEN("'ref == \"a'"), 9, "not closed"},
    {"text behind a quoted value", WHEN("'ref == \"a\" b'"), 9, "text stands behind"},
    {"an unknown escape in a value", WHEN("'ref == \"a\\n\"'"), 9, "has the escapes"},
    {"a pointer with a bad escape", WHEN("'/a~b == c'"), 9, "JSON Pointer"},
    {"an empty condition", WHEN("' '"), 9, "the claim is missing"},
    {"an empty quoted claim", WHEN("'\"\" exists'"), 9, "the claim is missing"},
    {"no blank behind a quoted claim", WHEN("'\"a b\"== c'"), 9, "a blank is missing"},
    {"conditions that contradict", WHEN("'ref == a', 'ref == b'"), 9, "no token can fulfil both"},
    {"conditions of two types that contradict", WHEN("'ref == 1', 'ref == \"1\"'"), 9, "no token can fulfil both"},
    {"equal and unequal", WHEN("'ref == a', 'ref != \"a\"'"), 9, "no token can fulfil both"},
    {"an account with capitals", ACCOUNT("\"Deploy\""), 9, "expected [a-z_][a-z0-9_-]{0,31}"},
    {"an account of 33 characters", ACCOUNT("\"a23456789012345678901234567890123\""), 9, "expected [a-z_]"},
    {"root without system", ACCOUNT("root"), 9, "needs `system = true`"},
    {"a reserved created name", ACCOUNT("docker create = true"), 9, "reserved and can never be created"},
    {"local for a literal account", ACCOUNT("deploy\nlocal = true"), 10, "`local = true` is for templates"},
    {"create and local", ACCOUNT("\"{sub}\" create = true\nlocal = true"), 10, "`create` and `local`"},
    {"a template without claim", ACCOUNT("\"a{}\""), 9, "its placeholder is no claim"},
    {"a template with two claims", ACCOUNT("\"{a}{b}\""), 9, "a template has one"},
    {"a template with nested braces", ACCOUNT("\"{a{b}}\""), 9, "a template has one"},
    {"a template not closed", ACCOUNT("\"{a\""), 9, "a template has one"},
    {"a template turned round", ACCOUNT("\"}a{\""), 9, "a template has one"},
    {"a template with a bad pointer", ACCOUNT("\"{/a~}\""), 9, "its placeholder is no claim"},
    {"a template with a bad beginning", ACCOUNT("\"9{a}\""), 9, "can never produce a name"},
    {"a template with a bad ending", ACCOUNT("\"{a}@corp\""), 9, "can never produce a name"},
    {"a template that leaves no room", ACCOUNT("\"a2345678901234567890{sub}123456789012\""), 9,
     "can never produce a name"},
    {"a very long template",
     ACCOUNT("\"{sub}"
             "a23456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345"
             "67890\""),
     9, "can never produce a name"},
    {"a template of reserved names", ACCOUNT("\"systemd-{sub}\" create = true"), 9, "each name so made is reserved"},
    {"a group that cannot be", ACCOUNT("a groups = { \"a,b\" }"), 9, "which no group can be called"},
    {"an unknown membership", ACCOUNT("a\n membership = \"login\" groups = g"), 10, "expected \"session\" or \"host\""},
    {"a host membership without groups", ACCOUNT("a create = true\n membership = host"), 10, "has no `groups`"},
    {"a host membership of an account of elsewhere", ACCOUNT("a groups = g\n membership = host"), 10,
     "expected `create = true`, a section account \"a\""},
    {"a host membership of a template that opens local accounts",
     ACCOUNT("\"{sub}\" groups = g local = true\n membership = host"), 10, "expected `create = true`"},
    {"a group's name for an account", "group \"g\" {}\n" ACCOUNT("\n\"g\" create = true"), 10,
     "which a group section has"},
    {"an unknown session", ACCOUNT("a\n session = forever"), 10, "expected \"until-expiry\" or \"unlimited\""},
};

static const struct bad accounts[] = {
    {"an octal id", ACCOUNTS("uid_min = 01879048192"), 2, "a plain decimal number"},
    {"a hexadecimal id", ACCOUNTS("uid_min = 0x70000000"), 2, "a plain decimal number"},
    {"an id past all numbers", ACCOUNTS("uid_max = 99999999999999999999"), 2, "a plain decimal number"},
    {"an id of the system", ACCOUNTS("uid_min = 1000"), 2, "expected 65536 to 4294967293"},
    {"a range upside down", ACCOUNTS("uid_min = 2000000000\nuid_max = 1900000000"), 2, "is above"},
    {"a range in that of containers", ACCOUNTS("\nuid_min = 600000 uid_max = 700000"), 3, "ids of containers"},
    {"a range that reaches into containers", ACCOUNTS("uid_min = 100000\nuid_max = 600000"), 3, "ids of containers"},
    {"a range over that of containers", ACCOUNTS("uid_min = 65536\nuid_max = 2000000000"), 3, "ids of containers"},
    {"a range above 2^31", ACCOUNTS("uid_max = 2147483648"), 2, "take for negative"},
    {"a relative home", ACCOUNTS("home = \"home/{name}\""), 2, "an absolute path"},
    {"a home without name", ACCOUNTS("home = \"/home\""), 2, "expected {name} in it, once"},
    {"a home with two names", ACCOUNTS("home = \"/home/{name}/{name}\""), 2, "expected {name} in it, once"},
    {"a home with another placeholder", ACCOUNTS("home = \"/home/{user}/{name}\""), 2, "expected {name} in it, once"},
    {"a home with a colon", ACCOUNTS("home = \"/home:/{name}\""), 2, "without a colon"},
    {"a home that climbs", ACCOUNTS("home = \"/home/../{name}\""), 2, "without //, /./ and /../"},
    {"a relative shell", ACCOUNTS("shell = bash"), 2, "an absolute path"},
    {"a relative login program", ACCOUNTS("login_programs = { sshd }"), 2, "an absolute path"},
    {"a relative fleet key", ACCOUNTS("fleet_key = key"), 2, "an absolute path"},
    {"an enumeration that is neither", ACCOUNTS("enumerate = 1"), 2, "expected true or false"},
};

#define DECLARED(name, lines) "account \"" name "\" {\n" lines "\n}\n" /* line 2 */

static const struct bad declared[] = {
    {"no uid", DECLARED("build", ""), 1, "account \"build\" has no `uid`, which is required"},
    {"a name with capitals", DECLARED("Build", "uid = 1900000000"), 1, "expected a name of [a-z_]"},
    {"a reserved name", DECLARED("docker", "uid = 1900000000"), 1, "the name is reserved"},
    {"an id of the system", DECLARED("build", "uid = 1000"), 2, "expected 65536 to"},
    {"an id outside the range", DECLARED("build", "uid = 1879048191"), 2, "expected one of the ids"},
    {"an id past the range", "accounts { uid_min = 100000 uid_max = 100009 }\n" DECLARED("build", "uid = 100010"), 3,
     "100000-100009"},
    {"an id of two", DECLARED("a", "uid = 1900000000") DECLARED("b", "uid = 1900000000"), 5, "which account \"a\" has"},
    {"a name of two", DECLARED("a", "uid = 1900000000") DECLARED("a", "uid = 1900000001"), 4, "a second account"},
    {"a relative home", DECLARED("build", "uid = 1900000000\nhome = build"), 3, "an absolute path"},
    {"a relative shell", DECLARED("build", "uid = 1900000000\nshell = sh"), 3, "an absolute path"},
    {"an issuer that is not there", DECLARED("build", "uid = 1900000000\nissuer = corp\nsubject = s"), 3,
     "there is no such issuer section"},
    {"an issuer without subject", DECLARED("build", "uid = 1900000000\nissuer = corp"), 1, "has no `subject`"},
    {"a subject without issuer", DECLARED("build", "uid = 1900000000\nsubject = s"), 1, "has no `issuer`"},
    {"an option that is none", DECLARED("build", "gid = 1900000000"), 2, "gid"},
};

#define GROUP(name, lines) "group \"" name "\" {\n" lines "\n}\n" /* line 2 */

static const struct bad groups[] = {
    {"a group with capitals", GROUP("Builders", ""), 1, "group \"Builders\": expected a name of [a-z_]"},
    {"a reserved group", GROUP("wheel", ""), 1, "group \"wheel\": the name is reserved"},
    {"a group of the system's prefix", GROUP("systemd-x", ""), 1, "the name is reserved"},
    {"a group twice", GROUP("a", "") GROUP("a", ""), 4, "a second group"},
    {"a gid of the system", GROUP("a", "gid = 1000"), 2, "expected 65536 to"},
    {"a gid of 0", GROUP("a", "gid = 0"), 2, "expected 65536 to"},
    {"a gid outside the range", GROUP("a", "gid = 1879048191"), 2, "`gid` is 1879048191; expected one of the ids"},
    {"a gid past the range", "accounts { uid_min = 100000 uid_max = 100009 }\n" GROUP("a", "gid = 100010"), 3,
     "100000-100009"},
    {"a gid of two", GROUP("a", "gid = 1900000000") GROUP("b", "gid = 1900000000"), 5, "which group \"a\" has"},
    {"a gid that is a uid", GROUP("a", "gid = 1900000000") DECLARED("b", "uid = 1900000000"), 2,
     "which account \"b\" has"},
    {"a name of an account", GROUP("a", "") DECLARED("a", "uid = 1900000000"), 1, "an account section has this name"},
    {"an option of an account", GROUP("a", "uid = 1900000000"), 2, "uid"},
};

static char folder[] = "/tmp/settings_test.XXXXXX";
static char conf_path[64], conf_d[64];

static void write_file(const char *path, const char *text, size_t size) {
  FILE *file = fopen(path, "w");
  CHECK(file && fwrite(text, 1, size, file) == size && fclose(file) == 0);
}

static enum reason load(const char *text, struct settings **ret, struct settings_error *error) {
  write_file(conf_path, text, strlen(text));
  memset(error, 0, sizeof(*error));
  return settings_load(conf_path, NULL, FILE_OF_ANYONE, ret, error);
}

static void check_bad(const struct bad *bad, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct settings *settings = NULL;
    struct settings_error error;
    char start[96];
    snprintf(start, sizeof(start), "%s:%d: ", conf_path, bad[i].line);
    enum reason reason = load(bad[i].text, &settings, &error);
    bool right = reason == REASON_SETTINGS_INVALID && !settings && strncmp(error.text, start, strlen(start)) == 0 &&
                 strstr(error.text, bad[i].message);
    CHECK(right);
    if (!right) printf("#   %s: %s, \"%s\"\n", bad[i].name, reason_code(reason), error.text);
    settings_free(settings);
  }
}

static void refuses_what_reads_otherwise_than_it_looks(void) {
  check_bad(lexical, COUNT_OF(lexical));
}

static void refuses_bad_issuers(void) {
  check_bad(issuers, COUNT_OF(issuers));
}

static void refuses_bad_rules(void) {
  check_bad(rules, COUNT_OF(rules));
}

static void refuses_bad_accounts(void) {
  check_bad(accounts, COUNT_OF(accounts));
  check_bad(declared, COUNT_OF(declared));
  check_bad(groups, COUNT_OF(groups));
}

/* Cut at any byte, a file with all kinds of sections is either refused or stands between two sections. */
static void refuses_a_file_cut_anywhere(void) {
  static const char text[] =
      ISSUER "rule \"r\" { issuer = \"corp\" when = { 'a == \"b\"', } account = 'x' }\n" ACCOUNTS("home = '/h/{name}'");
  size_t whole = strlen(ISSUER);
  size_t loaded = 0;
  for (size_t size = 1; size < strlen(text) - 2; size++) {
    struct settings *settings = NULL;
    struct settings_error error;
    write_file(conf_path, text, size);
    enum reason reason = settings_load(conf_path, NULL, FILE_OF_ANYONE, &settings, &error);
    if (reason == REASON_OK) {
      loaded++;
      CHECK(text[size - 1] == '}' || text[size - 1] == '\n');
      CHECK(size >= whole - 1);
    } else {
      CHECK_REASON(reason, REASON_SETTINGS_INVALID);
    }
    settings_free(settings);
  }
  CHECK_INT(loaded, 4);
}

/* With any byte another one, a file is read or refused, and libConfuse never sees what it would refuse or read
 * otherwise than the scan. */
static void judges_a_file_changed_anywhere(void) {
  static const char others[] = "{}=,\"'\\/*#\n a0$+(";
  char text[] =
      "hostname = \"h\" // c\n" ISSUER
      "rule 'r\\'' { issuer = \"corp\" when = { 'a == \\\\', \"b\" } account = x }\n" ACCOUNTS("home = '/h/{name}'");
  for (size_t i = 0; i < strlen(text); i++) {
    char before = text[i];
    for (size_t j = 0; j < strlen(others); j++) {
      struct settings *settings = NULL;
      struct settings_error error = {.text = ""};
      text[i] = others[j];
      enum reason reason = load(text, &settings, &error);
      CHECK(reason == REASON_OK || reason == REASON_SETTINGS_INVALID);
      bool disagreed = strstr(error.text, "libConfuse") || strstr(error.text, "not plain enough");
      CHECK(!disagreed);
      if (disagreed) printf("# %s\n", error.text);
      settings_free(settings);
    }
    text[i] = before;
  }
}

static void refuses_a_nul_byte(void) {
  static const char text[] = "hostname = a\n\0hostname = b\n";
  struct settings *settings = NULL;
  struct settings_error error;
  write_file(conf_path, text, sizeof(text) - 1);
  CHECK_REASON(settings_load(conf_path, NULL, FILE_OF_ANYONE, &settings, &error), REASON_SETTINGS_INVALID);
  CHECK(strstr(error.text, ":2: a NUL byte") != NULL);
}

static void reads_every_option(void) {
  static const char text[] =
      "# a comment with ${HOME}, \"quotes' and { braces\n"
      "hostname = \"build.example.org\" // and another }\n"
      "issuer \"corp\" { /* over\n two lines ${X} */ url = \"https://id.example.org/\"\n"
      "  audience = { \"ssh://{hostname}\", # inside a list\n \"other\" }\n"
      "  algorithms = { \"ES256\", \"RS256\" } keys = \"file:/etc/jwt-login/keys/corp.json\"\n"
      "  max_lifetime = \"15m\" leeway = 0s type = { \"at+jwt\" } require = { \"/a/b\", 'c d' } authorized_party = app "
      "}\n"
      "rule 'the \"staff\"' { issuer = \"corp\" service = { \"sshd\", \"sudo-i\" }\n"
      "  when = { '/realm_access/roles has ssh-users', '\"a b\" == \"c\\\\\\\\d \\\"e\"', 'n != -5', 'b == true', 'x "
      "exists',\n"
      "           'ref ==  refs/heads/main  branch ', 'e == \"\"', 'p == 007' }\n"
      "  account = \"ci-{/user/name}-x\" groups = { \"docker\" } create = true system = true single_use = true\n"
      "  session = unlimited membership = host }\n"
      "accounts { uid_min = 100000 uid_max = 200000 home = \"/srv/{name}/h\" shell = '/bin/sh'\n"
      "  require_token = sshd login_programs = { '/opt/sshd' } enumerate = true fleet_key = '/etc/key' }\n"
      "group builders { gid = 100003 }\n"
      "group testers {}\n"
      "account build { uid = 100001 }\n"
      "account anna { uid = 100002 home = '/srv/a' shell = '/bin/zsh' issuer = corp subject = 'a b' }\n";
  struct settings *settings = NULL;
  struct settings_error error;
  CHECK_REASON(load(text, &settings, &error), REASON_OK);
  if (!settings) {
    printf("# %s\n", error.text);
    return;
  }
  CHECK_STRING(settings->hostname, "build.example.org");
  const struct issuer *issuer = settings_issuer(settings, "corp");
  CHECK_STRING(issuer->url, "https://id.example.org/");
  CHECK_STRING(issuer->audiences[0], "ssh://build.example.org");
  CHECK_STRING(issuer->audiences[1], "other");
  CHECK(issuer->audiences[2] == NULL);
  CHECK_STRING(issuer->algorithms[1], "RS256");
  CHECK(issuer->key_source == KEYS_IN_FILE);
  CHECK_STRING(issuer->key_location, "/etc/jwt-login/keys/corp.json");
  CHECK_INT(issuer->max_lifetime, 900);
  CHECK_INT(issuer->leeway, 0);
  CHECK_STRING(issuer->types[0], "at+jwt");
  CHECK_STRING(issuer->required_claims[1], "c d");
  CHECK_STRING(issuer->authorized_party, "app");
  CHECK_STRING(issuer->file, conf_path);
  CHECK_INT(issuer->line, 3);

  const struct rule *rule = settings_rule(settings, "the \"staff\"");
  CHECK(rule != NULL && rule->condition_count == 8);
  const struct condition *when = rule->conditions;
  CHECK_STRING(when[0].claim, "/realm_access/roles");
  CHECK(when[0].operator== CONDITION_HAS && when[0].type == VALUE_STRING);
  CHECK_STRING(when[0].string, "ssh-users");
  CHECK_STRING(when[1].claim, "a b");
  CHECK_STRING(when[1].string, "c\\d \"e");
  CHECK(when[2].operator== CONDITION_UNEQUAL && when[2].type == VALUE_INTEGER && when[2].integer == - 5);
  CHECK(when[3].type == VALUE_BOOLEAN && when[3].integer == 1);
  CHECK(when[4].operator== CONDITION_EXISTS && when[4].type == VALUE_NONE);
  CHECK_STRING(when[5].string, "refs/heads/main  branch");
  CHECK(when[6].type == VALUE_STRING && *when[6].string == '\0');
  CHECK(when[7].type == VALUE_STRING);
  CHECK(rule->account_is_template);
  CHECK_STRING(rule->account_claim, "/user/name");
  CHECK_STRING(rule->account_pattern.prefix, "ci-");
  CHECK_STRING(rule->account_pattern.suffix, "-x");
  CHECK_STRING(rule->services[1], "sudo-i");
  CHECK_STRING(rule->groups[0], "docker");
  CHECK(rule->create && rule->system && rule->single_use && !rule->local && !rule->session_until_expiry &&
        rule->host_membership);

  CHECK_INT(settings->accounts.range.min, 100000);
  CHECK_INT(settings->accounts.range.max, 200000);
  CHECK_STRING(settings->accounts.home, "/srv/{name}/h");
  CHECK_STRING(settings->accounts.shell, "/bin/sh");
  CHECK_STRING(settings->accounts.require_token[0], "sshd");
  CHECK_STRING(settings->accounts.login_programs[0], "/opt/sshd");
  CHECK_INT(settings->accounts.pattern_count, 1);
  CHECK(name_pattern_allows(&settings->accounts.patterns[0], "ci-a-x"));

  CHECK(settings->accounts.enumerate);
  CHECK_STRING(settings->accounts.fleet_key, "/etc/key");
  CHECK_INT(settings->accounts.group_count, 2);
  CHECK_STRING(settings->accounts.groups[0].name, "builders");
  CHECK_INT(settings->accounts.groups[0].gid, 100003);
  CHECK_STRING(settings->accounts.groups[1].name, "testers");
  CHECK_INT(settings->accounts.groups[1].gid, 0);

  CHECK_INT(settings->accounts.declared_count, 2);
  const struct declared_account *build = &settings->accounts.declared[0], *anna = build + 1;
  CHECK_STRING(build->name, "build");
  CHECK_INT(build->uid, 100001);
  CHECK_STRING(build->home, "/srv/build/h");
  CHECK_STRING(build->shell, "/bin/sh");
  CHECK(build->issuer == NULL && build->subject == NULL);
  CHECK_INT(anna->uid, 100002);
  CHECK_STRING(anna->home, "/srv/a");
  CHECK_STRING(anna->shell, "/bin/zsh");
  CHECK_STRING(anna->issuer, "https://id.example.org/");
  CHECK_STRING(anna->subject, "a b");
  settings_free(settings);
}

static void reads_where_keys_come_from(void) {
  static const char text[] =
      "issuer d { url = 'https://d.example/a' audience = a algorithms = { 'ML-DSA-65', Ed25519 } }\n"
      "issuer one { url = 'https://kubernetes.default.svc' audience = a algorithms = RS256 alias = 'one.example'\n"
      "  keys = 'https://10.0.0.1:6443/openid/v1/jwks' ca_file = '/etc/ca.pem' bearer_file = '/etc/bearer'\n"
      "  max_stale = 1m issued_at = optional audience_claim = client_id }\n"
      "issuer two { url = 'https://kubernetes.default.svc' audience = a algorithms = RS256\n"
      "  alias = 'https://kubernetes.default.svc' keys = discovery issued_at = required audience_claim = aud }\n"
      "issuer s { url = 'spiffe://prod.example_1' audience = a algorithms = { ES512, PS256 } keys = 'file:/b' }\n";
  struct settings *settings = NULL;
  struct settings_error error;
  CHECK_REASON(load(text, &settings, &error), REASON_OK);
  if (!settings) {
    printf("# %s\n", error.text);
    return;
  }
  const struct issuer *discovered = &settings->issuers[0], *one = &settings->issuers[1], *two = &settings->issuers[2],
                      *spiffe = &settings->issuers[3];
  CHECK(discovered->key_source == KEYS_DISCOVERED && !discovered->key_location && !discovered->trust_domain);
  CHECK(!discovered->ca_file && !discovered->bearer_file && !discovered->alias);
  CHECK(!discovered->issued_at_optional && !discovered->audience_is_client_id);
  CHECK_INT(discovered->max_stale, 24 * 60 * 60);
  CHECK_STRING(issuer_identity(discovered), "https://d.example/a");

  CHECK(one->key_source == KEYS_AT_URL && one->issued_at_optional && one->audience_is_client_id);
  CHECK_STRING(one->key_location, "https://10.0.0.1:6443/openid/v1/jwks");
  CHECK_STRING(one->ca_file, "/etc/ca.pem");
  CHECK_STRING(one->bearer_file, "/etc/bearer");
  CHECK_INT(one->max_stale, 60);
  CHECK_STRING(issuer_identity(one), "one.example");

  CHECK(two->key_source == KEYS_DISCOVERED && !two->issued_at_optional && !two->audience_is_client_id);
  CHECK_STRING(issuer_identity(two),
               "https://kubernetes.default.svc"); /* what it was called while it was the only one */

  CHECK(spiffe->key_source == KEYS_IN_FILE);
  CHECK_STRING(spiffe->trust_domain, "prod.example_1");
  CHECK_STRING(issuer_identity(spiffe), "spiffe://prod.example_1");
  settings_free(settings);
}

/* The settings of one option that ends in so many zeros. */
static bool loads_with_zeros(const char *format, int zeros) {
  char text[2048];
  struct settings *settings = NULL;
  struct settings_error error;
  char digits[1200];
  snprintf(digits, sizeof(digits), "%0*d", zeros, 0);
  size_t before = (size_t)(strchr(format, '*') - format);
  snprintf(text, sizeof(text), "issuer s { %.*s%s%s audience = a algorithms = RS256 keys = 'file:/b' }", (int)before,
           format, digits, format + before + 1);
  bool loaded = load(text, &settings, &error) == REASON_OK;
  settings_free(settings);
  return loaded;
}

static void what_identifies_an_issuer_is_bounded(void) {
  CHECK(loads_with_zeros("url = '*'", 1023));
  CHECK(!loads_with_zeros("url = '*'", 1024));
  CHECK(loads_with_zeros("url = 'spiffe://*'", 255));
  CHECK(!loads_with_zeros("url = 'spiffe://*'", 256));
  CHECK(loads_with_zeros("url = u alias = '*'", 128));
  CHECK(!loads_with_zeros("url = u alias = '*'", 129));
}

static void has_safe_defaults(void) {
  struct settings *settings = NULL;
  struct settings_error error;
  CHECK_REASON(load(ACCOUNT("deploy create = true"), &settings, &error), REASON_OK);
  if (!settings) return;
  CHECK(settings->hostname == NULL);
  CHECK_INT(settings->issuers[0].max_lifetime, ISSUER_LIFETIME_DEFAULT);
  CHECK_INT(settings->issuers[0].leeway, ISSUER_LEEWAY_DEFAULT);
  CHECK(settings->issuers[0].types[0] == NULL && settings->issuers[0].required_claims[0] == NULL);
  CHECK(settings->issuers[0].authorized_party == NULL);
  const struct rule *rule = &settings->rules[0];
  CHECK(!rule->account_is_template && !rule->system && !rule->local && !rule->single_use);
  CHECK(rule->session_until_expiry && !rule->host_membership);
  CHECK(rule->services[0] == NULL && rule->groups[0] == NULL && rule->condition_count == 0);
  CHECK_INT(settings->accounts.range.min, ACCOUNT_UID_MIN_DEFAULT);
  CHECK_INT(settings->accounts.range.max, ACCOUNT_UID_MAX_DEFAULT);
  CHECK_STRING(settings->accounts.home, ACCOUNT_HOME_DEFAULT);
  CHECK_STRING(settings->accounts.shell, ACCOUNT_SHELL_DEFAULT);
  CHECK_STRING(settings->accounts.require_token[0], "sshd");
  CHECK_STRING(settings->accounts.login_programs[0], "/usr/sbin/sshd");
  CHECK(name_pattern_allows(&settings->accounts.patterns[0], "deploy"));
  CHECK(settings->accounts.group_count == 0 && !settings->accounts.enumerate && settings->accounts.fleet_key == NULL);
  CHECK(settings->accounts.fingerprint == settings->fingerprint);
  settings_free(settings);
}

/* The tables tell of accounts that exist because of us. */
static void host_membership_is_for_accounts_of_ours(void) {
  static const char *const texts[] = {
      ACCOUNT("a groups = g membership = host create = true"),
      ACCOUNT("a groups = g membership = host") DECLARED("a", "uid = 1900000000"),
      ACCOUNT("\"{sub}\" groups = g membership = host"),
      ACCOUNT("a groups = g membership = \"session\""),
  };
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    struct settings *settings = NULL;
    struct settings_error error;
    CHECK_REASON(load(texts[i], &settings, &error), REASON_OK);
    if (settings) CHECK_INT(settings->rules[0].host_membership, i < 3);
    settings_free(settings);
  }
}

static void nothing_at_all_is_valid_and_admits_nobody(void) {
  static const char *const texts[] = {"", "\n", "# only a comment", "hostname = a"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    struct settings *settings = NULL;
    struct settings_error error;
    CHECK_REASON(load(texts[i], &settings, &error), REASON_OK);
    CHECK(settings && settings->issuer_count == 0 && settings->rule_count == 0 &&
          settings->accounts.pattern_count == 0);
    settings_free(settings);
  }
}

static enum reason load_folder(const char *text, struct settings **ret, struct settings_error *error) {
  write_file(conf_path, text, strlen(text));
  return settings_load(conf_path, conf_d, FILE_OF_ANYONE, ret, error);
}

static void write_in_folder(const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof(path), "%s/%s", conf_d, name);
  write_file(path, text, strlen(text));
}

static void reads_conf_d_in_the_order_of_names(void) {
  struct settings *settings = NULL;
  struct settings_error error;
  CHECK_REASON(load_folder(ISSUER, &settings, &error), REASON_OK); /* no such folder yet */
  uint64_t before = settings->fingerprint;
  settings_free(settings);

  CHECK(mkdir(conf_d, 0755) == 0);
  write_in_folder("b.conf", "rule \"b\" { issuer = corp any = true account = b }\n");
  write_in_folder("B.conf", "rule \"B\" { issuer = corp any = true account = b }\n");
  write_in_folder("10.conf", "rule \"10\" { issuer = corp any = true account = b }\n");
  write_in_folder(".hidden.conf", "wrong");
  write_in_folder("b.conf.bak", "wrong");
  write_in_folder("README", "wrong");
  CHECK_REASON(load_folder(ISSUER, &settings, &error), REASON_OK);
  CHECK_INT(settings->rule_count, 3);
  CHECK_STRING(settings->rules[0].title, "10");
  CHECK_STRING(settings->rules[1].title, "B");
  CHECK_STRING(settings->rules[2].title, "b");
  CHECK(strstr(settings->rules[1].file, "/B.conf") != NULL);
  CHECK(settings->fingerprint != before);
  settings_free(settings);
}

static void refuses_repetition_across_files(void) {
  struct settings *settings = NULL;
  struct settings_error error;
  write_in_folder("c.conf", "\n" ISSUER);
  CHECK_REASON(load_folder(ISSUER, &settings, &error), REASON_SETTINGS_INVALID);
  CHECK(strstr(error.text, "/c.conf:2: a second issuer \"corp\"; the first is at ") != NULL);
  write_in_folder("c.conf", "\nhostname = b\n");
  CHECK_REASON(load_folder("hostname = a\n" ISSUER, &settings, &error), REASON_SETTINGS_INVALID);
  CHECK(strstr(error.text, "/c.conf:2: `hostname` is set twice") != NULL);
  write_in_folder("c.conf", "hostname = late\n");
  CHECK_REASON(load_folder("issuer \"corp\" { url = u audience = \"{hostname}\" algorithms = ES256 keys = 'file:/k' }",
                           &settings, &error),
               REASON_OK);
  CHECK_STRING(settings->issuers[0].audiences[0], "late");
  settings_free(settings);
}

static void checks_a_file_before_it_is_written(void) {
  static const char more[] = "\nissuer \"more\" { url = v audience = a algorithms = RS256 keys = 'file:/k' }\n";
  struct settings *settings = NULL;
  struct settings_error error;
  write_file(conf_path, ISSUER, strlen(ISSUER));
  CHECK_REASON(settings_load_with(conf_path, NULL, FILE_OF_ANYONE, "/d/more.conf", more, &settings, &error), REASON_OK);
  CHECK(settings && settings_issuer(settings, "corp"));
  const struct issuer *issuer = settings ? settings_issuer(settings, "more") : NULL;
  CHECK_STRING(issuer ? issuer->file : NULL, "/d/more.conf");
  CHECK_INT(issuer ? issuer->line : 0, 2);
  settings_free(settings);

  settings = NULL;
  CHECK_REASON(settings_load_with(conf_path, NULL, FILE_OF_ANYONE, "/d/more.conf", ISSUER, &settings, &error),
               REASON_SETTINGS_INVALID);
  CHECK(!settings && strstr(error.text, "/d/more.conf:1: a second issuer \"corp\"") == error.text);
  CHECK_REASON(settings_load_with(folder, NULL, FILE_OF_ANYONE, "/d/more.conf", more, &settings, &error),
               REASON_FILE_UNSAFE);
}

static void a_line_names_the_file_of_the_option(void) {
  struct settings *settings = NULL;
  struct settings_error error;
  write_in_folder("c.conf", "rule \"c\" { issuer = corp any = true\n\n account = \"C\" }\n");
  CHECK_REASON(load_folder(ISSUER, &settings, &error), REASON_SETTINGS_INVALID);
  CHECK(strstr(error.text, "/c.conf:3: `account` is \"C\"") != NULL);
}

static void says_what_is_missing_or_unsafe(void) {
  struct settings *settings = NULL;
  struct settings_error error;
  CHECK_REASON(settings_load("/nonexistent/x.conf", NULL, FILE_OF_ANYONE, &settings, &error), REASON_SETTINGS_MISSING);
  CHECK_STRING(error.text, "/nonexistent/x.conf: does not exist");
  CHECK_REASON(settings_load(folder, NULL, FILE_OF_ANYONE, &settings, &error), REASON_FILE_UNSAFE);
  write_file(conf_path, "", 0);
  CHECK(chmod(conf_path, 0666) == 0);
  CHECK_REASON(settings_load(conf_path, NULL, FILE_OWNED_BY_ROOT, &settings, &error), REASON_FILE_UNSAFE);
  CHECK(chmod(conf_path, 0644) == 0);
}

static void refuses_a_conf_d_that_others_may_write_to(void) {
  if (geteuid() != 0) SKIP("needs root");
  struct settings *settings = NULL;
  struct settings_error error;
  write_in_folder("c.conf", "");
  write_file(conf_path, ISSUER, strlen(ISSUER));
  CHECK_REASON(settings_load(conf_path, conf_d, FILE_OWNED_BY_ROOT, &settings, &error), REASON_OK);
  settings_free(settings);
  settings = NULL;
  CHECK(chmod(conf_d, 0777) == 0);
  CHECK_REASON(settings_load(conf_path, conf_d, FILE_OWNED_BY_ROOT, &settings, &error), REASON_FILE_UNSAFE);
  CHECK(chmod(conf_d, 0755) == 0 && chown(conf_d, 65534, 0) == 0);
  CHECK_REASON(settings_load(conf_path, conf_d, FILE_OWNED_BY_ROOT, &settings, &error), REASON_FILE_UNSAFE);
  CHECK(chown(conf_d, 0, 0) == 0);
}

static void fingerprint_follows_every_byte(void) {
  static const char *const texts[] = {"", "#", "# ", "# a", "# b", "hostname = a # b", "hostname = a # c"};
  uint64_t seen[COUNT_OF(texts)];
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    struct settings *settings = NULL;
    struct settings_error error;
    CHECK_REASON(load(texts[i], &settings, &error), REASON_OK);
    seen[i] = settings->fingerprint;
    settings_free(settings);
    for (size_t j = 0; j < i; j++)
      CHECK(seen[i] != seen[j]);
  }
}

static void never_reads_the_environment(void) {
  struct settings *settings = NULL;
  struct settings_error error;
  CHECK(setenv("SETTINGS_TEST", "evil", 1) == 0);
  CHECK_REASON(load("hostname = '${SETTINGS_TEST}'", &settings, &error), REASON_OK);
  CHECK_STRING(settings->hostname, "${SETTINGS_TEST}");
  settings_free(settings);
}

static void make_folder(void) {
  CHECK(mkdtemp(folder) != NULL);
  snprintf(conf_path, sizeof(conf_path), "%s/x.conf", folder);
  snprintf(conf_d, sizeof(conf_d), "%s/conf.d", folder);
}

static void remove_folder(void) {
  char command[96];
  snprintf(command, sizeof(command), "rm -r '%s'", folder);
  CHECK(system(command) == 0);
}

UNIT_MAIN({"make a folder", make_folder},
          {"refuses what reads otherwise than it looks", refuses_what_reads_otherwise_than_it_looks},
          {"refuses bad issuers", refuses_bad_issuers}, {"refuses bad rules", refuses_bad_rules},
          {"refuses bad accounts", refuses_bad_accounts}, {"refuses a file cut anywhere", refuses_a_file_cut_anywhere},
          {"judges a file changed anywhere", judges_a_file_changed_anywhere},
          {"refuses a NUL byte", refuses_a_nul_byte}, {"reads every option", reads_every_option},
          {"reads where keys come from", reads_where_keys_come_from},
          {"what identifies an issuer is bounded", what_identifies_an_issuer_is_bounded},
          {"has safe defaults", has_safe_defaults},
          {"host membership is for accounts of ours", host_membership_is_for_accounts_of_ours},
          {"nothing at all is valid and admits nobody", nothing_at_all_is_valid_and_admits_nobody},
          {"reads conf.d in the order of names", reads_conf_d_in_the_order_of_names},
          {"refuses repetition across files", refuses_repetition_across_files},
          {"checks a file before it is written", checks_a_file_before_it_is_written},
          {"a line names the file of the option", a_line_names_the_file_of_the_option},
          {"says what is missing or unsafe", says_what_is_missing_or_unsafe},
          {"refuses a conf.d that others may write to", refuses_a_conf_d_that_others_may_write_to},
          {"the fingerprint follows every byte", fingerprint_follows_every_byte},
          {"never reads the environment", never_reads_the_environment}, {"remove the folder", remove_folder})
