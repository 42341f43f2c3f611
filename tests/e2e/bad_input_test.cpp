// Bad input of every kind: a sentence that says what, where and what to do, an exit code, and nothing lost.

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/app_database.hpp"
#include "support/world.hpp"

using namespace lshost::test;
namespace fs = std::filesystem;
using Catch::Contains;

namespace {

/// A replica with some history in one generation, nobody working on it.
void make_replica(const World& world) {
  Host host(world.config());
  Writer(world.db(), {"commits=60", "payload=3000"}).finish();
  wait_until_replicated(world.replica(), 60);
  Writer(world.db(), {"commits=60", "payload=3000", "autocheckpoint=0"}).finish();
  wait_until_replicated(world.replica(), 120);
  REQUIRE(host.terminate() == 0);
}

void flip_byte(const std::string& path, std::size_t at) {
  auto bytes = file_bytes(path);
  REQUIRE(at < bytes.size());
  bytes[at] ^= std::byte{1};
  write_file(path, bytes);
}

Finished try_restore(const World& world, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"restore", "file://" + world.replica(), "--output", world / "out.db"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_lshost(arguments);
}

}  // namespace

TEST_CASE("bad input: wrong usage ends with 2 and a sentence", "[e2e][bad-input]") {
  const auto arguments =
      GENERATE(std::vector<std::string>{}, std::vector<std::string>{"frobnicate"}, std::vector<std::string>{"restore"},
               std::vector<std::string>{"--config"},
               std::vector<std::string>{"restore", "--position", "x", "file:///x", "--output", "y"},
               std::vector<std::string>{"restore", "--timestamp", "soon", "file:///x", "--output", "y"},
               std::vector<std::string>{"restore", "nosuchscheme://x", "--output", "y"});
  const auto end = run_lshost(arguments);
  INFO(end.err);
  CHECK(end.status.code == 2);
  CHECK_FALSE(end.err.empty());
}

TEST_CASE("bad input: a configuration with every mistake names each with its line, and ends with 2",
          "[e2e][bad-input]") {
  const World world;
  write_text(world.config(),
             "[[database]]\n"
             "pth = \"" +
                 world.db() +
                 "\"\n"
                 "checkpoint-interval = \"fast\"\n"
                 "  [[database.replica]]\n"
                 "  type = \"file\"\n"
                 "  path = \"${LSHOST_TEST_NOT_SET}\"\n"
                 "  retention = 7\n"
                 "  colour = \"red\"\n"
                 "  [[database.replica]]\n"
                 "  type = \"nosuchplugin\"\n");
  for (const auto& command :
       std::vector<std::vector<std::string>>{{"--config", world.config()}, {"config", "check", world.config()}}) {
    const auto end = run_lshost(command);
    const auto said = end.out + end.err;
    INFO(said);
    CHECK(end.status.code == 2);
    for (const auto* word : {"pth", "path", "fast", "LSHOST_TEST_NOT_SET", "retention"})
      CHECK_THAT(said, Contains(word));
    for (const auto* place : {":2:", ":3:", ":6:", ":7:"})
      CHECK_THAT(said, Contains("replicas.toml" + std::string(place)));
  }
}

TEST_CASE("bad input: keys that a plugin does not know, and plugins that nobody has", "[e2e][bad-input]") {
  const World world;
  write_text(world.config(), config_text({{.path = world.db(),
                                           .replicas = {{.path = world.replica(), .more = "  colour = \"red\"\n"},
                                                        {.path = world / "x", .type = "nosuchplugin"}}}}));
  const auto end = run_lshost({"config", "check", world.config()});
  const auto said = end.out + end.err;
  INFO(said);
  CHECK(end.status.code == 2);
  CHECK_THAT(said, Contains("colour"));
  CHECK_THAT(said, Contains("nosuchplugin"));
}

TEST_CASE("bad input: a configuration that is not there, or is a folder", "[e2e][bad-input]") {
  const World world;
  for (const auto& path : {world / "nothing.toml", world.replica()}) {
    fs::create_directories(world.replica());
    const auto end = run_lshost({"--config", path});
    INFO(end.err);
    CHECK(end.status.code == 2);
    CHECK_THAT(end.err, Contains(path));
  }
}

TEST_CASE("bad input: a .so that is no plugin is refused with a sentence", "[e2e][bad-input]") {
  const World world;
  fs::create_directories(world / "plugins");
  const auto path = world / "plugins/lshost-odd.so";
  const std::string good = LSHOST_TEST_PLUGINS "/lshost-file.so";
  SECTION("text") { write_text(path, "I am no library"); }
  SECTION("empty") { write_text(path, ""); }
  SECTION("truncated") {
    const auto whole = read_text(good);
    write_text(path, whole.substr(0, whole.size() / 2));
  }
  SECTION("for another ABI") { fs::copy_file(LSHOST_TEST_PLUGINS_DIR "/lshost-abi-2.so", path); }
  SECTION("a library without an entry") { fs::copy_file(LSHOST_TEST_PLUGINS_DIR "/lshost-no-entry.so", path); }
  SECTION("writable by others") {
    fs::copy_file(good, path);
    fs::permissions(path, fs::perms::others_write, fs::perm_options::add);
  }
  SECTION("a folder that is writable by others") {
    fs::copy_file(good, path);
    fs::permissions(world / "plugins", fs::perms::others_write, fs::perm_options::add);
  }
  world.configure({{.path = world.db(), .replicas = {{.path = world.replica(), .type = "odd"}}}},
                  "plugin-path = [\"" + (world / "plugins") + "\"]\n");
  const auto end = run_lshost({"replicate", "--config", world.config(), "--once"});
  INFO(end.err);
  CHECK(end.status.code == 2);
  CHECK_THAT(end.err, Contains("lshost-odd.so"));
}

TEST_CASE("bad input: restoring from what is no replica", "[e2e][bad-input]") {
  const World world;
  SECTION("nothing there") {}
  SECTION("an empty folder") { fs::create_directories(world.replica()); }
  SECTION("a file") { write_text(world.replica(), "x"); }
  const auto end = try_restore(world);
  INFO(end.err);
  CHECK((end.status.code == 3 || end.status.code == 1));
  CHECK_THAT(end.err, Contains(world.replica()));
  CHECK_FALSE(fs::exists(world / "out.db"));
}

TEST_CASE("bad input: an existing output is refused, untouched", "[e2e][bad-input]") {
  const World world;
  make_replica(world);
  write_text(world / "out.db", "precious");
  const auto end = try_restore(world);
  INFO(end.err);
  CHECK(end.status.code != 0);
  CHECK_THAT(end.err, Contains("--force"));
  CHECK(read_text(world / "out.db") == "precious");
}

TEST_CASE("bad input: a damaged replica is refused, or restored to a commit before the damage when asked",
          "[e2e][bad-input]") {
  const World world;
  make_replica(world);
  const auto wals = files_of(world.replica(), ".wal");
  const auto snapshots = files_of(world.replica(), ".snapshot");
  REQUIRE_FALSE(wals.empty());
  REQUIRE(snapshots.size() == 1);
  const auto wal = world.replica() + "/" + wals.front().path;
  const auto snapshot = world.replica() + "/" + snapshots.front().path;
  bool refused = true;
  SECTION("the snapshot is gone") { fs::remove(snapshot); }
  SECTION("the snapshot is truncated") { fs::resize_file(snapshot, snapshots.front().size / 2); }
  SECTION("the snapshot is empty") { fs::resize_file(snapshot, 0); }
  SECTION("a byte in the middle of the log is another") { flip_byte(wal, wals.front().size / 2); }
  SECTION("the header of the log is another") { flip_byte(wal, 3); }
  SECTION("there is garbage at the end of the log") {
    write_text(wal, read_text(wal) + std::string(5000, 'x'));
    refused = false;
  }
  const auto end = try_restore(world);
  INFO(end.err);
  if (refused) {
    CHECK(end.status.code != 0);
    CHECK_FALSE(end.err.empty());
    CHECK_FALSE(fs::exists(world / "out.db"));
  } else {
    REQUIRE(end.status.code == 0);
    CHECK(verify_ledger(world / "out.db").commit == 120);
  }
}

TEST_CASE("bad input: a second host on the same database is refused with a sentence", "[e2e][bad-input]") {
  const World world;
  Writer(world.db(), {"commits=5"}).finish();
  Host host(world.config());
  wait_until_replicated(world.replica(), 5);
  world.configure({{.path = world.db(), .replicas = {{.path = world / "other"}}}});
  const auto second = run_lshost({"replicate", "--config", world.config(), "--once"});
  INFO(second.err);
  CHECK(second.status.code == 1);
  CHECK_THAT(second.err, Contains("app.db"));
  CHECK(host.terminate() == 0);
}

TEST_CASE("bad input: garbage at the end of the live WAL is not replicated", "[e2e][bad-input]") {
  const World world;
  {
    Writer writer(world.db(), {"autocheckpoint=0"});
    writer.wait_for_commits(30);
    writer.kill();  // its log stays
  }
  const auto committed = newest_commit(world.db());
  write_text(world.db() + "-wal", read_text(world.db() + "-wal") + std::string(10000, 'x'));
  Host host(world.config());
  wait_until_replicated(world.replica(), committed);
  CHECK(host.terminate() == 0);
  CHECK(restored_ledger(world.replica()).commit == committed);
}
