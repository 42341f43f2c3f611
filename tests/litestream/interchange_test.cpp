// Goal: our replicas in stores and Litestream's are one format: it restores what we wrote, we restore what it wrote.
// Method: the real program (scripts/install-litestream), the store "folder", whose layout is that of Litestream's file
// replicas, and databases under load.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "support/app_database.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

constexpr int kSkipped = 77;

/// The program. Where there is none, this case is skipped, and counted as that.
std::string litestream() {
  const char* const path = std::getenv("LSHOST_LITESTREAM");
  if (path == nullptr || *path == '\0') {
    std::cout << "skipped: no Litestream; LSHOST_LITESTREAM has to name it (scripts/install-litestream)" << std::endl;
    std::exit(kSkipped);
  }
  return path;
}

void configure(const World& world, const std::string& more) {
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica(), .type = "folder", .more = more}},
                    .more = "checkpoint-interval = \"1s\"\nmin-checkpoint-pages = 30\n"}},
                  std::string("plugin-path = [\"") + LSHOST_TEST_PLUGINS_DIR + "\"]\n");
}

/// What Litestream makes of a replica.
LedgerState restored_by_litestream(const std::string& replica, const std::string& output) {
  const auto end = run({.command = {litestream(), "restore", "-o", output, "file://" + replica}});
  INFO(end.out << end.err);
  REQUIRE(end.status.code == 0);
  return verify_ledger(output);
}

/// What lshost makes of it.
LedgerState restored_by_us(const World& world, const std::string& output, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"restore",  "--config", world.config(), world.db(),
                                        "--output", output,     "--force"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto end = run_lshost(arguments);
  INFO(end.err);
  REQUIRE(end.status.code == 0);
  return verify_ledger(output);
}

std::string utc(std::int64_t ns) {
  const std::time_t seconds = ns / 1'000'000'000;
  std::tm parts{};
  (void)::gmtime_r(&seconds, &parts);
  char text[40];
  const auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  (void)std::snprintf(text + length, sizeof text - length, ".%03dZ", static_cast<int>(ns / 1'000'000 % 1000));
  return text;
}

/// A running `litestream replicate`.
class Litestream {
 public:
  explicit Litestream(const World& world)
      : process_({.command = {litestream(), "replicate", world.db(), "file://" + world.replica()}}) {}
  void stop() {
    process_.kill(SIGINT);
    REQUIRE(process_.wait().has_value());
  }
  [[nodiscard]] std::string log() const { return process_.out() + process_.err(); }

 private:
  Process process_;
};

}  // namespace

TEST_CASE("litestream: it restores what we wrote under load, over several indexes, with VACUUM", "[litestream]") {
  (void)litestream();
  const auto sync_interval = GENERATE(as<std::string>{}, "0s", "100ms");
  const World world;
  configure(world, "sync-interval = \"" + sync_interval + "\"\n");
  Host host(world.config());
  Writer writer(world.db(), {"payload=3000", "vacuum=1", "every=20"});
  writer.wait_for_commits(900);
  const auto indexes = [&] { return files_of(world.replica(), "_00000000.wal.lz4").size(); };
  wait_for("several indexes", [&] { return indexes() > 2; });
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(restored_by_litestream(world.replica(), world / "theirs.db").commit == newest_commit(world.db()));
  CHECK(restored_by_us(world, world / "ours.db").commit == newest_commit(world.db()));
  CHECK((file_bytes(world / "ours.db") == file_bytes(world / "theirs.db")));
}

TEST_CASE("litestream: it restores what a killed host left, after the host went on", "[litestream]") {
  (void)litestream();
  const World world;
  configure(world, "sync-interval = \"0s\"\n");
  Writer writer(world.db(), {"payload=2000"});
  for (int round = 0; round < 3; ++round) {
    Host host(world.config());
    writer.wait_for_commits(200);
    host.kill();
  }
  Host host(world.config());
  writer.wait_for_commits(100);
  writer.stop();
  CHECK(host.terminate() == 0);
  CHECK(restored_by_litestream(world.replica(), world / "theirs.db").commit == newest_commit(world.db()));
}

TEST_CASE("litestream: we restore what it wrote, to the end and to a time", "[litestream]") {
  (void)litestream();
  const World world;
  configure(world, "");
  Writer writer(world.db(), {"payload=2000", "pause_us=2000"});
  writer.wait_for_commits(20);
  Litestream theirs(world);
  wait_for("a snapshot of Litestream's", [&] { return files_of(world.replica(), ".snapshot.lz4").size() == 1; });
  const auto segments = [&] { return files_of(world.replica(), ".wal.lz4").size(); };
  wait_for("segments", [&] { return segments() >= 3; });
  const auto middle = writer.acknowledged().back();
  const auto before = segments();
  wait_for("more segments", [&] { return segments() >= before + 3; });
  writer.stop();
  const auto last = newest_commit(world.db());
  wait_for("the last commit", [&] {
    const auto end =
        run_lshost({"restore", "--config", world.config(), world.db(), "--output", world / "probe.db", "--force"});
    return end.status.code == 0 && verify_ledger(world / "probe.db").commit == last;
  });
  theirs.stop();
  INFO(theirs.log());

  CHECK(restored_by_us(world, world / "ours.db").commit == last);
  CHECK(restored_by_litestream(world.replica(), world / "theirs.db").commit == last);
  CHECK((file_bytes(world / "ours.db") == file_bytes(world / "theirs.db")));

  // Its times are those of its files, a second fine: what we give is not newer than what was asked for, and what it
  // gives for the same time.
  const auto ours = restored_by_us(world, world / "ours.db", {"--timestamp", utc(middle.time_ns)});
  const auto at = world / "theirs-at.db";
  const auto end = run(
      {.command = {litestream(), "restore", "-o", at, "-timestamp", utc(middle.time_ns), "file://" + world.replica()}});
  INFO(end.out << end.err);
  REQUIRE(end.status.code == 0);
  CHECK(ours.commit <= middle.commit);
  CHECK(ours.commit == verify_ledger(at).commit);
  CHECK(ours.commit > 0);
}
