// Windows open only over what is copied, whatever was committed since the last look.

#include "db/checkpointer.hpp"

#include <catch2/catch.hpp>

#include "db/attachment.hpp"
#include "db/capture.hpp"
#include "db/meta_dir.hpp"
#include "db/shadow_wal.hpp"
#include "support/fake_clock.hpp"
#include "support/sqlite_process.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using namespace lshost::test;

namespace {

/// Each look takes a millisecond, as if the disk or a wait had taken it.
class TickingClock final : public FakeClock {
 public:
  std::chrono::steady_clock::time_point steady_now() const override {
    ++ticks;
    return FakeClock::steady_now() + std::chrono::milliseconds(ticks);
  }
  mutable int ticks = 0;
};

/// What Database puts together, without its thread: nothing is captured but by a call.
class Parts {
 public:
  explicit Parts(const std::string& path, db::CheckpointRules rules = {.min_pages = 1})
      : shadow(os::posix_fs(), db::MetaDir(db::MetaDir::default_for(path)), catalog),
        attachment(db::Attachment::attach(os::posix_fs(), path, true).attachment),
        capture(*attachment, shadow, clock, "app.db"),
        checkpointer(*attachment, capture, rules, clock) {
    attachment->guard().hold_checkpoint_lock();
    shadow.begin_generation(attachment->header_page_size());
    capture.start_over();
    (void)capture.round();
    shadow.reveal();
    clock.advance(db::kCheckpointPause);
  }

  [[nodiscard]] std::uint64_t committed() const { return attachment->index().try_read_header()->max_frame; }
  [[nodiscard]] std::uint64_t captured() const {
    return capture.captured_frames(*attachment->index().try_read_header());
  }

  TickingClock clock;
  db::ShadowCatalog catalog;
  db::ShadowWal shadow;
  std::unique_ptr<db::Attachment> attachment;
  db::Capture capture;
  db::Checkpointer checkpointer;
};

void make(SqliteProcess& app) {
  app.exec("PRAGMA journal_mode=WAL");
  app.exec("PRAGMA wal_autocheckpoint=0");
  app.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");
}

}  // namespace

TEST_CASE("Checkpointer: what was committed since the last round is copied before a window opens", "[db][checkpoint]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make(app);
  Parts parts(directory / "app.db");
  app.exec("INSERT INTO t(data) VALUES('after the round')");
  REQUIRE(parts.captured() < parts.committed());

  REQUIRE(parts.checkpointer.run_if_due());
  REQUIRE(parts.attachment->guard().in_window());
  CHECK(parts.captured() == parts.committed());
  const std::uint64_t frames = parts.committed();

  // The log restarts over all of these frames; the shadow WAL has them.
  app.exec("INSERT INTO t(data) VALUES('in the next log')");
  const db::Round round = parts.capture.round();
  CHECK(round.kind == db::Round::Kind::captured);
  CHECK(round.index_began);
  CHECK(parts.shadow.index() == 1);
  const auto first = parts.catalog.find({parts.shadow.generation(), 0, 0});
  REQUIRE(std::holds_alternative<db::ShadowRun>(first));
  CHECK(std::filesystem::file_size(std::get<db::ShadowRun>(first).path) == wal::frames_end(frames, 4096));
}

TEST_CASE("Checkpointer: a log that is not wholly in the database gets no window", "[db][checkpoint]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make(app);
  Parts parts(directory / "app.db");
  SqliteProcess reader(directory / "app.db");  // nothing behind its mark can be moved
  reader.exec("BEGIN");
  REQUIRE(reader.query("SELECT count(*) FROM t") == "0");
  app.exec("INSERT INTO t(data) VALUES('behind the reader')");

  REQUIRE(parts.checkpointer.run_if_due());
  CHECK_FALSE(parts.attachment->guard().is_window_open());
  CHECK_FALSE(parts.checkpointer.try_open_window());

  reader.exec("COMMIT");
  parts.clock.advance(db::kCheckpointPause);
  REQUIRE(parts.checkpointer.run_if_due());
  CHECK(parts.attachment->guard().in_window());
}

// Goal: P4. Method: the clock ticks with each look, so that whoever waits for a reader sees its deadline pass.
TEST_CASE("Checkpointer: writers are not made to wait for a reader that stays", "[db][checkpoint]") {
  constexpr int kWaitMax = 20;  // looks without a wait; with it there are a hundred
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make(app);
  Parts parts(directory / "app.db", {.min_pages = 1, .interval = std::chrono::hours(1)});
  const auto run = [&] {
    for (int i = 0; i < 20; ++i) app.exec("INSERT INTO t(data) VALUES(randomblob(3000))");
    parts.clock.advance(db::kCheckpointPause);
    const int before = parts.clock.ticks;
    REQUIRE(parts.checkpointer.run_if_due());
    return parts.clock.ticks - before;
  };
  SqliteProcess reader(directory / "app.db");
  for (const std::string rows : {"0", "60"}) {  // the second time little is left, and only that it stays is in the way
    reader.exec("BEGIN");
    REQUIRE(reader.query("SELECT count(*) FROM t") == rows);
    (void)run();  // it may have come just now, and go soon: that is tried once
    CHECK(run() <= kWaitMax);
    CHECK(run() <= kWaitMax);
    CHECK_FALSE(parts.attachment->guard().is_window_open());
    reader.exec("COMMIT");
  }
  CHECK(run() <= kWaitMax);
  CHECK(parts.attachment->guard().in_window());
}

TEST_CASE("WalGuard: no window over frames that are in the database and not copied", "[db][checkpoint]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make(app);
  Parts parts(directory / "app.db");
  app.exec("INSERT INTO t(data) VALUES('not copied')");
  (void)parts.attachment->checkpoint(sqlite::CheckpointMode::passive);
  REQUIRE(parts.attachment->index().backfilled_frames() == parts.committed());
  CHECK_FALSE(parts.attachment->guard().try_open_window(parts.captured()));
  CHECK(parts.attachment->guard().is_guarded());
  CHECK_FALSE(parts.attachment->guard().is_window_open());
  CHECK(parts.attachment->guard().try_open_window(parts.committed()));
}
