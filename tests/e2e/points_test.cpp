// Restoring to every kind of target, from a history with many indexes.

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "base/hex.hpp"
#include "sqlite/wal_reader.hpp"
#include "support/app_database.hpp"
#include "support/world.hpp"

using namespace lshost;
using namespace lshost::test;

namespace {

/// A database whose log was restarted several times, replicated and left alone. The first commits are in the snapshot
/// that was there before the rest, however slow the machine is.
struct History {
  World world;
  std::vector<Writer::Acknowledged> acknowledged;  ///< all but the first few

  History() {
    constexpr std::size_t kIndexes = 4;
    constexpr std::int64_t kFirst = 10;
    world.configure(
        {{.path = world.db(), .replicas = {{.path = world.replica()}}, .more = "min-checkpoint-pages = 20\n"}});
    Writer(world.db(), {"commits=" + std::to_string(kFirst)}).finish();
    Host host(world.config());
    wait_until_replicated(world.replica(), kFirst);
    // After each round the host has time to let the log restart with the next one.
    for (int round = 0; round < 6 || files_of(world.replica(), ".wal").size() < kIndexes; ++round) {
      REQUIRE(round < 60);
      Writer writer(world.db(), {"commits=100", "payload=2000", "checkpoint=restart", "every=40", "pause_us=1000"});
      writer.finish();
      const auto more = writer.acknowledged();
      acknowledged.insert(acknowledged.end(), more.begin(), more.end());
      wait_until_replicated(world.replica(), last());
    }
    REQUIRE(host.terminate() == 0);
  }
  [[nodiscard]] std::int64_t last() const { return acknowledged.back().commit; }
};

/// Every end of a transaction in the replica's logs, in order, as --position takes it.
std::vector<std::string> positions_in(const std::string& replica) {
  std::vector<std::string> positions;
  for (const auto& file : files_of(replica, ".wal")) {
    const auto bytes = file_bytes(replica + "/" + file.path);
    const auto index = std::filesystem::path(file.path).stem().string();
    sqlite::WalReader reader(bytes);
    while (const auto transaction = reader.next())
      positions.push_back(index + ":" + to_hex16(transaction->offset + transaction->size));
  }
  return positions;
}

std::string rfc3339(std::int64_t time_ns) {
  const std::time_t seconds = time_ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  char milliseconds[8];
  std::snprintf(milliseconds, sizeof milliseconds, ".%03dZ", static_cast<int>(time_ns / 1'000'000 % 1000));
  return std::string(text, size) + milliseconds;
}

}  // namespace

TEST_CASE("e2e: a restore to each of many positions is the commit that ends there", "[e2e]") {
  const History history;
  const auto replica = history.world.replica();
  const auto positions = positions_in(replica);
  REQUIRE(positions.size() >= 600);

  // Neighbours in pairs, spread over the whole history: one position on is one commit on.
  for (std::size_t at = positions.size() - 602 % 37; at > 38; at -= 37) {
    CAPTURE(positions[at - 1]);
    const auto earlier = restored_ledger(replica, {"--position", positions[at - 2]}).commit;
    CHECK(restored_ledger(replica, {"--position", positions[at - 1]}).commit == earlier + 1);
  }
  CHECK(restored_ledger(replica, {"--position", positions.back()}).commit == history.last());
}

TEST_CASE("e2e: a restore to a time has what was committed before it and nothing begun after it", "[e2e]") {
  const History history;
  const auto& acknowledged = history.acknowledged;
  for (std::size_t at : {std::size_t{100}, std::size_t{250}, std::size_t{420}, std::size_t{599}}) {
    const auto moment = acknowledged[at].time_ns + 500'000;
    const auto commit = restored_ledger(history.world.replica(), {"--timestamp", rfc3339(moment)}).commit;
    CAPTURE(at, commit, rfc3339(moment));
    // After: no commit that was acknowledged before the one that the time names had even begun.
    const auto begun_later = std::find_if(acknowledged.begin(), acknowledged.end(),
                                          [&](const auto& one) { return one.time_ns > moment + 1'000'000; });
    if (begun_later != acknowledged.end()) CHECK(commit <= begun_later->commit);
    // Before: capture may see a commit a little late, by less than the second that is promised.
    const auto surely = std::find_if(acknowledged.rbegin(), acknowledged.rend(),
                                     [&](const auto& one) { return one.time_ns < moment - 1'000'000'000; });
    if (surely != acknowledged.rend()) CHECK(commit >= surely->commit);
  }
}

TEST_CASE("e2e: a restore to a time before the first snapshot is refused with exit code 3", "[e2e]") {
  const World world;
  Writer(world.db(), {"commits=10"}).finish();
  REQUIRE(run_lshost({"replicate", "--config", world.config(), "--once"}).status.code == 0);
  const auto end = run_lshost(
      {"restore", "file://" + world.replica(), "--output", world / "out.db", "--timestamp", "2001-01-01T00:00:00Z"});
  INFO(end.err);
  CHECK(end.status.code == 3);
  CHECK_FALSE(end.err.empty());
  CHECK_FALSE(std::filesystem::exists(world / "out.db"));
}

TEST_CASE("e2e: --generation chooses among several, the newest is the default", "[e2e]") {
  const World world;
  Writer(world.db(), {"commits=10"}).finish();
  REQUIRE(run_lshost({"replicate", "--config", world.config(), "--once"}).status.code == 0);
  const auto first = generations_of(world.replica()).at(0);
  for (const auto* ending : {"", "-wal", "-shm"}) std::filesystem::remove(world.db() + ending);
  Writer(world.db(), {"commits=25"}).finish();
  REQUIRE(run_lshost({"replicate", "--config", world.config(), "--once"}).status.code == 0);
  REQUIRE(generations_of(world.replica()).size() == 2);

  CHECK(restored_ledger(world.replica()).commit == 25);
  CHECK(restored_ledger(world.replica(), {"--generation", first}).commit == 10);
}

TEST_CASE("e2e: a restore by configuration finds the database's replica, or the one that is named", "[e2e]") {
  const World world;
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world / "one", .name = "one"}, {.path = world / "two", .name = "two"}}}});
  Writer(world.db(), {"commits=10"}).finish();
  REQUIRE(run_lshost({"replicate", "--config", world.config(), "--once"}).status.code == 0);
  for (const auto& choice : std::vector<std::vector<std::string>>{{}, {"--replica", "one"}, {"--replica", "two"}}) {
    std::vector<std::string> arguments = {"restore",  "--config",       world.config(), world.db(),
                                          "--output", world / "out.db", "--force"};
    arguments.insert(arguments.end(), choice.begin(), choice.end());
    const auto end = run_lshost(arguments);
    INFO(end.err);
    REQUIRE(end.status.code == 0);
    CHECK(verify_ledger(world / "out.db").commit == 10);
  }
}

TEST_CASE("e2e: with one of several replicas out of reach, a restore asks to choose rather than give an older state",
          "[e2e][bad-input]") {
  const World world;
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world / "one", .name = "one"}, {.path = world / "two", .name = "two"}}}});
  Writer(world.db(), {"commits=10"}).finish();
  REQUIRE(run_lshost({"replicate", "--config", world.config(), "--once"}).status.code == 0);
  std::filesystem::rename(world / "one", world / "elsewhere");
  write_text(world / "one", "a file where the replica was");

  const std::vector<std::string> arguments = {"restore",  "--config", world.config(),
                                              world.db(), "--output", world / "out.db"};
  const auto refused = run_lshost(arguments);
  INFO(refused.err);
  CHECK(refused.status.code == 1);
  CHECK_THAT(refused.err, Catch::Contains("replica 'one' can not be read") && Catch::Contains("--replica: 'two'"));
  CHECK_FALSE(std::filesystem::exists(world / "out.db"));

  auto chosen = arguments;
  chosen.insert(chosen.end(), {"--replica", "two"});
  CHECK(run_lshost(chosen).status.code == 0);
  CHECK(verify_ledger(world / "out.db").commit == 10);
}
