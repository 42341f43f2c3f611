// Known bugs of SQLite, with applications that have them and a host beside them: nobody runs into them while the host
// is attached, and nothing that they do gets into a replica. The same interleavings without a host: tests/facts.
//
// Whether the application's library has a bug is asked of the library (LSHOST_TEST_APPLICATION_SQLITE chooses it); what
// is claimed here holds with every library.

#include <catch2/catch.hpp>
#include <filesystem>

#include "sqlite/connection.hpp"
#include "support/app_database.hpp"
#include "support/sides.hpp"
#include "support/world.hpp"

using namespace lshost;
using namespace lshost::test;
using sqlite::WalLock;

namespace {

/// A database of one table with a host that replicates it; the host may be alone in checkpointing, or not.
struct Stage {
  explicit Stage(const std::string& more) {
    app.exec("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE t(x)");
    world.configure({{.path = world.db(), .replicas = {{.path = world.replica()}}, .more = more}});
    host.emplace(world.config());
    wait_for("the host", [&] { return !generations_of(world.replica()).empty(); });
  }

  [[nodiscard]] std::int64_t rows() { return std::stoll(app.query("SELECT count(*) FROM t")); }

  /// The database is whole for a newcomer, and the replica is the database.
  void check_nothing_lost(std::int64_t expected_rows) {
    {
      SqliteProcess fresh(world.db());
      CHECK(fresh.query("PRAGMA integrity_check") == "ok");
      CHECK(fresh.query("SELECT count(*) FROM t") == std::to_string(expected_rows));
    }
    app.close();
    CHECK(host->terminate() == 0);
    INFO(host->log());
    CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
    CHECK(generations_of(world.replica()).size() == 1);
    CHECK(host->log().find("WAL-reset bug struck") == std::string::npos);
  }

  const World world;
  SqliteProcess app{world.db()};
  std::optional<Host> host;
};

}  // namespace

// The interleaving that loses commits without a host: a checkpointer that has read the wal-index's header is held
// there, the log restarts, it goes on with what it read. The host opens a window, so that there is a restart at all.
TEST_CASE("known bugs: a checkpointer with an old header does no harm beside a host", "[e2e][known-bugs]") {
  Stage stage("min-checkpoint-pages = 50\nexclusive-checkpoints = false\n");
  HostSide watcher(stage.world.db());
  SqliteProcess checkpointer(stage.world.db());
  CHECK(AppSide::rows(checkpointer).empty());

  std::int64_t rows = 0;
  for (int round = 0; round < 3; ++round) {
    CAPTURE(round);
    stage.app.exec(insert_blobs(200, 3500));
    rows += 200;
    // The host moves all of it and opens the window: READ0 is its own, and the read slot is free.
    wait_for("a window", [&] {
      if (watcher.index.backfilled_frames() != watcher.header().max_frame) return false;
      if (!watcher.index.try_lock_exclusive(WalLock::read4)) return false;
      watcher.index.unlock(WalLock::read4);
      return true;
    });
    const auto old_frames = watcher.header().max_frame;
    checkpointer.pause_before("db.unfetch");
    checkpointer.start("PRAGMA wal_checkpoint(PASSIVE)");
    checkpointer.wait_until_paused();
    stage.app.exec("INSERT INTO t VALUES('new')");  // restarts the log
    ++rows;
    REQUIRE(watcher.header().max_frame < old_frames);
    // The host has seen the restart, wants its window closed, and can not as long as CKPT is held.
    wait_for("the read slot", [&] {
      return !watcher.index.try_lock_exclusive(WalLock::read4) || (watcher.index.unlock(WalLock::read4), false);
    });
    checkpointer.go_on();
    REQUIRE(checkpointer.finish().code == 0);
    CHECK(watcher.index.backfilled_frames() <= watcher.header().max_frame);

    // Enough for a damaged index to lose frames: a log that grows beyond the old one, and begins again.
    stage.app.exec(insert_blobs(static_cast<int>(old_frames) + 100, 3500));
    rows += old_frames + 100;
    CHECK(stage.app.query("PRAGMA wal_checkpoint(PASSIVE)").starts_with("0|"));
    stage.app.exec("INSERT INTO t VALUES('newer')");
    ++rows;
    REQUIRE(stage.rows() == rows);
  }
  checkpointer.close();
  watcher.connection.close();
  stage.check_nothing_lost(rows);
}

TEST_CASE("known bugs: a host that is the only checkpointer leaves no other one an old header", "[e2e][known-bugs]") {
  Stage stage("min-checkpoint-pages = 50\n");
  SqliteProcess checkpointer(stage.world.db());
  CHECK(AppSide::rows(checkpointer).empty());
  std::int64_t rows = 0;
  for (int round = 0; round < 20; ++round) {
    stage.app.exec(insert_blobs(100, 3500));
    rows += 100;
    const auto answer = checkpointer.query("PRAGMA wal_checkpoint(PASSIVE)");
    CAPTURE(round, answer);
    // Busy, as a rule; where the host has let go of CKPT for its own checkpoint, a whole one of which it knows.
    CHECK((answer.starts_with("1|") || answer.starts_with("0|")));
  }
  checkpointer.close();
  stage.check_nothing_lost(rows);
}

// Without a host, the transaction is lost by the recovery (tests/facts: "a recovery stops before them").
TEST_CASE("known bugs: committed frames with wrong checksums are healed before a crash can lose them",
          "[e2e][known-bugs]") {
  Stage stage("");
  const bool has_fault = sqlite::library_leaves_wrong_checksums(application_sqlite());
  commit_frames_with_wrong_checksums(stage.app);
  const auto rows = stage.rows();
  CHECK(rows == 150);
  {
    HostSide watcher(stage.world.db());
    // The default interval of checkpoints is a minute, and these are few pages: only the fault makes the host hurry.
    if (has_fault) {
      wait_for("the word of the host", [&] { return stage.host->log().find("wrong checksum") != std::string::npos; });
      // Moving the frames is not enough: a recovery would put the older pages at the log's good start over them.
      wait_for("the end of the log", [&] { return watcher.header().max_frame == 0; }, std::chrono::seconds(30));
    } else {
      WARN("SQLite " << application_sqlite() << " leaves no committed frames with wrong checksums");
    }
    watcher.connection.close();
  }
  // A crash of the machine: the files as they are now, and a recovery from the log.
  const TempDir elsewhere;
  const auto copy = elsewhere / "copy.db";
  std::filesystem::copy_file(stage.world.db(), copy);
  std::filesystem::copy_file(stage.world.db() + "-wal", copy + "-wal");
  SqliteProcess recovered(copy);
  CHECK(recovered.query("PRAGMA integrity_check") == "ok");
  CHECK(recovered.query("SELECT count(*) FROM t") == std::to_string(rows));
  stage.check_nothing_lost(rows);
}

TEST_CASE("known bugs: the host says at its start which SQLite it runs with, and what is wrong with it",
          "[e2e][known-bugs]") {
  const World world;
  Host host(world.config());
  wait_for("the start", [&] { return host.log().find("started") != std::string::npos; });
  CHECK(host.terminate() == 0);
  const auto log = host.log();
  const int version = sqlite::library_version_number();
  CHECK(log.find("sqlite=" + std::string(sqlite::library_version())) != std::string::npos);
  CHECK((log.find("this SQLite has the WAL-reset bug") != std::string::npos) ==
        sqlite::library_has_wal_reset_bug(version));
  CHECK((log.find("this SQLite can commit frames with wrong checksums") != std::string::npos) ==
        sqlite::library_leaves_wrong_checksums(version));
}
