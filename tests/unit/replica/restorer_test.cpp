#include "replica/restorer.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "replica/compare_databases.hpp"
#include "replica/publish_database.hpp"
#include "replica/scratch_file.hpp"
#include "support/fault_fs.hpp"
#include "support/faulting_fs.hpp"
#include "support/sqlite_process.hpp"
#include "unit/replica/items.hpp"
#include "unit/replica/restoring.hpp"

using namespace lshost;
using namespace lshost::replica;
using namespace lshost::test;

namespace {

/// A replica of a few transactions, and where to restore it to.
struct Scene {
  History history{4096};
  FakeReplica replica;
  TempDir directory;
  std::string output = directory / "app.db";
  Scene() {
    history.run("CREATE TABLE fresh(v)");
    history.take_snapshot();
    history.run("INSERT INTO fresh VALUES(randomblob(20000))");
    history.restart();
    history.run("INSERT INTO fresh VALUES('last')");
    replica = history.replica();
  }
  [[nodiscard]] const Bytes& wanted() const { return history.states().back().image; }
  [[nodiscard]] bool is_restored() const { return file_bytes(output) == wanted(); }
  [[nodiscard]] std::vector<std::string> names() const { return *os::posix_fs().list("test", directory.path()); }
  RestoreReport restore(bool force = false, os::Fs& fs = os::posix_fs()) {
    RestoreProgress progress;
    RestoreOptions options;
    options.output = output;
    options.force = force;
    return restore_database(replica, plan_for(replica, LatestTarget{}), options, fs, progress);
  }
  /// A database that an application left behind when it was killed: its last rows are only in its WAL.
  void leave_old_database() const {
    SqliteProcess app(output);
    app.exec("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE old(v)");
    app.exec("INSERT INTO old VALUES(1); PRAGMA wal_checkpoint(PASSIVE)");
    app.exec("INSERT INTO old VALUES(2); INSERT INTO old VALUES(randomblob(30000))");
    app.kill();
    REQUIRE(std::filesystem::file_size(output + "-wal") > 30000);
  }
};

std::string refusal_of(Scene& scene, bool force = false) {
  try {
    (void)scene.restore(force);
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::invalid);
    return e.what();
  }
  return "restored";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("restore: the result is whole, private, and alone in its folder", "[replica][restore]") {
  Scene scene;
  const auto report = scene.restore();
  CHECK(report.page_size == 4096);
  CHECK(report.size_bytes == scene.wanted().size());
  CHECK(report.check_note == "");
  CHECK(scene.names() == std::vector<std::string>{"app.db"});
  CHECK(scene.is_restored());
  CHECK(os::posix_fs().stat("test", scene.output)->mode == 0600);
}

TEST_CASE("restore: what lies at the output is refused, with what to do", "[replica][restore]") {
  Scene scene;
  SECTION("a file") {
    write_file(scene.output, std::as_bytes(std::span("precious")));
    CHECK(contains(refusal_of(scene), "app.db exists; hint: "));
    CHECK(file_bytes(scene.output).size() == 9);
  }
  SECTION("a folder, with or without force") {
    std::filesystem::create_directory(scene.output);
    CHECK(contains(refusal_of(scene), "is not a file"));
    CHECK(contains(refusal_of(scene, true), "is not a file"));
  }
  SECTION("the log of a database that was moved away") {
    write_file(scene.output + "-wal", std::as_bytes(std::span("precious")));
    CHECK(contains(refusal_of(scene), "app.db-wal exists without its database"));
    (void)scene.restore(true);
    CHECK(scene.names() == std::vector<std::string>{"app.db"});
  }
  SECTION("no folder") {
    scene.output = scene.directory / "missing/app.db";
    CHECK(contains(refusal_of(scene), "there is no folder "));
  }
}

TEST_CASE("restore: a link at the output is refused and never followed, force or not", "[replica][restore][security]") {
  Scene scene;
  const std::string target = scene.directory / "elsewhere";
  const bool is_dangling = GENERATE(false, true);
  CAPTURE(is_dangling);
  if (!is_dangling) write_file(target, std::as_bytes(std::span("precious")));
  std::filesystem::create_symlink(target, scene.output);
  CHECK(contains(refusal_of(scene), "app.db is a symbolic link, to " + target + "; hint: "));
  CHECK(contains(refusal_of(scene, true), "is a symbolic link"));
  CHECK(std::filesystem::is_symlink(scene.output));
  CHECK(std::filesystem::exists(target) == !is_dangling);
}

TEST_CASE("restore: links at the names of the log go, and what they lead to stays", "[replica][restore][security]") {
  Scene scene;
  scene.leave_old_database();
  const TempDir elsewhere;
  const std::string target = elsewhere / "precious";
  write_file(target, std::as_bytes(std::span("precious")));
  for (const char* sidecar : {"-wal", "-shm", "-journal"}) {
    std::filesystem::remove(scene.output + sidecar);
    std::filesystem::create_symlink(target, scene.output + sidecar);
  }
  (void)scene.restore(true);
  CHECK(scene.names() == std::vector<std::string>{"app.db"});
  CHECK(scene.is_restored());
  CHECK(file_bytes(target).size() == 9);
}

TEST_CASE("restore: what replaces a file with special bits has none", "[replica][restore][security]") {
  Scene scene;
  scene.leave_old_database();
  REQUIRE(::chmod(scene.output.c_str(), 06755) == 0);
  (void)scene.restore(true);
  CHECK(os::posix_fs().stat("test", scene.output)->mode == 0755);
}

TEST_CASE("publish: a stranger's log beside the new database is reported", "[replica][restore][security]") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can place a file of another user");
    return;
  }
  const TempDir directory;
  const std::string output = directory / "app.db";
  write_file(directory / "new", Bytes(10, std::byte{1}));
  FaultingFs fs;
  fs.before_each([&](const FsOperation& operation) {  // after the old ones are gone, and before the name is there
    if (operation.op != "restore.publish") return;
    const std::string wal = output + "-wal";
    write_file(wal, Bytes(10, std::byte{2}));
    (void)!::chown(wal.c_str(), 65534, 65534);
  });
  try {
    publish_database(fs, directory / "new", output, false);
    FAIL_CHECK("was published without a word");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::denied);
    CHECK(contains(e.what(), "app.db-wal appeared while the database got its name"));
  }
}

TEST_CASE("restore: a database that some process has open is never replaced", "[replica][restore]") {
  Scene scene;
  SqliteProcess app(scene.output);
  app.exec("PRAGMA journal_mode=WAL; CREATE TABLE old(v)");
  CHECK(contains(refusal_of(scene, true), "is open in process " + std::to_string(app.pid())));
  app.exec("INSERT INTO old VALUES(1)");
  app.close();
  (void)scene.restore(true);
  CHECK(scene.is_restored());
}

TEST_CASE("restore: force replaces a database, keeps its mode, and removes its log", "[replica][restore]") {
  Scene scene;
  scene.leave_old_database();
  REQUIRE(::chmod(scene.output.c_str(), 0640) == 0);
  (void)scene.restore(true);
  CHECK(scene.names() == std::vector<std::string>{"app.db"});
  CHECK(scene.is_restored());
  CHECK(os::posix_fs().stat("test", scene.output)->mode == 0640);
}

TEST_CASE("restore: force replaces what is no database, too", "[replica][restore]") {
  Scene scene;
  write_file(scene.output, Bytes(10'000, std::byte{0x33}));
  write_file(scene.output + "-wal", Bytes(10'000, std::byte{0x44}));
  write_file(scene.output + "-journal", Bytes(10'000, std::byte{0x55}));
  (void)scene.restore(true);
  CHECK(scene.names() == std::vector<std::string>{"app.db"});
  CHECK(scene.is_restored());
}

TEST_CASE("restore: a failure leaves nothing behind", "[replica][restore]") {
  Scene scene;
  for (StoredObject& object : scene.replica.objects) {
    if (object.item.kind == ItemKind::wal) object.bytes.back() ^= std::byte{1};
  }
  CHECK_THROWS_AS(scene.restore(), Error);
  CHECK(scene.names().empty());
}

TEST_CASE("restore: damage that only SQLite can see is found before the name is given", "[replica][restore]") {
  Scene scene;
  StoredObject snapshot = *std::find_if(scene.replica.objects.begin(), scene.replica.objects.end(),
                                        [](const auto& object) { return object.item.kind == ItemKind::snapshot; });
  std::fill(snapshot.bytes.begin() + 100, snapshot.bytes.begin() + 140, std::byte{0xff});
  scene.replica.objects = {snapshot};
  try {
    (void)scene.restore();
    FAIL_CHECK("was restored");
  } catch (const Error& e) {
    CAPTURE(e.what());
    CHECK(e.code() == ErrorCode::corrupt);
    CHECK(contains(e.what(), "restored to " + db::to_string(snapshot.item.position) + ": SQLite finds damage: "));
  }
  CHECK(scene.names().empty());
}

// Goal: a process that is killed at any step leaves the old database whole, with all that was committed to it, or the
// new one, and the next restore works and tidies up. Method: a child ends itself before the n-th file operation, for
// each n.
TEST_CASE("restore: killed at any step it leaves the old database or the new one", "[replica][restore][crash]") {
  for (std::uint64_t nth = 1;; ++nth) {
    CAPTURE(nth);
    Scene scene;
    scene.leave_old_database();
    const pid_t child = ::fork();
    if (child == 0) {
      FaultingFs fs;
      std::uint64_t operations = 0;
      fs.before_each([&](const FsOperation&) {
        if (++operations == nth) (void)::raise(SIGKILL);
      });
      try {
        RestoreProgress progress;
        RestoreOptions options;
        options.output = scene.output;
        options.force = true;
        options.threads = 1;
        (void)restore_database(scene.replica, plan_for(scene.replica, LatestTarget{}), options, fs, progress);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    const bool was_killed = WIFSIGNALED(status);
    if (!was_killed) REQUIRE(WEXITSTATUS(status) == 0);

    const bool has_log = std::filesystem::exists(scene.output + "-wal");
    if (scene.is_restored()) {
      CHECK_FALSE(has_log);
    } else {
      REQUIRE(was_killed);
      AppConnection old(scene.output);
      CHECK(old.query("SELECT count(*) FROM old") == "3");
      CHECK(old.query("PRAGMA integrity_check") == "ok");
    }
    (void)scene.restore(true);
    CHECK(scene.names() == std::vector<std::string>{"app.db"});
    CHECK(scene.is_restored());
    if (!was_killed) break;
    REQUIRE(nth < 50);
  }
}

// Goal: the same for a power cut. Method: an in-memory disk that forgets what was not synced, at each step.
TEST_CASE("publish: a power cut at any step never leaves a new database beside an old log",
          "[replica][restore][crash]") {
  const Bytes fresh(100, std::byte{1});
  const Bytes old(100, std::byte{2});
  for (std::uint64_t nth = 1;; ++nth) {
    CAPTURE(nth);
    FaultFs fs;
    fs.put("/r/app.db", old);
    fs.put("/r/app.db-wal", old);
    fs.put("/r/app.db-shm", old);
    fs.put("/r/app.db-journal", old);
    fs.put("/r/.scratch", fresh);
    fs.fail_nth(nth);
    bool was_reported = true;
    try {
      publish_database(fs, "/r/.scratch", "/r/app.db", true);
    } catch (const Error&) {
      was_reported = false;
    }
    const bool fired = fs.fired();
    fs.crash(nth);
    const auto* found = fs.find("/r/app.db");
    REQUIRE(found != nullptr);
    if (*found == fresh) {
      for (const auto* sidecar : {"-wal", "-shm", "-journal"}) {
        CAPTURE(sidecar);
        CHECK(fs.find(std::string("/r/app.db") + sidecar) == nullptr);
      }
    } else {
      CHECK(*found == old);
      CHECK_FALSE(was_reported);
    }
    if (!fired) break;
    REQUIRE(nth < 50);
  }
}

TEST_CASE("scratch file: left-overs of the dead are removed, those of the living are not", "[replica][restore]") {
  const TempDir directory;
  const std::string dead = directory / ".lshost-restore-0123456789abcdef.tmp";
  const std::string foreign = directory / ".lshost-restore-0123456789abcdeX.tmp";
  write_file(dead, Bytes(10));
  write_file(foreign, Bytes(10));
  const ScratchFile living(directory.path());
  CHECK(is_scratch_name(std::filesystem::path(living.path()).filename().string()));
  CHECK(remove_dead_scratch_files(directory.path()) == 1);
  CHECK_FALSE(std::filesystem::exists(dead));
  CHECK(std::filesystem::exists(foreign));
  CHECK(std::filesystem::exists(living.path()));
  CHECK(remove_dead_scratch_files(directory / "missing") == 0);
}

TEST_CASE("compare: names the pages that differ", "[replica]") {
  const TempDir directory;
  History history(1024);
  history.run("CREATE TABLE t(v); INSERT INTO t VALUES(randomblob(9000))");
  Bytes bytes = history.states().back().image;
  const std::size_t pages = bytes.size() / 1024;
  REQUIRE(pages > 8);
  write_file(directory / "a", bytes);
  CHECK(compare_databases(directory / "a", directory / "a").is_equal());
  bytes[2 * 1024] ^= std::byte{1};
  bytes[8 * 1024 - 1] ^= std::byte{1};
  write_file(directory / "b", bytes);
  CHECK(compare_databases(directory / "a", directory / "b").page_numbers == std::vector<std::uint32_t>{3, 8});
  bytes.resize(bytes.size() - 1024);
  write_file(directory / "b", bytes);
  const auto shorter = compare_databases(directory / "a", directory / "b");
  CHECK(shorter.page_numbers == std::vector<std::uint32_t>{3, 8, static_cast<std::uint32_t>(pages)});
  CHECK_FALSE(shorter.is_equal());
  CHECK(compare_databases(directory / "a", directory / "b", 1).page_numbers.size() == 1);
}
