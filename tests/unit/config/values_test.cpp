// Goal: a value of a wrong type, form or range is told with what was expected and what was found.

#include <catch2/catch.hpp>

#include "unit/config/mistakes.hpp"

using namespace lshost::test;

TEST_CASE("config: values that can not be", "[config][values]") {
  check_mistakes({
      {"an integer for a duration",
       R"(shutdown-timeout = 30
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:20: shutdown-timeout: expected a duration such as "1s" or "24h", found integer 30
    shutdown-timeout = 30
                       ^
)"},
      {"a wrong unit",
       R"(shutdown-timeout = "30 sec"
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:20: shutdown-timeout: expected a duration such as "1s" or "24h", found "30 sec"
    shutdown-timeout = "30 sec"
                       ^
)"},
      {"a fraction of a duration",
       R"([[database]]
path = "/a.db"
checkpoint-interval = "1.5h"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:23: checkpoint-interval: expected a duration such as "1s" or "24h", found "1.5h"
    checkpoint-interval = "1.5h"
                          ^
)"},
      {"a duration below its range",
       R"([[database]]
path = "/a.db"
checkpoint-interval = "999ms"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:23: checkpoint-interval: expected at least "1s", found "999ms"
    checkpoint-interval = "999ms"
                          ^
)"},
      {"a zero where there must be something",
       R"([[database]]
path = "/a.db"
checkpoint-interval = "0"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:23: checkpoint-interval: expected at least "1s", found "0"
    checkpoint-interval = "0"
                          ^
)"},
      {"a duration beyond all ranges",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
retention = "36501d"
)",
       R"(replicas.toml:5:13: retention: expected at most "36500d", found "36501d"
    retention = "36501d"
                ^
)"},
      {"a duration beyond 64 bits",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
retention = "99999999999999999999h"
)",
       R"(replicas.toml:5:13: retention: expected at most "36500d", found "99999999999999999999h"
    retention = "99999999999999999999h"
                ^
)"},
      {"neither 0 nor long enough",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
snapshot-interval = "1ms"
)",
       R"(replicas.toml:5:21: snapshot-interval: expected "0" or at least "1s", found "1ms"
    snapshot-interval = "1ms"
                        ^
)"},
      {"an array for a duration",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
snapshot-interval = ["1h"]
)",
       R"(replicas.toml:5:21: snapshot-interval: expected a duration such as "1s" or "24h", found an array
    snapshot-interval = ["1h"]
                        ^
)"},
      {"a negative size",
       R"([[database]]
path = "/a.db"
shadow-wal-limit = -4294967296
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:20: shadow-wal-limit: expected a size such as "64MiB" or "4GiB", found integer -4294967296
    shadow-wal-limit = -4294967296
                       ^
)"},
      {"a wrong unit of a size",
       R"([[database]]
path = "/a.db"
shadow-wal-limit = "4G"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:20: shadow-wal-limit: expected a size such as "64MiB" or "4GiB", found "4G"
    shadow-wal-limit = "4G"
                       ^
)"},
      {"a size below its range",
       R"([[database]]
path = "/a.db"
shadow-wal-limit = "1048575"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:20: shadow-wal-limit: expected at least "1MiB", found "1048575"
    shadow-wal-limit = "1048575"
                       ^
)"},
      {"a size beyond all ranges",
       R"([[database]]
path = "/a.db"
shadow-wal-limit = "2000000TiB"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:20: shadow-wal-limit: expected at most "1048576TiB", found "2000000TiB"
    shadow-wal-limit = "2000000TiB"
                       ^
)"},
      {"a count below its range",
       R"([[database]]
path = "/a.db"
min-checkpoint-pages = 0
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:24: min-checkpoint-pages: expected 1 to 2147483647, found integer 0
    min-checkpoint-pages = 0
                           ^
)"},
      {"a negative count",
       R"([[database]]
path = "/a.db"
min-checkpoint-pages = -1
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:24: min-checkpoint-pages: expected 1 to 2147483647, found integer -1
    min-checkpoint-pages = -1
                           ^
)"},
      {"a count beyond its range",
       R"([[database]]
path = "/a.db"
min-checkpoint-pages = 2147483648
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:24: min-checkpoint-pages: expected 1 to 2147483647, found integer 2147483648
    min-checkpoint-pages = 2147483648
                           ^
)"},
      {"a count in quotes",
       R"([[database]]
path = "/a.db"
min-checkpoint-pages = "1000"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:24: min-checkpoint-pages: expected an integer such as 1000 (without quotes), found "1000"
    min-checkpoint-pages = "1000"
                           ^
)"},
      {"a real for a count",
       R"([[database]]
path = "/a.db"
min-checkpoint-pages = 1e3
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:24: min-checkpoint-pages: expected an integer such as 1000 (without quotes), found real 1000
    min-checkpoint-pages = 1e3
                           ^
)"},
      {"a flag in quotes",
       R"([[database]]
path = "/a.db"
exclusive-checkpoints = "true"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:25: exclusive-checkpoints: expected true or false (without quotes), found "true"
    exclusive-checkpoints = "true"
                            ^
)"},
      {"a level that is mistyped",
       R"([log]
level = "wran"
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:2:9: level: expected "trace", "debug", "info", "warn" or "error", found "wran"; did you mean "warn"?
    level = "wran"
            ^
)"},
      {"a level that there is not",
       R"([log]
level = "verbose"
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:2:9: level: expected "trace", "debug", "info", "warn" or "error", found "verbose"
    level = "verbose"
            ^
)"},
      {"a format that is no string",
       R"([log]
format = true
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:2:10: format: expected "text" or "json", found boolean true
    format = true
             ^
)"},
      {"an empty path",
       R"([[database]]
path = ""
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:2:8: path: expected a path, found an empty string
    path = ""
           ^
)"},
      {"a path that is no string",
       R"([[database]]
path = 1979-05-27
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:2:8: path: expected a string, found a date or time; hint: put it in quotes.
    path = 1979-05-27
           ^
)"},
      {"a path with a slash at its end",
       R"([[database]]
path = "/no-such/a.db/"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:2:8: path: expected a database file, found a folder
    path = "/no-such/a.db/"
           ^
)"},
      {"a path that is a folder",
       R"([[database]]
path = "/"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:2:8: path: expected a database file, found a folder
    path = "/"
           ^
)"},
      {"a path with a NUL",
       R"([[database]]
path = "/a\u0000.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:2:8: a text with a NUL character in it
    path = "/a\u0000.db"
           ^
)"},
      {"a plugin-path with something else in it",
       R"(plugin-path = ["/x", 5, ""]
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:22: plugin-path: expected a string, found integer 5
    plugin-path = ["/x", 5, ""]
                         ^
replicas.toml:1:25: plugin-path: expected a path, found an empty string
    plugin-path = ["/x", 5, ""]
                            ^
)"},
      {"a type with capitals",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "File"
)",
       R"(replicas.toml:4:8: type: expected 1 to 64 characters out of a-z, 0-9 and '-', found "File"
    type = "File"
           ^
)"},
      {"a type that is a path",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "./file.so"
)",
       R"(replicas.toml:4:8: type: expected 1 to 64 characters out of a-z, 0-9 and '-', found "./file.so"
    type = "./file.so"
           ^
)"},
      {"a name with a slash",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
name = "a/b"
)",
       R"(replicas.toml:5:8: name: expected 1 to 64 characters out of A-Z, a-z, 0-9, '.', '_' and '-', found "a/b"
    name = "a/b"
           ^
)"},
      {"a name that is a folder",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
name = ".."
)",
       R"(replicas.toml:5:8: name: expected 1 to 64 characters out of A-Z, a-z, 0-9, '.', '_' and '-', found ".."
    name = ".."
           ^
)"},
      {"a name that is empty",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
name = ""
)",
       R"(replicas.toml:5:8: name: expected 1 to 64 characters out of A-Z, a-z, 0-9, '.', '_' and '-', found an empty string
    name = ""
           ^
)"},
      {"a name that is too long",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
name = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
)",
       R"(replicas.toml:5:8: name: expected 1 to 64 characters out of A-Z, a-z, 0-9, '.', '_' and '-', found "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn..."
    name = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...
           ^
)"},
      {"a date for a plugin",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
since = 1979-05-27
)",
       R"(replicas.toml:5:9: since: expected a string, a number, true, false or an array of these, found a date or time; hint: put it in quotes.
    since = 1979-05-27
            ^
)"},
      {"a table for a plugin",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
headers = { accept = "*" }
)",
       R"(replicas.toml:5:11: headers: expected a string, a number, true, false or an array of these, found a table
    headers = { accept = "*" }
              ^
)"},
      {"a table below a replica",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
[database.replica.headers]
accept = "*"
)",
       R"(replicas.toml:5:1: headers: expected a string, a number, true, false or an array of these, found a table
    [database.replica.headers]
    ^
)"},
      {"an array in an array for a plugin",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
hosts = [["a"], "b"]
)",
       R"(replicas.toml:5:10: hosts: expected a string, a number, true, false or an array of these, found an array
    hosts = [["a"], "b"]
             ^
)"},
  });
}
