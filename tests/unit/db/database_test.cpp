// One database with real SQLite processes on it: what its feed gives is the database, at every commit, through restarts
// of the log, checkpoints of every mode, and processes that come and go.

#include "db/database.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <random>

#include "db/meta_dir.hpp"
#include "db/stamp.hpp"
#include "support/app_database.hpp"
#include "support/feed_follower.hpp"
#include "support/sqlite_process.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using namespace lshost::test;
using namespace std::chrono_literals;

namespace {

/// The host's side of one database in `directory`, with one follower.
class Host {
 public:
  explicit Host(const std::string& path, db::CheckpointRules rules = {}, std::uint64_t limit = std::uint64_t{4} << 30)
      : database_({path, db::MetaDir::default_for(path), rules, limit, true, 1h}, os::posix_fs(), *watcher(),
                  system_clock()),
        feed_(database_.subscribe("test")),
        follower_(*feed_) {
    database_.start();
  }

  FeedFollower& follower() { return follower_; }
  db::Feed& feed() { return *feed_; }
  db::Database& database() { return database_; }

  /// Waits until everything committed before the call was captured, and follows to there.
  void follow() {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    for (;;) {
      if (const auto tip = database_.capture_now()) {
        while (follower_.catch_up()) {
        }
        return;
      }
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error("not attached: " + database_.status().detail);
      pause_for(1ms);
    }
  }

 private:
  static os::FileWatcher* watcher() {
    static const auto watcher = os::make_inotify_watcher();
    return watcher.get();
  }

  db::Database database_;
  std::unique_ptr<db::Feed> feed_;
  FeedFollower follower_;
};

/// All that a reader sees of a database file's content.
std::string content_of(const std::string& path, const std::string& sql) {
  AppConnection app(path);
  return app.query(sql);
}

std::string content_of(const std::vector<std::byte>& image, const std::string& sql) {
  const TempDir directory;
  write_file(directory / "image.db", image);
  AppConnection app(directory / "image.db");
  REQUIRE(app.query("PRAGMA integrity_check") == "ok");
  return app.query(sql);
}

/// What most cases begin with: WAL mode, a writer that waits for its locks, and an empty table t.
void make_table(SqliteProcess& app) {
  app.exec("PRAGMA journal_mode=WAL");
  app.exec("PRAGMA busy_timeout=10000");
  app.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");
}

constexpr const char* kSum = "SELECT count(*) || '/' || ifnull(sum(id * length(data)), 0) FROM t";

}  // namespace

TEST_CASE("Database: the feed gives the database as it is after each commit", "[db][capture]") {
  const auto page_size = GENERATE(512, 4096, 65536);
  CAPTURE(page_size);
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  app.exec("PRAGMA page_size=" + std::to_string(page_size));
  make_table(app);
  Host host(directory / "app.db");
  for (int i = 0; i < 20; ++i) {
    app.exec("INSERT INTO t(data) VALUES(randomblob(" + std::to_string(100 + i * 397) + "))");
    host.follow();
    CHECK(content_of(host.follower().image(), kSum) == app.query(kSum));
  }
  CHECK(host.follower().snapshots() == 1);
}

TEST_CASE("Database: checkpoints of the application in every mode begin no new generation",
          "[db][capture][checkpoint]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  SqliteProcess other(directory / "app.db");
  other.exec("PRAGMA busy_timeout=10000");
  make_table(app);
  // Checkpoints whenever it may, so that windows come all the time.
  Host host(directory / "app.db", {.min_pages = 1, .interval = 1ms});
  host.follow();
  const std::string generation = host.follower().position().generation;
  for (int i = 0; i < 60; ++i) {
    app.exec("INSERT INTO t(data) VALUES(randomblob(3000))");
    for (const char* mode : {"PASSIVE", "FULL", "RESTART", "TRUNCATE"}) {
      other.exec(std::string("PRAGMA wal_checkpoint(") + mode + ")");
      app.exec("INSERT INTO t(data) VALUES(randomblob(300))");
    }
    if (i % 10 == 0) app.exec("VACUUM");
    host.follow();
  }
  CHECK(host.follower().position().generation == generation);
  CHECK(host.follower().snapshots() == 1);
  CHECK(content_of(host.follower().image(), kSum) == app.query(kSum));
}

TEST_CASE("Database: the log restarts in windows, and every index is a WAL that SQLite accepts", "[db][checkpoint]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make_table(app);
  Host host(directory / "app.db", {.min_pages = 1, .interval = 1ms});
  host.follow();
  const auto before = host.follower().image();
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (host.follower().indexes_begun() < 5) {
    app.exec("INSERT INTO t(data) VALUES(randomblob(2000))");
    host.follow();
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
  CHECK(host.follower().snapshots() == 1);
  CHECK(content_of(host.follower().image(), kSum) == app.query(kSum));

  // By hand: the first image, and each index put beside it as its -wal, as a person would restore it.
  const TempDir by_hand;
  write_file(by_hand / "app.db", before);
  for (const auto& [index, log] : host.follower().logs()) {
    write_file(by_hand / "app.db-wal", log);
    AppConnection sqlite(by_hand / "app.db");
    CHECK(sqlite.query("PRAGMA wal_checkpoint(TRUNCATE)") == "0");
  }
  CHECK(content_of(by_hand / "app.db", kSum) == app.query(kSum));
}

TEST_CASE("Database: a busy database is restarted by force", "[db][checkpoint]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make_table(app);
  Host host(directory / "app.db", {.min_pages = 20, .interval = 1h});
  host.follow();
  // One statement that commits thousands of times without a pause would need a loop in SQL; many big commits do, too.
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (host.follower().indexes_begun() < 2) {
    app.exec(
        "INSERT INTO t(data) WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<200) "
        "SELECT randomblob(4000) FROM n");
    host.follow();
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
  CHECK(host.follower().snapshots() == 1);
  CHECK(content_of(host.follower().image(), kSum) == app.query(kSum));
}

TEST_CASE("Database: closing and killed applications begin no new generation", "[db][capture]") {
  const TempDir directory;
  {
    SqliteProcess app(directory / "app.db");
    make_table(app);
    app.close();
  }
  Host host(directory / "app.db", {.min_pages = 5, .interval = 1ms});
  for (int i = 0; i < 10; ++i) {
    SqliteProcess app(directory / "app.db");  // killed at the end of the scope
    app.exec("PRAGMA busy_timeout=10000");
    app.exec("INSERT INTO t(data) VALUES(randomblob(9000))");
    if (i % 2 == 0) app.close();
    host.follow();
  }
  CHECK(host.follower().snapshots() == 1);
  SqliteProcess app(directory / "app.db");
  CHECK(content_of(host.follower().image(), kSum) == app.query(kSum));
}

TEST_CASE("Database: a host that comes back goes on in the same generation and sends nothing twice",
          "[db][continuity]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  app.exec("PRAGMA journal_mode=WAL");
  app.exec("PRAGMA busy_timeout=10000");
  app.exec("PRAGMA wal_autocheckpoint=0");
  app.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");
  app.exec("INSERT INTO t(data) VALUES(randomblob(5000))");
  db::Position before;
  {
    Host host(directory / "app.db");
    host.follow();
    before = host.follower().position();
  }
  SECTION("nothing happened meanwhile") {}
  SECTION("commits without a checkpoint") { app.exec("INSERT INTO t(data) VALUES(randomblob(5000))"); }
  Host host(directory / "app.db");
  host.follow();
  CHECK(host.follower().position().generation == before.generation);
  CHECK(is_gteq(order(host.follower().position(), before)));
  CHECK(content_of(host.follower().image(), kSum) == app.query(kSum));
}

TEST_CASE("Database: a log that was restarted while no host was there begins a new generation", "[db][continuity]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make_table(app);
  app.exec("INSERT INTO t(data) VALUES(randomblob(5000))");
  db::Position before;
  {
    Host host(directory / "app.db");
    host.follow();
    before = host.follower().position();
  }
  app.exec("INSERT INTO t(data) VALUES(randomblob(700))");
  app.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  app.exec("INSERT INTO t(data) VALUES(randomblob(900))");
  Host host(directory / "app.db");
  host.follow();
  CHECK(host.follower().position().generation != before.generation);
  CHECK(content_of(host.follower().image(), kSum) == app.query(kSum));
}

TEST_CASE("Database: one that nothing was committed to goes on in the same generation", "[db][continuity][stamp]") {
  const TempDir directory;
  const std::string path = directory / "app.db";
  {
    SqliteProcess app(path);
    app.exec("PRAGMA journal_mode=WAL");
    app.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");
    app.close();
  }
  std::string generation;
  {
    Host host(path);
    host.follow();
    generation = host.follower().position().generation;
    REQUIRE(host.follower().position().offset == 0);
  }
  bool is_same = true;
  SECTION("nothing happened meanwhile") {}
  SECTION("somebody read") { CHECK(content_of(path, kSum) == "0/0"); }
  SECTION("commits that are all in the log") {
    SqliteProcess app(path);
    app.exec("INSERT INTO t(data) VALUES(randomblob(5000))");
    app.kill();
  }
  SECTION("commits of which some are in the file") {
    SqliteProcess app(path);
    app.exec("INSERT INTO t(data) VALUES(randomblob(5000))");
    app.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    app.exec("INSERT INTO t(data) VALUES(randomblob(500))");
    app.kill();
    is_same = false;
  }
  Host host(path);
  host.follow();
  CHECK((host.follower().position().generation == generation) == is_same);
  CHECK(content_of(host.follower().image(), kSum) == content_of(path, kSum));
}

TEST_CASE("Database: a log that restarts while no host is there is followed if all before is in the file",
          "[db][continuity][stamp]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make_table(app);
  db::Position before;
  {
    Host host(directory / "app.db", {.min_pages = 1, .interval = 1ms});
    app.exec("INSERT INTO t(data) VALUES(randomblob(5000))");
    host.follow();
    before = host.follower().position();
    // Idle: everything is moved into the file, and the stamp is made. No stop is needed for it.
    const std::string stamp = db::MetaDir(db::MetaDir::default_for(directory / "app.db")).stamp_file();
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    for (;;) {
      const auto text = os::read_small_file(os::posix_fs(), "test", stamp);
      if (text && db::parse_stamp(*text)->position == before) break;
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      pause_for(1ms);
    }
  }
  bool is_same = true;
  SECTION("the log restarts") {}
  SECTION("the log is emptied") { app.exec("PRAGMA wal_checkpoint(TRUNCATE)"); }
  SECTION("the log is deleted") {
    app.close();
    app.open(directory / "app.db");
  }
  SECTION("the database is written to before the log restarts") {
    app.exec("INSERT INTO t(data) VALUES(randomblob(300))");
    app.exec("PRAGMA wal_checkpoint(RESTART)");
    is_same = false;
  }
  app.exec("INSERT INTO t(data) VALUES(randomblob(700))");
  Host host(directory / "app.db");
  host.follow();
  CHECK((host.follower().position().generation == before.generation) == is_same);
  if (is_same) CHECK(host.follower().position().index == before.index + 1);
  CHECK(content_of(host.follower().image(), kSum) == app.query(kSum));
}

TEST_CASE("Database: one that is missing, empty or not in WAL mode is waited for", "[db][attach]") {
  const TempDir directory;
  const std::string path = directory / "app.db";
  Host host(path);
  const auto wait_for_detail = [&](const std::string& part) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (host.database().status().detail.find(part) == std::string::npos) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      pause_for(1ms);
    }
    CHECK(host.database().status().state == db::DatabaseState::waiting);
  };
  wait_for_detail("does not exist");
  SqliteProcess app(path);
  app.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");
  wait_for_detail("not in WAL mode");
  app.exec("PRAGMA journal_mode=WAL");
  app.exec("PRAGMA busy_timeout=10000");
  app.exec("INSERT INTO t(data) VALUES('x')");
  host.follow();
  CHECK(content_of(host.follower().image(), kSum) == app.query(kSum));
}

TEST_CASE("Database: a file that is replaced is followed in a new generation", "[db][attach]") {
  const TempDir directory;
  const std::string path = directory / "app.db";
  SqliteProcess app(path);
  make_table(app);
  Host host(path);
  host.follow();
  const std::string generation = host.follower().position().generation;
  app.close();

  const std::string other = directory / "other.db";
  SqliteProcess replacement(other);
  replacement.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");
  replacement.exec("INSERT INTO t(data) VALUES('replaced')");
  replacement.exec("PRAGMA journal_mode=WAL");
  replacement.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  replacement.close();
  for (const char* suffix : {"-wal", "-shm"}) (void)::unlink((path + suffix).c_str());
  REQUIRE(::rename(other.c_str(), path.c_str()) == 0);

  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (host.follower().position().generation == generation) {
    host.follow();
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    pause_for(1ms);
  }
  CHECK(content_of(host.follower().image(), kSum) == "1/8");
}

TEST_CASE("Database: a directory that is moved away and made anew is followed, and watched again", "[db][attach]") {
  const TempDir directory;
  const std::string home = directory / "home";
  const std::string path = home + "/app.db";
  const auto make = [&](const std::string& text) {
    std::filesystem::create_directory(home);
    SqliteProcess app(path);
    app.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");
    app.exec("INSERT INTO t(data) VALUES('" + text + "')");
    app.exec("PRAGMA journal_mode=WAL");
    app.close();
  };
  make("first");
  Host host(path);
  host.follow();
  for (const std::string text : {"another", "and a third one"}) {
    const std::string generation = host.follower().position().generation;
    std::filesystem::rename(home, directory / text);
    make(text);
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (host.follower().position().generation == generation) {
      host.follow();
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      pause_for(1ms);
    }
    CHECK(content_of(host.follower().image(), kSum) == "1/" + std::to_string(text.size()));
  }
}

TEST_CASE("Database: a snapshot is the database at its position while writers and checkpoints go on",
          "[db][snapshot]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make_table(app);
  for (int i = 0; i < 50; ++i) app.exec("INSERT INTO t(data) VALUES(randomblob(5000))");
  Host host(directory / "app.db", {.min_pages = 1, .interval = 1ms});
  host.follow();
  const std::string expected = app.query(kSum);
  auto image = host.feed().open_snapshot();
  REQUIRE(image);
  // While it is open: the log grows, and cannot be moved into the file that is being read.
  std::vector<std::byte> bytes;
  std::vector<std::byte> buffer(4000);
  while (const std::size_t got = image->bytes->read(buffer)) {
    bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
    app.exec("UPDATE t SET data=randomblob(4000) WHERE id=" + std::to_string(bytes.size() % 50 + 1));
    app.exec("PRAGMA wal_checkpoint(PASSIVE)");
    app.exec("INSERT INTO t(data) VALUES(randomblob(100))");
  }
  image.reset();
  CHECK(bytes.size() > 200'000);
  CHECK(content_of(bytes, kSum) == expected);
}

TEST_CASE("Database: a snapshot that is open when the database stops is taken back", "[db][snapshot]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make_table(app);
  app.exec("INSERT INTO t(data) VALUES(randomblob(500000))");
  Host host(directory / "app.db");
  host.follow();
  auto image = host.feed().open_snapshot();
  REQUIRE(image);
  std::vector<std::byte> buffer(1000);
  REQUIRE(image->bytes->read(buffer) == buffer.size());
  host.database().stop();
  try {
    while (image->bytes->read(buffer) > 0) {
    }
    FAIL("the stream went on");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::gone);
  }
}

// Goal: an image never outlives its generation, and does not hold back checkpoints from the grave.
// Method: leave the generation while the image is being read, and keep the stream.
TEST_CASE("Database: a snapshot that is open when its generation ends is taken back", "[db][snapshot]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make_table(app);
  app.exec("INSERT INTO t(data) VALUES(randomblob(500000))");
  Host host(directory / "app.db", {.min_pages = 1, .interval = 1ms});
  host.follow();
  auto image = host.feed().open_snapshot();
  REQUIRE(image);
  std::vector<std::byte> buffer(1000);
  REQUIRE(image->bytes->read(buffer) == buffer.size());
  REQUIRE(host.database().leave_generation(image->position.generation, db::NewGeneration::replica_not_verified));
  CHECK(host.feed().status()->tip.generation != image->position.generation);
  try {
    (void)image->bytes->read(buffer);
    FAIL("the stream went on");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::gone);
  }
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (host.feed().status()->tip.index == 0) {  // the log restarts: nothing is frozen any more
    app.exec("INSERT INTO t(data) VALUES(randomblob(50000))");
    (void)host.database().capture_now();
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
}

TEST_CASE("Database: what all replicas have is deleted, what one needs is kept, up to the limit", "[db][shadow]") {
  const TempDir directory;
  SqliteProcess app(directory / "app.db");
  make_table(app);
  const std::string path = directory / "app.db";
  Host host(path, {.min_pages = 1, .interval = 1ms}, /*limit=*/6 << 20);
  host.follow();
  const auto files = [&] {
    const db::MetaDir meta(db::MetaDir::default_for(path));
    return os::posix_fs().list("test", meta.wal_directory(host.follower().position().generation))->size() / 2;
  };
  const auto write_until = [&](std::uint64_t index, const std::function<void()>& each) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (host.feed().status()->tip.index < index) {
      app.exec("INSERT INTO t(data) VALUES(randomblob(50000))");
      (void)host.database().capture_now();
      each();
      REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
  };
  write_until(4, [&] { host.follow(); });
  host.follow();
  (void)host.database().capture_now();  // the thread has seen the reports by then
  CHECK(files() <= 3);

  REQUIRE(host.follower().snapshots() == 1);
  const auto kept_from = host.follower().position();
  write_until(kept_from.index + 2, [] {});
  CHECK(host.feed().status()->oldest.index + 1 >= kept_from.index);

  write_until(kept_from.index + 20, [] {});
  CHECK(host.feed().status()->oldest.index > kept_from.index);
  host.follow();  // gone: a new snapshot in the same generation
  CHECK(host.follower().snapshots() == 2);
  CHECK(host.follower().position().generation == kept_from.generation);
  CHECK(content_of(host.follower().image(), kSum) == app.query(kSum));
}
