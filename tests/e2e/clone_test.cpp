// Goal: of two lives of one machine that count on from the same position, never two histories under one generation.
// Method: a machine is set back as a whole, its files in place and with their inodes, as a snapshot of a virtual
// machine does it; only the destination stays. It goes on differently, and further than the replica is.

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "support/sqlite_process.hpp"
#include "support/world.hpp"

using namespace lshost::test;
namespace fs = std::filesystem;

namespace {

/// All files below a folder as they are now, but not those of the destination.
class Machine {
 public:
  Machine(std::string folder, std::string destination)
      : folder_(std::move(folder)), destination_(std::move(destination)), files_(look()) {}

  void set_back() const {
    for (const auto& [path, bytes] : look()) {
      if (!files_.contains(path)) fs::remove(path);
    }
    for (const auto& [path, bytes] : files_) write_text(path, bytes);
  }

 private:
  [[nodiscard]] std::map<std::string, std::string> look() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (!entry.is_regular_file() || entry.path().string().starts_with(destination_)) continue;
      files[entry.path()] = read_text(entry.path());
    }
    return files;
  }

  const std::string folder_;
  const std::string destination_;
  const std::map<std::string, std::string> files_;
};

}  // namespace

TEST_CASE("e2e: a machine that was set back and goes on differently begins a new generation", "[e2e][fork]") {
  const World world;
  std::string logs;
  // A life, of a host and an application that end at once, so that the log stays as it is.
  const auto live = [&](const std::string& commits) {
    SqliteProcess application(world.db());
    application.exec("PRAGMA journal_mode=WAL");
    REQUIRE(application.query("SELECT count(*) FROM sqlite_schema WHERE name = 'none'") == "0");
    Host host(world.config());
    Writer writer(world.db(), {"autocheckpoint=0", "payload=900", "commits=" + commits});
    writer.finish();
    wait_until_replicated(world.replica(), writer.last());
    host.kill();
    logs += host.log();
  };
  live("30");
  const Machine machine(world / "", world.replica());
  live("20");
  INFO(logs);
  const auto first = generations_of(world.replica());
  REQUIRE(first.size() == 1);
  restore(world.replica(), world / "first.db");
  const auto first_life = verify_ledger(world / "first.db");

  machine.set_back();
  Writer writer(world.db(), {"autocheckpoint=0", "payload=900", "pause_us=500"});
  writer.wait_for_commits(60);
  writer.kill();
  Host host(world.config());
  INFO(host.log());
  wait_for("another generation", [&] { return generations_of(world.replica()).size() == 2; });
  wait_until_replicated(world.replica(), writer.last());
  CHECK(host.terminate() == 0);
  CHECK_THAT(host.log(), Catch::Contains("other WAL than the host") && Catch::Contains("more than the local state"));
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  // What the first life stored is what it was.
  restore(world.replica(), world / "again.db", {"--generation", first.front()});
  CHECK(verify_ledger(world / "again.db").commit == first_life.commit);
}
