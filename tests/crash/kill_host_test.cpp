// kill -9 of the host, again and again: the same generation goes on, and nothing that a replica has is sent again.

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <map>

#include "crash/rounds.hpp"
#include "sqlite/wal_reader.hpp"
#include "support/app_database.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

std::size_t committed_size(const Bytes& wal) {
  if (wal.size() < 32) return 0;
  lshost::sqlite::WalReader reader(wal);
  std::size_t size = 0;
  while (const auto transaction = reader.next()) size = transaction->offset + transaction->size;
  return size;
}

/// What a replica held at some time, to prove later that it only grew.
class Holdings {
 public:
  explicit Holdings(const std::string& replica) : replica_(replica) {
    for (const auto& file : files_of(replica, ".wal"))
      logs_[file.path] = {file.inode, file_bytes(replica + "/" + file.path)};
    for (const auto& file : files_of(replica, ".snapshot")) snapshots_[file.path] = file.inode;
  }

  /// "": every log of then is there, the same file, with the same bytes in front; no snapshot is another. What stood in
  /// a log behind its last whole transaction was never reported as durable and may be another.
  [[nodiscard]] std::string what_was_sent_again() const {
    const Holdings now(replica_);
    for (const auto& [path, inode] : snapshots_) {
      const auto found = now.snapshots_.find(path);
      if (found == now.snapshots_.end()) return path + " is gone";
      if (found->second != inode) return path + " was written again";
    }
    if (now.snapshots_.size() > 1) return "there is a second snapshot";
    for (const auto& [path, then] : logs_) {
      const auto found = now.logs_.find(path);
      if (found == now.logs_.end()) return path + " is gone";
      if (found->second.inode != then.inode) return path + " was written again";
      const auto size = then.size_of_transactions();
      if (found->second.bytes.size() < size) return path + " shrank";
      if (!std::equal(then.bytes.begin(), then.bytes.begin() + static_cast<std::ptrdiff_t>(size),
                      found->second.bytes.begin()))
        return path + " has other bytes";
    }
    return "";
  }

 private:
  struct Log {
    std::uint64_t inode = 0;
    Bytes bytes;
    [[nodiscard]] std::size_t size_of_transactions() const { return committed_size(bytes); }
  };

  std::string replica_;
  std::map<std::string, Log> logs_;
  std::map<std::string, std::uint64_t> snapshots_;
};

}  // namespace

TEST_CASE("crash: a host that is killed in a loop under load loses nothing and sends nothing twice", "[crash]") {
  std::mt19937_64 random(crash_seed());
  CAPTURE(crash_seed());
  const World world;
  world.configure(
      {{.path = world.db(), .replicas = {{.path = world.replica()}}, .more = "min-checkpoint-pages = 100\n"}});
  // Nobody but the host checkpoints here, so that the log provably goes on while the host is dead.
  Writer first(world.db(), {"writer=1", "payload=3000", "autocheckpoint=0", "pause_us=1000"});
  Writer second(world.db(), {"writer=2", "pause_us=2000", "autocheckpoint=0"});
  first.wait_for_commits(20);
  {
    Host host(world.config());
    wait_until_replicated(world.replica(), 1);
    host.kill();
  }
  const auto generations = generations_of(world.replica());
  REQUIRE(generations.size() == 1);

  const int rounds = crash_rounds(12);
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    const Holdings before(world.replica());
    Host host(world.config());
    first.wait_for_commits(between(random, 1, 120));
    host.kill();
    CHECK(before.what_was_sent_again() == "");
    CHECK(generations_of(world.replica()) == generations);
    if (round % 4 != 3) continue;
    if (const auto restored = try_restored_ledger(world.replica())) CHECK(restored->commit >= 1);
  }

  Host host(world.config());  // before the last close, which would end the log
  wait_until_replicated(world.replica(), first.last());
  first.stop();
  second.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  CHECK(generations_of(world.replica()) == generations);
  CHECK(files_of(world.replica(), ".snapshot").size() == 1);
}

TEST_CASE("crash: a host that is killed while it takes its first snapshot begins well", "[crash]") {
  std::mt19937_64 random(crash_seed() + 1);
  CAPTURE(crash_seed());
  const World world;
  Writer(world.db(), {"commits=1500", "payload=16000"}).finish();
  const int rounds = crash_rounds(8);
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    std::filesystem::remove_all(world.replica());  // so that a snapshot is needed again
    {
      Host host(world.config());
      const auto bytes = static_cast<std::uint64_t>(between(random, 0, 8'000'000));
      (void)wait_until(
          [&] {
            const auto tmp = files_of(world.replica(), ".tmp");
            return (!tmp.empty() && tmp.front().size >= bytes) || !files_of(world.replica(), ".snapshot").empty();
          },
          kPatience);
      host.kill();
    }
    Host host(world.config());
    wait_until_replicated(world.replica(), 1500);
    CHECK(host.terminate() == 0);
    INFO(host.log());
    CHECK(files_of(world.replica(), ".tmp").empty());
    CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  }
}
