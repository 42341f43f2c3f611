// Databases that are not there yet, not usable yet, or not the same any more, are picked up without a restart.

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <optional>

#include "support/sqlite_process.hpp"
#include "support/world.hpp"

using namespace lshost::test;
namespace fs = std::filesystem;

namespace {

void remove_database(const std::string& path) {
  for (const auto* ending : {"", "-wal", "-shm"}) fs::remove(path + ending);
}

std::int64_t commit_of(const std::optional<LedgerState>& restored) { return restored ? restored->commit : -1; }

}  // namespace

TEST_CASE("e2e: a database that does not exist yet is waited for, without being created", "[e2e][arrival]") {
  const World world;
  Host host(world.config());
  wait_for("the first line of the log", [&] { return !host.log().empty(); });
  Writer writer(world.db(), {"commits=30"});
  writer.finish();
  wait_until_replicated(world.replica(), 30);
  CHECK(host.terminate() == 0);
}

TEST_CASE("e2e: SIGTERM with a database that never came ends with 0", "[e2e][arrival]") {
  const World world;
  Host host(world.config());
  wait_for("the first line of the log", [&] { return !host.log().empty(); });
  CHECK(host.terminate() == 0);
  CHECK_FALSE(fs::exists(world.db()));
}

TEST_CASE("e2e: SIGTERM with data that was never replicated does not end with 0", "[e2e][arrival]") {
  const World world;
  Writer(world.db(), {"commits=10", "wal=0"}).finish();
  Host host(world.config());
  wait_for("a word about it", [&] { return host.log().find("app.db") != std::string::npos; });
  CHECK(host.terminate() == 1);
  CHECK(host.log().find("was not replicated in this run") != std::string::npos);
}

TEST_CASE("e2e: SIGTERM while the database is locked for a moment waits for it", "[e2e][arrival]") {
  const World world;
  Writer(world.db(), {"commits=10"}).finish();
  std::optional<SqliteProcess> app(std::in_place, world.db());
  (void)app->query("PRAGMA locking_mode=EXCLUSIVE");
  app->exec("CREATE TABLE mine(x)");
  Host host(world.config());
  wait_for("a word about it", [&] { return host.log().find("it is locked") != std::string::npos; });
  host.process().kill(SIGTERM);
  wait_for("the stop", [&] { return host.log().find("stopping") != std::string::npos; });
  app.reset();
  const auto end = host.process().wait(kPatience);
  INFO(host.log());
  REQUIRE(end);
  CHECK(end->code == 0);
  CHECK(restored_ledger(world.replica()).commit == 10);
}

TEST_CASE("e2e: a folder of a database that does not exist yet is waited for", "[e2e][arrival]") {
  const World world;
  const auto path = world / "later/still/app.db";
  world.configure({{.path = path, .replicas = {{.path = world.replica()}}}});
  Host host(world.config());
  wait_for("the first line of the log", [&] { return !host.log().empty(); });
  fs::create_directories(world / "later/still");
  Writer(path, {"commits=30"}).finish();
  wait_until_replicated(world.replica(), 30);
  CHECK(host.terminate() == 0);
}

TEST_CASE("e2e: a database that is not in WAL mode yet is left alone, and picked up when it is", "[e2e][arrival]") {
  const World world;
  Writer(world.db(), {"commits=10", "wal=0"}).finish();
  const auto before = read_text(world.db());
  Host host(world.config());
  wait_for("a word about it", [&] { return host.log().find("app.db") != std::string::npos; });
  CHECK(read_text(world.db()) == before);
  {
    SqliteProcess app(world.db());
    CHECK(app.query("PRAGMA journal_mode") == "delete");
    wait_for("the switch to WAL", [&] { return app.query("PRAGMA journal_mode=WAL") == "wal"; });
  }
  Writer(world.db(), {"commits=10"}).finish();
  wait_until_replicated(world.replica(), 20);
  CHECK(host.terminate() == 0);
}

TEST_CASE("e2e: a database that is locked exclusively is picked up when the lock goes", "[e2e][arrival]") {
  const World world;
  Writer(world.db(), {"commits=10"}).finish();
  SqliteProcess app(world.db());
  (void)app.query("PRAGMA locking_mode=EXCLUSIVE");
  app.exec("CREATE TABLE mine(x)");
  Host host(world.config());
  wait_for("a word about it", [&] { return host.log().find("app.db") != std::string::npos; });
  app.exec("INSERT INTO mine VALUES(1)");  // the host is not in its way
  app.close();
  Writer(world.db(), {"commits=10"}).finish();
  wait_until_replicated(world.replica(), 20);
  CHECK(host.terminate() == 0);
}

TEST_CASE("e2e: a database that is deleted and made again is replicated as a new generation", "[e2e][arrival]") {
  const World world;
  Host host(world.config());
  Writer(world.db(), {"commits=50"}).finish();
  wait_until_replicated(world.replica(), 50);
  remove_database(world.db());
  Writer(world.db(), {"commits=20"}).finish();
  wait_for("the new one to be what is restored", [&] { return commit_of(try_restored_ledger(world.replica())) == 20; });
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(generations_of(world.replica()).size() == 2);
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}

TEST_CASE("e2e: a database that is replaced by rename is replicated as a new generation", "[e2e][arrival]") {
  const World world;
  Writer(world / "other.db", {"commits=20"}).finish();
  Host host(world.config());
  Writer(world.db(), {"commits=50"}).finish();
  wait_until_replicated(world.replica(), 50);
  for (const auto* ending : {"-wal", "-shm"}) fs::remove(world.db() + ending);
  fs::rename(world / "other.db", world.db());
  Writer(world.db(), {"commits=5"}).finish();
  wait_for("the new one to be what is restored", [&] { return commit_of(try_restored_ledger(world.replica())) == 25; });
  CHECK(host.terminate() == 0);
  INFO(host.log());
  // Between the removal of the log and the rename the host may have come back to the old file for a moment.
  CHECK(generations_of(world.replica()).size() >= 2);
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}

TEST_CASE("e2e: a file that is no database is said so, and picked up when it is one", "[e2e][arrival]") {
  const World world;
  write_text(world.db(), std::string(8192, 'x'));
  Host host(world.config());
  wait_for("a word about it", [&] { return host.log().find("not a database") != std::string::npos; });
  CHECK(read_text(world.db()) == std::string(8192, 'x'));
  fs::remove(world.db());
  Writer(world.db(), {"commits=10"}).finish();
  wait_until_replicated(world.replica(), 10);
  CHECK(host.terminate() == 0);
}
