#include "sqlite/connection.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>

#include "base/error.hpp"
#include "sqlite/result_code.hpp"
#include "support/app_database.hpp"
#include "support/sqlite_process.hpp"
#include "support/unprivileged.hpp"

using namespace lshost;
using namespace lshost::sqlite;
using namespace lshost::test;

namespace {

/// The code of the Error that opening and reading gives; fails the test if there is none.
ErrorCode failure_of_opening(const std::string& path) {
  try {
    auto connection = Connection::open(path);
    connection.read_once();
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(std::string(error.what()).size() > 20);
    return error.code();
  }
  FAIL("opened " << path);
  return ErrorCode::internal;
}

int schema_bytes(sqlite3* db) {
  int now = 0;
  int high = 0;
  REQUIRE(sqlite3_db_status(db, SQLITE_DBSTATUS_SCHEMA_USED, &now, &high, 0) == SQLITE_OK);
  return now;
}

}  // namespace

TEST_CASE("Connection: a missing database is not found, and stays missing", "[sqlite]") {
  const TempDir folder;
  CHECK(failure_of_opening(folder / "app.db") == ErrorCode::not_found);
  CHECK(failure_of_opening(folder / "no/such/folder/app.db") == ErrorCode::not_found);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("Connection: what is no database is called so", "[sqlite]") {
  const TempDir folder;
  const auto path = folder / "app.db";
  SECTION("text") { write_file(path, Bytes(5000, std::byte{'x'})); }
  SECTION("a directory") { std::filesystem::create_directory(path); }
  SECTION("a database whose page 1 was overwritten") {
    {
      AppConnection app(path);
      app.exec("CREATE TABLE t(x)");
    }
    auto bytes = file_bytes(path);
    std::fill_n(bytes.begin(), 64, std::byte{0x55});
    write_file(path, bytes);
  }
  CHECK(failure_of_opening(path) == ErrorCode::corrupt);
}

TEST_CASE("Connection: a database that may not be written is denied", "[sqlite]") {
  const TempDir folder;
  const auto path = folder / "app.db";
  {
    AppConnection app(path);
    app.exec("PRAGMA journal_mode=WAL; CREATE TABLE t(x)");
  }
  SECTION("the file may only be read") {
    REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
    REQUIRE(::chmod(path.c_str(), 0444) == 0);
  }
  SECTION("the file may not be read") {
    REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
    REQUIRE(::chmod(path.c_str(), 0000) == 0);
  }
  SECTION("the folder may not be entered") { REQUIRE(::chmod(folder.path().c_str(), 0000) == 0); }
  SECTION("the folder may not be written, so there can be no -wal") {
    REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
    REQUIRE(::chmod(path.c_str(), 0666) == 0);
  }
  {
    const Unprivileged nobody;
    CHECK(failure_of_opening(path) == ErrorCode::denied);
  }
  REQUIRE(::chmod(folder.path().c_str(), 0700) == 0);
}

TEST_CASE("Connection: a locked database is a transient failure, and opens when the lock is gone", "[sqlite]") {
  const TempDir folder;
  const auto path = folder / "app.db";
  SqliteProcess app(path);
  SECTION("an exclusive transaction in rollback mode") {
    app.exec("CREATE TABLE t(x)");
    app.exec("BEGIN EXCLUSIVE");
    CHECK(failure_of_opening(path) == ErrorCode::transient);
    app.exec("COMMIT");
  }
  SECTION("exclusive locking mode, in WAL mode") {
    app.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; CREATE TABLE t(x)");
    CHECK(failure_of_opening(path) == ErrorCode::transient);
    app.close();
  }
  auto connection = Connection::open(path);
  connection.read_once();
}

TEST_CASE("Connection: does not load the schema of the application", "[sqlite]") {
  AppDatabase database;
  database.exec("BEGIN");
  for (int i = 0; i < 300; ++i) {
    database.exec("CREATE TABLE a_table_with_a_long_name_" + std::to_string(i) + "(a INTEGER PRIMARY KEY, b TEXT)");
  }
  database.exec("COMMIT");
  auto connection = Connection::open(database.path());
  connection.read_once();
  CHECK(schema_bytes(connection.handle()) == 0);
  CHECK(connection.query_text("SELECT count(*) FROM sqlite_schema") == "300");
  CHECK(schema_bytes(connection.handle()) > 10'000);  // so the measure measures
}

TEST_CASE("Connection: neither commits nor closing it checkpoint", "[sqlite]") {
  const TempDir folder;
  const auto path = folder / "app.db";
  {
    AppConnection app(path);
    app.exec("PRAGMA journal_mode=WAL; CREATE TABLE t(x)");
  }
  auto connection = Connection::open(path);
  connection.exec("INSERT INTO t VALUES(randomblob(10000000))");  // far more than the 1000 frames of SQLite's default
  connection.close();
  CHECK(std::filesystem::file_size(path + "-wal") > 10'000'000);
  CHECK(std::filesystem::file_size(path) < 100'000);
}

TEST_CASE("Connection: a checkpoint syncs the database before the log may be overwritten", "[sqlite]") {
  AppDatabase database;
  auto connection = Connection::open(database.path());
  CHECK(std::stoi(connection.query_text("PRAGMA synchronous")) >= 1);
}

TEST_CASE("Connection: query_text gives the first value, whole, and an empty text without a row", "[sqlite]") {
  AppDatabase database;
  auto connection = Connection::open(database.path());
  CHECK(connection.query_text("SELECT 'a' UNION ALL SELECT 'b'") == "a");
  CHECK(connection.query_text("SELECT 1 WHERE 0").empty());
  CHECK(connection.query_text("SELECT NULL").empty());
  CHECK(connection.query_text("SELECT 42") == "42");
  CHECK(connection.query_text("SELECT x'610062'") == std::string("a\0b", 3));
  CHECK_THROWS_WITH(connection.query_text("SELECT * FROM missing"), Catch::Contains("no such table: missing"));
  CHECK_THROWS_WITH(connection.exec("no sql"), Catch::Contains("syntax error"));
}

TEST_CASE("Connection: can be moved, and closed more than once", "[sqlite]") {
  AppDatabase database;
  auto first = Connection::open(database.path());
  auto second = std::move(first);
  CHECK(first.handle() == nullptr);  // NOLINT(bugprone-use-after-move): that is what is tested
  CHECK(second.query_text("SELECT 1") == "1");
  second = Connection::open(database.path());
  CHECK(second.query_text("SELECT 1") == "1");
  second.close();
  second.close();
  CHECK(second.handle() == nullptr);
}

TEST_CASE("Connection: read_once opens the log, so that the application's last close keeps it", "[sqlite]") {
  const TempDir folder;
  const auto path = folder / "app.db";
  SqliteProcess app(path);
  app.exec("PRAGMA journal_mode=WAL; CREATE TABLE t(x)");
  auto connection = Connection::open(path);
  connection.read_once();
  app.close();
  CHECK(std::filesystem::exists(path + "-wal"));
  connection.close();
  CHECK(std::filesystem::exists(path + "-wal"));
}

TEST_CASE("result codes: each says what the caller can do", "[sqlite]") {
  CHECK(error_code_of(SQLITE_CANTOPEN, ENOENT) == ErrorCode::not_found);
  CHECK(error_code_of(SQLITE_CANTOPEN, ENOTDIR) == ErrorCode::not_found);
  CHECK(error_code_of(SQLITE_CANTOPEN, EACCES) == ErrorCode::denied);
  CHECK(error_code_of(SQLITE_CANTOPEN, EMFILE) == ErrorCode::transient);
  CHECK(error_code_of(SQLITE_CANTOPEN, ENOSPC) == ErrorCode::no_space);
  CHECK(error_code_of(SQLITE_CANTOPEN_ISDIR, 0) == ErrorCode::corrupt);
  CHECK(error_code_of(SQLITE_READONLY_DIRECTORY, 0) == ErrorCode::denied);
  CHECK(error_code_of(SQLITE_BUSY_RECOVERY, 0) == ErrorCode::transient);
  CHECK(error_code_of(SQLITE_BUSY_SNAPSHOT, 0) == ErrorCode::transient);
  CHECK(error_code_of(SQLITE_PROTOCOL, 0) == ErrorCode::transient);
  CHECK(error_code_of(SQLITE_FULL, 0) == ErrorCode::no_space);
  CHECK(error_code_of(SQLITE_IOERR_WRITE, ENOSPC) == ErrorCode::no_space);
  CHECK(error_code_of(SQLITE_IOERR_READ, EIO) == ErrorCode::transient);
  CHECK(error_code_of(SQLITE_IOERR_CORRUPTFS, EIO) == ErrorCode::corrupt);
  CHECK(error_code_of(SQLITE_CORRUPT_INDEX, 0) == ErrorCode::corrupt);
  CHECK(error_code_of(SQLITE_NOTADB, 0) == ErrorCode::corrupt);
  CHECK(error_code_of(SQLITE_MISUSE, 0) == ErrorCode::internal);
  CHECK(error_code_of(SQLITE_ERROR, 0) == ErrorCode::internal);
}

TEST_CASE("library_has_wal_reset_bug: knows the versions", "[sqlite]") {
  for (const int version : {3'007'000, 3'040'001, 3'044'005, 3'045'000, 3'050'006, 3'051'000, 3'051'002}) {
    CAPTURE(version);
    CHECK(library_has_wal_reset_bug(version));
  }
  for (const int version : {3'006'023, 3'044'006, 3'044'999, 3'050'007, 3'051'003, 3'052'000, 3'053'002}) {
    CAPTURE(version);
    CHECK_FALSE(library_has_wal_reset_bug(version));
  }
  CHECK(library_version() == sqlite3_libversion());
}

TEST_CASE("library_leaves_wrong_checksums: knows the versions", "[sqlite]") {
  CHECK(library_leaves_wrong_checksums(3'040'001));
  CHECK(library_leaves_wrong_checksums(3'049'001));
  CHECK_FALSE(library_leaves_wrong_checksums(3'050'002));
  CHECK_FALSE(library_leaves_wrong_checksums(3'053'002));
}
