// Goal: a plugin that knows put, get, list and remove only is a whole replicator in the real host.
// Method: the store "folder" as a .so; a writer at full speed, kill -9, restarts, and restores by the command line.

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/sqlite_process.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

const std::string kHead = std::string("plugin-path = [\"") + LSHOST_TEST_PLUGINS_DIR + "\"]\n";

/// Everything that was acknowledged and had time to arrive: the host ended by itself.
LedgerState restored(const World& world, const std::vector<std::string>& more = {}) {
  const TempDir dir;
  std::vector<std::string> arguments = {"restore", "--config", world.config(), world.db(), "--output", dir / "out.db"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto end = run_lshost(arguments);
  INFO(end.err);
  REQUIRE(end.status.code == 0);
  return verify_ledger(dir / "out.db");
}

void configure(const World& world, const std::string& more = {}) {
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica(), .type = "folder", .more = more}},
                    .more = "checkpoint-interval = \"1s\"\nmin-checkpoint-pages = 50\n"}},
                  kHead);
}

}  // namespace

TEST_CASE("store: a store as a plugin survives kill -9 of the host, again and again", "[e2e][store]") {
  const World world;
  configure(world, "sync-interval = \"20ms\"\nsegment-size = \"64KiB\"\n");
  Writer writer(world.db(), {"payload=3000", "autocheckpoint=0"});  // else the log restarts while there is no host
  for (int round = 0; round < 4; ++round) {
    Host host(world.config());
    writer.wait_for_commits(300);
    host.kill();
  }
  Host host(world.config());
  writer.wait_for_commits(200);
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(restored(world).commit == newest_commit(world.db()));
  CHECK(generations_of(world.replica()).size() == 1);
  CHECK(files_of(world.replica(), ".snapshot.lz4").size() == 1);
}

TEST_CASE("store: the engine's keys are checked with a plugin's own", "[e2e][store]") {
  const World world;
  const auto said = [&](const std::string& more) {
    configure(world, more);
    return run_lshost({"config", "check", world.config()});
  };
  CHECK(said("sync-interval = \"2s\"\ncompression = \"zstd\"\nparallel-uploads = 2\n").status.code == 0);
  CHECK_THAT(said("compression = \"gzip\"\n").err, Catch::Contains("lz4"));
  CHECK_THAT(said("sync-intervall = \"2s\"\n").err, Catch::Contains("did you mean 'sync-interval'"));
  // What can not be known by a key's type is refused before anything is stored.
  for (const auto* recipients : {"[\"age1nonsense\"]", "[]"}) {
    configure(world, std::string("age-recipients = ") + recipients + "\n");
    const auto end = run_lshost({"--config", world.config()});
    CHECK(end.status.code != 0);
    CHECK_THAT(end.err, Catch::Contains("age"));
    CHECK(generations_of(world.replica()).empty());
  }
}
