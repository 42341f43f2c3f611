// What applications do inside a database: transactions that spill, are taken back whole or in part, VACUUM of every
// kind, another page size, files beyond SQLite's lock page.

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/replica_reader.hpp"
#include "support/sides.hpp"
#include "support/sqlite_process.hpp"
#include "support/world.hpp"

using namespace lshost::test;

namespace {

/// An application that waits for the host where it has to, in a database with one table.
SqliteProcess application(const World& world, const std::string& first = "") {
  SqliteProcess app(world.db());
  if (!first.empty()) app.exec(first);
  app.exec("PRAGMA journal_mode=WAL");
  app.exec("PRAGMA busy_timeout=30000");
  app.exec("PRAGMA synchronous=off");
  app.exec("CREATE TABLE IF NOT EXISTS t(x)");
  return app;
}

std::string rows_of(const std::string& replica) {
  const TempDir dir;
  if (run_lshost({"restore", "file://" + replica, "--output", dir / "restored.db"}).status.code != 0) return "";
  SqliteProcess reader(dir / "restored.db");
  return reader.query("SELECT count(*), ifnull(sum(length(x)), 0) FROM t");
}

void wait_for_rows(const std::string& replica, const std::string& rows) {
  std::string found;
  if (wait_until([&] { return (found = rows_of(replica)) == rows; }, kPatience)) return;
  throw std::runtime_error("the replica has " + found + ", not " + rows);
}

/// The application is gone, the host ends well, and the replica is the database.
void check_end(const World& world, SqliteProcess& app, Host& host, std::size_t generations = 1) {
  app.close();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  CHECK(generations_of(world.replica()).size() == generations);
}

}  // namespace

// Goal: P2: what was not committed is never replicated, however much of it lies in the log.
TEST_CASE("e2e: a transaction that spills is replicated when it commits, and never when it is taken back",
          "[e2e][transactions]") {
  const auto page_size = GENERATE(512, 4096);
  const World world;
  auto app = application(world, "PRAGMA page_size=" + std::to_string(page_size));
  app.exec("PRAGMA cache_size=5");
  app.exec("INSERT INTO t VALUES(1)");
  Host host(world.config());
  wait_for_rows(world.replica(), "1|1");
  const auto size_before = app.query("SELECT 1") == "1" ? std::filesystem::file_size(world.db() + "-wal") : 0;

  app.exec("BEGIN");
  app.exec(insert_blobs(400, 3000));
  REQUIRE(std::filesystem::file_size(world.db() + "-wal") > size_before + 500'000);  // it did spill
  CHECK(rows_of(world.replica()) == "1|1");
  app.exec("ROLLBACK");
  app.exec("INSERT INTO t VALUES(22)");
  wait_for_rows(world.replica(), "2|3");

  app.exec("BEGIN");
  app.exec(insert_blobs(300, 3000));
  app.exec("COMMIT");
  wait_for_rows(world.replica(), "302|900003");
  check_end(world, app, host);
}

// Goal: the same where a part is taken back, and spilled pages are written twice.
TEST_CASE("e2e: transactions that were taken back in part are replicated as they were committed",
          "[e2e][transactions]") {
  const World world;
  auto app = application(world);
  app.exec("PRAGMA cache_size=5");
  Host host(world.config());
  for (int round = 0; round < 10; ++round) {
    app.exec("BEGIN");
    app.exec(insert_blobs(40, 2500));
    app.exec("SAVEPOINT a");
    app.exec("UPDATE t SET x = randomblob(2500)");
    app.exec("SAVEPOINT b");
    app.exec(insert_blobs(60, 2500));
    app.exec(round % 2 == 0 ? "ROLLBACK TO a" : "ROLLBACK TO b");
    app.exec(insert_blobs(5, 100));
    app.exec("COMMIT");
  }
  wait_for_rows(world.replica(), app.query("SELECT count(*), sum(length(x)) FROM t"));
  check_end(world, app, host);
}

// Goal: libraries up to 3.49.1 leave frames with wrong checksums in the log (tests/facts/horizon_test.cpp); the host
// gives the commit all the same.
TEST_CASE("e2e: committed frames with wrong checksums are replicated", "[e2e][transactions]") {
  const World world;
  auto app = application(world);
  Host host(world.config());
  wait_for_rows(world.replica(), "0|0");
  commit_frames_with_wrong_checksums(app);
  app.exec("INSERT INTO t VALUES(1)");
  wait_for_rows(world.replica(), app.query("SELECT count(*), sum(length(x)) FROM t"));
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK((host.log().find("wrong checksum") != std::string::npos) ==
        lshost::sqlite::library_leaves_wrong_checksums(application_sqlite()));
  app.exec("PRAGMA wal_checkpoint(TRUNCATE)");  // until then only those who are connected know of the commit
  app.close();
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}

// Goal: a database that shrinks and is rebuilt keeps its generation.
TEST_CASE("e2e: VACUUM of every kind is replicated in the same generation", "[e2e][transactions]") {
  const auto mode = GENERATE(as<std::string>{}, "none", "full", "incremental");
  const World world;
  auto app = application(world, "PRAGMA auto_vacuum=" + mode);
  Host host(world.config());
  for (int round = 0; round < 4; ++round) {
    app.exec(insert_blobs(200, 3000));
    app.exec("DELETE FROM t WHERE rowid % 3 > 0");
    if (mode == "incremental") app.exec("PRAGMA incremental_vacuum(100)");
    if (mode == "none" || round == 2) app.exec("VACUUM");
    wait_for_rows(world.replica(), app.query("SELECT count(*), sum(length(x)) FROM t"));
  }
  if (mode != "none") app.exec("PRAGMA auto_vacuum=none; VACUUM");  // and another kind
  app.exec("INSERT INTO t VALUES(1)");
  check_end(world, app, host);
}

// Goal: another page size is another database to every replica: a new generation, and the restore is right.
TEST_CASE("e2e: a page size that was changed while no host was there begins a new generation", "[e2e][transactions]") {
  const World world;
  auto app = application(world, "PRAGMA page_size=1024");
  app.exec(insert_blobs(50, 3000));
  {
    Host host(world.config());
    wait_for_rows(world.replica(), "50|150000");
    // With a host there is always a second connection, and SQLite refuses to leave the WAL mode.
    app.exec("PRAGMA busy_timeout=0");
    CHECK(app.code_of("PRAGMA journal_mode=DELETE") != 0);
    app.exec("PRAGMA busy_timeout=30000");
    app.exec("PRAGMA page_size=8192; VACUUM");  // without effect in WAL mode
    CHECK(app.query("PRAGMA page_size") == "1024");
    CHECK(host.terminate() == 0);
  }
  app.exec("PRAGMA journal_mode=DELETE");
  app.exec("PRAGMA page_size=8192; VACUUM");
  app.exec("PRAGMA journal_mode=WAL");
  app.exec("INSERT INTO t VALUES(1)");
  REQUIRE(app.query("PRAGMA page_size") == "8192");
  Host host(world.config());
  wait_for_rows(world.replica(), "51|150001");
  check_end(world, app, host, 2);
}

// Goal: a transaction of more than a gigabyte, over the page at 1 GiB that SQLite never uses, in a file that has it.
// Half a minute and 5 GB of disk: build/release/bin/test_e2e "[huge]"
TEST_CASE("e2e: a transaction of a gigabyte over the lock page", "[.huge]") {
  const auto page_size = GENERATE(4096, 65536);
  const World world;
  auto app = application(world, "PRAGMA page_size=" + std::to_string(page_size));
  Host host(world.config());
  wait_for_rows(world.replica(), "0|0");
  app.exec("INSERT INTO t VALUES(zeroblob(300000000))");
  app.exec("BEGIN; INSERT INTO t VALUES(randomblob(400000000)); INSERT INTO t VALUES(randomblob(400000000)); COMMIT");
  app.exec("INSERT INTO t VALUES(randomblob(100000))");
  REQUIRE(std::filesystem::file_size(world.db() + "-wal") > 0);
  check_end(world, app, host);
}

// Goal: places in a log beyond four gigabytes, in one transaction. Some minutes and 25 GB of disk.
TEST_CASE("e2e: a log of more than four gigabytes", "[.huge]") {
  const World world;
  auto app = application(world, "PRAGMA page_size=65536");
  Host host(world.config());
  wait_for_rows(world.replica(), "0|0");
  app.exec("BEGIN");
  for (int i = 0; i < 5; ++i) app.exec("INSERT INTO t VALUES(randomblob(900000000))");
  app.exec("COMMIT");
  REQUIRE(std::filesystem::file_size(world.db() + "-wal") > std::uint64_t{4} << 30);
  app.exec("INSERT INTO t VALUES(randomblob(100000))");
  check_end(world, app, host);
}
