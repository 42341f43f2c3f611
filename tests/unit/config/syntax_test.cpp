// Goal: a text that is not TOML gets its first mistake, in the form of all mistakes.

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "unit/config/mistakes.hpp"

using namespace lshost::test;

TEST_CASE("config: a text that is not TOML", "[config][syntax]") {
  check_mistakes({
      {"a string without its end",
       R"(shutdown-timeout = "30s
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:24: error while parsing string: unescaped control characters other than TAB (U+0009) are explicitly prohibited; hint: is the closing quote missing?
    shutdown-timeout = "30s
                           ^
)"},
      {"a value without quotes",
       R"([[database]]
path = /a.db
)",
       R"(replicas.toml:2:8: error while parsing value: could not determine value type; hint: text, durations and sizes stand in quotes: "1h30m".
    path = /a.db
           ^
)"},
      {"a duration without quotes",
       R"(shutdown-timeout = 30s
)",
       R"(replicas.toml:1:22: error while parsing decimal integer: expected digit, saw 's'; hint: text, durations and sizes stand in quotes: "1h30m".
    shutdown-timeout = 30s
                         ^
)"},
      {"a key without a value",
       R"(shutdown-timeout
)",
       R"(replicas.toml:1:17: error while parsing key-value pair: expected '=', saw '\n'
    shutdown-timeout
                    ^
)"},
      {"a key without a value, at the end of the file", "shutdown-timeout =",
       R"(replicas.toml:1:19: error while parsing key-value pair: encountered end-of-file
    shutdown-timeout =
                      ^
)"},
      {"a key twice",
       R"([log]
level = "info"
level = "warn"
)",
       R"(replicas.toml:3:9: error while parsing key-value pair: cannot redefine existing string 'level'
    level = "warn"
            ^
)"},
      {"a table twice",
       R"([log]
[log]
)",
       R"(replicas.toml:2:1: error while parsing table header: cannot redefine existing table 'log'
    [log]
    ^
)"},
      {"a header without its end",
       R"([[database]
)",
       R"(replicas.toml:1:12: error while parsing table header: expected ']', saw '\n'
    [[database]
               ^
)"},
      {"an array without its end",
       R"(plugin-path = ["a",
)",
       R"(replicas.toml:1:21: error while parsing array: encountered end-of-file
    plugin-path = ["a",
                       ^
)"},
      {"an unknown escape",
       R"(plugin-path = "C:\data"
)",
       R"(replicas.toml:1:19: error while parsing string: unknown escape sequence '\d'; hint: write \\ for a backslash, or put the string in single quotes.
    plugin-path = "C:\data"
                      ^
)"},
      {"something behind a value",
       R"([log]
level = "info" "warn"
)",
       R"(replicas.toml:2:16: error while parsing key-value pair: expected a comment or whitespace, saw '"'
    level = "info" "warn"
                   ^
)"},
      {"a table that was begun as an array",
       R"([[database]]
[database]
)",
       R"(replicas.toml:2:1: error while parsing table header: cannot redefine existing array 'database' as table
    [database]
    ^
)"},
      {"a control character",
       "[log]\n"
       "level = \"\x1B[31m\"\n",
       "replicas.toml:2:10: error while parsing string: unescaped control characters other than TAB (U+0009) are "
       "explicitly prohibited; hint: is the closing quote missing?\n"
       "    level = \"\xEF\xBF\xBD[31m\"\n"
       "             ^\n"},
      {"a number beyond 64 bits",
       R"([[database]]
min-checkpoint-pages = 99999999999999999999
)",
       R"(replicas.toml:2:44: error while parsing decimal integer: '99999999999999999999' is not representable in 64 bits
    min-checkpoint-pages = 99999999999999999999
                                               ^
)"},
      {"YAML",
       R"(dbs:
  - path: /a.db
)",
       R"(replicas.toml:1:4: error while parsing key-value pair: expected '=', saw ':'
    dbs:
       ^
)"},
      {"JSON",
       R"({"database": [{"path": "/a.db"}]}
)",
       R"(replicas.toml:1:1: error while parsing root table: expected keys, tables, whitespace or comments, saw '{'
    {"database": [{"path": "/a.db"}]}
    ^
)"},
      {"Latin-1",
       "[[database]]\n"
       "path = \"/t\xE9.db\"\n",
       "replicas.toml:2:11: the file is not UTF-8 from here on; hint: save it as UTF-8.\n"
       "    path = \"/t\xEF\xBF\xBD.db\"\n"
       "              ^\n"},
      {"a code point that is cut at the end",
       "[log]\n"
       "# \xE2\x82",
       "replicas.toml:2:3: the file is not UTF-8 from here on; hint: save it as UTF-8.\n"
       "    # \xEF\xBF\xBD\xEF\xBF\xBD\n"
       "      ^\n"},
  });
}

// Goal: no depth of keys can overflow the stack.
// Method: a key that, taken apart by toml++, would; and the deepest that comes through.
TEST_CASE("config: a key of very many parts is refused before it is taken apart", "[config][syntax]") {
  const auto key_of = [](std::size_t parts) {
    std::string key = "a";
    for (std::size_t i = 1; i < parts; ++i) key += ".a";
    return key;
  };
  constexpr auto kRefusal = "a key of this many parts is more than anybody means";
  CHECK_THAT(mistakes_in(key_of(1'000'000) + " = 1"),
             Catch::StartsWith(std::string("replicas.toml:1:130: ") + kRefusal));
  CHECK_THAT(mistakes_in(fmt::format("[{}]", key_of(1'000'000))), Catch::Contains(kRefusal));
  CHECK_THAT(mistakes_in(fmt::format("x = {{{} = 1}}", key_of(1'000'000))), Catch::Contains(kRefusal));
  CHECK_THAT(mistakes_in(key_of(65) + " = 1"), Catch::StartsWith("replicas.toml:1:1: "));
  CHECK_THAT(mistakes_in(key_of(65) + " = 1"), !Catch::Contains(kRefusal));
  CHECK_THAT(mistakes_in(fmt::format("x = \"{0}\" # {0}", key_of(1000))), !Catch::Contains(kRefusal));
  CHECK_THAT(mistakes_in(fmt::format("x = \"\"\"\n\\\"\"\" {}\n\"\"\"", key_of(1000))), !Catch::Contains(kRefusal));
}

TEST_CASE("config: values that are nested too deeply are refused", "[config][syntax]") {
  std::string arrays(100'000, '[');
  CHECK_THAT(mistakes_in("plugin-path = " + arrays), Catch::Contains("exceeded maximum nested value depth"));
  // The deepest that the parser lets through, with keys of the most parts in each: what we do with it is bounded.
  std::string text = "x = ";
  std::string tail;
  for (int i = 0; i < 120; ++i) {
    text += "[{a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = ";
    tail += "}]";
  }
  CHECK_THAT(mistakes_in(text + "1" + tail), Catch::Contains("unknown key 'x'"));
}
