// Applications checkpoint as they like, close and open again, and are killed: the generation goes on.

#include <catch2/catch.hpp>

#include "support/complete_generation.hpp"
#include "support/sqlite_process.hpp"
#include "support/world.hpp"

using namespace lshost::test;

TEST_CASE("e2e: foreign checkpoints of every mode never begin a new generation", "[e2e][checkpoint]") {
  const auto mode = GENERATE(as<std::string>{}, "passive", "full", "restart", "truncate");
  const auto exclusive = GENERATE(as<std::string>{}, "true", "false");
  CAPTURE(mode, exclusive);
  const World world;
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica()}},
                    .more = "min-checkpoint-pages = 50\nexclusive-checkpoints = " + exclusive + "\n"}});
  Writer first(world.db(), {"writer=1", "checkpoint=" + mode, "every=5"});
  first.wait_for_commits(10);
  Host host(world.config());
  wait_until_replicated(world.replica(), 10);
  Writer second(world.db(), {"writer=2", "checkpoint=" + mode, "every=7", "autocheckpoint=20"});
  first.wait_for_commits(250);
  second.wait_for_commits(100);
  first.stop();
  second.stop();
  check_one_complete_generation(world, host);
}

TEST_CASE("e2e: the last close of the application and its return never begin a new generation", "[e2e][checkpoint]") {
  const World world;
  Host host(world.config());
  {
    Writer writer(world.db(), {"commits=5"});
    writer.finish();
  }
  wait_until_replicated(world.replica(), 5);
  for (int round = 0; round < 10; ++round) Writer(world.db(), {"commits=5"}).finish();
  Writer(world.db(), {"commits=100", "reopen=1", "every=3"}).finish();
  check_one_complete_generation(world, host);
}

TEST_CASE("e2e: killed applications never begin a new generation", "[e2e][checkpoint]") {
  const World world;
  Host host(world.config());
  for (int round = 0; round < 8; ++round) {
    Writer writer(world.db(), {"payload=20000", "checkpoint=restart"});
    writer.wait_for_commits(30);
    if (round == 0) wait_until_replicated(world.replica(), 1);
    writer.kill();
  }
  Writer(world.db(), {"commits=3"}).finish();
  check_one_complete_generation(world, host);
}

TEST_CASE("e2e: a reader that stays holds nothing up", "[e2e][checkpoint]") {
  const World world;
  Writer(world.db(), {"commits=20"}).finish();
  Host host(world.config());
  wait_until_replicated(world.replica(), 20);
  SqliteProcess reader(world.db());
  reader.exec("BEGIN");
  CHECK(reader.query("SELECT max(n) FROM ledger") == "20");
  Writer writer(world.db(), {"commits=500", "checkpoint=truncate"});
  writer.finish();
  wait_until_replicated(world.replica(), 520);
  CHECK(reader.query("SELECT max(n) FROM ledger") == "20");
  reader.exec("COMMIT");
  reader.close();
  Writer(world.db(), {"commits=20"}).finish();
  check_one_complete_generation(world, host);
}
