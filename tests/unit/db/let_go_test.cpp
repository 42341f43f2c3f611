// The database's thread hangs in a file of the shadow WAL: beyond the limit the log is let go, the application goes on
// as if no host were there, and what the replica gets afterwards is the database.

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <thread>

#include "db/database.hpp"
#include "db/meta_dir.hpp"
#include "support/app_database.hpp"
#include "support/feed_follower.hpp"
#include "support/gate.hpp"
#include "support/sides.hpp"
#include "support/sqlite_process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"

using namespace lshost;
using namespace lshost::test;
using namespace std::chrono_literals;
using sqlite::WalLock;

namespace {

/// The real one for events; its seconds pass when the test says so.
class HandWoundWatcher final : public os::FileWatcher {
 public:
  std::unique_ptr<Watch> watch_file(const std::string& path, Callback callback) override {
    return under_->watch_file(path, std::move(callback));
  }
  std::unique_ptr<Watch> watch_name(const std::string& directory, const std::string& name, os::NameEvents events,
                                    Callback callback) override {
    return under_->watch_name(directory, name, events, std::move(callback));
  }
  std::unique_ptr<Watch> every_second(Callback callback) override {
    const std::lock_guard lock(mutex_);
    tick_ = std::move(callback);
    return std::make_unique<Tick>(*this);
  }
  void second_passes() {
    const std::lock_guard lock(mutex_);
    if (tick_) tick_();
  }

 private:
  struct Tick final : Watch {
    explicit Tick(HandWoundWatcher& watcher) : watcher_(watcher) {}
    ~Tick() override {
      const std::lock_guard lock(watcher_.mutex_);
      watcher_.tick_ = nullptr;
    }
    HandWoundWatcher& watcher_;
  };

  std::unique_ptr<os::FileWatcher> under_ = os::make_inotify_watcher();
  std::mutex mutex_;
  Callback tick_;
};

/// A thread of this process waits for something.
bool is_asleep(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  const auto end_of_name = line.rfind(')');
  return end_of_name != std::string::npos && line.substr(end_of_name + 2, 1) == "S";
}

constexpr std::uint64_t kLimit = 1 << 20;
std::string insert_rows(int rows) {
  return "INSERT INTO t(data) WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<" +
         std::to_string(rows) + ") SELECT randomblob(4000) FROM n";
}

constexpr const char* kSum = "SELECT count(*) || '/' || ifnull(sum(id * length(data)), 0) FROM t";
const std::string kInsert = "INSERT INTO t(data) VALUES(randomblob(50000))";

/// One database, its application, and a host on a disk that can hang.
class Scene {
 public:
  explicit Scene(db::CheckpointRules rules = {.min_pages = 1'000'000, .interval = 1h},
                 std::chrono::milliseconds page_map_delay = 1h)
      : app_(path()), options_{path(), db::MetaDir::default_for(path()), rules, kLimit, true, page_map_delay} {
    app_.exec("PRAGMA journal_mode=WAL");
    app_.exec("PRAGMA wal_autocheckpoint=0");
    app_.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");
    begin_again();
    follow();
  }
  ~Scene() { gate_.open(); }

  [[nodiscard]] std::string path() const { return directory_ / "app.db"; }
  [[nodiscard]] std::string page_map() const { return db::MetaDir(options_.meta_path).page_map_file(); }
  [[nodiscard]] SqliteProcess& app() { return app_; }
  [[nodiscard]] Gate& gate() { return gate_; }
  [[nodiscard]] db::Feed& feed() { return *feed_; }
  [[nodiscard]] db::Database& database() { return *database_; }
  [[nodiscard]] FeedFollower& follower() { return *follower_; }
  [[nodiscard]] std::string checkpoint(const std::string& mode) {
    return app_.query("PRAGMA wal_checkpoint(" + mode + ")");
  }
  void write_bytes(std::uint64_t bytes) {
    for (std::uint64_t done = 0; done < bytes; done += 50'000) app_.exec(kInsert);
  }

  /// Seconds pass until the log is let go. False: not in a hundred of them.
  [[nodiscard]] bool pass_seconds_until_let_go() {
    for (int second = 0; second < 100; ++second) {
      if (database_->status().times_let_go > 0) return true;
      watcher_.second_passes();
    }
    return database_->status().times_let_go > 0;
  }
  void second_passes() { watcher_.second_passes(); }

  /// A new start of the host; the replica goes on with what it has.
  void begin_again() {
    feed_.reset();
    database_.emplace(options_, fs_, watcher_, system_clock());
    feed_ = database_->subscribe("test");
    if (follower_) {
      follower_->go_on_with(*feed_);
    } else {
      follower_.emplace(*feed_);
    }
    database_->start();
  }

  /// Waits until everything committed before the call was captured, and follows to there.
  void follow() {
    REQUIRE(wait_until([&] {
      try {
        if (!database_->capture_now()) return false;
        while (follower_->catch_up()) {
        }
        return true;
      } catch (const Error&) {  // the log was let go: it attaches anew
        return false;
      }
    }));
  }
  void check_replica_is_database() {
    follow();
    const TempDir elsewhere;
    write_file(elsewhere / "image.db", follower_->image());
    AppConnection image(elsewhere / "image.db");
    CHECK(image.query("PRAGMA integrity_check") == "ok");
    CHECK(image.query(kSum) == app_.query(kSum));
    CHECK(image.query("SELECT group_concat(hex(data)) FROM t") == app_.query("SELECT group_concat(hex(data)) FROM t"));
  }

 private:
  TempDir directory_;
  SqliteProcess app_;
  FaultingFs fs_;
  Gate gate_{fs_};
  HandWoundWatcher watcher_;
  const db::DatabaseOptions options_;
  std::optional<db::Database> database_;
  std::unique_ptr<db::Feed> feed_;
  std::optional<FeedFollower> follower_;
};

}  // namespace

TEST_CASE("Database: a log is let go when the shadow WAL's disk hangs, and the replica is right afterwards",
          "[db][dead-man]") {
  Scene scene;
  const std::string generation = scene.follower().position().generation;
  scene.gate().close("shadow.append");
  scene.app().exec(kInsert);
  REQUIRE(scene.gate().wait_until_one_hangs("shadow.append"));
  scene.write_bytes(kLimit);
  CHECK(scene.checkpoint("TRUNCATE").starts_with("1|"));  // our locks are what forbids it
  REQUIRE(scene.pass_seconds_until_let_go());
  CHECK(scene.database().status().state == db::DatabaseState::failing);
  CHECK(scene.database().status().detail == "the log was let go: capture does not go on");

  bool is_same_generation = false;
  SECTION("the log restarts") { CHECK(scene.checkpoint("TRUNCATE") == "0|0|0"); }
  SECTION("the log restarts again and again, and is empty at the end") {
    for (int i = 0; i < 5; ++i) {
      CHECK(scene.checkpoint("TRUNCATE") == "0|0|0");
      scene.app().exec(kInsert);
      CHECK(scene.checkpoint("RESTART").starts_with("0|"));
      scene.app().exec(kInsert);
    }
    CHECK(scene.checkpoint("TRUNCATE") == "0|0|0");
  }
  SECTION("the log only grows: the generation goes on") {
    scene.app().exec(kInsert);
    is_same_generation = true;
  }
  scene.gate().open();
  scene.check_replica_is_database();
  CHECK((scene.follower().position().generation == generation) == is_same_generation);
  CHECK(scene.database().status().times_let_go == 1);
  REQUIRE(wait_until([&] { return scene.database().status().state == db::DatabaseState::replicating; }));
  scene.app().exec(kInsert);
  scene.check_replica_is_database();
}

TEST_CASE("Database: what a log that was let go lost is found by comparing pages", "[db][dead-man][bridge]") {
  Scene scene({.min_pages = 1'000'000, .interval = 1h}, 0ms);
  REQUIRE(wait_until([&] { return os::posix_fs().stat("test", scene.page_map()).has_value(); }));
  const std::string generation = scene.follower().position().generation;
  scene.gate().close("shadow.append");
  scene.app().exec(kInsert);
  REQUIRE(scene.gate().wait_until_one_hangs("shadow.append"));
  scene.write_bytes(kLimit);
  REQUIRE(scene.pass_seconds_until_let_go());
  scene.app().exec("DELETE FROM t WHERE id > 5");  // or it were too much to send
  scene.app().exec("VACUUM");
  CHECK(scene.checkpoint("TRUNCATE") == "0|0|0");
  scene.app().exec(kInsert);
  scene.gate().open();
  scene.check_replica_is_database();
  CHECK(scene.follower().position().generation == generation);
  CHECK(scene.follower().snapshots() == 1);
}

// Goal: no bridge is made of a file that changed behind the reading. Method: the bridge hangs when it has read the
// first pages; these change, and the log restarts.
TEST_CASE("Database: a bridge is given up when the log is let go under it", "[db][dead-man][bridge]") {
  Scene scene({.min_pages = 1'000'000, .interval = 1h}, 0ms);
  scene.app().exec(kInsert);
  scene.follow();
  REQUIRE(wait_until([&] { return os::posix_fs().stat("test", scene.page_map()).has_value(); }));
  const db::Position before = scene.follower().position();
  scene.database().stop();
  scene.write_bytes(600'000);
  CHECK(scene.checkpoint("TRUNCATE") == "0|0|0");
  scene.gate().close("shadow.append");
  scene.begin_again();
  REQUIRE(scene.gate().wait_until_one_hangs("shadow.append"));
  for (int i = 0; i < 25; ++i) scene.app().exec("UPDATE t SET data=randomblob(50000) WHERE id=1");
  REQUIRE(scene.pass_seconds_until_let_go());
  CHECK(scene.checkpoint("TRUNCATE") == "0|0|0");
  scene.gate().open();
  scene.check_replica_is_database();
  CHECK(scene.follower().position().generation == before.generation);
  CHECK(scene.follower().position().index == before.index + 1);  // one bridge, and none before it of pages of two times
}

TEST_CASE("Database: a snapshot is void from when the log is let go", "[db][dead-man][snapshot]") {
  Scene scene;
  scene.write_bytes(kLimit / 2);
  scene.follow();
  (void)scene.checkpoint("PASSIVE");
  auto image = scene.feed().open_snapshot();
  REQUIRE(image);
  std::optional<os::SharedFlag> lent;
  image->lend_files([&](const db::SnapshotFiles& files) { lent.emplace(UniqueFd(::dup(files.revoked))); });
  scene.gate().close("shadow.append");
  scene.app().exec(kInsert);
  REQUIRE(scene.gate().wait_until_one_hangs("shadow.append"));
  scene.write_bytes(kLimit);
  CHECK_FALSE(lent->is_set());
  REQUIRE(scene.pass_seconds_until_let_go());
  CHECK(lent->is_set());
  CHECK(scene.checkpoint("TRUNCATE") == "0|0|0");
  std::vector<std::byte> buffer(100'000);
  try {
    while (image->bytes->read(buffer) > 0) {
    }
    FAIL("an image of two times was given");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::gone);
  }
  image.reset();
  scene.gate().open();
  scene.check_replica_is_database();
}

TEST_CASE("Database: capture that is slower than the application lets the log go", "[db][dead-man]") {
  Scene scene;
  scene.gate().close("shadow.append");
  scene.app().exec(kInsert);
  scene.write_bytes(kLimit);
  // Each second one piece goes through, and more than that is committed.
  REQUIRE(scene.gate().wait_until_one_hangs("shadow.append"));
  for (int second = 0; second < 300 && scene.database().status().times_let_go == 0; ++second) {
    scene.write_bytes(200'000);
    scene.gate().let_one_through("shadow.append");
    REQUIRE(scene.gate().wait_until_one_hangs("shadow.append"));
    scene.second_passes();
  }
  CHECK(scene.database().status().detail == "the log was let go: capture is slower than the application");
  CHECK(scene.checkpoint("TRUNCATE") == "0|0|0");
  scene.gate().open();
  scene.check_replica_is_database();
}

TEST_CASE("Database: a log within the limit is never let go", "[db][dead-man]") {
  Scene scene;
  scene.gate().close("shadow.append");
  scene.app().exec(kInsert);
  REQUIRE(scene.gate().wait_until_one_hangs("shadow.append"));
  CHECK_FALSE(scene.pass_seconds_until_let_go());
  CHECK(scene.checkpoint("TRUNCATE").starts_with("1|"));
  const std::string generation = scene.follower().position().generation;
  scene.gate().open();
  scene.check_replica_is_database();
  CHECK(scene.follower().position().generation == generation);
}

TEST_CASE("Database: a host that keeps up keeps its lock, however large the log", "[db][dead-man]") {
  Scene scene;
  scene.write_bytes(2 * kLimit);
  for (int second = 0; second < 60; ++second) {
    scene.app().exec("INSERT INTO t(data) VALUES('small')");
    scene.second_passes();
    REQUIRE(scene.database().capture_now());
  }
  CHECK(scene.database().status().times_let_go == 0);
  scene.check_replica_is_database();
  CHECK(scene.follower().snapshots() == 1);
}

// Goal: P4, the write lock is not held while our disk hangs. Method: a forced restart is due; a commit comes behind the
// copy that is made before it, so that there is a tail; the copy of the tail hangs.
TEST_CASE("Checkpointer: writers are not made to wait for a shadow WAL whose disk hangs",
          "[db][dead-man][checkpoint]") {
  Scene scene({.min_pages = 20, .interval = 1h});
  scene.gate().close("shadow.sync");
  scene.app().exec(insert_rows(400));
  REQUIRE(scene.gate().wait_until_one_hangs("shadow.sync"));  // behind the first copy, before the write lock
  scene.app().exec(kInsert);
  scene.gate().close("shadow.append");
  scene.gate().open("shadow.sync");
  REQUIRE(scene.gate().wait_until_one_hangs("shadow.append"));
  CHECK(wait_until([&] { return scene.app().code_of(kInsert) == 0; }));
  CHECK(scene.database().status().times_let_go == 0);
  scene.gate().open();
  scene.check_replica_is_database();
  CHECK(scene.follower().snapshots() == 1);
}

TEST_CASE("Database: a stop behind a disk that hung does not claim that nothing was lost", "[db][dead-man][stamp]") {
  Scene scene;
  scene.gate().close("shadow.append");
  scene.app().exec(kInsert);
  REQUIRE(scene.gate().wait_until_one_hangs("shadow.append"));
  scene.write_bytes(kLimit);
  REQUIRE(scene.pass_seconds_until_let_go());
  scene.app().exec("INSERT INTO t(data) VALUES('nobody saw this')");
  CHECK(scene.checkpoint("TRUNCATE") == "0|0|0");
  std::atomic<pid_t> stopper_id{0};
  std::thread stopper([&] {
    stopper_id = ::gettid();
    scene.database().stop();
  });
  CHECK(wait_until([&] { return stopper_id != 0 && is_asleep(stopper_id); }));  // it has asked, and waits
  scene.gate().open();
  stopper.join();
  scene.begin_again();
  scene.check_replica_is_database();
}
