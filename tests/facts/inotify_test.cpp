// What inotify tells of a database in WAL mode, and when.

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "support/sides.hpp"

using namespace lshost;
using namespace lshost::test;

namespace {

struct Event {
  int watch;
  std::uint32_t mask;
  std::string name;
};

/// Events are queued by the system call that causes them, so after it returned they can be read without waiting.
class Inotify {
 public:
  Inotify() : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) { REQUIRE(fd_); }

  int watch(const std::string& path, std::uint32_t mask) {
    const int watch = ::inotify_add_watch(fd_.get(), path.c_str(), mask);
    REQUIRE(watch >= 0);
    return watch;
  }

  std::vector<Event> drain() {
    std::vector<Event> events;
    alignas(inotify_event) std::array<char, 65536> buffer;
    for (;;) {
      const auto size = ::read(fd_.get(), buffer.data(), buffer.size());
      if (size <= 0) return events;
      for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof event);
        events.push_back({event.wd, event.mask, event.len == 0 ? "" : buffer.data() + at + sizeof event});
        at += sizeof event + event.len;
      }
    }
  }

  /// How many events have one of the bits of `mask`, of those that were not read yet.
  std::size_t count(std::uint32_t mask) {
    std::size_t count = 0;
    for (const auto& event : drain()) count += (event.mask & mask) != 0 ? 1U : 0U;
    return count;
  }

 private:
  UniqueFd fd_;
};

bool has(const std::vector<Event>& events, int watch, std::uint32_t mask, const std::string& name = "") {
  for (const auto& event : events) {
    if (event.watch == watch && (event.mask & mask) != 0 && event.name == name) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("commits, spills, restarts and truncations show as IN_MODIFY of the log", "[facts][inotify]") {
  AppSide side;
  Inotify log;
  log.watch(side.wal_path, IN_MODIFY);
  side.app.exec("INSERT INTO t VALUES(1)");
  CHECK(log.count(IN_MODIFY) >= 1);
  side.app.exec("PRAGMA cache_size=5; BEGIN; " + insert_blobs(100, 1000));
  CHECK(log.count(IN_MODIFY) >= 1);  // so an event is not a commit
  side.app.exec("COMMIT");
  CHECK(log.count(IN_MODIFY) >= 1);
  side.app.exec("PRAGMA wal_checkpoint(PASSIVE)");
  CHECK(log.count(IN_MODIFY) == 0);
  side.app.exec("INSERT INTO t VALUES(2)");  // restarts
  CHECK(log.count(IN_MODIFY) >= 1);
  side.app.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  CHECK(log.count(IN_MODIFY) >= 1);
}

TEST_CASE("what writes nothing to the log gives no event", "[facts][inotify]") {
  AppSide side;
  side.app.exec("INSERT INTO t VALUES(1)");
  Inotify log;
  log.watch(side.wal_path, IN_MODIFY);
  side.app.exec("SELECT * FROM t");
  side.app.exec("BEGIN IMMEDIATE; ROLLBACK");
  side.app.exec("BEGIN; INSERT INTO t VALUES(2); ROLLBACK");
  side.app.exec("BEGIN IMMEDIATE; COMMIT");
  CHECK(log.count(IN_MODIFY) == 0);
}

TEST_CASE("changes of the -shm never show: it is written through a mapping", "[facts][inotify]") {
  AppSide side;
  auto reader = side.another();
  (void)AppSide::rows(reader);
  Inotify shm;
  shm.watch(side.shm_path, IN_MODIFY);
  for (int i = 0; i < 10; ++i) side.app.exec("INSERT INTO t VALUES(1)");
  (void)AppSide::rows(reader);
  side.app.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  CHECK(shm.count(IN_MODIFY) == 0);
}

TEST_CASE("a checkpoint shows as IN_MODIFY of the database, a commit does not", "[facts][inotify]") {
  AppSide side;
  Inotify database;
  database.watch(side.path, IN_MODIFY);
  side.app.exec("INSERT INTO t VALUES(1)");
  CHECK(database.count(IN_MODIFY) == 0);
  side.app.exec("PRAGMA wal_checkpoint(PASSIVE)");
  CHECK(database.count(IN_MODIFY) >= 1);
}

TEST_CASE("the event comes before the commit is published, and no second one follows", "[facts][inotify]") {
  AppSide side;
  HostSide host(side.path);
  Inotify log;
  log.watch(side.wal_path, IN_MODIFY);
  const auto before = host.header();
  const auto stop_at_sync = GENERATE(true, false);
  CAPTURE(stop_at_sync);
  if (stop_at_sync) {  // synchronous=FULL: a whole fsync lies in between
    side.app.exec("PRAGMA synchronous=FULL");
    side.app.pause_before("wal.sync");
    side.app.start("INSERT INTO t VALUES(1)");
    side.app.wait_until_paused();
  } else {
    side.app.exec("PRAGMA synchronous=NORMAL");
    side.app.pause_before("wal.write");
    side.app.start("INSERT INTO t VALUES(1)");
    side.app.wait_until_paused();
    side.app.pause_before("shm.barrier");
    side.app.go_on();
    side.app.wait_until_paused();
  }
  CHECK(log.count(IN_MODIFY) >= 1);
  CHECK((!host.index.try_read_header() || *host.index.try_read_header() == before));
  side.app.go_on();
  REQUIRE(side.app.finish().code == 0);
  CHECK(host.header().max_frame == before.max_frame + 1);
  CHECK(log.count(IN_MODIFY) == 0);
}

TEST_CASE("equal events that were not read yet merge into one", "[facts][inotify]") {
  AppSide side;
  Inotify log;
  log.watch(side.wal_path, IN_MODIFY);
  for (int i = 0; i < 100; ++i) side.app.exec("INSERT INTO t VALUES(1)");
  CHECK(log.count(IN_MODIFY) == 1);
  side.app.exec(insert_blobs(1000, 100));
  CHECK(log.count(IN_MODIFY) == 1);
}

TEST_CASE("the last close deletes log and index in the directory, and a new start creates them", "[facts][inotify]") {
  AppSide side;
  Inotify all;
  const int folder = all.watch(side.folder.path(), IN_CREATE | IN_DELETE | IN_MOVED_TO);
  const int log = all.watch(side.wal_path, IN_DELETE_SELF | IN_ATTRIB);
  side.app.close();
  auto events = all.drain();
  CHECK(has(events, folder, IN_DELETE, "app.db-wal"));
  CHECK(has(events, folder, IN_DELETE, "app.db-shm"));
  CHECK(has(events, log, IN_DELETE_SELF));
  side.app.open(side.path);
  side.app.exec("INSERT INTO t VALUES(1)");
  events = all.drain();
  CHECK(has(events, folder, IN_CREATE, "app.db-wal"));
  CHECK(has(events, folder, IN_CREATE, "app.db-shm"));
}

TEST_CASE("a database that is replaced shows as IN_MOVED_TO of its name", "[facts][inotify]") {
  AppSide side;
  Inotify all;
  const int folder = all.watch(side.folder.path(), IN_CREATE | IN_DELETE | IN_MOVED_TO);
  const int old_file = all.watch(side.path, IN_ATTRIB);
  const auto other = side.folder / "other.db";
  SqliteProcess maker(other);
  maker.exec("CREATE TABLE t(x)");
  maker.close();
  (void)all.drain();
  std::filesystem::rename(other, side.path);
  const auto events = all.drain();
  CHECK(has(events, folder, IN_MOVED_TO, "app.db"));
  CHECK(has(events, old_file, IN_ATTRIB));
}
