// What a checkpoint waits for, what it holds while it waits, and what it says.

#include <sqlite3.h>

#include <catch2/catch.hpp>

#include "sqlite/checkpoint.hpp"
#include "support/file_locks.hpp"
#include "support/sides.hpp"

using namespace lshost;
using namespace lshost::test;
using sqlite::WalLock;

TEST_CASE("a connection that has not read yet checkpoints nothing, and says that all is well", "[facts][checkpoint]") {
  AppSide side;
  HostSide host(side.path);
  AppConnection fresh(side.path);
  int log = 0;
  int moved = 0;
  CHECK(sqlite3_wal_checkpoint_v2(fresh.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, &log, &moved) == SQLITE_OK);
  if (log == -1) {
    CHECK(host.index.backfilled_frames() == 0);
  } else {
    WARN("SQLite " << sqlite3_libversion() << " opens the log for a checkpoint by itself");
    CHECK(host.index.backfilled_frames() == 2);
  }
  (void)fresh.query("PRAGMA user_version");
  CHECK(sqlite3_wal_checkpoint_v2(fresh.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, &log, &moved) == SQLITE_OK);
  CHECK(moved == 2);
}

TEST_CASE("the CKPT lock is taken without the busy handler", "[facts][checkpoint]") {
  AppSide side;
  HostSide host(side.path);
  REQUIRE(host.index.try_lock_exclusive(WalLock::checkpoint));
  AppConnection other(side.path);
  (void)other.query("PRAGMA user_version");
  int calls = 0;
  const auto count = [](void* context, int) { return ++*static_cast<int*>(context) < 5 ? 1 : 0; };
  (void)sqlite3_busy_handler(other.handle(), count, &calls);
  for (const int mode :
       {SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_FULL, SQLITE_CHECKPOINT_RESTART, SQLITE_CHECKPOINT_TRUNCATE}) {
    CHECK(sqlite3_wal_checkpoint_v2(other.handle(), "main", mode, nullptr, nullptr) == SQLITE_BUSY);
  }
  CHECK(calls == 0);
}

TEST_CASE("TRUNCATE that waits for the guard holds the write lock all the while", "[facts][checkpoint]") {
  AppSide side;
  HostSide host(side.path);
  REQUIRE(host.index.try_lock_shared(WalLock::read4));
  AppConnection truncating(side.path);
  auto writer = side.another();
  (void)truncating.query("PRAGMA user_version");
  struct Waiting {
    SqliteProcess& writer;
    std::vector<int> codes;
  } waiting{writer, {}};
  const auto try_to_write = [](void* context, int) {
    auto& it = *static_cast<Waiting*>(context);
    it.codes.push_back(it.writer.code_of("INSERT INTO t VALUES(1)"));
    return it.codes.size() < 3 ? 1 : 0;
  };
  (void)sqlite3_busy_handler(truncating.handle(), try_to_write, &waiting);
  const auto truncate = [&] {
    return sqlite3_wal_checkpoint_v2(truncating.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  };
  CHECK(truncate() == SQLITE_BUSY);
  CHECK(waiting.codes == std::vector<int>(3, SQLITE_BUSY));

  // A host that holds CKPT as well spares the application that: it fails at once and holds nothing.
  waiting.codes.clear();
  REQUIRE(host.index.try_lock_exclusive(WalLock::checkpoint));
  CHECK(truncate() == SQLITE_BUSY);
  CHECK(waiting.codes.empty());
  CHECK(writer.code_of("INSERT INTO t VALUES(1)") == SQLITE_OK);
}

TEST_CASE("a checkpoint that can not have the write lock becomes a passive one, and says busy", "[facts][checkpoint]") {
  AppSide side;
  HostSide host(side.path);
  auto writer = side.another();
  writer.exec("BEGIN IMMEDIATE");
  const auto mode = GENERATE(std::string("FULL"), std::string("RESTART"), std::string("TRUNCATE"));
  CAPTURE(mode);
  CHECK(side.app.query("PRAGMA wal_checkpoint(" + mode + ")") == "1|2|2");
  CHECK(host.index.backfilled_frames() == 2);
  writer.exec("INSERT INTO t VALUES(1); COMMIT");
  CHECK(host.header().max_frame == 3);  // it began before the backfill was complete, so it appended
  side.app.exec("INSERT INTO t VALUES(2)");
  CHECK(host.header().max_frame == 4);
}

TEST_CASE("a passive checkpoint needs no write lock and does not disturb a writer", "[facts][checkpoint]") {
  AppSide side;
  HostSide host(side.path);
  auto writer = side.another();
  writer.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES(1)");
  CHECK(host.passive_checkpoint() == "0|2|2");
  CHECK(writer.code_of("COMMIT") == SQLITE_OK);
  // It began when not all was backfilled, so it appended.
  CHECK(host.header().max_frame == 3);
}

TEST_CASE("a reader with an old mark can be found by its lock", "[facts][checkpoint]") {
  AppSide side;
  auto reader = side.another();
  reader.exec("BEGIN; SELECT * FROM t");
  side.app.exec("INSERT INTO t VALUES(1)");
  CHECK(side.app.query("PRAGMA wal_checkpoint(RESTART)") == "1|3|2");
  bool found = false;
  for (const auto& lock : locks_on(side.shm_path)) {
    const bool covers_a_read_slot = lock.first_byte <= 127 && lock.last_byte >= 123;
    if (covers_a_read_slot) found = found || lock.pid == reader.pid();
  }
  CHECK(found);
}

TEST_CASE("taking an exclusive lock twice in one connection succeeds in some versions and is busy in others",
          "[facts][checkpoint]") {
  AppSide side;
  HostSide host(side.path);
  REQUIRE(host.index.try_lock_exclusive(WalLock::checkpoint));
  sqlite3_file* file = nullptr;
  REQUIRE(sqlite3_file_control(host.connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK);
  const int again = file->pMethods->xShmLock(file, 1, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);
  WARN("SQLite " << sqlite3_libversion() << ": CKPT taken twice: " << (again == SQLITE_OK ? "succeeds" : "is busy"));
  CHECK((again == SQLITE_OK || again == SQLITE_BUSY));
  // However it answered, one unlock is enough: nothing is counted.
  host.index.unlock(WalLock::checkpoint);
  CHECK(side.app.query("PRAGMA wal_checkpoint(PASSIVE)") == "0|2|2");
}
