// Behind a time without a host: the generation goes on, only what changed is sent, and what comes out is the database,
// page by page; and where that can not be proven, a new generation begins.

#include "db/bridge.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <random>

#include "db/database.hpp"
#include "db/meta_dir.hpp"
#include "os/fs.hpp"
#include "support/app_database.hpp"
#include "support/feed_follower.hpp"
#include "support/sqlite_process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"

using namespace lshost;
using namespace lshost::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

os::FileWatcher& watcher() {
  static const auto watcher = os::make_inotify_watcher();
  return *watcher;
}

template <class Condition>
void require_soon(Condition&& condition) {
  REQUIRE(wait_until(condition, 60s));
}

struct HostOptions {
  db::CheckpointRules rules = {};
  bool exclusive_checkpoints = true;
  std::uint64_t limit = std::uint64_t{4} << 30;
};

/// The host's side of one database while it runs; `follower` goes on with what it has.
class Host {
 public:
  Host(const std::string& path, std::optional<FeedFollower>& follower, const HostOptions& options = {})
      : meta_(db::MetaDir::default_for(path)),
        database_({path, meta_.path(), options.rules, options.limit, options.exclusive_checkpoints, 0ms},
                  os::posix_fs(), watcher(), system_clock()),
        feed_(database_.subscribe("test")),
        follower_(follower) {
    follower_ ? follower_->go_on_with(*feed_) : void(follower_.emplace(*feed_));
    database_.start();
  }

  /// Waits until everything committed before the call was captured, and follows to there.
  void follow() {
    require_soon([&] { return database_.capture_now().has_value(); });
    while (follower_->catch_up()) {
    }
  }
  void wait_for_map() {
    require_soon([&] { return fs::exists(meta_.page_map_file()); });
  }
  db::Database& database() { return database_; }

 private:
  const db::MetaDir meta_;
  db::Database database_;
  std::unique_ptr<db::Feed> feed_;
  std::optional<FeedFollower>& follower_;
};

/// A database that a host knows by heart, and is not attached to any more.
struct Known {
  explicit Known(std::uint32_t page_size = 4096, const HostOptions& options = {}) {
    app->exec("PRAGMA page_size=" + std::to_string(page_size));
    app->exec("PRAGMA journal_mode=WAL");
    app->exec("PRAGMA busy_timeout=10000");
    app->exec("PRAGMA wal_autocheckpoint=0");
    app->exec("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");
    app->exec(fill(300));
    app->exec("PRAGMA wal_checkpoint(TRUNCATE)");
    app->exec("INSERT INTO t(data) VALUES(randomblob(500))");
    Host host(path, follower, options);
    host.follow();
    host.wait_for_map();
    app->exec("INSERT INTO t(data) VALUES(randomblob(500))");
    host.follow();
  }

  static std::string fill(int rows) {
    return "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" + std::to_string(rows) +
           ") INSERT INTO t(data) SELECT randomblob(900) FROM n";
  }
  /// Something, and no log that tells of it.
  void change_unseen() {
    app->exec("UPDATE t SET data = randomblob(901) WHERE id IN (3, 150, 280)");
    app->exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  [[nodiscard]] db::MetaDir meta() const { return db::MetaDir(db::MetaDir::default_for(path)); }
  /// The follower's image is the database file, when all of the log is in it.
  void check_equal() {
    app->exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const auto image = follower->image();
    const auto file = file_bytes_of_another(path);
    REQUIRE(image.size() == file.size());
    for (std::size_t at = 0; at < file.size(); at += 512) {
      const auto part = std::min<std::size_t>(512, file.size() - at);
      if (!std::equal(file.begin() + static_cast<std::ptrdiff_t>(at),
                      file.begin() + static_cast<std::ptrdiff_t>(at + part),
                      image.begin() + static_cast<std::ptrdiff_t>(at)))
        FAIL("differs at byte " << at);
    }
  }
  /// No host is attached in this process when it is called.
  static Bytes file_bytes_of_another(const std::string& path) { return file_bytes(path); }

  TempDir directory;
  const std::string path = directory / "app.db";
  std::optional<SqliteProcess> app{std::in_place, path};
  std::optional<FeedFollower> follower;
};

}  // namespace

TEST_CASE("bridge: what changed while no host was there is sent, in the same generation", "[db][bridge]") {
  const auto page_size = GENERATE(512u, 4096u, 65536u);
  Known known(page_size);
  const auto before = known.follower->position();
  const auto sent_before = known.follower->wal_bytes();
  std::uint64_t sent_max = 40 * (page_size + 24);
  SECTION("moved into the file, and the log emptied") { known.change_unseen(); }
  SECTION("and more in the log") {
    known.change_unseen();
    known.app->exec("INSERT INTO t(data) VALUES(randomblob(700))");
    known.app->exec("DELETE FROM t WHERE id = 20");
  }
  SECTION("and some of that in the file, too") {
    known.change_unseen();
    known.app->exec("INSERT INTO t(data) VALUES(randomblob(700))");
    known.app->exec("PRAGMA wal_checkpoint(PASSIVE)");
    known.app->exec("UPDATE t SET data = randomblob(901) WHERE id = 3");
  }
  SECTION("nothing but a log that is gone") { known.app->exec("PRAGMA wal_checkpoint(TRUNCATE)"); }
  SECTION("the log was deleted") {
    known.change_unseen();
    known.app->close();
    known.app->open(known.path);
    known.app->exec("PRAGMA wal_autocheckpoint=0");
    known.app->exec("INSERT INTO t(data) VALUES(randomblob(700))");
  }
  SECTION("the application died") {
    known.change_unseen();
    known.app->exec("INSERT INTO t(data) VALUES(randomblob(700))");
    known.app->kill();
    known.app.emplace(known.path);
    known.app->exec("PRAGMA wal_autocheckpoint=0");
  }
  SECTION("the database shrank") {
    known.app->exec("DELETE FROM t WHERE id > 10");
    known.app->exec("VACUUM");
    known.app->exec("PRAGMA wal_checkpoint(TRUNCATE)");
    sent_max = UINT64_MAX;
  }
  SECTION("the database grew") {
    known.app->exec(Known::fill(400));
    known.app->exec("PRAGMA wal_checkpoint(TRUNCATE)");
    sent_max = UINT64_MAX;
  }
  SECTION("the database shrank in a log that is not in the file") {
    known.change_unseen();
    known.app->exec("DELETE FROM t WHERE id > 10");
    known.app->exec("VACUUM");
    sent_max = UINT64_MAX;
  }
  {
    Host host(known.path, known.follower);
    host.follow();
    CHECK(known.follower->position().generation == before.generation);
    CHECK(known.follower->wal_bytes() - sent_before < sent_max);
    known.app->exec("INSERT INTO t(data) VALUES(randomblob(100))");  // and it goes on behind
    known.app->exec("INSERT INTO t(data) VALUES(randomblob(100))");
    host.follow();
  }
  CHECK(known.follower->position().generation == before.generation);
  CHECK(known.follower->snapshots() == 1);
  known.check_equal();
}

TEST_CASE("bridge: a host that stops behind one goes on there", "[db][bridge]") {
  Known known;
  const auto generation = known.follower->position().generation;
  known.change_unseen();
  known.app->exec("INSERT INTO t(data) VALUES(randomblob(700))");
  known.app->exec("UPDATE t SET data = randomblob(899) WHERE id = 2");  // the log ends with a page from the beginning
  db::Position end;
  {
    Host host(known.path, known.follower);
    host.follow();
    end = known.follower->position();
    if (GENERATE(false, true)) {
      known.app->exec("INSERT INTO t(data) VALUES(randomblob(700))");
      host.follow();
      CHECK(known.follower->position().index == end.index);
      end = known.follower->position();
    }
  }
  known.app->exec("INSERT INTO t(data) VALUES(randomblob(800))");
  {
    Host host(known.path, known.follower);
    host.follow();
    // The frames of the live log are not where those of the shadow file are; it is found again all the same.
    CHECK(known.follower->position().index == end.index);
    CHECK(known.follower->position().offset > end.offset);
  }
  CHECK(known.follower->position().generation == generation);
  CHECK(known.follower->snapshots() == 1);
  known.check_equal();
}

TEST_CASE("bridge: the map is current through many indexes, records and rewrites", "[db][bridge][pages]") {
  const HostOptions options{{.min_pages = 1, .interval = 1ms}};
  Known known(512, options);
  const auto generation = known.follower->position().generation;
  std::uint64_t records_max = 0;
  {
    Host host(known.path, known.follower, options);
    host.follow();
    const auto first = known.follower->position().index;
    while (known.follower->position().index < first + 30) {
      known.app->exec("UPDATE t SET data = randomblob(950) WHERE id % 3 = 0");
      host.follow();
      if (fs::exists(known.meta().page_log_file()))
        records_max = std::max<std::uint64_t>(records_max, fs::file_size(known.meta().page_log_file()));
    }
  }
  CHECK(records_max > db::kPageLogHeadSize);
  CHECK(fs::file_size(known.meta().page_log_file()) < 600'000);
  const auto sent_before = known.follower->wal_bytes();
  known.change_unseen();
  {
    Host host(known.path, known.follower, options);
    host.follow();
    CHECK(known.follower->wal_bytes() - sent_before < 40 * 536);
  }
  CHECK(known.follower->position().generation == generation);
  known.check_equal();
}

TEST_CASE("bridge: a map that is not proven is not believed", "[db][bridge]") {
  Known known;
  const auto before = known.follower->position();
  const auto damage = [](const std::string& path, std::size_t at) {
    auto bytes = file_bytes(path);
    REQUIRE(bytes.size() > at);
    bytes[at] ^= std::byte{1};
    write_file(path, bytes);
  };
  HostOptions options;
  SECTION("a hash is wrong") { damage(known.meta().page_map_file(), db::kPageMapHeadSize + 9); }
  SECTION("its end is missing") { fs::resize_file(known.meta().page_map_file(), 100); }
  SECTION("it is gone") { fs::remove(known.meta().page_map_file()); }
  SECTION("its log is gone") { fs::remove(known.meta().page_log_file()); }
  SECTION("its log is that of another") { damage(known.meta().page_log_file(), 9); }
  SECTION("the shadow WAL that it stands on was cut") {
    // As a power cut leaves it: less than the map was made of.
    const auto wal = known.meta().wal_directory(before.generation) + "/" + db::MetaDir::wal_name(before.index);
    fs::resize_file(wal, 32);
  }
  SECTION("it would be more than the shadow WAL may hold") {
    options.limit = 20'000;
    known.app->exec("UPDATE t SET data = randomblob(901)");
  }
  known.change_unseen();
  std::optional<FeedFollower> another;  // one that holds nothing, so that only the map can tell
  {
    Host host(known.path, another, options);
    host.follow();
    CHECK(another->position().generation != before.generation);
  }
  {
    Host host(known.path, known.follower, options);
    host.follow();
    CHECK(known.follower->snapshots() == 2);
  }
  known.check_equal();
}

TEST_CASE("bridge: another file under the name is another history", "[db][bridge][fork]") {
  Known known;
  const auto before = known.follower->position();
  SECTION("an older copy was put back") {
    known.app->exec("PRAGMA wal_checkpoint(TRUNCATE)");
    fs::copy_file(known.path, known.directory / "backup.db");
    known.change_unseen();
    known.app->close();
    fs::rename(known.directory / "backup.db", known.path);
    known.app->open(known.path);
  }
  SECTION("the folder was copied") {
    known.app->exec("PRAGMA wal_checkpoint(PASSIVE)");
    known.app->kill();
    for (const auto* ending : {"", "-wal"}) {
      fs::copy_file(known.path + ending, known.path + "-copy" + ending);
      fs::rename(known.path + "-copy" + ending, known.path + ending);
    }
    known.app.emplace(known.path);
  }
  {
    Host host(known.path, known.follower);
    host.follow();
    CHECK(known.follower->position().generation != before.generation);
  }
  known.check_equal();
}

TEST_CASE("bridge: local state that was set back does not lead a replica into another history", "[db][bridge][fork]") {
  Known known;
  const auto saved = known.directory / "saved";
  fs::copy(known.meta().path(), saved, fs::copy_options::recursive);
  {
    Host host(known.path, known.follower);
    known.app->exec("UPDATE t SET data = randomblob(905) WHERE id < 50");
    host.follow();
  }
  const auto ahead = known.follower->position();
  fs::remove_all(known.meta().path());
  fs::rename(saved, known.meta().path());
  known.change_unseen();
  const auto is_seen = GENERATE(true, false);
  std::optional<FeedFollower> nobody;
  if (!is_seen) {
    // The replica is away while the host builds a bridge and goes beyond where the replica is.
    Host host(known.path, nobody);
    require_soon([&] { return host.database().capture_now().has_value(); });
    known.app->exec("UPDATE t SET data = randomblob(906) WHERE id < 250");
    require_soon([&] {
      const auto tip = host.database().capture_now();
      return tip && tip->generation == ahead.generation && is_gt(order(*tip, ahead));
    });
  }
  {
    Host host(known.path, known.follower);
    host.follow();
    require_soon([&] {
      host.follow();
      return known.follower->position().generation != ahead.generation;
    });
  }
  known.check_equal();
}

TEST_CASE("bridge: what others move into the file while it is read makes no difference", "[db][bridge]") {
  const HostOptions options{{}, false};
  Known known(4096, options);
  const auto generation = known.follower->position().generation;
  std::mt19937 random(20261123);
  SqliteProcess other(known.path);
  other.exec("PRAGMA busy_timeout=10000");
  other.exec("PRAGMA wal_autocheckpoint=3");
  for (int round = 0; round < 12; ++round) {
    known.change_unseen();
    known.app->exec(random() % 3 == 0 ? "VACUUM" : Known::fill(200));
    if (random() % 2 == 0) known.app->exec("DELETE FROM t WHERE id % 7 = " + std::to_string(random() % 7));
    known.app->exec("PRAGMA wal_checkpoint(TRUNCATE)");
    other.start(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<60) "
        "INSERT INTO t(data) SELECT randomblob(5000) FROM n");
    {
      Host host(known.path, known.follower, options);
      for (int i = 0; i < 5; ++i) {
        known.app->exec("UPDATE t SET data = randomblob(901) WHERE id % 11 = 5");
        known.app->exec("PRAGMA wal_checkpoint(PASSIVE)");
      }
      CHECK(other.finish().code == 0);
      host.follow();
    }
    CHECK(known.follower->position().generation == generation);
    known.check_equal();
  }
  CHECK(known.follower->snapshots() == 1);
}
