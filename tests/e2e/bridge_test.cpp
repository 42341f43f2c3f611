// A host that was killed comes back to an application that has checkpointed and written on: same generation, no new
// snapshot, and nothing that was committed is missing.

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/world.hpp"

using namespace lshost::test;
namespace fs = std::filesystem;

TEST_CASE("e2e: a host that was away goes on in the same generation, without a snapshot", "[e2e][bridge]") {
  const World world;
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica(), .name = "one"}, {.path = world / "two", .name = "two"}}}});
  Writer writer(world.db(), {"checkpoint=truncate", "every=20", "pause_us=300"});
  {
    Host host(world.config());
    wait_for("the map of pages", [&] { return fs::exists(world / ".app.db-lshost/pages"); });
    host.kill();
  }
  int bridges = 0;
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    writer.wait_for_commits(100);  // nobody is there
    Host host(world.config());
    const auto seen = writer.last();
    INFO(host.log());
    for (const auto& replica : {world.replica(), world / "two"}) {
      wait_for("what was committed meanwhile", [&] {
        const auto restored = try_restored_ledger(replica);
        return restored && restored->commit >= seen;
      });
    }
    bridges += host.log().find("was found by comparing pages") != std::string::npos ? 1 : 0;
    round % 2 == 0 ? host.kill() : void(host.terminate());
  }
  writer.stop();
  {
    Host host(world.config());
    wait_for("its first words", [&] { return !host.log().empty(); });
    CHECK(host.terminate() == 0);
  }
  CHECK(bridges == 5);
  for (const auto& replica : {world.replica(), world / "two"}) {
    CHECK(generations_of(replica).size() == 1);
    CHECK(files_of(replica, ".snapshot").size() == 1);
    CHECK(difference_after_restore(world.db(), replica).value_or("") == "");
  }
}
