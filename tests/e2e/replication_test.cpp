// The main job: databases that processes write at full speed, replicated by the plugin as a .so, restored, proven
// equal.

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/sqlite_process.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

std::vector<std::string> options(const std::string& page_size, int writer, std::vector<std::string> more = {}) {
  more.push_back("page_size=" + page_size);
  more.push_back("writer=" + std::to_string(writer));
  return more;
}

}  // namespace

TEST_CASE("e2e: several writers at full speed on one database, restored page by page", "[e2e]") {
  const auto page_size = GENERATE(as<std::string>{}, "512", "4096", "65536");
  CAPTURE(page_size);
  const World world;
  Writer first(world.db(), options(page_size, 1, {"payload=3000"}));
  first.wait_for_commits(50);
  Writer second(world.db(), options(page_size, 2, {"vacuum=1"}));
  Host host(world.config());
  Writer third(world.db(), options(page_size, 3, {"autocheckpoint=10"}));
  for (auto* writer : {&first, &second, &third}) writer->wait_for_commits(200);
  for (auto* writer : {&first, &second, &third}) writer->stop();

  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  CHECK(restored_ledger(world.replica()).commit == newest_commit(world.db()));
  REQUIRE(restore_by_hand(world.replica(), world / "by-hand.db"));
  CHECK(verify_ledger(world / "by-hand.db").commit == newest_commit(world.db()));
  CHECK(generations_of(world.replica()).size() == 1);
  CHECK(files_of(world.replica(), ".snapshot").size() == 1);
}

TEST_CASE("e2e: one host, many databases, each with its writer", "[e2e]") {
  constexpr int kDatabases = 12;
  const World world;
  std::vector<DatabaseSetup> setups;
  for (int i = 0; i < kDatabases; ++i) {
    const auto name = std::to_string(i);
    setups.push_back({.path = world / (name + ".db"), .replicas = {{.path = world / ("replica-" + name)}}});
  }
  world.configure(setups);
  Host host(world.config());
  std::vector<std::unique_ptr<Writer>> writers;
  for (const auto& setup : setups)
    writers.push_back(std::make_unique<Writer>(setup.path, std::vector<std::string>{"commits=300", "payload=2000"}));
  for (auto& writer : writers) writer->finish();

  CHECK(host.terminate() == 0);
  INFO(host.log());
  for (const auto& setup : setups) {
    CAPTURE(setup.path);
    CHECK(difference_after_restore(setup.path, setup.replicas[0].path).value_or("") == "");
    CHECK(restored_ledger(setup.replicas[0].path).commit == 300);
    CHECK(generations_of(setup.replicas[0].path).size() == 1);
  }
}

TEST_CASE("e2e: a database with two replicas has both complete", "[e2e]") {
  const World world;
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world / "one", .name = "one"}, {.path = world / "two", .name = "two"}}}});
  Host host(world.config());
  Writer writer(world.db(), {"commits=500"});
  writer.finish();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  for (const auto* name : {"one", "two"}) {
    CAPTURE(name);
    CHECK(difference_after_restore(world.db(), world / name).value_or("") == "");
  }
}

TEST_CASE("e2e: restores while the application writes are single commits that never go back", "[e2e]") {
  const World world;
  Writer writer(world.db(), {"pause_us=1000"});
  Host host(world.config());
  wait_until_replicated(world.replica(), 1);
  std::int64_t before = 0;
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    const auto acknowledged = writer.last();
    wait_until_replicated(world.replica(), acknowledged);
    const auto state = restored_ledger(world.replica());
    CHECK(state.commit >= acknowledged);
    CHECK(state.commit >= before);
    before = state.commit;
    writer.wait_for_commits(20);
  }
  writer.stop();
  CHECK(host.terminate() == 0);
}

TEST_CASE("e2e: --once replicates what is committed and ends with 0", "[e2e]") {
  const World world;
  SqliteProcess app(world.db());  // keeps the log alive between the runs
  CHECK(app.query("PRAGMA journal_mode=WAL") == "wal");
  app.exec("CREATE TABLE kept(x)");
  Writer(world.db(), {"commits=40"}).finish();
  const auto end = run_lshost({"replicate", "--config", world.config(), "--once"});
  INFO(end.err);
  REQUIRE(end.status.code == 0);
  CHECK(restored_ledger(world.replica()).commit == 40);

  SECTION("and once more, with nothing new, changes nothing") {
    const auto files = files_of(world.replica(), "");
    CHECK(run_lshost({"replicate", "--config", world.config(), "--once"}).status.code == 0);
    CHECK(files_of(world.replica(), "").size() == files.size());
  }
  SECTION("and once more, after new commits, adds them") {
    Writer(world.db(), {"commits=40"}).finish();
    CHECK(run_lshost({"replicate", "--config", world.config(), "--once"}).status.code == 0);
    CHECK(restored_ledger(world.replica()).commit == 80);
  }
}

TEST_CASE("e2e: nothing is written into the database", "[e2e]") {
  const World world;
  Writer(world.db(), {"commits=200"}).finish();  // the last close has checkpointed: the file is all there is
  const auto before = read_text(world.db());
  Host host(world.config());
  wait_until_replicated(world.replica(), 200);
  CHECK(host.terminate() == 0);
  CHECK(read_text(world.db()) == before);
}
