// What is committed: the wal-index decides, not the file of the log.

#include <sqlite3.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "sqlite/wal_reader.hpp"
#include "support/sides.hpp"
#include "support/wal_builder.hpp"

using namespace lshost;
using namespace lshost::test;
using sqlite::WalLock;

namespace {

/// The bytes of the frames that the header covers.
Bytes committed_part(const AppSide& side, const sqlite::IndexHeader& header) {
  auto wal = side.wal_bytes();
  REQUIRE(wal.size() >= wal::frames_end(header.max_frame, header.page_size));
  wal.resize(wal::frames_end(header.max_frame, header.page_size));
  return wal;
}

/// How many frames the file shows as committed, by salts, checksums and commit marks.
std::uint64_t committed_by_the_file(ByteSpan wal) {
  sqlite::WalReader reader(wal);
  std::uint64_t end = wal::kHeaderSize;
  while (const auto transaction = reader.next()) end = transaction->offset + transaction->size;
  return wal::frames_below(end, reader.header().page_size);
}

/// Frames (from 1) up to `count` whose salts or running checksum are wrong.
std::vector<std::uint32_t> wrong_frames(ByteSpan wal, std::uint32_t count) {
  const auto header = *wal::parse_header(wal);
  std::vector<std::uint32_t> wrong;
  auto sum = header.checksum;
  for (std::uint32_t frame = 1; frame <= count; ++frame) {
    const auto bytes = frame_at(wal, frame - 1);
    const auto stored = wal::parse_frame_header(bytes.data());
    sum = wal::frame_checksum(sum, bytes, header.big_endian_words);
    if (stored.salt != header.salt || stored.checksum != sum) wrong.push_back(frame);
    sum = stored.checksum;
  }
  return wrong;
}

}  // namespace

TEST_CASE("a commit that was written but not published is in the file and not in the index", "[facts][horizon]") {
  AppSide side;
  HostSide host(side.path);
  const auto before = host.header();
  kill_before_publishing(side.app, "INSERT INTO t VALUES('ghost')");
  const auto with_ghost = side.wal_bytes();
  CHECK(committed_by_the_file(with_ghost) == before.max_frame + 1);
  CHECK(host.header() == before);

  auto next = side.another();
  CHECK(AppSide::rows(next).empty());
  next.exec("INSERT INTO t VALUES('real')");
  CHECK(AppSide::rows(next) == "real");
  CHECK(host.header().max_frame == before.max_frame + 1);
  const auto after = side.wal_bytes();
  CHECK(after.size() == with_ghost.size());
  CHECK(after != with_ghost);  // the ghost's frame was overwritten
}

TEST_CASE("frames of an unfinished transaction have the right salts and checksums", "[facts][horizon]") {
  AppSide side;
  HostSide host(side.path);
  const auto before = host.header();
  side.app.exec("PRAGMA cache_size=5; BEGIN; " + insert_blobs(200, 1000));
  const auto wal = side.wal_bytes();
  const auto in_file = static_cast<std::uint32_t>(frame_count(wal));
  CHECK(in_file > before.max_frame + 10);
  CHECK(wrong_frames(wal, in_file).empty());
  CHECK(host.header() == before);
}

TEST_CASE("a ghost commit becomes a real one when nobody was connected to remember better", "[facts][horizon]") {
  AppSide side;
  kill_before_publishing(side.app, "INSERT INTO t VALUES('ghost')");
  auto next = side.another();
  CHECK(AppSide::rows(next) == "ghost");
}

TEST_CASE("what is left of a ghost commit behind a new frame is cut off by the checksums", "[facts][horizon]") {
  AppSide side;
  HostSide host(side.path);
  kill_before_publishing(side.app, "INSERT INTO t VALUES(randomblob(30000))");  // several frames, the last commits
  REQUIRE(committed_by_the_file(side.wal_bytes()) > 8);

  // The second writer's one frame takes the place of the ghost's first; a recovery reads on from there.
  auto second = side.another();
  kill_while_publishing(second, "INSERT INTO t VALUES('real')");
  auto third = side.another();
  CHECK(AppSide::rows(third) == "real");
  CHECK(host.header().max_frame == 3);
}

TEST_CASE("a torn header is made whole by the next read of any connection", "[facts][horizon]") {
  AppSide side;
  HostSide host(side.path);
  kill_while_publishing(side.app, "INSERT INTO t VALUES(1)");
  REQUIRE_FALSE(host.index.try_read_header().has_value());
  SECTION("of an application") {
    auto next = side.another();
    CHECK(AppSide::rows(next) == "1");
  }
  SECTION("of the host") { host.connection.read_once(); }
  CHECK(host.header().max_frame == 3);
}

TEST_CASE("a torn header can not be made whole while somebody holds CKPT", "[facts][horizon]") {
  // So a host that is the only checkpointer must watch for it, and let go.
  AppSide side;
  HostSide host(side.path);
  REQUIRE(host.index.try_lock_exclusive(WalLock::checkpoint));
  auto next = side.another();
  next.hurry();
  kill_while_publishing(side.app, "INSERT INTO t VALUES(1)");
  CHECK(next.code_of("SELECT * FROM t") == SQLITE_PROTOCOL);  // after some ten seconds, if it did not hurry
  CHECK_FALSE(host.index.try_read_header().has_value());
  host.index.unlock(WalLock::checkpoint);
  CHECK(AppSide::rows(next) == "1");
}

// Method: a writer does all that touches the log behind the horizon; the bytes before it must stay.
TEST_CASE("frames that the index covers never change while a restart is forbidden", "[facts][horizon]") {
  AppSide side;
  HostSide host(side.path);
  REQUIRE(host.index.try_lock_shared(WalLock::read4));
  side.app.exec("PRAGMA cache_size=5; PRAGMA cache_spill=5");
  const std::vector<std::string> deeds = {
      insert_blobs(100, 1000),
      "BEGIN; " + insert_blobs(200, 1000) + "; ROLLBACK",
      "BEGIN; " + insert_blobs(100, 1000) + "; UPDATE t SET x=randomblob(900); COMMIT",
      "BEGIN; SAVEPOINT s; " + insert_blobs(200, 1000) + "; UPDATE t SET x=randomblob(800); ROLLBACK TO s; COMMIT",
      "DELETE FROM t WHERE rowid%2",
      "VACUUM",
      "PRAGMA wal_checkpoint(PASSIVE)",
      "PRAGMA wal_checkpoint(RESTART)",
      insert_blobs(10, 1000),
  };
  auto header = host.header();
  auto covered = committed_part(side, header);
  for (const auto& deed : deeds) {
    CAPTURE(deed);
    side.app.exec(deed);
    auto wal = side.wal_bytes();
    wal.resize(covered.size());
    CHECK(wal == covered);
    CHECK(host.header().salt == header.salt);
    CHECK(host.header().max_frame >= header.max_frame);
    header = host.header();
    covered = committed_part(side, header);
  }
  auto killed = side.another();
  killed.exec("PRAGMA cache_size=5; BEGIN; " + insert_blobs(200, 1000));
  killed.kill();
  auto wal = side.wal_bytes();
  wal.resize(covered.size());
  CHECK(wal == covered);
}

TEST_CASE("a restart changes the index before the first byte of the file", "[facts][horizon]") {
  // So salts of the index that are the same before and after a read prove that what was read is of that log.
  AppSide side;
  HostSide host(side.path);
  CHECK(host.passive_checkpoint() == "0|2|2");
  const auto before = host.header();
  const auto file = side.wal_bytes();
  side.app.pause_before("wal.write");
  side.app.start("INSERT INTO t VALUES(1)");
  side.app.wait_until_paused();
  CHECK(host.header().salt != before.salt);
  CHECK(side.wal_bytes() == file);
  side.app.go_on();
  REQUIRE(side.app.finish().code == SQLITE_OK);
}

TEST_CASE("TRUNCATE changes the index before the size of the file", "[facts][horizon]") {
  AppSide side;
  HostSide host(side.path);
  const auto before = host.header();
  const auto file = side.wal_bytes();
  side.app.pause_before("wal.truncate");
  side.app.start("PRAGMA wal_checkpoint(TRUNCATE)");
  side.app.wait_until_paused();
  CHECK(host.header().salt != before.salt);
  CHECK(host.header().max_frame == 0);
  CHECK(side.wal_bytes() == file);
  side.app.go_on();
  REQUIRE(side.app.finish().code == SQLITE_OK);
}

TEST_CASE("the first connection rebuilds the index from the log, whatever the -shm holds", "[facts][horizon]") {
  AppSide side;
  side.app.exec("INSERT INTO t VALUES(1)");
  side.app.kill();
  write_file(side.shm_path, Bytes(32768, std::byte{0x5a}));
  HostSide host(side.path);
  CHECK(host.header().max_frame == 3);
  auto next = side.another();
  CHECK(AppSide::rows(next) == "1");
}

TEST_CASE("a recovery can take commits back, with the same salts", "[facts][horizon]") {
  // As after a power cut that the end of the log did not survive.
  AppSide side;
  side.app.exec("INSERT INTO t VALUES('kept')");
  side.app.exec("INSERT INTO t VALUES('lost')");
  sqlite::IndexHeader before;
  {
    HostSide host(side.path);
    before = host.header();
  }
  side.app.kill();
  std::filesystem::resize_file(side.wal_path, std::filesystem::file_size(side.wal_path) - 1);

  HostSide host(side.path);
  CHECK(host.header().salt == before.salt);
  CHECK(host.header().max_frame == before.max_frame - 1);
  auto next = side.another();
  CHECK(AppSide::rows(next) == "kept");
  next.exec("INSERT INTO t VALUES('new')");
  CHECK(host.header().max_frame == before.max_frame);  // the same place, another frame
  CHECK(host.header().frame_checksum != before.frame_checksum);
}

TEST_CASE("committed frames can have wrong checksums, up to SQLite 3.49.1", "[facts][horizon]") {
  const bool has_fault = sqlite::library_leaves_wrong_checksums(application_sqlite());
  AppSide side;
  HostSide host(side.path);
  commit_frames_with_wrong_checksums(side.app);
  const auto header = host.header();
  const auto wal = side.wal_bytes();
  const auto wrong = wrong_frames(wal, header.max_frame);
  REQUIRE(wrong.empty() != has_fault);
  const auto rows = side.app.query("SELECT count(*), sum(length(x)) FROM t");
  if (!has_fault) {
    WARN("SQLite " << application_sqlite() << " leaves no committed frames with wrong checksums");
    CHECK(committed_by_the_file(wal) == header.max_frame);
    return;
  }

  SECTION("readers go by the index and do not mind") {
    auto reader = side.another();
    CHECK(reader.query("SELECT count(*), sum(length(x)) FROM t") == rows);
    CHECK(reader.query("PRAGMA integrity_check") == "ok");
  }
  SECTION("who goes by checksums stops before them") {
    WARN("SQLite " << application_sqlite() << " leaves committed frames with wrong checksums");
    CHECK(committed_by_the_file(wal) < wrong.front());
  }
  SECTION("their page numbers are those of the index, so they are known to be committed") {
    for (const auto frame : wrong) {
      CHECK(host.index.page_of_frame(frame) == wal::parse_frame_header(frame_at(wal, frame - 1).data()).page_number);
    }
  }
  SECTION("a checkpoint goes by the index, and heals the database") {
    CHECK(host.passive_checkpoint().starts_with("0|"));
    CHECK(host.index.backfilled_frames() == header.max_frame);
    side.app.exec("INSERT INTO t VALUES(1)");  // restarts the log
    const TempDir elsewhere;
    const auto copy = elsewhere / "copy.db";
    std::filesystem::copy_file(side.path, copy);
    std::filesystem::copy_file(side.wal_path, copy + "-wal");
    AppConnection recovered(copy);
    CHECK(recovered.query("PRAGMA integrity_check") == "ok");
    CHECK(recovered.query("SELECT count(*) FROM t") == side.app.query("SELECT count(*) FROM t"));
  }
  SECTION("a recovery stops before them, and the transaction is lost") {
    kill_while_publishing(side.app, "INSERT INTO t VALUES(1)");
    auto next = side.another();
    CHECK(next.query("SELECT count(*) FROM t") == "100");
    CHECK(host.header().max_frame < header.max_frame);
  }
}
