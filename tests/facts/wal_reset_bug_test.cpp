// The WAL-reset bug of SQLite 3.7.0 to 3.51.2, and what prevents it.
//
// A checkpointer takes the CKPT lock and copies the header of the wal-index. Before it uses the copy, a writer
// restarts the log. The checkpointer then notes as backfilled what was never written; later those frames are lost.

#include <sqlite3.h>

#include <catch2/catch.hpp>

#include "support/sides.hpp"

using namespace lshost;
using namespace lshost::test;
using sqlite::WalLock;

namespace {

constexpr std::uint32_t kOldRows = 200;  // each in a page of its own

/// A log that is backfilled as a whole, and a checkpointer that does not know yet.
struct Stage {
  Stage() : checkpointer(side.another()) {
    REQUIRE(AppSide::rows(checkpointer).empty());
    side.app.exec(insert_blobs(kOldRows, 3500));
    REQUIRE(side.app.query("PRAGMA wal_checkpoint(PASSIVE)").starts_with("0|"));
    old_frames = host.header().max_frame;
    REQUIRE(host.index.backfilled_frames() == old_frames);
  }

  /// The checkpointer holds CKPT and has the header of now in its hands.
  void pause_checkpointer() {
    checkpointer.pause_before("db.unfetch");
    checkpointer.start("PRAGMA wal_checkpoint(PASSIVE)");
    checkpointer.wait_until_paused();
  }
  void finish_checkpointer() {
    checkpointer.go_on();
    REQUIRE(checkpointer.finish().code == SQLITE_OK);
  }
  [[nodiscard]] bool index_is_damaged() const { return host.index.backfilled_frames() > host.header().max_frame; }

  AppSide side;
  HostSide host{side.path};
  SqliteProcess checkpointer;
  std::uint32_t old_frames = 0;
};

bool this_library_has_it() { return sqlite::library_has_wal_reset_bug(application_sqlite()); }

}  // namespace

TEST_CASE("the WAL-reset bug: without a guard, a library that has it loses commits", "[facts][wal-reset]") {
  WARN("SQLite " << application_sqlite() << (this_library_has_it() ? " has" : " has not") << " the WAL-reset bug");
  Stage stage;
  stage.pause_checkpointer();
  stage.side.app.exec("INSERT INTO t VALUES('new')");  // restarts the log
  REQUIRE(stage.host.header().max_frame < stage.old_frames);
  stage.finish_checkpointer();
  CHECK(stage.index_is_damaged() == this_library_has_it());
  if (!this_library_has_it()) return;

  // The new log grows beyond what is noted, is "backfilled", and begins again: its first frames are gone.
  stage.side.app.exec(insert_blobs(static_cast<int>(stage.old_frames) + 100, 3500));
  REQUIRE(stage.side.app.query("PRAGMA wal_checkpoint(PASSIVE)").starts_with("0|"));
  stage.side.app.exec("INSERT INTO t VALUES('newer')");
  REQUIRE(stage.host.header().max_frame == 1);
  const auto committed = kOldRows + 1 + stage.old_frames + 100 + 1;
  auto fresh = stage.side.another();
  const auto found = fresh.run("SELECT count(*) FROM t");
  const bool is_whole = found.code == SQLITE_OK && found.rows.front().front() == std::to_string(committed);
  CHECK_FALSE(is_whole);
}

TEST_CASE("the WAL-reset bug: in state A it can not happen", "[facts][wal-reset]") {
  Stage stage;
  REQUIRE(stage.host.index.try_lock_shared(WalLock::read4));
  stage.pause_checkpointer();
  stage.side.app.exec("INSERT INTO t VALUES('new')");
  CHECK(stage.host.header().max_frame == stage.old_frames + 1);  // no restart
  stage.finish_checkpointer();
  CHECK_FALSE(stage.index_is_damaged());
  CHECK(stage.side.another().query("PRAGMA integrity_check") == "ok");
}

TEST_CASE("the WAL-reset bug: state B with the CKPT rule waits until no checkpointer has an old header",
          "[facts][wal-reset]") {
  Stage stage;
  auto& index = stage.host.index;
  REQUIRE(index.try_lock_shared(WalLock::read4));
  stage.pause_checkpointer();
  REQUIRE(index.try_lock_shared(WalLock::read0));
  index.unlock(WalLock::read4);
  stage.side.app.exec("INSERT INTO t VALUES('new')");
  REQUIRE(stage.host.header().max_frame < stage.old_frames);

  REQUIRE(index.try_lock_shared(WalLock::read4));
  CHECK_FALSE(index.try_lock_exclusive(WalLock::checkpoint));  // so READ0 is kept
  stage.finish_checkpointer();                                 // it can not have READ0, and notes nothing
  CHECK(index.backfilled_frames() == 0);
  REQUIRE(index.try_lock_exclusive(WalLock::checkpoint));
  index.unlock(WalLock::read0);
  index.unlock(WalLock::checkpoint);
  CHECK(stage.side.app.query("PRAGMA wal_checkpoint(PASSIVE)").starts_with("0|"));
  CHECK_FALSE(stage.index_is_damaged());
  CHECK(stage.side.another().query("PRAGMA integrity_check") == "ok");
}

TEST_CASE("the WAL-reset bug: state B without the CKPT rule would let it happen", "[facts][wal-reset]") {
  Stage stage;
  auto& index = stage.host.index;
  stage.pause_checkpointer();
  REQUIRE(index.try_lock_shared(WalLock::read0));
  stage.side.app.exec("INSERT INTO t VALUES('new')");
  REQUIRE(index.try_lock_shared(WalLock::read4));
  index.unlock(WalLock::read0);
  stage.finish_checkpointer();
  CHECK(stage.index_is_damaged() == this_library_has_it());
}
