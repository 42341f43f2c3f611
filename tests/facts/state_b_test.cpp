// State B: somebody holds READ0 shared. What is backfilled stays as it is, and at most one restart can happen.

#include <sqlite3.h>

#include <catch2/catch.hpp>

#include "sqlite/checkpoint.hpp"
#include "support/sides.hpp"

using namespace lshost;
using namespace lshost::test;
using sqlite::kReadMarkNotUsed;
using sqlite::WalLock;

namespace {

/// The host in state B, beside an application whose three frames are all backfilled.
struct StateB {
  StateB() {
    REQUIRE(host.index.try_lock_shared(WalLock::read4));
    side.app.exec("INSERT INTO t VALUES(1)");
    before = host.header();
    REQUIRE(host.passive_checkpoint() == "0|3|3");
    REQUIRE(host.index.try_lock_shared(WalLock::read0));
    host.index.unlock(WalLock::read4);
  }

  AppSide side;
  HostSide host{side.path};
  sqlite::IndexHeader before;
};

}  // namespace

TEST_CASE("state B: the next commit restarts the log, and the ones after it append", "[facts][state-b]") {
  StateB b;
  b.side.app.exec("INSERT INTO t VALUES(2)");
  const auto restarted = b.host.header();
  CHECK(restarted.salt != b.before.salt);
  CHECK(restarted.max_frame == 1);
  for (std::uint32_t i = 2; i < 6; ++i) {
    b.side.another().exec("INSERT INTO t VALUES(3)");
    CHECK(b.host.header().salt == restarted.salt);
    CHECK(b.host.header().max_frame == i);
  }
}

TEST_CASE("state B: after its one restart no checkpoint of any mode backfills or restarts", "[facts][state-b]") {
  StateB b;
  b.side.app.exec("INSERT INTO t VALUES(2)");
  const auto restarted = b.host.header();
  CHECK(b.side.app.query("PRAGMA wal_checkpoint(PASSIVE)") == "0|1|0");  // says nothing of its failure
  CHECK(b.side.app.query("PRAGMA wal_checkpoint(FULL)") == "1|1|0");
  CHECK(b.side.app.query("PRAGMA wal_checkpoint(RESTART)") == "1|1|0");
  CHECK(b.side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "1|1|0");
  CHECK(b.host.index.backfilled_frames() == 0);
  b.side.app.exec("INSERT INTO t VALUES(3)");
  CHECK(b.host.header().salt == restarted.salt);
}

TEST_CASE("state B: TRUNCATE by the application is the one restart, and once more on an empty log",
          "[facts][state-b]") {
  StateB b;
  CHECK(b.side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "0|0|0");
  CHECK(b.host.header().max_frame == 0);
  CHECK(b.side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "0|0|0");  // destroys nothing: there are no frames
  b.side.app.exec("INSERT INTO t VALUES(2)");
  CHECK(b.side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "1|1|0");
  CHECK(b.host.header().max_frame == 1);
}

TEST_CASE("state B: RESTART by the application only waits; the next commit is the one restart", "[facts][state-b]") {
  StateB b;
  CHECK(b.side.app.query("PRAGMA wal_checkpoint(RESTART)") == "0|3|3");
  CHECK(b.host.header() == b.before);
  b.side.app.exec("INSERT INTO t VALUES(2)");
  CHECK(b.host.header().max_frame == 1);
  CHECK(b.side.app.query("PRAGMA wal_checkpoint(RESTART)") == "1|1|0");
}

TEST_CASE("READ0, shared, freezes what is backfilled, even if not all of it is", "[facts][state-b]") {
  AppSide side;
  HostSide host(side.path);
  CHECK(host.passive_checkpoint() == "0|2|2");
  REQUIRE(host.index.try_lock_shared(WalLock::read4));
  side.app.exec("INSERT INTO t VALUES(1)");
  CHECK(host.index.backfilled_frames() == 2);
  REQUIRE(host.index.try_lock_shared(WalLock::read0));
  CHECK(side.app.query("PRAGMA wal_checkpoint(PASSIVE)") == "0|3|2");
  CHECK(host.index.backfilled_frames() == 2);
  // Nobody can restart a log of which not all is backfilled, so the guard would not be needed here.
  host.index.unlock(WalLock::read4);
  side.app.exec("INSERT INTO t VALUES(2)");
  CHECK(host.header().max_frame == 4);
  CHECK(side.app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "1|4|2");
}

TEST_CASE("READ0 can not be had while somebody backfills", "[facts][state-b]") {
  AppSide side;
  HostSide host(side.path);
  side.app.exec("INSERT INTO t VALUES(1)");
  side.app.pause_before("db.write");
  side.app.start("PRAGMA wal_checkpoint(PASSIVE)");
  side.app.wait_until_paused();
  CHECK_FALSE(host.index.try_lock_shared(WalLock::read0));
  CHECK_FALSE(host.index.try_lock_exclusive(WalLock::checkpoint));
  CHECK(host.index.try_lock_shared(WalLock::read4));  // the guard can
  side.app.go_on();
  CHECK(side.app.finish().code == SQLITE_OK);
  CHECK(host.index.try_lock_shared(WalLock::read0));
}

TEST_CASE("state B: a recovery lowers what is backfilled, so that nothing can restart", "[facts][state-b]") {
  StateB b;
  b.side.app.exec("INSERT INTO t VALUES(2)");
  kill_while_publishing(b.side.app, "INSERT INTO t VALUES(3)");
  auto next = b.side.another();
  CHECK(AppSide::rows(next) == "1,2,3");
  CHECK(b.host.index.backfilled_frames() == 0);
  CHECK(b.host.header().max_frame == 2);
  CHECK(next.query("PRAGMA wal_checkpoint(TRUNCATE)") == "1|2|0");
}

TEST_CASE("state B: the application's last close and a change of the journal mode are refused as in state A",
          "[facts][state-b]") {
  StateB b;
  CHECK((b.side.app.code_of("PRAGMA journal_mode=DELETE") & 0xff) == SQLITE_BUSY);
  b.side.app.close();
  CHECK(b.host.header() == b.before);
}

TEST_CASE("from B back to A: the guard is taken again at any moment, and has an infinite mark", "[facts][state-b]") {
  StateB b;
  b.side.app.exec("INSERT INTO t VALUES(2)");
  const auto restarted = b.host.header();
  REQUIRE(b.host.index.try_lock_shared(WalLock::read4));
  CHECK(b.host.index.read_mark(WalLock::read4) == kReadMarkNotUsed);
  REQUIRE(b.host.index.try_lock_exclusive(WalLock::checkpoint));
  b.host.index.unlock(WalLock::read0);
  b.host.index.unlock(WalLock::checkpoint);

  CHECK(b.side.app.query("PRAGMA wal_checkpoint(PASSIVE)") == "0|1|1");
  b.side.app.exec("INSERT INTO t VALUES(3)");
  CHECK(b.host.header().salt == restarted.salt);
  CHECK(b.host.header().max_frame == 2);
}

TEST_CASE("a forced window: the busy handler of RESTART is called when all is backfilled and WRITE is held",
          "[facts][state-b]") {
  AppSide side;
  HostSide locks(side.path);
  HostSide checkpoints(side.path);
  REQUIRE(locks.index.try_lock_shared(WalLock::read4));
  side.app.exec("INSERT INTO t VALUES(1)");
  const auto before = locks.header();
  int calls = 0;
  // The guard is the only thing in the way. Here nobody can commit, so the end of the log is known; swapping the
  // locks lets the checkpoint end, and the next commit restart the log.
  const auto swap_locks = [&](int) {
    ++calls;
    CHECK(locks.index.backfilled_frames() == before.max_frame);
    CHECK(side.app.code_of("INSERT INTO t VALUES(2)") == SQLITE_BUSY);
    CHECK(locks.index.try_lock_shared(WalLock::read0));
    locks.index.unlock(WalLock::read4);
    return true;
  };
  const auto result = sqlite::checkpoint(checkpoints.connection, sqlite::CheckpointMode::restart, swap_locks);
  CHECK(calls == 1);
  CHECK_FALSE(result.busy);
  side.app.exec("INSERT INTO t VALUES(3)");
  CHECK(locks.header().salt != before.salt);
  CHECK(locks.header().max_frame == 1);
}
