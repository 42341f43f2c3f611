// Goal: a variable that can not be put in is told at its own place, and never as its value.

#include <catch2/catch.hpp>

#include "unit/config/mistakes.hpp"

using namespace lshost::test;

TEST_CASE("config: variables that can not be put in", "[config][variables]") {
  check_mistakes({
      {"a variable that is not set",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
bucket = "x-${LSHOST_TEST_UNSET}"
)",
       R"(replicas.toml:5:13: environment variable 'LSHOST_TEST_UNSET' is not set
    bucket = "x-${LSHOST_TEST_UNSET}"
                ^
)"},
      {"a variable that is not set, in a host's key",
       R"([[database]]
path = "${LSHOST_TEST_UNSET}/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:2:9: environment variable 'LSHOST_TEST_UNSET' is not set
    path = "${LSHOST_TEST_UNSET}/a.db"
            ^
)"},
      {"two in one string",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
bucket = "${LSHOST_TEST_UNSET}-${LSHOST_TEST_UNSET2}"
)",
       R"(replicas.toml:5:11: environment variable 'LSHOST_TEST_UNSET' is not set
    bucket = "${LSHOST_TEST_UNSET}-${LSHOST_TEST_UNSET2}"
              ^
replicas.toml:5:32: environment variable 'LSHOST_TEST_UNSET2' is not set
    bucket = "${LSHOST_TEST_UNSET}-${LSHOST_TEST_UNSET2}"
                                   ^
)"},
      {"in an array",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
hosts = ["a", "${LSHOST_TEST_UNSET}"]
)",
       R"(replicas.toml:5:16: environment variable 'LSHOST_TEST_UNSET' is not set
    hosts = ["a", "${LSHOST_TEST_UNSET}"]
                   ^
)"},
      {"in the third line of a string",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
text = """
a
b ${LSHOST_TEST_UNSET}"""
)",
       R"(replicas.toml:7:3: environment variable 'LSHOST_TEST_UNSET' is not set
    b ${LSHOST_TEST_UNSET}"""
      ^
)"},
      {"behind an escape, where the place is exact",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
text = "\t\u00e9 ${LSHOST_TEST_UNSET}"
)",
       R"(replicas.toml:5:18: environment variable 'LSHOST_TEST_UNSET' is not set
    text = "\t\u00e9 ${LSHOST_TEST_UNSET}"
                     ^
)"},
      {"written as an escape, where the string's begin is near enough",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
text = "abc \u0024{LSHOST_TEST_UNSET}"
)",
       R"(replicas.toml:5:8: environment variable 'LSHOST_TEST_UNSET' is not set
    text = "abc \u0024{LSHOST_TEST_UNSET}"
           ^
)"},
      {"without a name",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
text = "${}"
)",
       R"(replicas.toml:5:9: malformed variable: expected ${NAME}; hint: "$${" stands for a literal "${".
    text = "${}"
            ^
)"},
      {"without an end",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
text = "${HOME"
)",
       R"(replicas.toml:5:9: malformed variable: expected ${NAME}; hint: "$${" stands for a literal "${".
    text = "${HOME"
            ^
)"},
      {"with a name that is none",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
text = "${A-B}"
)",
       R"(replicas.toml:5:9: malformed variable: expected ${NAME}; hint: "$${" stands for a literal "${".
    text = "${A-B}"
            ^
)"},
      {"with a default, as a shell has it",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
text = "${HOME:-/root}"
)",
       R"(replicas.toml:5:9: malformed variable: expected ${NAME}; hint: "$${" stands for a literal "${".
    text = "${HOME:-/root}"
            ^
)"},
      {"behind a literal dollar",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
text = "$$${LSHOST_TEST_UNSET}"
)",
       R"(replicas.toml:5:11: environment variable 'LSHOST_TEST_UNSET' is not set
    text = "$$${LSHOST_TEST_UNSET}"
              ^
)"},
  });
}
