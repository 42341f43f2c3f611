// Goal: a wall clock that jumps, forwards and back, costs nothing but wrong times: no generation, no byte, no order.
// Method: a real database under a clock that jumps between commits, by days, over its beginning, and into the future.

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>

#include "db/database.hpp"
#include "db/meta_dir.hpp"
#include "support/app_database.hpp"
#include "support/feed_follower.hpp"
#include "support/sqlite_process.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using namespace lshost::test;
using namespace std::chrono_literals;

namespace {

/// The machine's clock, with the wall's hands set by a test.
class JumpingClock final : public Clock {
 public:
  UnixNanos unix_now() const override { return unix_ns_.load(); }
  std::chrono::steady_clock::time_point steady_now() const override { return system_clock().steady_now(); }
  void jump_to(std::chrono::nanoseconds unix_time) { unix_ns_ = unix_time.count(); }

 private:
  std::atomic<UnixNanos> unix_ns_{0};
};

constexpr const char* kSum = "SELECT count(*) || '/' || ifnull(sum(id * length(data)), 0) FROM t";

db::Position capture(db::Database& database) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  for (;;) {
    if (const auto tip = database.capture_now()) return *tip;
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(database.status().detail);
    pause_for(1ms);
  }
}

}  // namespace

TEST_CASE("crash: a wall clock that jumps changes nothing but the times that it tells", "[crash][clock]") {
  constexpr auto kNow = std::chrono::hours(24 * 365 * 56);
  const std::vector<std::chrono::hours> jumps = {
      kNow,      kNow - 24h, kNow + 24h * 365 * 20, kNow - 24h * 365 * 10, kNow + 1h, std::chrono::hours(1), kNow,
      kNow - 1h, kNow + 2h};
  const TempDir directory;
  const auto path = directory / "app.db";
  SqliteProcess app(path);
  app.exec("PRAGMA journal_mode=WAL");
  app.exec("PRAGMA busy_timeout=30000");
  app.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");
  JumpingClock clock;
  clock.jump_to(kNow);
  const auto watcher = os::make_inotify_watcher();
  std::string generation;
  for (int life = 0; life < 2; ++life) {
    CAPTURE(life);
    db::Database database({path, db::MetaDir::default_for(path), {.min_pages = 4, .interval = 1ms}, 1 << 30, true},
                          os::posix_fs(), *watcher, clock);
    const auto feed = database.subscribe("test");
    FeedFollower follower(*feed);
    database.start();
    UnixNanos newest = 0;
    std::size_t runs = 0;
    for (const auto jump : jumps) {
      clock.jump_to(jump);
      const auto before = capture(database);
      app.exec("INSERT INTO t(data) VALUES(randomblob(3000))");
      (void)capture(database);
      auto opened = feed->open_wal(before);
      if (const auto* run = std::get_if<db::WalRun>(&opened)) {
        CHECK(run->commit_ns >= newest);  // "after the run before it", whatever the wall says
        newest = run->commit_ns;
        ++runs;
      }
      opened = db::Feed::Miss::at_tip;
      while (follower.catch_up()) {
      }
    }
    CHECK(runs >= jumps.size() / 2);
    CHECK(follower.snapshots() == 1);
    if (life == 1) CHECK(follower.position().generation == generation);
    generation = follower.position().generation;
    write_file(directory / "image.db", follower.image());
    AppConnection image(directory / "image.db");
    CHECK(image.query(kSum) == app.query(kSum));
  }
}
