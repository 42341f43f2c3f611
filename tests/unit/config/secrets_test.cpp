// Goal: no value of a key that names a secret is ever shown, even where the file is not TOML at all.

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "config/config.hpp"
#include "support/temp_dir.hpp"
#include "support/world.hpp"
#include "unit/config/mistakes.hpp"

using namespace lshost;
using namespace lshost::test;

TEST_CASE("config: secrets are not shown", "[config][secrets]") {
  check_mistakes({
      {"a mistake in its own line",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
secret-access-key = "hunter2 ${LSHOST_TEST_UNSET}"
)",
       R"(replicas.toml:5:30: environment variable 'LSHOST_TEST_UNSET' is not set
    secret-access-key = ***
                        ^
)"},
      {"nothing but a variable is no secret",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
secret-access-key = "${LSHOST_TEST_UNSET}"
)",
       R"(replicas.toml:5:22: environment variable 'LSHOST_TEST_UNSET' is not set
    secret-access-key = "${LSHOST_TEST_UNSET}"
                         ^
)"},
      {"another mistake in the same line",
       R"([[database]]
path = "/a.db"
replica = [{ type = "s3", password = "hunter2", name = 5 }]
)",
       R"(replicas.toml:3:56: name: expected a string, found integer 5
    replica = [{ type = "s3", password = ***, name = 5 }]
                                                     ^
)"},
      {"a date",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
password = 1979-05-27
)",
       R"(replicas.toml:5:12: password: expected a string, a number, true, false or an array of these, found a date or time; hint: put it in quotes.
    password = ***
               ^
)"},
      {"an array in an array",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
tokens = ["hunter2", ["hunter3"]]
)",
       R"(replicas.toml:5:22: tokens: expected a string, a number, true, false or an array of these, found an array
    tokens = ***
             ^
)"},
      {"a table",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
credentials = { user = "me", pin = 1234 }
)",
       R"(replicas.toml:5:15: credentials: expected a string, a number, true, false or an array of these, found a table
    credentials = { user = ***, pin = *** }
                  ^
)"},
      {"not TOML: no quote at the end",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
password = "hunter2
)",
       R"(replicas.toml:5:20: error while parsing string; hint: is the closing quote missing?
    password = ***
                  ^
)"},
      {"not TOML: no quotes",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
password = hunter2
)",
       R"(replicas.toml:5:12: error while parsing value; hint: text, durations and sizes stand in quotes: "1h30m".
    password = ***
               ^
)"},
      {"not TOML: begins like a boolean",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
password = trustno1
)",
       R"(replicas.toml:5:15: error while parsing boolean; hint: text, durations and sizes stand in quotes: "1h30m".
    password = ***
               ^
)"},
      {"not TOML: a number too large",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
api-key = 99999999999999999999
)",
       R"(replicas.toml:5:31: error while parsing decimal integer
    api-key = ***
                 ^
)"},
      {"not TOML: no equals sign",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
password "hunter2"
)",
       R"(replicas.toml:5:10: error while parsing key-value pair
    password ***
             ^
)"},
      {"not TOML: two values",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
token = "hunter2" "hunter3"
)",
       R"(replicas.toml:5:19: error while parsing key-value pair
    token = ***
            ^
)"},
      {"not TOML: in an inline table",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
x = { a = 1, password = "hunter2", b = }
)",
       R"(replicas.toml:5:40: error while parsing key-value pair
    x = { a = 1, password = ***
                            ^
)"},
      {"not TOML: a long string",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
private-key = """
hunter2
\q hunter3
"""
)",
       R"(replicas.toml:7:2: error while parsing string; hint: write \\ for a backslash, or put the string in single quotes.
    ***
    ^
)"},
      {"not TOML: a long string without an end",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
private-key = '''
hunter2
hunter3)",
       R"(replicas.toml:7:8: error while parsing literal string
    ***
       ^
)"},
      {"not TOML: an array",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
tokens = [
  "hunter2",
  "hunter3" "hunter4"
]
)",
       R"(replicas.toml:7:13: error while parsing array
    ***
    ^
)"},
      {"not TOML: behind a secret",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
password = "hunter2"
name = 5x
)",
       R"(replicas.toml:6:9: error while parsing decimal integer: expected digit, saw 'x'; hint: text, durations and sizes stand in quotes: "1h30m".
    name = 5x
            ^
)"},
      {"not UTF-8",
       "[[database]]\n"
       "path = \"/a.db\"\n"
       "[[database.replica]]\n"
       "type = \"file\"\n"
       "password = \"hunter\xE9\"\n",
       R"(replicas.toml:5:19: the file is not UTF-8 from here on; hint: save it as UTF-8.
    password = ***
               ^
)"},
      {"in a comment",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = 5 # password = "hunter2"
)",
       R"(replicas.toml:4:8: type: expected a string, found integer 5
    type = 5 # password = ***
           ^
)"},
      {"in a file that is a comment",
       R"(# password = "hunter2"
)",
       R"(replicas.toml:1:1: no database; hint: add a [[database]] with its path, and a [[database.replica]] behind it.
    # password = ***
    ^
)"},
  });
}

namespace {

// What is warned of when a file of that mode has that value for a key that its plugin declares to be secret.
std::string warnings_of(const std::string& value, mode_t mode) {
  const TempDir directory;
  const std::string file = directory / "replicas.toml";
  write_text(file, "[[database]]\npath = \"/a.db\"\n[[database.replica]]\ntype = \"t\"\nphrase = " + value + "\n");
  REQUIRE(::chmod(file.c_str(), mode) == 0);
  auto loaded = config::load(file);
  config::check_all(loaded, [](const config::ReplicaConfig&, std::vector<config::Diagnostic>&) {
    return std::optional(std::vector{config::KeySpec{.key = "phrase", .secret = true}});
  });
  CHECK(config::is_usable(loaded));
  std::string all;
  for (const auto& mistake : loaded.mistakes) {
    CHECK(mistake.is_warning);
    all += mistake.message + "\n";
  }
  CHECK(config::format_mistakes(loaded).find("hunter2") == std::string::npos);
  return all;
}

}  // namespace

TEST_CASE("config: a file with a secret that everybody can read is warned of", "[config][secrets][security]") {
  CHECK_THAT(
      warnings_of("\"hunter2\"", 0644),
      Catch::StartsWith("everybody can read this file, and it holds a secret (its mode is 0644); hint: chmod o-r "));
  CHECK(warnings_of("\"hunter2\"", 0640).empty());
  CHECK(warnings_of("\"hunter2\"", 0600).empty());
  CHECK(warnings_of("\"${PATH}\"", 0644).empty());
}

TEST_CASE("config: a file that everybody can write to is warned of", "[config][secrets][security]") {
  CHECK_THAT(warnings_of("\"${PATH}\"", 0662), Catch::StartsWith("everybody can write to this file"));
}
