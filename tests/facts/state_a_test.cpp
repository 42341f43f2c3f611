// State A: somebody holds a read slot with an infinite mark. Nobody can restart the log, and nobody's work is held up.

#include <sqlite3.h>

#include <catch2/catch.hpp>

#include "support/sides.hpp"

using namespace lshost;
using namespace lshost::test;
using sqlite::kReadMarkNotUsed;
using sqlite::WalLock;

namespace {

/// The host in state A beside an application that has committed three frames.
struct StateA {
  StateA() {
    REQUIRE(host.index.try_lock_shared(WalLock::read4));
    REQUIRE(host.index.read_mark(WalLock::read4) == kReadMarkNotUsed);
    side.app.exec("INSERT INTO t VALUES(1)");
    before = host.header();
    REQUIRE(before.max_frame == 3);
  }
  void check_appended() const {
    CHECK(host.header().salt == before.salt);
    CHECK(host.header().max_frame > before.max_frame);
  }

  AppSide side;
  HostSide host{side.path};
  sqlite::IndexHeader before;
};

}  // namespace

TEST_CASE("state A: a passive or full checkpoint backfills everything", "[facts][state-a]") {
  StateA a;
  const auto mode = GENERATE(std::string("PASSIVE"), std::string("FULL"));
  CAPTURE(mode);
  CHECK(a.side.app.query("PRAGMA wal_checkpoint(" + mode + ")") == "0|3|3");
  CHECK(a.host.index.backfilled_frames() == 3);
}

TEST_CASE("state A: RESTART and TRUNCATE backfill everything, restart nothing, and say busy", "[facts][state-a]") {
  StateA a;
  const auto mode = GENERATE(std::string("RESTART"), std::string("TRUNCATE"));
  CAPTURE(mode);
  const auto wal = a.side.wal_bytes();
  CHECK(a.side.app.query("PRAGMA wal_checkpoint(" + mode + ")") == "1|3|3");
  CHECK(a.host.index.backfilled_frames() == 3);
  CHECK(a.side.wal_bytes() == wal);
  a.side.app.exec("INSERT INTO t VALUES(2)");
  a.check_appended();
}

TEST_CASE("state A: a commit after a complete backfill appends, by any connection", "[facts][state-a]") {
  StateA a;
  CHECK(a.host.passive_checkpoint() == "0|3|3");
  SECTION("the one that wrote before") { a.side.app.exec("INSERT INTO t VALUES(2)"); }
  SECTION("a new one") { a.side.another().exec("INSERT INTO t VALUES(2)"); }
  SECTION("automatic checkpoints at each commit") {
    a.side.app.exec("PRAGMA wal_autocheckpoint=1");
    for (int i = 0; i < 5; ++i) a.side.app.exec("INSERT INTO t VALUES(2)");
  }
  a.check_appended();
}

TEST_CASE("state A: readers come and go, however many marks they need", "[facts][state-a]") {
  StateA a;
  std::vector<SqliteProcess> readers;
  for (int i = 0; i < 6; ++i) {
    readers.push_back(a.side.another());
    readers.back().exec("BEGIN");
    CHECK(readers.back().query("SELECT count(*) FROM t") == std::to_string(i + 1));
    a.side.app.exec("INSERT INTO t VALUES(2)");
  }
  // Each still sees what it saw first, though only three slots are left for six marks.
  for (std::size_t i = 0; i < readers.size(); ++i) {
    CHECK(readers[i].query("SELECT count(*) FROM t") == std::to_string(i + 1));
  }
  CHECK(a.host.index.read_mark(WalLock::read4) == kReadMarkNotUsed);
}

TEST_CASE("state A: the application's last close deletes nothing", "[facts][state-a]") {
  StateA a;
  const auto wal = a.side.wal_bytes();
  a.side.app.close();
  CHECK(a.side.wal_bytes() == wal);
  CHECK(a.host.header() == a.before);
  a.side.another().exec("INSERT INTO t VALUES(2)");
  a.check_appended();
}

TEST_CASE("state A: the journal mode can not be changed", "[facts][state-a]") {
  StateA a;
  const auto result = a.side.app.run("PRAGMA journal_mode=DELETE");
  CHECK((result.code & 0xff) == SQLITE_BUSY);
  CHECK(result.message == "database is locked");
  CHECK(a.side.app.query("PRAGMA journal_mode") == "wal");
  a.side.app.exec("INSERT INTO t VALUES(2)");
  a.check_appended();
}

TEST_CASE("state A: an exclusive locking mode is refused, and can keep newcomers out until it is given up",
          "[facts][state-a]") {
  StateA a;
  auto greedy = a.side.another();
  const bool reads_first = GENERATE(false, true);
  CAPTURE(reads_first);
  if (reads_first) CHECK(AppSide::rows(greedy) == "1");
  greedy.exec("PRAGMA locking_mode=EXCLUSIVE");
  CHECK((greedy.code_of("INSERT INTO t VALUES(2)") & 0xff) == SQLITE_BUSY);
  a.side.app.exec("INSERT INTO t VALUES(3)");  // who is connected goes on
  a.check_appended();

  // With its log open already, the refused writer of an older library stays at the PENDING lock, which lets nobody
  // new in. Newer ones look for other connections before they take it.
  SqliteProcess newcomer(a.side.path);
  const int code = newcomer.code_of("SELECT * FROM t") & 0xff;
  if (reads_first) {
    WARN("SQLite " << application_sqlite() << (code == SQLITE_BUSY ? " keeps" : " does not keep") << " newcomers out");
    CHECK((code == SQLITE_BUSY || code == SQLITE_OK));
  } else {
    CHECK(code == SQLITE_OK);
  }
  greedy.close();
  CHECK(AppSide::rows(newcomer) == "1,3");
}

TEST_CASE("state A: VACUUM and a change of user_version are ordinary transactions", "[facts][state-a]") {
  StateA a;
  a.side.app.exec("DELETE FROM t");
  a.side.app.exec("VACUUM");
  a.side.app.exec("PRAGMA user_version=7");
  a.check_appended();
  CHECK(a.side.app.query("PRAGMA user_version") == "7");
}

TEST_CASE("state A: a recovery after a torn header keeps the frames, and the mark of a held slot", "[facts][state-a]") {
  StateA a;
  CHECK(a.host.passive_checkpoint() == "0|3|3");
  kill_while_publishing(a.side.app, "INSERT INTO t VALUES(2)");
  REQUIRE_FALSE(a.host.index.try_read_header().has_value());

  auto next = a.side.another();
  CHECK(AppSide::rows(next) == "1,2");  // the recovery commits what lies in the file as a whole
  CHECK(a.host.header().max_frame == 4);
  CHECK(a.host.header().salt == a.before.salt);
  CHECK(a.host.index.backfilled_frames() == 0);  // backfilled or not, it will be done again
  CHECK(a.host.index.read_mark(WalLock::read4) == kReadMarkNotUsed);
  CHECK(next.query("PRAGMA wal_checkpoint(TRUNCATE)") == "1|4|4");
}

TEST_CASE("state A: an application that is killed changes nothing in the index", "[facts][state-a]") {
  StateA a;
  a.side.app.kill();
  auto next = a.side.another();
  CHECK(AppSide::rows(next) == "1");
  CHECK(a.host.header() == a.before);  // the first to come does not rebuild it while we are connected
  CHECK(a.host.index.read_mark(WalLock::read4) == kReadMarkNotUsed);
}

TEST_CASE("a slot with a real mark holds back everybody's backfill", "[facts][state-a]") {
  // This is what a read transaction does, and why the guard needs a slot that nobody uses.
  AppSide side;
  HostSide host(side.path);
  auto reader = side.another();
  reader.exec("BEGIN; SELECT * FROM t");
  REQUIRE(host.index.try_lock_shared(WalLock::read1));
  CHECK(host.index.read_mark(WalLock::read1) == host.header().max_frame);
  reader.exec("COMMIT");
  side.app.exec("INSERT INTO t VALUES(1)");
  CHECK(side.app.query("PRAGMA wal_checkpoint(PASSIVE)") == "0|3|2");
}

TEST_CASE("leaving state A by unlocking opens the log to a restart", "[facts][state-a]") {
  StateA a;
  CHECK(a.host.passive_checkpoint() == "0|3|3");
  a.host.index.unlock(WalLock::read4);
  a.side.app.exec("INSERT INTO t VALUES(2)");
  CHECK(a.host.header().salt != a.before.salt);
  CHECK(a.host.header().max_frame == 1);
}
