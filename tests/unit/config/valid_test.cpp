// Files without a mistake, and what becomes of them.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "base/error.hpp"
#include "config/config.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using namespace lshost::config;
using namespace std::chrono_literals;

namespace {

Loaded load_good(const std::string& text) {
  auto loaded = load_text(text, "replicas.toml", "/etc/lshost");
  INFO(format_mistakes(loaded));
  REQUIRE(loaded.mistakes.empty());
  REQUIRE(is_usable(loaded));
  return loaded;
}

constexpr auto kSmallest = R"(
[[database]]
path = "/var/lib/app/app.db"
  [[database.replica]]
  type = "file"
)";

}  // namespace

TEST_CASE("config: the smallest file gets every default", "[config]") {
  const auto config = load_good(kSmallest).config;
  CHECK(config.file == "replicas.toml");
  CHECK(config.plugin_path.empty());
  CHECK(config.log_level == LogLevel::info);
  CHECK(config.log_format == LogFormat::text);
  CHECK(config.shutdown_timeout == 30s);
  REQUIRE(config.databases.size() == 1);
  const auto& database = config.databases[0];
  CHECK(database.path == "/var/lib/app/app.db");
  CHECK(database.meta_path == "/var/lib/app/.app.db-lshost");
  CHECK(database.checkpoint_interval == 1min);
  CHECK(database.min_checkpoint_pages == 1000);
  CHECK(database.shadow_wal_limit_bytes == std::uint64_t{4} << 30);
  CHECK(database.exclusive_checkpoints);
  CHECK(database.location == Location{2, 1});
  REQUIRE(database.replicas.size() == 1);
  const auto& replica = database.replicas[0];
  CHECK(replica.type == "file");
  CHECK(replica.name == "file");
  CHECK(replica.snapshot_interval == 24h);
  CHECK(replica.retention == 168h);
  CHECK(replica.entries.empty());
  CHECK(replica.location == Location{4, 3});
  CHECK(replica.type_location == Location{5, 10});
}

TEST_CASE("config: every key is taken", "[config]") {
  const auto config = load_good(R"(
plugin-path = ["/usr/lib/lshost/plugins", "plugins", "../more"]
shutdown-timeout = "1m30s"
[log]
level = "debug"
format = "json"
[[database]]
path = "data/a.db"
meta-path = "meta"
verify-path = "../scratch"
checkpoint-interval = "5s"
min-checkpoint-pages = 10
shadow-wal-limit = "64MB"
exclusive-checkpoints = false
  [[database.replica]]
  type = "file"
  name = "night.ly_Disk-1"
  path = "/backups/a"
  snapshot-interval = "0"
  retention = "1d"
  verify-interval = "6h"
  [[database.replica]]
  type = "s3"
  bucket = "b"
  port = 8080
  ratio = 0.5
  tls = true
  hosts = ["x", "y"]
[[database]]
path = "/b.db"
replica = [{ type = "file", path = "/backups/b" }]
)")
                          .config;
  CHECK(config.plugin_path == std::vector<std::string>{"/usr/lib/lshost/plugins", "/etc/lshost/plugins", "/etc/more"});
  CHECK(config.shutdown_timeout == 90s);
  CHECK(config.log_level == LogLevel::debug);
  CHECK(config.log_format == LogFormat::json);
  REQUIRE(config.databases.size() == 2);
  const auto& first = config.databases[0];
  CHECK(first.path == "/etc/lshost/data/a.db");
  CHECK(first.meta_path == "/etc/lshost/meta");
  CHECK(first.verify_path == "/etc/scratch");
  CHECK(config.databases[1].verify_path == "/.b.db-lshost/verify");
  CHECK(first.checkpoint_interval == 5s);
  CHECK(first.min_checkpoint_pages == 10);
  CHECK(first.shadow_wal_limit_bytes == 64'000'000);
  CHECK_FALSE(first.exclusive_checkpoints);
  REQUIRE(first.replicas.size() == 2);
  CHECK(first.replicas[0].name == "night.ly_Disk-1");
  CHECK(first.replicas[0].snapshot_interval == 0s);
  CHECK(first.replicas[0].retention == 24h);
  CHECK(first.replicas[0].verify_interval == 6h);
  CHECK(first.replicas[1].verify_interval == 0s);
  const auto& entries = first.replicas[1].entries;
  REQUIRE(entries.size() == 5);
  CHECK(entries[0].key == "bucket");
  CHECK(entries[0].key_location == Location{24, 3});
  CHECK(entries[0].value.location == Location{24, 12});
  CHECK(std::get<std::string>(entries[0].value.data) == "b");
  CHECK(std::get<std::int64_t>(entries[1].value.data) == 8080);
  CHECK(std::get<double>(entries[2].value.data) == 0.5);
  CHECK(std::get<bool>(entries[3].value.data));
  const auto& hosts = std::get<std::vector<Value>>(entries[4].value.data);
  REQUIRE(hosts.size() == 2);
  CHECK(std::get<std::string>(hosts[1].data) == "y");
  CHECK(hosts[1].location == Location{28, 17});
  CHECK(config.databases[1].replicas[0].entries[0].key == "path");
}

TEST_CASE("config: a size may be a number of bytes", "[config]") {
  const auto config =
      load_good("[[database]]\npath = '/a.db'\nshadow-wal-limit = 1_048_576\n[[database.replica]]\ntype = 'x'\n")
          .config;
  CHECK(config.databases.at(0).shadow_wal_limit_bytes == 1 << 20);
}

TEST_CASE("config: plugin-path may be one string", "[config]") {
  CHECK(load_good(std::string("plugin-path = 'p'\n") + kSmallest).config.plugin_path ==
        std::vector<std::string>{"/etc/lshost/p"});
}

TEST_CASE("config: a byte order mark and CRLF are no mistakes", "[config]") {
  const auto config =
      load_good("\xEF\xBB\xBF[[database]]\r\npath = \"/a.db\"\r\n[[database.replica]]\r\ntype = \"x\"\r\n").config;
  CHECK(config.databases.at(0).location == Location{1, 1});
  CHECK(config.databases.at(0).path == "/a.db");
}

TEST_CASE("config: variables come from the environment, dollars can be written", "[config][interpolate]") {
  ::setenv("LSHOST_TEST_NAME", "value ${LSHOST_TEST_NAME} $$", 1);
  const auto loaded = load_good(std::string(kSmallest) + R"(
  a = "<${LSHOST_TEST_NAME}>"
  b = "$$${LSHOST_TEST_NAME}$"
  c = "$${X} $X $"
  d = ["${LSHOST_TEST_NAME}"]
)");
  const auto& entries = loaded.config.databases.at(0).replicas.at(0).entries;
  CHECK(std::get<std::string>(entries.at(0).value.data) == "<value ${LSHOST_TEST_NAME} $$>");
  CHECK(std::get<std::string>(entries.at(1).value.data) == "$value ${LSHOST_TEST_NAME} $$$");
  CHECK(std::get<std::string>(entries.at(2).value.data) == "${X} $X $");
  const auto& list = std::get<std::vector<Value>>(entries.at(3).value.data);
  CHECK(std::get<std::string>(list.at(0).data) == "value ${LSHOST_TEST_NAME} $$");
  ::unsetenv("LSHOST_TEST_NAME");
}

TEST_CASE("config: load reads a file, and paths are relative to its folder", "[config]") {
  const test::TempDir dir;
  std::ofstream(dir / "replicas.toml") << "[[database]]\npath = 'x/../app.db'\n[[database.replica]]\ntype = 'file'\n";
  const auto loaded = load(dir / "replicas.toml");
  INFO(format_mistakes(loaded));
  REQUIRE(is_usable(loaded));
  CHECK(loaded.config.file == dir / "replicas.toml");
  CHECK(loaded.config.databases.at(0).path == dir / "app.db");
}

TEST_CASE("config: the control socket is a path, none at all, or left to lshost", "[config]") {
  const auto socket = [](const std::string& line) {
    return load_good("[control]\n" + line + "\n" + kSmallest).config.control_socket;
  };
  CHECK(socket("socket = '/run/app.sock'") == "/run/app.sock");
  CHECK(socket("socket = 'app.sock'") == "/etc/lshost/app.sock");
  CHECK(socket("socket = ''") == "");
  CHECK_FALSE(socket(""));
  const auto folder = load_text(std::string("control.socket = '/tmp/'\n") + kSmallest, "r", "/");
  REQUIRE(folder.mistakes.size() == 1);
  CHECK(folder.mistakes[0].message == "socket: expected the path of a socket, found a folder");
}
