// Goal: the caret stands below the place on a terminal, and no line does harm to one.

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "unit/config/mistakes.hpp"

using namespace lshost::test;

TEST_CASE("config: lines as a terminal needs them", "[config][shown]") {
  check_mistakes({
      {"tabs before the place",
       "[[database]]\n"
       "path = \"/a.db\"\n"
       "[[database.replica]]\n"
       "type = \"file\"\n"
       "\t\tname\t=\t5\n",
       "replicas.toml:5:10: name: expected a string, found integer 5\n"
       "    \t\tname\t=\t5\n"
       "    \t\t    \t \t^\n"},
      {"wide characters before the place",
       "plugin-path = [\"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\", 5]\n"
       "[[database]]\n"
       "path = \"/a.db\"\n"
       "[[database.replica]]\n"
       "type = \"file\"\n",
       "replicas.toml:1:23: plugin-path: expected a string, found integer 5\n"
       "    plugin-path = [\"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\", 5]\n"
       "                             ^\n"},
      {"combining characters before the place",
       "plugin-path = [\"e\xCC\x81\xCC\x81\", 5]\n"
       "[[database]]\n"
       "path = \"/a.db\"\n"
       "[[database.replica]]\n"
       "type = \"file\"\n",
       "replicas.toml:1:23: plugin-path: expected a string, found integer 5\n"
       "    plugin-path = [\"e\xCC\x81\xCC\x81\", 5]\n"
       "                        ^\n"},
      {"an accent before the place",
       "plugin-path = [\"\xC3\xA9\", 5]\n"
       "[[database]]\n"
       "path = \"/a.db\"\n"
       "[[database.replica]]\n"
       "type = \"file\"\n",
       "replicas.toml:1:21: plugin-path: expected a string, found integer 5\n"
       "    plugin-path = [\"\xC3\xA9\", 5]\n"
       "                        ^\n"},
      {"a line that is empty",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
name =
)",
       R"(replicas.toml:5:7: error while parsing key-value pair: expected value, saw '\n'
    name =
          ^
)"},
      {"CRLF",
       "[[database]]\r\n"
       "path = \"/a.db\"\r\n"
       "[[database.replica]]\r\n"
       "type = \"file\"\r\n"
       "name = 5\r\n",
       R"(replicas.toml:5:8: name: expected a string, found integer 5
    name = 5
           ^
)"},
      {"a key with an escape sequence",
       R"("\u001b[31mred" = 1
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       "replicas.toml:1:1: unknown key '\xEF\xBF\xBD[31mred'; known here: plugin-path, shutdown-timeout, log, control, "
       "database\n"
       "    \"\\u001b[31mred\" = 1\n"
       "    ^\n"},
      {"a value with an escape sequence",
       R"([log]
level = "\u001b[31mred"
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       "replicas.toml:2:9: level: expected \"trace\", \"debug\", \"info\", \"warn\" or \"error\", found "
       "\"\xEF\xBF\xBD[31mred\"\n"
       "    level = \"\\u001b[31mred\"\n"
       "            ^\n"},
      {"a value that turns the direction",
       "[log]\n"
       "level = \"\xE2\x80\xAEinfo\"\n"
       "[[database]]\n"
       "path = \"/a.db\"\n"
       "[[database.replica]]\n"
       "type = \"file\"\n",
       "replicas.toml:2:9: level: expected \"trace\", \"debug\", \"info\", \"warn\" or \"error\", found "
       "\"\xEF\xBF\xBDinfo\"\n"
       "    level = \"\xEF\xBF\xBDinfo\"\n"
       "            ^\n"},
      {"a key of 200 characters",
       R"(kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk = 1
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:1: unknown key 'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...'; known here: plugin-path, shutdown-timeout, log, control, database
    kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...
    ^
)"},
  });
}

TEST_CASE("config: of a long line only what is near the place is shown", "[config][shown]") {
  const auto line = "x = [\"" + std::string(500, 'a') + "\", 5z, \"" + std::string(500, 'b') + "\"]";
  const auto expected = fmt::format(
      "replicas.toml:1:510: error while parsing value: could not determine value type; "
      "hint: text, durations and sizes stand in quotes: \"1h30m\".\n"
      "    ...{}\", 5z, \"{}...\n"
      "    {}^\n",
      std::string(97, 'a'), std::string(55, 'b'), std::string(103, ' '));
  CHECK(mistakes_in(line) == expected);
}

// Goal: what is printed does not grow with the square of a line.
// Method: 2000 mistakes in one line; each shows no more than what is near it.
TEST_CASE("config: a long line with many mistakes is shown in bounded space", "[config][shown]") {
  std::string text = "plugin-path = [";
  for (int i = 0; i < 2000; ++i) text += "5, ";
  const auto shown = mistakes_in(text + "]");
  CHECK(std::count(shown.begin(), shown.end(), '\n') == 3 * 2001);
  CHECK(shown.size() < 2001 * 500);
}
