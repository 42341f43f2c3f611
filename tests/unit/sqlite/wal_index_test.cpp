#include "sqlite/wal_index.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "base/error.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/wal_reader.hpp"
#include "support/file_locks.hpp"
#include "support/sides.hpp"
#include "support/wal_builder.hpp"

using namespace lshost;
using namespace lshost::sqlite;
using namespace lshost::test;

namespace {

Connection opened(const std::string& path) {
  auto connection = Connection::open(path);
  connection.read_once();
  return connection;
}

/// The checks of every header against the log beside it, where nothing but commits lies.
void check_header_against_log(const IndexHeader& header, ByteSpan wal) {
  WalReader reader(wal);
  std::uint64_t end = wal::kHeaderSize;
  std::uint32_t pages = 0;
  while (const auto transaction = reader.next()) {
    end = transaction->offset + transaction->size;
    pages = transaction->db_size_pages;
  }
  CHECK(header.page_size == reader.header().page_size);
  CHECK(header.salt == reader.header().salt);
  CHECK(header.db_size_pages == pages);
  CHECK(wal::frames_end(header.max_frame, header.page_size) == end);
  const auto last = wal::parse_frame_header(frame_at(wal, header.max_frame - 1).data());
  CHECK(header.frame_checksum == last.checksum);
}

}  // namespace

TEST_CASE("WalIndex: the header says what a second process committed", "[sqlite]") {
  const auto page_size = GENERATE(512U, 4096U, 32768U, 65536U);
  CAPTURE(page_size);
  AppSide side(page_size);
  HostSide host(side.path);

  const auto created = host.header();
  CHECK(created.max_frame > 0);
  check_header_against_log(created, side.wal_bytes());

  side.app.exec("INSERT INTO t VALUES(randomblob(300000))");
  const auto inserted = host.header();
  CHECK(inserted.max_frame > created.max_frame);
  CHECK(inserted.salt == created.salt);
  CHECK(std::to_string(inserted.db_size_pages) == side.app.query("PRAGMA page_count"));
  check_header_against_log(inserted, side.wal_bytes());
}

TEST_CASE("WalIndex: a restart changes the salt, and the frames begin again", "[sqlite]") {
  AppSide side;
  HostSide host(side.path);
  side.app.exec("INSERT INTO t VALUES(randomblob(50000))");
  const auto before = host.header();
  CHECK(host.index.backfilled_frames() == 0);

  CHECK(side.app.query("PRAGMA wal_checkpoint(PASSIVE)").starts_with("0|"));
  CHECK(host.index.backfilled_frames() == before.max_frame);
  CHECK(host.header() == before);

  side.app.exec("INSERT INTO t VALUES(1)");
  const auto after = host.header();
  CHECK(after.salt != before.salt);
  CHECK(after.max_frame < before.max_frame);
  CHECK(host.index.backfilled_frames() == 0);
  check_header_against_log(after, side.wal_bytes());

  CHECK(side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "0|0|0");
  CHECK(host.header().max_frame == 0);
}

TEST_CASE("WalIndex: spilled and rolled-back frames are in the file and not in the header", "[sqlite]") {
  AppSide side;
  HostSide host(side.path);
  const auto before = host.header();
  const auto size_before = std::filesystem::file_size(side.wal_path);
  side.app.exec("PRAGMA cache_size=5; BEGIN");
  side.app.exec(insert_blobs(200, 1000));
  CHECK(std::filesystem::file_size(side.wal_path) > size_before);
  CHECK(host.header() == before);
  side.app.exec("ROLLBACK");
  CHECK(host.header() == before);
}

TEST_CASE("WalIndex: a commit that was written and synced but not published is not in the header", "[sqlite]") {
  AppSide side;
  HostSide host(side.path);
  const auto before = host.header();
  side.app.exec("PRAGMA synchronous=FULL");
  side.app.pause_before("wal.sync");
  side.app.start("INSERT INTO t VALUES(1)");
  side.app.wait_until_paused();
  CHECK(host.header() == before);
  side.app.go_on();
  REQUIRE(side.app.finish().code == SQLITE_OK);
  CHECK(host.header().max_frame == before.max_frame + 1);
}

TEST_CASE("WalIndex: a header that is being written is not given, a glance at it is", "[sqlite]") {
  AppSide side;
  HostSide host(side.path);
  const auto before = host.header();
  const auto seen = host.index.glance();
  CHECK(seen.max_frame == before.max_frame);
  CHECK(seen.salt == before.salt);

  // Between its two copies the writer has a barrier.
  side.app.pause_before("wal.write");
  side.app.start("INSERT INTO t VALUES(1)");
  side.app.wait_until_paused();
  side.app.pause_before("shm.barrier");
  side.app.go_on();
  side.app.wait_until_paused();
  CHECK_FALSE(host.index.try_read_header().has_value());
  CHECK(host.index.glance() == seen);

  SECTION("the writer goes on") {
    side.app.go_on();
    REQUIRE(side.app.finish().code == SQLITE_OK);
  }
  SECTION("the writer dies, and a read of ours recovers") {
    side.app.kill();
    CHECK_FALSE(host.index.try_read_header().has_value());
    host.connection.read_once();
  }
  CHECK(host.header().max_frame == before.max_frame + 1);
  CHECK(host.index.glance() != seen);
}

// Goal: the layout of all regions, of which the first has less room.
// Method: more frames than three regions hold, each compared with the frame's own header in the log.
TEST_CASE("WalIndex: knows the page number of every frame, in every region", "[sqlite]") {
  AppSide side(512);
  side.app.exec("PRAGMA cache_size=100");
  side.app.exec(insert_blobs(14000, 450));
  HostSide host(side.path);
  const auto frames = host.header().max_frame;
  REQUIRE(frames > 4062 + 2 * 4096);

  const auto wal = side.wal_bytes();
  std::size_t wrong = 0;
  for (std::uint32_t frame = 1; frame <= frames; ++frame) {
    const auto in_log = wal::parse_frame_header(frame_at(wal, frame - 1).data()).page_number;
    if (host.index.page_of_frame(frame) != in_log) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("WalIndex: maps regions that were made after it", "[sqlite]") {
  AppSide side(512);
  HostSide host(side.path);
  CHECK_THROWS_AS(host.index.page_of_frame(10'000), Error);  // that region is not there yet
  side.app.exec(insert_blobs(14000, 450));
  const auto wal = side.wal_bytes();
  CHECK(host.index.page_of_frame(10'000) == wal::parse_frame_header(frame_at(wal, 9'999).data()).page_number);
}

TEST_CASE("WalIndex: locks exclude other processes as SQLite's own do", "[sqlite]") {
  AppSide side;
  HostSide host(side.path);
  HostSide other(side.path);
  SECTION("WRITE: nobody commits") {
    REQUIRE(host.index.try_lock_exclusive(WalLock::write));
    CHECK(side.app.code_of("INSERT INTO t VALUES(1)") == SQLITE_BUSY);
    host.index.unlock(WalLock::write);
    CHECK(side.app.code_of("INSERT INTO t VALUES(1)") == SQLITE_OK);
  }
  SECTION("WRITE: held by a writer") {
    side.app.exec("BEGIN IMMEDIATE");
    CHECK_FALSE(host.index.try_lock_exclusive(WalLock::write));
    CHECK_FALSE(host.index.holds(WalLock::write));
    side.app.exec("ROLLBACK");
    CHECK(host.index.try_lock_exclusive(WalLock::write));
    CHECK(host.index.holds(WalLock::write));
  }
  SECTION("CKPT: nobody checkpoints") {
    REQUIRE(host.index.try_lock_exclusive(WalLock::checkpoint));
    CHECK(side.app.query("PRAGMA wal_checkpoint(PASSIVE)").starts_with("1|"));
    host.index.unlock(WalLock::checkpoint);
    CHECK(side.app.query("PRAGMA wal_checkpoint(PASSIVE)").starts_with("0|"));
  }
  SECTION("READ4, shared: nobody restarts") {
    REQUIRE(host.index.try_lock_shared(WalLock::read4));
    CHECK(host.index.read_mark(WalLock::read4) == kReadMarkNotUsed);
    CHECK(side.app.query("PRAGMA wal_checkpoint(TRUNCATE)").starts_with("1|"));
    host.index.unlock(WalLock::read4);
    CHECK(side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "0|0|0");
  }
  SECTION("two connections of this process exclude each other, too") {
    REQUIRE(host.index.try_lock_shared(WalLock::read0));
    CHECK(other.index.try_lock_shared(WalLock::read0));
    CHECK(other.index.try_lock_exclusive(WalLock::checkpoint));
    CHECK_FALSE(host.index.try_lock_exclusive(WalLock::checkpoint));
    host.index.unlock(WalLock::read0);
    CHECK_FALSE(host.index.try_lock_exclusive(WalLock::read0));
    other.index.unlock(WalLock::read0);
    CHECK(host.index.try_lock_exclusive(WalLock::read0));
  }
}

TEST_CASE("WalIndex: each lock is the byte that SQLite's documentation says", "[sqlite]") {
  AppSide side;
  HostSide host(side.path);
  const auto shm = side.shm_path;
  for (int number = 0; number < 8; ++number) {
    CAPTURE(number);
    const auto lock = static_cast<WalLock>(number);
    const bool exclusive = lock < WalLock::read0;
    REQUIRE((exclusive ? host.index.try_lock_exclusive(lock) : host.index.try_lock_shared(lock)));
    bool found = false;
    for (const auto& held : locks_on(shm)) {  // the kernel joins neighbours, so a lock may cover more than our byte
      const auto byte = static_cast<std::uint64_t>(120 + number);
      if (held.pid != ::getpid() || byte < held.first_byte || byte > held.last_byte) continue;
      found = true;
      CHECK(held.exclusive == exclusive);
    }
    CHECK(found);
    host.index.unlock(lock);
    CHECK(lock_count(shm, ::getpid()) == 1);  // the one of the open file itself, byte 128
  }
}

TEST_CASE("WalIndex: its locks end with it", "[sqlite]") {
  AppSide side;
  auto connection = opened(side.path);
  {
    WalIndex index(connection.handle());
    REQUIRE(index.try_lock_shared(WalLock::read4));
    REQUIRE(index.try_lock_exclusive(WalLock::checkpoint));
    CHECK(side.app.query("PRAGMA wal_checkpoint(PASSIVE)").starts_with("1|"));
  }
  CHECK(side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "0|0|0");
}

TEST_CASE("WalIndex: read marks are those of the readers", "[sqlite]") {
  AppSide side;
  HostSide host(side.path);
  const auto frames = host.header().max_frame;
  CHECK(host.index.read_mark(WalLock::read0) == 0);
  SqliteProcess reader(side.path);
  reader.exec("BEGIN; SELECT * FROM t");
  CHECK(host.index.read_mark(WalLock::read1) == frames);
  side.app.exec("INSERT INTO t VALUES(1)");
  SqliteProcess second(side.path);
  second.exec("BEGIN; SELECT * FROM t");
  CHECK(host.index.read_mark(WalLock::read2) == frames + 1);
}

TEST_CASE("WalIndex: a connection without an open log is refused, and gets no -shm", "[sqlite]") {
  const TempDir folder;
  const auto path = folder / "app.db";
  {
    AppConnection app(path);
    app.exec("CREATE TABLE t(x)");
  }
  const auto is_refused = [](sqlite3* db) {
    try {
      const WalIndex index(db);
      return false;
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::transient);
      return true;
    }
  };
  auto connection = opened(path);
  CHECK(is_refused(connection.handle()));
  CHECK_FALSE(std::filesystem::exists(path + "-shm"));

  AppConnection app(path);
  app.exec("PRAGMA journal_mode=WAL; INSERT INTO t VALUES(1)");
  CHECK(is_refused(connection.handle()));  // it has not read since
  connection.read_once();
  CHECK_FALSE(is_refused(connection.handle()));
}

TEST_CASE("WalIndex: a database without shared memory is unsupported", "[sqlite]") {
  AppConnection memory(":memory:");
  try {
    const WalIndex index(memory.handle());
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::unsupported);
  }
}

// Goal: whatever the moment, a header that is given is one that a commit left; and reading needs no lock of ours.
// Method: two threads read as fast as they can while a process commits one frame a time; the number of frames,
// the salt and the checksum must never contradict each other. Built with TSan this also shows the absence of races.
TEST_CASE("WalIndex: headers read while a writer works are never mixed", "[sqlite]") {
  AppSide side;
  side.app.exec("PRAGMA synchronous=OFF; CREATE TABLE c(n INTEGER); INSERT INTO c VALUES(0)");
  HostSide host(side.path);
  const auto first = host.header();

  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> backwards = 0;
  std::atomic<std::uint64_t> reads = 0;
  const auto read = [&] {
    std::uint32_t last = first.max_frame;
    while (!stop) {
      (void)host.index.glance();
      (void)host.index.backfilled_frames();
      const auto header = host.index.try_read_header();
      if (!header) continue;
      if (header->max_frame < last || header->salt != first.salt) ++backwards;
      last = header->max_frame;
      ++reads;
    }
  };
  std::thread one(read);
  std::thread two(read);
  for (int i = 0; i < 500; ++i) side.app.exec("UPDATE c SET n=n+1");
  stop = true;
  one.join();
  two.join();
  CHECK(reads > 0);
  CHECK(backwards == 0);
  CHECK(host.header().max_frame == first.max_frame + 500);
  check_header_against_log(host.header(), side.wal_bytes());
}
