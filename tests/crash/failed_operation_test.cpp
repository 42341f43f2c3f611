// Goal: every file operation and every call of SQLite's into the disk may fail once, in each way, and costs nothing but
// time: no restart of anything, no wrong byte at the replica, nothing that the application notices.
// Method: two lives of a host on a real database; fail the 1st, 2nd, 3rd ... operation of all that it does, until a run
// gets through. The application is a process of its own, and no host's failure is its.
//
// CI takes every so manieth operation. All of them:
//     LSHOST_FAULT_STRIDE=1 build/release/bin/test_crash "[fault]"

#include <sqlite3.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <set>

#include "crash/rounds.hpp"
#include "db/database.hpp"
#include "db/meta_dir.hpp"
#include "obs/log.hpp"
#include "support/app_database.hpp"
#include "support/faulting_fs.hpp"
#include "support/feed_follower.hpp"
#include "support/quick_dir.hpp"
#include "support/sqlite_process.hpp"
#include "support/stepping_vfs.hpp"

using namespace lshost;
using namespace lshost::test;
using namespace std::chrono_literals;

namespace {

/// Backoffs and intervals pass fifty times as fast.
class HastyClock final : public Clock {
 public:
  UnixNanos unix_now() const override { return system_clock().unix_now(); }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::time_point(system_clock().steady_now().time_since_epoch() * 50);
  }
};

std::atomic<FaultPlan*> the_plan{nullptr};

/// What SQLite's VFS says of a failure. SQLITE_BUSY is an answer that locks give every day, so it is none of these.
int result_code_of(const std::string& step, ErrorCode code) {
  if (code == ErrorCode::no_space && step.ends_with(".write")) return SQLITE_FULL;
  if (step.ends_with(".open")) return SQLITE_CANTOPEN;
  if (step.ends_with(".read")) return SQLITE_IOERR_READ;
  if (step.ends_with(".write")) return SQLITE_IOERR_WRITE;
  if (step.ends_with(".sync")) return SQLITE_IOERR_FSYNC;
  if (step.ends_with(".truncate")) return SQLITE_IOERR_TRUNCATE;
  if (step.ends_with(".size")) return SQLITE_IOERR_FSTAT;
  if (step.ends_with(".lock")) return SQLITE_IOERR_LOCK;
  if (step == "shm.map") return code == ErrorCode::no_space ? SQLITE_NOMEM : SQLITE_IOERR_SHMMAP;
  return SQLITE_IOERR_SHMLOCK;
}

bool can_fail(const std::string& step) {
  return step != "shm.barrier" && step != "db.unfetch" && !step.starts_with("shm.unlock");
}

/// SQLite's calls into the disk, of all connections of this process, count among the operations of a plan.
class SqliteFaults {
 public:
  explicit SqliteFaults(FaultPlan& plan) {
    the_plan = &plan;
    install_stepping_vfs([](const std::string& step) {
      FaultPlan* current = the_plan;
      if (current == nullptr || !can_fail(step)) return SQLITE_OK;
      const auto error = current->enter_or_fail("sqlite", step, step);
      return error ? result_code_of(step, error->code()) : SQLITE_OK;
    });
  }
  ~SqliteFaults() {
    the_plan = nullptr;
    uninstall_stepping_vfs();
  }
  SqliteFaults(const SqliteFaults&) = delete;
  SqliteFaults& operator=(const SqliteFaults&) = delete;
  /// For the test's own connections.
  static void pause() { the_plan = nullptr; }
};

constexpr const char* kSum = "SELECT count(*) || '/' || ifnull(sum(id * length(data)), 0) FROM t";

std::string content_of(const std::vector<std::byte>& image) {
  const QuickDir directory;
  write_file(directory / "image.db", image);
  AppConnection app(directory / "image.db");
  REQUIRE(app.query("PRAGMA integrity_check") == "ok");
  return app.query(kSum);
}

/// One life of the host, with a replica that begins anew.
class Life {
 public:
  Life(const std::string& path, FaultingFs& fs)
      : watcher_(os::make_inotify_watcher()),
        database_(
            {path, db::MetaDir::default_for(path), {.min_pages = 4, .interval = 1ms}, std::uint64_t{4} << 30, true}, fs,
            *watcher_, clock_),
        feed_(database_.subscribe("test")),
        follower_(*feed_) {
    database_.start();
  }

  FeedFollower& follower() { return follower_; }

  /// Goes on in spite of errors, as a replica's replicator does, until all that is committed now has arrived.
  void follow() {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    std::string trouble;
    for (;;) {
      try {
        if (const auto tip = database_.capture_now()) {
          while (follower_.catch_up()) {
          }
          if (follower_.position() == *tip || follower_.position().index > tip->index) return;
        }
      } catch (const Error& e) {
        trouble = e.what();
      }
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error("it never recovered: " + database_.status().detail + "; " + trouble);
      pause_for(1ms);
    }
  }

 private:
  HastyClock clock_;
  std::unique_ptr<os::FileWatcher> watcher_;
  db::Database database_;
  std::unique_ptr<db::Feed> feed_;
  FeedFollower follower_;
};

struct Run {
  bool has_fired = false;
  std::string failed;  ///< which operation
  std::uint64_t operations = 0;
  int generations = 1;
};

/// Commits, windows with new indexes, snapshots, trimming, a stop and a start.
Run live_twice(std::uint64_t nth, ErrorCode code) {
  const QuickDir directory;
  const auto path = directory / "app.db";
  SqliteProcess app(path);
  app.exec("PRAGMA journal_mode=WAL");
  app.exec("PRAGMA synchronous=off");
  app.exec("PRAGMA busy_timeout=30000");
  app.exec("PRAGMA wal_autocheckpoint=0");
  app.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");

  Run run;
  FaultingFs fs;
  std::atomic<std::uint64_t> count{0};
  std::string failed;
  fs.before_each([&](const FsOperation& operation) {
    if (++count == nth) failed = operation.kind + " " + operation.op;
  });
  fs.fail_nth(nth, code);
  std::vector<std::byte> image;
  for (int life = 0; life < 2; ++life) {
    const SqliteFaults faults(fs);
    {
      Life host(path, fs);
      for (int i = 0; i < 5 || host.follower().indexes_begun() == 0; ++i) {
        REQUIRE(i < 2000);
        app.exec("INSERT INTO t(data) VALUES(randomblob(" + std::to_string(500 + i % 5 * 3000) + "))");
        if (i == 3) app.exec("VACUUM");
        host.follow();
      }
      SqliteFaults::pause();
      image = host.follower().image();
      run.generations += host.follower().snapshots() - 1;  // a new one needs one
    }
    CHECK(content_of(image) == app.query(kSum));
  }
  run.has_fired = fs.fired();
  run.failed = failed;
  run.operations = count;
  app.close();
  return run;
}

}  // namespace

TEST_CASE("crash: every operation on files and of SQLite fails once, and the host goes on by itself",
          "[crash][fault]") {
  const auto code = GENERATE(ErrorCode::transient, ErrorCode::no_space, ErrorCode::denied);
  const auto stride = number_from_environment("LSHOST_FAULT_STRIDE", 2);
  obs::configure_log(obs::Level::error, obs::Format::text);
  std::uint64_t nth = 1 + static_cast<std::uint64_t>(code) % stride;
  std::set<std::string> kinds;
  std::set<std::string> costly;  // what began a new generation
  int new_generations = 0;
  for (bool fired = true; fired; nth += stride) {
    const auto run = live_twice(nth, code);
    CAPTURE(nth, to_string(code), run.failed);
    fired = run.has_fired;
    if (fired) kinds.insert(run.failed);
    new_generations += run.generations - 1;
    CHECK(run.generations <= 2);
    if (run.generations == 2) costly.insert(run.failed);
  }
  CAPTURE(nth, kinds, new_generations);
  CHECK(nth > 60);
  CHECK(kinds.size() > 10);
  // Nothing but a shadow WAL that can not be trusted any more is worth a snapshot.
  for (const auto& operation : costly) CHECK(operation.starts_with("sync "));
  if (std::getenv("LSHOST_TEST_VERBOSE") != nullptr) {
    std::string all;
    for (const auto& kind : kinds) all += kind + (costly.contains(kind) ? " (new generation)\n" : "\n");
    WARN("operations: " << nth << ", new generations: " << new_generations << ", kinds:\n" << all);
  }
}
