// When the log begins again, when it is deleted, and what its salts tell.

#include <sqlite3.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <utility>

#include "support/sides.hpp"
#include "support/wal_builder.hpp"

using namespace lshost;
using namespace lshost::test;

namespace {

wal::Header header_of(ByteSpan wal) {
  const auto header = wal::parse_header(wal);
  REQUIRE(header.has_value());
  return *header;
}

}  // namespace

TEST_CASE("a complete checkpoint does not touch the log; the next commit restarts it in place", "[facts][log]") {
  AppSide side;
  side.app.exec(insert_blobs(10, 4000));
  const auto before = side.wal_bytes();
  for (const std::string mode : {"PASSIVE", "FULL", "RESTART"}) {
    CAPTURE(mode);
    const auto result = side.app.query("PRAGMA wal_checkpoint(" + mode + ")");
    CHECK(result == "0|" + std::to_string(frame_count(before)) + "|" + std::to_string(frame_count(before)));
    CHECK(side.wal_bytes() == before);
  }

  side.app.exec("INSERT INTO t VALUES(1)");
  const auto after = side.wal_bytes();
  CHECK(header_of(after).salt.first == header_of(before).salt.first + 1);
  CHECK(header_of(after).salt.second != header_of(before).salt.second);
  REQUIRE(after.size() == before.size());  // nothing is truncated: the old frames stay behind the new one
  const auto old_tail = ByteSpan(before).subspan(wal::frames_end(1, 4096));
  const auto new_tail = ByteSpan(after).subspan(wal::frames_end(1, 4096));
  CHECK(std::equal(old_tail.begin(), old_tail.end(), new_tail.begin(), new_tail.end()));
}

TEST_CASE("an incomplete checkpoint lets the next commit append", "[facts][log]") {
  AppSide side;
  auto reader = side.another();
  reader.exec("BEGIN; SELECT * FROM t");
  side.app.exec("INSERT INTO t VALUES(1)");
  const auto salt = header_of(side.wal_bytes()).salt;
  CHECK(side.app.query("PRAGMA wal_checkpoint(PASSIVE)") == "0|3|2");  // no further than the reader's mark
  side.app.exec("INSERT INTO t VALUES(2)");
  CHECK(header_of(side.wal_bytes()).salt == salt);
  CHECK(side.app.query("PRAGMA wal_checkpoint(PASSIVE)") == "0|4|2");
}

TEST_CASE("a reader that began when all was backfilled permits one restart, and then stops all backfill",
          "[facts][log]") {
  AppSide side;
  CHECK(side.app.query("PRAGMA wal_checkpoint(PASSIVE)") == "0|2|2");
  auto reader = side.another();
  reader.exec("BEGIN; SELECT * FROM t");  // it has READ0
  const auto before = header_of(side.wal_bytes()).salt;

  side.app.exec("INSERT INTO t VALUES(1)");
  const auto restarted = header_of(side.wal_bytes()).salt;
  CHECK(restarted != before);
  CHECK(side.app.query("PRAGMA wal_checkpoint(PASSIVE)") == "0|1|0");
  side.app.exec("INSERT INTO t VALUES(2)");
  CHECK(header_of(side.wal_bytes()).salt == restarted);
  CHECK(side.app.query("PRAGMA wal_checkpoint(TRUNCATE)").starts_with("1|"));
  CHECK(AppSide::rows(reader).empty());

  reader.exec("COMMIT");
  CHECK(side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "0|0|0");
}

TEST_CASE("TRUNCATE leaves a log of no bytes and an index of no frames", "[facts][log]") {
  AppSide side;
  HostSide host(side.path);
  CHECK(side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "0|0|0");
  CHECK(side.wal_bytes().empty());
  CHECK(host.header().max_frame == 0);
}

TEST_CASE("the first frame of an empty log may get salts that follow from nothing", "[facts][log]") {
  // A connection that has never checkpointed makes both salts at random when it writes the first frame, so neither
  // "salt-1 is one more" nor the checkpoint sequence proves that a log follows on another.
  AppSide side;
  HostSide host(side.path);
  const auto before = header_of(side.wal_bytes());
  CHECK(side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "0|0|0");
  CHECK(host.header().salt.first == before.salt.first + 1);

  auto fresh = side.another();
  fresh.exec("INSERT INTO t VALUES(1)");
  const auto after = header_of(side.wal_bytes());
  CHECK(after.salt.first != before.salt.first + 1);
  CHECK(host.header().salt == after.salt);
}

TEST_CASE("the checkpoint sequence in the log's header counts for one connection only", "[facts][log]") {
  AppSide side;
  const auto restart_by = [&](SqliteProcess& process) {
    process.exec("PRAGMA wal_checkpoint(RESTART)");
    process.exec("INSERT INTO t VALUES(1)");
    return header_of(side.wal_bytes()).checkpoint_sequence;
  };
  auto other = side.another();
  const auto first = restart_by(side.app);
  CHECK(restart_by(side.app) == first + 1);
  CHECK(restart_by(other) <= first + 1);  // not one more than the log before
}

TEST_CASE("a writer that restarts and dies leaves salts in the index that the file does not have", "[facts][log]") {
  AppSide side;
  HostSide host(side.path);
  side.app.exec("INSERT INTO t VALUES(1)");
  side.app.exec("PRAGMA wal_checkpoint(PASSIVE)");
  const auto before = host.header();
  const auto file_before = side.wal_bytes();

  side.app.pause_before("wal.write");
  side.app.start("INSERT INTO t VALUES(2)");
  side.app.wait_until_paused();
  CHECK(host.header().max_frame == 0);
  CHECK(host.header().salt != before.salt);
  CHECK(side.wal_bytes() == file_before);  // the index comes first, the bytes of the file later
  side.app.kill();

  CHECK(host.header().max_frame == 0);
  CHECK(header_of(side.wal_bytes()).salt == before.salt);
  auto next = side.another();
  CHECK(AppSide::rows(next) == "1");
  next.exec("INSERT INTO t VALUES(3)");
  CHECK(header_of(side.wal_bytes()).salt == host.header().salt);
  CHECK(AppSide::rows(next) == "1,3");
}

TEST_CASE("the change counter of the index grows with each commit and does not fall at a restart", "[facts][log]") {
  AppSide side;
  HostSide host(side.path);
  auto last = host.index.glance().change_counter;
  const auto grew_by = [&] {
    const auto now = host.index.glance().change_counter;
    return now - std::exchange(last, now);
  };
  side.app.exec("INSERT INTO t VALUES(1)");
  CHECK(grew_by() == 1);
  side.app.exec("BEGIN; INSERT INTO t VALUES(2); INSERT INTO t VALUES(3); COMMIT");
  CHECK(grew_by() == 1);
  side.app.exec("PRAGMA wal_checkpoint(RESTART)");
  side.app.exec("INSERT INTO t VALUES(4)");
  CHECK(grew_by() == 1);
}

TEST_CASE("the last connection to close checkpoints and deletes the log", "[facts][log]") {
  AppSide side;
  side.app.exec("INSERT INTO t VALUES('kept')");
  SECTION("nobody else is connected") {
    side.app.close();
    CHECK_FALSE(std::filesystem::exists(side.wal_path));
    CHECK_FALSE(std::filesystem::exists(side.shm_path));
  }
  SECTION("a connection that has read keeps both files, with the frames") {
    HostSide host(side.path);
    const auto wal = side.wal_bytes();
    side.app.close();
    CHECK(side.wal_bytes() == wal);
    CHECK(host.header().max_frame == 3);
    CHECK(host.index.backfilled_frames() == 0);
  }
  SECTION("closing without a checkpoint, as the host does, leaves both files") {
    const auto wal = side.wal_bytes();
    {
      HostSide host(side.path);
      side.app.close();
    }
    CHECK(side.wal_bytes() == wal);
    CHECK(std::filesystem::exists(side.shm_path));
    HostSide next_start(side.path);
    CHECK(next_start.header().max_frame == 3);
    CHECK(next_start.header().salt == header_of(wal).salt);
  }
}

TEST_CASE("SQLITE_FCNTL_PERSIST_WAL keeps the file of the log beyond the last close", "[facts][log]") {
  AppSide side;
  side.app.close();
  {
    AppConnection last(side.path);
    last.exec("INSERT INTO t VALUES(2)");
    int on = 1;
    REQUIRE(sqlite3_file_control(last.handle(), "main", SQLITE_FCNTL_PERSIST_WAL, &on) == SQLITE_OK);
  }
  CHECK(std::filesystem::exists(side.wal_path));
}

TEST_CASE("the page size of a database in WAL mode can not change", "[facts][log]") {
  AppSide side;
  side.app.exec("PRAGMA page_size=8192");
  side.app.exec("VACUUM");
  CHECK(side.app.query("PRAGMA page_size") == "4096");
}

TEST_CASE("the page at byte 0x40000000 is never in the log", "[facts][log]") {
  // It would take a gigabyte to get there; a sparse file that claims to have grown so far does it as well.
  constexpr std::uint32_t kPageSize = 65536;
  constexpr std::uint32_t kLockPage = 0x40000000 / kPageSize + 1;
  const TempDir folder;
  const auto path = folder / "app.db";
  {
    SqliteProcess app(path);
    app.exec("PRAGMA page_size=65536; CREATE TABLE t(x)");
    app.close();
    auto bytes = file_bytes(path);
    wal::store32(bytes.data() + 28, kLockPage - 1);  // pages in the file
    write_file(path, bytes);
    std::filesystem::resize_file(path, std::uint64_t{kLockPage - 1} * kPageSize);
  }
  SqliteProcess app(path);
  app.exec("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0");
  app.exec("INSERT INTO t VALUES(randomblob(300000))");
  const auto wal = file_bytes(path + "-wal");
  std::uint32_t highest = 0;
  bool has_lock_page = false;
  for (std::uint64_t i = 0; i < frame_count(wal); ++i) {
    const auto page = wal::parse_frame_header(frame_at(wal, i).data()).page_number;
    highest = std::max(highest, page);
    has_lock_page = has_lock_page || page == kLockPage;
  }
  CHECK(highest > kLockPage);
  CHECK_FALSE(has_lock_page);
}
