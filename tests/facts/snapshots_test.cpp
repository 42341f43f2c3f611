// What it takes to copy a database while it is written.

#include <sqlite3.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "support/sides.hpp"
#include "support/wal_builder.hpp"

using namespace lshost;
using namespace lshost::test;
using sqlite::WalLock;

namespace {

constexpr std::uint32_t kPageSize = 4096;

sqlite3_file* file_of(const HostSide& host) {
  sqlite3_file* file = nullptr;
  REQUIRE(sqlite3_file_control(host.connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK);
  return file;
}

/// Pages [first, last] of the file, through the connection's own descriptor.
Bytes raw_pages(const HostSide& host, std::uint32_t first, std::uint32_t last) {
  Bytes pages(std::size_t{last - first + 1} * kPageSize);
  auto* file = file_of(host);
  REQUIRE(file->pMethods->xRead(file, pages.data(), static_cast<int>(pages.size()),
                                std::int64_t{first - 1} * kPageSize) == SQLITE_OK);
  return pages;
}

std::uint32_t page_count(const HostSide& host) {
  sqlite3_int64 size = 0;
  auto* file = file_of(host);
  REQUIRE(file->pMethods->xFileSize(file, &size) == SQLITE_OK);
  return static_cast<std::uint32_t>(size / kPageSize);
}

/// The database that `base` and the committed frames of a log make.
Bytes replayed(Bytes base, ByteSpan wal, const sqlite::IndexHeader& header) {
  for (std::uint32_t frame = 1; frame <= header.max_frame; ++frame) {
    const auto bytes = frame_at(wal, frame - 1);
    const auto offset = std::size_t{wal::parse_frame_header(bytes.data()).page_number - 1} * kPageSize;
    if (base.size() < offset + kPageSize) base.resize(offset + kPageSize);
    std::copy(bytes.begin() + wal::kFrameHeaderSize, bytes.end(), base.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  base.resize(std::size_t{header.db_size_pages} * kPageSize);
  return base;
}

}  // namespace

TEST_CASE("a read transaction does not keep the file of the database as it is", "[facts][snapshot]") {
  AppSide side;
  side.app.exec(insert_blobs(20, 3000));
  auto reader = side.another();
  reader.exec("BEGIN; SELECT count(*) FROM t");
  const auto before = file_bytes(side.path);
  side.app.exec("PRAGMA wal_checkpoint(PASSIVE)");  // what the reader sees may be moved
  const auto after = file_bytes(side.path);
  CHECK(after != before);
  side.app.exec("DELETE FROM t");
  side.app.exec("PRAGMA wal_checkpoint(PASSIVE)");  // what it does not see may not
  CHECK(file_bytes(side.path) == after);
  CHECK(reader.query("SELECT count(*) FROM t") == "20");
}

TEST_CASE("READ0 keeps the file of the database as it is", "[facts][snapshot]") {
  AppSide side;
  HostSide host(side.path);
  side.app.exec(insert_blobs(20, 3000));
  CHECK(host.passive_checkpoint().starts_with("0|"));
  REQUIRE(host.index.try_lock_shared(WalLock::read0));
  const auto before = raw_pages(host, 1, page_count(host));
  side.app.exec("DELETE FROM t");
  for (const std::string mode : {"PASSIVE", "FULL", "RESTART", "TRUNCATE"}) {
    (void)side.app.query("PRAGMA wal_checkpoint(" + mode + ")");
    CHECK(raw_pages(host, 1, page_count(host)) == before);
  }
}

// Method: copy the file in parts; between the parts the application rewrites, deletes, vacuums and checkpoints. The
// log of that time, from its first frame, makes the database out of what was copied.
TEST_CASE("a copy taken while the database is written becomes the database by replaying the log", "[facts][snapshot]") {
  AppSide side;
  side.app.exec(insert_blobs(200, 3000));
  HostSide host(side.path);
  CHECK(host.passive_checkpoint().starts_with("0|"));
  side.app.exec("INSERT INTO t VALUES('begins a new log')");
  REQUIRE(host.index.try_lock_shared(WalLock::read4));  // in our place the shadow WAL has what restarts destroy

  const auto pages = page_count(host);
  const std::vector<std::string> deeds = {"UPDATE t SET x=randomblob(3000) WHERE rowid%3=0",
                                          "DELETE FROM t WHERE rowid>150; CREATE INDEX i ON t(x)", "VACUUM",
                                          "UPDATE t SET x=randomblob(100) WHERE rowid%7=0"};
  Bytes copy;
  const auto parts = static_cast<std::uint32_t>(deeds.size());
  for (std::uint32_t part = 0; part < parts; ++part) {
    const auto first = pages * part / parts + 1;
    const auto last = std::min(pages * (part + 1) / parts, page_count(host));
    if (first <= last) {
      const auto bytes = raw_pages(host, first, last);
      copy.insert(copy.end(), bytes.begin(), bytes.end());
    }
    side.app.exec(deeds[part]);
    side.app.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }

  const auto header = host.header();
  REQUIRE(host.index.backfilled_frames() == header.max_frame);
  const auto now = raw_pages(host, 1, header.db_size_pages);
  CHECK(copy != now);
  CHECK(replayed(copy, side.wal_bytes(), header) == now);
}

TEST_CASE("sqlite3_backup in steps begins again whenever another process commits", "[facts][snapshot]") {
  AppSide side;
  side.app.exec(insert_blobs(200, 3000));
  AppConnection source(side.path);
  const TempDir folder;
  AppConnection target(folder / "copy.db");
  sqlite3_backup* backup = sqlite3_backup_init(target.handle(), "main", source.handle(), "main");
  REQUIRE(backup != nullptr);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(sqlite3_backup_step(backup, 50) == SQLITE_OK);
    CHECK(sqlite3_backup_pagecount(backup) - sqlite3_backup_remaining(backup) == 50);  // never beyond the first step
    side.app.exec("INSERT INTO t VALUES(1)");
  }
  CHECK(sqlite3_backup_finish(backup) == SQLITE_OK);
}
