// P4: the application comes first. Whatever it does with its locks, and whatever becomes of the host, it goes on, and
// what it can do without a host it can do again when the host is gone.

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "support/complete_generation.hpp"
#include "support/fail_point.hpp"
#include "support/sqlite_process.hpp"
#include "support/world.hpp"

using namespace lshost::test;
namespace fs = std::filesystem;

namespace {

constexpr int kBusy = 5;  // SQLITE_BUSY

/// Commits that SQLite refused because of a lock, in a writer that has ended.
std::int64_t refused(Writer& writer) {
  const std::string words = writer.process().err();
  const auto at = words.find("refused ");
  REQUIRE(at != std::string::npos);
  return std::stoll(words.substr(at + 8));
}

}  // namespace

// Goal: an ordinary window takes no lock that a writer needs. Method: a writer that does not wait for locks, slower
// than the checkpoints, until the log has restarted three times.
TEST_CASE("e2e: a writer that never waits is never refused beside ordinary checkpoints", "[e2e][application]") {
  const World world;
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica()}},
                    .more = "checkpoint-interval = \"1s\"\nmin-checkpoint-pages = 100000\n"}});
  Writer(world.db(), {"commits=5"}).finish();
  Host host(world.config());
  wait_until_replicated(world.replica(), 5);
  std::int64_t refusals = 0;
  wait_for("the restarts", [&] {
    Writer writer(world.db(), {"commits=100", "pause_us=2000", "busy_ms=0"});
    writer.finish();
    refusals += refused(writer);
    return files_of(world.replica(), ".wal").size() > 3;
  });
  CHECK(refusals == 0);
  check_one_complete_generation(world, host);
}

// A writer that never pauses makes its log restart by force, for which the write lock is held while the last frames are
// moved: then one that does not wait is refused, and gets through when it tries again.
TEST_CASE("e2e: a writer that never waits and never pauses gets through beside forced restarts", "[e2e][application]") {
  const World world;
  world.configure(
      {{.path = world.db(), .replicas = {{.path = world.replica()}}, .more = "min-checkpoint-pages = 20\n"}});
  Writer writer(world.db(), {"payload=3000", "busy_ms=0"});
  writer.wait_for_commits(10);
  Host host(world.config());
  wait_for("the restarts", [&] { return files_of(world.replica(), ".wal").size() > 5; });
  writer.wait_for_commits(100);
  writer.stop();
  CAPTURE(refused(writer), writer.last());
  // Each attempt takes some microseconds, a restart some milliseconds: many in a row are refused, and few of all rows.
  CHECK(newest_commit(world.db()) == writer.last());
  check_one_complete_generation(world, host);
}

// Exclusive locking needs a database without any other connection: whoever comes second is refused by SQLite, be it the
// host (which waits, see arrival_test.cpp) or the application. Nobody is hurt by the attempt.
TEST_CASE("e2e: an application that asks for exclusive locking beside a host is told so, and all goes on",
          "[e2e][application]") {
  const World world;
  Host host(world.config());
  Writer(world.db(), {"commits=20"}).finish();
  wait_until_replicated(world.replica(), 20);
  SqliteProcess exclusive(world.db());
  exclusive.exec("PRAGMA locking_mode=EXCLUSIVE");
  CHECK((exclusive.code_of("CREATE TABLE mine(x)") & 0xff) == kBusy);
  exclusive.close();
  SqliteProcess normal(world.db());
  normal.exec("CREATE TABLE mine(x)");
  normal.close();
  Writer(world.db(), {"commits=20"}).finish();
  wait_until_replicated(world.replica(), 40);
  check_one_complete_generation(world, host);
  exclusive.open(world.db());
  exclusive.exec("PRAGMA locking_mode=EXCLUSIVE");
  exclusive.exec("CREATE TABLE mine_alone(x)");
}

TEST_CASE("e2e: however a host ends, the application can restart its log again", "[e2e][application]") {
  const World world;
  SqliteProcess app(world.db());
  app.exec("PRAGMA journal_mode=WAL; PRAGMA busy_timeout=60000");
  for (int round = 0; round < 6; ++round) {
    CAPTURE(round);
    Writer writer(world.db(), {"payload=3000", "autocheckpoint=0"});
    Host host(world.config());
    writer.wait_for_commits(20 + 30 * round);
    wait_for("the host", [&] { return host.log().find("replicating") != std::string::npos; });
    if (round % 2 == 0) {
      host.kill();
    } else {
      CHECK(host.terminate() == 0);
    }
    writer.stop();
    CHECK(app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "0|0|0");
    CHECK(fs::file_size(world.db() + "-wal") == 0);
  }
  Host host(world.config());
  wait_until_replicated(world.replica(), newest_commit(world.db()));
  CHECK(host.terminate() == 0);
  app.close();
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}

TEST_CASE("e2e: a host that is stopped holds no commit up, and goes on where it was", "[e2e][application]") {
  const World world;
  Writer writer(world.db(), {"pause_us=1000"});
  Host host(world.config());
  writer.wait_for_commits(20);
  wait_until_replicated(world.replica(), writer.last());
  for (int round = 0; round < 3; ++round) {
    CAPTURE(round);
    host.process().kill(SIGSTOP);
    const auto log_before = fs::file_size(world.db() + "-wal");
    writer.wait_for_commits(200);
    CHECK(fs::file_size(world.db() + "-wal") > log_before);  // nobody restarts it
    host.process().kill(SIGCONT);
    wait_until_replicated(world.replica(), writer.last());
  }
  writer.stop();
  check_one_complete_generation(world, host);
}

// The dead-man's switch, from outside. tests/unit/db/let_go_test.cpp has its cases one by one.
TEST_CASE(
    "e2e: while the shadow WAL's disk hangs the log is let go, status says so, and the replica is right afterwards",
    "[e2e][application][dead-man]") {
  if (!has_fail_points()) {
    WARN("nothing can be preloaded under a sanitizer");
    return;
  }
  const World world;
  world.configure(
      {{.path = world.db(), .replicas = {{.path = world.replica()}}, .more = "shadow-wal-limit = \"1MiB\"\n"}},
      "[control]\nsocket = \"" + (world / "socket") + "\"\n");
  const auto status = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"status", "--socket", world / "socket"});
    return run_lshost(more).out;
  };
  const FailPoint disk{.under = world / ".app.db-lshost", .with = "hang", .hang_while = world / "hang"};
  Host host(world.config(), {}, disk.environment());
  Writer(world.db(), {"commits=20"}).finish();
  wait_until_replicated(world.replica(), 20);

  write_text(world / "hang", "");
  Writer writer(world.db(), {"payload=20000", "pause_us=1000"});
  writer.wait_for_commits(200);
  wait_for("the log to be let go", [&] { return host.log().find("the log was let go") != std::string::npos; });
  CHECK(status({}).find("the log was let go: capture does not go on") != std::string::npos);
  CHECK(status({"--json"}).find("\"times_let_go\": 1") != std::string::npos);
  CHECK(status({}).find("its log was let go once since the start") != std::string::npos);
  writer.stop();
  {
    SqliteProcess app(world.db());
    CHECK(app.query("PRAGMA wal_checkpoint(TRUNCATE)") == "0|0|0");
  }
  Writer(world.db(), {"commits=20"}).finish();
  fs::remove(world / "hang");
  wait_until_replicated(world.replica(), newest_commit(world.db()));
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}
