#include "sqlite/checkpoint.hpp"

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "base/error.hpp"
#include "sqlite/connection.hpp"
#include "support/app_database.hpp"
#include "support/sqlite_process.hpp"

using namespace lshost;
using namespace lshost::sqlite;
using namespace lshost::test;

namespace {

struct Fixture {
  Fixture() : app(path) {
    app.exec("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0");
    app.exec("CREATE TABLE t(x)");
    app.exec("INSERT INTO t VALUES(randomblob(50000))");
    connection.read_once();
  }
  TempDir folder;
  std::string path = folder / "app.db";
  SqliteProcess app;
  Connection connection = Connection::open(path);
};

}  // namespace

TEST_CASE("checkpoint: passive moves all frames and leaves the log", "[sqlite]") {
  Fixture fixture;
  const auto result = checkpoint(fixture.connection, CheckpointMode::passive);
  CHECK_FALSE(result.busy);
  CHECK(result.log_frames > 10);
  CHECK(result.checkpointed_frames == result.log_frames);
  CHECK(std::filesystem::file_size(fixture.path + "-wal") > 50'000);
}

TEST_CASE("checkpoint: truncate leaves an empty log", "[sqlite]") {
  Fixture fixture;
  const auto result = checkpoint(fixture.connection, CheckpointMode::truncate);
  CHECK_FALSE(result.busy);
  CHECK(result.log_frames == 0);
  CHECK(std::filesystem::file_size(fixture.path + "-wal") == 0);
}

TEST_CASE("checkpoint: restart leaves a log that the next commit begins again", "[sqlite]") {
  Fixture fixture;
  const auto size = std::filesystem::file_size(fixture.path + "-wal");
  const auto result = checkpoint(fixture.connection, CheckpointMode::restart);
  CHECK_FALSE(result.busy);
  CHECK(result.checkpointed_frames == result.log_frames);
  fixture.app.exec("INSERT INTO t VALUES(1)");
  CHECK(checkpoint(fixture.connection, CheckpointMode::passive).log_frames < result.log_frames);
  CHECK(std::filesystem::file_size(fixture.path + "-wal") == size);
}

TEST_CASE("checkpoint: behind a reader it moves what it may", "[sqlite]") {
  Fixture fixture;
  SqliteProcess reader(fixture.path);
  reader.exec("BEGIN; SELECT * FROM t");
  fixture.app.exec("INSERT INTO t VALUES(1)");
  const auto passive = checkpoint(fixture.connection, CheckpointMode::passive);
  CHECK_FALSE(passive.busy);
  CHECK(passive.checkpointed_frames < passive.log_frames);
  CHECK(passive.checkpointed_frames > 0);
  CHECK(checkpoint(fixture.connection, CheckpointMode::restart).busy);
}

TEST_CASE("checkpoint: somebody else's checkpoint makes it busy at once, whatever the handler says", "[sqlite]") {
  Fixture fixture;
  fixture.app.pause_before("db.write");
  fixture.app.start("PRAGMA wal_checkpoint(PASSIVE)");
  fixture.app.wait_until_paused();
  int calls = 0;
  const auto wait_on = [&](int) { return ++calls < 10; };
  const auto result = checkpoint(fixture.connection, CheckpointMode::passive, wait_on);
  CHECK(result.busy);
  CHECK(calls == 0);
  CHECK(result.log_frames == 0);
  fixture.app.go_on();
  CHECK(fixture.app.finish().code == SQLITE_OK);
}

TEST_CASE("checkpoint: while it waits it asks, and gives up or goes on as told", "[sqlite]") {
  Fixture fixture;
  SqliteProcess writer(fixture.path);
  writer.exec("BEGIN IMMEDIATE");
  SECTION("give up") {
    std::vector<int> calls;
    const auto result = checkpoint(fixture.connection, CheckpointMode::restart, [&](int call) {
      calls.push_back(call);
      return calls.size() < 3;
    });
    CHECK(result.busy);
    CHECK(calls == std::vector<int>{0, 1, 2});
  }
  SECTION("wait until the writer is done") {
    const auto result = checkpoint(fixture.connection, CheckpointMode::restart, [&](int) {
      writer.exec("COMMIT");
      return true;
    });
    CHECK_FALSE(result.busy);
    CHECK(result.checkpointed_frames == result.log_frames);
  }
}

TEST_CASE("checkpoint: the handler is gone with the call", "[sqlite]") {
  Fixture fixture;
  int calls = 0;
  (void)checkpoint(fixture.connection, CheckpointMode::restart, [&](int) { return ++calls < 3; });
  SqliteProcess writer(fixture.path);
  writer.exec("BEGIN IMMEDIATE");
  CHECK_THROWS_AS(fixture.connection.exec("INSERT INTO t VALUES(1)"), Error);
  CHECK(checkpoint(fixture.connection, CheckpointMode::restart).busy);
  CHECK(calls == 0);
}

TEST_CASE("checkpoint: a connection that has not read, or has no log, is told so", "[sqlite]") {
  const TempDir folder;
  const auto path = folder / "app.db";
  SqliteProcess app(path);
  app.exec("CREATE TABLE t(x)");
  SECTION("rollback mode") {
    auto connection = Connection::open(path);
    connection.read_once();
    CHECK_THROWS_AS(checkpoint(connection, CheckpointMode::passive), Error);
  }
  SECTION("in a transaction of its own") {
    app.exec("PRAGMA journal_mode=WAL; INSERT INTO t VALUES(1)");
    auto connection = Connection::open(path);
    connection.exec("BEGIN IMMEDIATE");
    CHECK_THROWS_AS(checkpoint(connection, CheckpointMode::passive), Error);
  }
}
