// What the signals promise: SIGTERM drains, its exit code tells whether everything is durable, a second one stops at
// once.

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>

#include "support/sqlite_process.hpp"
#include "support/world.hpp"

using namespace lshost::test;
using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

TEST_CASE("e2e: SIGTERM and SIGINT right after a burst of commits drain all of it", "[e2e][shutdown]") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  const World world;
  Host host(world.config());
  Writer writer(world.db(), {"payload=20000"});
  writer.wait_for_commits(600);
  writer.stop();
  host.process().kill(signal);
  const auto end = host.process().wait(kPatience);
  REQUIRE(end.has_value());
  INFO(host.log());
  CHECK(end->code == 0);
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}

TEST_CASE("e2e: SIGTERM while the application writes on ends soon, and with 0", "[e2e][shutdown]") {
  const World world;
  Writer writer(world.db());
  Host host(world.config());
  wait_until_replicated(world.replica(), 1);
  const auto acknowledged = writer.last();
  CHECK(host.terminate() == 0);
  CHECK(restored_ledger(world.replica()).commit >= acknowledged);
  writer.stop();
}

TEST_CASE("e2e: with an unreachable replica SIGTERM ends with 1 after shutdown-timeout, and says what is missing",
          "[e2e][shutdown]") {
  const World world;
  write_text(world.replica(), "not a folder");
  world.configure({{.path = world.db(), .replicas = {{.path = world.replica()}}}}, "shutdown-timeout = \"2s\"\n");
  Writer(world.db(), {"commits=10"}).finish();
  Host host(world.config());
  wait_for("a word about it", [&] { return host.log().find(world.replica()) != std::string::npos; });
  const auto before = Clock::now();
  CHECK(host.terminate() == 1);
  INFO(host.log());
  CHECK(Clock::now() - before >= seconds(2));
  CHECK(Clock::now() - before < seconds(15));
  CHECK(host.log().find("not everything is durable") != std::string::npos);
}

TEST_CASE("e2e: a second signal stops at once", "[e2e][shutdown]") {
  const World world;
  write_text(world.replica(), "not a folder");
  world.configure({{.path = world.db(), .replicas = {{.path = world.replica()}}}}, "shutdown-timeout = \"10m\"\n");
  Writer(world.db(), {"commits=10"}).finish();
  Host host(world.config());
  wait_for("a word about it", [&] { return host.log().find(world.replica()) != std::string::npos; });
  host.process().kill(SIGTERM);
  wait_for("the end to begin", [&] { return host.log().find("stopping") != std::string::npos; });
  const auto before = Clock::now();
  CHECK(host.terminate() == 1);
  INFO(host.log());
  CHECK(Clock::now() - before < seconds(10));
}

TEST_CASE("e2e: the next start continues the generation as long as the log goes on", "[e2e][shutdown]") {
  const World world;
  SqliteProcess app(world.db());  // keeps the log: the writers' closes are not the last ones
  CHECK(app.query("PRAGMA journal_mode=WAL") == "wal");
  app.exec("CREATE TABLE kept(x)");
  Writer(world.db(), {"commits=50", "autocheckpoint=0"}).finish();
  for (int round = 0; round < 4; ++round) {
    CAPTURE(round);
    Host host(world.config());
    wait_until_replicated(world.replica(), newest_commit(world.db()));
    CHECK(host.terminate() == 0);
    Writer(world.db(), {"commits=20", "autocheckpoint=0"}).finish();
  }
  Host host(world.config());
  wait_until_replicated(world.replica(), 130);
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(generations_of(world.replica()).size() == 1);
  CHECK(files_of(world.replica(), ".snapshot").size() == 1);
}

TEST_CASE("e2e: an idle database needs no second snapshot, however the host ended", "[e2e][shutdown]") {
  const World world;
  Writer(world.db(), {"commits=30"}).finish();  // its close leaves the database without a log
  for (int round = 0; round < 4; ++round) {
    CAPTURE(round);
    Host host(world.config());
    wait_until_replicated(world.replica(), 30);
    if (round % 2 == 0) {
      wait_for("the stamp", [&] { return !read_text(world / ".app.db-lshost/stamp").empty(); });
      host.kill();
    } else {
      CHECK(host.terminate() == 0);
    }
  }
  SqliteProcess app(world.db());
  app.exec("CREATE TABLE more(x)");  // the first commit in a log that no host has seen
  Host host(world.config());
  wait_for("the commit", [&] { return !files_of(world.replica(), ".wal").empty(); });
  CHECK(host.terminate() == 0);
  INFO(host.log());
  app.close();
  CHECK(generations_of(world.replica()).size() == 1);
  CHECK(files_of(world.replica(), ".snapshot").size() == 1);
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}

TEST_CASE("e2e: a log that began again while no host was there begins a new generation, and nothing is lost",
          "[e2e][shutdown]") {
  const World world;
  for (int round = 1; round <= 3; ++round) {
    CAPTURE(round);
    Writer(world.db(), {"commits=30", "checkpoint=truncate"}).finish();
    Host host(world.config());
    wait_until_replicated(world.replica(), 30 * round);
    CHECK(host.terminate() == 0);
    INFO(host.log());
    CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  }
}
