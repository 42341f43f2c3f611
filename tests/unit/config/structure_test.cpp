// Goal: tables and keys that are unknown, missing, misplaced or there twice are told as what they are.

#include <catch2/catch.hpp>

#include "unit/config/mistakes.hpp"

using namespace lshost::test;

TEST_CASE("config: tables and keys that can not be", "[config][structure]") {
  check_mistakes({
      {"an empty file", "",
       R"(replicas.toml:1:1: no database; hint: add a [[database]] with its path, and a [[database.replica]] behind it.
)"},
      {"comments only",
       R"(# nothing yet
)",
       R"(replicas.toml:1:1: no database; hint: add a [[database]] with its path, and a [[database.replica]] behind it.
    # nothing yet
    ^
)"},
      {"an unknown key, near to one",
       R"(plugin_path = "/x"
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:1: unknown key 'plugin_path'; did you mean 'plugin-path'?
    plugin_path = "/x"
    ^
)"},
      {"an unknown key, near to none",
       R"(colour = "red"
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:1: unknown key 'colour'; known here: plugin-path, shutdown-timeout, log, control, database
    colour = "red"
    ^
)"},
      {"a table that nobody knows",
       R"([metrics]
listen = "127.0.0.1:9478"
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:2: unknown key 'metrics'; known here: plugin-path, shutdown-timeout, log, control, database
    [metrics]
     ^
)"},
      {"a key behind a header that it should stand before",
       R"([log]
level = "info"
shutdown-timeout = "1s"
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:1: unknown key 'shutdown-timeout'; it belongs to the top of the file, not to [log]
    shutdown-timeout = "1s"
    ^
)"},
      {"a key before the header that it should stand behind",
       R"(level = "info"
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:1: unknown key 'level'; it belongs to [log], not to the top of the file
    level = "info"
    ^
)"},
      {"a key of a replica at the database",
       R"([[database]]
path = "/a.db"
retention = "1d"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:3:1: unknown key 'retention'; it belongs to [[database.replica]], not to [[database]]
    retention = "1d"
    ^
)"},
      {"one bracket for databases",
       R"([database]
path = "/a.db"
)",
       R"(replicas.toml:1:2: database: write [[database]], with two brackets on each side, and each [[database.replica]] behind its [[database]]
    [database]
     ^
)"},
      {"one bracket for replicas",
       R"([[database]]
path = "/a.db"
[database.replica]
type = "file"
)",
       R"(replicas.toml:3:11: replica: write [[database.replica]], with two brackets on each side
    [database.replica]
              ^
)"},
      {"two brackets for log",
       R"([[log]]
level = "info"
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:3: log: expected a table, found an array; hint: write [log].
    [[log]]
      ^
)"},
      {"a replica before its database",
       R"([[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:3: database: write [[database]], with two brackets on each side, and each [[database.replica]] behind its [[database]]
    [[database.replica]]
      ^
)"},
      {"a database that is no table",
       R"(database = "/a.db"
)",
       R"(replicas.toml:1:12: database: expected a table, found "/a.db"; hint: write [[database]].
    database = "/a.db"
               ^
)"},
      {"an array of databases with something else in it",
       R"(database = [5]
)",
       R"(replicas.toml:1:13: database: expected a table, found integer 5; hint: write [[database]].
    database = [5]
                ^
)"},
      {"no replica",
       R"([[database]]
path = "/a.db"
)",
       R"(replicas.toml:1:1: [[database]] without a replica; hint: add a [[database.replica]] behind it.
    [[database]]
    ^
)"},
      {"an empty array of replicas",
       R"([[database]]
path = "/a.db"
replica = []
)",
       R"(replicas.toml:1:1: [[database]] without a replica; hint: add a [[database.replica]] behind it.
    [[database]]
    ^
)"},
      {"an empty array of databases",
       R"(database = []
)",
       R"(replicas.toml:1:1: no database; hint: add a [[database]] with its path, and a [[database.replica]] behind it.
    database = []
    ^
)"},
      {"no path",
       R"([[database]]
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:1:1: [[database]] without 'path'; hint: add path = "/path/to/the.db"
    [[database]]
    ^
)"},
      {"no type",
       R"([[database]]
path = "/a.db"
  [[database.replica]]
  path = "/b"
)",
       R"(replicas.toml:3:3: [[database.replica]] without 'type'; hint: add type = "file" or another plugin's type
      [[database.replica]]
      ^
)"},
      {"two replicas without names and of one type",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:5:1: another replica of this database is named 'file', in line 3; hint: give each a 'name'.
    [[database.replica]]
    ^
)"},
      {"two replicas with one name",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
name = "x"
[[database.replica]]
type = "s3"
name = "x"
)",
       R"(replicas.toml:8:8: another replica of this database is named 'x', in line 5; hint: give each a 'name'.
    name = "x"
           ^
)"},
      {"a name that is another replica's type",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
[[database.replica]]
type = "s3"
name = "file"
)",
       R"(replicas.toml:7:8: another replica of this database is named 'file', in line 3; hint: give each a 'name'.
    name = "file"
           ^
)"},
      {"a database twice",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
[[database]]
path = "//./a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:6:8: the same database stands in line 2; hint: one [[database]] can have many [[database.replica]].
    path = "//./a.db"
           ^
)"},
      {"the meta-path of another database",
       R"([[database]]
path = "/a.db"
[[database.replica]]
type = "file"
[[database]]
path = "/b.db"
meta-path = "/.a.db-lshost"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:7:13: another database has the same meta-path, see line 1
    meta-path = "/.a.db-lshost"
                ^
)"},
      {"the meta-path of a later database",
       R"([[database]]
path = "/b.db"
meta-path = "/.a.db-lshost/"
[[database.replica]]
type = "file"
[[database]]
path = "/a.db"
[[database.replica]]
type = "file"
)",
       R"(replicas.toml:6:1: another database has the same meta-path, see line 3
    [[database]]
    ^
)"},
  });
}
