// What becomes a commit in the log, and what other connections notice of it.

#include <sqlite3.h>

#include <catch2/catch.hpp>

#include "support/sides.hpp"
#include "support/wal_builder.hpp"

using namespace lshost;
using namespace lshost::test;

namespace {

/// How many frames `sql` adds to the log.
std::uint32_t frames_of(AppSide& side, const HostSide& host, const std::string& sql) {
  const auto before = host.header().max_frame;
  side.app.exec(sql);
  return host.header().max_frame - before;
}

/// The change counter on page 1 (bytes 24 to 27) of the newest frame of that page.
std::uint32_t change_counter(const AppSide& side, const HostSide& host) {
  const auto wal = side.wal_bytes();
  for (auto frame = host.header().max_frame; frame > 0; --frame) {
    const auto bytes = frame_at(wal, frame - 1);
    if (wal::parse_frame_header(bytes.data()).page_number != 1) continue;
    return wal::load32(bytes.data() + wal::kFrameHeaderSize + 24);
  }
  FAIL("page 1 is not in the log");
  return 0;
}

}  // namespace

TEST_CASE("transactions that change nothing leave no frame", "[facts][commits]") {
  AppSide side;
  HostSide host(side.path);
  side.app.exec("INSERT INTO t VALUES(1),(2)");
  CHECK(frames_of(side, host, "BEGIN; COMMIT") == 0);
  CHECK(frames_of(side, host, "BEGIN IMMEDIATE; COMMIT") == 0);
  CHECK(frames_of(side, host, "BEGIN IMMEDIATE; ROLLBACK") == 0);
  CHECK(frames_of(side, host, "BEGIN EXCLUSIVE; COMMIT") == 0);
  CHECK(frames_of(side, host, "SELECT * FROM t") == 0);
  CHECK(frames_of(side, host, "UPDATE t SET x=5 WHERE x=99") == 0);
  CHECK(frames_of(side, host, "DELETE FROM t WHERE x=99") == 0);
  CHECK(frames_of(side, host, "PRAGMA incremental_vacuum") == 0);
  CHECK(frames_of(side, host, "PRAGMA optimize") == 0);
  CHECK(frames_of(side, host, "BEGIN; INSERT INTO t VALUES(3); ROLLBACK") == 0);
}

TEST_CASE("an UPDATE with equal values leaves no frame", "[facts][commits]") {
  AppSide side;
  HostSide host(side.path);
  side.app.exec("INSERT INTO t VALUES(1),(2)");
  CHECK(frames_of(side, host, "UPDATE t SET x=x") == 0);
}

TEST_CASE("setting user_version or application_id writes page 1, even to the same value", "[facts][commits]") {
  AppSide side;
  HostSide host(side.path);
  CHECK(frames_of(side, host, "PRAGMA user_version=0") == 1);
  CHECK(frames_of(side, host, "PRAGMA application_id=0") == 1);
}

TEST_CASE("a savepoint that is rolled back can still leave a commit", "[facts][commits]") {
  AppSide side;
  HostSide host(side.path);
  CHECK(frames_of(side, host, "BEGIN; SAVEPOINT s; INSERT INTO t VALUES(1); ROLLBACK TO s; COMMIT") == 1);
  CHECK(AppSide::rows(side.app).empty());
}

TEST_CASE("each commit is one run of frames with one commit frame at its end", "[facts][commits]") {
  AppSide side;
  HostSide host(side.path);
  const auto before = host.header().max_frame;
  side.app.exec("BEGIN; " + insert_blobs(50, 2000) + "; COMMIT");
  const auto after = host.header().max_frame;
  const auto wal = side.wal_bytes();
  REQUIRE(after > before + 10);
  for (auto frame = before + 1; frame <= after; ++frame) {
    CAPTURE(frame);
    CHECK(wal::parse_frame_header(frame_at(wal, frame - 1).data()).is_commit() == (frame == after));
  }
}

TEST_CASE("VACUUM shrinks the database by the size in its commit frame", "[facts][commits]") {
  AppSide side;
  HostSide host(side.path);
  side.app.exec(insert_blobs(50, 2000));
  const auto before = host.header().db_size_pages;
  side.app.exec("DELETE FROM t");
  CHECK(host.header().db_size_pages == before);
  side.app.exec("VACUUM");
  CHECK(host.header().db_size_pages == 2);
}

TEST_CASE("the change counter in the database's header is no version: it stays over many commits", "[facts][commits]") {
  AppSide side;
  HostSide host(side.path);
  side.app.exec("PRAGMA user_version=1");
  const auto first = change_counter(side, host);
  for (int i = 2; i < 6; ++i) {
    side.app.exec("PRAGMA user_version=" + std::to_string(i));
    CHECK(change_counter(side, host) == first);
  }
}

TEST_CASE("other connections see a commit, and a restart without one, in data_version", "[facts][commits]") {
  AppSide side;
  auto other = side.another();
  const auto version = [&] { return std::stoll(other.query("PRAGMA data_version")); };
  const auto first = version();
  CHECK(version() == first);
  side.app.exec("INSERT INTO t VALUES(1)");
  const auto second = version();
  CHECK(second != first);
  side.app.exec("PRAGMA wal_checkpoint(PASSIVE)");
  CHECK(version() == second);
  side.app.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  CHECK(version() != second);
}

TEST_CASE("the WAL hook runs when the commit is published and the write lock is free", "[facts][commits]") {
  AppSide side;
  HostSide host(side.path);
  AppConnection writer(side.path);
  struct Seen {
    AppSide& side;
    HostSide& host;
    int calls = 0;
    int frames_told = 0;
    std::uint32_t frames_published = 0;
    int other_write = -1;
  } seen{side, host};
  const auto hook = [](void* context, sqlite3*, const char*, int frames) {
    auto& it = *static_cast<Seen*>(context);
    ++it.calls;
    it.frames_told = frames;
    it.frames_published = it.host.header().max_frame;
    it.other_write = it.side.app.code_of("INSERT INTO t VALUES('by another')");
    return SQLITE_OK;
  };
  (void)sqlite3_wal_hook(writer.handle(), hook, &seen);
  writer.exec("INSERT INTO t VALUES('hooked')");
  CHECK(seen.calls == 1);
  CHECK(seen.frames_told == 3);
  CHECK(seen.frames_published == 3);
  CHECK(seen.other_write == SQLITE_OK);

  writer.exec("PRAGMA wal_autocheckpoint=1000");  // replaces the hook
  writer.exec("INSERT INTO t VALUES('not hooked')");
  CHECK(seen.calls == 1);
}
