// Goal: the keys of a replica are checked against what its plugin says, as strictly as the host's own.

#include <catch2/catch.hpp>
#include <cstdlib>

#include "config/config.hpp"

using namespace lshost::config;

namespace {

const std::vector<KeySpec> kSpecs{
    {.key = "bucket", .required = true, .help = "the bucket's name"},
    {.key = "port", .type = KeyType::integer},
    {.key = "ratio", .type = KeyType::real},
    {.key = "tls", .type = KeyType::boolean},
    {.key = "timeout", .type = KeyType::duration},
    {.key = "part-size", .type = KeyType::size},
    {.key = "storage-class", .choices = {"standard", "cold"}},
    {.key = "pin", .secret = true},
    {.key = "hosts", .list = true},
    {.key = "old-name", .deprecated = true, .help = "write 'bucket'"},
};

constexpr auto kHead = "[[database]]\npath = '/a.db'\n[[database.replica]]\ntype = 's3'\n";

std::optional<std::vector<KeySpec>> schema_of(const ReplicaConfig&, std::vector<Diagnostic>&) { return kSpecs; }

Loaded check(const std::string& keys) {
  auto loaded = load_text(kHead + keys, "replicas.toml", "/etc/lshost");
  check_all(loaded, schema_of);
  return loaded;
}

std::string shown(const std::string& keys) { return format_mistakes(check(keys)); }

}  // namespace

TEST_CASE("check_entries: every type that a plugin can ask for is taken", "[config][entries]") {
  const auto loaded = check(
      "bucket = 'b'\nport = 80\nratio = 0.5\ntls = true\ntimeout = '0'\npart-size = '8MiB'\nstorage-class = 'cold'\n"
      "pin = '1234'\nhosts = ['a', 'b']\n");
  CHECK(format_mistakes(loaded).empty());
  CHECK(shown("bucket = 'b'\nratio = 1\nhosts = 'a'\n").empty());  // an integer is real, one value is a list of one
  CHECK(shown("bucket = 'b'\nhosts = []\n").empty());
  CHECK(shown("bucket = 'b'\npart-size = 8388608\n").empty());
}

TEST_CASE("check_entries: a required key that is not there", "[config][entries]") {
  CHECK(shown("") ==
        "replicas.toml:3:1: a replica of type 's3' needs the key 'bucket' (the bucket's name)\n"
        "    [[database.replica]]\n"
        "    ^\n");
}

TEST_CASE("check_entries: an unknown key, and which known one it may be", "[config][entries]") {
  CHECK(shown("bucket = 'b'\nbuckt = 'c'\n") ==
        "replicas.toml:6:1: unknown key 'buckt'; did you mean 'bucket'?\n"
        "    buckt = 'c'\n"
        "    ^\n");
  CHECK(shown("bucket = 'b'\nretension = '1h'\n") ==  // a key of the host
        "replicas.toml:6:1: unknown key 'retension'; did you mean 'retention'?\n"
        "    retension = '1h'\n"
        "    ^\n");
  CHECK(
      shown("bucket = 'b'\ncheckpoint-interval = '1h'\n") ==
      "replicas.toml:6:1: unknown key 'checkpoint-interval'; it belongs to [[database]], not to [[database.replica]]\n"
      "    checkpoint-interval = '1h'\n"
      "    ^\n");
}

TEST_CASE("check_entries: wrong types say what was expected and found", "[config][entries]") {
  CHECK(
      shown("bucket = 5\nport = '80'\nratio = 'x'\ntls = 1\ntimeout = 5\npart-size = 0.5\nstorage-class = 'colt'\n"
            "hosts = ['a', 5]\n") ==
      "replicas.toml:5:10: bucket: expected a string, found integer 5\n"
      "    bucket = 5\n"
      "             ^\n"
      "replicas.toml:6:8: port: expected an integer such as 1000 (without quotes), found \"80\"\n"
      "    port = '80'\n"
      "           ^\n"
      "replicas.toml:7:9: ratio: expected a number such as 0.5 (without quotes), found \"x\"\n"
      "    ratio = 'x'\n"
      "            ^\n"
      "replicas.toml:8:7: tls: expected true or false (without quotes), found integer 1\n"
      "    tls = 1\n"
      "          ^\n"
      "replicas.toml:9:11: timeout: expected a duration such as \"1s\" or \"24h\", found integer 5\n"
      "    timeout = 5\n"
      "              ^\n"
      "replicas.toml:10:13: part-size: expected a size such as \"64MiB\" or \"4GiB\", found real 0.5\n"
      "    part-size = 0.5\n"
      "                ^\n"
      "replicas.toml:11:17: storage-class: expected \"standard\" or \"cold\", found \"colt\"; did you mean \"cold\"?\n"
      "    storage-class = 'colt'\n"
      "                    ^\n"
      "replicas.toml:12:15: hosts: expected a string, found integer 5\n"
      "    hosts = ['a', 5]\n"
      "                  ^\n");
}

TEST_CASE("check_entries: an array where one value belongs", "[config][entries]") {
  CHECK(shown("bucket = ['b']\n") ==
        "replicas.toml:5:10: bucket: expected a string, found an array\n"
        "    bucket = ['b']\n"
        "             ^\n");
}

TEST_CASE("check_entries: a real that is none", "[config][entries]") {
  CHECK_THAT(shown("bucket = 'b'\nratio = nan\n"), Catch::Contains("ratio: expected a number such as 0.5"));
  CHECK_THAT(shown("bucket = 'b'\nratio = -inf\n"), Catch::Contains("ratio: expected a number such as 0.5"));
}

TEST_CASE("check_entries: a deprecated key is a warning, and the file is good", "[config][entries]") {
  const auto loaded = check("bucket = 'b'\nold-name = 'c'\n");
  CHECK(is_usable(loaded));
  CHECK(format_mistakes(loaded) ==
        "replicas.toml:6:1: warning: key 'old-name' is deprecated: write 'bucket'\n"
        "    old-name = 'c'\n"
        "    ^\n");
}

TEST_CASE("check_entries: what the plugin calls a secret is not shown", "[config][entries][secrets]") {
  CHECK(shown("bucket = 'b'\npin = 1234\n") ==
        "replicas.toml:6:7: pin: expected a string, found an integer\n"
        "    pin = ***\n"
        "          ^\n");
  CHECK(shown("bucket = 'b'\npin = ['1234', 5678]\n") ==
        "replicas.toml:6:7: pin: expected a string, found an array\n"
        "    pin = ***\n"
        "          ^\n");
  CHECK(shown("bucket = 'b'\npin = '''12\n34 ${LSHOST_TEST_UNSET}'''\n") ==
        "replicas.toml:7:4: environment variable 'LSHOST_TEST_UNSET' is not set\n"
        "    ***\n"
        "    ^\n");
}

TEST_CASE("check_entries: a value from the environment is not shown", "[config][entries][secrets]") {
  ::setenv("LSHOST_TEST_SET", "hunter2", 1);
  CHECK(shown("bucket = 'b'\nport = '${LSHOST_TEST_SET}'\nstorage-class = '${LSHOST_TEST_SET}'\n") ==
        "replicas.toml:6:8: port: expected an integer such as 1000 (without quotes), found a string that is not shown "
        "here\n"
        "    port = '${LSHOST_TEST_SET}'\n"
        "           ^\n"
        "replicas.toml:7:17: storage-class: expected \"standard\" or \"cold\", found a string that is not shown here\n"
        "    storage-class = '${LSHOST_TEST_SET}'\n"
        "                    ^\n");
  ::unsetenv("LSHOST_TEST_SET");
}

TEST_CASE("check_entries: what is reported already is not reported again", "[config][entries]") {
  CHECK(shown("bucket = '${LSHOST_TEST_UNSET}'\nport = 1979-05-27\n") ==
        "replicas.toml:5:11: environment variable 'LSHOST_TEST_UNSET' is not set\n"
        "    bucket = '${LSHOST_TEST_UNSET}'\n"
        "              ^\n"
        "replicas.toml:6:8: port: expected a string, a number, true, false or an array of these, found a date or time; "
        "hint: put it in quotes.\n"
        "    port = 1979-05-27\n"
        "           ^\n");
}

TEST_CASE("check_all: mistakes of the host and of plugins come together, in file order", "[config][entries]") {
  CHECK(shown("bucket = 5\nretention = 5\nport = 'x'\n") ==
        "replicas.toml:5:10: bucket: expected a string, found integer 5\n"
        "    bucket = 5\n"
        "             ^\n"
        "replicas.toml:6:13: retention: expected a duration such as \"1s\" or \"24h\", found integer 5\n"
        "    retention = 5\n"
        "                ^\n"
        "replicas.toml:7:8: port: expected an integer such as 1000 (without quotes), found \"x\"\n"
        "    port = 'x'\n"
        "           ^\n");
}

TEST_CASE("check_all: a plugin that can not be asked checks nothing", "[config][entries]") {
  auto loaded = load_text(std::string(kHead) + "anything = 1\n", "replicas.toml", "/etc/lshost");
  check_all(loaded, [](const ReplicaConfig& replica, std::vector<Diagnostic>& mistakes) {
    mistakes.push_back({replica.type_location, "no plugin for type 's3'"});
    return std::optional<std::vector<KeySpec>>();
  });
  CHECK(format_mistakes(loaded) ==
        "replicas.toml:4:8: no plugin for type 's3'\n"
        "    type = 's3'\n"
        "           ^\n");
}
